/* test_bytes.c - spans, growing buffers, arenas */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <check.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/buf.h"

#define S(text) span_of(text)

START_TEST(spans_are_compared) {
    static const struct {
        const char *a, *b;
        bool is, is_ci, starts, starts_ci, ends, ends_ci;
    } table[] = {
        {"abc", "abc", true, true, true, true, true, true},
        {"abc", "ABC", false, true, false, true, false, true},
        {"abc", "ab", false, false, true, true, false, false},
        {"abc", "BC", false, false, false, false, false, true},
        {"abc", "", false, false, true, true, true, true},
        {"", "a", false, false, false, false, false, false},
        {"", "", true, true, true, true, true, true},
        {"@[", "`{", false, false, false, false, false, false},
        {"\xc0", "\xe0", false, false, false, false, false, false},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct span a = S(table[i].a), b = S(table[i].b);
        ck_assert_msg(span_is(a, b) == table[i].is, "is: row %zu", i);
        ck_assert_msg(span_is_ci(a, b) == table[i].is_ci, "is_ci: row %zu", i);
        ck_assert_msg(span_starts(a, b) == table[i].starts, "starts: row %zu", i);
        ck_assert_msg(span_starts_ci(a, b) == table[i].starts_ci, "starts_ci: row %zu", i);
        ck_assert_msg(span_ends(a, b) == table[i].ends, "ends: row %zu", i);
        ck_assert_msg(span_ends_ci(a, b) == table[i].ends_ci, "ends_ci: row %zu", i);
    }
}
END_TEST

START_TEST(spans_are_searched) {
    static const struct {
        const char *in, *what;
        size_t at;
    } table[] = {{"abcabc", "bc", 1}, {"aab", "ab", 1}, {"abc", "abcd", 3},
                 {"abc", "x", 3},     {"aXa", "a", 0},  {"", "a", 0}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        ck_assert_msg(span_search(S(table[i].in), S(table[i].what)) == table[i].at, "row %zu", i);
    ck_assert_uint_eq(span_find(S("a.b.c"), '.'), 1);
    ck_assert_uint_eq(span_find_last(S("a.b.c"), '.'), 3);
    ck_assert_uint_eq(span_find_last(S("abc"), '.'), 3);
    ck_assert(span_is(span_trim(S(" \t a b\t ")), S("a b")));
    ck_assert_uint_eq(span_trim(S(" \t ")).n, 0);
    ck_assert_int_lt(span_compare(S("a"), S("ab")), 0);
    ck_assert_int_lt(span_compare(S("ab"), S("b")), 0);
    ck_assert_int_gt(span_compare(S("\xff"), S("a")), 0);
    ck_assert_int_eq(span_compare(S("a"), S("a")), 0);
}
END_TEST

START_TEST(spans_are_split) {
    static const struct {
        const char *in, *parts[4];
        unsigned count;
    } table[] = {{"a,b,c", {"a", "b", "c"}, 3}, {"a", {"a"}, 1}, {"a,,b", {"a", "", "b"}, 3}, {",a", {"", "a"}, 2}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct span rest = S(table[i].in), part;
        unsigned n = 0;
        while (span_next(&rest, ',', &part)) {
            ck_assert_msg(n < table[i].count && span_is(part, S(table[i].parts[n])), "row %zu part %u", i, n);
            n++;
        }
        ck_assert_uint_eq(n, table[i].count);
    }
}
END_TEST

/* Each byte in each place of spans of each length: the words that are looked at overlap. */
START_TEST(controls_are_found) {
    char bytes[40];
    memset(bytes, 'a', sizeof bytes);
    for (size_t n = 0; n <= sizeof bytes; n++) {
        struct span s = {bytes, n};
        ck_assert(!span_has_control(s));
        for (size_t at = 0; at < n; at++) {
            for (int c = 0; c < 256; c++) {
                bytes[at] = (char)c;
                ck_assert_msg(span_has_control(s) == (c < 0x20 || c == 0x7f), "%d at %zu of %zu", c, at, n);
            }
            bytes[at] = 'a';
        }
    }
}
END_TEST

START_TEST(buf_grows) {
    struct buf b = {0};
    for (unsigned i = 0; i < 10000; i++) buf_add_number(&b, i % 10);
    ck_assert_uint_eq(b.n, 10000);
    ck_assert_int_eq(b.p[9999], '9');
    buf_clear(&b);
    buf_add_text(&b, "x=");
    buf_printf(&b, "%d%s", 42, "!");
    buf_add(&b, SPAN(""));
    buf_add_number(&b, UINT64_MAX);
    ck_assert_str_eq(buf_text(&b), "x=42!18446744073709551615");
    buf_clear(&b);
    buf_printf(&b, "%5000d", 1);
    ck_assert_uint_eq(b.n, 5000);
    buf_done(&b);
    ck_assert_str_eq(buf_text(&b), "");
    buf_done(&b);
}
END_TEST

START_TEST(arena_aligns_and_keeps) {
    struct arena a = {0};
    struct span kept[200];
    for (unsigned i = 0; i < 200; i++) {
        kept[i] = arena_printf(&a, "number %u", i);
        void *p = arena_get(&a, 1 + i * 37 % 5000);
        ck_assert_uint_eq((uintptr_t)p % _Alignof(max_align_t), 0);
        memset(p, 0xff, 1 + i * 37 % 5000);
    }
    for (unsigned i = 0; i < 200; i++) {
        ck_assert_uint_eq(strtoul(kept[i].p + 7, NULL, 10), i);
        ck_assert_int_eq(kept[i].p[kept[i].n], '\0');
    }
    ck_assert(span_is(arena_join(&a, SPAN("ab"), SPAN("cd")), SPAN("abcd")));
    ck_assert(span_is(arena_copy(&a, SPAN("")), SPAN("")));
    arena_reset(&a);
    const char *zero = arena_zeroed(&a, 3000);
    for (unsigned i = 0; i < 3000; i++) ck_assert_int_eq(zero[i], 0);
    arena_reset(&a);
    arena_done(&a);
    arena_done(&a);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("bytes");
    TCase *all = tcase_create("all");
    tcase_add_test(all, spans_are_compared);
    tcase_add_test(all, spans_are_searched);
    tcase_add_test(all, spans_are_split);
    tcase_add_test(all, controls_are_found);
    tcase_add_test(all, buf_grows);
    tcase_add_test(all, arena_aligns_and_keeps);
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
