/* counting.h - where the server counts: requests that are over, jumps between states, once a second the rest */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_COUNTING_H
#define GOLDCREST_COUNTING_H

#include "server/conn.h"
#include "server/counters.h"

struct worker;

/* A request or a connection comes to a state otherwise than by the table; STATE_COUNT: from nowhere, or to it. */
static inline void request_jumps(unsigned from, unsigned to) {
    if (from < REQUEST_STATE_COUNT) counters->tally.requests.out[from]++;
    if (to < REQUEST_STATE_COUNT) counters->tally.requests.in[to]++;
}
static inline void conn_jumps(unsigned from, unsigned to) {
    if (from < CONN_STATE_COUNT) counters->tally.conns.out[from]++;
    if (to < CONN_STATE_COUNT) counters->tally.conns.in[to]++;
}

/* Once for each request that has got an answer, or was to get one. */
void request_counted(struct request *r);
/* A run-time error: whose fault, as far as HTTP/2 tells. Before the stream is reset. */
void request_error_counted(const struct request *r);
/* c->tls is through with its handshake, well or not. */
void handshake_counted(const struct conn *c, bool is_good);

/* What is found by looking: the cache, samples of how it went, and for those who look what it is at. */
void counting_look(struct worker *w);
void counting_begin(struct worker *w); /* whose counters_refresh() are; NULL: it is gone */

/* The name under which requests of a plan are counted. */
struct plan;
struct span counted_vhost(const struct plan *p);

#endif
