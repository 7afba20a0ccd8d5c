/* poll.c - readiness from poll(), which every system has */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "fdevents/backend.h"

#ifdef HAVE_POLL

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>

/*
 * The two arrays are packed, ev->slot is the place in both: some kernels count holes, one takes
 * only -1 for a hole. Those that have been ready of late stand in front, [0, hot), so that they are
 * found without looking at all that are idle.
 */
enum { HOT_LASTS = 64 /* waits, then who is hot is found out anew */ };

struct poll_state {
    struct pollfd *fds;
    struct fdevent **evs;
    size_t used, size, hot;
    unsigned waits;
};

static void *poll_start(unsigned max_fds) {
    (void)max_fds;
    return calloc(1, sizeof(struct poll_state));
}

static void poll_stop(void *arg) {
    struct poll_state *state = arg;

    free(state->fds);
    free(state->evs);
    free(state);
}

static int append(struct poll_state *state, struct fdevent *ev) {
    if (state->used == state->size) {
        size_t size = state->size ? state->size * 2 : 64;
        struct pollfd *fds = realloc(state->fds, size * sizeof *fds);
        struct fdevent **evs;

        if (!fds) return -1;
        state->fds = fds;
        evs = realloc(state->evs, size * sizeof(struct fdevent *));
        if (!evs) return -1;
        state->evs = evs;
        state->size = size;
    }
    ev->slot = (int)state->used++;
    state->fds[ev->slot] = (struct pollfd){.fd = ev->fd};
    state->evs[ev->slot] = ev;
    return 0;
}

static void take_out(struct poll_state *state, struct fdevent *ev) {
    size_t last = --state->used;

    state->fds[ev->slot] = state->fds[last];
    state->evs[ev->slot] = state->evs[last];
    state->evs[ev->slot]->slot = ev->slot;
    ev->slot = -1;
    if (state->hot > state->used) state->hot = state->used;
}

static int poll_watch(void *arg, struct fdevent *ev, unsigned wanted) {
    struct poll_state *state = arg;
    short events = 0;

    if (wanted == 0) {
        take_out(state, ev);
        return 0;
    }
    if (ev->slot < 0 && append(state, ev) < 0) return -1;
    if (wanted & FDEVENT_IN) events |= POLLIN;
    if (wanted & FDEVENT_OUT) events |= POLLOUT;
#ifdef POLLRDHUP
    if (wanted & FDEVENT_RDHUP) events |= POLLRDHUP;
#endif
    state->fds[ev->slot].events = events;
    return 0;
}

static void mark(struct fdevent *ev, int revents) {
    unsigned ready = 0;

    if (revents & POLLIN) ready |= FDEVENT_IN;
    if (revents & POLLOUT) ready |= FDEVENT_OUT;
#ifdef POLLRDHUP
    if (revents & POLLRDHUP) ready |= FDEVENT_RDHUP;
#endif
    if (revents & (POLLERR | POLLHUP)) ready |= BACKEND_FAILED;
    if (revents & POLLNVAL) /* macOS: also of a device that its poll() does not know */
        ready |= fcntl(ev->fd, F_GETFD) < 0 ? (unsigned)FDEVENT_NVAL : (unsigned)BACKEND_FAILED;
    backend_mark(ev, ready);
}

static void exchange(struct poll_state *state, size_t a, size_t b) {
    struct pollfd fd = state->fds[a];
    struct fdevent *ev = state->evs[a];

    state->fds[a] = state->fds[b];
    state->evs[a] = state->evs[b];
    state->evs[a]->slot = (int)a;
    state->fds[b] = fd;
    state->evs[b] = ev;
    ev->slot = (int)b;
}

static int poll_wait(void *arg, struct fdevents *set, int ms) {
    struct poll_state *state = arg;
    int count = poll(state->fds, (nfds_t)state->used, ms);

    (void)set;
    if (++state->waits % HOT_LASTS == 0) state->hot = 0;
    for (size_t i = 0, left = count > 0 ? (size_t)count : 0; left > 0 && i < state->used; i++) {
        if (!state->fds[i].revents) continue;
        left--;
        mark(state->evs[i], state->fds[i].revents);
        if (i >= state->hot) exchange(state, i, state->hot++);
    }
    return count < 0 ? -1 : 0;
}

const struct backend fdevents_backend_poll = {
    .name = "poll",
    .checks_fd = false,
    .start = poll_start,
    .stop = poll_stop,
    .watch = poll_watch,
    .wait = poll_wait,
};

#endif
