/* watch.h - what goes on for a backend beside requests: its name is asked for, its health is looked at */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_GATEWAY_WATCH_H
#define GOLDCREST_GATEWAY_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "fdevents/fdevent.h"
#include "modules/gateway/backend.h"
#include "server/module.h"

/* backend_work - of a backend that is named, in a worker; begins with backends_begin() */
struct backend_work {
    struct backend *backend;
    struct fdevents *events;

    /* resolve.c; nothing of it for addresses and sockets */
    struct deadline resolve_in;
    struct job *job;               /* a question is under way */
    bool has_asked;                /* … or was once answered, well or not */
    bool is_due;                   /* the answer is old, but nobody has used the backend: asked with the next use */
    bool was_used;                 /* since the last answer */
    bool said_failure;
    uint32_t backoff_s;

    /* check.c */
    struct deadline check_in;
    struct check_run *run;         /* one is under way */
};

/* ---- resolve.c -------------------------------------------------------------------------------- */

extern const struct job_kind resolve_job;

void resolve_begin(struct backend *b); /* idempotent */
void resolve_end(struct backend *b);
void resolve_used(struct backend *b);  /* a request goes there */
/* Its address, if it is a literal or a socket: done for ever. */
bool resolve_literal(struct backend *b);

enum { RESOLVE_TTL_MIN_S = 10, RESOLVE_TTL_MAX_S = 300, RESOLVE_TTL_S = 60, RESOLVE_BACKOFF_MAX_S = 60 };

/* resolution - the answer of a resolve_job, as text: "ttl 60\n192.0.2.1\nfe80::1%2\n", or "!why not" */
struct resolution {
    struct addr_room addresses[ADDRESSES_MAX];
    unsigned count;
    uint32_t ttl_s; /* within the bounds */
    struct span why; /* count 0: in the answer's bytes, or a constant */
};
void resolution_read(struct resolution *r, struct span answer, uint16_t port);
/* What an answer means for the backend; for resolve.c and its test. */
void resolve_take(struct backend *b, struct span answer);

/* ---- check.c ---------------------------------------------------------------------------------- */

void check_begin(struct backend *b); /* idempotent; the newest host's "check" is in force */
void check_end(struct backend *b);
/* That host goes: nothing is asked in its name any more. */
void check_unname(struct backend *b, const struct gateway_host *h);

/* The status of "HTTP/1.1 200 OK…" once its first line is there: -1 not yet, 0 nonsense. */
int check_status(struct span head);

/* ---- health.c --------------------------------------------------------------------------------- */

/* The newest host that names it and has a "check"; NULL: none has. */
const struct gateway_host *health_checked_host(const struct backend *b);
/* An active check has ended: why NULL for a good one, else a sentence part. */
void health_checked(struct backend *b, const char *why, uint64_t now_ms);
/* Is it an error of our own (no descriptor, no port left) that says nothing of the backend? Then the log has it. */
bool health_excuses(struct backend *b, int error, uint64_t now_ms);
/* No active checks any more: what they said is forgotten. */
void health_unchecked(struct backend *b);

#endif
