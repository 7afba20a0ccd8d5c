/* replies.c - the cache of replies of one worker */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "http/replies.h"

#include <stdlib.h>

#include "base/map.h"
#include "base/memory.h"

enum { FIRST_CHAINS = 64, ENTRY_MAX_SHARE = 4 /* a reply may take a quarter of the cache */ };

struct replies {
    struct reply **chains;
    size_t chain_count; /* a power of two */
    struct list kept;
    size_t max_bytes;
    unsigned max_files;
    struct replies_counts counts;
};

struct replies *replies_make(size_t max_bytes, unsigned max_files) {
    struct replies *c = memory_zeroed(1, sizeof *c);
    c->chain_count = FIRST_CHAINS;
    c->chains = memory_zeroed(FIRST_CHAINS, sizeof *c->chains);
    c->max_bytes = max_bytes;
    c->max_files = max_files;
    list_init(&c->kept);
    return c;
}

static size_t cost(const struct reply *p) {
    return sizeof *p + p->head->n + p->own->n + (p->body ? p->body->n : 0) + 4 * sizeof(size_t);
}

static void forget(struct replies *c, struct reply *p) {
    struct reply **at = &c->chains[p->hash & (c->chain_count - 1)];
    while (*at != p) at = &(*at)->next;
    *at = p->next;
    list_remove(&p->link);
    c->counts.entries--;
    c->counts.bytes -= cost(p);
    c->counts.files -= p->file ? 1 : 0;
    p->kept = false;
    reply_drop(p);
}

static struct reply *oldest(struct replies *c) {
    return CONTAINER(c->kept.prev, struct reply, link);
}

/* The oldest goes, but what was asked for meanwhile has another round: a hit writes nothing but that it was one. */
static void make_room(struct replies *c) {
    while (!list_is_empty(&c->kept) && (c->counts.bytes > c->max_bytes || c->counts.files > c->max_files)) {
        struct reply *p = oldest(c);
        if (!p->was_asked_for) {
            c->counts.evicted++;
            forget(c, p);
            continue;
        }
        p->was_asked_for = false;
        list_remove(&p->link);
        list_add_first(&c->kept, &p->link);
    }
}

void replies_limit(struct replies *c, size_t max_bytes) {
    c->max_bytes = max_bytes;
    make_room(c);
}

void replies_clear(struct replies *c) {
    while (!list_is_empty(&c->kept)) forget(c, oldest(c));
}

void replies_drop(struct replies *c) {
    if (!c) return;
    replies_clear(c);
    free(c->chains);
    free(c);
}

static uint32_t hash_of(const struct request *r, uint32_t listener) {
    uint32_t seed = hash_bytes(listener * 2 + r->is_tls, r->in.authority);
    return hash_bytes(seed ^ (uint32_t)(r->conditions * 0x9e3779b1u), r->in.target_sent);
}

static bool fits(const struct reply *p, const struct request *r, uint32_t listener) {
    return p->listener == listener && p->is_tls == r->is_tls && p->conditions == r->conditions &&
           span_is(p->target, r->in.target_sent) && span_is(p->authority, r->in.authority) &&
           (p->choices.count == 0 || choices_hold(&p->choices, &r->in.fields));
}

/* Is it still what the file system would give? Looked at once a second at most. */
static bool still_true(struct reply *p, int64_t now_s) {
    struct file_state state;
    if (p->lasting == LASTS || p->looked_s == now_s) return true;
    if (p->lasting != LASTS_LIKE_FILE || file_look(p->path.p, &state) != 0) return false;
    p->looked_s = now_s;
    return file_same(&state, &p->state);
}

struct reply *replies_find(struct replies *c, const struct request *r, uint32_t listener, int64_t now_s) {
    uint32_t hash = hash_of(r, listener);
    struct reply *p = c->chains[hash & (c->chain_count - 1)];
    while (p && !(p->hash == hash && fits(p, r, listener))) p = p->next;
    if (p && !still_true(p, now_s)) {
        c->counts.evicted++;
        forget(c, p);
        p = NULL;
    }
    if (!p) {
        c->counts.misses++;
        return NULL;
    }
    c->counts.hits++;
    p->was_asked_for = true;
    return p;
}

static void grow(struct replies *c) {
    size_t count = c->chain_count * 2;
    struct reply **chains = memory_zeroed(count, sizeof *chains);
    for (struct list *i = c->kept.next; i != &c->kept; i = i->next) {
        struct reply *p = CONTAINER(i, struct reply, link);
        p->next = chains[p->hash & (count - 1)];
        chains[p->hash & (count - 1)] = p;
    }
    free(c->chains);
    c->chains = chains;
    c->chain_count = count;
}

void replies_keep(struct replies *c, struct reply *p, const struct request *r, uint32_t listener, int64_t now_s) {
    if (p->lasting >= LASTS_NOT || cost(p) > c->max_bytes / ENTRY_MAX_SHARE || (p->file && c->max_files == 0)) return;
    if (p->lasting == LASTS_LIKE_FILE && !p->has_state && file_look(p->path.p, &p->state) != 0) return;
    p->hash = hash_of(r, listener);
    p->listener = listener;
    p->conditions = r->conditions;
    p->looked_s = now_s;
    p->kept = true;
    if (c->counts.entries >= c->chain_count) grow(c);
    struct reply **chain = &c->chains[p->hash & (c->chain_count - 1)];
    p->next = *chain;
    *chain = reply_hold(p);
    list_add_first(&c->kept, &p->link);
    c->counts.entries++;
    c->counts.kept++;
    c->counts.bytes += cost(p);
    c->counts.files += p->file ? 1 : 0;
    make_room(c);
}

struct replies_counts replies_count(const struct replies *c) {
    struct replies_counts counts = c->counts;
    counts.max_bytes = c->max_bytes;
    return counts;
}
