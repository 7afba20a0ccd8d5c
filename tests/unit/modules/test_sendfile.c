/* test_sendfile.c - X-Sendfile, X-Sendfile2, local redirects: what a backend may and may not make the server send */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pair.h"

static struct pair t;
static char top[] = "/tmp/goldcrest-sendfile-XXXXXX";

static void make_file(const char *name, const char *content) {
    char path[256];
    snprintf(path, sizeof path, "%s/%s", top, name);
    FILE *f = fopen(path, "w");
    if (!f) exit(1);
    fputs(content, f);
    fclose(f);
}

static const char *path_of(const char *name) {
    return arena_printf(&t.r.arena, "%s/%s", top, name).p;
}

static void begin(void) {
    pair_begin(&t, &scgi_codec);
    pair_core.document_root = t.r.physical.docroot = span_of(path_of("docs"));
    t.r.body_done = true;
    t.p.status = 200;
}

static void end(void) {
    pair_end(&t);
}

static void says(const char *name, const char *value) {
    fields_add_named(&t.p.fields, &t.r.arena, span_of(name), span_of(value));
}

static const char *out(const char *name) {
    struct span value = fields_get_named(&t.r.out, &t.r.arena, span_of(name));
    return value.p ? arena_copy(&t.r.arena, value).p : "(none)";
}

/* ---- one file --------------------------------------------------------------------------------- */

static const struct {
    const char *name; /* "@" is the directory */
    int status;       /* 200: it is sent */
} files[] = {
    {"@/docs/a.txt", 200},
    {"@/docs/sub/b%20c.bin", 200},
    {"@/docs//sub/../a.txt", 200},
    {"@/docs/inside", 200}, /* a link that stays inside */
    {"@/docs/../secret.txt", 403},
    {"@/docs/%2e%2e/secret.txt", 403},
    {"@/secret.txt", 403},
    {"@/docs2/x.txt", 403},  /* not below "docs" */
    {"@/docs/outside", 403}, /* a link that leads out */
    {"@/docs/linked/secret.txt", 403},
    {"@/docs", 403},
    {"@/docs/sub", 403},
    {"@/docs/none.txt", 404},
    {"@/docs/a.txt/x", 404},
    {"a.txt", 502},
    {"@/docs/a.txt%00.png", 502},
    {"http://example.com/", 502},
};

static enum handler send_file(const char *field, const char *pattern, const struct value *docroots) {
    struct buf value = {0};
    for (const char *c = pattern; *c; c++) {
        if (*c == '@') buf_add_text(&value, top);
        else buf_add_char(&value, *c);
    }
    says(field, arena_copy(&t.r.arena, buf_span(&value)).p);
    buf_done(&value);
    return cgi_answer(&t.p, true, docroots, false);
}

START_TEST(sends_what_is_permitted) {
    enum handler word = send_file(_i % 2 ? "X-Sendfile" : "X-LIGHTTPD-send-file", files[_i].name, NULL);
    ck_assert_int_eq(t.r.status, files[_i].status);
    ck_assert_int_eq(word, files[_i].status == 200 ? HANDLER_FINISHED : HANDLER_ERROR);
    ck_assert_uint_eq(t.r.body.count, files[_i].status == 200);
    ck_assert(files[_i].status == 200 || pair_log.n > 0);
}
END_TEST

START_TEST(is_like_a_file) {
    says("Content-Type", "application/x-mine");
    says("Content-Disposition", "attachment");
    says("Set-Cookie", "a=b");
    says("Content-Range", "bytes 0-1/2");
    pair_core.etag_size = pair_core.etag_mtime = true;
    ck_assert_int_eq(send_file("X-Sendfile", "@/docs/a.txt", NULL), HANDLER_FINISHED);
    ck_assert_str_eq(out("Content-Type"), "application/x-mine");
    ck_assert_str_eq(out("Content-Disposition"), "attachment");
    ck_assert_str_eq(out("Set-Cookie"), "a=b");
    ck_assert_str_eq(out("Accept-Ranges"), "bytes");
    ck_assert_str_eq(out("X-Sendfile"), "(none)");
    ck_assert_str_eq(out("Content-Range"), "(none)");
    ck_assert_str_ne(out("ETag"), "(none)");
    ck_assert_str_ne(out("Last-Modified"), "(none)");
    ck_assert_uint_eq(t.r.body.bytes, 10);
    ck_assert_str_eq(t.r.physical.path.p, path_of("docs/a.txt"));
}
END_TEST

START_TEST(keeps_the_backends_words) {
    says("ETag", "\"mine\"");
    t.p.status = 404;
    ck_assert_int_eq(send_file("X-Sendfile", "@/docs/a.txt", NULL), HANDLER_FINISHED);
    ck_assert_str_eq(out("ETag"), "\"mine\"");
    ck_assert_str_ne(out("Content-Type"), "(none)");
    ck_assert_int_eq(t.r.status, 404);
}
END_TEST

START_TEST(nothing_happens_where_it_is_not_allowed) {
    says("X-Sendfile", "/etc/passwd");
    ck_assert_int_eq(cgi_answer(&t.p, false, NULL, false), HANDLER_GO_ON);
    ck_assert_uint_eq(t.r.body.count, 0);
}
END_TEST

START_TEST(links_are_refused_where_nobody_follows_them) {
    pair_core.follow_symlink = false;
    ck_assert_int_eq(send_file("X-Sendfile", "@/docs/inside", NULL), HANDLER_ERROR);
    ck_assert_int_eq(t.r.status, 403);
}
END_TEST

static struct value directories(const char *one, const char *two) {
    struct element *e = arena_zeroed(&t.r.arena, 2 * sizeof *e);
    e[0].value.string = span_of(path_of(one));
    e[1].value.string = span_of(path_of(two));
    return (struct value){.elements = e, .count = 2};
}

START_TEST(other_directories) {
    struct value v = directories("none", "docs2/");
    ck_assert_int_eq(send_file("X-Sendfile", "@/docs2/x.txt", &v), HANDLER_FINISHED);
    chunks_clear(&t.r.body);
    t.p.fields = (struct fields){0};
    ck_assert_int_eq(send_file("X-Sendfile", "@/docs/a.txt", &v), HANDLER_ERROR);
    ck_assert_int_eq(t.r.status, 403);
}
END_TEST

/* ---- parts of files --------------------------------------------------------------------------- */

static const struct {
    const char *value;
    int status;
    int64_t bytes;
} parts[] = {
    {"@/docs/a.txt 0-9", 200, 10},
    {"@/docs/a.txt 2-", 200, 8},
    {"@/docs/a.txt 2-99", 200, 8},
    {"@/docs/a.txt 0-0, @/docs/sub/b%20c.bin 1-2", 200, 3},
    {"@/docs/a.txt 10-", 502, 0},
    {"@/docs/a.txt 5-4", 502, 0},
    {"@/docs2/empty 0-", 502, 0},
    {"@/docs/a.txt -5", 502, 0},
    {"@/docs/a.txt", 502, 0},
    {"@/docs/a.txt x-y", 502, 0},
    {"@/docs/a.txt 0-0, @/secret.txt 0-1", 403, 0},
    {"@/docs/a.txt 0-0, @/docs/none 0-1", 404, 0},
};

START_TEST(sends_parts) {
    struct value v = directories("docs", "docs2");
    enum handler word = send_file("X-Sendfile2", parts[_i].value, &v);
    ck_assert_int_eq(t.r.status, parts[_i].status);
    ck_assert_int_eq(word, parts[_i].status == 200 ? HANDLER_FINISHED : HANDLER_ERROR);
    ck_assert((t.r.source != NULL) == (parts[_i].status == 200));
    if (!t.r.source) return;
    ck_assert_int_eq(t.r.source->length, parts[_i].bytes);
    struct chunks all = {0};
    while (t.r.source->pull(t.r.source, &all, 2) == SOURCE_MORE) continue;
    ck_assert_uint_eq(all.bytes, (uint64_t)parts[_i].bytes);
    chunks_clear(&all);
}
END_TEST

START_TEST(parts_are_bounded) {
    struct buf b = {0};
    for (int i = 0; i < 65; i++) buf_printf(&b, "%s%s/docs/a.txt 0-1", i ? "," : "", top);
    says("X-Sendfile2", buf_text(&b));
    ck_assert_int_eq(cgi_answer(&t.p, true, NULL, false), HANDLER_ERROR);
    ck_assert_int_eq(t.r.status, 502);
    buf_done(&b);
}
END_TEST

/* ---- local redirects -------------------------------------------------------------------------- */

START_TEST(redirects_within) {
    t.r.in.method = METHOD_POST;
    t.r.in.body_bytes = 5;
    chunks_add_copy(&t.r.in_body, SPAN("hello"));
    pair_field(&t, "Content-Length", "5");
    says("Location", "/other?x=1");
    t.p.is_local_redirect = true;
    ck_assert_int_eq(cgi_answer(&t.p, false, NULL, true), HANDLER_COMEBACK);
    ck_assert_int_eq(t.r.in.method, METHOD_GET);
    ck_assert_int_eq(t.r.in.body_bytes, 0);
    ck_assert_uint_eq(t.r.in_body.count, 0);
    ck_assert(span_is(t.r.in.uri.path, SPAN("/other")));
    ck_assert(!fields_have(&t.r.in.fields, HEADER_CONTENT_LENGTH));
    t.r.comebacks = 10;
    ck_assert_int_eq(cgi_answer(&t.p, false, NULL, true), HANDLER_ERROR);
    ck_assert_int_eq(t.r.status, 500);
}
END_TEST

START_TEST(redirects_the_client_otherwise) {
    says("Location", "/other");
    t.p.status = 302;
    ck_assert_int_eq(cgi_answer(&t.p, false, NULL, true), HANDLER_GO_ON); /* it has said the status */
    t.p.is_local_redirect = true;
    ck_assert_int_eq(cgi_answer(&t.p, false, NULL, false), HANDLER_GO_ON);
    t.r.body_done = false;
    ck_assert_int_eq(cgi_answer(&t.p, false, NULL, true), HANDLER_GO_ON);
}
END_TEST

static void make_tree(void) {
    static const char *const directories_of_it[] = {"docs", "docs/sub", "docs2"};
    char path[256], target[256];
    if (!mkdtemp(top)) exit(1);
    for (size_t i = 0; i < sizeof directories_of_it / sizeof *directories_of_it; i++) {
        snprintf(path, sizeof path, "%s/%s", top, directories_of_it[i]);
        mkdir(path, 0755);
    }
    make_file("docs/a.txt", "0123456789");
    make_file("docs/sub/b c.bin", "abc");
    make_file("docs2/x.txt", "x");
    make_file("docs2/empty", "");
    make_file("secret.txt", "secret");
    static const char *const links[][2] = {
        {"docs/inside", "docs/a.txt"}, {"docs/outside", "secret.txt"}, {"docs/linked", ""}};
    for (size_t i = 0; i < sizeof links / sizeof *links; i++) {
        snprintf(path, sizeof path, "%s/%s", top, links[i][0]);
        snprintf(target, sizeof target, "%s/%s", top, links[i][1]);
        if (symlink(target, path) != 0) exit(1);
    }
}

static void remove_tree(void) {
    static const char *const all[] = {"docs/inside",
                                      "docs/outside",
                                      "docs/linked",
                                      "docs/a.txt",
                                      "docs/sub/b c.bin",
                                      "docs2/x.txt", "docs2/empty",
                                      "secret.txt",
                                      "docs/sub",
                                      "docs2",
                                      "docs",
                                      ""};
    char path[256];
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        snprintf(path, sizeof path, "%s/%s", top, all[i]);
        remove(path);
    }
}

int main(void) {
    Suite *suite = suite_create("sendfile");
    TCase *cases = tcase_create("sendfile");
    make_tree();
    tcase_add_checked_fixture(cases, begin, end);
    tcase_add_loop_test(cases, sends_what_is_permitted, 0, (int)(sizeof files / sizeof *files));
    tcase_add_test(cases, is_like_a_file);
    tcase_add_test(cases, keeps_the_backends_words);
    tcase_add_test(cases, nothing_happens_where_it_is_not_allowed);
    tcase_add_test(cases, links_are_refused_where_nobody_follows_them);
    tcase_add_test(cases, other_directories);
    tcase_add_loop_test(cases, sends_parts, 0, (int)(sizeof parts / sizeof *parts));
    tcase_add_test(cases, parts_are_bounded);
    tcase_add_test(cases, redirects_within);
    tcase_add_test(cases, redirects_the_client_otherwise);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    remove_tree();
    return failed ? 1 : 0;
}
