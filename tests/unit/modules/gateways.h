/* gateways.h - for tests of gateways: rules from a configuration, and doubles for links, jobs, programs and TLS */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_TESTS_GATEWAYS_H
#define GOLDCREST_TESTS_GATEWAYS_H

#include "modules/gateway/backend.h"
#include "modules/gateway/watch.h"
#include "tls/client.h"
#include "trial.h"

/* A module with "t.server" of a kind that may everything, "p.server" as a proxy has it, and "t.balance". */
extern const struct module gateways;

struct gateway_settings {
    struct gateway_rules *t, *p;
    const enum gateway_balance *balance;
};

static inline const struct gateway_settings *gateways_of(const struct trial *t) {
    return t->settings;
}

/* ---- what the doubles saw --------------------------------------------------------------------- */

struct program {
    char *command, *listen;
    char **envp;
    uint32_t backlog;
    int kill_signal;
    unsigned refs;
};
extern unsigned gateways_programs, gateways_tls, gateways_closed; /* alive; calls of links_close_idle() */

struct tls_client {
    struct tls_client_options options; /* spans as they were given */
    unsigned refs;
};

/* The job that was asked last and has not ended; NULL: none. */
struct job {
    char question[256];
    void (*done)(void *arg, struct span answer);
    void *arg;
};
extern struct job *gateways_job;
extern unsigned gateways_asked;
/* Ends it. */
void gateways_answer(const char *answer);

/* Events with a clock that stands until it is moved. */
extern uint64_t gateways_ms;
struct fdevents *gateways_events(void);
/* Moves it on, and lets fire what is due. */
void gateways_pass(struct fdevents *events, uint64_t ms);

#endif
