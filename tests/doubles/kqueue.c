/* kqueue.c - a double of kqueue over poll(2), after what real BSD kernels were measured to do */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "tests/doubles/facts.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/event.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum { NUMBERS = 65536, QUEUES = 16, READ = 0, WRITE = 1 };

/* knote - one filter of one descriptor; close() removes it, even where a dup() keeps the file open
 */
struct knote {
    bool used, disabled;
    unsigned fflags;
    int64_t data;
    void *udata;
    struct identity identity;
};

struct queue {
    int fd;
    pid_t owner; /* not inherited by a forked child */
    int highest, rotation;
    struct knote knotes[NUMBERS][2];
};

static struct queue *queues[QUEUES];

static struct queue *queue_find(int fd) {
    for (int i = 0; i < QUEUES; i++) {
        if (queues[i] && queues[i]->fd == fd) return queues[i];
    }
    return NULL;
}

int kqueue(void) {
    int fd = eventfd(0, EFD_CLOEXEC);
    struct queue *queue = queue_find(fd);

    for (int i = 0; i < QUEUES && fd >= 0 && !queue; i++) {
        if (queues[i] && fcntl(queues[i]->fd, F_GETFD) >= 0) continue;
        if (!queues[i]) queues[i] = malloc(sizeof *queue);
        queue = queues[i];
    }
    if (!queue) {
        errno = fd < 0 ? errno : EMFILE;
        return -1;
    }
    memset(queue, 0, sizeof *queue);
    queue->fd = fd;
    queue->owner = getpid();
    queue->highest = -1;
    return fd;
}

static int add(struct queue *queue, const struct kevent *change, struct knote *knote) {
    int fd = (int)change->ident;
    struct identity identity;
    struct facts facts;

    if (!identity_get(&identity, fd)) return EBADF;
    facts_look(&facts, fd);
    if (facts.kind == FACT_PIPE && change->filter == EVFILT_WRITE && facts.error)
        return EPIPE; /* as FreeBSD: the reader is gone */
    if (!knote->used || !identity_holds(&knote->identity, fd)) {
        memset(knote, 0, sizeof *knote);
        knote->disabled = change->flags & EV_DISABLE;
    }
    knote->used = true;
    knote->identity = identity;
    knote->fflags = change->fflags;
    knote->data = change->data;
    knote->udata = change->udata;
    if (fd > queue->highest) queue->highest = fd;
    return 0;
}

static int apply(struct queue *queue, const struct kevent *change) {
    struct knote *knote;
    int error = 0;

    if ((change->filter != EVFILT_READ && change->filter != EVFILT_WRITE) || change->ident >= NUMBERS)
        return change->ident >= NUMBERS ? EBADF : EINVAL;
    knote = &queue->knotes[change->ident][change->filter == EVFILT_READ ? READ : WRITE];
    if (change->flags & EV_ADD) error = add(queue, change, knote);
    else if (fcntl((int)change->ident, F_GETFD) < 0) error = EBADF;
    else if (!knote->used || !identity_holds(&knote->identity, (int)change->ident)) error = ENOENT;
    if (error) return error;
    if (change->flags & EV_DELETE) knote->used = false;
    if (change->flags & EV_ENABLE) knote->disabled = false; /* only this: EV_ADD leaves a disabled one disabled */
    if (change->flags & EV_DISABLE) knote->disabled = true;
    return 0;
}

/* Without room for an EV_ERROR event the first failure is the end of the list. */
static int apply_all(struct queue *queue, const struct kevent *changes, int nchanges, struct kevent *events,
                     int nevents) {
    int told = 0;

    for (int i = 0; i < nchanges; i++) {
        int error = apply(queue, &changes[i]);

        if (!error && !(changes[i].flags & EV_RECEIPT)) continue;
        if (told == nevents) {
            errno = error;
            return -1;
        }
        events[told] = changes[i];
        events[told].flags = EV_ERROR;
        events[told++].data = error;
    }
    return told;
}

static int64_t queued_bytes(int fd, const struct facts *facts) {
    int bytes = 0;

    if (facts->listening) return facts->readable;
    return ioctl(fd, FIONREAD, &bytes) == 0 ? bytes : 0;
}

static bool read_event(const struct knote *knote, int fd, const struct facts *facts, struct kevent *event) {
    event->data = queued_bytes(fd, facts);
    if (facts->peer_end || facts->error || (facts->dead && facts->kind == FACT_SOCKET)) event->flags |= EV_EOF;
    if (facts->error) event->fflags = ECONNRESET;
    if (event->flags & EV_EOF) return true;
    if (facts->kind == FACT_OTHER) return facts->readable;
    return event->data >= (knote->fflags & NOTE_LOWAT && knote->data > 1 ? knote->data : 1);
}

/* Our own shutdown() is an EV_EOF like a reset; only fflags tells them apart. */
static bool write_event(const struct facts *facts, struct kevent *event) {
    event->data = facts->writable ? 4096 : 0;
    if (facts->own_end || facts->error) event->flags |= EV_EOF;
    if (facts->error) event->fflags = facts->kind == FACT_PIPE ? 0 : ECONNRESET;
    return event->flags & EV_EOF || facts->writable;
}

static int report(struct queue *queue, int fd, int revents, struct kevent *events, int room) {
    struct facts facts;
    int count = 0;

    facts_of(&facts, fd, revents);
    for (int filter = READ; filter <= WRITE && count < room; filter++) {
        struct knote *knote = &queue->knotes[fd][filter];
        struct kevent event = {
            .ident = (uintptr_t)fd, .filter = filter == READ ? EVFILT_READ : EVFILT_WRITE, .udata = knote->udata};

        if (knote->used && !identity_holds(&knote->identity, fd)) knote->used = false;
        if (!knote->used || knote->disabled) continue;
        if (filter == READ ? read_event(knote, fd, &facts, &event) : write_event(&facts, &event))
            events[count++] = event;
    }
    return count;
}

static int collect(struct queue *queue, struct kevent *events, int nevents) {
    int numbers = queue->highest + 1, count = 0, found = 0;
    struct pollfd *fds;

    if (numbers == 0) return 0;
    fds = calloc((size_t)numbers, sizeof *fds);
    for (int i = 0; i < numbers; i++) {
        int fd = (queue->rotation + i) % numbers;
        short asked = 0;

        if (queue->knotes[fd][READ].used) asked |= POLLIN | POLLRDHUP;
        if (queue->knotes[fd][WRITE].used) asked |= POLLOUT;
        if (asked) fds[count++] = (struct pollfd){.fd = fd, .events = asked};
    }
    facts_poll(fds, (unsigned long)count, 0);
    for (int i = 0; i < count && found < nevents; i++) {
        int more = report(queue, fds[i].fd, fds[i].revents, events + found, nevents - found);

        found += more;
        if (more) queue->rotation = (fds[i].fd + 1) % numbers;
    }
    free(fds);
    return found;
}

int kevent(int kq, const struct kevent *changes, int nchanges, struct kevent *events, int nevents,
           const struct timespec *timeout) {
    struct queue *queue = queue_find(kq);
    int64_t ms = timeout ? (int64_t)timeout->tv_sec * 1000 + timeout->tv_nsec / 1000000 : -1;
    int64_t until_ms = facts_clock_ms() + ms;
    int told;

    if (!queue || queue->owner != getpid()) {
        errno = EBADF;
        return -1;
    }
    told = apply_all(queue, changes, nchanges, events, nevents);
    if (told != 0 || nevents == 0) return told;
    double_calls++;
    for (;;) {
        int found = collect(queue, events, nevents);

        if (found || (ms >= 0 && facts_clock_ms() >= until_ms)) return found;
        facts_nap();
    }
}
