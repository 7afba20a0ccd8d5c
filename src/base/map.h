/* map.h - a hash table from bytes to pointers */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_MAP_H
#define GOLDCREST_MAP_H

#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

struct map_entry {
    uint32_t hash;
    struct span key; /* borrowed: whoever puts it in keeps the bytes */
    void *value;     /* NULL: the slot is free */
};

/* map - open addressing, a power of two of slots; zeroed memory is an empty map */
struct map {
    struct map_entry *slots;
    size_t cap, count;
};

uint32_t hash_bytes(uint32_t seed, struct span s); /* seeded at random per process against chosen collisions */

void *map_get(const struct map *m, struct span key);
void map_put(struct map *m, struct span key, void *value); /* replaces; value is not NULL */
void *map_remove(struct map *m, struct span key);          /* what was there, or NULL */
void map_done(struct map *m);

/* All entries, in no order: for (size_t i = 0; (e = map_each(m, &i));) */
struct map_entry *map_each(const struct map *m, size_t *i);

#endif
