/* meters.c - how much somebody may do in a time: a table of fixed size that several processes share */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "base/meters.h"

#include <stdatomic.h>

#include "base/random.h"
#include "base/shared.h"
#include "base/siphash.h"

typedef shared_word word; /* of time it has ticks, and may wrap around */

enum { WAYS = 8, EMPTY = 0, CLAIMED = 1, TAGS_FROM = 2 };

static const word FAR = (word)((METER_SECONDS_MAX + UINT64_C(60)) * 1000000000 / SHARED_TICK_NS);

struct meter {
    _Atomic word tag;   /* of the hash; EMPTY; CLAIMED: somebody is about to say whose it is */
    _Atomic word until; /* in ticks */
};

struct meters {
    uint64_t key[2];
    size_t sets, bytes;
    _Alignas(64) struct meter list[];
};

struct meters *meters_make(size_t count) {
    size_t sets = METERS_MIN / WAYS;
    while (sets * WAYS < count && sets * WAYS < METERS_MAX) sets *= 2;
    size_t bytes = sizeof(struct meters) + sets * WAYS * sizeof(struct meter);
    struct meters *m = shared_make(bytes);
    if (!m) return NULL;
    random_bytes(m->key, sizeof m->key);
    m->sets = sets;
    m->bytes = bytes;
    return m;
}

void meters_drop(struct meters *m) {
    if (m) shared_drop(m, m->bytes);
}

uint64_t meters_hash(const struct meters *m, const uint64_t *words, size_t count) {
    return siphash_words(m->key, words, count);
}

/* ---- time ------------------------------------------------------------------------------------- */

static word ticks(uint64_t ns) {
    return (word)(ns / SHARED_TICK_NS);
}

/* What took a part of a tick took one. */
static word ticks_up(uint64_t ns) {
    return ns > METER_SECONDS_MAX * UINT64_C(1000000000) ? ticks(METER_SECONDS_MAX * UINT64_C(1000000000))
                                                         : (word)((ns + SHARED_TICK_NS - 1) / SHARED_TICK_NS);
}

static uint64_t ns_of(word ticks) {
    return (uint64_t)ticks * SHARED_TICK_NS;
}

/* What lies further ahead than anything may is the past: the word has wrapped around. */
static word ahead_of(word until, word now) {
    word ahead = until - now;
    return ahead <= FAR ? ahead : 0;
}

/* ---- places ----------------------------------------------------------------------------------- */

static word tag_of(uint64_t hash) {
    word tag = (word)(hash >> 24 | hash << 40);
    return tag < TAGS_FROM ? tag + TAGS_FROM : tag;
}

static struct meter *set_of(struct meters *m, uint64_t hash) {
    return &m->list[(hash & (m->sets - 1)) * WAYS];
}

static struct meter *find(struct meters *m, uint64_t hash) {
    struct meter *set = set_of(m, hash);
    word tag = tag_of(hash);
    for (unsigned i = 0; i < WAYS; i++)
        if (atomic_load_explicit(&set[i].tag, memory_order_acquire) == tag) return &set[i];
    return NULL;
}

/* The one that can be done without: an empty one, or that which is idle for the longest, or will be first. */
static struct meter *oldest(struct meter *set, word now, word *tag) {
    struct meter *best = NULL;
    word best_age = 0;
    for (unsigned i = 0; i < WAYS; i++) {
        word t = atomic_load_explicit(&set[i].tag, memory_order_relaxed);
        if (t == CLAIMED) continue;
        word until = atomic_load_explicit(&set[i].until, memory_order_relaxed);
        word age = t == EMPTY ? (word)-1 : FAR + (now - until); /* less than FAR while it is ahead */
        if (best && age <= best_age) continue;
        best = &set[i];
        best_age = age;
        *tag = t;
    }
    return best;
}

/* A place that is ours and stands at the present. While it is CLAIMED nobody finds it: neither whom it was for, nor
 * whom it will be for; if the latter takes another one meanwhile he has two, and a little more than he should. NULL:
 * others are at all of them. */
static struct meter *claim(struct meters *m, uint64_t hash, word now) {
    struct meter *set = set_of(m, hash), *place;
    word tag;
    for (unsigned tries = 0; tries < WAYS; tries++) {
        if (!(place = oldest(set, now, &tag))) return NULL;
        if (!atomic_compare_exchange_strong(&place->tag, &tag, (word)CLAIMED)) continue;
        atomic_store_explicit(&place->until, now, memory_order_relaxed);
        atomic_store_explicit(&place->tag, tag_of(hash), memory_order_release);
        return place;
    }
    return NULL;
}

/* ---- taking ----------------------------------------------------------------------------------- */

uint64_t meters_take(struct meters *m, uint64_t hash, uint64_t now_ns, uint64_t cost_ns, uint64_t slack_ns) {
    word now = ticks(now_ns), cost = ticks_up(cost_ns), slack = ticks_up(slack_ns);
    struct meter *meter = find(m, hash);
    if (!meter) meter = claim(m, hash, now);
    if (!meter) return 0;
    word until = atomic_load_explicit(&meter->until, memory_order_relaxed), ahead;
    do {
        ahead = ahead_of(until, now);
        if (ahead > slack) return ns_of(ahead - slack);
    } while (!atomic_compare_exchange_weak(&meter->until, &until, now + ahead + cost));
    return 0;
}

uint64_t meters_reserve(struct meters *m, uint64_t hash, uint64_t now_ns, uint64_t cost_ns) {
    word now = ticks(now_ns), cost = ticks_up(cost_ns), far = ticks_up(UINT64_MAX);
    struct meter *meter = find(m, hash);
    if (!meter) meter = claim(m, hash, now);
    if (!meter) return 0;
    word until = atomic_load_explicit(&meter->until, memory_order_relaxed), ahead, then;
    do {
        ahead = ahead_of(until, now);
        then = ahead + cost < far ? ahead + cost : far;
    } while (!atomic_compare_exchange_weak(&meter->until, &until, now + then));
    return ns_of(ahead);
}

void meters_return(struct meters *m, uint64_t hash, uint64_t now_ns, uint64_t cost_ns) {
    word now = ticks(now_ns), cost = ticks(cost_ns);
    struct meter *meter = find(m, hash);
    if (!meter) return;
    word until = atomic_load_explicit(&meter->until, memory_order_relaxed), ahead;
    do {
        ahead = ahead_of(until, now);
        if (ahead == 0) return;
    } while (!atomic_compare_exchange_weak(&meter->until, &until, now + (ahead > cost ? ahead - cost : 0)));
}

uint64_t meters_ahead(struct meters *m, uint64_t hash, uint64_t now_ns) {
    struct meter *meter = find(m, hash);
    return meter ? ns_of(ahead_of(atomic_load_explicit(&meter->until, memory_order_relaxed), ticks(now_ns))) : 0;
}
