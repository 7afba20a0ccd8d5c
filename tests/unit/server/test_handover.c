/* test_handover.c - what one goldcrest tells the next: older and newer ones, and bytes that are none */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <check.h>
#include <string.h>

#include "server/control.h"
#include "server/handover.h"

static struct span from, records;
static const char *why;

static bool opens(const char *text) {
    return handover_open(span_of(text), &from, &records, &why);
}

START_TEST(there_and_back) {
    struct buf out = {0};
    struct span name, payload;
    handover_begin(&out);
    handover_add(&out, "listener", SPAN("fds=5,6 passed=1 lent=0 name=/a path=with 4\nlines"));
    handover_add(&out, "tickets", SPAN("\0\n\0end 0\n\n"));
    handover_end(&out);
    ck_assert(handover_open(buf_span(&out), &from, &records, &why));
    ck_assert(span_is(from, SPAN(VERSION)));
    ck_assert_uint_eq(handover_find(records, SPAN("tickets")).n, 10);
    ck_assert_uint_eq(handover_find(records, SPAN("pidfile")).n, 0);
    ck_assert(handover_next(&records, &name, &payload));
    ck_assert(span_is(name, SPAN("listener")));
    ck_assert(span_is(handover_text(payload, "name"), SPAN("/a path=with 4\nlines")));
    ck_assert_int_eq(handover_number(payload, "passed", 0), 1);
    ck_assert(handover_next(&records, &name, &payload));
    ck_assert(!handover_next(&records, &name, &payload));
    for (size_t n = 0; n < out.n; n++)
        ck_assert_msg(!handover_open((struct span){out.p, n}, &from, &records, &why), "the first %zu bytes", n);
    buf_done(&out);
}
END_TEST

START_TEST(words) {
    struct span p = SPAN("pid=12 big=99999999999 fds=3,4,5 none= xpid=7 fd=-1 name=a pid=13");
    int fds[2] = {0, 0};
    ck_assert_int_eq(handover_number(p, "pid", -1), 12);
    ck_assert_int_eq(handover_number(p, "big", -1), -1);
    ck_assert_int_eq((int)(handover_time(p, "big") - 99999999999), 0);
    ck_assert_int_eq(handover_number(p, "none", -1), -1);
    ck_assert_int_eq(handover_number(p, "fd", -1), -1);
    ck_assert_int_eq(handover_number(p, "missing", -7), -7);
    ck_assert_uint_eq(handover_numbers(p, "fds", fds, 2), 3);
    ck_assert(fds[0] == 3 && fds[1] == 4);
    ck_assert(span_is(handover_text(p, "name"), SPAN("a pid=13")));
    ck_assert_uint_eq(handover_text(SPAN("name="), "name").n, 0);
}
END_TEST

/* A newer one says more; what it must not be misunderstood in has a mark. */
START_TEST(other_versions) {
    struct span name, payload;
    ck_assert(opens("goldcrest-handover 1 9.9\nfuture 3\nabc\n!listener 13\nfds=3 name=:1\nend 0\n\n"));
    ck_assert(span_is(from, SPAN("9.9")));
    ck_assert(handover_next(&records, &name, &payload) && span_is(name, SPAN("future")));
    ck_assert(handover_next(&records, &name, &payload) && span_is(name, SPAN("listener")));
    ck_assert(!opens("goldcrest-handover 1 9.9\n!future 3\nabc\nend 0\n\n"));
    ck_assert_str_eq(why, "it says what must be known");
    ck_assert(!opens("goldcrest-handover 2 9.9\nend 0\n\n"));
    ck_assert_str_eq(why, "its format is another one");
}
END_TEST

static const char *const bad[] = {
    "", "\n", "goldcrest-handover", "goldcrest-handover 1\nend 0\n\n", "goldcrest-handover x 1\nend 0\n\n",
    "lighttpd 1 1\nend 0\n\n", "goldcrest-handover 1 1\n", "goldcrest-handover 1 1\nend 0\n",
    "goldcrest-handover 1 1\nend 0\n\nmore", "goldcrest-handover 1 1\na 5\nabc\nend 0\n\n",
    "goldcrest-handover 1 1\na 2\nabc\nend 0\n\n", "goldcrest-handover 1 1\na -1\n\nend 0\n\n",
    "goldcrest-handover 1 1\na 99999999999999999999\n\nend 0\n\n", "goldcrest-handover 1 1\na\n\nend 0\n\n",
    "goldcrest-handover 1 1\na 4294967295\nabc\nend 0\n\n"};

START_TEST(bytes_that_are_none) {
    ck_assert_msg(!opens(bad[_i]), "%s", bad[_i]);
    ck_assert_ptr_nonnull(why);
}
END_TEST

/* Workers of another version are told by these numbers. */
START_TEST(pinned) {
    ck_assert_int_eq(CONTROL_END, 1);
    ck_assert_int_eq(CONTROL_RETIRE, 2);
    ck_assert_int_eq(CONTROL_REOPEN, 3);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("server/handover");
    TCase *tests = tcase_create("handover");
    tcase_add_test(tests, there_and_back);
    tcase_add_test(tests, words);
    tcase_add_test(tests, other_versions);
    tcase_add_loop_test(tests, bytes_that_are_none, 0, (int)(sizeof bad / sizeof *bad));
    tcase_add_test(tests, pinned);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
