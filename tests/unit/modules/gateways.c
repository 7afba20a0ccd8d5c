/* gateways.c - for tests of gateways: rules from a configuration, and doubles for links, jobs, programs and TLS */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "gateways.h"

#include <check.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "modules/gateway/link.h"
#include "server/counters.h"

static const struct gateway_kind all_kind = {.directive = "t.server", .check_local = true, .has_check_local = true,
                                             .has_schemes = true, .has_authorizers = true, .has_programs = true};
static const struct gateway_kind proxy_kind = {
    .directive = "p.server", .default_port = 80, .has_schemes = true, .has_http_checks = true};

static void *make_all(const struct value *v, struct complaints *c) {
    return gateway_rules_make(v, &all_kind, c);
}

static void *make_proxy(const struct value *v, struct complaints *c) {
    return gateway_rules_make(v, &proxy_kind, c);
}

static const struct directive directives[] = {
    {"t.server", DIRECTIVE_TABLE, SCOPE_ANY, offsetof(struct gateway_settings, t), "", make_all, gateway_rules_drop,
     0, NULL},
    {"p.server", DIRECTIVE_TABLE, SCOPE_ANY, offsetof(struct gateway_settings, p), "", make_proxy, gateway_rules_drop,
     0, NULL},
    {"t.balance", DIRECTIVE_STRING, SCOPE_ANY, offsetof(struct gateway_settings, balance), "", gateway_balance_make,
     NULL, 0, NULL},
    DIRECTIVE_END};

static const struct gateway_settings defaults;
static const struct hook hooks[] = {{PHASE_COUNT, NULL, LASTS}};
const struct module gateways = {MODULE_ABI, "gateways",           directives, hooks, sizeof(struct gateway_settings),
                                &defaults,  NULL, NULL};

/* What they count is of no interest here. */
struct backend_counts *counters_backend(struct span name) {
    static struct backend_counts counts;
    (void)name;
    return &counts;
}

/* ---- programs -------------------------------------------------------------------------------------------------- */

unsigned gateways_programs, gateways_tls, gateways_closed;

struct program *program_hold(const struct program_spec *spec) {
    struct program *p = memory_zeroed(1, sizeof *p);
    size_t count = 0;
    while (spec->envp[count]) count++;
    p->command = span_dup(spec->command);
    p->listen = span_dup(spec->listen);
    p->envp = memory_zeroed(count + 1, sizeof *p->envp);
    for (size_t i = 0; i < count; i++) p->envp[i] = span_dup(span_of(spec->envp[i]));
    p->backlog = spec->backlog;
    p->kill_signal = spec->kill_signal;
    gateways_programs++;
    return p;
}

void program_drop(struct program *p) {
    if (!p) return;
    for (char **text = p->envp; *text; text++) free(*text);
    free(p->envp);
    free(p->command);
    free(p->listen);
    free(p);
    gateways_programs--;
}

/* ---- TLS, links ------------------------------------------------------------------------------------------------ */

struct tls_client *tls_client_make(const struct tls_client_options *o, struct inputs *inputs, struct place at,
                                   struct complaints *c) {
    (void)inputs, (void)at, (void)c;
    struct tls_client *x = memory_zeroed(1, sizeof *x);
    x->options = *o;
    x->refs = 1;
    gateways_tls++;
    return x;
}

struct tls_client *tls_client_hold(struct tls_client *x) {
    x->refs++;
    return x;
}

void tls_client_drop(struct tls_client *x) {
    if (!x || --x->refs) return;
    free(x);
    gateways_tls--;
}

struct tls *tls_connect(struct tls_client *x, int fd) {
    (void)x, (void)fd;
    return NULL;
}

void tls_drop(struct tls *t) {
    (void)t;
}

enum tls_progress tls_handshake(struct tls *t) {
    (void)t;
    return TLS_FAILED;
}

const char *tls_why(const struct tls *t, bool *is_noise) {
    (void)t;
    *is_noise = false;
    return "";
}

ssize_t tls_receive(struct tls *t, char *bytes, size_t n) {
    (void)t, (void)bytes, (void)n;
    return WIRE_BROKEN;
}

enum wire_sent tls_flush(struct tls *t, struct chunks *q, uint64_t max) {
    (void)t, (void)q, (void)max;
    return WIRE_FAILED;
}

void links_close_idle(struct backend *b) {
    (void)b;
    gateways_closed++;
}

/* ---- jobs ------------------------------------------------------------------------------------------------------ */

static struct job job;
struct job *gateways_job;
unsigned gateways_asked;

struct job *job_ask(const struct job_kind *kind, struct span question, void (*done)(void *arg, struct span answer),
                    void *arg) {
    ck_assert_ptr_eq(kind, &resolve_job);
    ck_assert_ptr_null(gateways_job);
    snprintf(job.question, sizeof job.question, "%.*s", SPAN_ARG(question));
    job.done = done;
    job.arg = arg;
    gateways_asked++;
    return gateways_job = &job;
}

void job_forget(struct job *j) {
    if (j) gateways_job = NULL;
}

void gateways_answer(const char *answer) {
    struct job *j = gateways_job;
    ck_assert_ptr_nonnull(j);
    gateways_job = NULL;
    j->done(j->arg, span_of(answer));
}

/* ---- time ------------------------------------------------------------------------------------------------------ */

uint64_t gateways_ms;

static uint64_t now(void *arg) {
    (void)arg;
    return gateways_ms;
}

struct fdevents *gateways_events(void) {
    struct fdevents *events = fdevents_make(NULL, 64);
    ck_assert_ptr_nonnull(events);
    gateways_ms = 1000000;
    fdevents_set_clock(events, now, NULL);
    fdevents_turn(events, 0);
    return events;
}

/* A deadline may be late by a tick. */
void gateways_pass(struct fdevents *events, uint64_t ms) {
    gateways_ms += ms;
    fdevents_turn(events, 0);
}
