/* arena.h - memory that is freed at once */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_ARENA_H
#define GOLDCREST_ARENA_H

#include <stddef.h>

#include "base/span.h"

struct arena_block;

/* arena - bytes given out one after the other, all given back together; zeroed memory is an empty arena */
struct arena {
    struct arena_block *blocks; /* newest first */
    char *at, *end;
};

void *arena_get(struct arena *a, size_t size);    /* aligned for any type, uninitialised */
void *arena_zeroed(struct arena *a, size_t size);
char *arena_bytes(struct arena *a, size_t size);  /* not aligned: for text */
struct span arena_copy(struct arena *a, struct span s);       /* with a NUL behind it that does not count */
struct span arena_join(struct arena *a, struct span x, struct span y); /* the same, for x followed by y */
struct span arena_lower(struct arena *a, struct span s); /* ASCII; s itself if it is in lower case already */
struct span arena_printf(struct arena *a, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Gives everything back; the first block is kept for the next use. */
void arena_reset(struct arena *a);
void arena_done(struct arena *a);

#endif
