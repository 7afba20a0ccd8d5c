/* signal.c - signals as readiness: the handler notes the signal and writes a byte into a pipe */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "fdevents/set.h"
#include "fdevents/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

enum { SIGNALS = 128, READ_END = 0, WRITE_END = 1 };

struct caught {
    void (*call)(int signo, void *arg);
    void *arg;
    struct sigaction before;
};

/* A signal is noted with the process that it came to: one that arrived in the parent before fork()
 * is not the child's. */
static volatile sig_atomic_t noted[SIGNALS];
static struct caught caught[SIGNALS];
static struct fdevents *owner;
static struct fdevent waker;
static int ends[2] = {-1, -1};

static void handle(int signo) {
    int error = errno;

    noted[signo] = (sig_atomic_t)getpid();
    if (write(ends[WRITE_END], "", 1) < 0) {
        /* full: it is readable already */
    }
    errno = error;
}

static void deliver(struct fdevent *ev, unsigned ready) {
    char bytes[256];
    sig_atomic_t me = (sig_atomic_t)getpid();

    (void)ready;
    while (read(ev->fd, bytes, sizeof bytes) == (ssize_t)sizeof bytes)
        ;
    for (int signo = 1; signo < SIGNALS; signo++) {
        sig_atomic_t to = noted[signo];

        if (to == 0) continue;
        noted[signo] = 0;
        if (to == me && caught[signo].call) caught[signo].call(signo, caught[signo].arg);
    }
}

static int open_ends(void) {
#ifdef HAVE_PIPE2
    if (pipe2(ends, O_NONBLOCK | O_CLOEXEC) == 0) return 0;
    if (errno != ENOSYS) return -1;
#endif
    if (pipe(ends) < 0) return -1;
    return socket_prepare(ends[READ_END]) < 0 || socket_prepare(ends[WRITE_END]) < 0 ? -1 : 0;
}

static void close_ends(void) {
    fdevent_remove(&waker);
    for (int i = 0; i < 2; i++) {
        if (ends[i] >= 0) close(ends[i]);
        ends[i] = -1;
    }
}

static int start(struct fdevents *set) {
    int error;

    waker.run = deliver;
    if (open_ends() == 0 && fdevent_add(set, &waker, ends[READ_END], FDEVENT_IN) == 0) return 0;
    error = errno;
    close_ends();
    errno = error;
    return -1;
}

int fdevents_signal(struct fdevents *set, int signo, void (*call)(int signo, void *arg), void *arg) {
    struct sigaction action;

    if (signo <= 0 || signo >= SIGNALS || (owner && owner != set)) {
        errno = signo <= 0 || signo >= SIGNALS ? EINVAL : EBUSY;
        return -1;
    }
    if (!owner && start(set) < 0) return -1;
    owner = set;
    memset(&action, 0, sizeof action);
    action.sa_handler = handle;
    action.sa_flags = SA_RESTART;
    sigfillset(&action.sa_mask);
    if (sigaction(signo, &action, caught[signo].call ? NULL : &caught[signo].before) < 0) return -1;
    caught[signo].arg = arg;
    caught[signo].call = call;
    return 0;
}

/* The pipe is shared with the parent: a child needs its own, and must look once for what came in
 * between. */
int signals_after_fork(struct fdevents *set) {
    if (owner != set) return 0;
    close_ends();
    if (start(set) < 0) return -1;
    fdevent_wake(&waker);
    return 0;
}

void signals_done(struct fdevents *set) {
    if (owner != set) return;
    for (int signo = 1; signo < SIGNALS; signo++) {
        if (caught[signo].call) sigaction(signo, &caught[signo].before, NULL);
        caught[signo].call = NULL;
        noted[signo] = 0;
    }
    close_ends();
    owner = NULL;
}
