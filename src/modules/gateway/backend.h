/* backend.h - a host that answers requests, as this worker knows it: addresses, health, load, kept connections */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_GATEWAY_BACKEND_H
#define GOLDCREST_GATEWAY_BACKEND_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/list.h"
#include "base/span.h"
#include "fdevents/fdevent.h"
#include "modules/gateway/options.h"
#include "net/addr.h"
#include "server/counters.h"

enum { ADDRESSES_MAX = 16 };

/* Why a backend is not asked, for the log, the status page and 502/503/504. */
enum backend_state {
    BACKEND_UP,
    BACKEND_UNRESOLVED,
    BACKEND_RESTS, /* failed just now: disable-time */
    BACKEND_UNFIT  /* active checks say so */
};

/*
 * backend - counted; found again by its identity (protocol, scheme, address, TLS), so that what is known of it
 * survives a reload. Configurations hold it, and links and exchanges. Lives in each worker on its own; before
 * backends_begin() (in the master, with -t) it is passive.
 */
struct backend {
    unsigned refs;
    unsigned configured;           /* gateway_hosts that name it: 0: it ends with what it is at */
    struct span identity;          /* own memory */
    struct span name;              /* "app.example:8443", "/run/php.sock"; for the log; within identity or own */
    struct list all;               /* backends.c */
    struct list naming;            /* the hosts that name it, newest last */
    const struct gateway_host *host; /* the newest of them; NULL: nobody does */

    /* addresses: a literal has its own for ever; a name is asked for by a job, and again by TTL (10…300 s) */
    struct addr_room addresses[ADDRESSES_MAX];
    unsigned address_count, address_next;
    uint16_t bad_addresses;        /* bits: connecting failed last time, others are preferred */
    uint16_t port;
    bool is_fixed;                 /* a literal or a socket */
    char why_unresolved[96];       /* for the log */

    /* load and health */
    uint32_t active;               /* requests that it is at now (of this worker) */
    struct list unheard;           /* exchanges on a fresh connection that has said nothing, the oldest first */
    uint32_t fails;                /* in a row */
    uint64_t rests_until_ms;       /* after max_fails; 0: it does not */
    bool rests_softly;             /* it connects, but did not answer: still asked when there is no other */
    bool is_tried;                 /* the rest is over, and one request tries it */
    uint64_t up_since_ms;          /* it came back then: slow start; 0: it was never away */
    uint64_t down_since_ms;        /* it was said that it is away; 0: it is not */
    int said_error;                /* with this error */
    uint64_t said_failure_ms;      /* it was said that an attempt has failed, though it does not rest; 0: never */
    bool is_unfit;                 /* active checks say so */
    bool is_new;                   /* no active check has ended yet: taken for fit */
    uint32_t checks_good, checks_bad; /* in a row */
    int64_t credit;                /* round-robin by weight (smooth) */
    uint64_t served, failed;
    struct backend_counts *counts; /* of this worker, for the status page; never NULL */

    /* kept connections, most recently used first; link.c's */
    struct list idle;
    unsigned idle_count;
    struct list h2_links;          /* connections of HTTP/2 that others may join */
    uint32_t h2_streams;           /* how many streams its last connection took; 0: not known yet */
    struct list waiters;           /* backend_wait() */
    struct backend_work *work;     /* watch.h: resolver job, check, deadlines; NULL while passive */
};

/* ---- backends.c ------------------------------------------------------------------------------- */

/* Found by h->identity, or made; for gateway_rules_make(). The host is remembered as the newest that names it. */
struct backend *backend_for(struct gateway_host *h);
/* The configuration that held h is dropped; when nobody else names h->backend, its idle connections are closed. */
void backend_unname(struct gateway_host *h);
struct backend *backend_hold(struct backend *b);
void backend_drop(struct backend *b);

/* module_work of every gateway module (idempotent): resolving and active checks begin; what nobody names any more
 * ends. */
void backends_begin(struct fdevents *events);
void backends_end(void);
extern const struct module_work gateway_work; /* begin, end, jobs: for the modules' `work` */

/* All of them, for the status page and tests: NULL first, NULL at the end. */
struct backend *backends_next(const struct backend *b);

/* Where to connect to: another one of its addresses each time. NULL: none is known. Lives as long as b. A host
 * with several (b->address_count) deserves an attempt at each before the backend has failed. */
const struct addr_room *backend_address(struct backend *b);
/* Connecting to that one (of backend_address()) came to nothing: while others are there, they are preferred. */
void backend_address_failed(struct backend *b, const struct addr_room *which);

/*
 * A host of the rule whose name is asked for for the first time just now, so that it is worth to wait a moment (after
 * gateway_choose() has said NULL and BACKEND_UNRESOLVED); or NULL. `wake` is called once, when that has ended, well
 * or not; the backend is held meanwhile.
 */
struct backend_waiter {
    struct list link;
    void (*wake)(void *arg);
    void *arg;
};
struct backend *gateway_pending(const struct gateway_rule *rule);
void backend_wait(struct backend *b, struct backend_waiter *w);
void backend_wait_no_more(struct backend_waiter *w); /* not after wake() */

/* ---- health.c --------------------------------------------------------------------------------- */

enum backend_state backend_state(const struct backend *b, uint64_t now_ms);
const char *backend_state_name(enum backend_state s);
/* What others see of it is brought up to date. */
void backend_show(struct backend *b, uint64_t now_ms);

/* What an attempt came to; says in the log when a backend goes down or comes up (once, with what to do). */
enum outcome {
    OUTCOME_GOOD,      /* it has answered, whatever the status */
    OUTCOME_REFUSED,   /* no connection (connect-timeout: ETIMEDOUT; TLS did not come about: EPROTO). error is errno.
                          max_fails of them in a row, and it rests. Not its fault: EMFILE, ENOBUFS …: says nothing */
    OUTCOME_TIMED_OUT, /* connected, but no head in time. This and BROKEN can be a client's fault: several in a row,
                          and others are preferred, but it is still asked when there is no other */
    OUTCOME_BROKEN,    /* it ended the connection, or spoke nonsense (a kept connection that was closed: GONE) */
    OUTCOME_GONE       /* the client left, or the request was given up: says nothing of the backend */
};
void backend_began(struct backend *b, uint64_t now_ms);             /* active + 1; the try after a rest */
void backend_ended(struct backend *b, enum outcome o, int error, uint64_t now_ms); /* active - 1 */
/* Of an attempt that goes on: the backend answers (the head has come); rests end now and not with the last byte. */
void backend_answered(struct backend *b, uint64_t now_ms);

/* ---- balance.c -------------------------------------------------------------------------------- */

enum { TRIED_MAX = 16 };
/*
 * The host of the rule to ask: among those that are up, not tried yet and below max_conns, as `how` says (weights and
 * slow start count; backups only when no other is left). NULL: none; *state is then the best reason (503 when they
 * rest or are full, 502 …).
 */
const struct gateway_host *gateway_choose(const struct gateway_rule *rule, enum gateway_balance how,
                                          const struct request *r, const struct backend *const *tried,
                                          unsigned tried_count, uint64_t now_ms, enum backend_state *why);

/* ---- explain.c: what to do about an error ----------------------------------------------------- */

/* For EACCES, ENOENT, ECONNREFUSED … on a unix socket: one line that names the component of the path that is to
 * blame, its owner and mode, and our user and groups; for TCP (socket_path empty) what to look at. Into out, without
 * a newline; begins with what strerror() says. */
void explain_connect(struct span socket_path, int error, struct buf *out);

#endif
