/* kqueue.c - a double of kqueue over poll(2), after what real BSD kernels were measured to do */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "tests/doubles/object.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/event.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { READ, WRITE, FILTERS };

/* knote - one filter of one descriptor; close() removes it, even where a dup() keeps the file open
 */
struct knote {
    bool used, disabled;
    unsigned fflags;
    int64_t data;
    void *udata;
    struct identity identity;
};

/* entry - the two of a descriptor */
struct entry {
    struct knote knotes[FILTERS];
};

/* A kqueue is not inherited: in a forked child its number is free. Nor is it close-on-exec by itself. */
int kqueue(void) {
    static bool prepared;
    struct object *queue = object_open(sizeof(struct entry), 0);

    if (!queue) return -1;
    if (!prepared) pthread_atfork(NULL, NULL, object_close_private);
    prepared = true;
    queue->is_private = true;
    queue->owner = getpid();
    return queue->fd;
}

/* ---- changes ----------------------------------------------------------------------------------- */

/* With a mark that bytes cannot reach, only the end is waited for. */
static int asked_for_reading(const struct knote *knote) {
    return knote->fflags & NOTE_LOWAT && knote->data >= INT_MAX ? POLLRDHUP : POLLIN | POLLRDHUP;
}

static void ask(struct object *queue, int fd) {
    const struct entry *entry = object_entry(queue, fd);
    const struct knote *in = &entry->knotes[READ], *out = &entry->knotes[WRITE];
    int events = 0;

    if (in->used && !in->disabled) events |= asked_for_reading(in);
    if (out->used && !out->disabled) events |= POLLOUT;
    if (in->used || out->used) object_ask(queue, fd, events ? events : OBJECT_MUTE);
    else object_forget(queue, fd);
}

static int add(struct object *queue, const struct kevent *change, int filter) {
    int fd = (int)change->ident;
    struct identity identity;
    struct facts facts;
    struct entry *entry;
    struct knote *knote;

    if (change->ident >= OBJECT_NUMBERS || !identity_get(&identity, fd)) return EBADF;
    facts_look(&facts, fd);
    if (facts.kind == FACT_PIPE && filter == WRITE && facts.error) return EPIPE; /* as FreeBSD: the reader is gone */
    entry = object_add(queue, fd);
    if (!entry) return ENOMEM;
    knote = &entry->knotes[filter];
    if (!knote->used || !identity_holds(&knote->identity, fd)) {
        memset(knote, 0, sizeof *knote);
        knote->disabled = change->flags & EV_DISABLE;
    }
    knote->used = true;
    knote->identity = identity;
    knote->fflags = change->fflags;
    knote->data = change->data;
    knote->udata = change->udata;
    return 0;
}

static int find(struct object *queue, const struct kevent *change, int filter) {
    struct entry *entry = object_entry(queue, (int)change->ident);
    struct identity identity;

    if (change->ident >= OBJECT_NUMBERS || !identity_get(&identity, (int)change->ident)) return EBADF;
    if (!entry || !entry->knotes[filter].used) return ENOENT;
    return identity_holds(&entry->knotes[filter].identity, (int)change->ident) ? 0 : ENOENT;
}

static int apply(struct object *queue, const struct kevent *change) {
    int filter = change->filter == EVFILT_READ ? READ : WRITE, error;
    struct knote *knote;

    if (change->filter != EVFILT_READ && change->filter != EVFILT_WRITE) return EINVAL;
    error = change->flags & EV_ADD ? add(queue, change, filter) : find(queue, change, filter);
    if (error) return error;
    knote = &((struct entry *)object_entry(queue, (int)change->ident))->knotes[filter];
    if (change->flags & EV_DELETE) knote->used = false;
    if (change->flags & EV_ENABLE) knote->disabled = false; /* only this: EV_ADD leaves a disabled one disabled */
    if (change->flags & EV_DISABLE) knote->disabled = true;
    ask(queue, (int)change->ident);
    return 0;
}

/* Without room for an EV_ERROR event the first failure is the end of the list. */
static int apply_all(struct object *queue, const struct kevent *changes, int nchanges, struct kevent *events,
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

/* ---- events ------------------------------------------------------------------------------------ */

static int64_t queued_bytes(int fd, const struct facts *facts) {
    int bytes = 0;

    if (facts->listening) return facts->readable;
    return ioctl(fd, FIONREAD, &bytes) == 0 ? bytes : 0;
}

/* A file has what is left of it from here, and is silent at its end. */
static bool file_event(int fd, const struct stat *st, struct kevent *event) {
    off_t at = lseek(fd, 0, SEEK_CUR);

    event->data = at >= 0 && at < st->st_size ? st->st_size - at : 0;
    return event->data > 0;
}

static bool read_event(const struct knote *knote, int fd, const struct facts *facts, struct kevent *event) {
    struct stat st;

    if (facts->kind == FACT_OTHER && fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) return file_event(fd, &st, event);
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

/* DragonFly says more of an end than the others. */
static void say_more(struct kevent *event) {
    if (event->flags & EV_EOF && event->filter == EVFILT_READ && event->data == 0) event->flags |= EV_NODATA;
}

static int report(struct object *queue, int fd, short revents, int room, void *arg) {
    struct entry *entry = object_entry(queue, fd);
    struct kevent *events = arg;
    struct facts facts;
    int count = 0;

    facts_of(&facts, fd, revents);
    for (int filter = READ; filter < FILTERS && count < room; filter++) {
        struct knote *knote = &entry->knotes[filter];
        struct kevent event = {
            .ident = (uintptr_t)fd, .filter = filter == READ ? EVFILT_READ : EVFILT_WRITE, .udata = knote->udata};

        if (knote->used && !identity_holds(&knote->identity, fd)) knote->used = false;
        if (!knote->used || knote->disabled) continue;
        if (filter == READ ? !read_event(knote, fd, &facts, &event) : !write_event(&facts, &event)) continue;
        say_more(&event);
        events[count++] = event;
    }
    ask(queue, fd);
    return count;
}

struct place {
    struct kevent *events;
    int used;
};

static int report_at(struct object *queue, int fd, short revents, int room, void *arg) {
    struct place *place = arg;
    int count = report(queue, fd, revents, room, place->events + place->used);

    place->used += count;
    return count;
}

int kevent(int kq, const struct kevent *changes, int nchanges, struct kevent *events, int nevents,
           const struct timespec *timeout) {
    struct object *queue = object_find(kq);
    int64_t ms = timeout ? (int64_t)timeout->tv_sec * 1000 + timeout->tv_nsec / 1000000 : -1;
    struct place place = {.events = events};
    int told;

    if (!queue || queue->owner != getpid()) {
        errno = EBADF;
        return -1;
    }
    told = apply_all(queue, changes, nchanges, events, nevents);
    if (told != 0 || nevents == 0) return told;
    double_calls++;
    return object_wait(queue, nevents, ms, report_at, &place);
}
