/* facts.c - what Linux knows of a descriptor, for the doubles of other kernels */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "tests/doubles/facts.h"

#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>

unsigned long double_calls;

int facts_poll(struct pollfd *fds, unsigned long count, int timeout_ms) {
    struct timespec limit = {.tv_sec = timeout_ms / 1000, .tv_nsec = timeout_ms % 1000 * 1000000L};

    return ppoll(fds, (nfds_t)count, timeout_ms < 0 ? NULL : &limit, NULL);
}

static int tcp_state(int fd) {
    struct tcp_info info;
    socklen_t len = sizeof info;
    int domain = 0;
    socklen_t domain_len = sizeof domain;

    if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &domain_len) < 0 || domain == AF_UNIX) return -1;
    memset(&info, 0, sizeof info);
    return getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) < 0 ? -1 : info.tcpi_state;
}

void facts_of(struct facts *facts, int fd, int revents) {
    struct stat st;
    int state;

    memset(facts, 0, sizeof *facts);
    if (revents & POLLNVAL || fstat(fd, &st) < 0) return;
    facts->open = true;
    facts->readable = revents & POLLIN;
    facts->writable = revents & POLLOUT;
    facts->peer_end = revents & POLLRDHUP;
    facts->error = revents & POLLERR;
    facts->dead = revents & POLLHUP;
    facts->kind = S_ISSOCK(st.st_mode) ? FACT_SOCKET : S_ISFIFO(st.st_mode) ? FACT_PIPE : FACT_OTHER;
    if (facts->kind == FACT_PIPE && facts->dead) facts->peer_end = true;
    if (facts->kind != FACT_SOCKET) return;
    state = tcp_state(fd);
    facts->listening = state == TCP_LISTEN;
    facts->own_end = state == TCP_FIN_WAIT1 || state == TCP_FIN_WAIT2 || state == TCP_CLOSING ||
                     state == TCP_LAST_ACK || state == TCP_TIME_WAIT || facts->dead;
}

void facts_look(struct facts *facts, int fd) {
    struct pollfd entry = {.fd = fd, .events = POLLIN | POLLOUT | POLLRDHUP};

    facts_poll(&entry, 1, 0);
    facts_of(facts, fd, entry.revents);
}

bool identity_get(struct identity *identity, int fd) {
    struct stat st;

    if (fstat(fd, &st) < 0) return false;
    identity->dev = st.st_dev;
    identity->ino = st.st_ino;
    return true;
}

bool identity_holds(const struct identity *identity, int fd) {
    struct identity now;

    return identity_get(&now, fd) && now.dev == identity->dev && now.ino == identity->ino;
}

int64_t facts_clock_ms(void) {
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

void facts_nap(void) {
    struct timespec time = {.tv_sec = 0, .tv_nsec = 500000};

    nanosleep(&time, NULL);
}
