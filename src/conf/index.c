/* index.c - finds a number by a scope and bytes */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "conf/index.h"

struct index_slot {
    struct span key; /* key.p is NULL in a free slot */
    unsigned scope;
    uint32_t hash;
    size_t number;
};

static uint32_t hash_of(unsigned scope, struct span key) {
    uint32_t hash = (2166136261u ^ scope) * 16777619u;
    for (size_t i = 0; i < key.n; i++) hash = (hash ^ (unsigned char)key.p[i]) * 16777619u;
    return hash ^ (hash >> 15);
}

/* The slot that holds the key, or the free one where it would go. */
static struct index_slot *slot_of(const struct index *index, unsigned scope, struct span key,
                                  uint32_t hash) {
    size_t at = hash & (index->cap - 1);
    for (;; at = (at + 1) & (index->cap - 1)) {
        struct index_slot *slot = &index->slots[at];
        if (!slot->key.p) return slot;
        if (slot->hash == hash && slot->scope == scope && span_is(slot->key, key)) return slot;
    }
}

static void index_grow(struct index *index, struct arena *arena) {
    struct index bigger = {NULL, index->cap ? index->cap * 2 : 32, index->count};
    bigger.slots = arena_zeroed(arena, bigger.cap * sizeof *bigger.slots);
    for (size_t i = 0; i < index->cap; i++) {
        const struct index_slot *old = &index->slots[i];
        if (old->key.p) *slot_of(&bigger, old->scope, old->key, old->hash) = *old;
    }
    *index = bigger;
}

void index_put(struct index *index, struct arena *arena, unsigned scope, struct span key,
               size_t number) {
    if ((index->count + 1) * 4 > index->cap * 3) index_grow(index, arena);
    uint32_t hash = hash_of(scope, key);
    if (!key.p) key.p = "";
    *slot_of(index, scope, key, hash) = (struct index_slot){key, scope, hash, number};
    index->count++;
}

bool index_get(const struct index *index, unsigned scope, struct span key, size_t *number) {
    if (index->count == 0) return false;
    const struct index_slot *slot = slot_of(index, scope, key, hash_of(scope, key));
    if (!slot->key.p) return false;
    *number = slot->number;
    return true;
}

void *arena_grow(struct arena *arena, void *array, size_t *cap, size_t used, size_t element_size) {
    if (used < *cap) return array;
    *cap = *cap ? *cap * 2 : 8;
    void *grown = arena_get(arena, *cap * element_size);
    if (used) memcpy(grown, array, used * element_size);
    return grown;
}
