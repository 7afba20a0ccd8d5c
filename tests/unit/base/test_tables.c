/* test_tables.c - hash tables, numbers, regular expressions */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <check.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/map.h"
#include "base/number.h"
#include "base/regex.h"

enum { MANY = 1000 };

START_TEST(map_keeps_and_forgets) {
    static char keys[MANY][8];
    struct map m = {0};
    ck_assert_ptr_null(map_get(&m, SPAN("k")));
    ck_assert_ptr_null(map_remove(&m, SPAN("k")));
    for (unsigned i = 0; i < MANY; i++) {
        snprintf(keys[i], sizeof keys[i], "k%u", i);
        map_put(&m, span_of(keys[i]), keys[i]);
    }
    ck_assert_uint_eq(m.count, MANY);
    for (unsigned i = 0; i < MANY; i += 2) ck_assert_ptr_eq(map_remove(&m, span_of(keys[i])), keys[i]);
    for (unsigned i = 0; i < MANY; i++) ck_assert_ptr_eq(map_get(&m, span_of(keys[i])), i % 2 ? keys[i] : NULL);
    map_put(&m, span_of(keys[1]), keys[2]);
    ck_assert_ptr_eq(map_get(&m, span_of(keys[1])), keys[2]);
    ck_assert_uint_eq(m.count, MANY / 2);
    unsigned seen = 0;
    for (size_t i = 0; map_each(&m, &i);) seen++;
    ck_assert_uint_eq(seen, MANY / 2);
    map_done(&m);
}
END_TEST

START_TEST(hash_sees_every_byte) {
    char bytes[40] = {0};
    for (size_t n = 1; n <= sizeof bytes; n++) {
        uint32_t hash = hash_bytes(0, (struct span){bytes, n});
        ck_assert_msg(hash != hash_bytes(0, (struct span){bytes, n - 1}), "length %zu", n);
        bytes[n - 1] = 1;
        ck_assert_msg(hash != hash_bytes(0, (struct span){bytes, n}), "byte %zu", n - 1);
        bytes[n - 1] = 0;
        ck_assert_uint_eq(hash, hash_bytes(0, (struct span){bytes, n}));
    }
    ck_assert_uint_ne(hash_bytes(1, SPAN("a")), hash_bytes(2, SPAN("a")));
}
END_TEST

START_TEST(numbers_are_read) {
    static const struct {
        const char *text;
        uint64_t max, number;
        bool ok;
    } table[] = {
        {"0", 0, 0, true},
        {"1", 0, 0, false},
        {"65535", 65535, 65535, true},
        {"65536", 65535, 0, false},
        {"007", 10, 7, true},
        {"18446744073709551615", UINT64_MAX, UINT64_MAX, true},
        {"18446744073709551616", UINT64_MAX, 0, false},
        {"99999999999999999999", UINT64_MAX, 0, false},
        {"9", 8, 0, false},
        {"19", 18, 0, false},
        {"", 10, 0, false},
        {"+1", 10, 0, false},
        {"-1", 10, 0, false},
        {" 1", 10, 0, false},
        {"1x", 10, 0, false},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        uint64_t number = 77;
        bool ok = number_parse(span_of(table[i].text), table[i].max, &number);
        ck_assert_msg(ok == table[i].ok, "\"%s\"", table[i].text);
        ck_assert_msg(number == (ok ? table[i].number : 77), "\"%s\"", table[i].text);
    }
}
END_TEST

START_TEST(numbers_are_written) {
    static const uint64_t table[] = {0, 1, 9, 10, 99, 100, 4294967296u, UINT64_MAX};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        char out[NUMBER_BYTES], as[32];
        size_t n = number_format(out, table[i]);
        snprintf(as, sizeof as, "%llu", (unsigned long long)table[i]);
        ck_assert(span_is((struct span){out, n}, span_of(as)));
    }
}
END_TEST

static int64_t now_ns(void) {
    return clock_now_s() * 1000000000 + clock_now_ns();
}

START_TEST(clock_goes_on_by_itself) {
    const uint64_t begin_ns = UINT64_C(5000000000);
    uint32_t turn = clock_turn();
    ck_assert_uint_ne(clock_latest_ns(), 0);
    clock_woken(begin_ns);
    int64_t first_ns = now_ns();
    for (uint64_t ns = 0; ns < 10000000; ns += 999999) { /* some are in the next second, now and then */
        clock_woken(begin_ns + ns);
        ck_assert_int_eq(now_ns() - first_ns, (int64_t)ns);
        ck_assert_uint_lt(clock_now_ns(), 1000000000);
        ck_assert_uint_eq(clock_latest_ns(), begin_ns + ns);
    }
    clock_woken(begin_ns + UINT64_C(3600000000000)); /* the system's clock has not moved with it */
    ck_assert_int_lt(now_ns() - first_ns, INT64_C(3599000000000));
    ck_assert_uint_eq(clock_turn() - turn, 13);
    uint64_t read_ns = clock_monotonic_ns();
    ck_assert_uint_eq(clock_latest_ns(), read_ns);
}
END_TEST

START_TEST(regex_matches) {
    char why[128] = "";
    size_t at = 99;
    struct captures c;
    if (!regex_is_built()) {
        ck_assert_ptr_null(regex_make(SPAN("a"), why, &at));
        ck_assert_str_ne(why, "");
        return;
    }
    struct regex *re = regex_make(SPAN("^/(a+)(b)?(c)$"), why, &at);
    ck_assert_ptr_nonnull(re);
    ck_assert(!regex_match(re, SPAN("/ab"), NULL));
    ck_assert(regex_match(re, SPAN("/aac"), &c));
    ck_assert_uint_eq(c.count, 4);
    ck_assert(span_is(c.group[0], SPAN("/aac")));
    ck_assert(span_is(c.group[1], SPAN("aa")));
    ck_assert_ptr_null(c.group[2].p);
    ck_assert(span_is(c.group[3], SPAN("c")));
    regex_drop(re);
    re = regex_make(SPAN("x.y"), why, &at);
    ck_assert(regex_match(re, SPAN("\xff\xfe x-y"), NULL));
    ck_assert(!regex_match(re, (struct span){NULL, 0}, NULL));
    regex_drop(re);
    re = regex_make(SPAN("^$"), why, &at);
    ck_assert(regex_match(re, (struct span){NULL, 0}, NULL));
    regex_drop(re);
    ck_assert_ptr_null(regex_make(SPAN("ab(c"), why, &at));
    ck_assert_str_ne(why, "");
    ck_assert_uint_eq(at, 4);
    regex_drop(NULL);
}
END_TEST

START_TEST(regex_gives_up) {
    char why[128], subject[64];
    size_t at;
    if (!regex_is_built()) return;
    struct regex *re = regex_make(SPAN("^(a|aa|a?a)+$"), why, &at);
    memset(subject, 'a', sizeof subject);
    subject[sizeof subject - 1] = 'b';
    ck_assert(!regex_match(re, (struct span){subject, sizeof subject}, NULL));
    regex_drop(re);
}
END_TEST

int main(void) {
    if (!regex_is_built()) puts("SKIP: regular expressions: PCRE2 is not in this build");
    Suite *suite = suite_create("tables");
    TCase *all = tcase_create("all");
    tcase_add_test(all, map_keeps_and_forgets);
    tcase_add_test(all, hash_sees_every_byte);
    tcase_add_test(all, numbers_are_read);
    tcase_add_test(all, numbers_are_written);
    tcase_add_test(all, clock_goes_on_by_itself);
    tcase_add_test(all, regex_matches);
    tcase_add_test(all, regex_gives_up);
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
