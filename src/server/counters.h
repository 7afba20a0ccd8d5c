/* counters.h - what is counted: a block of shared memory for each process, written by it alone, summed by readers */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_COUNTERS_H
#define GOLDCREST_COUNTERS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/histogram.h"
#include "base/span.h"
#include "base/toplist.h"
#include "http/names.h"
#include "server/states.h"

/*
 * The master makes the memory before its first fork: a block for itself and one for each worker there may ever be.
 * Counting is a plain store into one's own block: no locks, no lines of the processor's cache that go back and forth.
 * When a worker has ended, the master adds what it had counted to its own block and clears the worker's, so that sums
 * never fall. A process without such memory (-1, -t, tests) counts in a block of its own.
 */

enum counter {
#define COUNTER(id, kind, family, label, help) COUNT_##id,
#include "server/counters.def"
#undef COUNTER
    COUNTERS
};

enum {
    WORDS = 4,             /* HANDLER_GO_ON … HANDLER_ERROR */
    STATUS_FIRST = 100,
    STATUSES = 500,        /* 100 … 599 */
    VHOSTS_MAX = 128,      /* [0] is "other": those beyond */
    BACKENDS_MAX = 64,     /* likewise */
    COUNTED_NAME_BYTES = 96,
    SAMPLES = 300,         /* one a second: five minutes */
    SHOWN_ROOM = 64         /* requests and connections that a worker shows of what it is at */
};

/* moves - one of the two machines of states.h: what each step said, and who came and went otherwise */
struct conn_moves {
    uint64_t said[CONN_STATE_COUNT][WORDS], in[CONN_STATE_COUNT], out[CONN_STATE_COUNT];
};
struct request_moves {
    uint64_t said[REQUEST_STATE_COUNT][WORDS], in[REQUEST_STATE_COUNT], out[REQUEST_STATE_COUNT];
};

/* tally - nothing but words that are added up */
struct tally {
    uint64_t rows[COUNTERS];
    struct conn_moves conns;
    struct request_moves requests;
    uint64_t status[STATUSES];    /* as sent; other numbers are not counted */
    uint64_t methods[METHOD_COUNT];
};

/* vhost_counts - a virtual host: server.name, or what mod_evhost or mod_simple_vhost have found, or the condition on
 * the host that holds, or "default" */
struct vhost_counts {
    char name[COUNTED_NAME_BYTES];
    uint64_t received_bytes, sent_bytes, sent_body_bytes; /* of requests that are over */
    uint64_t classes[6];          /* of statuses: [2] is 2xx; [0]: no status was sent */
    struct histogram time;        /* from a request's first byte until its response is queued */
};

/* backend_counts - a host that gateways ask; state and active are gauges */
struct backend_counts {
    char name[COUNTED_NAME_BYTES]; /* "proxy 127.0.0.1:8080" */
    uint64_t requests, errors, connects, connect_errors, reused;
    uint64_t active;
    uint64_t state;               /* 0: nobody names it; else the worst one of the workers: enum backend_state + 1 */
    struct histogram time;        /* from the choice of it until its response's head is there */
};

/* sample - what a worker had counted at that time (monotonic ms) */
struct sample {
    uint64_t at_ms, requests, sent_bytes, received_bytes;
};

/* shown - a connection, or one of its requests, as a worker had it within the last second */
struct shown {
    char client[48], host[64], uri[128], uri_sent[64], file[96];
    uint64_t received_bytes, received_of, sent_bytes, sent_of, since_ms; /* monotonic */
    uint8_t conn_state, request_state; /* REQUEST_STATE_COUNT: it has no request */
    bool is_kept_alive, is_tls, is_h2;
};

struct counters {
    struct tally tally;
    _Atomic uint32_t runs;        /* a worker counts here */
    _Atomic uint32_t vhost_count, backend_count; /* names before them are complete */
    struct vhost_counts vhosts[VHOSTS_MAX];
    struct backend_counts backends[BACKENDS_MAX];
    struct toplist clients;
    uint32_t sample_count;        /* ever taken: the last one is samples[(sample_count - 1) % SAMPLES] */
    struct sample samples[SAMPLES];
    uint32_t shown_count, conn_count; /* conn_count: of which `shown` is a part */
    uint64_t shown_ms;            /* when; 0: never */
    struct shown shown[SHOWN_ROOM];
};

/* This process's block, never NULL. */
extern struct counters *counters;

static inline void count(enum counter c) {
    counters->tally.rows[c]++;
}
static inline void count_add(enum counter c, uint64_t n) {
    counters->tally.rows[c] += n;
}
static inline void gauge_set(enum counter c, uint64_t n) {
    counters->tally.rows[c] = n;
}

/* ---- the master ------------------------------------------------------------------------------- */

/* Before the first fork: room for so many workers, and more, since a reload may want them. Without memory it says so,
 * and each process counts for itself. */
void counters_make(unsigned workers);
/* A slot for a worker that is about to be forked. COUNTERS_NO_SLOT: there are too many; it counts for itself. */
enum { COUNTERS_NO_SLOT = -1 };
int counters_take_slot(void);
/* In that worker. */
void counters_use(int slot);
/* The worker of that slot has ended, or was never begun: what it counted goes to the master's. */
void counters_ended(int slot);

/* For a binary upgrade: everything that only grows, as lines of text, "goldcrest-counters 1" the first. Import adds
 * it to the master's; rows that this build does not know are left out. False: it is no such text. */
void counters_export(struct buf *out);
bool counters_import(struct span text);

/* What is only played through (explain, tests) is not counted: between the two calls. */
void counters_set_aside(void);
void counters_go_on(void);

/* ---- in the process that counts --------------------------------------------------------------- */

/* Text for pages and metrics, which have to be UTF-8: what is none, or controls, is "?"; longer text ends with a
 * whole character where there is room. */
void counted_text(char *to, size_t room, struct span text);

/* The place of that name in this process's vhosts, made if there is room; 0: "other". */
unsigned counters_vhost(struct span name);
/* Likewise of a backend; never NULL. Good until the process ends. */
struct backend_counts *counters_backend(struct span name);

/* ---- readers ---------------------------------------------------------------------------------- */

/* counters_sum - of all processes, at one moment as nearly as may be: two sums, one after the other, never fall */
struct counters_sum {
    struct tally tally;
    uint64_t conns[CONN_STATE_COUNT], requests[REQUEST_STATE_COUNT]; /* how many stand there now */
    uint64_t answered;            /* requests that are over */
    uint64_t classes[6];
    struct histogram time;
    unsigned workers;
    uint32_t vhost_count, backend_count;
    struct vhost_counts vhosts[VHOSTS_MAX];
    struct backend_counts backends[BACKENDS_MAX];
    struct toplist clients;       /* the most frequent first */
};
struct counters_sum *counters_sum(void); /* to be freed with free() */

/* Of all workers together, at a time of the monotonic clock within the last SAMPLES seconds. */
struct sample counters_at(uint64_t at_ms);

/* The blocks of workers that run, one after the other: NULL first, NULL at the end. */
const struct counters *counters_next(const struct counters *c);

/* Seconds since 1970 when the server was started; an upgrade does not change it. */
int64_t counters_started_s(void);

/* What this process alone knows (the cache, `shown`) is brought up to date in its block. */
void counters_refresh(void);

/* Somebody looks at `shown`: workers fill it in once a second while that is not long ago. */
void counters_look(void);
bool counters_are_looked_at(void);

/* ---- the table -------------------------------------------------------------------------------- */

struct counter_row {
    const char *id, *family, *label, *help;
    bool is_gauge;
};
extern const struct counter_row counter_rows[COUNTERS];

#endif
