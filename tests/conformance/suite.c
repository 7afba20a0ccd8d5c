/* suite.c - the conformance suite's own tools: probes and connections */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "tests/conformance/suite.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <time.h>
#include <unistd.h>

enum { QUIET_MS = 50 };

int next_ms = 2000;

int64_t suite_ms(void) {
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

void nap(int ms) {
    struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L};

    while (nanosleep(&time, &time) < 0 && errno == EINTR)
        ;
}

static void probe_run(struct fdevent *ev, unsigned ready) {
    struct probe *p = (struct probe *)ev;

    p->runs++;
    p->last = ready;
    p->all |= ready;
    if (p->then) p->then(p, ready);
}

static void probe_closed(struct fdevent *ev) {
    ((struct probe *)ev)->closed++;
}

void probe_init(struct probe *p) {
    memset(p, 0, sizeof *p);
    p->ev.run = probe_run;
    p->ev.closed = probe_closed;
}

void probe_add(struct probe *p, int fd, unsigned interest) {
    void (*then)(struct probe *, unsigned) = p->then;
    void *arg = p->arg;

    probe_init(p);
    p->then = then;
    p->arg = arg;
    if (fdevent_add(set, &p->ev, fd, interest) < 0) {
        perror("fdevent_add");
        suite_check(false, "a probe can be added", __FILE__, __LINE__);
    }
}

unsigned next(struct probe *p) {
    p->last = 0;
    fdevents_turn(set, next_ms);
    return p->last;
}

void turn(void) {
    fdevents_turn(set, 0);
}

bool quiet(void) {
    int64_t start_ms = suite_ms();

    return fdevents_turn(set, QUIET_MS) == 0 && suite_ms() - start_ms >= QUIET_MS - 5;
}

void close_all(struct probe *p, int count) {
    for (int i = 0; i < count; i++) fdevent_close(&p[i].ev);
    turn();
}

static void must(int result, const char *what) {
    if (result >= 0) return;
    perror(what);
    suite_check(false, what, __FILE__, __LINE__);
    suite_abandon();
}

/* Else the second small write would wait for the acknowledgement of the first. */
static void no_delay(int fd) {
    int one = 1;

    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
}

int tcp_listener(void) {
    struct sockaddr_in addr;
    int fd = socket_open(AF_INET, SOCK_STREAM, 0);

    must(fd, "socket");
    memset(&addr, 0, sizeof addr);
    addr.sin_family = AF_INET;
    addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    must(bind(fd, (struct sockaddr *)&addr, sizeof addr), "bind");
    must(listen(fd, 16), "listen");
    return fd;
}

int tcp_connect(int listener) {
    struct sockaddr_in addr;
    socklen_t len = sizeof addr;
    int fd = socket_open(AF_INET, SOCK_STREAM, 0);

    must(fd, "socket");
    must(getsockname(listener, (struct sockaddr *)&addr, &len), "getsockname");
    no_delay(fd);
    if (connect(fd, (struct sockaddr *)&addr, len) < 0 && errno != EINPROGRESS) must(-1, "connect");
    return fd;
}

int tcp_accept(int listener) {
    int fd = SOCKET_LATER;

    for (int64_t start_ms = suite_ms(); suite_ms() - start_ms < next_ms;) {
        fd = socket_accept(listener, NULL, NULL);
        if (fd >= 0) break;
        nap(1);
    }
    must(fd, "accept");
    no_delay(fd);
    return fd;
}

void tcp_pair(int fds[2]) {
    int listener = tcp_listener();

    fds[1] = tcp_connect(listener);
    fds[0] = tcp_accept(listener);
    while (socket_connect_result(fds[1]) == EINPROGRESS) nap(1);
    close(listener);
}

void any_pair(int fds[2]) {
    if (suite_lacks(NEEDS_LOCAL)) tcp_pair(fds);
    else must(socket_pair(fds), "socketpair");
}

void tcp_reset(int fd) {
    struct linger now = {.l_onoff = 1, .l_linger = 0};

    setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close(fd);
    nap(10);
}

void put(int fd, const char *bytes) {
    CHECK(write(fd, bytes, strlen(bytes)) == (ssize_t)strlen(bytes));
}

ssize_t get(int fd) {
    char bytes[4096];

    return read(fd, bytes, sizeof bytes);
}

bool arrives(int fd, ssize_t bytes) {
    char queued[4096];
    ssize_t seen = -1;

    for (int64_t start_ms = suite_ms(); suite_ms() - start_ms < next_ms;) {
        seen = recv(fd, queued, sizeof queued, MSG_PEEK);
        if (seen == bytes) return true;
        if (seen < 0 && errno != EAGAIN && errno != EWOULDBLOCK) break;
        nap(1);
    }
    return false;
}

int suite_room(int wanted) {
    enum { KEPT_BACK = 60 };
    struct rlimit limit;

    if (!strcmp(backend_name, "select") && wanted > FD_SETSIZE - KEPT_BACK) wanted = FD_SETSIZE - KEPT_BACK;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur == RLIM_INFINITY) return wanted;
    return limit.rlim_cur < (rlim_t)wanted + KEPT_BACK ? (int)limit.rlim_cur - KEPT_BACK : wanted;
}

int spare_number(void) {
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    must(fd, "socket");
    close(fd);
    return fd;
}
