/* fdevent.h - readiness of descriptors and time limits: the whole contract of libfdevents */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_FDEVENT_H
#define GOLDCREST_FDEVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The contract, the same on every backend:
 *
 *  1. Level-triggered. IN and OUT are reported by every fdevents_turn() as long as they hold and
 *     are wanted.
 *  2. IN means that read() or accept() will not block (data, end of file, pending connection or
 *     error); OUT the same for write() and for the end of a connect(). Only read() and write() tell
 *     the truth: what kernels say with HUP and ERR is folded into IN|OUT as far as wanted.
 *  3. A batch is collected first, then each owner runs once with all that is ready for it.
 *  4. Interest 0 is unregistered: a descriptor nobody wants to hear of costs nothing and wakes
 *     nobody.
 *  5. The kernel's interest is brought up to date once per descriptor, before the next wait:
 *     wanting something and taking it back within one run costs no system call.
 *  6. fdevent_close() silences the descriptor at once; close() and the owner's `closed` callback
 *     happen after the batch. No descriptor number is recycled inside a batch, no callback sees
 *     freed memory.
 *  7. One thread. After fork() the child calls fdevents_after_fork() before anything else.
 */

enum {
    FDEVENT_IN = 0x01,    /* see 2 */
    FDEVENT_OUT = 0x02,   /* see 2 */
    FDEVENT_RDHUP = 0x04, /* hint, if fdevents_caps() has it: the peer's FIN; once per addition */
    FDEVENT_WAKE = 0x08,  /* never wanted: fdevent_wake() was called */
    FDEVENT_NVAL = 0x20   /* never wanted: somebody else closed the descriptor; fdevent_remove() or
                             fdevent_close() it (closes nothing then). Not every kernel tells */
};

enum { FDEVENTS_CAP_RDHUP = 1 /* RDHUP can be delivered without IN */ };

struct fdevents; /* one set of descriptors and deadlines, for one process */

/* fdevent - one descriptor in a set; embedded in its owner, which outlives the `closed` callback */
struct fdevent {
    struct fdevents *set;                            /* NULL while not added */
    void (*run)(struct fdevent *ev, unsigned ready); /* the owner's turn; ready: FDEVENT_* bits */
    void (*closed)(struct fdevent *ev);              /* after close(): the owner may free itself */
    struct fdevent *next_run, *next_sync;            /* private: run list, changed interests */
    int fd;
    int slot;         /* private: position in a backend's array, or -1 */
    uint8_t interest; /* what the owner wants */
    uint8_t armed;    /* private: what the kernel has */
    uint8_t ready;    /* private: collected in this batch */
    uint8_t flags;    /* private */
};

/* ---- the set --------------------------------------------------------------------------------- */

/* Names of the backends built in, best first, NULL at the end. */
const char *const *fdevents_backends(void);

/* The name of the backend that a configured name means (lighttpd's old and new names are
 * understood, for example "linux-sysepoll"); NULL if it is unknown or not built. */
const char *fdevents_backend_by_name(const char *name);

/*
 * Makes a set. backend: one of fdevents_backends(), or NULL for the best that works here (one that
 * cannot be started is passed over). max_fds: the largest number of descriptors that will be added.
 * Returns NULL with errno (ENOSYS: no such backend; EMFILE: beyond FD_SETSIZE for select; …).
 */
struct fdevents *fdevents_make(const char *backend, unsigned max_fds);

/* As fdevents_make(), with as many of *max_fds as the backend can hold: select() holds few. *max_fds is then that
 * number, a half, a quarter … of what it was; below `least` it is given up. */
struct fdevents *fdevents_make_most(const char *backend, unsigned *max_fds, unsigned least);

/* Frees the set. Descriptors still added are forgotten, not closed; those waiting for close() are
 * closed. */
void fdevents_drop(struct fdevents *set);

const char *fdevents_name(const struct fdevents *set);
unsigned fdevents_caps(const struct fdevents *set);

/* In a child after fork(): opens the kernel object anew and registers everything again. 0, or -1
 * with errno. */
int fdevents_after_fork(struct fdevents *set);

/*
 * One turn: waits for readiness, a deadline or a wake-up, at most max_wait_ms (-1: without limit),
 * then runs each owner once and fires the deadlines that are due. Returns how many owners ran; a
 * signal that interrupts the wait is 0, not an error. -1 with errno: the kernel object is broken.
 */
int fdevents_turn(struct fdevents *set, int max_wait_ms);

/* ---- one descriptor -------------------------------------------------------------------------- */

/*
 * Adds fd, which must be open and stays the owner's until fdevent_close(). ev->run (and ev->closed,
 * may be NULL) are set by the caller before, the rest of a new ev is zero. 0, or -1 with errno:
 * EBADF (not open), EEXIST (this ev or this fd is added already), EMFILE (beyond what the backend
 * can hold), ENOMEM, ENOSPC or EAGAIN (the kernel's limits). A descriptor that the kernel refuses to watch,
 * such as a file, is always ready.
 */
int fdevent_add(struct fdevents *set, struct fdevent *ev, int fd, unsigned interest);

/* The same of a descriptor that is known to be open, as from accept(). A kernel that is told by a system call is told
 * before the next wait only (contract 5), and tried again later where it is short of something. */
int fdevent_add_open(struct fdevents *set, struct fdevent *ev, int fd, unsigned interest);

/* Says what is wanted from now on (FDEVENT_IN, _OUT, _RDHUP, or 0). No system call: see contract 5.
 */
void fdevent_want(struct fdevent *ev, unsigned interest);

/* Runs the owner in the next turn, with FDEVENT_WAKE; that turn does not sleep. If the owner is
 * still to run in this batch, it runs only there. Idempotent. */
void fdevent_wake(struct fdevent *ev);

/* Was something collected for it in this batch that its owner has not been run with? */
static inline bool fdevent_has_news(const struct fdevent *ev) {
    return ev->ready != 0;
}

/* Unregisters at once, closes the descriptor after the batch, then calls ev->closed. Outside of a
 * turn: at the start of the next, or in fdevents_drop(). `closed` is never called from within this.
 */
void fdevent_close(struct fdevent *ev);

/* Unregisters and gives the descriptor back, open. The owner may be freed after it, also within a
 * batch. */
void fdevent_remove(struct fdevent *ev);

/* ---- deadlines: a time limit is one store ---------------------------------------------------- */

/* deadline - "call me at"; embedded in its owner. Zeroed memory is a stopped deadline. */
struct deadline {
    struct deadline *next, **prev;    /* private: the wheel's slot */
    void (*fire)(struct deadline *d); /* set by the owner; the deadline is stopped then */
    uint64_t at_ms;                   /* monotonic; private */
    uint64_t due_ms;                  /* when the wheel looks at it; private */
};

/* Fires ms milliseconds after fdevents_now_ms(), never early, at most a tick (64 ms) late; replaces
 * the limit that was set before. Putting a limit off, the usual case, is one store. */
void deadline_in(struct fdevents *set, struct deadline *d, uint64_t ms);
void deadline_stop(struct deadline *d);
bool deadline_is_set(const struct deadline *d);

/* The monotonic clock in ms, read once per turn (after the wait). */
uint64_t fdevents_now_ms(const struct fdevents *set);

/* Calls `woken` in each turn right after the wait, before any owner runs, with the monotonic clock's nanoseconds: for
 * clocks that are to stand still during a turn. */
void fdevents_on_wake(struct fdevents *set, void (*woken)(uint64_t monotonic_ns));

/* For tests: takes the time from `clock` instead; turns then do not sleep. Deadlines keep what is
 * left of them. */
void fdevents_set_clock(struct fdevents *set, uint64_t (*clock)(void *), void *arg);

/* ---- signals as readiness -------------------------------------------------------------------- */

/* From now on `caught` is called within a turn for each signal signo that arrived (several at once
 * may be one call). One set per process can own signals. 0, or -1 with errno. */
int fdevents_signal(struct fdevents *set, int signo, void (*caught)(int signo, void *arg),
                    void *arg);

#endif
