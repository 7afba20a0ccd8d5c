/* serving.h - a worker process, from fork() to exit */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_SERVING_H
#define GOLDCREST_SERVING_H

#include <stdint.h>

#include "server/listeners.h"
#include "server/loggers.h"
#include "server/privileges.h"
#include "server/sandbox.h"
#include "server/settings.h"

enum { WORKER_IS_READY = 'R' }; /* written to the control socket once the worker serves */

/* serving - what the master hands to the process it has just forked */
struct serving {
    struct conf *conf;
    struct held_listener *listeners;
    struct logger *loggers;
    struct who who;
    int counted;          /* its slot of the counters */
    unsigned slot, slots; /* which of so many workers: which of a listener's sockets */
    int control;          /* this end of the pair */
    int helper;           /* this end of a line to the helper (jobs.h); -1: there is none */
    uint32_t idle_exit_s;
    const struct sandbox *sandbox;
    bool rehearses;       /* it ends when it is ready: nobody is served */
    bool leaves_terminal; /* once it is ready nothing of its own holds the terminal */
};

/* Gives up privileges, opens logs, says that it is ready, serves, ends the process. */
_Noreturn void serving_run(const struct serving *s);

#endif
