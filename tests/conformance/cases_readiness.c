/* cases_readiness.c - conformance 01 to 25: what a socket is ready for, and when it is silent */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "tests/conformance/suite.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

enum { IN = FDEVENT_IN, OUT = FDEVENT_OUT, RDHUP = FDEVENT_RDHUP };

static bool has_rdhup(void) {
    return fdevents_caps(set) & FDEVENTS_CAP_RDHUP;
}

static void listener_idle(void) {
    struct probe p = {.runs = 0};

    probe_add(&p, tcp_listener(), IN);
    CHECK(quiet());
    CHECK(p.runs == 0);
    close_all(&p, 1);
}

static void listener_pending(void) {
    struct probe p = {.runs = 0};
    int client, fd;

    probe_add(&p, tcp_listener(), IN);
    client = tcp_connect(p.ev.fd);
    CHECK(next(&p) == IN);
    fd = socket_accept(p.ev.fd, NULL, NULL);
    CHECK(fd >= 0);
    CHECK(socket_accept(p.ev.fd, NULL, NULL) == SOCKET_LATER);
    CHECK(quiet());
    close(fd);
    close(client);
    close_all(&p, 1);
}

static void accepted_flags(void) {
    int listener = tcp_listener(), client = tcp_connect(listener), fd;
    struct sockaddr_storage addr;
    socklen_t len = sizeof addr;

    do fd = socket_accept(listener, (struct sockaddr *)&addr, &len);
    while (fd == SOCKET_LATER); /* it is on its way */
    CHECK(fd >= 0);
    CHECK(addr.ss_family == AF_INET && len == sizeof(struct sockaddr_in));
    CHECK(fcntl(fd, F_GETFL) & O_NONBLOCK);
    CHECK(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    CHECK(fcntl(client, F_GETFL) & O_NONBLOCK);
    CHECK(fcntl(client, F_GETFD) & FD_CLOEXEC);
    close(fd);
    close(client);
    close(listener);
}

static void interest_changes(void) {
    struct probe p = {.runs = 0};
    int fds[2];

    tcp_pair(fds);
    probe_add(&p, fds[0], IN);
    put(fds[1], "hello");
    CHECK(next(&p) == IN);
    fdevent_want(&p.ev, OUT);
    for (int i = 0; i < 3; i++) CHECK(next(&p) == OUT);
    fdevent_want(&p.ev, IN | OUT);
    CHECK(next(&p) == (IN | OUT));
    close(fds[1]);
    close_all(&p, 1);
}

static void narrowing(void) {
    struct probe p = {.runs = 0};
    int fds[2];

    tcp_pair(fds);
    probe_add(&p, fds[0], OUT);
    CHECK(next(&p) == OUT);
    fdevent_want(&p.ev, IN);
    CHECK(quiet());
    fdevent_want(&p.ev, IN | OUT);
    CHECK(next(&p) == OUT);
    fdevent_want(&p.ev, IN);
    CHECK(quiet());
    close(fds[1]);
    close_all(&p, 1);
}

static void no_interest(void) {
    struct probe p = {.runs = 0};
    int fds[2];

    tcp_pair(fds);
    put(fds[1], "hello");
    CHECK(arrives(fds[0], 5));
    probe_add(&p, fds[0], IN | OUT);
    CHECK(next(&p) == (IN | OUT));
    fdevent_want(&p.ev, 0);
    CHECK(quiet());
    close(fds[1]);
    CHECK(quiet());
    close_all(&p, 1);
    CHECK(p.closed == 1);
}

static void unmuting(void) {
    struct probe p = {.runs = 0};
    int fds[2];

    tcp_pair(fds);
    probe_add(&p, fds[0], 0);
    put(fds[1], "hello");
    CHECK(quiet());
    fdevent_want(&p.ev, IN);
    CHECK(next(&p) == IN);
    CHECK(get(fds[0]) == 5);
    CHECK(quiet());
    close(fds[1]);
    close_all(&p, 1);
}

static void partial_read(void) {
    struct probe p = {.runs = 0};
    char byte;
    int fds[2];

    tcp_pair(fds);
    probe_add(&p, fds[0], IN);
    put(fds[1], "hello");
    CHECK(next(&p) == IN);
    CHECK(read(fds[0], &byte, 1) == 1);
    CHECK(next(&p) == IN);
    CHECK(get(fds[0]) == 4);
    CHECK(quiet());
    close(fds[1]);
    close_all(&p, 1);
}

static void both_at_once(void) {
    struct probe p = {.runs = 0};
    int fds[2];

    tcp_pair(fds);
    put(fds[1], "hello");
    CHECK(arrives(fds[0], 5));
    probe_add(&p, fds[0], IN | OUT);
    CHECK(fdevents_turn(set, 500) == 1);
    CHECK(p.runs == 1 && p.last == (IN | OUT));
    close(fds[1]);
    close_all(&p, 1);
}

static void readable_bytes(void) {
    int fds[2];

    tcp_pair(fds);
    CHECK(socket_readable_bytes(fds[0]) == 0 || socket_readable_bytes(fds[0]) == -1);
    put(fds[1], "hello");
    CHECK(arrives(fds[0], 5));
    CHECK(socket_readable_bytes(fds[0]) == 5 || socket_readable_bytes(fds[0]) == -1);
    close(fds[0]);
    close(fds[1]);
}

static void end_behind_data(void) {
    struct probe p = {.runs = 0};
    int fds[2];

    tcp_pair(fds);
    probe_add(&p, fds[0], IN);
    put(fds[1], "hello");
    CHECK(socket_half_close(fds[1]) == 0);
    nap(10);
    CHECK(next(&p) == IN);
    CHECK(get(fds[0]) == 5);
    CHECK(next(&p) == IN);
    CHECK(get(fds[0]) == 0);
    CHECK(next(&p) == IN);
    fdevent_want(&p.ev, 0);
    CHECK(quiet());
    close(fds[1]);
    close_all(&p, 1);
}

static void write_to_half_closed(void) {
    struct probe p = {.runs = 0};
    int fds[2];

    tcp_pair(fds);
    CHECK(socket_half_close(fds[1]) == 0);
    CHECK(arrives(fds[0], 0));
    probe_add(&p, fds[0], OUT);
    CHECK(next(&p) == OUT);
    put(fds[0], "last");
    CHECK(next(&p) == OUT);
    CHECK(arrives(fds[1], 4));
    CHECK(get(fds[1]) == 4);
    close(fds[1]);
    close_all(&p, 1);
}

static void rdhup_alone(void) {
    struct probe p = {.runs = 0};
    int fds[2];

    tcp_pair(fds);
    probe_add(&p, fds[0], RDHUP);
    put(fds[1], "hello");
    CHECK(quiet());
    fdevent_want(&p.ev, IN);
    CHECK(next(&p) == IN);
    fdevent_want(&p.ev, RDHUP);
    CHECK(quiet());
    p.runs = 0;
    CHECK(socket_half_close(fds[1]) == 0);
    if (has_rdhup()) CHECK(next(&p) == RDHUP);
    CHECK(quiet());
    CHECK(p.runs == (has_rdhup() ? 1 : 0));
    fdevent_want(&p.ev, IN | RDHUP);
    CHECK(next(&p) == IN);
    CHECK(get(fds[0]) == 5);
    fdevent_want(&p.ev, OUT | RDHUP);
    CHECK(next(&p) == OUT);
    fdevent_want(&p.ev, RDHUP);
    CHECK(quiet());
    close(fds[1]);
    close_all(&p, 1);
}

static void rdhup_with_in(void) {
    struct probe p = {.runs = 0};
    int fds[2], hints = 0;

    tcp_pair(fds);
    probe_add(&p, fds[0], IN | RDHUP);
    CHECK(quiet());
    CHECK(socket_half_close(fds[1]) == 0);
    for (int i = 0; i < 4; i++) {
        unsigned ready = next(&p);

        CHECK(ready & IN);
        hints += (ready & RDHUP) != 0;
    }
    CHECK(hints == (has_rdhup() ? 1 : 0));
    fdevent_want(&p.ev, RDHUP);
    CHECK(quiet());
    close(fds[1]);
    close_all(&p, 1);
}

static void peer_closes(void) {
    struct probe p = {.runs = 0};
    int fds[2];

    tcp_pair(fds);
    probe_add(&p, fds[0], IN);
    close(fds[1]);
    CHECK(next(&p) == IN);
    CHECK(get(fds[0]) == 0);
    CHECK(next(&p) == IN);
    fdevent_want(&p.ev, 0);
    CHECK(quiet());
    close_all(&p, 1);
}

static void reset_in(void) {
    struct probe p = {.runs = 0};
    int fds[2];

    tcp_pair(fds);
    probe_add(&p, fds[0], IN);
    tcp_reset(fds[1]);
    CHECK(next(&p) == IN);
    CHECK(get(fds[0]) <= 0);
    CHECK(write(fds[0], "x", 1) < 0);
    CHECK(next(&p) == IN);
    close_all(&p, 1);
}

static void reset_out(void) {
    struct probe p = {.runs = 0};
    int fds[2];

    tcp_pair(fds);
    probe_add(&p, fds[0], OUT);
    CHECK(next(&p) == OUT);
    fdevent_want(&p.ev, 0);
    CHECK(quiet());
    tcp_reset(fds[1]);
    CHECK(quiet());
    fdevent_want(&p.ev, OUT);
    CHECK(next(&p) == OUT);
    CHECK(write(fds[0], "x", 1) < 0);
    CHECK(next(&p) == OUT);
    close_all(&p, 1);
}

static void reset_unwatched(void) {
    struct probe p = {.runs = 0};
    int fds[2];

    tcp_pair(fds);
    probe_add(&p, fds[0], IN);
    CHECK(quiet());
    fdevent_want(&p.ev, 0);
    turn();
    tcp_reset(fds[1]);
    CHECK(quiet());
    CHECK(p.runs == 0);
    close_all(&p, 1);
}

static void reset_rdhup(void) {
    struct probe p = {.runs = 0};
    int fds[2];

    tcp_pair(fds);
    probe_add(&p, fds[0], RDHUP);
    tcp_reset(fds[1]);
    turn();
    CHECK(p.runs <= 1);
    CHECK(quiet());
    CHECK(p.runs <= 1);
    close_all(&p, 1);
}

static void data_then_reset(void) {
    struct probe p = {.runs = 0};
    int fds[2], reads = 0;

    tcp_pair(fds);
    probe_add(&p, fds[0], IN);
    put(fds[1], "hello");
    tcp_reset(fds[1]);
    CHECK(next(&p) == IN);
    while (reads < 10 && get(fds[0]) > 0) reads++;
    CHECK(reads < 4);
    close_all(&p, 1);
}

static void own_half_close(void) {
    struct probe p = {.runs = 0};
    int fds[2];

    tcp_pair(fds);
    CHECK(socket_half_close(fds[0]) == 0);
    nap(10);
    probe_add(&p, fds[0], IN);
    CHECK(quiet());
    fdevent_want(&p.ev, OUT);
    CHECK(next(&p) == OUT);
    CHECK(write(fds[0], "x", 1) < 0);
    close(fds[1]);
    close_all(&p, 1);
}

static void own_half_close_then_data(void) {
    struct probe p = {.runs = 0};
    int fds[2];

    tcp_pair(fds);
    probe_add(&p, fds[0], IN);
    CHECK(socket_half_close(fds[0]) == 0);
    put(fds[1], "late");
    CHECK(next(&p) == IN);
    CHECK(get(fds[0]) == 4);
    CHECK(quiet());
    CHECK(socket_half_close(fds[1]) == 0);
    CHECK(next(&p) == IN);
    CHECK(get(fds[0]) == 0);
    close(fds[1]);
    close_all(&p, 1);
}

static void connected(void) {
    struct probe p = {.runs = 0};
    int listener = tcp_listener();

    probe_add(&p, tcp_connect(listener), OUT);
    CHECK(next(&p) == OUT);
    CHECK(socket_connect_result(p.ev.fd) == 0);
    close(listener);
    close_all(&p, 1);
}

static void refused(void) {
    struct probe p = {.runs = 0};
    struct sockaddr_in addr;
    socklen_t len = sizeof addr;
    int listener = tcp_listener(), fd = socket_open(AF_INET, SOCK_STREAM, 0), again;

    CHECK(getsockname(listener, (struct sockaddr *)&addr, &len) == 0);
    close(listener);
    if (connect(fd, (struct sockaddr *)&addr, len) < 0 && errno != EINPROGRESS) {
        CHECK(errno == ECONNREFUSED);
        close(fd);
        return;
    }
    probe_add(&p, fd, OUT);
    CHECK(next(&p) == OUT);
    CHECK(socket_connect_result(fd) == ECONNREFUSED);
    again = socket_connect_result(fd); /* the error has been fetched: still not connected, nor on the way */
    CHECK(again != 0 && again != EINPROGRESS);
    close_all(&p, 1);
}

static void reset_before_accept(void) {
    struct probe p = {.runs = 0};
    int client, fd;

    probe_add(&p, tcp_listener(), IN);
    client = tcp_connect(p.ev.fd);
    nap(10);
    tcp_reset(client);
    turn();
    fd = socket_accept(p.ev.fd, NULL, NULL);
    CHECK(fd >= 0 || fd == SOCKET_AGAIN || fd == SOCKET_LATER);
    if (fd >= 0) close(fd);
    CHECK(socket_accept(p.ev.fd, NULL, NULL) == SOCKET_LATER);
    CHECK(quiet());
    close_all(&p, 1);
}

const struct suite_case cases_readiness[] = {
    {"01 listener, idle", listener_idle, 0},
    {"02 listener, one pending", listener_pending, 0},
    {"03 flags of what was accepted", accepted_flags, 0},
    {"04 IN, then OUT, then both", interest_changes, 0},
    {"05 narrowing from OUT to IN", narrowing, 0},
    {"06 interest 0", no_interest, 0},
    {"07 data while muted", unmuting, 0},
    {"08 a partial read", partial_read, 0},
    {"09 IN and OUT are one call", both_at_once, 0},
    {"10 bytes that can be read", readable_bytes, 0},
    {"11 end behind data", end_behind_data, 0},
    {"12 the peer half-closed, OUT only", write_to_half_closed, 0},
    {"13 RDHUP alone", rdhup_alone, 0},
    {"14 RDHUP with IN", rdhup_with_in, 0},
    {"15 the peer closes", peer_closes, 0},
    {"16 reset, IN", reset_in, 0},
    {"17 reset, OUT", reset_out, 0},
    {"18 reset, interest 0", reset_unwatched, 0},
    {"19 reset, RDHUP", reset_rdhup, 0},
    {"20 data, then reset", data_then_reset, 0},
    {"21 own half-close", own_half_close, 0},
    {"22 own half-close, then data and end", own_half_close_then_data, 0},
    {"23 connected", connected, 0},
    {"24 refused", refused, 0},
    {"25 reset before accept", reset_before_accept, 0},
    {NULL, NULL, 0},
};
