/* text.c - bytes that come in pieces: UTF-8 and base64 */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "modules/wstunnel/text.h"

/* ---- UTF-8 ------------------------------------------------------------------------------------ */

/* First bytes, and what must follow (RFC 3629 4): no surrogates, nothing too long, nothing above U+10FFFF. */
static const struct {
    uint8_t from, to, need, low, high;
} firsts[] = {
    {0x00, 0x7f, 0, 0, 0},       {0xc2, 0xdf, 1, 0x80, 0xbf}, {0xe0, 0xe0, 2, 0xa0, 0xbf},
    {0xe1, 0xec, 2, 0x80, 0xbf}, {0xed, 0xed, 2, 0x80, 0x9f}, {0xee, 0xef, 2, 0x80, 0xbf},
    {0xf0, 0xf0, 3, 0x90, 0xbf}, {0xf1, 0xf3, 3, 0x80, 0xbf}, {0xf4, 0xf4, 3, 0x80, 0x8f},
};

static bool begin_character(struct utf8 *u, uint8_t c) {
    for (unsigned i = 0; i < sizeof firsts / sizeof *firsts; i++) {
        if (c < firsts[i].from || c > firsts[i].to) continue;
        *u = (struct utf8){firsts[i].need, firsts[i].low, firsts[i].high};
        return true;
    }
    return false;
}

bool utf8_take(struct utf8 *u, struct span s, size_t *whole) {
    *whole = 0;
    for (size_t i = 0; i < s.n; i++) {
        uint8_t c = (uint8_t)s.p[i];
        if (u->need == 0) {
            if (!begin_character(u, c)) return false;
        } else {
            if (c < u->low || c > u->high) return false;
            *u = (struct utf8){(uint8_t)(u->need - 1), 0x80, 0xbf};
        }
        if (u->need == 0) *whole = i + 1;
    }
    return true;
}

/* ---- base64 ----------------------------------------------------------------------------------- */

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static int digit(char c) {
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

static bool take_digit(struct base64 *b, char c) {
    int value = digit(c);
    if (c == '=') {
        if (b->count < 2) return false;
        b->pads++;
        value = 0;
    } else if (value < 0 || b->pads) {
        return false;
    }
    b->bits = b->bits << 6 | (uint32_t)value;
    b->count++;
    return true;
}

long base64_take(struct base64 *b, struct span s, char *out) {
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++) {
        if (b->count == 4 || !take_digit(b, s.p[i])) return -1; /* nothing follows padding */
        if (b->count < 4) continue;
        for (unsigned k = 0; k < 3u - b->pads; k++) out[n++] = (char)(b->bits >> (16 - 8 * k) & 0xff);
        if (!b->pads) *b = (struct base64){0};
    }
    return (long)n;
}

bool base64_end(struct base64 *b) {
    bool is_whole = b->count == 0 || b->count == 4;
    *b = (struct base64){0};
    return is_whole;
}

size_t base64_make(struct span s, char *out) {
    size_t n = 0;
    for (size_t i = 0; i < s.n; i += 3) {
        uint32_t bits = 0;
        for (size_t k = 0; k < 3; k++) bits = bits << 8 | (i + k < s.n ? (unsigned char)s.p[i + k] : 0);
        for (size_t k = 0; k < 4; k++) out[n++] = i + k > s.n ? '=' : digits[bits >> (18 - 6 * k) & 63];
    }
    return n;
}
