/* select.c - readiness from select(): the last resort, for fewer than FD_SETSIZE descriptors */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "fdevents/backend.h"

#ifdef HAVE_SELECT

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/select.h>

struct select_state {
    fd_set in, out;
    int highest; /* -1: none */
    int used;
    struct fdevent *evs[FD_SETSIZE]; /* packed; ev->slot is the place */
};

static void *select_start(unsigned max_fds) {
    struct select_state *state;

    if (max_fds > FD_SETSIZE) {
        errno = EMFILE;
        return NULL;
    }
    state = malloc(sizeof *state);
    if (!state) return NULL;
    FD_ZERO(&state->in);
    FD_ZERO(&state->out);
    state->highest = -1;
    state->used = 0;
    return state;
}

static void select_stop(void *state) {
    free(state);
}

_Static_assert(FD_SETSIZE <= 65536, "place() has room for every descriptor");

/* The macros of <sys/select.h> make an int of it here, an unsigned long there: a short goes with both. */
static unsigned short place(int fd) {
    return (unsigned short)fd; /* below FD_SETSIZE */
}

static void take_out(struct select_state *state, struct fdevent *ev) {
    struct fdevent *last = state->evs[--state->used];

    state->evs[ev->slot] = last;
    last->slot = ev->slot;
    ev->slot = -1;
    while (state->highest >= 0 && !FD_ISSET(place(state->highest), &state->in) &&
           !FD_ISSET(place(state->highest), &state->out))
        state->highest--;
}

/* RDHUP is not to be had here. */
static int select_watch(void *arg, struct fdevent *ev, unsigned wanted) {
    struct select_state *state = arg;

    if (ev->fd >= FD_SETSIZE) { /* FD_SET would write behind the set */
        errno = EMFILE;
        return -1;
    }
    FD_CLR(place(ev->fd), &state->in);
    FD_CLR(place(ev->fd), &state->out);
    if (wanted == 0) {
        take_out(state, ev);
        return 0;
    }
    if (wanted & FDEVENT_IN) FD_SET(place(ev->fd), &state->in);
    if (wanted & FDEVENT_OUT) FD_SET(place(ev->fd), &state->out);
    if (ev->slot < 0) {
        ev->slot = state->used++;
        state->evs[ev->slot] = ev;
    }
    if (ev->fd > state->highest) state->highest = ev->fd;
    return 0;
}

/* One descriptor closed by somebody else spoils the whole call: find it. */
static void mark_closed(const struct select_state *state) {
    for (int i = 0; i < state->used; i++) {
        if (fcntl(state->evs[i]->fd, F_GETFD) < 0) backend_mark(state->evs[i], FDEVENT_NVAL);
    }
}

static int select_wait(void *arg, struct fdevents *set, int ms) {
    struct select_state *state = arg;
    fd_set in = state->in, out = state->out;
    struct timeval limit = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
    int count = select(state->highest + 1, &in, &out, NULL, ms < 0 ? NULL : &limit);

    (void)set;
    if (count < 0 && errno == EBADF) {
        mark_closed(state);
        return 0;
    }
    for (int i = 0; i < state->used && count > 0; i++) {
        int fd = state->evs[i]->fd;
        unsigned ready = 0;

        if (FD_ISSET(place(fd), &in)) ready |= FDEVENT_IN;
        if (FD_ISSET(place(fd), &out)) ready |= FDEVENT_OUT;
        count -= !!(ready & FDEVENT_IN) + !!(ready & FDEVENT_OUT);
        if (ready) backend_mark(state->evs[i], ready);
    }
    return count < 0 ? -1 : 0;
}

const struct backend fdevents_backend_select = {
    .name = "select",
    .checks_fd = false,
    .start = select_start,
    .stop = select_stop,
    .watch = select_watch,
    .wait = select_wait,
};

#endif
