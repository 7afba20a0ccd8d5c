/* watch.h - for those who want to know why: told of what hooks and steps decide (rehearsal.c) */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_WATCH_H
#define GOLDCREST_WATCH_H

#include <stdarg.h>

#include "conf/value.h"
#include "server/module.h"
#include "server/plan.h"

/*
 * watcher - there is none in a server: then all that this costs is a look at a pointer behind a hook, on the way of
 * requests that no ready reply answers
 * stepped: a hook has spoken; h is NULL where it was a step of the server itself on that stop of the road.
 * noted: request_note().
 */
struct watcher {
    void (*stepped)(struct request *r, enum phase phase, const struct planned_hook *h, enum handler word);
    void (*noted)(struct request *r, struct place at, struct span text);
};
extern const struct watcher *request_watcher;

static inline void watch_step(struct request *r, enum phase phase, const struct planned_hook *h, enum handler word) {
    if (request_watcher) request_watcher->stepped(r, phase, h, word);
}

#endif
