/* toplist.h - who comes most often, of any number, in memory for a few dozen */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_TOPLIST_H
#define GOLDCREST_TOPLIST_H

#include <stddef.h>
#include <stdint.h>

/*
 * "Space-Saving" (Metwally, Agrawal, El Abbadi, 2005): a newcomer takes the place of the rarest and inherits its
 * count, which is kept as the possible error. Whoever makes more than 1/TOPLIST_MAX of all is in it for certain, and
 * count - error <= truth <= count. Plain data: it may lie in shared memory, where others read it while it is written;
 * an entry may then be torn, which costs that reader a wrong line.
 */
enum { TOPLIST_MAX = 48 };

struct toplist_entry {
    unsigned char key[16];
    uint64_t count, error, bytes;
};

struct toplist {
    unsigned char print[TOPLIST_MAX]; /* of each key one byte: most of those that are not meant are not looked at */
    uint32_t used;
    struct toplist_entry list[TOPLIST_MAX];
};

/* One more of that key. hint: where it was last time, or anything. Where it is now. */
unsigned toplist_add(struct toplist *t, const unsigned char key[16], unsigned hint, uint64_t bytes);

/* Adds what another has counted. Of more keys than there is room for, those with the most stay. */
void toplist_merge(struct toplist *t, const struct toplist *other);

/* The most frequent first. */
void toplist_sort(struct toplist *t);

#endif
