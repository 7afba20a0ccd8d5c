/* epoll.c - readiness from Linux' epoll, level-triggered */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "fdevents/backend.h"

#ifdef HAVE_EPOLL

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { BATCH = 512 };

struct epoll_state {
    int fd;
    struct epoll_event events[BATCH];
};

static void *epoll_start(unsigned max_fds) {
    struct epoll_state *state = malloc(sizeof *state);

    (void)max_fds;
    if (!state) return NULL;
    state->fd = epoll_create1(EPOLL_CLOEXEC);
    if (state->fd >= 0) return state;
    free(state);
    return NULL;
}

static void epoll_stop(void *arg) {
    struct epoll_state *state = arg;

    close(state->fd);
    free(state);
}

/* A registration with no interest would still report HUP and ERR, without end: it is taken out
 * instead. */
static int epoll_watch(void *arg, struct fdevent *ev, unsigned wanted) {
    struct epoll_state *state = arg;
    struct epoll_event event = {.events = 0};
    int op = wanted == 0 ? EPOLL_CTL_DEL : ev->armed ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;

    if (wanted & FDEVENT_IN) event.events |= EPOLLIN;
    if (wanted & FDEVENT_OUT) event.events |= EPOLLOUT;
    if (wanted & FDEVENT_RDHUP) event.events |= EPOLLRDHUP;
    event.data.ptr = ev;
    if (epoll_ctl(state->fd, op, ev->fd, &event) == 0 || op == EPOLL_CTL_DEL) return 0;
    if (op == EPOLL_CTL_MOD && errno == ENOENT) /* closed by somebody else, and the number opened anew */
        return epoll_ctl(state->fd, EPOLL_CTL_ADD, ev->fd, &event);
    return -1;
}

static int epoll_wait_ready(void *arg, struct fdevents *set, int ms) {
    struct epoll_state *state = arg;
    int count = epoll_wait(state->fd, state->events, BATCH, ms);

    (void)set;
    for (int i = 0; i < count; i++) {
        unsigned events = state->events[i].events, ready = 0;

        if (events & EPOLLIN) ready |= FDEVENT_IN;
        if (events & EPOLLOUT) ready |= FDEVENT_OUT;
        if (events & EPOLLRDHUP) ready |= FDEVENT_RDHUP;
        if (events & (EPOLLERR | EPOLLHUP)) ready |= BACKEND_FAILED;
        backend_mark(state->events[i].data.ptr, ready);
    }
    return count < 0 ? -1 : 0;
}

const struct backend fdevents_backend_epoll = {
    .name = "epoll",
    .checks_fd = true,
    .start = epoll_start,
    .stop = epoll_stop,
    .watch = epoll_watch,
    .wait = epoll_wait_ready,
};

#endif
