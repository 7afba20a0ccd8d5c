/* why.c - why a request has no answer of a backend: for the logs */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <errno.h>

#include "modules/gateway/exchange_private.h"

static struct span who(const struct exchange *x) {
    const struct gateway_host *h = x->pair.host;
    return h ? h->label : SPAN("the program");
}

/* The request itself cannot be said to that backend, which is well. */
static const char *of_request(int status) {
    switch (status) {
    case 400: return "the request cannot be said in its protocol";
    case 411: return "it wants a length, and the body has none";
    case 431: return "the head is larger than it takes";
    case 501: return "it does not take such requests";
    default: return "the answer cannot be used";
    }
}

/* Nobody could be asked. */
static const char *of_choice(const struct exchange *x) {
    switch ((enum backend_state)x->no_host) {
    case BACKEND_UP: return "all hosts have as many requests as \"max-conns\" allows";
    case BACKEND_UNRESOLVED: return "no host's name is known";
    case BACKEND_RESTS: return "all hosts rest after failures";
    case BACKEND_UNFIT: break;
    }
    return "no host has passed its checks";
}

static struct span failure(const struct exchange *x) {
    struct arena *a = &x->pair.r->arena;
    const char *when = x->has_heard ? "in the middle of its answer" : "before it said anything";
    struct span why = x->pair.why;
    if (!why.n) why = x->error ? span_of(strerror(x->error)) : SPAN("it closed the connection");
    if (x->failure == OUTCOME_TIMED_OUT && x->failed_at != EXCHANGE_CONNECTS) return SPAN("no answer in time");
    if (x->failure == OUTCOME_REFUSED) return arena_printf(a, "no connection: %.*s", SPAN_ARG(why));
    if (x->failure == OUTCOME_GONE && !x->pair.why.n) return span_of(of_request(x->status));
    return arena_printf(a, "%.*s (%s)", SPAN_ARG(why), when);
}

void exchange_note_reason(struct exchange *x) {
    struct request *r = x->pair.r;
    struct place at = x->ask.rule ? x->ask.rule->place : (struct place){NULL, 0};
    const char *directive = x->ask.kind->directive;
    if (request_has_reason(r)) return; /* whoever knows better has said it */
    if (x->has_no_host) request_reason_at(r, directive, at, "%s", of_choice(x));
    else request_reason_at(r, directive, at, "%.*s: %.*s", SPAN_ARG(who(x)), SPAN_ARG(failure(x)));
}

/* Its head is with the client already. What the log has to say beside backend_ended(). */
void exchange_say_failure(const struct exchange *x) {
    if (x->failure == OUTCOME_GONE) return;
    request_say(x->pair.r, LOG_IS_ERROR, "%.*s: %.*s (for %.*s)", SPAN_ARG(who(x)), SPAN_ARG(failure(x)),
                SPAN_ARG(x->pair.r->in.target_sent));
}
