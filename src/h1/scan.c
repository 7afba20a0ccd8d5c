/* scan.c - finds the ends of lines and tokens; the only place with SIMD */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <stdint.h>
#include <string.h>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "h1/h1.h"

size_t scan_newline(struct span s, size_t from) {
    const char *at = from < s.n ? memchr(s.p + from, '\n', s.n - from) : NULL;
    return at ? (size_t)(at - s.p) : s.n;
}

size_t scan_class(struct span s, size_t from, uint8_t wanted) {
    while (from < s.n && (char_class[(unsigned char)s.p[from]] & wanted)) from++;
    return from;
}

static bool is_control(char c) {
    return ((unsigned char)c < 0x20 && c != '\t') || c == 0x7f;
}

static size_t scan_control_bytes(struct span s, size_t from, size_t upto) {
    while (from < upto && !is_control(s.p[from])) from++;
    return from;
}

#if defined(__SSE2__)

size_t scan_control(struct span s, size_t from) {
    const __m128i highest = _mm_set1_epi8(0x1f), tab = _mm_set1_epi8('\t'), del = _mm_set1_epi8(0x7f);
    for (; s.n - from >= 16; from += 16) {
        __m128i x = _mm_loadu_si128((const __m128i *)(const void *)(s.p + from));
        __m128i low = _mm_cmpeq_epi8(_mm_min_epu8(x, highest), x);
        __m128i found = _mm_or_si128(_mm_andnot_si128(_mm_cmpeq_epi8(x, tab), low), _mm_cmpeq_epi8(x, del));
        unsigned mask = (unsigned)_mm_movemask_epi8(found);
        if (mask) return from + (size_t)__builtin_ctz(mask);
    }
    return scan_control_bytes(s, from, s.n);
}

#else

/* Eight bytes at once; tabs make it look at the bytes. */
size_t scan_control(struct span s, size_t from) {
    const uint64_t ones = UINT64_C(0x0101010101010101), tops = ones * 0x80;
    for (; s.n - from >= 8; from += 8) {
        uint64_t x, del;
        memcpy(&x, s.p + from, sizeof x);
        del = x ^ (ones * 0x7f);
        if (!((((x - ones * 0x20) & ~x) | ((del - ones) & ~del)) & tops)) continue;
        size_t at = scan_control_bytes(s, from, from + 8);
        if (at < from + 8) return at;
    }
    return scan_control_bytes(s, from, s.n);
}

#endif
