/* facts.c - what Linux knows of a descriptor, for the doubles of other kernels */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "tests/doubles/facts.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>

enum { SLICE_MS = 10 };

unsigned long double_calls;

/* ---- time ------------------------------------------------------------------------------------ */

int64_t facts_clock_ms(void) {
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

int64_t facts_until(int64_t ms) {
    return ms < 0 ? INT64_MAX : facts_clock_ms() + ms;
}

static int64_t monotonic_us(void) {
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000000 + time.tv_nsec / 1000;
}

/* ---- waiting ---------------------------------------------------------------------------------- */

static int poll_us(struct pollfd *fds, size_t count, int64_t us) {
    struct timespec limit = {.tv_sec = (time_t)(us / 1000000), .tv_nsec = (long)(us % 1000000 * 1000)};

    return ppoll(fds, (nfds_t)count, us < 0 ? NULL : &limit, NULL);
}

int facts_poll(struct pollfd *fds, size_t count, int timeout_ms) {
    return poll_us(fds, count, timeout_ms < 0 ? -1 : (int64_t)timeout_ms * 1000);
}

/* A peer's end that does not count is not asked for again: it holds for ever. Of everything else that holds and does
 * not count (too few bytes for a low-water mark, HUP where the other system is silent) the real kernel would say it
 * again at once: it is left out, and the sleep is short. */
static bool leave_out(struct pollfd *entry) {
    if (!(entry->revents & ~POLLRDHUP)) {
        entry->events = (short)(entry->events & ~entry->revents);
        return false;
    }
    entry->fd = -1;
    return true;
}

static struct pollfd *scratch(size_t count) {
    static struct pollfd *room;
    static size_t size;
    struct pollfd *more;

    if (count <= size) return room;
    more = realloc(room, count * 2 * sizeof *room);
    if (!more) return NULL;
    room = more;
    size = count * 2;
    return room;
}

int facts_sleep(const struct pollfd *fds, size_t count, int64_t until_ms) {
    int64_t left_us = until_ms == INT64_MAX ? -1 : until_ms * 1000 - monotonic_us();
    struct pollfd *asked = scratch(count + 1);
    bool is_short = false;

    if (!asked) return -1;
    for (size_t i = 0; i < count; i++) {
        asked[i] = fds[i];
        if (asked[i].fd >= 0 && asked[i].revents) is_short |= leave_out(&asked[i]);
    }
    if (until_ms != INT64_MAX && left_us < 0) left_us = 0;
    if (is_short && (left_us < 0 || left_us > SLICE_MS * 1000)) left_us = SLICE_MS * 1000;
    return poll_us(asked, count, left_us) < 0 ? -1 : 0;
}

/* ---- facts ------------------------------------------------------------------------------------ */

static int tcp_state(int fd) {
    struct tcp_info info;
    socklen_t len = sizeof info;
    int domain = 0;
    socklen_t domain_len = sizeof domain;

    if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &domain_len) < 0 || domain == AF_UNIX) return -1;
    memset(&info, 0, sizeof info);
    return getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) < 0 ? -1 : info.tcpi_state;
}

static bool is_listening(int fd) {
    int yes = 0;
    socklen_t len = sizeof yes;

    return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &yes, &len) == 0 && yes;
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
    facts->listening = is_listening(fd);
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
