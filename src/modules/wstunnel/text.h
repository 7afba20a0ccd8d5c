/* text.h - bytes that come in pieces: UTF-8 checked, base64 decoded; and base64 encoded */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_WSTUNNEL_TEXT_H
#define GOLDCREST_WSTUNNEL_TEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

/* utf8 - where in a character we are (RFC 3629 4); zeroed memory: between two */
struct utf8 {
    uint8_t need;      /* bytes to come */
    uint8_t low, high; /* what the next one may be */
};

/* False at a byte that no UTF-8 has there. *whole: bytes of s up to the end of its last complete character. */
bool utf8_take(struct utf8 *u, struct span s, size_t *whole);

/* base64 - of four digits, those that have come; zeroed memory: between two groups */
struct base64 {
    uint32_t bits;
    uint8_t count, pads;
};

/* Decodes into out, which has room for s.n bytes; returns how many, or -1: that is no base64 (RFC 4648 4). */
long base64_take(struct base64 *b, struct span s, char *out);
/* The text ends here: is it whole? Then ready for the next. */
bool base64_end(struct base64 *b);

/* Encodes, with padding, into out, which has room for (s.n + 2) / 3 * 4 bytes; returns how many. */
size_t base64_make(struct span s, char *out);

#endif
