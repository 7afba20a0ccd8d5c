/* tallies.c - how many of something somebody has at a time, over several processes: tables of fixed size */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "base/tallies.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/random.h"
#include "base/shared.h"
#include "base/siphash.h"

enum { WAYS = 8, TALLIES_MIN = 64, TALLIES_MAX = 1024 * 1024 };

struct tally {
    _Atomic uint32_t tag, count; /* a count of 0: the place is free */
};

struct tallies {
    uint64_t key[2];
    size_t sets, bytes;
    unsigned processes;
    bool is_alone;     /* own is none of those that others see */
    struct tally *own; /* of this process */
    _Atomic uint32_t *owners; /* what all have: of each place, 0 is nobody, and then nothing is counted there; behind
                                 them a table for each */
};

struct tallies *tallies_make(size_t count, unsigned processes) {
    struct tallies *t = memory_zeroed(1, sizeof *t);
    t->sets = TALLIES_MIN / WAYS;
    while (t->sets * WAYS < count && t->sets * WAYS < TALLIES_MAX) t->sets *= 2;
    t->processes = (processes + 15) & ~15u; /* tables begin where a line of the processor's cache does */
    t->bytes = t->processes * (sizeof *t->owners + t->sets * WAYS * sizeof(struct tally));
    t->owners = shared_make(t->bytes);
    if (!t->owners) {
        free(t);
        return NULL;
    }
    random_bytes(t->key, sizeof t->key);
    return t;
}

static void drop_own(struct tallies *t) {
    if (t->is_alone) free(t->own);
    t->is_alone = false;
}

void tallies_drop(struct tallies *t) {
    if (!t) return;
    drop_own(t);
    shared_drop((void *)t->owners, t->bytes);
    free(t);
}

uint64_t tallies_hash(const struct tallies *t, const uint64_t *words, size_t count) {
    return siphash_words(t->key, words, count);
}

/* ---- processes -------------------------------------------------------------------------------- */

static struct tally *table_of(const struct tallies *t, unsigned place) {
    struct tally *tables = (void *)(t->owners + t->processes);
    return &tables[place * t->sets * WAYS];
}

static void clear(struct tallies *t, unsigned place) {
    struct tally *table = table_of(t, place);
    for (size_t i = 0; i < t->sets * WAYS; i++)
        if (table[i].count) table[i].count = 0;
}

/* False: all places are taken. */
static bool take_place(struct tallies *t, uint32_t id) {
    for (unsigned i = 0; i < t->processes; i++) {
        uint32_t nobody = 0;
        if (!atomic_compare_exchange_strong(&t->owners[i], &nobody, id)) continue;
        t->own = table_of(t, i);
        return true;
    }
    return false;
}

void tallies_begin(struct tallies *t, uint32_t id) {
    drop_own(t);
    t->is_alone = !take_place(t, id);
    if (t->is_alone) t->own = memory_zeroed(t->sets * WAYS, sizeof *t->own);
}

void tallies_forget(struct tallies *t, uint32_t id) {
    for (unsigned i = 0; i < t->processes; i++) {
        if (t->owners[i] != id) continue;
        clear(t, i);
        t->owners[i] = 0;
    }
}

/* ---- counting --------------------------------------------------------------------------------- */

/* The low bits of the hash tell the set. */
static uint32_t tag_of(uint64_t hash) {
    return (uint32_t)(hash >> 32);
}

static struct tally *find(const struct tallies *t, struct tally *table, uint64_t hash) {
    struct tally *set = &table[(hash & (t->sets - 1)) * WAYS];
    for (unsigned i = 0; i < WAYS; i++)
        if (set[i].count && set[i].tag == tag_of(hash)) return &set[i];
    return NULL;
}

static struct tally *find_free(const struct tallies *t, uint64_t hash) {
    struct tally *set = &t->own[(hash & (t->sets - 1)) * WAYS];
    for (unsigned i = 0; i < WAYS; i++)
        if (!set[i].count) return &set[i];
    return NULL;
}

uint32_t tallies_sum(struct tallies *t, uint64_t hash) {
    uint32_t sum = 0;
    const struct tally *tally;
    for (unsigned i = 0; i < t->processes; i++)
        if (t->owners[i] && (tally = find(t, table_of(t, i), hash))) sum += tally->count;
    if (t->is_alone && (tally = find(t, t->own, hash))) sum += tally->count;
    return sum;
}

uint32_t tallies_add(struct tallies *t, uint64_t hash) {
    struct tally *tally = find(t, t->own, hash);
    if (!tally && (tally = find_free(t, hash))) tally->tag = tag_of(hash);
    if (!tally) return 0;
    tally->count = tally->count + 1; /* nobody else writes here */
    return tallies_sum(t, hash);
}

void tallies_remove(struct tallies *t, uint64_t hash) {
    struct tally *tally = find(t, t->own, hash);
    if (tally) tally->count = tally->count - 1;
}
