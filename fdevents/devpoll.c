/* devpoll.c - readiness from /dev/poll of Solaris and illumos */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "fdevents/backend.h"

#ifdef HAVE_DEVPOLL

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/types.h>
#include <sys/devpoll.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { BATCH_MIN = 64, BATCH_MAX = 512 };

struct devpoll_state {
    int fd;
    unsigned capacity; /* less where the kernel refuses so many: Solaris does from OPEN_MAX on */
    struct pollfd events[BATCH_MAX];
};

static void *devpoll_start(unsigned max_fds) {
    struct devpoll_state *state = malloc(sizeof *state);

    if (!state) return NULL;
    state->capacity = max_fds < BATCH_MIN ? BATCH_MIN : max_fds > BATCH_MAX ? BATCH_MAX : max_fds;
    state->fd = open("/dev/poll", O_RDWR | O_CLOEXEC);
    if (state->fd >= 0) return state;
    free(state);
    return NULL;
}

static void devpoll_stop(void *arg) {
    struct devpoll_state *state = arg;

    close(state->fd);
    free(state);
}

/* At offset 0: the offset of a plain write() would grow until it reaches the largest file size. */
static int tell(const struct devpoll_state *state, const struct pollfd *entries, size_t count) {
    size_t bytes = count * sizeof *entries;
    ssize_t written;

    do written = pwrite(state->fd, entries, bytes, 0);
    while (written < 0 && errno == EINTR);
    return written == (ssize_t)bytes ? 0 : -1;
}

/* What is written is or-ed into the mask that the kernel has: to want less, the descriptor has to
 * leave first. */
static int devpoll_watch(void *arg, struct fdevent *ev, unsigned wanted) {
    struct devpoll_state *state = arg;
    struct pollfd entries[2] = {{.fd = ev->fd, .events = POLLREMOVE}, {.fd = ev->fd}};
    bool narrower = ev->armed & ~wanted;

    if (wanted == 0) {
        tell(state, entries, 1);
        return 0;
    }
    if (wanted & FDEVENT_IN) entries[1].events |= POLLIN;
    if (wanted & FDEVENT_OUT) entries[1].events |= POLLOUT;
#ifdef POLLRDHUP
    if (wanted & FDEVENT_RDHUP) entries[1].events |= POLLRDHUP;
#endif
    return narrower ? tell(state, entries, 2) : tell(state, &entries[1], 1);
}

static void mark(const struct devpoll_state *state, const struct fdevents *set, const struct pollfd *event) {
    struct fdevent *ev = backend_find(set, event->fd);
    unsigned ready = 0;

    if (!ev || !ev->armed) { /* left behind by somebody who closed it: it would come for ever */
        struct pollfd entry = {.fd = event->fd, .events = POLLREMOVE};

        tell(state, &entry, 1);
        return;
    }
    if (event->revents & POLLIN) ready |= FDEVENT_IN;
    if (event->revents & POLLOUT) ready |= FDEVENT_OUT;
#ifdef POLLRDHUP
    if (event->revents & POLLRDHUP) ready |= FDEVENT_RDHUP;
#endif
    if (event->revents & (POLLERR | POLLHUP)) ready |= BACKEND_FAILED;
    if (event->revents & POLLNVAL) ready |= FDEVENT_NVAL;
    backend_mark(ev, ready);
}

static int devpoll_wait(void *arg, struct fdevents *set, int ms) {
    struct devpoll_state *state = arg;
    int count;

    for (;;) {
        struct dvpoll request = {.dp_fds = state->events, .dp_nfds = state->capacity, .dp_timeout = ms};

        count = ioctl(state->fd, DP_POLL, &request);
        if (count >= 0 || errno != EINVAL || state->capacity == 1) break;
        state->capacity /= 2;
    }
    for (int i = 0; i < count; i++) mark(state, set, &state->events[i]);
    return count < 0 ? -1 : 0;
}

const struct backend fdevents_backend_devpoll = {
    .name = "devpoll",
    .checks_fd = false, /* a closed descriptor is accepted, and never reported */
    .start = devpoll_start,
    .stop = devpoll_stop,
    .watch = devpoll_watch,
    .wait = devpoll_wait,
};

#endif
