/* test_mime.c - media types from file names */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <check.h>
#include <stdlib.h>

#include "http/mime.h"

static const struct span suffixes[] = {SPAN_INIT(".gz"),    SPAN_INIT(".tar.gz"), SPAN_INIT("README"),
                                       SPAN_INIT(".Html"),  SPAN_INIT(""),        SPAN_INIT(".x"),
                                       SPAN_INIT(".x"),     SPAN_INIT("~"),       SPAN_INIT(".htaccess")};
static const struct span types[] = {SPAN_INIT("gz"),   SPAN_INIT("targz"), SPAN_INIT("readme"),
                                    SPAN_INIT("html"), SPAN_INIT("other"), SPAN_INIT("first"),
                                    SPAN_INIT("last"), SPAN_INIT("tilde"), SPAN_INIT("hidden")};
enum { COUNT = sizeof suffixes / sizeof *suffixes };

static const struct {
    const char *path, *type, *without_default, *builtin;
} cases[] = {
    {"/a/b.html", "html", "html", "text/html"},
    {"/a/b.HTML", "html", "html", "text/html"},
    {"b.tar.gz", "targz", "targz", "application/x-gtar-compressed"},
    {"/v1.2/b.gz", "gz", "gz", "application/gzip"},
    {"/b.c.tar.gz", "targz", "targz", "application/x-gtar-compressed"},
    {"/.tar.gz", "targz", "targz", "application/x-gtar-compressed"},
    {"/readme", "readme", "readme", "application/octet-stream"},
    {"/a.README", "other", "", "application/octet-stream"},
    {"/x.html/file", "other", "", "application/octet-stream"},
    {"/.htaccess", "hidden", "hidden", "application/octet-stream"},
    {"/a.x", "last", "last", "application/octet-stream"},
    {"/a~", "other", "", "application/octet-stream"}, /* a suffix starts at a dot, or is the whole name */
    {"/~", "tilde", "tilde", "application/octet-stream"},
    {"/", "other", "", "application/octet-stream"},
    {"", "other", "", "application/octet-stream"},
    {"/a.html.", "other", "", "application/octet-stream"},
    {"/style.css", "other", "", "text/css; charset=utf-8"},
};

static void expect(struct span type, const char *text) {
    ck_assert_msg(span_is(type, span_of(text)), "'%.*s' is not '%s'", SPAN_ARG(type), text);
}

START_TEST(types_are_found) {
    struct mime_table *table = mime_make(suffixes, types, COUNT);
    expect(mime_find(table, span_of(cases[_i].path)), cases[_i].type);
    mime_drop(table);

    struct span some[COUNT], some_types[COUNT];
    size_t n = 0;
    for (size_t i = 0; i < COUNT; i++) {
        if (suffixes[i].n == 0) continue;
        some[n] = suffixes[i];
        some_types[n++] = types[i];
    }
    table = mime_make(some, some_types, n);
    expect(mime_find(table, span_of(cases[_i].path)), cases[_i].without_default);
    mime_drop(table);
    expect(mime_find(mime_builtin(), span_of(cases[_i].path)), cases[_i].builtin);
}
END_TEST

START_TEST(an_empty_table_knows_nothing) {
    struct mime_table *table = mime_make(NULL, NULL, 0);
    ck_assert_uint_eq(mime_find(table, SPAN("/a.html")).n, 0);
    mime_drop(table);
    mime_drop(NULL);
}
END_TEST

START_TEST(every_builtin_row_is_found) {
    static const struct {
        struct span suffix, type;
    } rows[] = {
#define MIME(suffix, type) {SPAN_INIT(suffix), SPAN_INIT(type)},
#include "http/mime.def"
#undef MIME
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        ck_assert(span_is(mime_find(mime_builtin(), rows[i].suffix), rows[i].type));
}
END_TEST

int main(void) {
    Suite *suite = suite_create("mime");
    TCase *tests = tcase_create("mime");
    tcase_add_loop_test(tests, types_are_found, 0, sizeof cases / sizeof *cases);
    tcase_add_test(tests, an_empty_table_knows_nothing);
    tcase_add_test(tests, every_builtin_row_is_found);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
