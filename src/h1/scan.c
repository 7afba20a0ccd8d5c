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

/* Byte by byte up to `upto`; true if a control character was found, *at tells where. */
static bool scan_bytes(struct span s, size_t upto, char mark, size_t *at, size_t *marked) {
    for (; *at < upto; (*at)++) {
        if (is_control(s.p[*at])) return true;
        if (s.p[*at] == mark && *marked == s.n) *marked = *at;
    }
    return false;
}

#if defined(__SSE2__)

size_t scan_line(struct span s, size_t from, char mark, size_t *marked) {
    const __m128i highest = _mm_set1_epi8(0x1f), tab = _mm_set1_epi8('\t'), del = _mm_set1_epi8(0x7f);
    const __m128i marks = _mm_set1_epi8(mark);
    *marked = s.n;
    for (; s.n - from >= 16; from += 16) {
        __m128i x = _mm_loadu_si128((const __m128i *)(const void *)(s.p + from));
        __m128i low = _mm_cmpeq_epi8(_mm_min_epu8(x, highest), x);
        __m128i found = _mm_or_si128(_mm_andnot_si128(_mm_cmpeq_epi8(x, tab), low), _mm_cmpeq_epi8(x, del));
        unsigned ends = (unsigned)_mm_movemask_epi8(found);
        unsigned mask = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(x, marks));
        if (mask && *marked == s.n) *marked = from + (size_t)__builtin_ctz(mask);
        if (!ends) continue;
        from += (size_t)__builtin_ctz(ends);
        if (*marked > from) *marked = s.n; /* it stands behind the line */
        return from;
    }
    scan_bytes(s, s.n, mark, &from, marked);
    return from;
}

#else

/* Eight bytes at once, until the mark was seen; tabs make it look at the bytes, too. */
size_t scan_line(struct span s, size_t from, char mark, size_t *marked) {
    const uint64_t ones = UINT64_C(0x0101010101010101), tops = ones * 0x80;
    *marked = s.n;
    while (s.n - from >= 8) {
        uint64_t x, del, is_mark;
        memcpy(&x, s.p + from, sizeof x);
        del = x ^ (ones * 0x7f);
        is_mark = *marked == s.n ? x ^ (ones * (unsigned char)mark) : ones;
        if (!((((x - ones * 0x20) & ~x) | ((del - ones) & ~del) | ((is_mark - ones) & ~is_mark)) & tops)) from += 8;
        else if (scan_bytes(s, from + 8, mark, &from, marked)) return from;
    }
    scan_bytes(s, s.n, mark, &from, marked);
    return from;
}

#endif
