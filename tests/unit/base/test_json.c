/* test_json.c - what is written as JSON can be read again, whatever the bytes */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <check.h>
#include <stdlib.h>

#include "base/json.h"

static const struct {
    const char *bytes, *json;
} table[] = {
    {"", ""},
    {"plain", "plain"},
    {"a \"b\" \\", "a \\\"b\\\" \\\\"},
    {"\b\f\n\r\t\x01\x1f\x7f", "\\b\\f\\n\\r\\t\\u0001\\u001f\\u007f"},
    {"caf\xc3\xa9 \xf0\x9f\x90\xa6", "caf\xc3\xa9 \xf0\x9f\x90\xa6"},
    {"\xff\x80", "\\uefff\\uef80"},
    {"\xc0\x80 \xed\xa0\x80", "\\uefc0\\uef80 \\uefed\\uefa0\\uef80"}, /* overlong; a surrogate */
    {"\xe2\x82", "\\uefe2\\uef82"},                                     /* cut */
    {"\xee\xbe\x80\xee\xbf\xbf\xee\xbd\xbf", "\\uefee\\uefbe\\uef80\\uefee\\uefbf\\uefbf\xee\xbd\xbf"},
    {"sixteen bytes and\xc3more", "sixteen bytes and\\uefc3more"},
};

START_TEST(texts) {
    struct buf out = {0};
    json_text(&out, span_of(table[_i].bytes));
    ck_assert_str_eq(buf_text(&out), table[_i].json);
    buf_done(&out);
}
END_TEST

/* Back to bytes, as a reader would: escapes, then characters that stand for bytes. */
static void undo(struct span in, struct buf *out) {
    static const char short_of[] = "b\bf\fn\nr\rt\t\"\"\\\\";
    for (size_t i = 0; i < in.n; i++) {
        ck_assert_int_ge((unsigned char)in.p[i], 0x20);
        ck_assert_int_ne(in.p[i], '"');
        if (in.p[i] != '\\') {
            buf_add_char(out, in.p[i]);
        } else if (in.p[++i] == 'u') {
            unsigned unit = 0;
            for (unsigned k = 1; k <= 4; k++) unit = unit << 4 | (unsigned)ascii_hex(in.p[i + k]);
            i += 4;
            ck_assert(unit < 0x80 || (unit >= 0xef80 && unit <= 0xefff));
            buf_add_char(out, (char)(unit & 255));
        } else {
            size_t at = 0;
            while (short_of[at] != in.p[i]) at += 2;
            buf_add_char(out, short_of[at + 1]);
        }
    }
}

static void there_and_back(struct span bytes) {
    struct buf json = {0}, again = {0};
    json_text(&json, bytes);
    for (struct span rest = buf_span(&json); rest.n; rest = span_from(rest, utf8_length(rest)))
        ck_assert_uint_gt(utf8_length(rest), 0);
    undo(buf_span(&json), &again);
    ck_assert(span_is(buf_span(&again), bytes));
    buf_done(&json);
    buf_done(&again);
}

START_TEST(all_pairs) {
    char bytes[4] = {'x', 0, 0, 'y'};
    for (unsigned i = 0; i < 65536; i++) {
        bytes[1] = (char)(i >> 8);
        bytes[2] = (char)i;
        there_and_back((struct span){bytes, sizeof bytes});
    }
}
END_TEST

START_TEST(noise) {
    static const char likely[] = "\xee\xbe\xbf\x80\xf0\x90\xc3\xa9\"\\\n\0abc";
    char bytes[48];
    srand(7);
    for (unsigned i = 0; i < 20000; i++) {
        size_t n = (size_t)rand() % sizeof bytes;
        for (size_t k = 0; k < n; k++)
            bytes[k] = rand() % 2 ? likely[(size_t)rand() % (sizeof likely - 1)] : (char)rand();
        there_and_back((struct span){bytes, n});
    }
}
END_TEST

START_TEST(objects) {
    struct buf out = {0};
    buf_add_char(&out, '{');
    json_add_time(&out, "time", 1795503011, 7008009);
    json_add(&out, "a", SPAN("b\"c"));
    json_add_number(&out, "n", 42);
    json_add_thousandths(&out, "ms", 1005);
    json_add_time(&out, "next", 1795503012, 999999999);
    buf_add_char(&out, '}');
    ck_assert_str_eq(buf_text(&out), "{\"time\":\"2026-11-24T06:50:11.007Z\",\"a\":\"b\\\"c\",\"n\":42,\"ms\":1.005,"
                                     "\"next\":\"2026-11-24T06:50:12.999Z\"}");
    buf_done(&out);
}
END_TEST

int main(void) {
    Suite *s = suite_create("json");
    TCase *t = tcase_create("json");
    tcase_set_timeout(t, 120);
    tcase_add_loop_test(t, texts, 0, sizeof table / sizeof *table);
    tcase_add_test(t, all_pairs);
    tcase_add_test(t, noise);
    tcase_add_test(t, objects);
    suite_add_tcase(s, t);
    SRunner *runner = srunner_create(s);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
