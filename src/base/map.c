/* map.c - a hash table from bytes to pointers */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "base/map.h"

#include <stdlib.h>

#include "base/memory.h"
#include "base/random.h"

static uint64_t process_seed(void) {
    static uint64_t seed;
    while (seed == 0) random_bytes(&seed, sizeof seed);
    return seed;
}

static uint64_t mix(uint64_t x) {
    x ^= x >> 32;
    x *= 0xd6e8feb86659fd93u;
    x ^= x >> 32;
    return x;
}

uint32_t hash_bytes(uint32_t seed, struct span s) {
    uint64_t h = process_seed() ^ seed ^ ((uint64_t)s.n << 32);
    while (s.n >= 8) {
        uint64_t word;
        memcpy(&word, s.p, 8);
        h = mix(h ^ word);
        s = span_from(s, 8);
    }
    uint64_t rest = 0;
    if (s.n) memcpy(&rest, s.p, s.n);
    h = mix(h ^ rest);
    return (uint32_t)(mix(h) >> 16);
}

/* The slot that holds the key, or the free one where it would go. */
static struct map_entry *find(const struct map *m, uint32_t hash, struct span key) {
    for (size_t i = hash & (m->cap - 1);; i = (i + 1) & (m->cap - 1)) {
        struct map_entry *e = &m->slots[i];
        if (!e->value || (e->hash == hash && span_is(e->key, key))) return e;
    }
}

static void grow(struct map *m) {
    struct map old = *m;
    m->cap = old.cap ? old.cap * 2 : 16;
    m->slots = memory_zeroed(m->cap, sizeof *m->slots);
    for (size_t i = 0; i < old.cap; i++)
        if (old.slots[i].value) *find(m, old.slots[i].hash, old.slots[i].key) = old.slots[i];
    free(old.slots);
}

void *map_get(const struct map *m, struct span key) {
    return m->cap ? find(m, hash_bytes(0, key), key)->value : NULL;
}

void map_put(struct map *m, struct span key, void *value) {
    if (m->count * 4 >= m->cap * 3) grow(m);
    uint32_t hash = hash_bytes(0, key);
    struct map_entry *e = find(m, hash, key);
    if (!e->value) m->count++;
    *e = (struct map_entry){hash, key, value};
}

void *map_remove(struct map *m, struct span key) {
    if (!m->cap) return NULL;
    struct map_entry *e = find(m, hash_bytes(0, key), key);
    void *value = e->value;
    if (!value) return NULL;
    m->count--;
    e->value = NULL;
    /* what stood behind it may have been pushed there by it: put each in anew */
    for (size_t i = (size_t)(e - m->slots + 1) & (m->cap - 1); m->slots[i].value;
         i = (i + 1) & (m->cap - 1)) {
        struct map_entry moved = m->slots[i];
        m->slots[i].value = NULL;
        *find(m, moved.hash, moved.key) = moved;
    }
    return value;
}

void map_done(struct map *m) {
    free(m->slots);
    *m = (struct map){NULL, 0, 0};
}

struct map_entry *map_each(const struct map *m, size_t *i) {
    while (*i < m->cap) {
        struct map_entry *e = &m->slots[(*i)++];
        if (e->value) return e;
    }
    return NULL;
}
