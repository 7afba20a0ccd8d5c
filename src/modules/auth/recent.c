/* recent.c - what was seen not long ago */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "modules/auth/recent.h"

#include <string.h>

enum { SETS = 512, WAYS = 8 };

/* seen - since_s 0: free */
struct seen {
    uint64_t key;
    int64_t since_s;
};

static struct seen table[RECENT_KINDS][SETS][WAYS];

static uint64_t number_of(const unsigned char key[8]) {
    uint64_t n = 0;
    for (int i = 0; i < 8; i++) n |= (uint64_t)key[i] << (8 * i);
    return n;
}

static struct seen *find(enum recent_kind kind, uint64_t key) {
    struct seen *set = table[kind][key % SETS];
    for (int i = 0; i < WAYS; i++)
        if (set[i].since_s && set[i].key == key) return &set[i];
    return NULL;
}

bool recent_has(enum recent_kind kind, const unsigned char key[8], int64_t now_s) {
    const struct seen *s = find(kind, number_of(key));
    return s && now_s - s->since_s <= RECENT_SECONDS;
}

/* A free place (since_s 0), or that of the oldest. */
static struct seen *oldest(struct seen *set) {
    struct seen *s = set;
    for (int i = 1; i < WAYS; i++)
        if (set[i].since_s < s->since_s) s = &set[i];
    return s;
}

void recent_add(enum recent_kind kind, const unsigned char key[8], int64_t now_s) {
    uint64_t number = number_of(key);
    struct seen *s = find(kind, number);
    if (!s) s = oldest(table[kind][number % SETS]);
    *s = (struct seen){number, now_s > 0 ? now_s : 1};
}

void recent_clear(void) {
    memset(table, 0, sizeof table);
}
