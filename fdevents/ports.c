/* ports.c - readiness from the event ports of illumos and Solaris */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "fdevents/backend.h"

#ifdef HAVE_EVENT_PORTS

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <port.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { BATCH = 512 };

struct ports_state {
    int fd;
    port_event_t events[BATCH];
};

static void *ports_start(unsigned max_fds) {
    struct ports_state *state = malloc(sizeof *state);

    (void)max_fds;
    if (!state) return NULL;
    state->fd = port_create();
    if (state->fd >= 0) {
        fcntl(state->fd, F_SETFD, FD_CLOEXEC);
        return state;
    }
    free(state);
    return NULL;
}

static void ports_stop(void *arg) {
    struct ports_state *state = arg;

    close(state->fd);
    free(state);
}

static int ports_watch(void *arg, struct fdevent *ev, unsigned wanted) {
    struct ports_state *state = arg;
    int events = 0;

    if (wanted == 0) {
        port_dissociate(state->fd, PORT_SOURCE_FD, (uintptr_t)ev->fd); /* ENOENT: it has just been delivered */
        return 0;
    }
    if (wanted & FDEVENT_IN) events |= POLLIN;
    if (wanted & FDEVENT_OUT) events |= POLLOUT;
#ifdef POLLRDHUP
    if (wanted & FDEVENT_RDHUP) events |= POLLRDHUP;
#endif
    return port_associate(state->fd, PORT_SOURCE_FD, (uintptr_t)ev->fd, events, ev);
}

static void mark(const struct fdevents *set, const port_event_t *event) {
    struct fdevent *ev = backend_find(set, (int)event->portev_object);
    unsigned ready = 0;

    if (event->portev_source != PORT_SOURCE_FD || !ev || ev != event->portev_user) return;
    if (event->portev_events & POLLIN) ready |= FDEVENT_IN;
    if (event->portev_events & POLLOUT) ready |= FDEVENT_OUT;
#ifdef POLLRDHUP
    if (event->portev_events & POLLRDHUP) ready |= FDEVENT_RDHUP;
#endif
    if (event->portev_events & (POLLERR | POLLHUP)) ready |= BACKEND_FAILED;
    if (event->portev_events & POLLNVAL) ready |= FDEVENT_NVAL;
    backend_unarmed(ev); /* one-shot; associated again after its owner ran, else the same event came twice */
    backend_mark(ev, ready);
}

static int ports_wait(void *arg, struct fdevents *set, int ms) {
    struct ports_state *state = arg;
    struct timespec limit = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L};
    uint_t count = 1; /* at least one; the number of events comes back, also with ETIME and EINTR */
    int result;

    state->events[0].portev_source = 0; /* tells whether there is one where `count` was left alone */
    result = port_getn(state->fd, state->events, BATCH, &count, ms < 0 ? NULL : &limit);

    if (result < 0 && errno != ETIME && errno != EINTR) return -1;
    for (uint_t i = 0; i < count; i++) mark(set, &state->events[i]);
    return 0;
}

const struct backend fdevents_backend_ports = {
    .name = "ports",
    .checks_fd = true,
    .notes_at_once = true,
    .start = ports_start,
    .stop = ports_stop,
    .watch = ports_watch,
    .wait = ports_wait,
};

#endif
