/* toplist.c - who comes most often, of any number, in memory for a few dozen */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "base/toplist.h"

#include <stdlib.h>
#include <string.h>

/* Keys are addresses: their last bytes differ most. */
static unsigned char print_of(const unsigned char key[16]) {
    unsigned x = 0;
    for (unsigned i = 0; i < 16; i++) x = x * 31 + key[i];
    return (unsigned char)(x ^ x >> 8);
}

static int find(const struct toplist *t, const unsigned char key[16], unsigned char print) {
    const unsigned char *at = t->print, *end = t->print + t->used;
    while (at < end && (at = memchr(at, print, (size_t)(end - at)))) {
        if (memcmp(t->list[at - t->print].key, key, 16) == 0) return (int)(at - t->print);
        at++;
    }
    return -1;
}

static unsigned rarest(const struct toplist *t) {
    unsigned least = 0;
    for (unsigned i = 1; i < t->used; i++)
        if (t->list[i].count < t->list[least].count) least = i;
    return least;
}

/* A place for a newcomer, with what it inherits. */
static unsigned take_place(struct toplist *t, const unsigned char key[16], unsigned char print) {
    unsigned i = t->used < TOPLIST_MAX ? t->used : rarest(t);
    struct toplist_entry *e = &t->list[i];
    e->error = e->count;
    e->bytes = 0;
    memcpy(e->key, key, 16);
    t->print[i] = print;
    if (i == t->used) t->used++;
    return i;
}

unsigned toplist_add(struct toplist *t, const unsigned char key[16], unsigned hint, uint64_t bytes) {
    if (hint >= t->used || memcmp(t->list[hint].key, key, 16) != 0) {
        unsigned char print = print_of(key);
        int found = find(t, key, print);
        hint = found >= 0 ? (unsigned)found : take_place(t, key, print);
    }
    t->list[hint].count++;
    t->list[hint].bytes += bytes;
    return hint;
}

void toplist_merge(struct toplist *t, const struct toplist *other) {
    uint32_t used = other->used < TOPLIST_MAX ? other->used : TOPLIST_MAX;
    for (uint32_t k = 0; k < used; k++) {
        const struct toplist_entry *e = &other->list[k];
        unsigned char print = print_of(e->key);
        int found = find(t, e->key, print);
        unsigned i = found >= 0 ? (unsigned)found : t->used < TOPLIST_MAX ? t->used : rarest(t);
        if (found >= 0) {
            t->list[i].count += e->count;
            t->list[i].error += e->error;
            t->list[i].bytes += e->bytes;
        } else if (i == t->used || e->count > t->list[i].count) {
            t->list[i] = *e;
            t->print[i] = print;
            if (i == t->used) t->used++;
        }
    }
}

static int by_count(const void *a, const void *b) {
    uint64_t x = ((const struct toplist_entry *)a)->count, y = ((const struct toplist_entry *)b)->count;
    return x < y ? 1 : x > y ? -1 : memcmp(a, b, 16);
}

void toplist_sort(struct toplist *t) {
    qsort(t->list, t->used, sizeof *t->list, by_count);
    for (unsigned i = 0; i < t->used; i++) t->print[i] = print_of(t->list[i].key);
}
