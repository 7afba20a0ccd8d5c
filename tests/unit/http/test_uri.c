/* test_uri.c - targets, paths, percent-encoding and escapes */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <check.h>
#include <stdlib.h>

#include "http/uri.h"

static struct arena arena;

static void tear_down(void) {
    arena_done(&arena);
}

static void expect(struct span value, const char *text) {
    if (!text) ck_assert_msg(value.p == NULL, "'%.*s' should not be there", SPAN_ARG(value));
    else ck_assert_msg(value.p && span_is(value, span_of(text)), "'%.*s' is not '%s'", SPAN_ARG(value), text);
}

#define N PARSE_URL_NORMALIZE
#define D PARSE_DEFAULTS

static const struct {
    const char *sent;
    unsigned options;
    const char *target; /* NULL: 400 */
    const char *path, *query;
} targets[] = {
    {"/", D, "/", "/", NULL},
    {"*", D, "*", "*", NULL},
    {"/a/b.html", D, "/a/b.html", "/a/b.html", NULL},
    {"/a?b=c&d", D, "/a?b=c&d", "/a", "b=c&d"},
    {"/a?", D, "/a?", "/a", ""},
    {"/?a?b/..//./", D, "/?a?b/..//./", "/", "a?b/..//./"},
    {"/.well-known/x", D, "/.well-known/x", "/.well-known/x", NULL},
    {"/a/...", D, "/a/...", "/a/...", NULL},
    {"", D, NULL, NULL, NULL},
    {"a", D, NULL, NULL, NULL},
    {"?a", D, NULL, NULL, NULL},
    {"%2Fa", D, NULL, NULL, NULL},
    {"**", D, NULL, NULL, NULL},
    {"/a#b", D, NULL, NULL, NULL},
    {"/a?b#c", D, NULL, NULL, NULL},
    {"/a#b", 0, NULL, NULL, NULL},
    /* percent-encoding */
    {"/%41%7e", D, "/A~", "/A~", NULL},
    {"/a%20b?c%20d", D, "/a%20b?c%20d", "/a b", "c%20d"},
    {"/a%c3%a4", D, "/a%C3%A4", "/a\xc3\xa4", NULL},
    {"/a\xc3\xa4", D, "/a%C3%A4", "/a\xc3\xa4", NULL},
    {"/a?\xc3\xa4", D, "/a?%C3%A4", "/a", "%C3%A4"},
    {"/a\"<>^`{|}", D, "/a%22%3C%3E%5E%60%7B%7C%7D", "/a\"<>^`{|}", NULL},
    {"/[a]", D, "/[a]", "/[a]", NULL},
    {"/100%", D, "/100%25", "/100%", NULL},
    {"/%4", D, "/%254", "/%4", NULL},
    {"/%zz?%", D, "/%25zz?%25", "/%zz", "%25"},
    {"/%2541", D, "/%2541", "/%41", NULL}, /* decoded once */
    {"/%3Fa%23", D, "/%3Fa%23", "/?a#", NULL},
    {"/%26?%26%3d%3f", D, "/%26?%26%3D%3F", "/&", "%26%3D%3F"},
    {"/%26%3f?%26%3d%3b%2b%3a%3f%41", N | PARSE_URL_REQUIRED, "/&%3F?%26%3D%3B%2B:?A", "/&?", "%26%3D%3B%2B:?A"},
    {"/%41", 0, "/%41", "/A", NULL},
    {"/%2e%2e/a%2fb?%41", 0, "/%2e%2e/a%2fb?%41", "/a/b", "%41"},
    {"/a b?c d", N, "/a%20b?c%20d", "/a b", "c%20d"},
    {"/a?b%20c d", D | PARSE_URL_QUERY_20_PLUS, "/a?b+c+d", "/a", "b+c+d"},
    {"/a%20b", D | PARSE_URL_QUERY_20_PLUS, "/a%20b", "/a b", NULL},
    /* control characters */
    {"/%00", D, NULL, NULL, NULL},
    {"/%00", 0, NULL, NULL, NULL},
    {"/a?%00", 0, "/a?%00", "/a", "%00"},
    {"/a?%00", D, NULL, NULL, NULL},
    {"/%0a", D, NULL, NULL, NULL},
    {"/%7f", D, NULL, NULL, NULL},
    {"/a?%1F", D, NULL, NULL, NULL},
    {"/a\x01", D, NULL, NULL, NULL},
    {"/%0A", N, "/%0A", "/\n", NULL},
    {"/\x7f", N, "/%7F", "/\x7f", NULL},
    /* slashes */
    {"/a%2fb", D, "/a/b", "/a/b", NULL},
    {"/a%2Fb", N, "/a%2Fb", "/a/b", NULL},
    {"/a%2fb", D | PARSE_URL_2F_REJECT, NULL, NULL, NULL},
    {"/a?b%2fc", D | PARSE_URL_2F_REJECT, "/a?b%2Fc", "/a", "b%2Fc"},
    {"/a%2f..%2f..%2fetc", D, "/etc", "/etc", NULL},
    {"/a/%2f../b", D, "/b", "/b", NULL},
    {"/a\\b%5cc", D, "/a%5Cb%5Cc", "/a\\b\\c", NULL},
    {"/a\\..%5Cc?\\", D | PARSE_URL_BACKSLASH_TRANS, "/c?%5C", "/c", "%5C"},
    {"/a//b", D, "/a/b", "/a/b", NULL},
    {"//a", D, "/a", "/a", NULL},
    {"//a", N, "//a", "/a", NULL},
    {"//a", 0, "//a", "/a", NULL},
    /* dot segments */
    {"/a/../b", D, "/b", "/b", NULL},
    {"/a/./b/.", D, "/a/b/", "/a/b/", NULL},
    {"/a/b/..", D, "/a/", "/a/", NULL},
    {"/../../etc/passwd", D, "/etc/passwd", "/etc/passwd", NULL},
    {"/..", D, "/", "/", NULL},
    {"/a/..?q", D, "/?q", "/", "q"},
    {"/%2e%2E/a", D, "/a", "/a", NULL},
    {"/.%2e/a", N, "/../a", "/a", NULL},
    {"/a/../b", 0, "/a/../b", "/b", NULL},
    {"/a/../b", D | PARSE_URL_DOTSEG_REJECT, NULL, NULL, NULL},
    {"/a/%2e/b", D | PARSE_URL_DOTSEG_REJECT, NULL, NULL, NULL},
    {"/a/..", PARSE_URL_DOTSEG_REJECT, NULL, NULL, NULL},
    {"/a/%2e%2e", PARSE_URL_DOTSEG_REJECT, NULL, NULL, NULL},
    {"/a//b/..c/.d/?/../", N | PARSE_URL_DOTSEG_REJECT, "/a//b/..c/.d/?/../", "/a/b/..c/.d/", "/../"},
    /* UTF-8 */
    {"/%ff", D, NULL, NULL, NULL},
    {"/%c0%af", D, NULL, NULL, NULL},
    {"/a?%e0%80%af", D, NULL, NULL, NULL},
    {"/%ed%a0%80", D, NULL, NULL, NULL},
    {"/%E9", N, "/%E9", "/\xe9", NULL},
};

START_TEST(targets_are_normalised) {
    struct uri uri;
    int status = uri_parse(&uri, span_of(targets[_i].sent), targets[_i].options, &arena);
    ck_assert_msg(status == (targets[_i].target ? 0 : 400), "%s: %d", targets[_i].sent, status);
    if (status) return;
    expect(uri.target, targets[_i].target);
    expect(uri.path, targets[_i].path);
    expect(uri.query, targets[_i].query);
}
END_TEST

/* What came out goes in and comes out the same. */
START_TEST(normalising_twice_changes_nothing) {
    struct uri once, twice;
    unsigned options = targets[_i].options;
    if (!targets[_i].target) return;
    ck_assert_int_eq(uri_parse(&once, span_of(targets[_i].sent), options, &arena), 0);
    ck_assert_int_eq(uri_parse(&twice, once.target, options, &arena), 0);
    ck_assert(span_is(once.target, twice.target));
    ck_assert(span_is(once.path, twice.path));
    ck_assert(span_is(once.query, twice.query));
}
END_TEST

START_TEST(clean_targets_are_not_copied) {
    struct span target = SPAN("/a/b?c");
    struct uri uri;
    ck_assert_int_eq(uri_parse(&uri, target, D, &arena), 0);
    ck_assert_ptr_eq(uri.target.p, target.p);
    ck_assert_ptr_eq(uri.path.p, target.p);
    ck_assert_ptr_eq(uri.query.p, target.p + 5);
    ck_assert_ptr_null(arena.blocks);
}
END_TEST

static const struct {
    const char *path, *simple;
} paths[] = {
    {"", ""},         {"/", "/"},        {"//", "/"},          {"///a", "/a"},      {"/a/", "/a/"},
    {"/.", "/"},      {"/..", "/"},      {"/../..", "/"},      {"/a/..", "/"},      {"/a/../", "/"},
    {"/a/./b", "/a/b"}, {"/a/.", "/a/"}, {"/a/b/../..", "/"},  {"/a/b/../../c", "/c"}, {"/a//../b", "/b"},
    {"/...", "/..."}, {"/..a", "/..a"},  {"/.a", "/.a"},       {"/a..", "/a.."},    {"/a./b", "/a./b"},
    {"a/../b", "b"},  {"../a", "a"},     {"./a", "a"},         {"a/b/..", "a/"},    {"..", ""},
};

START_TEST(paths_are_simplified) {
    char path[64];
    strcpy(path, paths[_i].path);
    size_t n = path_simplify(path, strlen(path));
    expect((struct span){path, n}, paths[_i].simple);
}
END_TEST

static const struct {
    const char *text;
    enum percent_keep keep;
    const char *encoded;
} encodings[] = {
    {"/a b?c%20=&~", PERCENT_PATH, "/a%20b%3Fc%2520=&~"},
    {"/a b?c%20=&~", PERCENT_COMPONENT, "%2Fa%20b%3Fc%2520%3D%26~"},
    {"/a b?c%20=&~", PERCENT_NO_DOUBLE, "%2Fa%20b%3Fc%20%3D%26~"},
    {"/a b?c%20=&~", PERCENT_COMPONENT_SLASH, "/a%20b%3Fc%20%3D%26~"},
    {"100%", PERCENT_NO_DOUBLE, "100%25"},
    {"%4g%4", PERCENT_NO_DOUBLE, "%254g%254"},
    {"\x01\xff", PERCENT_PATH, "%01%FF"},
    {"", PERCENT_PATH, ""},
};

START_TEST(texts_are_encoded) {
    struct buf out = {NULL, 0, 0};
    buf_add_text(&out, "<");
    percent_encode(&out, span_of(encodings[_i].text), encodings[_i].keep);
    expect(span_from(buf_span(&out), 1), encodings[_i].encoded);
    buf_done(&out);
}
END_TEST

START_TEST(decoding_in_place_keeps_bad_escapes) {
    char text[] = "%41%4%zz%%42%7E%";
    size_t n = percent_decode(span_of(text), text);
    expect((struct span){text, n}, "A%4%zz%B~%");
}
END_TEST

START_TEST(html_and_json_are_safe) {
    struct buf out = {NULL, 0, 0};
    html_escape(&out, SPAN("<a href=\"x\">&'"));
    expect(buf_span(&out), "&lt;a href=&quot;x&quot;&gt;&amp;&#39;");
    buf_clear(&out);
    json_escape(&out, SPAN("\"\\\n\x7f\xc3\xa4\xff\xe2\x82"));
    expect(buf_span(&out), "\\\"\\\\\\u000a\\u007f\xc3\xa4\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
    buf_done(&out);
}
END_TEST

static const struct {
    struct span text;
    bool valid;
} texts[] = {
    {SPAN_INIT(""), true},
    {SPAN_INIT("a\0z"), true},
    {SPAN_INIT("\xc2\x80\xdf\xbf"), true},
    {SPAN_INIT("\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf"), true},
    {SPAN_INIT("\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"), true},
    {SPAN_INIT("\x80"), false},
    {SPAN_INIT("\xc0\x80"), false},
    {SPAN_INIT("\xc1\xbf"), false},
    {SPAN_INIT("\xc2"), false},
    {SPAN_INIT("\xc2" "a"), false},
    {SPAN_INIT("\xe0\x9f\xbf"), false},
    {SPAN_INIT("\xed\xa0\x80"), false},
    {SPAN_INIT("\xe1\x80"), false},
    {SPAN_INIT("\xf0\x8f\xbf\xbf"), false},
    {SPAN_INIT("\xf4\x90\x80\x80"), false},
    {SPAN_INIT("\xf5\x80\x80\x80"), false},
    {SPAN_INIT("\xf1\x80\x80"), false},
};

START_TEST(utf8) {
    ck_assert_int_eq(utf8_is_valid(texts[_i].text), texts[_i].valid);
}
END_TEST

START_TEST(options_have_names) {
    ck_assert_uint_eq(parse_option_find(SPAN("header-strict")), PARSE_HEADER_STRICT);
    ck_assert_uint_eq(parse_option_find(SPAN("url-path-2f-decode")), PARSE_URL_2F_DECODE);
    ck_assert_uint_eq(parse_option_find(SPAN("method-get-body")), PARSE_METHOD_GET_BODY);
    ck_assert_uint_eq(parse_option_find(SPAN("url")), 0);
    ck_assert_uint_eq(parse_option_find(SPAN("")), 0);
}
END_TEST

#define LOOP(cases, test, table) tcase_add_loop_test(cases, test, 0, sizeof table / sizeof *table)

int main(void) {
    Suite *suite = suite_create("uri");
    TCase *cases = tcase_create("uri");
    tcase_add_checked_fixture(cases, NULL, tear_down);
    LOOP(cases, targets_are_normalised, targets);
    LOOP(cases, normalising_twice_changes_nothing, targets);
    tcase_add_test(cases, clean_targets_are_not_copied);
    LOOP(cases, paths_are_simplified, paths);
    LOOP(cases, texts_are_encoded, encodings);
    tcase_add_test(cases, decoding_in_place_keeps_bad_escapes);
    tcase_add_test(cases, html_and_json_are_safe);
    LOOP(cases, utf8, texts);
    tcase_add_test(cases, options_have_names);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
