/* suite.h - the conformance suite's own tools: checks, probes, connections */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_CONFORMANCE_SUITE_H
#define GOLDCREST_CONFORMANCE_SUITE_H

#include "fdevents/fdevent.h"
#include "fdevents/socket.h"

/* What a case is made of, beside TCP over loopback. Not every kernel has it all: without an ingredient a case is
 * skipped, with the reason. */
enum {
    NEEDS_LOCAL = 0x01,   /* socketpair()                                   */
    NEEDS_PIPE = 0x02,    /* pipe()                                         */
    NEEDS_DUP = 0x04,     /* dup() of a socket                              */
    NEEDS_FILES = 0x08,   /* a regular file that can be read and written    */
    NEEDS_NULL = 0x10,    /* /dev/null                                      */
    NEEDS_FORK = 0x20,    /* a forked child has sockets                     */
    NEEDS_SIGNALS = 0x40, /* a signal interrupts, and its handler may write */
    NEEDS_LIMIT = 0x80,   /* RLIMIT_NOFILE holds for sockets                */
    ONLY_SELECT = 0x100   /* means nothing to other backends                */
};

/* What every backend must do in the same way; each case gets a new set of the backend under test. The number in the
 * name is the case's own for ever. */
struct suite_case {
    const char *name;
    void (*run)(void);
    unsigned needs;
};

extern const struct suite_case cases_readiness[], cases_batch[], cases_end[], cases_life[], cases_time[];

extern struct fdevents *set;
extern const char *backend_name;

#define CHECK(condition) suite_check(condition, #condition, __FILE__, __LINE__)
bool suite_check(bool passed, const char *what, const char *file, int line);
void suite_skip(const char *why);      /* the case goes on, and counts as skipped if nothing fails */
_Noreturn void suite_abandon(void);    /* the case ends here: it has failed */
const char *suite_lacks(unsigned needs); /* the first that is missing here, with the reason; NULL: none is */
bool suite_exclude(const char *names); /* treats these ingredients (or backends) as missing; false: no such */
bool suite_excluded(const char *backend);

/* fork(); the child cannot outlive its case, and its exit status is its answer. */
int suite_fork(void);
bool child_agrees(void);
void child_forget(void);

/* probe - an owner that notes what it is told, and may do something about it */
struct probe {
    struct fdevent ev;
    int runs, closed;
    unsigned last, all; /* the last readiness; everything since probe_add() */
    void (*then)(struct probe *p, unsigned ready);
    void *arg;
};

void probe_add(struct probe *p, int fd, unsigned interest); /* then and arg are kept */
void probe_init(struct probe *p);

extern int next_ms;
unsigned next(struct probe *p); /* one turn, at most two seconds: what p was told in it */
bool quiet(void);               /* nobody is told anything, and the process really sleeps */
void turn(void);                /* a turn that does not wait */
void close_all(struct probe *p, int count);

int64_t suite_ms(void);
void nap(int ms);

/* TCP over loopback, nonblocking, without delay. */
int tcp_listener(void);
int tcp_connect(int listener); /* a nonblocking client; the connection may be in progress */
int tcp_accept(int listener);  /* waits for it */
void tcp_pair(int fds[2]);
void any_pair(int fds[2]); /* local sockets if there are, else TCP */
void tcp_reset(int fd); /* closes with a reset */

void put(int fd, const char *bytes);
ssize_t get(int fd);                 /* read() of at most 4096 bytes */
bool arrives(int fd, ssize_t bytes); /* so many are queued now, or within two seconds; 0: the end */
int spare_number(void);              /* a descriptor number that is not open */
int suite_room(int wanted);          /* how many descriptors of these can be had and added */

#endif
