/* base64.c - base64 as strictly as RFC 4648 has it */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "modules/auth/base64.h"

#include <stdint.h>

/* The value of a letter, or 64. */
static unsigned value_of(char c) {
    if (c >= 'A' && c <= 'Z') return (unsigned)(c - 'A');
    if (c >= 'a' && c <= 'z') return (unsigned)(c - 'a') + 26;
    if (c >= '0' && c <= '9') return (unsigned)(c - '0') + 52;
    if (c == '+') return 62;
    return c == '/' ? 63 : 64;
}

/* Four letters: three bytes, or two or one where there is padding. */
static bool add_four(const char *p, unsigned padding, struct buf *out) {
    uint32_t bits = 0;
    for (unsigned i = 0; i < 4; i++) {
        unsigned value = i < 4 - padding ? value_of(p[i]) : 0;
        if (value > 63) return false;
        bits = bits << 6 | value;
    }
    if (bits & ((UINT32_C(1) << (8 * padding)) - 1)) return false;
    for (unsigned i = 0; i < 3 - padding; i++) buf_add_char(out, (char)(unsigned char)(bits >> (16 - 8 * i)));
    return true;
}

bool base64_decode(struct span s, struct buf *out) {
    size_t before = out->n;
    if (s.n % 4) return false;
    for (size_t i = 0; i < s.n; i += 4) {
        bool last = i + 4 == s.n;
        unsigned padding = 0;
        if (last && s.p[i + 3] == '=') padding = s.p[i + 2] == '=' ? 2 : 1;
        if (add_four(s.p + i, padding, out)) continue;
        out->n = before;
        return false;
    }
    return true;
}
