/* fdevent.c - the set: the kernel is brought up to date, a batch is collected, each owner runs once */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "fdevents/set.h"
#include "fdevents/socket.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    QUEUED = 0x01,  /* on the run list or in the batch */
    CHANGED = 0x02, /* on the list of changes */
    CLOSING = 0x04, /* silenced; close() after the batch */
    ALWAYS = 0x08,  /* the kernel cannot watch it: always ready, and always on `changed` */
    LATCHED = 0x10, /* RDHUP has been reported */
    GONE = 0x20     /* NVAL has been reported: the number may be somebody else's */
};

enum { WANTABLE = FDEVENT_IN | FDEVENT_OUT | FDEVENT_RDHUP, RETRY_MS = 50 };

/* ---- the backends ---------------------------------------------------------------------------- */

#define BACKEND(name, old_name) extern const struct backend fdevents_backend_##name;
#include "fdevents/backends.def"
#undef BACKEND

struct backend_row {
    const char *name, *old_name;
    const struct backend *backend;
};

static const struct backend_row rows[] = {
#define BACKEND(name, old_name) {#name, old_name, &fdevents_backend_##name},
#include "fdevents/backends.def"
#undef BACKEND
    {NULL, NULL, NULL},
};

enum { ROWS = sizeof rows / sizeof rows[0] };

#ifndef GC_FDEVENT_ORDER
#define GC_FDEVENT_ORDER "" /* the table's own order */
#endif

static const struct backend_row *row_find(const char *name, size_t length) {
    for (const struct backend_row *row = rows; row->name; row++) {
        if ((strlen(row->name) == length && !memcmp(row->name, name, length)) ||
            (strlen(row->old_name) == length && !memcmp(row->old_name, name, length)))
            return row;
    }
    return NULL;
}

const char *const *fdevents_backends(void) {
    static const char *names[ROWS];
    size_t count = 0;

    if (names[0]) return names;
    for (const char *p = GC_FDEVENT_ORDER; *p; p += strcspn(p, ","), p += *p == ',') {
        const struct backend_row *row = row_find(p, strcspn(p, ","));

        if (row && count < ROWS - 1) names[count++] = row->name;
    }
    if (count == 0) {
        for (; count < ROWS - 1; count++) names[count] = rows[count].name;
    }
    return names;
}

const char *fdevents_backend_by_name(const char *name) {
    const struct backend_row *row = row_find(name, strlen(name));

    return row ? row->name : NULL;
}

/* ---- lists ----------------------------------------------------------------------------------- */

static void queue(struct fdevent *ev) {
    if (ev->flags & QUEUED) return;
    ev->flags |= QUEUED;
    ev->next_run = NULL;
    *ev->set->run_tail = ev;
    ev->set->run_tail = &ev->next_run;
}

static void note_change(struct fdevent *ev) {
    if (ev->flags & CHANGED) return;
    ev->flags |= CHANGED;
    ev->next_sync = ev->set->changed;
    ev->set->changed = ev;
}

static bool unlink_run(struct fdevent **link, const struct fdevent *ev) {
    for (; *link; link = &(*link)->next_run) {
        if (*link == ev) {
            *link = ev->next_run;
            return true;
        }
    }
    return false;
}

static void find_run_tail(struct fdevents *set) {
    set->run_tail = &set->run;
    while (*set->run_tail) set->run_tail = &(*set->run_tail)->next_run;
}

static void unlink_everywhere(struct fdevent *ev) {
    struct fdevents *set = ev->set;

    if (ev->flags & QUEUED && !unlink_run(&set->batch, ev) && unlink_run(&set->run, ev)) find_run_tail(set);
    if (ev->flags & CHANGED) {
        struct fdevent **link = &set->changed;

        while (*link != ev) link = &(*link)->next_sync;
        *link = ev->next_sync;
    }
}

/* ---- the kernel's side ----------------------------------------------------------------------- */

struct fdevent *backend_find(const struct fdevents *set, int fd) {
    return fd >= 0 && (size_t)fd < set->by_fd_size ? set->by_fd[fd] : NULL;
}

void backend_mark(struct fdevent *ev, unsigned ready) {
    ready &= ev->interest | (unsigned)FDEVENT_NVAL;
    if (ev->flags & LATCHED) ready &= ~(unsigned)FDEVENT_RDHUP;
    if (ready == 0) return;
    ev->ready = (uint8_t)(ev->ready | ready);
    queue(ev);
}

void backend_unarmed(struct fdevent *ev) {
    ev->armed = 0;
    note_change(ev);
}

/* The kernel would not watch ev. An open descriptor that it has no readiness for (epoll and files:
 * EPERM; kqueue and a pipe without reader: EPIPE or EBADF) is always ready; a shortage is an error.
 */
static int refused(struct fdevent *ev) {
    int error = errno;

    if (fcntl(ev->fd, F_GETFD) < 0) return -1; /* EBADF */
    if (ev->armed) ev->set->backend->watch(ev->set->state, ev, 0); /* a part of the change may have been made */
    ev->armed = 0;
    errno = error;
    if (error == ENOMEM || error == ENOSPC || error == EMFILE || error == ENFILE || error == EAGAIN) return -1;
    ev->flags |= ALWAYS;
    note_change(ev);
    return 0;
}

static int arm(struct fdevent *ev) {
    unsigned wanted = ev->interest;

    if (ev->flags & LATCHED) wanted &= ~(unsigned)FDEVENT_RDHUP; /* level-triggered kernels would say it for ever */
    if (wanted == ev->armed) return 0;
    if (ev->set->backend->watch(ev->set->state, ev, wanted) < 0) return refused(ev);
    ev->armed = (uint8_t)wanted;
    return 0;
}

/* Unregisters before close(): epoll keeps reporting a description that a dup() or a forked child
 * still holds, poll and select would fail, /dev/poll would hand the old mask to the next owner of
 * the number. So the one system call that epoll could save here is paid. */
static void silence(struct fdevent *ev) {
    struct fdevents *set = ev->set;

    if (ev->armed) set->backend->watch(set->state, ev, 0);
    ev->armed = 0;
    ev->interest = 0;
    if (backend_find(set, ev->fd) == ev) set->by_fd[ev->fd] = NULL;
}

static void lost(struct fdevent *ev) {
    silence(ev);
    ev->flags |= GONE;
}

static void bring_up_to_date(struct fdevent *ev) {
    if (ev->flags & GONE) return;
    if (ev->flags & ALWAYS) note_change(ev);
    if (ev->flags & ALWAYS || arm(ev) == 0) {
        if (ev->flags & ALWAYS) backend_mark(ev, FDEVENT_IN | FDEVENT_OUT); /* arm() may have found it out */
        return;
    }
    if (errno == EBADF) {
        backend_mark(ev, FDEVENT_NVAL);
        return;
    }
    note_change(ev);
    ev->set->retry = true;
}

/* Takes those that are closing off the run list, where a wake-up may have put them. */
static void purge_run(struct fdevents *set) {
    struct fdevent **link = &set->run;

    while (*link) {
        if ((*link)->flags & CLOSING) *link = (*link)->next_run;
        else link = &(*link)->next_run;
    }
    set->run_tail = link;
    set->purge = false;
}

static void bury(struct fdevent *ev) {
    while (ev) {
        struct fdevent *next = ev->next_sync;
        void (*closed)(struct fdevent *) = ev->closed;

        if (!(ev->flags & GONE)) close(ev->fd); /* never again after EINTR: the number may be taken */
        ev->set = NULL;
        ev->flags = 0;
        ev->ready = 0;
        if (closed) closed(ev);
        ev = next;
    }
}

/* After a batch, and before the wait for what was closed outside of one. */
static void bury_closing(struct fdevents *set) {
    struct fdevent **link = &set->changed, *dead = NULL;

    while (*link) {
        struct fdevent *ev = *link;

        if (ev->flags & CLOSING) {
            *link = ev->next_sync;
            ev->next_sync = dead;
            dead = ev;
        } else {
            link = &ev->next_sync;
        }
    }
    if (set->purge) purge_run(set);
    set->closing = false;
    bury(dead);
}

/* Before the wait and not earlier: event ports note at once that a descriptor is ready, and say so later although it
 * has been read empty in between. */
static void tell_kernel(struct fdevents *set) {
    struct fdevent *ev = set->changed;

    set->changed = NULL;
    set->retry = false;
    while (ev) {
        struct fdevent *next = ev->next_sync;

        ev->flags &= (uint8_t)~CHANGED;
        bring_up_to_date(ev);
        ev = next;
    }
}

/* ---- the set --------------------------------------------------------------------------------- */

static bool answers(struct fdevents *set, int fd, unsigned interest) {
    struct fdevent ev = {.set = NULL};
    bool answered;

    if (fdevent_add(set, &ev, fd, interest) < 0) return false;
    tell_kernel(set);
    answered = set->backend->wait(set->state, set, 0) == 0 && ev.ready & interest;
    fdevent_remove(&ev);
    return answered;
}

/* Kernels are older than headers, emulations and sandboxes lie: only a trial tells whether a
 * backend works, and whether a FIN can be heard of without IN. */
static int try_out(struct fdevents *set) {
    int fds[2];
    bool works;

    if (socket_pair(fds) < 0) { /* no local sockets: nothing to try it with */
        set->caps = set->backend->caps;
        return errno == EMFILE || errno == ENFILE ? -1 : 0;
    }
    socket_half_close(fds[1]);
    works = answers(set, fds[0], FDEVENT_IN);
    set->caps = FDEVENTS_CAP_RDHUP;
    if (!works || !answers(set, fds[0], FDEVENT_RDHUP)) set->caps = 0;
    close(fds[0]);
    close(fds[1]);
    errno = ENOSYS;
    return works ? 0 : -1;
}

static struct fdevents *make(const struct backend *backend, unsigned max_fds) {
    struct fdevents *set = calloc(1, sizeof *set);

    if (!set) return NULL;
    set->backend = backend;
    set->max_fds = max_fds;
    set->run_tail = &set->run;
    wheel_start(set);
    set->state = backend->start(max_fds);
    if (!set->state || try_out(set) < 0) {
        int error = errno;

        fdevents_drop(set);
        errno = error;
        return NULL;
    }
    return set;
}

struct fdevents *fdevents_make(const char *name, unsigned max_fds) {
    struct fdevents *set = NULL;

    errno = ENOSYS;
    if (name) {
        const struct backend_row *row = row_find(name, strlen(name));

        return row ? make(row->backend, max_fds) : NULL;
    }
    for (const char *const *names = fdevents_backends(); *names && !set; names++)
        set = make(row_find(*names, strlen(*names))->backend, max_fds);
    return set;
}

struct fdevents *fdevents_make_most(const char *backend, unsigned *max_fds, unsigned least) {
    struct fdevents *set = fdevents_make(backend, *max_fds);

    while (!set && errno == EMFILE && *max_fds > least) {
        *max_fds /= 2;
        set = fdevents_make(backend, *max_fds);
    }
    return set;
}

void fdevents_drop(struct fdevents *set) {
    if (!set) return;
    signals_done(set);
    for (size_t fd = 0; fd < set->by_fd_size; fd++) {
        if (set->by_fd[fd]) fdevent_remove(set->by_fd[fd]);
    }
    bury_closing(set);
    if (set->state) set->backend->stop(set->state);
    wheel_done(set);
    free(set->by_fd);
    free(set);
}

const char *fdevents_name(const struct fdevents *set) {
    return set->backend->name;
}

unsigned fdevents_caps(const struct fdevents *set) {
    return set->caps;
}

int fdevents_after_fork(struct fdevents *set) {
    if (set->state) set->backend->stop(set->state);
    set->state = set->backend->start(set->max_fds);
    if (!set->state) return -1;
    for (size_t fd = 0; fd < set->by_fd_size; fd++) {
        struct fdevent *ev = set->by_fd[fd];

        if (ev) {
            ev->slot = -1;
            backend_unarmed(ev);
        }
    }
    return signals_after_fork(set);
}

static int wait_ms(const struct fdevents *set, int max_ms) {
    int ms;

    if (set->run || set->clock || max_ms == 0) return 0;
    ms = wheel_wait_ms(set);
    if (set->retry && (ms < 0 || ms > RETRY_MS)) ms = RETRY_MS;
    return ms < 0 || (max_ms >= 0 && max_ms < ms) ? max_ms : ms;
}

static int run_batch(struct fdevents *set) {
    int ran = 0;

    set->batch = set->run;
    set->run = NULL;
    set->run_tail = &set->run;
    while (set->batch) {
        struct fdevent *ev = set->batch;
        unsigned ready = ev->ready;

        set->batch = ev->next_run;
        ev->flags &= (uint8_t)~QUEUED;
        ev->ready = 0;
        if (ev->flags & CLOSING) continue;
        if (ready & FDEVENT_NVAL) {
            lost(ev);
            ready = FDEVENT_NVAL;
        }
        ready &= ev->interest | (unsigned)(FDEVENT_WAKE | FDEVENT_NVAL);
        if (ready & FDEVENT_RDHUP) {
            ev->flags |= LATCHED;
            note_change(ev);
        }
        if (ready) {
            ran++;
            ev->run(ev, ready); /* it may free itself */
        }
    }
    return ran;
}

void fdevents_on_wake(struct fdevents *set, void (*woken)(uint64_t monotonic_ns)) {
    set->woken = woken;
}

static void nap(void) {
    const struct timespec time = {.tv_sec = 0, .tv_nsec = 10 * 1000000L};

    nanosleep(&time, NULL);
}

int fdevents_turn(struct fdevents *set, int max_wait_ms) {
    int ran;

    assert(!set->batch); /* not from within a turn */
    while (set->closing) bury_closing(set); /* `closed` may close others: tell_kernel() is to see none of them */
    if (set->changed) tell_kernel(set);
    if (set->backend->wait(set->state, set, wait_ms(set, max_wait_ms)) < 0) {
        if (errno == EAGAIN || errno == ENOMEM) nap(); /* it was short of memory: that passes */
        else if (errno != EINTR) return -1;
    }
    uint64_t now_ns = wheel_turn(set);
    if (set->woken) set->woken(now_ns);
    ran = run_batch(set);
    wheel_fire(set);
    if (set->closing) bury_closing(set);
    return ran;
}

/* ---- one descriptor -------------------------------------------------------------------------- */

static int reserve(struct fdevents *set, int fd) {
    size_t size = set->by_fd_size ? set->by_fd_size : 64;
    struct fdevent **table;

    if ((size_t)fd < set->by_fd_size) return 0;
    while (size <= (size_t)fd) size *= 2;
    table = realloc(set->by_fd, size * sizeof(struct fdevent *));
    if (!table) return -1;
    memset(table + set->by_fd_size, 0, (size - set->by_fd_size) * sizeof(struct fdevent *));
    set->by_fd = table;
    set->by_fd_size = size;
    return 0;
}

/* poll, select and /dev/poll accept any number, so they have to be asked by hand. */
static int check_open(const struct fdevents *set, int fd, unsigned interest) {
    if (fd >= 0 && set->backend->checks_fd && !set->backend->notes_at_once && interest) return 0;
    return fcntl(fd, F_GETFD) < 0 ? -1 : 0;
}

static unsigned wantable(const struct fdevents *set, unsigned interest) {
    return interest & (set->caps & FDEVENTS_CAP_RDHUP ? WANTABLE : FDEVENT_IN | FDEVENT_OUT);
}

static int add(struct fdevents *set, struct fdevent *ev, int fd, unsigned interest, bool later) {
    if (ev->set || backend_find(set, fd)) {
        errno = EEXIST;
        return -1;
    }
    if (reserve(set, fd) < 0) return -1;
    ev->set = set;
    ev->fd = fd;
    ev->slot = -1;
    ev->interest = (uint8_t)wantable(set, interest);
    ev->armed = ev->ready = ev->flags = 0;
    if (later) {
        note_change(ev);
    } else if (arm(ev) < 0) {
        ev->set = NULL;
        return -1;
    }
    set->by_fd[fd] = ev;
    return 0;
}

int fdevent_add(struct fdevents *set, struct fdevent *ev, int fd, unsigned interest) {
    if (check_open(set, fd, wantable(set, interest)) < 0) return -1;
    return add(set, ev, fd, interest, set->backend->notes_at_once); /* its owner may read before the wait */
}

int fdevent_add_open(struct fdevents *set, struct fdevent *ev, int fd, unsigned interest) {
    return add(set, ev, fd, interest, set->backend->checks_fd);
}

void fdevent_want(struct fdevent *ev, unsigned interest) {
    if (!ev->set || ev->flags & (CLOSING | GONE)) return;
    interest = wantable(ev->set, interest);
    if (interest == ev->interest) return;
    ev->interest = (uint8_t)interest;
    note_change(ev);
}

void fdevent_wake(struct fdevent *ev) {
    if (!ev->set || ev->flags & CLOSING) return;
    ev->ready |= FDEVENT_WAKE;
    queue(ev);
}

void fdevent_close(struct fdevent *ev) {
    if (!ev->set || ev->flags & CLOSING) return;
    silence(ev);
    ev->flags |= CLOSING;
    ev->set->closing = true;
    if (ev->flags & QUEUED) ev->set->purge = true;
    note_change(ev);
}

void fdevent_remove(struct fdevent *ev) {
    if (!ev->set || ev->flags & CLOSING) return;
    silence(ev);
    unlink_everywhere(ev);
    ev->set = NULL;
    ev->flags = 0;
    ev->ready = 0;
}
