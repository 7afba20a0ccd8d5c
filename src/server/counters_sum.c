/* counters_sum.c - what all processes have counted, added up */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "server/counters_private.h"
#include "server/handler.h"

enum { TRIES = 1000, GAP_MS = 1500 };

const struct counters *counters_next(const struct counters *c) {
    if (!counters_room) return c ? NULL : counters;
    size_t i = c ? (size_t)(c - counters_room->blocks) + 1 : 1;
    for (; i <= counters_slots; i++)
        if (counters_room->blocks[i].runs) return &counters_room->blocks[i];
    return NULL;
}

/* ---- the two machines ------------------------------------------------------------------------- */

#define ROW(state, step, limit, go_on, finished, comeback, error, says) \
    {CONN_##go_on, CONN_##finished, CONN_##comeback, CONN_##error},
static const uint8_t conn_next[CONN_STATE_COUNT][WORDS] = {CONN_STATES(ROW)};
#undef ROW
#define ROW(state, step, limit, go_on, finished, comeback, error, says) \
    {REQUEST_##go_on, REQUEST_##finished, REQUEST_##comeback, REQUEST_##error},
static const uint8_t request_next[REQUEST_STATE_COUNT][WORDS] = {REQUEST_STATES(ROW)};
#undef ROW

/* Who stands at `state`: whoever came there, less whoever went. A worker is read while it goes on: never below 0. */
static uint64_t standing(const uint64_t (*said)[WORDS], const uint8_t (*next)[WORDS], const uint64_t *in,
                         const uint64_t *out, unsigned state, unsigned states) {
    uint64_t came = in[state], went = out[state];
    for (unsigned s = 0; s < states; s++)
        for (unsigned word = 0; word < WORDS; word++) {
            if (next[s][word] == state) came += said[s][word];
            if (s == state) went += said[s][word];
        }
    return came > went ? came - went : 0;
}

static void add_states(struct counters_sum *sum, const struct tally *t) {
    for (unsigned s = 0; s < CONN_STATE_COUNT; s++)
        sum->conns[s] += standing(t->conns.said, conn_next, t->conns.in, t->conns.out, s, CONN_STATE_COUNT);
    for (unsigned s = 0; s < REQUEST_STATE_COUNT; s++)
        sum->requests[s] +=
            standing(t->requests.said, request_next, t->requests.in, t->requests.out, s, REQUEST_STATE_COUNT);
}

/* ---- sums ------------------------------------------------------------------------------------- */

static void add_vhosts(struct counters_sum *sum, const struct counters *c) {
    char name[COUNTED_NAME_BYTES];
    for (uint32_t i = 0, n = counted_vhosts(c); i < n; i++) {
        counted_name(name, c->vhosts[i].name);
        uint32_t at = 0;
        while (at < sum->vhost_count && strcmp(sum->vhosts[at].name, name) != 0) at++;
        if (at == VHOSTS_MAX) at = 0;
        if (at == sum->vhost_count) memcpy(sum->vhosts[sum->vhost_count++].name, name, COUNTED_NAME_BYTES);
        vhost_add(&sum->vhosts[at], &c->vhosts[i]);
    }
}

static void add_backends(struct counters_sum *sum, const struct counters *c, bool runs) {
    char name[COUNTED_NAME_BYTES];
    for (uint32_t i = 0, n = counted_backends(c); i < n; i++) {
        counted_name(name, c->backends[i].name);
        uint32_t at = 0;
        while (at < sum->backend_count && strcmp(sum->backends[at].name, name) != 0) at++;
        if (at == BACKENDS_MAX) at = 0;
        if (at == sum->backend_count) memcpy(sum->backends[sum->backend_count++].name, name, COUNTED_NAME_BYTES);
        backend_add(&sum->backends[at], &c->backends[i], runs);
    }
}

static void add(struct counters_sum *sum, const struct counters *c, bool runs) {
    tally_add(&sum->tally, &c->tally, true);
    if (runs) add_states(sum, &c->tally);
    add_vhosts(sum, c);
    add_backends(sum, c, runs);
    toplist_merge(&sum->clients, &c->clients);
    sum->workers += runs;
}

static void add_all(struct counters_sum *sum) {
    memset(sum, 0, sizeof *sum);
    if (counters_room) add(sum, &counters_room->blocks[0], false);
    for (const struct counters *c = counters_next(NULL); c; c = counters_next(c)) add(sum, c, true);
}

static bool is_moving(uint32_t before) {
    return counters_room && ((before & 1) || atomic_load(&counters_room->moves) != before);
}

static uint64_t requests_of(const struct tally *t) {
    return t->rows[COUNT_REQUESTS_10] + t->rows[COUNT_REQUESTS_11] + t->rows[COUNT_REQUESTS_20];
}

struct counters_sum *counters_sum(void) {
    struct counters_sum *sum = memory_get(sizeof *sum);
    uint32_t before;
    unsigned tries = 0;
    do {
        before = counters_room ? atomic_load(&counters_room->moves) : 0;
        add_all(sum);
    } while (is_moving(before) && ++tries < TRIES); /* a master that was killed meanwhile never ends */
    sum->answered = requests_of(&sum->tally);
    for (uint32_t i = 0; i < sum->vhost_count; i++) {
        histogram_merge(&sum->time, &sum->vhosts[i].time);
        for (unsigned k = 0; k < 6; k++) sum->classes[k] += sum->vhosts[i].classes[k];
    }
    toplist_sort(&sum->clients);
    return sum;
}

/* ---- how it went ------------------------------------------------------------------------------ */

static struct sample sample_of(const struct tally *t, uint64_t at_ms) {
    return (struct sample){at_ms, requests_of(t), t->rows[COUNT_WIRE_OUT], t->rows[COUNT_WIRE_IN]};
}

static uint64_t between(uint64_t a, uint64_t b, uint64_t part, uint64_t whole) {
    return b > a && whole ? a + (uint64_t)((double)(b - a) * (double)part / (double)whole) : a;
}

/* Samples are taken while there is something to do: what lies before a gap has changed at its end. */
static struct sample on_the_line(struct sample a, struct sample b, uint64_t at_ms) {
    if (b.at_ms > a.at_ms + GAP_MS) a.at_ms = b.at_ms - GAP_MS;
    uint64_t part = at_ms > a.at_ms ? at_ms - a.at_ms : 0, whole = b.at_ms - a.at_ms;
    if (part > whole) part = whole;
    return (struct sample){at_ms, between(a.requests, b.requests, part, whole),
                           between(a.sent_bytes, b.sent_bytes, part, whole),
                           between(a.received_bytes, b.received_bytes, part, whole)};
}

static struct sample worker_at(const struct counters *c, uint64_t at_ms, uint64_t now_ms) {
    uint32_t count = c->sample_count, first = count > SAMPLES ? count - SAMPLES : 0;
    struct sample before = {0};
    for (uint32_t i = first; i < count; i++) {
        struct sample s = c->samples[i % SAMPLES];
        if (s.at_ms >= at_ms) return i == first && first ? s : on_the_line(before, s, at_ms);
        before = s;
    }
    return on_the_line(before, sample_of(&c->tally, now_ms), at_ms);
}

struct sample counters_at(uint64_t at_ms) {
    struct sample sum = {0};
    uint64_t now_ms = clock_monotonic_ns() / 1000000;
    if (counters_room) sum = sample_of(&counters_room->blocks[0].tally, 0);
    sum.at_ms = at_ms;
    for (const struct counters *c = counters_next(NULL); c; c = counters_next(c)) {
        struct sample s = worker_at(c, at_ms, now_ms);
        sum.requests += s.requests;
        sum.sent_bytes += s.sent_bytes;
        sum.received_bytes += s.received_bytes;
    }
    return sum;
}
