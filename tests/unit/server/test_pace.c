/* test_pace.c - kbytes-per-second with a clock of its own: rates, equal parts, smoothly, in several processes */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <check.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/shared.h"
#include "server/pace.h"

enum { SENDERS_MAX = 400, TIMER_MS = 64 };

static const uint64_t start_ms = 5000000, endless = UINT64_C(1) << 40;

/* sender - a connection whose timer is late by up to TIMER_MS */
struct sender {
    struct turn turn;
    struct pace pace;
    uint64_t sent, wakes_ms;
};

/* One that has something to send, as long as its turn lasts. */
static uint64_t run(struct sender *s, uint64_t now) {
    uint64_t sent = 0, may;
    if (now < s->wakes_ms) return 0;
    while ((may = turn_take(&s->turn, &s->pace, endless, now)) > 0) {
        turn_over(&s->turn, may, now);
        sent += may;
    }
    s->wakes_ms = turn_ms(&s->turn) + (now * 31 + (uint64_t)(uintptr_t)s / 64) % TIMER_MS;
    s->sent += sent;
    return sent;
}

/* The most within any tenth of a second, after all have run for so long. */
static uint64_t run_all(struct sender *list, unsigned count, uint64_t from_ms, uint64_t ms) {
    uint64_t window[100] = {0}, sum = 0, most = 0;
    for (uint64_t now = from_ms; now < from_ms + ms; now++) {
        uint64_t sent = 0;
        for (unsigned i = 0; i < count; i++) sent += run(&list[i], now);
        sum += sent - window[now % 100];
        window[now % 100] = sent;
        if (sum > most) most = sum;
    }
    return most;
}

static uint64_t sum_of(const struct sender *list, unsigned count) {
    uint64_t sum = 0;
    for (unsigned i = 0; i < count; i++) sum += list[i].sent;
    return sum;
}

/* The block has its rate, everybody an equal part, and no tenth of a second has much more than a tenth. */
START_TEST(a_block_has_its_rate) {
    static const struct {
        unsigned senders;
        uint64_t rate;
    } table[] = {{1, 1024 * 1024}, {2, 1024 * 1024}, {7, 512 * 1024}, {100, 4096 * 1024}, {SENDERS_MAX, 1024 * 1024},
                 {3, 10 * 1024},   {2, 1024},        {3, UINT64_C(65535) * 1024}};
    for (unsigned row = 0; row < sizeof table / sizeof *table; row++) {
        struct sender *list = calloc(SENDERS_MAX, sizeof *list);
        uint64_t rate = table[row].rate, seconds = 40;
        unsigned n = table[row].senders;
        for (unsigned i = 0; i < n; i++) list[i].pace = (struct pace){0, rate, 100 + row};
        uint64_t first = run_all(list, n, start_ms, 5000); /* the first ones got more at once */
        ck_assert_uint_le(first, rate / 4 + 1024);
        for (unsigned i = 0; i < n; i++) list[i].sent = 0;
        uint64_t most = run_all(list, n, start_ms + 5000, seconds * 1000), sum = sum_of(list, n), part = sum / n;
        bool is_smooth = most <= rate / 4 + 1024; /* a tenth, and what timers were late by */
        bool is_rate = sum >= rate * seconds * 9 / 10 && sum <= rate * seconds + rate / 5 + 1024;
        ck_assert_msg(is_rate && is_smooth, "row %u: %llu bytes, at once %llu", row, (unsigned long long)sum,
                      (unsigned long long)most);
        for (unsigned i = 0; i < n; i++)
            ck_assert_msg(list[i].sent >= part * 2 / 3 && list[i].sent <= part * 4 / 3, "row %u: %llu of %llu", row,
                          (unsigned long long)list[i].sent, (unsigned long long)part);
        for (unsigned i = 0; i < n; i++) turn_leave(&list[i].turn, start_ms + 5000 + seconds * 1000);
        free(list);
    }
}
END_TEST

START_TEST(another_block_is_not_slowed) {
    struct sender list[3] = {{.pace = {0, 100000, 1}}, {.pace = {0, 100000, 1}}, {.pace = {0, 100000, 2}}};
    run_all(list, 3, start_ms + 1000000, 20000);
    ck_assert_uint_ge(list[2].sent, 1800000);
    ck_assert_uint_le(list[0].sent + list[1].sent, 2020000);
    ck_assert_uint_ge(list[0].sent + list[1].sent, 1800000);
}
END_TEST

/* The lesser of both holds; what one may not, the others may. */
START_TEST(a_connection_has_a_rate_of_its_own) {
    struct sender list[2] = {{.pace = {20000, 100000, 3}}, {.pace = {0, 100000, 3}}};
    struct sender alone = {.pace = {50000, 0, 0}};
    run_all(list, 2, start_ms + 2000000, 20000);
    run_all(&alone, 1, start_ms + 2000000, 20000);
    ck_assert_uint_ge(list[0].sent, 360000);
    ck_assert_uint_le(list[0].sent, 410000);
    ck_assert_uint_ge(list[0].sent + list[1].sent, 1800000);
    ck_assert_uint_ge(alone.sent, 950000);
    ck_assert_uint_le(alone.sent, 1010000);
}
END_TEST

/* Who goes away, or comes under another block, leaves no gap; who is not taken from waits a little, not for ever. */
START_TEST(turns_are_given_back) {
    struct pace p = {0, 100000, 4}, q = {0, 100000, 5};
    struct turn list[40] = {{0}};
    uint64_t now = start_ms + 3000000;
    ck_assert_uint_eq(turn_take(&list[0], &p, 70, now), 70);
    turn_over(&list[0], 70, now);
    for (unsigned i = 1; i < 40; i++) turn_take(&list[i], &p, endless, now);
    ck_assert_uint_gt(turn_ms(&list[39]), now + 600);
    for (unsigned i = 1; i < 39; i++) turn_leave(&list[i], now);
    ck_assert_uint_gt(turn_take(&list[39], &q, endless, now), 0);
    ck_assert_uint_gt(turn_take(&list[1], &p, endless, now), 0);
    turn_over(&list[39], 0, now);
    ck_assert_uint_gt(turn_take(&list[39], &q, endless, now + 50), 0);
    turn_over(&list[39], 0, now + 50);
    ck_assert(list[39].is_kept);
    turn_take(&list[39], &q, endless, now + 5000);
    ck_assert(!list[39].is_kept);
}
END_TEST

/* However many stand there with however much, or at the beginning of time: numbers do not wrap around. */
START_TEST(numbers_are_bounded) {
    struct pace slow = {1024, 1024, 6}, fast = {UINT64_C(65535) * 1024, UINT64_C(65535) * 1024, 7};
    struct turn first = {0};
    ck_assert_uint_gt(turn_take(&first, &fast, endless, 0), 0);
    ck_assert_uint_le(turn_take(&first, &fast, UINT64_MAX, 0), UINT64_C(65535) * 1024);
    turn_over(&first, 1000, 0);
    for (unsigned i = 0; i < 2000; i++) {
        struct turn t = {0};
        uint64_t may = turn_take(&t, &slow, UINT64_MAX, start_ms);
        ck_assert_uint_le(may, 1024);
        ck_assert_uint_lt(turn_ms(&t), start_ms + UINT64_C(24) * 3600 * 1000);
        if (i > 10) ck_assert_uint_eq(may, 0);
    }
}
END_TEST

enum { WORKERS = 4, MS = 10000 };

/* together - workers whose clocks are never apart by more than a millisecond */
struct together {
    _Atomic uint32_t steps;
    uint64_t sent[WORKERS];
};

/* Workers share a line, though each has a clock and a memory of its own. */
START_TEST(processes_share_a_line) {
    struct together *all = shared_make(sizeof *all);
    pid_t pids[WORKERS];
    pace_share();
    for (unsigned w = 0; w < WORKERS; w++) {
        if ((pids[w] = fork()) != 0) continue;
        struct sender list[3] = {{.pace = {0, 500000, 8}}, {.pace = {0, 500000, 8}}, {.pace = {0, 500000, 8}}};
        for (uint32_t ms = 0; ms < MS; ms++) {
            while (atomic_load(&all->steps) / WORKERS < ms) sched_yield();
            for (unsigned i = 0; i < 3; i++) run(&list[i], start_ms + 4000000 + ms);
            atomic_fetch_add(&all->steps, 1);
        }
        all->sent[w] = sum_of(list, 3);
        _exit(0);
    }
    uint64_t sum = 0;
    for (unsigned w = 0; w < WORKERS; w++) waitpid(pids[w], NULL, 0);
    for (unsigned w = 0; w < WORKERS; w++) sum += all->sent[w];
    ck_assert_uint_ge(sum, 4500000);
    ck_assert_uint_le(sum, 5100000);
    for (unsigned w = 0; w < WORKERS; w++) ck_assert_uint_ge(all->sent[w], sum / WORKERS * 2 / 3);
    shared_drop(all, sizeof *all);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("pace");
    TCase *all = tcase_create("turns");
    tcase_set_timeout(all, 60);
    tcase_add_test(all, a_block_has_its_rate);
    tcase_add_test(all, another_block_is_not_slowed);
    tcase_add_test(all, a_connection_has_a_rate_of_its_own);
    tcase_add_test(all, turns_are_given_back);
    tcase_add_test(all, numbers_are_bounded);
    tcase_add_test(all, processes_share_a_line);
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
