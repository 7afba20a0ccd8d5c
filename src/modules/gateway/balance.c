/* balance.c - which of several hosts is asked */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "http/request.h"
#include "modules/gateway/backend.h"

/* candidate - a host that may be asked, with the share it is to have */
struct candidate {
    const struct gateway_host *host;
    uint64_t share; /* its weight times SHARE; less while it starts slowly; at least 1 */
};

enum { SHARE = 100 };

/* How good a host is; of the best class that is there, one is taken. */
enum class {
    CLASS_FIT,
    CLASS_BACKUP,
    CLASS_TRIED, /* back after a rest, and one request tries it */
    CLASS_DOUBTFUL,
    CLASSES
};

/* choice - one that is going on */
struct choice {
    struct candidate *list;
    size_t count;
    uint64_t now_ms;
};

static struct candidate *candidates; /* the list of each choice, one after the other */
static size_t candidates_cap;

/* ---- who may be asked ------------------------------------------------------------------------------------------ */

static bool was_tried(const struct backend *b, const struct backend *const *tried, unsigned count) {
    for (unsigned i = 0; i < count; i++)
        if (tried[i] == b) return true;
    return false;
}

static enum class class_of(const struct gateway_host *h, enum backend_state state) {
    const struct backend *b = h->backend;
    switch (state) {
    case BACKEND_UP: break;
    case BACKEND_RESTS: return b->rests_softly ? CLASS_DOUBTFUL : CLASSES;
    case BACKEND_UNRESOLVED:
    case BACKEND_UNFIT: return CLASSES;
    }
    if (b->is_tried) return CLASS_TRIED;
    return h->is_backup ? CLASS_BACKUP : CLASS_FIT;
}

static uint64_t share_of(const struct gateway_host *h, uint64_t now_ms) {
    uint64_t share = (uint64_t)h->weight * SHARE, up = h->backend->up_since_ms, slow = h->slow_start_s * 1000ull;
    if (up && now_ms < up + slow) share = share * (now_ms > up ? now_ms - up : 0) / slow;
    return share ? share : 1;
}

/* Why not this one: what is told to the client when there is no other. The least bad reason counts. */
static void note_reason(enum backend_state *why, enum backend_state s) {
    static const uint8_t rank[] = {
        [BACKEND_UNRESOLVED] = 0, [BACKEND_UNFIT] = 1, [BACKEND_RESTS] = 2, [BACKEND_UP] = 3};
    if (rank[s] > rank[*why]) *why = s;
}

static void gather(struct choice *c, const struct gateway_rule *rule, const struct backend *const *tried,
                   unsigned tried_count, enum backend_state *why) {
    enum class best = CLASSES;
    *why = BACKEND_UNRESOLVED;
    for (size_t i = 0; i < rule->count; i++) {
        const struct gateway_host *h = &rule->hosts[i];
        const struct backend *b = h->backend;
        enum backend_state state = backend_state(b, c->now_ms);
        enum class class = class_of(h, state);
        note_reason(why, state);
        bool is_full = h->max_conns && b->active >= h->max_conns;
        if (class == CLASSES || class > best || is_full || was_tried(b, tried, tried_count)) continue;
        if (class < best) c->count = 0;
        best = class;
        c->list[c->count++] = (struct candidate){h, share_of(h, c->now_ms)};
    }
}

/* ---- in turn --------------------------------------------------------------------------------------------------- */

/*
 * Each gets credit as its share says, the one with the most is asked and pays what all have got: shares are kept, and
 * those of a heavy host do not come in a row.
 */
static const struct gateway_host *in_turn(const struct choice *c) {
    const struct candidate *best = NULL;
    int64_t total = 0;
    for (size_t i = 0; i < c->count; i++) {
        struct backend *b = c->list[i].host->backend;
        b->credit += (int64_t)c->list[i].share;
        total += (int64_t)c->list[i].share;
        if (!best || b->credit > best->host->backend->credit) best = &c->list[i];
    }
    if (best) best->host->backend->credit -= total;
    return best ? best->host : NULL;
}

/* Those that have the least to do for their share; among them in turn. */
static const struct gateway_host *least(struct choice *c) {
    size_t kept = 0;
    for (size_t i = 0; i < c->count; i++) {
        const struct candidate *x = &c->list[i], *y = &c->list[0];
        uint64_t mine = x->host->backend->active * y->share, its = y->host->backend->active * x->share;
        if (kept && mine > its) continue;
        if (kept && mine < its) kept = 0;
        c->list[kept++] = *x;
    }
    c->count = kept;
    return in_turn(c);
}

/* ---- by a key -------------------------------------------------------------------------------------------------- */

/* The same in every worker and after a restart: so without a seed. */
static uint64_t mix(uint64_t h, struct span s) {
    for (size_t i = 0; i < s.n; i++) h = (h ^ (unsigned char)s.p[i]) * 0x100000001b3ull; /* FNV-1a */
    h ^= h >> 33;
    h *= 0xff51afd7ed558ccdull; /* MurmurHash3's last steps: each bit of the key moves all */
    h ^= h >> 33;
    h *= 0xc4ceb9fe1a85ec53ull;
    return h ^ h >> 33;
}

/* -log2 of the fraction that h is of 2^64; good to a hundredth, and monotonic. */
static double minus_log2(uint64_t h) {
    double mantissa = ((double)(h >> 11) + 0.5) / 9007199254740992.0; /* 2^53 */
    double exponent = 0;
    while (mantissa < 0.5) {
        mantissa *= 2;
        exponent++;
    }
    double f = mantissa * 2 - 1;
    return exponent + 1 - f - 0.344 * f * (1 - f);
}

/*
 * Rendezvous: each host draws a lot from key and name, the best lot is asked. When a host goes, only its keys go to
 * others; when it is back, they come back. With -log of an even draw, divided by the share, weights are kept.
 */
static const struct gateway_host *by_key(const struct choice *c, uint64_t key) {
    const struct gateway_host *best = NULL;
    double best_lot = 0;
    for (size_t i = 0; i < c->count; i++) {
        double lot = minus_log2(mix(key, c->list[i].host->backend->name)) / (double)c->list[i].share;
        if (best && lot >= best_lot) continue;
        best = c->list[i].host;
        best_lot = lot;
    }
    return best;
}

static uint64_t key_of_url(const struct request *r) {
    return mix(mix(0xcbf29ce484222325ull, r->in.authority), r->in.uri.path);
}

/* A client's IPv6 address changes within its network: the network counts. */
static uint64_t key_of_client(const struct request *r) {
    const struct addr *a = &r->client;
    struct span bytes = SPAN("");
    if (a->is.any.sa_family == AF_INET) bytes = (struct span){(const char *)&a->is.v4.sin_addr, 4};
    if (a->is.any.sa_family == AF_INET6) {
        const char *v6 = (const char *)&a->is.v6.sin6_addr;
        bool mapped = IN6_IS_ADDR_V4MAPPED(&a->is.v6.sin6_addr);
        bytes = mapped ? (struct span){v6 + 12, 4} : (struct span){v6, 8};
    }
    return mix(0xcbf29ce484222325ull, bytes);
}

const struct gateway_host *gateway_choose(const struct gateway_rule *rule, enum gateway_balance how,
                                          const struct request *r, const struct backend *const *tried,
                                          unsigned tried_count, uint64_t now_ms, enum backend_state *why) {
    candidates = memory_grow(candidates, &candidates_cap, rule->count, sizeof *candidates);
    struct choice c = {candidates, 0, now_ms};
    gather(&c, rule, tried, tried_count, why);
    if (c.count <= 1) return c.count ? c.list[0].host : NULL;
    switch (how) {
    case BALANCE_LEAST: return least(&c);
    case BALANCE_ROUND_ROBIN: return in_turn(&c);
    case BALANCE_HASH: return by_key(&c, key_of_url(r));
    case BALANCE_STICKY: return by_key(&c, key_of_client(r));
    }
    return NULL;
}

/* ---- X.balance ------------------------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    enum gateway_balance how;
} words[] = {
    {"least-connection", BALANCE_LEAST}, {"fair", BALANCE_LEAST},     {"round-robin", BALANCE_ROUND_ROBIN},
    {"hash", BALANCE_HASH},              {"sticky", BALANCE_STICKY},
};

static const char *word_name(void *arg, size_t i) {
    (void)arg;
    return i < sizeof words / sizeof *words ? words[i].name : NULL;
}

void *gateway_balance_make(const struct value *v, struct complaints *c) {
    char hint[HINT_BYTES];
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (span_is(v->string, span_of(words[i].name))) return (void *)(uintptr_t)&words[i].how;
    const char *near = did_you_mean(v->string, word_name, NULL);
    complain(c, COMPLAINT_ERROR, v->place, v->string.n + 2,
             hint_near(hint, near, "write \"least-connection\", \"round-robin\", \"hash\" or \"sticky\""),
             "\"%.*s\" is no way to share requests among hosts", SPAN_ARG(v->string));
    return NULL;
}
