/* cases_batch.c - conformance 26 to 37: closing, muting and reusing within a batch, wake-ups */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "tests/conformance/suite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { IN = FDEVENT_IN, OUT = FDEVENT_OUT, MANY = 300 };

/* Two probes, both readable, each with the other as its argument. */
static void two_ready(struct probe p[2], int peers[2], void (*then)(struct probe *, unsigned)) {
    for (int i = 0; i < 2; i++) {
        int fds[2];

        tcp_pair(fds);
        peers[i] = fds[1];
        put(fds[1], "x");
        probe_init(&p[i]);
        p[i].then = then;
        p[i].arg = &p[1 - i];
        CHECK(arrives(fds[0], 1));
        probe_add(&p[i], fds[0], IN);
    }
}

static void close_self(struct probe *p, unsigned ready) {
    (void)ready;
    fdevent_close(&p->ev);
    CHECK(p->closed == 0);
    CHECK(fcntl(p->ev.fd, F_GETFD) >= 0); /* the number is not free yet */
}

static void closes_itself(void) {
    struct probe p[2];
    int peers[2];

    two_ready(p, peers, close_self);
    CHECK(fdevents_turn(set, 500) == 2);
    turn();
    for (int i = 0; i < 2; i++) {
        CHECK(p[i].runs == 1 && p[i].closed == 1);
        CHECK(p[i].ev.set == NULL);
        close(peers[i]);
    }
}

static void close_other(struct probe *p, unsigned ready) {
    struct probe *other = p->arg;

    (void)ready;
    fdevent_close(&other->ev);
    CHECK(other->closed == 0);
    p->then = NULL; /* the other may be gone the next time */
}

static void closes_the_other(void) {
    struct probe p[2];
    int peers[2];

    two_ready(p, peers, close_other);
    CHECK(fdevents_turn(set, 500) == 1);
    CHECK(p[0].runs + p[1].runs == 1);
    CHECK(p[0].closed + p[1].closed == 1);
    turn();
    CHECK(p[0].closed + p[1].closed == 1);
    close_all(p, 2);
    CHECK(p[0].closed == 1 && p[1].closed == 1);
    close(peers[0]);
    close(peers[1]);
}

static struct probe newcomer;
static int newcomer_peer;

static void close_other_and_open(struct probe *p, unsigned ready) {
    struct probe *other = p->arg;
    int fds[2], number = other->ev.fd;

    (void)ready;
    fdevent_close(&other->ev);
    tcp_pair(fds);
    CHECK(fds[0] != number && fds[1] != number);
    newcomer.then = NULL;
    probe_add(&newcomer, fds[0], IN);
    newcomer_peer = fds[1];
    p->then = NULL;
}

static void opens_in_place_of_the_other(void) {
    struct probe p[2];
    int peers[2];

    two_ready(p, peers, close_other_and_open);
    CHECK(fdevents_turn(set, 500) == 1);
    close_all(p, 2);
    CHECK(quiet());
    CHECK(newcomer.runs == 0);
    put(newcomer_peer, "x");
    CHECK(next(&newcomer) == IN);
    close_all(&newcomer, 1);
    close(newcomer_peer);
    close(peers[0]);
    close(peers[1]);
}

static int freed;

static void free_probe(struct fdevent *ev) {
    freed++;
    free(ev);
}

/* On the heap, so that a checker of memory sees whoever touches it too late. */
static void freed_in_the_batch(void) {
    struct probe *p[2];
    int peers[2];

    freed = 0;
    for (int i = 0; i < 2; i++) {
        int fds[2];

        p[i] = malloc(sizeof *p[i]);
        tcp_pair(fds);
        peers[i] = fds[1];
        put(fds[1], "x");
        CHECK(arrives(fds[0], 1));
        probe_init(p[i]);
        probe_add(p[i], fds[0], IN);
        p[i]->ev.closed = free_probe;
    }
    for (int i = 0; i < 2; i++) {
        p[i]->then = close_other;
        p[i]->arg = p[1 - i];
    }
    fdevent_wake(&p[0]->ev); /* woken and ready is one run too */
    CHECK(fdevents_turn(set, 500) == 1);
    CHECK(freed == 1);
    fdevent_close(p[0]->ev.set == NULL ? &p[1]->ev : &p[0]->ev);
    turn();
    CHECK(freed == 2);
    close(peers[0]);
    close(peers[1]);
}

static void freed_in_the_batch_checked(void) {
    struct probe *doomed = malloc(sizeof *doomed);
    int fds[2];

    freed = 0;
    tcp_pair(fds);
    probe_init(doomed);
    probe_add(doomed, fds[0], IN);
    doomed->ev.closed = free_probe;
    fdevent_wake(&doomed->ev);
    fdevent_close(&doomed->ev);
    CHECK(freed == 0);
    turn();
    CHECK(freed == 1);
    CHECK(quiet());
    close(fds[1]);
}

static void close_following(struct fdevent *ev) {
    const struct probe *p = (const struct probe *)(void *)ev;
    struct probe *following = p->arg;

    freed++;
    if (following) fdevent_close(&following->ev);
}

/* Before the first turn, so that nothing but the turns' beginnings can close them. */
static void closed_one_by_the_other(void) {
    struct probe p[3];
    int peers[3];

    freed = 0;
    for (int i = 0; i < 3; i++) {
        int fds[2];

        tcp_pair(fds);
        peers[i] = fds[1];
        probe_init(&p[i]);
        p[i].arg = i < 2 ? &p[i + 1] : NULL;
        probe_add(&p[i], fds[0], IN);
        p[i].ev.closed = close_following;
    }
    fdevent_close(&p[0].ev);
    for (int i = 0; i < 3; i++) turn();
    CHECK(freed == 3);
    for (int i = 0; i < 3; i++) {
        CHECK(fcntl(p[i].ev.fd, F_GETFD) < 0);
        close(peers[i]);
    }
}

static void mute_other(struct probe *p, unsigned ready) {
    (void)ready;
    fdevent_want(&((struct probe *)p->arg)->ev, 0);
}

static void mutes_the_other(void) {
    struct probe p[2];
    int peers[2];

    two_ready(p, peers, mute_other);
    CHECK(fdevents_turn(set, 500) == 1);
    CHECK(p[0].runs + p[1].runs == 1);
    close_all(p, 2);
    close(peers[0]);
    close(peers[1]);
}

static void remove_other(struct probe *p, unsigned ready) {
    struct probe *other = p->arg;

    (void)ready;
    fdevent_remove(&other->ev);
    memset(&other->ev, 0xff, sizeof other->ev); /* its owner is gone */
}

static void removes_the_other(void) {
    struct probe p[2];
    int peers[2], numbers[2], left;

    two_ready(p, peers, remove_other);
    numbers[0] = p[0].ev.fd;
    numbers[1] = p[1].ev.fd;
    fdevent_want(&p[0].ev, IN | OUT);
    fdevent_want(&p[1].ev, IN | OUT);
    CHECK(fdevents_turn(set, 500) == 1);
    left = p[0].runs ? 0 : 1;
    CHECK(fcntl(numbers[1 - left], F_GETFD) >= 0);
    p[left].then = NULL;
    CHECK(next(&p[left]) == (IN | OUT));
    close(numbers[1 - left]);
    close_all(&p[left], 1);
    close(peers[0]);
    close(peers[1]);
}

static void want_out(struct probe *p, unsigned ready) {
    (void)ready;
    fdevent_want(&p->ev, OUT);
}

static void changes_its_interest(void) {
    struct probe p[2];
    int peers[2];

    two_ready(p, peers, want_out);
    CHECK(next(&p[0]) == IN);
    CHECK(next(&p[0]) == OUT);
    CHECK(next(&p[1]) == OUT);
    close_all(p, 2);
    close(peers[0]);
    close(peers[1]);
}

static void number_reused(void) {
    struct probe p = {.runs = 0};
    int fds[2], number;

    tcp_pair(fds);
    number = fds[0];
    put(fds[1], "x");
    CHECK(arrives(fds[0], 1));
    probe_add(&p, fds[0], IN | OUT);
    CHECK(next(&p) == (IN | OUT));
    close_all(&p, 1);
    close(fds[1]);
    tcp_pair(fds);
    if (fds[1] == number) { /* either end may have got it */
        fds[1] = fds[0];
        fds[0] = number;
    }
    if (fds[0] != number) suite_skip("this kernel gives another number");
    probe_add(&p, fds[0], IN);
    CHECK(quiet());
    put(fds[1], "x");
    CHECK(next(&p) == IN);
    close(fds[1]);
    close_all(&p, 1);
}

/* Without a turn in between, in which what is left of the old one could be noticed. */
static void number_reused_at_once(void) {
    struct probe p = {.then = close_self}, q = {.runs = 0};
    int fds[2], number;

    tcp_pair(fds);
    number = fds[0];
    put(fds[1], "x");
    CHECK(arrives(fds[0], 1));
    probe_add(&p, fds[0], IN | OUT);
    CHECK(fdevents_turn(set, 500) == 1);
    CHECK(p.closed == 1);
    close(fds[1]);
    tcp_pair(fds);
    if (fds[0] != number) suite_skip("this kernel gives another number");
    probe_add(&q, fds[0], IN);
    CHECK(quiet());
    close(fds[1]);
    CHECK(next(&q) == IN);
    close_all(&q, 1);
}

static void first_leaves_last_changes(void) {
    struct probe p[3] = {{.runs = 0}, {.runs = 0}, {.runs = 0}};
    int peers[3];

    for (int i = 0; i < 3; i++) {
        int fds[2];

        tcp_pair(fds);
        peers[i] = fds[1];
        probe_add(&p[i], fds[0], IN);
    }
    CHECK(quiet());
    fdevent_close(&p[0].ev);
    fdevent_want(&p[2].ev, OUT);
    CHECK(next(&p[2]) == OUT);
    fdevent_want(&p[2].ev, 0);
    CHECK(quiet());
    put(peers[1], "x");
    put(peers[2], "x");
    CHECK(next(&p[1]) == IN);
    fdevent_close(&p[1].ev);
    fdevent_want(&p[2].ev, IN);
    CHECK(next(&p[2]) == IN);
    close_all(p, 3);
    for (int i = 0; i < 3; i++) close(peers[i]);
}

/* Its owner is quicker than the wait: what was ready when it was added, or wanted, is not any more. */
static void read_before_the_wait(void) {
    struct probe p = {.runs = 0};
    int fds[2];

    tcp_pair(fds);
    put(fds[1], "x");
    CHECK(arrives(fds[0], 1));
    probe_add(&p, fds[0], IN);
    CHECK(get(fds[0]) == 1);
    CHECK(quiet());
    fdevent_want(&p.ev, 0);
    turn();
    put(fds[1], "x");
    CHECK(arrives(fds[0], 1));
    fdevent_want(&p.ev, IN);
    CHECK(get(fds[0]) == 1);
    CHECK(quiet());
    put(fds[1], "x");
    CHECK(next(&p) == IN);
    CHECK(get(fds[0]) == 1);
    CHECK(quiet());
    close(fds[1]);
    close_all(&p, 1);
}

static void duplicate_stays_open(void) {
    struct probe p = {.runs = 0};
    int fds[2], copy;

    tcp_pair(fds);
    copy = dup(fds[0]);
    probe_add(&p, fds[0], IN);
    CHECK(quiet());
    close_all(&p, 1);
    put(fds[1], "x");
    CHECK(quiet());
    CHECK(p.runs == 0);
    CHECK(arrives(copy, 1));
    CHECK(get(copy) == 1);
    close(copy);
    close(fds[1]);
}

static void closed_by_somebody_else(void) {
    struct probe p = {.runs = 0}, q = {.runs = 0};
    int fds[2], others[2];

    tcp_pair(fds);
    tcp_pair(others);
    probe_add(&p, fds[0], IN);
    probe_add(&q, others[0], IN);
    CHECK(quiet());
    close(fds[0]);
    turn();
    turn();
    CHECK(p.runs <= 1);
    CHECK(p.runs == 0 || p.last == FDEVENT_NVAL);
    CHECK(quiet());
    put(others[1], "x");
    CHECK(next(&q) == IN);
    fdevent_remove(&p.ev);
    CHECK(p.ev.set == NULL);
    CHECK(get(others[0]) == 1);
    CHECK(quiet());
    close(fds[1]);
    close(others[1]);
    close_all(&q, 1);
}

static void cannot_be_added(void) {
    struct probe p, q;
    int fds[2], number = spare_number();
    static const unsigned interests[] = {0, IN, OUT};

    for (size_t i = 0; i < sizeof interests / sizeof interests[0]; i++) {
        probe_init(&p);
        CHECK(fdevent_add(set, &p.ev, number, interests[i]) == -1 && errno == EBADF);
        CHECK(p.ev.set == NULL);
        CHECK(fdevent_add(set, &p.ev, -1, interests[i]) == -1 && errno == EBADF);
    }
    tcp_pair(fds);
    probe_add(&p, fds[0], IN);
    CHECK(fdevent_add(set, &p.ev, fds[0], IN) == -1 && errno == EEXIST);
    probe_init(&q);
    CHECK(fdevent_add(set, &q.ev, fds[0], OUT) == -1 && errno == EEXIST);
    CHECK(q.ev.set == NULL);
    CHECK(quiet());
    close(fds[1]);
    close_all(&p, 1);
}

static void added_open(void) {
    struct probe p, q;
    int fds[2], others[2];

    tcp_pair(fds);
    tcp_pair(others);
    probe_init(&p);
    probe_init(&q);
    CHECK(fdevent_add_open(set, &p.ev, fds[0], IN) == 0);
    CHECK(fdevent_add_open(set, &q.ev, fds[0], IN) == -1 && errno == EEXIST);
    CHECK(fdevent_add_open(set, &q.ev, others[0], IN) == 0);
    put(others[1], "nobody hears of it");
    fdevent_close(&q.ev);
    CHECK(quiet());
    CHECK(q.closed == 1 && q.runs == 0);
    put(fds[1], "x");
    CHECK(next(&p) == IN);
    CHECK(get(fds[0]) == 1);
    CHECK(quiet());
    close(fds[1]);
    close(others[1]);
    close_all(&p, 1);
}

/* Full is near then, and nothing grows. */
static void small_buffers(int fd) {
    int bytes = 16384;

    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
}

/* Until it is full, and still is after a while: what the kernel moves on makes room again. */
static void fill(int fd) {
    char bytes[4096];

    memset(bytes, 'x', sizeof bytes);
    for (int rest = 0; rest < 3; rest++) {
        while (write(fd, bytes, sizeof bytes) > 0) rest = 0;
        nap(5);
    }
}

static void back_pressure(void) {
    struct probe p = {.runs = 0};
    bool is_silent = false;
    int fds[2];

    tcp_pair(fds);
    small_buffers(fds[0]);
    small_buffers(fds[1]);
    probe_add(&p, fds[0], OUT);
    CHECK(next(&p) == OUT);
    for (int tries = 0; tries < 20 && !is_silent; tries++) { /* a busy machine moves on late */
        fill(fds[0]);
        is_silent = quiet();
    }
    CHECK(is_silent);
    p.last = 0;
    for (int64_t start_ms = suite_ms(); p.last != OUT && suite_ms() - start_ms < 10000;) {
        while (get(fds[1]) > 0)
            ;
        fdevents_turn(set, 20);
    }
    CHECK(p.last == OUT);
    CHECK(write(fds[0], "x", 1) == 1);
    close(fds[1]);
    close_all(&p, 1);
}

static void times_out(void) {
    int64_t start_ms = suite_ms();

    CHECK(fdevents_turn(set, 40) == 0);
    CHECK(suite_ms() - start_ms >= 30);
    start_ms = suite_ms();
    CHECK(fdevents_turn(set, 0) == 0);
    CHECK(suite_ms() - start_ms < 1000); /* a busy machine may take its time */
}

static void take_byte(struct probe *p, unsigned ready) {
    (void)ready;
    CHECK(get(p->ev.fd) == 1);
}

static void many_at_once(void) {
    struct probe *p = calloc(MANY, sizeof *p);
    int *peers = calloc(MANY, sizeof *peers), many = suite_room(2 * MANY) / 2, served = 0;

    if (many < MANY) suite_skip("too few descriptors");
    for (int i = 0; i < many; i++) {
        int fds[2];

        any_pair(fds);
        peers[i] = fds[1];
        p[i].then = take_byte;
        probe_add(&p[i], fds[0], IN);
        put(fds[1], "x");
    }
    nap(10);
    for (int i = 0; i < 8; i++) turn();
    for (int i = 0; i < many; i++) {
        served += p[i].runs == 1;
        close(peers[i]);
    }
    CHECK(served == many);
    close_all(p, many);
    free(peers);
    free(p);
}

static void wake_self(struct probe *p, unsigned ready) {
    CHECK(ready == FDEVENT_WAKE);
    if (p->runs < 3) fdevent_wake(&p->ev);
}

static void woken(void) {
    struct probe p = {.runs = 0};
    int fds[2];

    tcp_pair(fds);
    p.then = wake_self;
    probe_add(&p, fds[0], 0);
    fdevent_wake(&p.ev);
    fdevent_wake(&p.ev);
    for (int i = 1; i <= 3; i++) {
        CHECK(fdevents_turn(set, -1) == 1); /* does not sleep */
        CHECK(p.runs == i);
    }
    CHECK(quiet());
    p.then = NULL;
    fdevent_want(&p.ev, IN);
    put(fds[1], "x");
    CHECK(arrives(fds[0], 1));
    fdevent_wake(&p.ev);
    CHECK(fdevents_turn(set, 500) == 1);
    CHECK(p.last == (FDEVENT_WAKE | IN));
    fdevent_wake(&p.ev);
    fdevent_remove(&p.ev);
    CHECK(quiet());
    close(fds[0]);
    close(fds[1]);
}

const struct suite_case cases_batch[] = {
    {"26 closes itself", closes_itself, 0},
    {"27 closes the other", closes_the_other, 0},
    {"28 closes the other, opens new ones", opens_in_place_of_the_other, 0},
    {"28b freed after the batch", freed_in_the_batch, 0},
    {"28c woken, closed and freed", freed_in_the_batch_checked, 0},
    {"28d closed one by the other", closed_one_by_the_other, 0},
    {"29 mutes the other", mutes_the_other, 0},
    {"29b removes the other", removes_the_other, 0},
    {"30 changes its interest", changes_its_interest, 0},
    {"31 number reused in the next batch", number_reused, 0},
    {"31b number reused at once", number_reused_at_once, 0},
    {"32 a duplicate stays open", duplicate_stays_open, NEEDS_DUP},
    {"33 closed by somebody else", closed_by_somebody_else, 0},
    {"34 cannot be added", cannot_be_added, 0},
    {"34b known to be open", added_open, 0},
    {"35 back-pressure", back_pressure, 0},
    {"36 times out", times_out, 0},
    {"37 many at once", many_at_once, 0},
    {"57 woken", woken, 0},
    {"65 the first leaves, the last changes", first_leaves_last_changes, 0},
    {"66 read empty before the wait", read_before_the_wait, 0},
    {NULL, NULL, 0},
};
