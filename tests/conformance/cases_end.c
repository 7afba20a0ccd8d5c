/* cases_end.c - conformance 38 to 49: lingering, pipes, files, local sockets */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "tests/conformance/suite.h"

#include "net/linger.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { IN = FDEVENT_IN, OUT = FDEVENT_OUT };

static void lingers_to_the_end(void) {
    struct linger_state l;
    int fds[2];

    tcp_pair(fds);
    put(fds[0], "response");
    put(fds[1], "rest of the request");
    CHECK(arrives(fds[0], 19));
    CHECK(socket_half_close(fds[0]) == 0);
    linger_begin(&l, 1000000);
    CHECK(linger_turn(&l, fds[0]) == LINGER_WAIT);
    CHECK(linger_turn(&l, fds[0]) == LINGER_WAIT);
    put(fds[1], "and more");
    CHECK(arrives(fds[0], 8));
    CHECK(linger_turn(&l, fds[0]) == LINGER_WAIT);
    CHECK(l.bytes_left == 1000000 - 19 - 8);
    CHECK(arrives(fds[1], 8));
    CHECK(get(fds[1]) == 8);
    CHECK(arrives(fds[1], 0));
    CHECK(socket_half_close(fds[1]) == 0);
    CHECK(arrives(fds[0], 0));
    CHECK(linger_turn(&l, fds[0]) == LINGER_DONE);
    close(fds[0]);
    close(fds[1]);
}

static void budget_used_up(void) {
    struct linger_state l;
    int fds[2];

    tcp_pair(fds);
    put(fds[1], "0123456789");
    CHECK(arrives(fds[0], 10));
    linger_begin(&l, 4);
    CHECK(linger_turn(&l, fds[0]) == LINGER_DONE);
    CHECK(l.bytes_left == 0);
    CHECK(get(fds[0]) == 6);
    close(fds[0]);
    close(fds[1]);
}

/* Others have their turn too: a fast sender is left after 64 steps of 16 KiB. */
static void turn_used_up(void) {
    enum { TURN_BYTES = 64 * 16384 };
    static char bytes[65536];
    struct linger_state l;
    int fds[2], room = 4 * 1024 * 1024, result = LINGER_WAIT;
    long queued = 0;

    tcp_pair(fds);
    setsockopt(fds[0], SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
    setsockopt(fds[1], SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
    for (int tries = 0; tries < 200 && queued <= TURN_BYTES; tries++) {
        while (write(fds[1], bytes, sizeof bytes) > 0)
            ;
        nap(2);
        queued = socket_readable_bytes(fds[0]);
    }
    linger_begin(&l, UINT64_MAX);
    if (queued > TURN_BYTES) {
        CHECK(linger_turn(&l, fds[0]) == LINGER_MORE);
        CHECK(UINT64_MAX - l.bytes_left <= TURN_BYTES);
    } else {
        suite_skip("the kernel queues too little");
    }
    tcp_reset(fds[1]);
    for (int turns = 0; turns < 100 && result != LINGER_DONE; turns++) result = linger_turn(&l, fds[0]);
    CHECK(result == LINGER_DONE);
    close(fds[0]);
}

static void lingers_into_a_reset(void) {
    struct linger_state l;
    int fds[2], result = LINGER_WAIT;

    tcp_pair(fds);
    put(fds[1], "hello");
    tcp_reset(fds[1]);
    linger_begin(&l, 1000000);
    for (int turns = 0; turns < 2 && result != LINGER_DONE; turns++) result = linger_turn(&l, fds[0]);
    CHECK(result == LINGER_DONE);
    close(fds[0]);
}

static size_t send_all_that_fits(int fd) {
    static char bytes[65536];
    size_t total = 0;
    ssize_t sent;

    while (total < 400000 && (sent = write(fd, bytes, sizeof bytes)) > 0) total += (size_t)sent;
    return total;
}

static struct linger_state state;

static void linger_on(struct probe *p, unsigned ready) {
    (void)ready;
    if (linger_turn(&state, p->ev.fd) == LINGER_DONE) fdevent_close(&p->ev);
}

/* A slow client that is still sending reads the whole response and its end. */
static void late_bytes(void) {
    struct probe p = {.runs = 0};
    size_t sent, received = 0;
    ssize_t got = 1;
    int fds[2];

    tcp_pair(fds);
    put(fds[1], "unread request");
    sent = send_all_that_fits(fds[0]);
    CHECK(socket_half_close(fds[0]) == 0);
    linger_begin(&state, 1000000);
    p.then = linger_on;
    probe_add(&p, fds[0], IN);
    for (int i = 0; i < 2000 && got != 0; i++) {
        turn();
        if (i % 10 == 0) put(fds[1], "late");
        got = get(fds[1]);
        if (got < 0 && !CHECK(errno == EAGAIN)) break;
        received += got > 0 ? (size_t)got : 0;
        if (got < 0) nap(2);
    }
    CHECK(got == 0);
    CHECK(received == sent);
    CHECK(p.closed == 0);
    close(fds[1]);
    for (int i = 0; i < 5 && !p.closed; i++) next(&p);
    CHECK(p.closed == 1);
}

static void readable_bytes_never_fatal(void) {
    int listener = tcp_listener(), fds[2];

    CHECK(socket_readable_bytes(listener) <= 0);
    tcp_pair(fds);
    tcp_reset(fds[1]);
    CHECK(socket_readable_bytes(fds[0]) <= 0);
    errno = 0;
    if (socket_half_close(fds[0]) < 0)
        CHECK(errno == ENOTCONN || errno == EINVAL || errno == ECONNRESET || errno == EPIPE);
    CHECK(socket_readable_bytes(spare_number()) == -1);
    close(listener);
    close(fds[0]);
}

static void local_pair(void) {
    struct probe p = {.runs = 0};
    int fds[2];

    CHECK(socket_pair(fds) == 0);
    CHECK(fcntl(fds[0], F_GETFL) & O_NONBLOCK && fcntl(fds[1], F_GETFD) & FD_CLOEXEC);
    probe_add(&p, fds[0], IN);
    put(fds[1], "hello");
    close(fds[1]);
    CHECK(next(&p) == IN);
    CHECK(get(fds[0]) == 5);
    CHECK(next(&p) == IN);
    CHECK(get(fds[0]) == 0);
    close_all(&p, 1);
}

static void local_peer_left_unread(void) {
    struct probe p = {.runs = 0};
    int fds[2];

    CHECK(socket_pair(fds) == 0);
    probe_add(&p, fds[0], IN);
    put(fds[0], "nobody reads this");
    close(fds[1]);
    CHECK(next(&p) == IN);
    CHECK(get(fds[0]) <= 0);
    close_all(&p, 1);
}

static void make_pipe(int fds[2]) {
    CHECK(pipe(fds) == 0);
    CHECK(socket_prepare(fds[0]) == 0 && socket_prepare(fds[1]) == 0);
}

static void pipe_writer_gone(void) {
    struct probe p = {.runs = 0};
    int fds[2];

    make_pipe(fds);
    probe_add(&p, fds[0], IN);
    CHECK(quiet());
    put(fds[1], "hello");
    CHECK(next(&p) == IN);
    close(fds[1]);
    CHECK(next(&p) == IN);
    CHECK(get(fds[0]) == 5);
    CHECK(next(&p) == IN);
    CHECK(get(fds[0]) == 0);
    close_all(&p, 1);
}

static void pipe_reader_gone(void) {
    struct probe p = {.runs = 0};
    int fds[2];

    make_pipe(fds);
    probe_add(&p, fds[1], OUT);
    CHECK(next(&p) == OUT);
    close(fds[0]);
    CHECK(next(&p) == OUT);
    CHECK(write(fds[1], "x", 1) < 0);
    close_all(&p, 1);
}

static void pipe_reader_gone_before(void) {
    struct probe p = {.runs = 0};
    int fds[2];

    make_pipe(fds);
    close(fds[0]);
    probe_add(&p, fds[1], OUT);
    CHECK(next(&p) == OUT);
    CHECK(next(&p) == OUT);
    CHECK(write(fds[1], "x", 1) < 0);
    fdevent_want(&p.ev, 0);
    CHECK(quiet());
    fdevent_want(&p.ev, OUT);
    CHECK(next(&p) == OUT);
    close_all(&p, 1);
    CHECK(p.closed == 1);
}

static void always_ready(int fd) {
    struct probe p = {.runs = 0};
    int64_t start_ms;

    probe_add(&p, fd, 0);
    CHECK(quiet());
    start_ms = suite_ms();
    fdevent_want(&p.ev, IN | OUT);
    CHECK(next(&p) == (IN | OUT));
    CHECK(suite_ms() - start_ms < next_ms / 2); /* without a wait, after which it would be noticed */
    for (int i = 0; i < 3; i++) CHECK(next(&p) == (IN | OUT));
    fdevent_want(&p.ev, OUT);
    CHECK(next(&p) == OUT);
    fdevent_want(&p.ev, 0);
    CHECK(quiet());
    fdevent_want(&p.ev, IN);
    CHECK(next(&p) == IN);
    close_all(&p, 1);
    CHECK(p.closed == 1);
    CHECK(quiet());
}

static void files(void) {
    char name[] = "/tmp/conformance.XXXXXX";
    int file = mkstemp(name);

    CHECK(file >= 0);
    unlink(name);
    CHECK(write(file, "hello", 5) == 5 && lseek(file, 0, SEEK_SET) == 0);
    always_ready(file);
}

static void file_at_its_end(void) {
    char name[] = "/tmp/conformance.XXXXXX";
    int file = mkstemp(name);

    CHECK(file >= 0);
    unlink(name);
    always_ready(file);
}

static void device(void) {
    always_ready(open("/dev/null", O_RDWR));
}

const struct suite_case cases_end[] = {
    {"38 lingers to the end", lingers_to_the_end, 0},
    {"39 lingers until its budget is used up", budget_used_up, 0},
    {"39b lingers until its turn is used up", turn_used_up, 0},
    {"40 lingers into a reset", lingers_into_a_reset, 0},
    {"41 the response survives late bytes", late_bytes, 0},
    {"42 bytes that can be read, never fatal", readable_bytes_never_fatal, 0},
    {"43 local pair, closed", local_pair, NEEDS_LOCAL},
    {"44 local pair, closed with bytes unread", local_peer_left_unread, NEEDS_LOCAL},
    {"45 pipe, the writer left", pipe_writer_gone, NEEDS_PIPE},
    {"46 pipe, the reader left", pipe_reader_gone, NEEDS_PIPE},
    {"48 pipe, the reader left before", pipe_reader_gone_before, NEEDS_PIPE},
    {"49 files are always ready", files, NEEDS_FILES},
    {"49b at their end too", file_at_its_end, NEEDS_FILES},
    {"49c /dev/null is always ready", device, NEEDS_NULL},
    {NULL, NULL, 0},
};
