/* set.h - the inside of a set, for fdevent.c, deadline.c and signal.c only */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_FDEVENTS_SET_H
#define GOLDCREST_FDEVENTS_SET_H

#include "fdevents/backend.h"

enum { TICK_SHIFT = 6, WHEEL_SLOTS = 4096 }; /* 64 ms; 262 s once around */

/* wheel - the deadlines of a set; slot n % WHEEL_SLOTS holds those that are looked at in tick n */
struct wheel {
    uint64_t tick; /* everything up to here has been looked at */
    uint64_t next; /* no slot before this one holds anything; UINT64_MAX: the wheel is empty */
    struct deadline *slots[WHEEL_SLOTS];
};

struct fdevents {
    const struct backend *backend;
    void *state;
    unsigned max_fds, caps;
    struct fdevent **by_fd; /* each added fdevent at its descriptor's number */
    size_t by_fd_size;
    struct fdevent *run, **run_tail; /* the next batch */
    struct fdevent *batch;           /* what is still to run of this one */
    struct fdevent *changed;         /* interest changed, closing, or always ready */
    bool closing;                    /* some on `changed` wait for close() */
    bool purge;                      /* a closing fdevent was on the run list */
    bool retry;                      /* the kernel was short of memory: sleep little, try again */
    void (*woken)(uint64_t monotonic_ns);
    uint64_t now_ms;
    uint64_t (*clock)(void *); /* NULL: the monotonic clock */
    void *clock_arg;
    struct wheel wheel;
};

/* deadline.c */
void wheel_start(struct fdevents *set);
void wheel_done(struct fdevents *set);
int wheel_wait_ms(const struct fdevents *set); /* until the next deadline, -1: there is none */
uint64_t wheel_turn(struct fdevents *set);     /* reads the clock of this turn: its nanoseconds */
void wheel_fire(struct fdevents *set);

/* signal.c */
int signals_after_fork(struct fdevents *set);
void signals_done(struct fdevents *set);

#endif
