/* recent.h - what was seen not long ago: credentials that were right, digests that were used */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_AUTH_RECENT_H
#define GOLDCREST_AUTH_RECENT_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Of each worker, tables of a fixed size: of what does not fit, the oldest is forgotten. Keys are eight
 * bytes of keyed hashes: nothing that a client has sent.
 */
enum recent_kind {
    RECENT_RIGHT, /* credentials that were right from a network */
    RECENT_USED,  /* a digest that has let somebody in: the same one again is a replay */
    RECENT_PAIR,  /* a name that was right from a network */
    RECENT_KINDS
};
enum { RECENT_SECONDS = 720 /* longer than a nonce is good for */ };

bool recent_has(enum recent_kind kind, const unsigned char key[8], int64_t now_s);
void recent_add(enum recent_kind kind, const unsigned char key[8], int64_t now_s);
void recent_clear(void);

#endif
