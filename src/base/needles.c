/* needles.c - an index of literals by four bytes of each */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "base/needles.h"

#include <stdlib.h>

#include "base/memory.h"

enum {
    INDEXED_FROM = 8, /* literals: below that, comparing each is quicker */
    TALLY_BITS = 14,
    NONE = 0xffffffff
};

/* slot - of an open hash table; first == NONE: free */
struct slot {
    uint32_t gram;
    uint32_t first; /* of those that are filed under it, ascending by next[] */
};

struct needles {
    size_t count;
    uint32_t *next;
    uint32_t always; /* the first of those without four bytes */
    unsigned bits;   /* 1 << bits slots; 0: there is no index */
    struct slot *slots;
};

/* Four bytes, the last in the low ones; `gram` is what they were one byte before. */
static uint32_t shift_in(uint32_t gram, char c) {
    return gram << 8 | (unsigned char)ascii_lower(c);
}

static uint32_t place_of(uint32_t gram, unsigned bits) {
    return gram * 0x9e3779b1u >> (32 - bits);
}

static struct slot *slot_of(const struct needles *n, uint32_t gram) {
    uint32_t mask = ((uint32_t)1 << n->bits) - 1, i = place_of(gram, n->bits);
    while (n->slots[i].first != NONE && n->slots[i].gram != gram) i = (i + 1) & mask;
    return &n->slots[i];
}

/* The next four bytes of *rest without a NUL. False: there are none left. */
static bool next_gram(struct span *rest, uint32_t *gram, unsigned *fresh) {
    while (rest->n) {
        char c = rest->p[0];
        *rest = span_from(*rest, 1);
        *gram = shift_in(*gram, c);
        *fresh = c ? *fresh + 1 : 0;
        if (*fresh >= 4) return true;
    }
    return false;
}

static void count_grams(uint32_t *tally, struct span literal) {
    uint32_t gram = 0;
    unsigned fresh = 0;
    while (next_gram(&literal, &gram, &fresh)) tally[place_of(gram, TALLY_BITS)]++;
}

/* The four bytes that fewest have. False: it has none. */
static bool choose_gram(const uint32_t *tally, struct span literal, uint32_t *rarest) {
    uint32_t gram = 0, least = NONE;
    unsigned fresh = 0;
    while (next_gram(&literal, &gram, &fresh)) {
        uint32_t count = tally[place_of(gram, TALLY_BITS)];
        if (count >= least) continue;
        least = count;
        *rarest = gram;
    }
    return least != NONE;
}

static void file_under(uint32_t *first, uint32_t *next, size_t number) {
    next[number] = *first;
    *first = (uint32_t)number;
}

static void build_index(struct needles *n, const struct span *literals) {
    uint32_t *tally = memory_zeroed((size_t)1 << TALLY_BITS, sizeof *tally);
    for (n->bits = 4; (size_t)1 << n->bits < n->count * 2; n->bits++) {}
    n->slots = memory_get(((size_t)1 << n->bits) * sizeof *n->slots);
    for (size_t i = 0; i < (size_t)1 << n->bits; i++) n->slots[i].first = NONE;
    for (size_t i = 0; i < n->count; i++) count_grams(tally, literals[i]);
    for (size_t i = n->count; i-- > 0;) { /* the last first: lists ascend */
        uint32_t gram;
        if (!choose_gram(tally, literals[i], &gram)) {
            file_under(&n->always, n->next, i);
            continue;
        }
        struct slot *slot = slot_of(n, gram);
        slot->gram = gram;
        file_under(&slot->first, n->next, i);
    }
    free(tally);
}

struct needles *needles_make(const struct span *literals, size_t count) {
    struct needles *n = memory_zeroed(1, sizeof *n);
    n->count = count;
    n->always = NONE;
    if (count < INDEXED_FROM || count >= NONE / 4) return n;
    n->next = memory_get(count * sizeof *n->next);
    build_index(n, literals);
    return n;
}

void needles_drop(struct needles *n) {
    if (!n) return;
    free(n->next);
    free(n->slots);
    free(n);
}

static bool is_known(const struct needles_walk *walk, uint32_t first) {
    for (unsigned i = 0; i < walk->lists; i++)
        if (walk->at[i] == first) return true;
    return false;
}

void needles_begin(const struct needles *n, struct span text, struct needles_walk *walk) {
    uint32_t gram = 0;
    unsigned fresh = 0;
    *walk = (struct needles_walk){.needles = n};
    if (!n->bits) return;
    walk->at[walk->lists++] = n->always;
    while (next_gram(&text, &gram, &fresh)) {
        uint32_t first = slot_of(n, gram)->first;
        if (first == NONE || is_known(walk, first)) continue;
        if (walk->lists == NEEDLES_LISTS) {
            walk->at[0] = walk->lists = 0;
            return;
        }
        walk->at[walk->lists++] = first;
    }
}

bool needles_next(struct needles_walk *walk, size_t *number) {
    unsigned least = 0;
    if (walk->lists == 0) {
        *number = walk->at[0];
        return walk->at[0]++ < walk->needles->count;
    }
    for (unsigned i = 1; i < walk->lists; i++)
        if (walk->at[i] < walk->at[least]) least = i;
    if (walk->at[least] == NONE) return false;
    *number = walk->at[least];
    walk->at[least] = walk->needles->next[*number];
    return true;
}
