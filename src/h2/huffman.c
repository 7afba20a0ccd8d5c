/* huffman.c - the Huffman code of HPACK (RFC 7541 5.2, Appendix B) */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "h2/hpack.h"

static const struct {
    uint32_t code;
    uint8_t bits;
} codes[256] = {
#define CODE(byte, code, bits) {code, bits},
#include "h2/huffman.def"
#undef CODE
};

/* What most text consists of has codes of five to eight bits: one look with the next eight finds them. */
static const struct short_code {
    uint8_t byte, bits;
} short_codes[256] = {
#define SHORT(byte, bits) {byte, bits},
#define LONG(last, bits, first)
#define SORTED(byte)
#include "h2/huffman_decode.def"
#undef SHORT
#undef LONG
#undef SORTED
};

static const struct long_codes {
    uint32_t last;
    uint8_t bits, first;
} long_codes[] = {
#define SHORT(byte, bits)
#define LONG(last, bits, first) {last, bits, first},
#define SORTED(byte)
#include "h2/huffman_decode.def"
#undef SHORT
#undef LONG
#undef SORTED
};

static const uint8_t sorted[] = {
#define SHORT(byte, bits)
#define LONG(last, bits, first)
#define SORTED(byte) byte,
#include "h2/huffman_decode.def"
#undef SHORT
#undef LONG
#undef SORTED
};

enum {
    WINDOW_BITS = 57,                 /* that are there whatever the place of the first within its byte */
    SHORT_BITS = 8,
    LAST_START = WINDOW_BITS - 1 - SHORT_BITS, /* a short code that begins up to here, and one bit more, are there */
    LONG_START = 0xfe                 /* the first eight bits of the first long code */
};

static uint64_t eight_bytes(const unsigned char *p) {
    return (uint64_t)p[0] << 56 | (uint64_t)p[1] << 48 | (uint64_t)p[2] << 40 | (uint64_t)p[3] << 32 |
           (uint64_t)p[4] << 24 | (uint64_t)p[5] << 16 | (uint64_t)p[6] << 8 | (uint64_t)p[7];
}

/* The bits from `at` on, WINDOW_BITS or more, the first on top; behind the end of s stand ones, as in padding. */
static uint64_t window_at(struct span s, size_t at) {
    const unsigned char *from = (const unsigned char *)s.p + at / 8;
    size_t left = s.n - at / 8;
    uint64_t window = UINT64_MAX;
    if (left >= 8) return eight_bytes(from) << at % 8;
    if (left == 0) return window;
    for (size_t i = 0; i < left; i++) window = window << 8 | from[i];
    return ((window << (64 - 8 * left)) | UINT64_MAX >> 8 * left) << at % 8;
}

/* The long code at the top of the window. False for the end-of-string symbol, which must not come (RFC 7541 5.2). */
static bool take_long(uint64_t window, char *byte, size_t *bits) {
    uint32_t code = (uint32_t)(window >> 32), start = (uint32_t)LONG_START << 24;
    const struct long_codes *row = long_codes;
    while (code > row->last) start = row++->last + 1;
    size_t place = row->first + ((code - start) >> (32 - row->bits));
    if (place >= sizeof sorted) return false;
    *byte = (char)sorted[place];
    *bits = row->bits;
    return true;
}

ptrdiff_t huffman_decode(struct span s, char *out) {
    size_t at = 0, end = s.n * 8, bits;
    char *to = out;
    for (;;) {
        uint64_t window = window_at(s, at);
        struct short_code code;
        for (bits = 0; bits <= LAST_START; bits += code.bits) {
            code = short_codes[window >> (64 - SHORT_BITS)];
            if (!code.bits) break;
            *to++ = (char)code.byte;
            window <<= code.bits;
        }
        at += bits;
        if (at > end) return -1; /* padding that is not all ones was read as a code */
        if (bits > LAST_START) continue;
        if (end - at < 8) return to - out; /* where a long code would begin: seven ones at least, or nothing */
        if (!take_long(window_at(s, at), to++, &bits)) return -1;
        at += bits;
        if (at > end) return -1;
    }
}

size_t huffman_length(struct span s, bool lower) {
    size_t bits = 0;
    if (lower)
        for (size_t i = 0; i < s.n; i++) bits += codes[(unsigned char)ascii_lower(s.p[i])].bits;
    else
        for (size_t i = 0; i < s.n; i++) bits += codes[(unsigned char)s.p[i]].bits;
    return (bits + 7) / 8;
}

void huffman_encode(struct buf *out, struct span s, bool lower) {
    unsigned char *to = (unsigned char *)buf_room(out, huffman_length(s, lower) + 1), *start = to;
    uint64_t bits = 0;
    unsigned count = 0; /* how many of them are not written yet; less than 8 between two bytes */
    for (size_t i = 0; i < s.n; i++) {
        unsigned char byte = (unsigned char)(lower ? ascii_lower(s.p[i]) : s.p[i]);
        bits = bits << codes[byte].bits | codes[byte].code;
        for (count += codes[byte].bits; count >= 8; count -= 8) *to++ = (unsigned char)(bits >> (count - 8));
    }
    if (count) *to++ = (unsigned char)(bits << (8 - count) | (0xffU >> count));
    out->n += (size_t)(to - start);
}
