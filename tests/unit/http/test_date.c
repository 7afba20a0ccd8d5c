/* test_date.c - HTTP dates, both ways */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <check.h>
#include <stdlib.h>
#include <time.h>

#include "http/date.h"

enum { NOW_2026 = 1780000000 };

static const struct {
    int64_t t;
    const char *text;
} written[] = {
    {784111777, "Sun, 06 Nov 1994 08:49:37 GMT"},
    {0, "Thu, 01 Jan 1970 00:00:00 GMT"},
    {-1, "Wed, 31 Dec 1969 23:59:59 GMT"},
    {951782400, "Tue, 29 Feb 2000 00:00:00 GMT"},
    {2147483648, "Tue, 19 Jan 2038 03:14:08 GMT"}, /* beyond 31 bits */
    {2213956800, "Mon, 27 Feb 2040 12:00:00 GMT"},
    {4107542400, "Mon, 01 Mar 2100 00:00:00 GMT"},
    {4294967296, "Sun, 07 Feb 2106 06:28:16 GMT"}, /* beyond 32 */
    {253402300799, "Fri, 31 Dec 9999 23:59:59 GMT"},
    {253402300800, "Fri, 31 Dec 9999 23:59:59 GMT"},
    {INT64_MAX, "Fri, 31 Dec 9999 23:59:59 GMT"},
    {-62167219200, "Sat, 01 Jan 0000 00:00:00 GMT"},
    {INT64_MIN, "Sat, 01 Jan 0000 00:00:00 GMT"},
};

START_TEST(dates_are_written) {
    char out[HTTP_DATE_BYTES];
    date_format(written[_i].t, out);
    ck_assert_mem_eq(out, written[_i].text, HTTP_DATE_BYTES);
}
END_TEST

static const struct {
    const char *text;
    int64_t t;
} read_dates[] = {
    {"Sun, 06 Nov 1994 08:49:37 GMT", 784111777},
    {"Sunday, 06-Nov-94 08:49:37 GMT", 784111777},
    {"Sun Nov  6 08:49:37 1994", 784111777},
    {"Sun Nov 06 08:49:37 1994", 784111777},
    {"Mon, 06 Nov 1994 08:49:37 GMT", 784111777}, /* the wrong day of the week */
    {"Sat, 31 Dec 2016 23:59:60 GMT", 1483228800}, /* a leap second */
    {"Thu, 29 Feb 2024 00:00:00 GMT", 1709164800},
    {"Monday, 01-Jan-76 00:00:00 GMT", 3345062400}, /* 2076: 50 years ahead of 2026 */
    {"Monday, 01-Jan-77 00:00:00 GMT", 220924800},  /* 1977 */
    {"Tue, 19 Jan 2038 03:14:08 GMT", 2147483648},
    {"Sun, 07 Feb 2106 06:28:16 GMT", 4294967296},
    {"Fri, 31 Dec 9999 23:59:59 GMT", 253402300799},
};

START_TEST(dates_are_read) {
    int64_t t = -1;
    ck_assert(date_parse(span_of(read_dates[_i].text), NOW_2026, &t));
    ck_assert_int_eq(t, read_dates[_i].t);
}
END_TEST

static const char *const no_dates[] = {
    "",
    "0",
    "-1",
    "Sun, 06 Nov 1994 08:49:37",
    "Sun, 06 Nov 1994 08:49:37 gmt",
    "Sun, 06 Nov 1994 08:49:37 GMT ",
    " Sun, 06 Nov 1994 08:49:37 GMT",
    "Sun, 06 Nov 1994 08:49:37 +0000",
    "sun, 06 Nov 1994 08:49:37 GMT",
    "Sun, 6 Nov 1994 08:49:37 GMT",
    "Sun, 06 Now 1994 08:49:37 GMT",
    "Xyz, 06 Nov 1994 08:49:37 GMT",
    "Sun, 06 Nov 94 08:49:37 GMT",
    "Sun, 06 Nov 1994 24:00:00 GMT",
    "Sun, 06 Nov 1994 08:60:37 GMT",
    "Sun, 06 Nov 1994 08:49:61 GMT",
    "Sun, 00 Nov 1994 08:49:37 GMT",
    "Sun, 31 Nov 1994 08:49:37 GMT",
    "Wed, 29 Feb 2023 00:00:00 GMT",
    "Mon, 29 Feb 2100 00:00:00 GMT",
    "Sun, 06-Nov-94 08:49:37 GMT",
    "Sunday, 06-Nov-1994 08:49:37 GMT",
    "Sun Nov   6 08:49:37 1994",
    "Sun Nov 6 08:49:37 1994",
    "Sun, 0x Nov 1994 08:49:37 GMT",
};

START_TEST(other_texts_are_no_dates) {
    int64_t t;
    ck_assert_msg(!date_parse(span_of(no_dates[_i]), NOW_2026, &t), "'%s'", no_dates[_i]);
}
END_TEST

START_TEST(every_prefix_is_no_date) {
    int64_t t;
    for (size_t i = 0; i < 3; i++) {
        struct span text = span_of(read_dates[i].text);
        for (size_t n = 0; n < text.n; n++) ck_assert(!date_parse(span_upto(text, n), NOW_2026, &t));
    }
}
END_TEST

/* The calendar of the C library is another opinion. */
START_TEST(the_calendar_is_that_of_the_system) {
    for (int64_t t = -2208988800; t < 7258118400; t += 1234567) {
        time_t system = (time_t)t;
        struct tm tm;
        if ((int64_t)system != t || !gmtime_r(&system, &tm)) continue;
        struct civil c = civil_from_unix(t);
        ck_assert_int_eq(c.year, tm.tm_year + 1900);
        ck_assert_int_eq(c.month, tm.tm_mon + 1);
        ck_assert_int_eq(c.day, tm.tm_mday);
        ck_assert_int_eq(c.hour, tm.tm_hour);
        ck_assert_int_eq(c.minute, tm.tm_min);
        ck_assert_int_eq(c.second, tm.tm_sec);
        ck_assert_int_eq(c.weekday, tm.tm_wday);
        ck_assert_int_eq(unix_from_civil(&c), t);
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("date");
    TCase *cases = tcase_create("date");
    tcase_add_loop_test(cases, dates_are_written, 0, sizeof written / sizeof *written);
    tcase_add_loop_test(cases, dates_are_read, 0, sizeof read_dates / sizeof *read_dates);
    tcase_add_loop_test(cases, other_texts_are_no_dates, 0, sizeof no_dates / sizeof *no_dates);
    tcase_add_test(cases, every_prefix_is_no_date);
    tcase_add_test(cases, the_calendar_is_that_of_the_system);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
