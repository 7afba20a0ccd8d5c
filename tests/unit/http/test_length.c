/* test_length.c - Content-Length, one field after the other */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <check.h>

#include "http/length.h"

static const struct {
    const char *fields[3];
    int status; /* of the last one */
    int64_t length;
    const char *first; /* of the last one */
} table[] = {
    {{"0"}, 0, 0, "0"},
    {{"5"}, 0, 5, "5"},
    {{"007"}, 0, 7, "007"},
    {{"5, 5"}, 0, 5, "5"},
    {{" 5 ,5"}, 0, 5, "5"},
    {{"5", "5"}, 0, 5, "5"},
    {{"5", "05"}, 0, 5, "05"},
    {{"9223372036854775807"}, 0, INT64_MAX, "9223372036854775807"},
    {{"9223372036854775808"}, 413, -1, NULL},
    {{"99999999999999999999999999"}, 413, -1, NULL},
    {{"5", "6"}, 400, 5, NULL},
    {{"5, 6"}, 400, 5, NULL},
    {{"5", "5", "4"}, 400, 5, NULL},
    {{""}, 400, -1, NULL},
    {{","}, 400, -1, NULL},
    {{"5,"}, 400, 5, NULL},
    {{",5"}, 400, -1, NULL},
    {{"+5"}, 400, -1, NULL},
    {{"-5"}, 400, -1, NULL},
    {{"5 5"}, 400, -1, NULL},
    {{"0x5"}, 400, -1, NULL},
    {{"5.0"}, 400, -1, NULL},
    {{"5a"}, 400, -1, NULL},
};

START_TEST(lengths) {
    int64_t length = -1;
    int status = 0;
    struct span first = {NULL, 0};
    for (int i = 0; i < 3 && table[_i].fields[i]; i++)
        status = length_note(span_of(table[_i].fields[i]), &length, &first);
    ck_assert_int_eq(status, table[_i].status);
    ck_assert_int_eq(length, table[_i].length);
    if (table[_i].first) ck_assert(span_is(first, span_of(table[_i].first)));
    int64_t again = -1;
    for (int i = 0; i < 3 && table[_i].fields[i]; i++)
        status = length_note(span_of(table[_i].fields[i]), &again, NULL);
    ck_assert_int_eq(status, table[_i].status);
    ck_assert_int_eq(again, length);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("length");
    TCase *all = tcase_create("all");
    tcase_add_loop_test(all, lengths, 0, sizeof table / sizeof *table);
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
