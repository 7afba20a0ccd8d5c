/* test_scan.c - the fast searches find what slow ones find, at every position and alignment */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <check.h>
#include <stdlib.h>

#include "h1/h1.h"

enum { LONGEST = 40 };

static bool is_control(int c) {
    return (c < 0x20 && c != '\t') || c == 0x7f;
}

/* What scan_line() finds, the slow way. */
static size_t slowly(struct span s, size_t from, char mark, size_t *marked) {
    *marked = s.n;
    for (; from < s.n && !is_control((unsigned char)s.p[from]); from++)
        if (s.p[from] == mark && *marked == s.n) *marked = from;
    return from;
}

static void same(struct span s, size_t from, char mark) {
    size_t marked, slowly_marked;
    ck_assert_uint_eq(scan_line(s, from, mark, &marked), slowly(s, from, mark, &slowly_marked));
    ck_assert_uint_eq(marked, slowly_marked);
}

START_TEST(what_ends_a_line_is_found_everywhere) {
    for (size_t n = 0; n <= LONGEST; n++) {
        char *exact = malloc(n + 1); /* of that size, so that reading beyond it is noticed */
        ck_assert_ptr_nonnull(exact);
        memset(exact, _i % 2 ? '\t' : 0xff, n + 1);
        struct span s = {exact, n};
        same(s, 0, ':');
        for (size_t at = 0; at < n; at++) {
            char before = exact[at];
            exact[at] = (char)_i;
            for (size_t from = 0; from <= n; from += 5) same(s, from, ':');
            exact[at] = before;
        }
        free(exact);
    }
}
END_TEST

/* A mark before, behind, twice, and on both sides of the end. */
START_TEST(marks_count_within_their_line) {
    char bytes[LONGEST];
    for (size_t one = 0; one < LONGEST; one++) {
        for (size_t two = 0; two < LONGEST; two++) {
            memset(bytes, 'a', sizeof bytes);
            bytes[one] = ':';
            bytes[two] = _i ? ':' : '\r';
            if (_i) bytes[LONGEST - 9] = '\n';
            same((struct span){bytes, sizeof bytes}, 0, ':');
            same((struct span){bytes, sizeof bytes}, one, ':');
            same((struct span){bytes, two}, one < two ? one : two, ':');
        }
    }
}
END_TEST

START_TEST(the_first_of_several_counts) {
    struct span s = SPAN("0123456789\tabcdef\r\n0123456789abcdef\x7f\n");
    size_t marked;
    ck_assert_uint_eq(scan_line(s, 0, 'c', &marked), 17);
    ck_assert_uint_eq(marked, 13);
    ck_assert_uint_eq(scan_line(s, 18, 'c', &marked), 18);
    ck_assert_uint_eq(marked, s.n);
    ck_assert_uint_eq(scan_line(s, 19, '0', &marked), 35);
    ck_assert_uint_eq(marked, 19);
    ck_assert_uint_eq(scan_newline(s, 0), 18);
    ck_assert_uint_eq(scan_newline(s, 19), 36);
    ck_assert_uint_eq(scan_newline(s, 37), 37);
    ck_assert_uint_eq(scan_newline(SPAN("abc"), 0), 3);
    ck_assert_uint_eq(scan_newline(SPAN(""), 0), 0);
}
END_TEST

START_TEST(classes) {
    ck_assert_uint_eq(scan_class(SPAN("Host: a"), 0, CHAR_TOKEN), 4);
    ck_assert_uint_eq(scan_class(SPAN("Host: a"), 5, CHAR_TOKEN), 5);
    ck_assert_uint_eq(scan_class(SPAN("Host"), 0, CHAR_TOKEN), 4);
    ck_assert_uint_eq(scan_class(SPAN(""), 0, CHAR_TOKEN), 0);
    ck_assert_uint_eq(scan_class(SPAN("/a b"), 0, CHAR_TARGET), 2);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("scan");
    TCase *cases = tcase_create("scan");
    tcase_add_loop_test(cases, what_ends_a_line_is_found_everywhere, 0, 256);
    tcase_add_loop_test(cases, marks_count_within_their_line, 0, 2);
    tcase_add_test(cases, the_first_of_several_counts);
    tcase_add_test(cases, classes);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
