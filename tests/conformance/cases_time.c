/* cases_time.c - conformance: deadlines, with a clock that the test turns */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "tests/conformance/suite.h"

#include <stdlib.h>

enum { TICK_MS = 64, MANY = 5000, DAY_MS = 86400000 };

static uint64_t clock_ms;

static uint64_t read_clock(void *arg) {
    return *(uint64_t *)arg;
}

static void start_clock(uint64_t ms) {
    clock_ms = ms;
    fdevents_set_clock(set, read_clock, &clock_ms);
    CHECK(fdevents_now_ms(set) == ms);
}

static void turn_clock(uint64_t to_ms) {
    clock_ms = to_ms;
    turn();
}

struct limit {
    struct deadline deadline;
    int fired;
    uint64_t at_ms, fired_ms;
    struct limit *other;
};

static void note_fired(struct deadline *d) {
    struct limit *l = (struct limit *)d;

    CHECK(!deadline_is_set(d));
    l->fired++;
    l->fired_ms = clock_ms;
}

/* Never early, and a tick late at most. */
static void in_time(void) {
    static const uint64_t lengths_ms[] = {0, 1, 63, 64, 65, 1000, 30000, 262143, 262144, 262145, 300000, 3600000};

    for (size_t i = 0; i < sizeof lengths_ms / sizeof lengths_ms[0]; i++) {
        for (uint64_t start_ms = 0; start_ms < 130; start_ms += 13) {
            struct limit l = {.deadline = {.fire = note_fired}};
            uint64_t at_ms = start_ms + lengths_ms[i];

            start_clock(start_ms);
            deadline_in(set, &l.deadline, lengths_ms[i]);
            for (uint64_t ms = start_ms; ms < at_ms; ms += 977) turn_clock(ms);
            if (at_ms > start_ms) turn_clock(at_ms - 1);
            CHECK(l.fired == 0);
            turn_clock(at_ms + TICK_MS);
            CHECK(l.fired == 1);
            turn_clock(at_ms + DAY_MS);
            CHECK(l.fired == 1);
        }
    }
}

static void put_off(void) {
    struct limit l = {.deadline = {.fire = note_fired}};

    start_clock(1000);
    deadline_in(set, &l.deadline, 100);
    for (uint64_t ms = 1010; ms < 10000; ms += 10) {
        turn_clock(ms);
        deadline_in(set, &l.deadline, 100);
    }
    CHECK(l.fired == 0 && deadline_is_set(&l.deadline));
    turn_clock(10089);
    CHECK(l.fired == 0);
    turn_clock(10090 + TICK_MS);
    CHECK(l.fired == 1 && !deadline_is_set(&l.deadline));
}

static void brought_forward(void) {
    struct limit l = {.deadline = {.fire = note_fired}};

    start_clock(1000);
    deadline_in(set, &l.deadline, 100000);
    deadline_in(set, &l.deadline, 100);
    turn_clock(1099);
    CHECK(l.fired == 0);
    turn_clock(1100 + TICK_MS);
    CHECK(l.fired == 1);
    turn_clock(200000);
    CHECK(l.fired == 1);
}

static void stopped(void) {
    struct limit l = {.deadline = {.fire = note_fired}};

    start_clock(1000);
    deadline_stop(&l.deadline); /* zeroed is stopped */
    CHECK(!deadline_is_set(&l.deadline));
    deadline_in(set, &l.deadline, 100);
    CHECK(deadline_is_set(&l.deadline));
    deadline_stop(&l.deadline);
    deadline_stop(&l.deadline);
    CHECK(!deadline_is_set(&l.deadline));
    turn_clock(5000);
    CHECK(l.fired == 0);
    deadline_in(set, &l.deadline, 100);
    turn_clock(6000);
    CHECK(l.fired == 1);
}

static void stop_other(struct deadline *d) {
    struct limit *l = (struct limit *)d;

    note_fired(d);
    deadline_stop(&l->other->deadline);
}

static void stops_another(void) {
    struct limit a = {.deadline = {.fire = stop_other}}, b = {.deadline = {.fire = stop_other}};

    a.other = &b;
    b.other = &a;
    start_clock(1000);
    deadline_in(set, &a.deadline, 100);
    deadline_in(set, &b.deadline, 100); /* in the same tick: only one of them may fire */
    turn_clock(2000);
    CHECK(a.fired + b.fired == 1);
    turn_clock(9000);
    CHECK(a.fired + b.fired == 1);
}

static void start_again(struct deadline *d) {
    note_fired(d);
    deadline_in(set, d, 0);
}

static void starts_again(void) {
    struct limit l = {.deadline = {.fire = start_again}};

    start_clock(1000);
    deadline_in(set, &l.deadline, 0);
    for (int i = 1; i <= 10; i++) {
        turn_clock(1000 + (uint64_t)i * TICK_MS);
        CHECK(l.fired == i); /* once a turn, though it is due at once */
    }
    deadline_stop(&l.deadline);
}

static void clock_jumps(void) {
    struct limit l[3] = {{.fired = 0}};
    static const uint64_t lengths_ms[] = {100, 40000, 7200000};

    start_clock(1000000);
    for (int i = 0; i < 3; i++) {
        l[i].deadline.fire = note_fired;
        deadline_in(set, &l[i].deadline, lengths_ms[i]);
    }
    turn_clock(5); /* back: nothing fires, time stands still */
    CHECK(l[0].fired == 0);
    CHECK(fdevents_now_ms(set) == 1000000);
    turn_clock(1000000 + DAY_MS);
    for (int i = 0; i < 3; i++) CHECK(l[i].fired == 1);
    deadline_in(set, &l[0].deadline, 100);
    turn_clock(1000000 + DAY_MS + 99);
    CHECK(l[0].fired == 1);
    turn_clock(1000000 + DAY_MS + 100 + TICK_MS);
    CHECK(l[0].fired == 2);
    deadline_in(set, &l[0].deadline, 500);
    start_clock(7); /* another clock: what was left is left */
    turn_clock(7 + 499);
    CHECK(l[0].fired == 2);
    turn_clock(7 + 500 + TICK_MS);
    CHECK(l[0].fired == 3);
}

static void many(void) {
    struct limit *l = calloc(MANY, sizeof *l);
    unsigned random = 12345;
    int good = 0;

    start_clock(0);
    for (int i = 0; i < MANY; i++) {
        random = random * 1103515245u + 12345u;
        l[i].at_ms = (random >> 8) % 600000;
        l[i].deadline.fire = note_fired;
        deadline_in(set, &l[i].deadline, l[i].at_ms);
    }
    for (uint64_t ms = 0; ms <= 600000 + 2 * TICK_MS; ms++) {
        clock_ms = ms;
        if (ms % TICK_MS == 0 || ms % 37 == 0) turn();
    }
    for (int i = 0; i < MANY; i++)
        good += l[i].fired == 1 && l[i].fired_ms >= l[i].at_ms && l[i].fired_ms <= l[i].at_ms + TICK_MS;
    CHECK(good == MANY);
    free(l);
}

/* The turn sleeps until the deadline, not longer and not in slices. */
static void sleeps_until(void) {
    struct limit l = {.deadline = {.fire = note_fired}};
    int64_t start_ms;
    int turns = 0;

    turn();
    start_ms = suite_ms();
    deadline_in(set, &l.deadline, 100);
    while (!l.fired && turns++ < 50) fdevents_turn(set, -1);
    CHECK(suite_ms() - start_ms >= 100);
    CHECK(suite_ms() - start_ms < 100 + TICK_MS + 1000); /* a busy machine may take its time */
    CHECK(turns < 5);
    deadline_in(set, &l.deadline, 10000);
    CHECK(quiet());
    deadline_stop(&l.deadline);
}

static void outlives_its_set(void) {
    struct fdevents *other = fdevents_make(backend_name, 10);
    struct limit l = {.deadline = {.fire = note_fired}};

    deadline_in(other, &l.deadline, 100);
    fdevents_drop(other);
    CHECK(!deadline_is_set(&l.deadline));
    deadline_stop(&l.deadline);
    CHECK(l.fired == 0);
}

const struct suite_case cases_time[] = {
    {"55 clock jumps", clock_jumps, 0},
    {"70 deadline in time", in_time, 0},
    {"71 deadline put off", put_off, 0},
    {"72 deadline brought forward", brought_forward, 0},
    {"73 deadline stopped", stopped, 0},
    {"74 deadline stops another", stops_another, 0},
    {"75 deadline starts again", starts_again, 0},
    {"76 many deadlines", many, 0},
    {"77 sleeps until the deadline", sleeps_until, 0},
    {"78 deadline outlives its set", outlives_its_set, 0},
    {NULL, NULL, 0},
};
