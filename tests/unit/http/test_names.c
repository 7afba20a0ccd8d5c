/* test_names.c - methods, statuses, field names: the tables and their search */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <check.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "http/names.h"

/* What names.c must hold after a change of header.def. */
static void print_header_slots(void) {
    int slots[HEADER_SLOTS] = {0};
    for (int h = 1; h < HEADER_COUNT; h++) {
        unsigned slot = header_slot(header_name((enum header)h));
        while (slots[slot]) slot = (slot + 1) % HEADER_SLOTS;
        slots[slot] = h;
    }
    printf("header_slots in src/http/names.c has to be:\n");
    for (int slot = 0; slot < HEADER_SLOTS; slot++) {
        struct span name = header_name((enum header)slots[slot]);
        if (!slots[slot]) continue;
        printf(" [%d] = HEADER_", slot);
        for (size_t i = 0; i < name.n; i++) putchar(name.p[i] == '-' ? '_' : toupper((unsigned char)name.p[i]));
        printf(",\n");
    }
}

START_TEST(every_field_name_is_found_in_any_case) {
    bool wrong = false;
    for (int h = 1; h < HEADER_COUNT; h++) {
        struct span name = header_name((enum header)h);
        char upper[64], lower[64];
        for (size_t i = 0; i < name.n; i++) {
            upper[i] = (char)toupper((unsigned char)name.p[i]);
            lower[i] = ascii_lower(name.p[i]);
        }
        wrong |= (int)header_find(name) != h;
        wrong |= (int)header_find((struct span){upper, name.n}) != h;
        wrong |= (int)header_find((struct span){lower, name.n}) != h;
    }
    if (wrong) print_header_slots();
    ck_assert(!wrong);
}
END_TEST

static const struct span unknown_names[] = {
    SPAN_INIT(""),           SPAN_INIT("X"),         SPAN_INIT("Hos"),        SPAN_INIT("Hosts"),
    SPAN_INIT("HosT\0"),     SPAN_INIT("Content_Length"), SPAN_INIT("Content\rLength"), SPAN_INIT("Content-Lengtj"),
    SPAN_INIT("\x03ontent-Length"), SPAN_INIT("HTTP\x12-Settings"), SPAN_INIT("user agent"), SPAN_INIT("Etag "),
};

START_TEST(other_field_names_are_not_found) {
    ck_assert_int_eq(header_find(unknown_names[_i]), HEADER_OTHER);
}
END_TEST

START_TEST(every_single_change_of_a_name_is_noticed) {
    for (int h = 1; h < HEADER_COUNT; h++) {
        struct span name = header_name((enum header)h);
        char changed[64];
        for (size_t i = 0; i < name.n; i++) {
            for (int byte = 0; byte < 256; byte++) {
                memcpy(changed, name.p, name.n);
                changed[i] = (char)byte;
                if (ascii_lower(changed[i]) == ascii_lower(name.p[i])) continue;
                ck_assert_int_ne((int)header_find((struct span){changed, name.n}), h);
            }
        }
    }
}
END_TEST

START_TEST(flags_say_what_the_rfc_says) {
    ck_assert_uint_eq(header_flags(HEADER_CONTENT_LENGTH), HEADER_SINGLE | HEADER_NO_TRAILER);
    ck_assert_uint_eq(header_flags(HEADER_CONNECTION), HEADER_HOP_BY_HOP | HEADER_NO_TRAILER);
    ck_assert_uint_eq(header_flags(HEADER_SERVER_TIMING), 0);
    ck_assert_uint_eq(header_flags(HEADER_OTHER), 0);
    ck_assert_uint_eq(method_flags(METHOD_GET), METHOD_SAFE | METHOD_IDEMPOTENT);
    ck_assert_uint_eq(method_flags(METHOD_PUT), METHOD_IDEMPOTENT);
    ck_assert_uint_eq(method_flags(METHOD_POST), 0);
    ck_assert_uint_eq(method_flags(METHOD_OTHER), 0);
}
END_TEST

START_TEST(methods_are_found_as_written) {
    for (int m = 1; m < METHOD_COUNT; m++) ck_assert_int_eq(method_find(method_name((enum method)m)), m);
    ck_assert_int_eq(method_find(SPAN("")), METHOD_OTHER);
    ck_assert_int_eq(method_find(SPAN("get")), METHOD_OTHER);
    ck_assert_int_eq(method_find(SPAN("GETX")), METHOD_OTHER);
    ck_assert_int_eq(method_find(SPAN("GE")), METHOD_OTHER);
    ck_assert_uint_eq(method_name(METHOD_OTHER).n, 0);
}
END_TEST

START_TEST(statuses_have_reasons_and_errors_an_explanation) {
    static const int explained[] = {400, 401, 403, 404, 405, 408, 411, 412, 413, 414, 415, 416, 417,
                                    421, 422, 426, 429, 431, 451, 500, 501, 502, 503, 504, 505};
    ck_assert(span_is(status_reason(404), SPAN("Not Found")));
    ck_assert(span_is(status_reason(200), SPAN("OK")));
    ck_assert_uint_eq(status_reason(299).n, 0);
    ck_assert_uint_eq(status_reason(-1).n, 0);
    ck_assert_uint_eq(status_explanation(200).n, 0);
    ck_assert_uint_eq(status_explanation(999).n, 0);
    for (size_t i = 0; i < sizeof explained / sizeof *explained; i++) {
        struct span text = status_explanation(explained[i]);
        ck_assert_msg(span_ends(text, SPAN(".")), "%d has no sentence", explained[i]);
    }
}
END_TEST

START_TEST(classes_are_those_of_the_rfcs) {
    for (int c = 0; c < 256; c++) {
        char byte = (char)c;
        bool alnum = c < 128 && isalnum(c);
        bool token = alnum || (c && strchr("!#$%&'*+-.^_`|~", c));
        bool path = alnum || (c && strchr("-._~!$&'()*+,;=:@/", c));
        ck_assert_int_eq((char_class[c] & CHAR_TOKEN) != 0, token);
        ck_assert_int_eq(is_token((struct span){&byte, 1}), token);
        ck_assert_int_eq((char_class[c] & CHAR_FIELD) != 0, c == '\t' || (c >= 0x20 && c != 0x7f));
        ck_assert_int_eq((char_class[c] & CHAR_TARGET) != 0, c > 0x20 && c != 0x7f);
        ck_assert_int_eq((char_class[c] & CHAR_UNRESERVED) != 0, alnum || (c && strchr("-._~", c)));
        ck_assert_int_eq((char_class[c] & CHAR_PATH) != 0, path);
        ck_assert_int_eq((char_class[c] & CHAR_URI) != 0, path || (c && strchr("?[]", c)));
        ck_assert_int_eq((char_class[c] & CHAR_HOST) != 0, (alnum && !isupper(c)) || c == '-' || c == '_');
    }
    ck_assert(!is_token(SPAN("")));
    ck_assert(!is_token(SPAN("a b")));
}
END_TEST

int main(void) {
    Suite *suite = suite_create("names");
    TCase *cases = tcase_create("names");
    tcase_add_test(cases, every_field_name_is_found_in_any_case);
    tcase_add_loop_test(cases, other_field_names_are_not_found, 0, sizeof unknown_names / sizeof *unknown_names);
    tcase_add_test(cases, every_single_change_of_a_name_is_noticed);
    tcase_add_test(cases, flags_say_what_the_rfc_says);
    tcase_add_test(cases, methods_are_found_as_written);
    tcase_add_test(cases, statuses_have_reasons_and_errors_an_explanation);
    tcase_add_test(cases, classes_are_those_of_the_rfcs);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
