/* kqueue.c - readiness from the BSDs' and macOS' kqueue, level-triggered */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "fdevents/backend.h"

#ifdef HAVE_KQUEUE

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/event.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

enum { BATCH = 512 };

struct kqueue_state {
    int fd;
    struct kevent events[BATCH];
};

/* A kernel whose kqueue is broken does not answer a wrong change with an event that says so. */
static bool tells_errors(int fd) {
    const struct timespec at_once = {.tv_sec = 0, .tv_nsec = 0};
    struct kevent event, answer;

    memset(&event, 0, sizeof event);
    memset(&answer, 0, sizeof answer);
    event.ident = (uintptr_t)-1;
    event.filter = EVFILT_READ;
    event.flags = EV_ADD;
    return kevent(fd, &event, 1, &answer, 1, &at_once) == 1 && answer.flags & EV_ERROR;
}

static void *kqueue_start(unsigned max_fds) {
    struct kqueue_state *state = malloc(sizeof *state);

    (void)max_fds;
    if (!state) return NULL;
    state->fd = kqueue();
    if (state->fd >= 0 && tells_errors(state->fd)) {
        fcntl(state->fd, F_SETFD, FD_CLOEXEC);
        return state;
    }
    if (state->fd >= 0) {
        close(state->fd);
        errno = ENOSYS;
    }
    free(state);
    return NULL;
}

static void kqueue_stop(void *arg) {
    struct kqueue_state *state = arg;

    close(state->fd); /* in a forked child it is not there: EBADF */
    free(state);
}

/* One change per call: in a list, the first that fails takes the rest with it, and EV_RECEIPT
 * blocks on OpenBSD. */
static int change(const struct kqueue_state *state, struct fdevent *ev, bool out, bool add, bool only_end) {
    struct kevent event;
    int result;

    memset(&event, 0, sizeof event);
    event.ident = (uintptr_t)ev->fd;
    event.filter = out ? EVFILT_WRITE : EVFILT_READ;
    event.flags = add ? EV_ADD | EV_ENABLE : EV_DELETE; /* EV_ADD alone does not enable */
    if (only_end) {                                     /* bytes do not reach the mark, the end of file does */
        event.fflags = NOTE_LOWAT;
        event.data = INT_MAX;
    }
    memcpy(&event.udata, &ev, sizeof ev); /* void * or intptr_t */
    do result = kevent(state->fd, &event, 1, NULL, 0, NULL);
    while (result < 0 && errno == EINTR);
    return result;
}

/* Of a file these kernels say how much lies ahead: at its end it falls silent, elsewhere it is ready once. The set
 * does better without them. ev->slot: 0 for what has been looked at. */
static bool is_file(struct fdevent *ev) {
    struct stat st;
    int type;
    socklen_t len = sizeof type;

    if (ev->slot == 0) return false;
    if (getsockopt(ev->fd, SOL_SOCKET, SO_TYPE, &type, &len) < 0 && errno == ENOTSOCK && fstat(ev->fd, &st) == 0 &&
        (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode)))
        return true;
    ev->slot = 0;
    return false;
}

/* IN and RDHUP are one filter, READ; RDHUP alone is READ with a mark that only the end of file
 * passes. */
static int kqueue_watch(void *arg, struct fdevent *ev, unsigned wanted) {
    const struct kqueue_state *state = arg;
    const unsigned reading = FDEVENT_IN | FDEVENT_RDHUP;
    bool was_end = (ev->armed & reading) == FDEVENT_RDHUP, is_end = (wanted & reading) == FDEVENT_RDHUP;

    if (wanted && is_file(ev)) {
        errno = EPERM;
        return -1;
    }
    if (!(wanted & reading) && ev->armed & reading) change(state, ev, false, false, false);
    if (!(wanted & FDEVENT_OUT) && ev->armed & FDEVENT_OUT) change(state, ev, true, false, false);
    if (wanted & reading && (!(ev->armed & reading) || was_end != is_end) &&
        change(state, ev, false, true, is_end) < 0)
        return -1;
    if (wanted & FDEVENT_OUT && !(ev->armed & FDEVENT_OUT) && change(state, ev, true, true, false) < 0) {
        int error = errno;

        if (wanted & reading && !(ev->armed & reading)) /* all or nothing */
            change(state, ev, false, false, false);
        errno = error;
        return -1;
    }
    return 0;
}

static void mark(const struct kevent *event) {
    struct fdevent *ev;
    unsigned ready;

    memcpy(&ev, &event->udata, sizeof ev);
    if (event->flags & EV_ERROR) {
        backend_mark(ev, event->data == EBADF ? FDEVENT_NVAL : BACKEND_FAILED);
        return;
    }
    /* EV_EOF of WRITE is our own shutdown() as well as a reset: only write() can tell. */
    ready = event->filter == EVFILT_WRITE ? FDEVENT_OUT : FDEVENT_IN;
    if (event->filter == EVFILT_READ && (event->flags & EV_EOF || !(ev->armed & FDEVENT_IN))) ready |= FDEVENT_RDHUP;
    backend_mark(ev, ready);
}

static int kqueue_wait(void *arg, struct fdevents *set, int ms) {
    struct kqueue_state *state = arg;
    struct timespec limit = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L};
    int count = kevent(state->fd, NULL, 0, state->events, BATCH, ms < 0 ? NULL : &limit);

    (void)set;
    for (int i = 0; i < count; i++) mark(&state->events[i]);
    return count < 0 ? -1 : 0;
}

const struct backend fdevents_backend_kqueue = {
    .name = "kqueue",
    .checks_fd = true,
    .caps = FDEVENTS_CAP_RDHUP,
    .start = kqueue_start,
    .stop = kqueue_stop,
    .watch = kqueue_watch,
    .wait = kqueue_wait,
};

#endif
