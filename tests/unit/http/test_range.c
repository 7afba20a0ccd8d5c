/* test_range.c - byte ranges */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "http/range.h"

static const struct {
    const char *value;
    uint64_t length;
    enum range_result result;
    const char *ranges;
} cases[] = {
    {"bytes=0-499", 10000, RANGE_OK, "0-499"},
    {"bytes=500-", 10000, RANGE_OK, "500-9999"},
    {"bytes=-500", 10000, RANGE_OK, "9500-9999"},
    {"Bytes=0-0,-1", 10000, RANGE_OK, "0-0 9999-9999"},
    {"bytes= 0-0 , 5-6 ,", 10, RANGE_OK, "0-0 5-6"},
    {"bytes=5-100", 10, RANGE_OK, "5-9"},
    {"bytes=-100", 10, RANGE_OK, "0-9"},
    {"bytes=0-18446744073709551615", 10, RANGE_OK, "0-9"},
    {"bytes=0-99999999999999999999999", 10, RANGE_OK, "0-9"},
    {"bytes=-99999999999999999999999", 10, RANGE_OK, "0-9"},
    {"bytes=4294967296-4294967299,-1", 5368709120, RANGE_OK, "4294967296-4294967299 5368709119-5368709119"},
    {"bytes=5000000000-", 4294967296, RANGE_UNSATISFIABLE, ""},
    {"bytes=0-0", UINT64_MAX, RANGE_OK, "0-0"},
    {"bytes=18446744073709551613-,0-0", UINT64_MAX, RANGE_OK, "18446744073709551613-18446744073709551614 0-0"},
    {"bytes=5-6,0-1", 10, RANGE_OK, "5-6 0-1"}, /* in the order asked for */
    {"bytes=0-4,5-9", 10, RANGE_OK, "0-9"},     /* adjacent */
    {"bytes=6-9,0-1,1-5", 10, RANGE_OK, "0-9"},
    {"bytes=0-1,4-5,8-9,1-4", 10, RANGE_OK, "0-5 8-9"},
    {"bytes=8-9,4-5,0-1,3-6", 20, RANGE_OK, "8-9 3-6 0-1"},
    {"bytes=0-0,2-2,4-4,6-6,8-8,10-10,12-12,14-14,16-16,18-18", 20, RANGE_OK,
     "0-0 2-2 4-4 6-6 8-8 10-10 12-12 14-14 16-16 18-18"},
    {"bytes=0-0,2-2,4-4,6-6,8-8,10-10,12-12,14-14,16-16,18-18,20-20", 30, RANGE_IGNORE, ""},
    {"bytes=0-0,2-2,4-4,6-6,8-8,10-10,12-12,14-14,16-16,18-18,1-17", 30, RANGE_OK, "0-18"},
    {"bytes=10-", 10, RANGE_UNSATISFIABLE, ""},
    {"bytes=10-20,-0", 10, RANGE_UNSATISFIABLE, ""},
    {"bytes=10-20,0-1", 10, RANGE_OK, "0-1"},
    {"bytes=0-", 0, RANGE_IGNORE, ""},
    {"bytes=-5", 0, RANGE_IGNORE, ""},
    {"bytes=", 10, RANGE_IGNORE, ""},
    {"bytes=,", 10, RANGE_IGNORE, ""},
    {"bytes=-", 10, RANGE_IGNORE, ""},
    {"bytes=5-4", 10, RANGE_IGNORE, ""},
    {"bytes=0-1,5-4", 10, RANGE_IGNORE, ""},
    {"bytes=5", 10, RANGE_IGNORE, ""},
    {"bytes=a-b", 10, RANGE_IGNORE, ""},
    {"bytes=0 - 1", 10, RANGE_IGNORE, ""},
    {"bytes=0-1-2", 10, RANGE_IGNORE, ""},
    {"bytes=--1", 10, RANGE_IGNORE, ""},
    {"bytes =0-1", 10, RANGE_IGNORE, ""},
    {"bytes", 10, RANGE_IGNORE, ""},
    {"lines=0-1", 10, RANGE_IGNORE, ""},
    {"", 10, RANGE_IGNORE, ""},
};

START_TEST(ranges_are_read) {
    struct byte_range ranges[RANGES_MAX];
    unsigned count;
    char text[512] = "";
    size_t n = 0;
    ck_assert_int_eq(ranges_parse(span_of(cases[_i].value), cases[_i].length, ranges, &count), cases[_i].result);
    for (unsigned i = 0; i < count; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "%s%" PRIu64 "-%" PRIu64, i ? " " : "",
                              ranges[i].first, ranges[i].last);
    ck_assert_str_eq(text, cases[_i].ranges);
}
END_TEST

/* 128 specs are looked at, one more is not. */
START_TEST(specs_are_bounded) {
    char text[1024] = "bytes=";
    struct byte_range ranges[RANGES_MAX];
    unsigned count;
    for (int i = 0; i < 128; i++) strcat(text, "0-1,");
    ck_assert_int_eq(ranges_parse(span_of(text), 10, ranges, &count), RANGE_OK);
    ck_assert_uint_eq(count, 1);
    strcat(text, "0-1");
    ck_assert_int_eq(ranges_parse(span_of(text), 10, ranges, &count), RANGE_IGNORE);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("range");
    TCase *tests = tcase_create("range");
    tcase_add_loop_test(tests, ranges_are_read, 0, sizeof cases / sizeof *cases);
    tcase_add_test(tests, specs_are_bounded);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
