/* throttle.c - who guesses passwords has to wait */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "modules/auth/throttle.h"

#include "base/map.h"
#include "base/random.h"
#include "modules/auth/recent.h"

enum { SETS = 512, WAYS = 4, HALF_LIFE_MS = 60 * 1000, STEP_MS = 500 };

/* count - failures of one network or name; free without failures and attempts */
struct count {
    uint32_t key[2];
    uint32_t failures;
    uint32_t waited;      /* attempts of this network that had to wait; halved like failures */
    uint32_t at_once;     /* attempts of this network that are not judged yet */
    uint64_t halved_ms; /* when the count was brought up to date */
    uint64_t next_ms;   /* when the next attempt of this network may be looked at */
};

static struct count table[SETS][WAYS];
static uint32_t seeds[2];

struct name {
    uint32_t key[2];
};

static struct name name_of(char kind, struct span s) {
    struct name n;
    char room[1 + 256];
    if (!seeds[0]) random_bytes(seeds, sizeof seeds);
    seeds[0] |= 1;
    if (s.n > 256) s = span_upto(s, 256);
    room[0] = kind;
    memcpy(room + 1, s.p ? s.p : "", s.n);
    for (int i = 0; i < 2; i++) n.key[i] = hash_bytes(seeds[i], (struct span){room, 1 + s.n});
    return n;
}

/* The address, or the first 64 bits of it. Clients of a unix socket have none: they are one. */
static struct name name_of_client(const struct addr *a) {
    if (a->is.any.sa_family == AF_INET) return name_of('4', (struct span){(const char *)&a->is.v4.sin_addr, 4});
    if (a->is.any.sa_family != AF_INET6) return name_of('u', SPAN(""));
    const char *v6 = (const char *)&a->is.v6.sin6_addr;
    if (IN6_IS_ADDR_V4MAPPED(&a->is.v6.sin6_addr)) return name_of('4', (struct span){v6 + 12, 4});
    return name_of('6', (struct span){v6, 8});
}

static void grow_old(struct count *c, uint64_t now_ms) {
    for (; c->failures && now_ms >= c->halved_ms + HALF_LIFE_MS; c->halved_ms += HALF_LIFE_MS) {
        c->failures /= 2;
        c->waited /= 2;
    }
    if (c->failures) return;
    c->halved_ms = now_ms;
    c->waited = 0;
}

static bool is_taken(const struct count *c) {
    return c->failures || c->at_once;
}

static struct count *find(struct name n, uint64_t now_ms) {
    struct count *set = table[n.key[0] % SETS];
    for (int i = 0; i < WAYS; i++) {
        if (!is_taken(&set[i]) || set[i].key[0] != n.key[0] || set[i].key[1] != n.key[1]) continue;
        grow_old(&set[i], now_ms);
        return is_taken(&set[i]) ? &set[i] : NULL;
    }
    return NULL;
}

/* A free place, or that of the fewest failures. */
static struct count *make(struct name n, uint64_t now_ms) {
    struct count *set = table[n.key[0] % SETS], *least = &set[0];
    for (int i = 0; i < WAYS; i++) {
        grow_old(&set[i], now_ms);
        if (set[i].failures + set[i].at_once < least->failures + least->at_once) least = &set[i];
    }
    *least = (struct count){.key = {n.key[0], n.key[1]}, .halved_ms = now_ms};
    return least;
}

static uint64_t pause_of(const struct count *c) {
    if (!c || c->failures < THROTTLE_FREE) return 0;
    uint32_t doubled = c->failures - THROTTLE_FREE;
    return doubled >= 3 ? THROTTLE_MOST_MS : (uint64_t)STEP_MS << doubled;
}

/* Something of this network, as recent.h keeps it. */
static bool is_recent(enum recent_kind kind, const struct addr *client, struct span what, uint64_t now_ms, bool add) {
    struct name pair[2] = {name_of_client(client), name_of('n', what)};
    struct name n = name_of('p', (struct span){(const char *)pair, sizeof pair});
    unsigned char key[sizeof n.key];
    memcpy(key, n.key, sizeof key);
    if (add) recent_add(kind, key, (int64_t)(now_ms / 1000));
    return recent_has(kind, key, (int64_t)(now_ms / 1000));
}

static struct span span_of_key(const unsigned char *credentials) {
    return (struct span){(const char *)credentials, THROTTLE_KEY};
}

int throttle_wait_ms(const struct addr *client, struct span user, const unsigned char *credentials, uint64_t now_ms) {
    struct count *network = find(name_of_client(client), now_ms);
    uint64_t wait = pause_of(find(name_of('n', user), now_ms)), pause = pause_of(network);
    if (!pause && !wait) return 0;
    if (credentials && (!network || network->waited < THROTTLE_TRUSTED) &&
        is_recent(RECENT_RIGHT, client, span_of_key(credentials), now_ms, false))
        return 0;
    if (is_recent(RECENT_PAIR, client, user, now_ms, false)) wait = 0;
    if (!pause) return (int)wait;
    if (network->waited < UINT16_MAX) network->waited++;
    uint64_t at = network->next_ms > now_ms ? network->next_ms : now_ms;
    if (at < now_ms + wait) at = now_ms + wait;
    if (at - now_ms > THROTTLE_QUEUE_MS) return -1;
    network->next_ms = at + pause;
    return (int)(at - now_ms);
}

static void add(struct name n, uint64_t now_ms, bool has_queue) {
    struct count *c = find(n, now_ms);
    if (!c) c = make(n, now_ms);
    if (c->failures < UINT16_MAX) c->failures++;
    uint64_t next = now_ms + pause_of(c);
    if (has_queue && c->next_ms < next) c->next_ms = next;
}

void throttle_failed(const struct addr *client, struct span user, uint64_t now_ms) {
    add(name_of_client(client), now_ms, true);
    if (user.n) add(name_of('n', user), now_ms, false);
}

/* ---- how many at once -------------------------------------------------------------------------- */

bool throttle_begin(const struct addr *client, struct span user, uint64_t now_ms) {
    bool is_known = is_recent(RECENT_PAIR, client, user, now_ms, false);
    struct name n = name_of_client(client);
    struct count *c = find(n, now_ms);
    if (!c) c = make(n, now_ms);
    if (c->at_once >= (is_known ? THROTTLE_AT_ONCE_KNOWN : THROTTLE_AT_ONCE)) return false;
    c->at_once++;
    return true;
}

void throttle_end(const struct addr *client, uint64_t now_ms) {
    struct count *c = find(name_of_client(client), now_ms);
    if (c && c->at_once) c->at_once--;
}

/* The name's own count: it was its owner, after some slips. That of the network stays: an attacker may have an
 * account. */
void throttle_passed(const struct addr *client, struct span user, const unsigned char *credentials, uint64_t now_ms) {
    struct count *c = find(name_of('n', user), now_ms);
    if (c) c->failures = 0;
    is_recent(RECENT_PAIR, client, user, now_ms, true);
    if (credentials) is_recent(RECENT_RIGHT, client, span_of_key(credentials), now_ms, true);
}

void throttle_clear(void) {
    memset(table, 0, sizeof table);
    recent_clear();
}
