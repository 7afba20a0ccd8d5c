/* toplist.c - who comes most often, of any number, in memory for a few dozen */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "base/toplist.h"

#include <stdlib.h>
#include <string.h>

/* Keys are addresses: their last bytes differ most. */
static unsigned char print_of(const unsigned char key[16]) {
    unsigned x = 0;
    for (unsigned i = 0; i < 16; i++) x = x * 31 + key[i];
    return (unsigned char)(x ^ x >> 8);
}

/* Read once: where it lies in shared memory it may be anything, and another thing the next time. */
static unsigned used_of(const struct toplist *t) {
    uint32_t used = *(const volatile uint32_t *)&t->used;
    return used < TOPLIST_MAX ? used : TOPLIST_MAX;
}

static int find(const struct toplist *t, const unsigned char key[16], unsigned char print) {
    const unsigned char *at = t->print, *end = t->print + used_of(t);
    while (at < end && (at = memchr(at, print, (size_t)(end - at)))) {
        if (memcmp(t->list[at - t->print].key, key, 16) == 0) return (int)(at - t->print);
        at++;
    }
    return -1;
}

static unsigned rarest(const struct toplist *t) {
    unsigned least = 0;
    for (unsigned i = 1, n = used_of(t); i < n; i++)
        if (t->list[i].count < t->list[least].count) least = i;
    return least;
}

/* A place for a newcomer, with what it inherits. */
static unsigned take_place(struct toplist *t, const unsigned char key[16], unsigned char print) {
    unsigned used = used_of(t), i = used < TOPLIST_MAX ? used : rarest(t);
    struct toplist_entry *e = &t->list[i];
    e->error = e->count;
    e->bytes = 0;
    memcpy(e->key, key, 16);
    t->print[i] = print;
    if (i == used) t->used = used + 1;
    return i;
}

unsigned toplist_add(struct toplist *t, const unsigned char key[16], unsigned hint, uint64_t bytes) {
    if (hint >= used_of(t) || memcmp(t->list[hint].key, key, 16) != 0) {
        unsigned char print = print_of(key);
        int found = find(t, key, print);
        hint = found >= 0 ? (unsigned)found : take_place(t, key, print);
    }
    t->list[hint].count++;
    t->list[hint].bytes += bytes;
    return hint;
}

void toplist_merge(struct toplist *t, const struct toplist *other) {
    for (unsigned k = 0, n = used_of(other); k < n; k++) {
        const struct toplist_entry *e = &other->list[k];
        unsigned char print = print_of(e->key);
        int found = find(t, e->key, print);
        unsigned used = used_of(t);
        unsigned i = found >= 0 ? (unsigned)found : used < TOPLIST_MAX ? used : rarest(t);
        if (found >= 0) {
            t->list[i].count += e->count;
            t->list[i].error += e->error;
            t->list[i].bytes += e->bytes;
        } else if (i == used || e->count > t->list[i].count) {
            t->list[i] = *e;
            t->print[i] = print;
            if (i == used) t->used = used + 1;
        }
    }
}

static int by_count(const void *a, const void *b) {
    uint64_t x = ((const struct toplist_entry *)a)->count, y = ((const struct toplist_entry *)b)->count;
    return x < y ? 1 : x > y ? -1 : memcmp(a, b, 16);
}

void toplist_sort(struct toplist *t) {
    qsort(t->list, used_of(t), sizeof *t->list, by_count);
    for (unsigned i = 0, n = used_of(t); i < n; i++) t->print[i] = print_of(t->list[i].key);
}
