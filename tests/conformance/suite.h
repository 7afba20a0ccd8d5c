/* suite.h - the conformance suite's own tools: checks, probes, connections */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_CONFORMANCE_SUITE_H
#define GOLDCREST_CONFORMANCE_SUITE_H

#include "fdevents/fdevent.h"
#include "fdevents/socket.h"

/* What every backend must do in the same way; each case gets a new set of the backend under test.
 */
struct suite_case {
    const char *name;
    void (*run)(void);
};

extern const struct suite_case cases_readiness[], cases_batch[], cases_end[], cases_life[], cases_time[];

extern struct fdevents *set;
extern const char *backend_name;

#define CHECK(condition) suite_check(condition, #condition, __FILE__, __LINE__)
bool suite_check(bool passed, const char *what, const char *file, int line);
void suite_skip(const char *why);

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

unsigned next(struct probe *p); /* one turn, at most half a second: what p was told in it */
bool quiet(void);               /* nobody is told anything, and the process really sleeps */
void turn(void);                /* a turn that does not wait */
void close_all(struct probe *p, int count);

int64_t suite_ms(void);
void nap(int ms);

/* TCP over loopback, nonblocking, without delay. */
int tcp_listener(void);
int tcp_connect(int listener); /* a nonblocking client; the connection may be in progress */
void tcp_pair(int fds[2]);
void tcp_reset(int fd); /* closes with a reset */

void put(int fd, const char *bytes);
ssize_t get(int fd);    /* recv() of at most 4096 bytes */
int spare_number(void); /* a descriptor number that is not open */

#endif
