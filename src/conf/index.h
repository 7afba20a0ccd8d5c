/* index.h - finds a number by a scope and bytes: keys of a block, keys of a large array, blocks by
 * their text */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_CONF_INDEX_H
#define GOLDCREST_CONF_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/span.h"

struct index_slot;

/* index - an open hash table in an arena; zeroed memory is an empty one. Keys are borrowed. */
struct index {
    struct index_slot *slots;
    size_t cap, count;
};

/* Adds a key that is not there yet. */
void index_put(struct index *index, struct arena *arena, unsigned scope, struct span key,
               size_t number);
bool index_get(const struct index *index, unsigned scope, struct span key, size_t *number);

/* Room for one element behind the `used` ones; doubles *cap if there is none. Returns the (moved)
 * array. */
void *arena_grow(struct arena *arena, void *array, size_t *cap, size_t used, size_t element_size);

#endif
