/* test_meters.c - what several processes count together: rates, turns, how many at a time */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <check.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/meters.h"
#include "base/shared.h"
#include "base/siphash.h"
#include "base/tallies.h"

static const uint64_t second = 1000000000, start = UINT64_C(5000) * 1000000000;

START_TEST(a_hash_depends_on_key_and_words) {
    /* of the bytes 0, 1, 2 …; the second and third are what Python 3.11 has for them with PYTHONHASHSEED=0 */
    const uint64_t nothing[2] = {0, 0}, key[2] = {0x0706050403020100, 0x0f0e0d0c0b0a0908};
    const uint64_t other[2] = {key[0] ^ 1, key[1]};
    const uint64_t words[2] = {0x0706050403020100, 0x0f0e0d0c0b0a0908}, more[2] = {words[0], words[1] ^ 1};
    uint64_t hash = siphash_words(key, words, 2);
    ck_assert_uint_eq(siphash_words(key, words, 0), 0xabac0158050fc4dc);
    ck_assert_uint_eq(siphash_words(nothing, words, 1), 0xead411e67ebe2eea);
    ck_assert_uint_eq(siphash_words(nothing, words, 2), 0x8972188433a5c5b7);
    ck_assert_uint_eq(hash, siphash_words(key, words, 2));
    ck_assert_uint_ne(hash, siphash_words(other, words, 2));
    ck_assert_uint_ne(hash, siphash_words(key, more, 2));
    ck_assert_uint_ne(hash, siphash_words(key, words, 1));
}
END_TEST

/* How many of `tries` at one moment pass. */
static unsigned at_once(struct meters *m, uint64_t hash, uint64_t now, uint64_t rate, uint64_t burst,
                        unsigned tries) {
    unsigned passed = 0;
    for (unsigned i = 0; i < tries; i++)
        passed += meters_take(m, hash, now, second / rate, second / rate * (burst - 1)) == 0;
    return passed;
}

START_TEST(a_burst_passes_and_then_the_rate) {
    static const struct {
        uint64_t rate, burst, later_ms;
        unsigned first, then;
    } table[] = {
        {20, 40, 0, 40, 0},    {20, 40, 49, 40, 0},    {20, 40, 50, 40, 1}, {20, 40, 1000, 40, 20},
        {20, 40, 9000, 40, 40}, {1, 1, 999, 1, 0},     {1, 1, 1000, 1, 1},  {1, 1, 60000, 1, 1},
        {100, 1, 10, 1, 1},    {100, 1, 9, 1, 0},      {500, 5, 2, 5, 1},   {500, 5, 4, 5, 2},
    };
    for (unsigned i = 0; i < sizeof table / sizeof *table; i++) {
        struct meters *m = meters_make(64);
        ck_assert_uint_eq(at_once(m, 7, start, table[i].rate, table[i].burst, 100), table[i].first);
        ck_assert_msg(at_once(m, 7, start + table[i].later_ms * 1000000, table[i].rate, table[i].burst, 100) ==
                          table[i].then,
                      "row %u", i);
        meters_drop(m);
    }
}
END_TEST

/* After the time that it says one passes, and just before it none. */
START_TEST(it_says_how_long_to_wait) {
    struct meters *m = meters_make(64);
    uint64_t cost = second * 3, now = start, wait;
    ck_assert_uint_eq(meters_take(m, 1, now, cost, 0), 0);
    wait = meters_take(m, 1, now + second, cost, 0);
    ck_assert_uint_eq(wait, second * 2);
    ck_assert_uint_ne(meters_take(m, 1, now + second + wait - 1000000, cost, 0), 0);
    ck_assert_uint_eq(meters_take(m, 1, now + second + wait, cost, 0), 0);
    meters_drop(m);
}
END_TEST

START_TEST(never_more_than_burst_and_rate) {
    struct meters *m = meters_make(64);
    uint64_t now = start;
    unsigned passed = 0;
    srandom(1);
    for (unsigned i = 0; i < 20000; i++) {
        now += (uint64_t)(random() % 20) * 1000000;
        passed += meters_take(m, 9, now, second / 50, second / 50 * 9) == 0;
        ck_assert_uint_le(passed, 10 + (now - start) / (second / 50));
    }
    ck_assert_uint_ge(passed, (now - start) / (second / 50));
    meters_drop(m);
}
END_TEST

START_TEST(others_are_others) {
    struct meters *m = meters_make(64);
    for (uint64_t hash = 0; hash < 8; hash++) ck_assert_uint_eq(at_once(m, hash << 32, start, 1, 2, 5), 2);
    meters_drop(m);
}
END_TEST

/* The clock of a word may wrap around; what stood far ahead of it is forgotten rather than waited for. */
START_TEST(time_wraps_around) {
    struct meters *m = meters_make(64);
    uint64_t wrap = (uint64_t)(shared_word)-1 * SHARED_TICK_NS;
    ck_assert_uint_eq(at_once(m, 3, wrap - second, 10, 20, 50), 20);
    ck_assert_uint_eq(at_once(m, 3, wrap + second, 10, 20, 50), 20);
    ck_assert_uint_eq(at_once(m, 4, start, 10, 20, 50), 20);
    ck_assert_uint_eq(at_once(m, 4, start - second * 3600 * 48, 10, 20, 50), 20);
    meters_drop(m);
}
END_TEST

START_TEST(costs_are_bounded) {
    struct meters *m = meters_make(64);
    ck_assert_uint_eq(meters_take(m, 1, start, UINT64_MAX, 0), 0);
    ck_assert_uint_le(meters_take(m, 1, start, 1, 0), METER_SECONDS_MAX * second);
    for (unsigned i = 0; i < 10; i++) meters_reserve(m, 2, start, UINT64_MAX);
    ck_assert_uint_le(meters_ahead(m, 2, start), METER_SECONDS_MAX * second);
    ck_assert_uint_eq(meters_ahead(m, 2, start + METER_SECONDS_MAX * second), 0);
    meters_drop(m);
}
END_TEST

/* With more clients than places the longest idle are forgotten, and nobody is refused for others. */
START_TEST(a_full_table_refuses_nobody) {
    struct meters *m = meters_make(1024);
    for (uint64_t client = 0; client < 100000; client++) {
        uint64_t words[1] = {client}, now = start + client * 1000;
        uint64_t hash = meters_hash(m, words, 1);
        ck_assert_uint_eq(meters_take(m, hash, now, second * 60, 0), 0);
        ck_assert_uint_ne(meters_take(m, hash, now, second * 60, 0), 0);
    }
    meters_drop(m);
}
END_TEST

/* One who goes on is not forgotten for those that have gone. */
START_TEST(the_idle_go_first) {
    struct meters *m = meters_make(1024);
    unsigned passed = 0;
    for (uint64_t client = 0; client < 100000; client++) {
        uint64_t now = start + client * 1000000;
        passed += meters_take(m, 12345, now, second, second * 9) == 0;
        uint64_t words[1] = {client};
        meters_take(m, meters_hash(m, words, 1), now, second / 1000, 0);
    }
    ck_assert_uint_ge(passed, 100);
    ck_assert_uint_le(passed, 112);
    meters_drop(m);
}
END_TEST

START_TEST(processes_take_together) {
    struct meters *m = meters_make(64);
    struct {
        _Atomic unsigned passed;
    } *all = shared_make(sizeof *all);
    pid_t pids[4];
    for (unsigned i = 0; i < 4; i++) {
        if ((pids[i] = fork()) != 0) continue;
        for (unsigned n = 0; n < 20000; n++)
            if (meters_take(m, 5, start, second / 1000, second / 1000 * 9999) == 0) all->passed++;
        _exit(0);
    }
    for (unsigned i = 0; i < 4; i++) waitpid(pids[i], NULL, 0);
    ck_assert_uint_eq(all->passed, 10000);
    shared_drop(all, sizeof *all);
    meters_drop(m);
}
END_TEST

/* Each has its turn behind the others; what is not used comes back. */
START_TEST(turns_follow_each_other) {
    struct meters *m = meters_make(64);
    uint64_t part = second / 20;
    for (uint64_t i = 0; i < 10; i++) ck_assert_uint_eq(meters_reserve(m, 6, start, part), i * part);
    ck_assert_uint_eq(meters_ahead(m, 6, start), 10 * part);
    meters_return(m, 6, start, part * 4);
    ck_assert_uint_eq(meters_reserve(m, 6, start, part), 6 * part);
    meters_return(m, 6, start, second * 100);
    ck_assert_uint_eq(meters_reserve(m, 6, start, part), 0);
    ck_assert_uint_eq(meters_reserve(m, 6, start + second, part), 0);
    meters_return(m, 777, start, part);
    meters_drop(m);
}
END_TEST

/* ---- how many at a time ----------------------------------------------------------------------- */

START_TEST(they_come_and_go) {
    struct tallies *t = tallies_make(64, 4);
    tallies_begin(t, 1000);
    for (uint32_t i = 1; i <= 5; i++) ck_assert_uint_eq(tallies_add(t, 99), i);
    ck_assert_uint_eq(tallies_add(t, UINT64_C(99) << 32), 1);
    tallies_remove(t, 99);
    ck_assert_uint_eq(tallies_sum(t, 99), 4);
    for (uint32_t i = 0; i < 9; i++) tallies_remove(t, 99);
    ck_assert_uint_eq(tallies_sum(t, 99), 0);
    ck_assert_uint_eq(tallies_sum(t, UINT64_C(99) << 32), 1);
    tallies_drop(t);
}
END_TEST

START_TEST(processes_count_together) {
    struct tallies *t = tallies_make(64, 16);
    for (uint32_t i = 1; i <= 16; i++) {
        tallies_begin(t, 1000 + i);
        ck_assert_uint_eq(tallies_add(t, 1), i);
    }
    ck_assert_uint_eq(tallies_add(t, 1), 17);
    tallies_forget(t, 1016);
    tallies_forget(t, 7);
    ck_assert_uint_eq(tallies_sum(t, 1), 15);
    tallies_begin(t, 2000); /* in its place */
    ck_assert_uint_eq(tallies_sum(t, 1), 15);
    ck_assert_uint_eq(tallies_add(t, 1), 16);
    tallies_begin(t, 2001); /* there is no place for it */
    ck_assert_uint_eq(tallies_add(t, 1), 17);
    tallies_remove(t, 1);
    ck_assert_uint_eq(tallies_sum(t, 1), 16);
    tallies_drop(t);
}
END_TEST

START_TEST(the_ninth_is_not_counted) {
    struct tallies *t = tallies_make(64, 1);
    tallies_begin(t, 1000);
    for (uint64_t i = 0; i < 8; i++) ck_assert_uint_eq(tallies_add(t, i << 32), 1);
    ck_assert_uint_eq(tallies_add(t, UINT64_C(8) << 32), 0);
    tallies_remove(t, UINT64_C(8) << 32);
    ck_assert_uint_eq(tallies_add(t, UINT64_C(3) << 32), 2);
    tallies_remove(t, UINT64_C(5) << 32);
    ck_assert_uint_eq(tallies_add(t, UINT64_C(8) << 32), 1);
    tallies_drop(t);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("meters");
    TCase *rates = tcase_create("rates"), *counts = tcase_create("counts");
    tcase_add_test(rates, a_hash_depends_on_key_and_words);
    tcase_add_test(rates, a_burst_passes_and_then_the_rate);
    tcase_add_test(rates, it_says_how_long_to_wait);
    tcase_add_test(rates, never_more_than_burst_and_rate);
    tcase_add_test(rates, others_are_others);
    tcase_add_test(rates, time_wraps_around);
    tcase_add_test(rates, costs_are_bounded);
    tcase_add_test(rates, a_full_table_refuses_nobody);
    tcase_add_test(rates, the_idle_go_first);
    tcase_add_test(rates, processes_take_together);
    tcase_add_test(rates, turns_follow_each_other);
    suite_add_tcase(suite, rates);
    tcase_add_test(counts, they_come_and_go);
    tcase_add_test(counts, processes_count_together);
    tcase_add_test(counts, the_ninth_is_not_counted);
    suite_add_tcase(suite, counts);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
