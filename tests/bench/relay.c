/* relay.c - the least that a proxy can do: a connection to the backend for each client, and bytes to and fro */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/memory.h"
#include "net/connect.h"
#include "net/sendfile.h"
#include "tests/bench/common.h"

enum { PIECE_BYTES = 65536 };

static const char usage[] = "usage: relay -p PORT -b BACKEND_PORT\n"
                            "\n"
                            "Passes on what comes on 127.0.0.1:PORT to 127.0.0.1:BACKEND_PORT, and back, unseen.\n";

struct pair;

/* side - the one or the other connection of a pair; holds what the other has not taken yet */
struct side {
    struct fdevent ev;
    struct side *other;
    struct pair *pair;
    char *held;
    size_t held_bytes, sent_bytes;
};

/* pair - a client and its backend; they begin and end together */
struct pair {
    struct side sides[2];
    unsigned open;
};

static struct fdevents *set;
static struct addr_room backend;
static char piece[PIECE_BYTES];

static void end(struct pair *p) {
    fdevent_close(&p->sides[0].ev);
    fdevent_close(&p->sides[1].ev);
}

static void closed(struct fdevent *ev) {
    struct side *s = (struct side *)ev;
    free(s->held);
    if (--s->pair->open == 0) free(s->pair);
}

/* What the other side could not take waits for it, and nothing is read meanwhile. */
static bool hold(struct side *s, const char *bytes, size_t n) {
    s->held = memory_copy(bytes, n);
    s->held_bytes = n;
    s->sent_bytes = 0;
    fdevent_want(&s->ev, s->ev.interest & ~(unsigned)FDEVENT_IN);
    fdevent_want(&s->other->ev, s->other->ev.interest | (unsigned)FDEVENT_OUT);
    return true;
}

/* False: this pair is at its end. */
static bool pass_on(struct side *s) {
    ssize_t n = recv(s->ev.fd, piece, sizeof piece, 0);
    if (n <= 0) return n < 0 && errno == EAGAIN;
    ssize_t sent = send(s->other->ev.fd, piece, (size_t)n, MSG_NOSIGNAL);
    if (sent == n) return true;
    /* ENOTCONN: the backend's connection is on its way */
    if (sent < 0 && errno != EAGAIN && errno != ENOTCONN) return false;
    return hold(s, piece + (sent > 0 ? sent : 0), (size_t)(n - (sent > 0 ? sent : 0)));
}

static bool pass_held(struct side *s) {
    ssize_t sent = send(s->other->ev.fd, s->held + s->sent_bytes, s->held_bytes - s->sent_bytes, MSG_NOSIGNAL);
    if (sent < 0) return errno == EAGAIN || errno == ENOTCONN;
    s->sent_bytes += (size_t)sent;
    if (s->sent_bytes < s->held_bytes) return true;
    free(s->held);
    s->held = NULL;
    fdevent_want(&s->ev, s->ev.interest | (unsigned)FDEVENT_IN);
    fdevent_want(&s->other->ev, s->other->ev.interest & ~(unsigned)FDEVENT_OUT);
    return true;
}

static void run(struct fdevent *ev, unsigned ready) {
    struct side *s = (struct side *)ev;
    bool goes_on = true;
    if (ready & FDEVENT_OUT && s->other->held) goes_on = pass_held(s->other);
    if (goes_on && ready & FDEVENT_IN && !s->held) goes_on = pass_on(s);
    if (!goes_on) end(s->pair);
}

static void begin(int fd) {
    bool is_connected = false;
    struct pair *p = memory_zeroed(1, sizeof *p);
    int fds[2] = {fd, connect_to(&backend, &is_connected)};
    if (fds[1] < 0) die("connect");
    p->open = 2;
    for (unsigned i = 0; i < 2; i++) {
        p->sides[i] = (struct side){.ev.run = run, .ev.closed = closed, .other = &p->sides[1 - i], .pair = p};
        if (fdevent_add(set, &p->sides[i].ev, fds[i], FDEVENT_IN) < 0) die("fdevent_add");
    }
}

int main(int argc, char **argv) {
    unsigned port = 0, backend_port = 0;
    for (int letter; (letter = getopt(argc, argv, "p:b:h")) != -1;) {
        if (letter == 'p') port = (unsigned)option_number(optarg, 65535);
        else if (letter == 'b') backend_port = (unsigned)option_number(optarg, 65535);
        else {
            fputs(usage, letter == 'h' ? stdout : stderr);
            return letter == 'h' ? 0 : 2;
        }
    }
    if (!port || !backend_port || optind != argc) {
        fputs(usage, stderr);
        return 2;
    }
    (void)addr_of_literal(SPAN("127.0.0.1"), (uint16_t)backend_port, &backend);
    set = make_set();
    listen_on(set, port, begin);
    while (fdevents_turn(set, -1) >= 0)
        ;
    die("fdevents_turn");
}
