/* test_fields.c - lists of fields, and lists within a field */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <check.h>
#include <stdlib.h>

#include "http/fields.h"

static struct arena arena;
static struct fields fields;

static void set_up(void) {
    fields = (struct fields){.list = NULL};
    fields_add(&fields, &arena, HEADER_HOST, SPAN("a"));
    fields_add_named(&fields, &arena, SPAN("accept"), SPAN("x"));
    fields_add_named(&fields, &arena, SPAN("X-Own"), SPAN("1"));
    fields_add(&fields, &arena, HEADER_ACCEPT, SPAN("y"));
    fields_add_named(&fields, &arena, SPAN("x-own"), SPAN("2"));
    fields_add_named(&fields, &arena, SPAN("X-Other"), SPAN(""));
}

static void tear_down(void) {
    arena_done(&arena);
}

static void expect(struct span value, const char *text) {
    ck_assert_msg(span_is(value, span_of(text)), "'%.*s' is not '%s'", SPAN_ARG(value), text);
}

START_TEST(values_are_found_and_joined) {
    ck_assert_uint_eq(fields.count, 6);
    expect(fields_get(&fields, &arena, HEADER_HOST), "a");
    expect(fields_get(&fields, &arena, HEADER_ACCEPT), "x, y");
    expect(fields_get_named(&fields, &arena, SPAN("ACCEPT")), "x, y");
    expect(fields_get_named(&fields, &arena, SPAN("X-OWN")), "1, 2");
    expect(fields_first(&fields, HEADER_ACCEPT)->value, "x");
    expect(fields_first(&fields, HEADER_ACCEPT)->name, "accept");
    expect(fields_first_named(&fields, SPAN("x-other"))->name, "X-Other");
    ck_assert_ptr_null(fields_get(&fields, &arena, HEADER_RANGE).p);
    ck_assert_ptr_nonnull(fields_get_named(&fields, &arena, SPAN("x-other")).p);
    ck_assert_ptr_null(fields_first_named(&fields, SPAN("x-nothing")));
    ck_assert_ptr_null(fields_first(&fields, HEADER_RANGE));
}
END_TEST

START_TEST(cookies_are_joined_with_semicolons) {
    fields_add(&fields, &arena, HEADER_COOKIE, SPAN("a=1"));
    fields_add(&fields, &arena, HEADER_COOKIE, SPAN("b=2"));
    expect(fields_get(&fields, &arena, HEADER_COOKIE), "a=1; b=2");
}
END_TEST

START_TEST(set_replaces_all) {
    fields_set(&fields, &arena, HEADER_ACCEPT, SPAN("z"));
    expect(fields_get(&fields, &arena, HEADER_ACCEPT), "z");
    ck_assert_uint_eq(fields.count, 5);
    ck_assert_int_eq(fields.list[1].id, HEADER_ACCEPT);
    fields_set_named(&fields, &arena, SPAN("x-OWN"), SPAN("3"));
    expect(fields_get_named(&fields, &arena, SPAN("X-Own")), "3");
    fields_set_named(&fields, &arena, SPAN("X-New"), SPAN("4"));
    expect(fields_get_named(&fields, &arena, SPAN("x-new")), "4");
    fields_set(&fields, &arena, HEADER_RANGE, SPAN("5"));
    ck_assert(fields_have(&fields, HEADER_RANGE));
    ck_assert_uint_eq(fields.count, 6);
}
END_TEST

START_TEST(remove_leaves_the_others_in_order) {
    fields_remove(&fields, HEADER_ACCEPT);
    ck_assert(!fields_have(&fields, HEADER_ACCEPT));
    ck_assert_uint_eq(fields.count, 4);
    fields_remove_named(&fields, SPAN("x-own"));
    ck_assert(fields_have(&fields, HEADER_OTHER));
    ck_assert_uint_eq(fields.count, 2);
    expect(fields.list[0].name, "Host");
    expect(fields.list[1].name, "X-Other");
    fields_remove_named(&fields, SPAN("X-OTHER"));
    ck_assert(!fields_have(&fields, HEADER_OTHER));
    fields_remove_named(&fields, SPAN("host"));
    fields_remove(&fields, HEADER_HOST);
    ck_assert_uint_eq(fields.count, 0);
    ck_assert(!fields_have(&fields, HEADER_HOST));
}
END_TEST

static bool is_not(const struct field *f, const void *id) {
    return f->id != *(const enum header *)id;
}

START_TEST(some_are_kept) {
    const enum header accept = HEADER_ACCEPT, range = HEADER_RANGE;
    fields_keep(&fields, is_not, &range);
    ck_assert_uint_eq(fields.count, 6);
    fields_keep(&fields, is_not, &accept);
    ck_assert_uint_eq(fields.count, 4);
    ck_assert(!fields_have(&fields, HEADER_ACCEPT));
    ck_assert(fields_have(&fields, HEADER_HOST) && fields_have(&fields, HEADER_OTHER));
    expect(fields.list[0].value, "a");
    expect(fields_get_named(&fields, &arena, SPAN("x-own")), "1, 2");
    expect(fields.list[3].name, "X-Other");
}
END_TEST

START_TEST(many_fields_grow_the_list) {
    for (int i = 0; i < 100; i++) fields_add(&fields, &arena, HEADER_VIA, SPAN("v"));
    ck_assert_uint_eq(fields.count, 106);
    ck_assert_uint_eq(fields_get(&fields, &arena, HEADER_VIA).n, 298);
    expect(fields_get(&fields, &arena, HEADER_HOST), "a");
}
END_TEST

static const struct {
    const char *list, *elements; /* elements joined with | */
} lists[] = {
    {"", ""},
    {",", ""},
    {" , ,\t", ""},
    {"a", "a"},
    {"a,b", "a|b"},
    {" a , , b\t,", "a|b"},
    {"\"a,b\",c", "\"a,b\"|c"},
    {"x=\"\\\",\", y", "x=\"\\\",\"|y"},
    {"\"open, b", "\"open, b"},
    {"\"a\\", "\"a\\"},
};

START_TEST(lists_are_taken_apart) {
    struct span rest = span_of(lists[_i].list), element;
    char joined[64] = "";
    while (list_next(&rest, &element)) {
        if (*joined) strcat(joined, "|");
        strncat(joined, element.p, element.n);
    }
    ck_assert_str_eq(joined, lists[_i].elements);
}
END_TEST

START_TEST(tokens_are_found_in_any_case) {
    ck_assert(list_has_token(SPAN("Keep-Alive, Upgrade"), SPAN("upgrade")));
    ck_assert(list_has_token(SPAN("close"), SPAN("close")));
    ck_assert(!list_has_token(SPAN("closed, xclose"), SPAN("close")));
    ck_assert(!list_has_token(SPAN(""), SPAN("close")));
    ck_assert(!list_has_token(SPAN(",,,"), SPAN("close")));
}
END_TEST

int main(void) {
    Suite *suite = suite_create("fields");
    TCase *cases = tcase_create("fields");
    tcase_add_checked_fixture(cases, set_up, tear_down);
    tcase_add_test(cases, values_are_found_and_joined);
    tcase_add_test(cases, cookies_are_joined_with_semicolons);
    tcase_add_test(cases, set_replaces_all);
    tcase_add_test(cases, remove_leaves_the_others_in_order);
    tcase_add_test(cases, some_are_kept);
    tcase_add_test(cases, many_fields_grow_the_list);
    tcase_add_loop_test(cases, lists_are_taken_apart, 0, sizeof lists / sizeof *lists);
    tcase_add_test(cases, tokens_are_found_in_any_case);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
