/* plan.h - what a configuration means for one combination of conditions: merged settings, active hooks */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_PLAN_H
#define GOLDCREST_PLAN_H

#include <stdint.h>

#include "server/settings.h"

struct planned_hook {
    enum handler (*run)(struct request *r, const void *settings);
    const void *settings;
    enum lasting lasting;
    uint16_t module;
};

/* plan - built when its combination is first seen, then found by its bits; belongs to its conf */
struct plan {
    const struct conf *conf;
    const uint64_t *words;            /* which blocks apply */
    const struct core_settings *core;
    const void **settings;            /* per module; NULL where it is not active */
    struct planned_hook *hooks[PHASE_COUNT];
    uint16_t hook_count[PHASE_COUNT];
    uint64_t pace_block;              /* whose server.kbytes-per-second holds: block_identity() */
    uint16_t vhost;                   /* counters_vhost() */
    bool alone;                       /* built for one request, since there are too many already */
};

enum { PLANS_MAX = 4096 };

/* The plan for the blocks that apply to r. Beyond PLANS_MAX it is made in r's arena, for r alone. */
const struct plan *plan_for(struct conf *conf, struct request *r, struct span socket);

/* The plan of the global block alone: for connections that have no request yet. */
const struct plan *plan_global(struct conf *conf);

/* Before conf is served: what a rehearsal has built, with logs that were not open and hosts that were not counted. */
void plans_forget(struct conf *conf);

#endif
