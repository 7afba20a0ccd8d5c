/* test_keyvalue.c - pattern lists and the replacement language */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "modules/keyvalue.h"

static const struct url_parts url = {SPAN_INIT("http"), SPAN_INIT("a.example:81"), SPAN_INIT("a.example"),
                                     SPAN_INIT("8080"), SPAN_INIT("/a%20B"),       SPAN_INIT("x=1&y")};

/* The rule's pattern is "^/([^/]*)/(.*)$" on "/one/t%20Wo"; the condition captured "c d/%" as a whole and "d/%". */
static const struct {
    const char *replacement, *expected;
} expansions[] = {
    {"/x", "/x"},
    {"$1-$2", "one-t%20Wo"},
    {"$0", "/one/t%20Wo"},
    {"[$3][$9][${19}]", "[][][]"},
    {"${1}${2}", "onet%20Wo"},
    {"$10", "one0"},
    {"%0|%1|%2", "c d/%|d/%|"},
    {"%{1}", "d/%25"},
    {"${esc:$0}|${esc:%0}", "%2Fone%2Ft%2520Wo|%2Fone%2Ft%2520Wo"},
    {"%{noesc:$1}|%{esc:%1}", "d/%|d%2F%25"},
    {"${esc:$}${esc:$x}", ""},
    {"$$1 %%1 $x %y 100% $", "$1 %1 $x %y 100% $"},
    {"$%1", "$d/%"},
    {"${url.scheme}://${url.authority}%{url.path}${qsa}", "http://a.example:81/a%20B?x=1&y"},
    {"${url.authority.noport}:${url.port}?${url.query}", "a.example:8080?x=1&y"},
    {"/i?q=1${qsa}", "/i?q=1&x=1&y"},
    {"/i?${qsa}", "/i?x=1&y"},
    {"/i?q&${qsa}", "/i?q&x=1&y"},
    {"${esc:url.path}", "%2Fa%2520B"},
    {"${escape:url.path}", "%2Fa%2520B"},
    {"${escnde:url.path}", "%2Fa%20B"},
    {"${escpsnde:url.path}", "/a%20B"},
    {"${noesc:url.path}${noescape:1}", "/a%20Bone"},
    {"${tolower:url.path} ${toupper:1}", "/a%20b ONE"},
    {"${toupper:esc:url.path}", "%2FA%2520B"},
    {"${esc:toupper:url.path}", "%2FA%2520B"},
    {"${encb64u:1}", "b25l"},
    {"${encb64u:url.path}", "L2ElMjBC"},
    {"${encb64u:%1}", "b25l"},
    {"%{encb64u:1}", "ZC8l"},
    {"${decb64u:1}", "\xa2\x77"},
    {"${esc:qsa}", "?x%3D1%26y"},
    {"/a${unheard.of}b", "/ab"},
    {"/q${1", "/q${1"},
};

static struct value string(const char *text) {
    return (struct value){.type = VALUE_STRING, .string = span_of(text)};
}

static char *expand(const char *replacement, const struct template_inputs *in) {
    struct complaints *c = complaints_make();
    struct value v = string(replacement);
    struct template *t = template_make(&v, c);
    struct buf out = {0};
    template_expand(t, in, &out);
    char *copy = span_dup(buf_span(&out));
    buf_done(&out);
    template_drop(t);
    complaints_drop(c);
    return copy;
}

START_TEST(expands) {
    struct captures rule = {{SPAN_INIT("/one/t%20Wo"), SPAN_INIT("one"), SPAN_INIT("t%20Wo")}, 3};
    struct captures condition = {{SPAN_INIT("c d/%"), SPAN_INIT("d/%")}, 2};
    struct template_inputs in = {&rule, &condition, false, url, NULL};
    char *got = expand(expansions[_i].replacement, &in);
    ck_assert_str_eq(got, expansions[_i].expected);
    free(got);
}
END_TEST

/* What a condition captured of the decoded path is encoded again, or "%25" would be decoded twice. */
static const struct {
    const char *replacement, *expected;
} decoded[] = {
    {"/%0", "/c%20d/%25%3F"},
    {"/%{noesc:0}", "/c d/%?"},
    {"/%{toupper:0}", "/C%20D/%25%3F"},
    {"/%{esc:0}", "/c%20d%2F%25%3F"},
    {"/$0", "/%41"},
};

START_TEST(encodes_again) {
    struct captures rule = {{SPAN_INIT("%41")}, 1}, condition = {{SPAN_INIT("c d/%?")}, 1};
    struct template_inputs in = {&rule, &condition, true, url, NULL};
    char *got = expand(decoded[_i].replacement, &in);
    ck_assert_str_eq(got, decoded[_i].expected);
    free(got);
}
END_TEST

START_TEST(does_without_condition_and_query) {
    struct captures rule = {.count = 0};
    struct template_inputs in = {.rule = &rule};
    char *got = expand("[%1%{2}$1${url.path}${qsa}${esc:qsa}${encb64u:1}]", &in);
    ck_assert_str_eq(got, "[]");
    free(got);
}
END_TEST

static const struct {
    struct span url;
    const char *expected;
} locations[] = {
    {SPAN_INIT("http://a/b?c#d%20"), "http://a/b?c#d%20"},
    {SPAN_INIT("/a\r\nSet-Cookie: x"), "/a%0D%0ASet-Cookie:%20x"},
    {SPAN_INIT("/\0\x01\x7f\xc3\xbc"), "/%00%01%7F%C3%BC"},
    {SPAN_INIT(""), ""},
};

START_TEST(keeps_controls_out) {
    struct buf out = {0};
    location_encode(&out, locations[_i].url);
    ck_assert_str_eq(buf_text(&out), locations[_i].expected);
    buf_done(&out);
}
END_TEST

/* ---- lists --------------------------------------------------------------------------------------------------- */

static struct element elements[] = {
    {SPAN_INIT("^/stop"), {NULL, 0}, {.type = VALUE_STRING, .string = SPAN_INIT("")}},
    {SPAN_INIT("^/(a|b)$"), {NULL, 0}, {.type = VALUE_STRING, .string = SPAN_INIT("/first%1")}},
    {SPAN_INIT("\\.php(\\?|$)"), {NULL, 0}, {.type = VALUE_STRING, .string = SPAN_INIT("/second")}},
    {SPAN_INIT("^/a"), {NULL, 0}, {.type = VALUE_STRING, .string = SPAN_INIT("/third")}},
};

static const struct {
    const char *subject;
    int rule;
} finds[] = {{"/stop.php", 0}, {"/a", 1}, {"/b", 1}, {"/ab", 3}, {"/x.php?y", 2}, {"/x.phpy", -1}, {"", -1}};

START_TEST(finds_first) {
    struct complaints *c = complaints_make();
    struct value map = {.type = VALUE_ARRAY, .elements = elements, .count = sizeof elements / sizeof *elements};
    struct rules *rules = rules_make(&map, c);
    struct captures captures;
    const struct rule *rule = rules_find(rules, span_of(finds[_i].subject), &captures);
    ck_assert_int_eq(rule ? (int)(rule - rules->list) : -1, finds[_i].rule);
    if (rule) ck_assert(template_is_empty(rule->replacement) == (finds[_i].rule == 0));
    if (rule) ck_assert(template_uses_condition(rule->replacement) == (finds[_i].rule == 1));
    rules_drop(rules);
    complaints_drop(c);
}
END_TEST

START_TEST(refuses_bad_patterns) {
    struct element bad[] = {elements[1],
                            {SPAN_INIT("(a"), {NULL, 0}, {.type = VALUE_STRING, .string = SPAN_INIT("/")}}};
    struct value map = {.type = VALUE_ARRAY, .elements = bad, .count = 2};
    struct complaints *c = complaints_make();
    ck_assert_ptr_null(rules_make(&map, c));
    ck_assert_uint_eq(complaints_errors(c), 1);
    complaints_drop(c);
}
END_TEST

#define COUNT(table) (int)(sizeof table / sizeof *table)

int main(void) {
    Suite *s = suite_create("keyvalue");
    TCase *t = tcase_create("keyvalue");
    tcase_add_loop_test(t, expands, 0, COUNT(expansions));
    tcase_add_loop_test(t, encodes_again, 0, COUNT(decoded));
    tcase_add_test(t, does_without_condition_and_query);
    tcase_add_loop_test(t, keeps_controls_out, 0, COUNT(locations));
    if (regex_is_built()) {
        tcase_add_loop_test(t, finds_first, 0, COUNT(finds));
        tcase_add_test(t, refuses_bad_patterns);
    } else {
        puts("SKIP: lists of patterns: PCRE2 is not in this build");
    }
    suite_add_tcase(s, t);
    SRunner *runner = srunner_create(s);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
