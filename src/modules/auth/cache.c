/* cache.c - credentials that were right a moment ago */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "modules/auth/cache.h"

#include <stdlib.h>

#include "base/list.h"
#include "base/map.h"
#include "base/memory.h"
#include "base/random.h"
#include "base/hashes.h"

struct entry {
    struct list by_age; /* oldest first */
    int64_t since_s;
    size_t answer_n;
    unsigned char key[AUTH_CACHE_KEY];
    char answer[];
};

static struct map entries;
static struct list ages = {&ages, &ages};

static struct span key_of(const struct entry *e) {
    return (struct span){(const char *)e->key, AUTH_CACHE_KEY};
}

void auth_cache_key(struct span question, unsigned char key[AUTH_CACHE_KEY]) {
    static unsigned char secret[32];
    static bool made;
    if (!made) random_bytes(secret, sizeof secret);
    made = true;
    mac_sha256((struct span){(const char *)secret, sizeof secret}, question, key);
}

static void drop(struct entry *e) {
    map_remove(&entries, key_of(e));
    list_remove(&e->by_age);
    memory_clear(e->answer, e->answer_n); /* a memset() before free() is left out by compilers */
    free(e);
}

bool auth_cache_get(const unsigned char key[AUTH_CACHE_KEY], int64_t now_s, uint32_t max_age_s, struct span *answer) {
    struct entry *e = map_get(&entries, (struct span){(const char *)key, AUTH_CACHE_KEY});
    if (!e) return false;
    if (now_s < e->since_s || now_s - e->since_s > (int64_t)max_age_s) {
        drop(e);
        return false;
    }
    *answer = (struct span){e->answer, e->answer_n};
    return true;
}

void auth_cache_put(const unsigned char key[AUTH_CACHE_KEY], struct span answer, int64_t now_s,
                    uint32_t max_entries) {
    if (answer.n > AUTH_CACHE_ANSWER_MAX || max_entries == 0) return;
    struct entry *e = map_get(&entries, (struct span){(const char *)key, AUTH_CACHE_KEY});
    if (e) drop(e);
    while (entries.count >= max_entries) drop(CONTAINER(ages.next, struct entry, by_age));
    e = memory_get(sizeof *e + answer.n);
    memcpy(e->key, key, AUTH_CACHE_KEY);
    memcpy(e->answer, answer.p, answer.n);
    e->answer_n = answer.n;
    e->since_s = now_s;
    list_add_last(&ages, &e->by_age);
    map_put(&entries, key_of(e), e);
}

void auth_cache_clear(void) {
    while (!list_is_empty(&ages)) drop(CONTAINER(ages.next, struct entry, by_age));
    map_done(&entries);
    entries = (struct map){0};
}
