/* test_fresh.c - entity tags and conditional requests */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <check.h>
#include <stdlib.h>

#include "http/etag.h"
#include "http/fresh.h"

#define BEFORE "Sun, 06 Nov 1994 08:49:36 GMT"
#define EXACT "Sun, 06 Nov 1994 08:49:37 GMT"
#define AFTER "Sun, 06 Nov 1994 08:49:38 GMT"
enum { MODIFIED = 784111777, NOW = 1780000000 };

static const struct {
    const char *list, *tag;
    bool strong, weak;
} tags[] = {
    {"\"a\"", "\"a\"", true, true},
    {"\"a\"", "\"b\"", false, false},
    {"W/\"a\"", "\"a\"", false, true},
    {"\"a\"", "W/\"a\"", false, true},
    {"W/\"a\"", "W/\"a\"", false, true},
    {"\"x\", \"a\"", "\"a\"", true, true},
    {",, \"x\" ,\t\"a\",", "\"a\"", true, true},
    {"\"a,b\"", "\"a,b\"", true, true},
    {"\"\"", "\"\"", true, true},
    {"*", "\"a\"", true, true},
    {" * ", "\"a\"", true, true},
    {"*", "", true, true},
    {"\"a\"", "", false, false},
    {"a", "\"a\"", false, false},
    {"w/\"a\"", "\"a\"", false, false},
    {"\"x\" \"a\"", "\"a\"", false, false}, /* no comma between */
    {"\"a", "\"a\"", false, false},
    {"W/", "\"a\"", false, false},
    {"\"a b\", \"a\"", "\"a\"", false, false},
    {"", "\"a\"", false, false},
};

START_TEST(tags_are_compared) {
    ck_assert_int_eq(etag_list_has(span_of(tags[_i].list), span_of(tags[_i].tag), false), tags[_i].strong);
    ck_assert_int_eq(etag_list_has(span_of(tags[_i].list), span_of(tags[_i].tag), true), tags[_i].weak);
}
END_TEST

START_TEST(tags_are_made) {
    char first[ETAG_MAX_BYTES], other[ETAG_MAX_BYTES];
    size_t n = etag_make(first, 1, 2, 3, 4);
    struct span tag = {first, n}, rest = tag, taken;
    ck_assert_uint_le(n, ETAG_MAX_BYTES);
    ck_assert(etag_next(&rest, &taken));
    ck_assert(span_is(tag, taken));
    ck_assert(!etag_is_weak(tag));
    static const struct {
        uint64_t inode, size;
        int64_t seconds;
        uint32_t nanoseconds;
        bool same;
    } states[] = {{1, 2, 3, 4, true}, {2, 2, 3, 4, false}, {1, 3, 3, 4, false}, {1, 2, 4, 4, false},
                  {1, 2, 3, 5, false}, {2, 1, 3, 4, false}, {0, 0, 0, 0, false}};
    for (size_t i = 0; i < sizeof states / sizeof *states; i++) {
        size_t m = etag_make(other, states[i].inode, states[i].size, states[i].seconds, states[i].nanoseconds);
        ck_assert_int_eq(span_is(tag, (struct span){other, m}), states[i].same);
    }
}
END_TEST

static const struct {
    const char *if_match, *if_unmodified, *if_none, *if_modified;
    bool safe;
    int status;
} cases[] = {
    {NULL, NULL, NULL, NULL, true, 0},
    {"\"a\"", NULL, NULL, NULL, true, 0},
    {"\"b\"", NULL, NULL, NULL, true, 412},
    {"W/\"a\"", NULL, NULL, NULL, false, 412},
    {"*", NULL, NULL, NULL, false, 0},
    {NULL, BEFORE, NULL, NULL, false, 412},
    {NULL, EXACT, NULL, NULL, false, 0},
    {NULL, AFTER, NULL, NULL, false, 0},
    {NULL, "yesterday", NULL, NULL, false, 0},
    {"\"a\"", BEFORE, NULL, NULL, false, 0}, /* If-Match stands above the date */
    {NULL, NULL, "\"a\"", NULL, true, 304},
    {NULL, NULL, "\"a\"", NULL, false, 412},
    {NULL, NULL, "W/\"a\"", NULL, true, 304},
    {NULL, NULL, "\"x\", \"a\"", NULL, true, 304},
    {NULL, NULL, "\"b\"", NULL, true, 0},
    {NULL, NULL, "*", NULL, true, 304},
    {NULL, NULL, "*", NULL, false, 412},
    {NULL, NULL, "\"b\"", AFTER, true, 0}, /* If-None-Match stands above the date */
    {NULL, NULL, NULL, EXACT, true, 304},
    {NULL, NULL, NULL, AFTER, true, 304},
    {NULL, NULL, NULL, BEFORE, true, 0},
    {NULL, NULL, NULL, EXACT, false, 0},
    {NULL, NULL, NULL, "", true, 0},
    {"\"a\"", NULL, "\"a\"", NULL, true, 304},
    {"\"b\"", NULL, "\"a\"", NULL, true, 412},
    {NULL, EXACT, NULL, EXACT, true, 304},
};

static struct arena arena;

static void add(struct fields *f, enum header id, const char *value) {
    if (value) fields_add(f, &arena, id, span_of(value));
}

START_TEST(conditions_in_order) {
    struct fields f = {.list = NULL};
    struct validators v = {SPAN("\"a\""), MODIFIED};
    add(&f, HEADER_IF_MATCH, cases[_i].if_match);
    add(&f, HEADER_IF_UNMODIFIED_SINCE, cases[_i].if_unmodified);
    add(&f, HEADER_IF_NONE_MATCH, cases[_i].if_none);
    add(&f, HEADER_IF_MODIFIED_SINCE, cases[_i].if_modified);
    ck_assert_int_eq(fresh_check(&f, cases[_i].safe, &v, NOW), cases[_i].status);
    arena_done(&arena);
}
END_TEST

START_TEST(unknown_validators_match_nothing) {
    struct fields f = {.list = NULL};
    struct validators v = {{NULL, 0}, -1};
    add(&f, HEADER_IF_NONE_MATCH, "\"a\"");
    add(&f, HEADER_IF_MODIFIED_SINCE, AFTER);
    add(&f, HEADER_IF_UNMODIFIED_SINCE, BEFORE);
    ck_assert_int_eq(fresh_check(&f, true, &v, NOW), 0);
    fields_remove(&f, HEADER_IF_NONE_MATCH);
    ck_assert_int_eq(fresh_check(&f, true, &v, NOW), 0);
    add(&f, HEADER_IF_MATCH, "\"a\"");
    ck_assert_int_eq(fresh_check(&f, true, &v, NOW), 412);
    arena_done(&arena);
}
END_TEST

static const struct {
    const char *if_range, *etag;
    int64_t modified, now;
    bool honoured;
} range_cases[] = {
    {NULL, "\"a\"", MODIFIED, NOW, true},
    {"\"a\"", "\"a\"", MODIFIED, NOW, true},
    {"\"b\"", "\"a\"", MODIFIED, NOW, false},
    {"W/\"a\"", "W/\"a\"", MODIFIED, NOW, false},
    {"\"a\", \"b\"", "\"a\"", MODIFIED, NOW, false},
    {"\"a\"", "", MODIFIED, NOW, false},
    {EXACT, "\"a\"", MODIFIED, NOW, true},
    {EXACT, "\"a\"", MODIFIED, MODIFIED, false}, /* may change within this second */
    {BEFORE, "\"a\"", MODIFIED, NOW, false},
    {AFTER, "\"a\"", MODIFIED, NOW, false},
    {EXACT, "\"a\"", -1, NOW, false},
    {"", "\"a\"", MODIFIED, NOW, false},
    {"*", "\"a\"", MODIFIED, NOW, false},
};

START_TEST(if_range) {
    struct fields f = {.list = NULL};
    struct validators v = {span_of(range_cases[_i].etag), range_cases[_i].modified};
    add(&f, HEADER_IF_RANGE, range_cases[_i].if_range);
    ck_assert_int_eq(fresh_range(&f, &v, range_cases[_i].now), range_cases[_i].honoured);
    arena_done(&arena);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("fresh");
    TCase *tests = tcase_create("fresh");
    tcase_add_loop_test(tests, tags_are_compared, 0, sizeof tags / sizeof *tags);
    tcase_add_test(tests, tags_are_made);
    tcase_add_loop_test(tests, conditions_in_order, 0, sizeof cases / sizeof *cases);
    tcase_add_test(tests, unknown_validators_match_nothing);
    tcase_add_loop_test(tests, if_range, 0, sizeof range_cases / sizeof *range_cases);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
