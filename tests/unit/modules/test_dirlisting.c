/* test_dirlisting.c - listings: what is listed, in which order, and that no name breaks the page */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/memory.h"
#include "modules/dirlisting/page.h"

enum { NOW = 1795503011 }; /* 2026-11-24 06:50:11 UTC */

static void expect(struct buf *out, const char *text) {
    ck_assert_str_eq(buf_text(out), text);
    buf_done(out);
}

/* ---- wishes -------------------------------------------------------------------------------------- */

static const struct {
    const char *query;
    struct wish wish;
} queries[] = {
    {"", {BY_NAME, false, false}},
    {"C=N;O=D", {BY_NAME, true, false}},
    {"C=M&O=A", {BY_TIME, false, false}},
    {"C=S;O=D", {BY_SIZE, true, false}},
    {"O=D;C=S", {BY_SIZE, true, false}},
    {"json", {BY_NAME, false, true}},
    {"json=1&C=M", {BY_TIME, false, true}},
    {"C=X;O=Z", {BY_NAME, false, false}},
    {"C=;O=;;&&C", {BY_NAME, false, false}},
    {"jsonp&xC=M&C=MM", {BY_NAME, false, false}},
};

START_TEST(what_queries_ask_for) {
    struct wish w = wish_from_query(span_of(queries[_i].query));
    ck_assert_int_eq(w.by, queries[_i].wish.by);
    ck_assert_int_eq(w.descending, queries[_i].wish.descending);
    ck_assert_int_eq(w.json, queries[_i].wish.json);
}
END_TEST

static const struct {
    const char *accept;
    bool json;
} accepts[] = {
    {"", false},
    {"*/*", false},
    {"application/json", true},
    {"Application/JSON; charset=utf-8", true},
    {"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", false},
    {"application/json, text/plain, */*", true},
    {"application/json;q=0.5, */*", false},
    {"application/json, text/html", false},
    {"application/json, text/html;q=0.9", true},
    {"text/html;q=0.2, application/json;q=0.25", true},
    {"text/html;q=0, application/json;q=0.001", true},
    {"application/json;q=0", false},
    {"application/json;q=0.0, */*;q=0", false},
    {"application/jsonx", false},
};

START_TEST(who_prefers_json) {
    ck_assert_msg(accept_prefers_json(span_of(accepts[_i].accept)) == accepts[_i].json, "%s", accepts[_i].accept);
}
END_TEST

/* ---- order --------------------------------------------------------------------------------------- */

START_TEST(names_are_ordered_as_people_count) {
    static const char *const sorted[] = {
        "", "2", "10", "a", "A1b", "a1c", "a2", "a02x", "a10", "a10b", "B", "b.txt", "img9.png", "img10.png",
        "img99999999999999999999", "img100000000000000000000", "\xc3\xa9"};
    enum { COUNT = sizeof sorted / sizeof *sorted };
    for (int i = 0; i < COUNT; i++)
        for (int k = 0; k < COUNT; k++) {
            int order = name_compare(span_of(sorted[i]), span_of(sorted[k]));
            ck_assert_msg(i < k ? order < 0 : i > k ? order > 0 : order == 0, "'%s' and '%s'", sorted[i], sorted[k]);
        }
    ck_assert_int_ne(name_compare(SPAN("a"), SPAN("A")), 0); /* two names are never the same */
    ck_assert_int_ne(name_compare(SPAN("a01"), SPAN("a1")), 0);
}
END_TEST

static void fill(struct listing *l) {
    listing_add(l, SPAN("b"), false, 300, NOW);
    listing_add(l, SPAN("zoo"), true, 4096, NOW - 5);
    listing_add(l, SPAN("a"), false, 300, NOW - 10);
    listing_add(l, SPAN("c"), false, 1, NOW + 10);
    listing_add(l, SPAN("ape"), true, 4096, NOW);
}

static const struct {
    enum listing_column by;
    bool descending;
    const char *names;
} orders[] = {
    {BY_NAME, false, "ape zoo a b c "}, {BY_NAME, true, "zoo ape c b a "}, {BY_TIME, false, "zoo ape a b c "},
    {BY_TIME, true, "ape zoo c b a "},  {BY_SIZE, false, "ape zoo c a b "}, {BY_SIZE, true, "zoo ape b a c "},
};

START_TEST(folders_come_first) {
    struct listing l = {0};
    struct buf names = {0};
    fill(&l);
    listing_sort(&l, orders[_i].by, orders[_i].descending);
    for (size_t i = 0; i < l.count; i++) {
        buf_add(&names, l.list[i].name);
        buf_add_char(&names, ' ');
    }
    expect(&names, orders[_i].names);
    listing_done(&l);
}
END_TEST

/* ---- reading ------------------------------------------------------------------------------------- */

static char directory[] = "/tmp/goldcrest-listing-XXXXXX";

static void make(const char *name, size_t n) {
    char path[256];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    ck_assert_int_ge(fd, 0);
    for (size_t i = 0; i < n; i++) ck_assert_int_eq(write(fd, "x", 1), 1);
    close(fd);
}

static void read_as(const struct listing_filter *filter, const char *names) {
    struct listing l = {0};
    struct buf out = {0};
    ck_assert_int_eq(listing_read(&l, directory, filter), 0);
    ck_assert(!l.is_cut);
    listing_sort(&l, BY_NAME, false);
    for (size_t i = 0; i < l.count; i++)
        buf_printf(&out, "%.*s%s %llu,", SPAN_ARG(l.list[i].name), l.list[i].is_folder ? "/" : "",
                   (unsigned long long)l.list[i].size);
    expect(&out, names);
    listing_done(&l);
}

START_TEST(what_is_listed) {
    char path[256], link[256];
    ck_assert_ptr_nonnull(mkdtemp(directory));
    make("one.txt", 3);
    make("two.bak", 0);
    make("README.txt", 1);
    make(".hidden", 1);
    snprintf(path, sizeof path, "%s/sub", directory);
    ck_assert_int_eq(mkdir(path, 0755), 0);
    snprintf(path, sizeof path, "%s/pipe", directory);
    ck_assert_int_eq(mkfifo(path, 0644), 0);
    snprintf(link, sizeof link, "%s/link", directory);
    ck_assert_int_eq(symlink("one.txt", link), 0);
    snprintf(link, sizeof link, "%s/dead", directory);
    ck_assert_int_eq(symlink("nowhere", link), 0);

    read_as(&(struct listing_filter){0}, "sub/ 0,.hidden 1,link 3,one.txt 3,README.txt 1,two.bak 0,");
    read_as(&(struct listing_filter){.hide_dotfiles = true, .hidden = {SPAN_INIT("README.txt"), SPAN_INIT("")}},
            "sub/ 0,link 3,one.txt 3,two.bak 0,");
    read_as(&(struct listing_filter){.hide_dotfiles = true, .hide_links = true},
            "sub/ 0,one.txt 3,README.txt 1,two.bak 0,");

    char why[128];
    size_t offset;
    struct patterns *patterns = memory_zeroed(1, sizeof *patterns + sizeof *patterns->list);
    patterns->list[0] = regex_make(SPAN("\\.bak$|^sub"), why, &offset);
    if (patterns->list[0]) { /* without PCRE2 there are none */
        patterns->count = 1;
        read_as(&(struct listing_filter){.hide_dotfiles = true, .exclude = patterns},
                "link 3,one.txt 3,README.txt 1,");
    }
    regex_drop(patterns->list[0]);
    free(patterns);

    static const char *const files[] = {"one.txt", "two.bak", "README.txt", ".hidden", "pipe", "link", "dead"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        snprintf(path, sizeof path, "%s/%s", directory, files[i]);
        ck_assert_int_eq(unlink(path), 0);
    }
    snprintf(path, sizeof path, "%s/sub", directory);
    ck_assert_int_eq(rmdir(path), 0);
    ck_assert_int_eq(rmdir(directory), 0);
    ck_assert_int_eq(listing_read(&(struct listing){0}, directory, &(struct listing_filter){0}), ENOENT);
}
END_TEST

/* ---- the page ------------------------------------------------------------------------------------ */

START_TEST(names_are_made_harmless) {
    static const struct {
        const char *name, *text, *link;
    } cases[] = {
        {"plain.txt", "plain.txt", "plain.txt"},
        {"<b>&\"'", "&lt;b&gt;&amp;&quot;&#39;", "%3Cb%3E&amp;%22&#39;"},
        {"a b?c#d%e", "a b?c#d%e", "a%20b%3Fc%23d%25e"},
        {"javascript:alert(1)", "javascript:alert(1)", "./javascript:alert(1)"},
        {"\xc3\xa9", "\xc3\xa9", "%C3%A9"},
        {"\xff\xc3", "\xef\xbf\xbd\xef\xbf\xbd", "%FF%C3"},
        {"a\nb\x7f", "a&#x240a;b&#x2421;", "a%0Ab%7F"},
        {"\xf0\x9f\x90\xa6", "\xf0\x9f\x90\xa6", "%F0%9F%90%A6"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf text = {0}, link = {0};
        page_add_text(&text, span_of(cases[i].name), true);
        expect(&text, cases[i].text);
        page_add_link(&link, &(struct entry){.name = span_of(cases[i].name)});
        expect(&link, cases[i].link);
    }
    struct buf bytes = {0}, folder = {0};
    page_add_text(&bytes, SPAN("\xe9<"), false);
    expect(&bytes, "\xe9&lt;");
    page_add_link(&folder, &(struct entry){.name = SPAN("a b"), .is_folder = true});
    expect(&folder, "a%20b/");
}
END_TEST

static const struct {
    uint64_t bytes;
    const char *size, *exact;
} sizes[] = {
    {0, "0 B", "0"},
    {1, "1 B", "1"},
    {1023, "1023 B", "1,023"},
    {1024, "1.0 KiB", "1,024"},
    {1536, "1.5 KiB", "1,536"},
    {10189, "10.0 KiB", "10,189"},
    {102348, "99.9 KiB", "102,348"},
    {102400, "100 KiB", "102,400"},
    {1048524, "1024 KiB", "1,048,524"},
    {1048575, "1.0 MiB", "1,048,575"},
    {1474560, "1.4 MiB", "1,474,560"},
    {UINT64_C(5368709120), "5.0 GiB", "5,368,709,120"},
    {UINT64_MAX, "16.0 EiB", "18,446,744,073,709,551,615"},
};

START_TEST(sizes_are_short_and_exact) {
    struct buf size = {0}, exact = {0};
    page_add_grouped(&exact, sizes[_i].bytes);
    expect(&exact, sizes[_i].exact);
    page_add_size(&size, sizes[_i].bytes);
    expect(&size, sizes[_i].size);
}
END_TEST

static void write_page(struct buf *out, const struct page *page, const struct listing *l) {
    page_write(out, page, l);
    buf_text(out);
}

START_TEST(a_whole_page) {
    struct listing l = {0};
    struct buf out = {0};
    setenv("TZ", "UTC", 1);
    tzset();
    fill(&l);
    struct page page = {.path = SPAN("/pub/<x>/last/"), .site = SPAN("example.org"), .encoding = SPAN("utf-8"),
                        .header = SPAN("<pre>HEAD</pre>"), .readme = SPAN("<pre>READ</pre>"), .footer = SPAN("tag"),
                        .is_sortable = true, .has_layout = true, .wish = {BY_TIME, true, false}};
    listing_sort(&l, BY_TIME, true);
    write_page(&out, &page, &l);
    static const char *const parts[] = {
        "<!DOCTYPE html>",
        "<title>Index of /pub/&lt;x&gt;/last/</title>",
        "<style>:root",
        ("<h1><a href=\"../../../\">example.org</a><i>/</i><a href=\"../../\">pub</a><i>/</i><a "
         "href=\"../\">&lt;x&gt;</a>"
         "<i>/</i>last</h1>"),
        "2 folders, 3 files, 601 B",
        "<pre>HEAD</pre>",
        "<th class=\"n\"><a href=\"?C=N;O=A\">Name</a>",
        "<th class=\"m\" aria-sort=\"descending\"><a href=\"?C=M;O=A\">",
        "<th class=\"s\"><a href=\"?C=S;O=D\">",
        "<a href=\"../\">Parent folder</a>",
        ("<tr class=\"d\"><td class=\"n\"><a href=\"ape/\">ape/</a></td><td class=\"m\"><time "
         "datetime=\"2026-11-24T06:50:11Z\">2026-11-24 06:50</time></td><td class=\"s\"></td></tr>"),
        "<tr><td class=\"n\"><a href=\"c\">c</a>",
        "<td class=\"s\" title=\"1 byte\">1 B</td>",
        "<td class=\"s\" title=\"300 bytes\">300 B</td>",
        "<pre>READ</pre>",
        "<div class=\"foot\">tag</div>",
        "</html>",
    };
    const char *at = out.p;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        const char *found = strstr(at, parts[i]);
        ck_assert_msg(found, "%s is not in its place in:\n%s", parts[i], out.p);
        at = found;
    }
    buf_done(&out);
    listing_done(&l);
}
END_TEST

START_TEST(pages_of_other_kinds) {
    struct listing l = {0};
    struct buf out = {0};
    struct page page = {.path = SPAN("/"),
                        .encoding = SPAN("iso-8859-1\""),
                        .css = SPAN("/a.css?b&c"),
                        .js = SPAN("/a.js"),
                        .has_layout = true};
    write_page(&out, &page, &l);
    ck_assert_ptr_nonnull(strstr(out.p, "<meta charset=\"iso-8859-1&quot;\">"));
    ck_assert_ptr_nonnull(strstr(out.p, "<link rel=\"stylesheet\" href=\"/a.css?b&amp;c\">"));
    ck_assert_ptr_nonnull(strstr(out.p, "<script defer src=\"/a.js\"></script>"));
    ck_assert_ptr_nonnull(strstr(out.p, "<h1>Index</h1>"));
    ck_assert_ptr_nonnull(strstr(out.p, "This folder is empty."));
    ck_assert_ptr_null(strstr(out.p, "<style>"));
    ck_assert_ptr_null(strstr(out.p, "Parent folder"));
    ck_assert_ptr_null(strstr(out.p, "?C="));
    ck_assert_ptr_null(strstr(out.p, "class=\"foot\""));

    buf_clear(&out);
    fill(&l);
    l.is_cut = true;
    page.has_layout = false;
    write_page(&out, &page, &l);
    ck_assert_ptr_nonnull(strstr(out.p, "This folder has more entries; 5 of them are listed."));
    ck_assert_int_eq(strncmp(out.p, "<div class=\"list\">", 18), 0);
    ck_assert_ptr_null(strstr(out.p, "html"));
    buf_done(&out);
    listing_done(&l);
}
END_TEST

START_TEST(json) {
    struct listing l = {0};
    struct buf out = {0};
    page_write_json(&out, &l);
    expect(&out, "[\n]\n");
    listing_add(&l, SPAN("d"), true, 4096, NOW);
    listing_add(&l, SPAN("a\"\\\n\xff"), false, 12, -1);
    page_write_json(&out, &l);
    expect(&out, "[\n{\"name\":\"d\",\"type\":\"directory\",\"size\":null,\"mtime\":\"2026-11-24T06:50:11Z\"},\n"
                 "{\"name\":\"a\\\"\\\\\\u000a\xef\xbf\xbd\",\"type\":\"file\",\"size\":12,\"mtime\":\"1969-12-"
                 "31T23:59:59Z\"}\n]\n");
    listing_done(&l);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("dirlisting");
    TCase *tests = tcase_create("listing");
    tcase_add_loop_test(tests, what_queries_ask_for, 0, sizeof queries / sizeof *queries);
    tcase_add_loop_test(tests, who_prefers_json, 0, sizeof accepts / sizeof *accepts);
    tcase_add_test(tests, names_are_ordered_as_people_count);
    tcase_add_loop_test(tests, folders_come_first, 0, sizeof orders / sizeof *orders);
    tcase_add_test(tests, what_is_listed);
    tcase_add_test(tests, names_are_made_harmless);
    tcase_add_loop_test(tests, sizes_are_short_and_exact, 0, sizeof sizes / sizeof *sizes);
    tcase_add_test(tests, a_whole_page);
    tcase_add_test(tests, pages_of_other_kinds);
    tcase_add_test(tests, json);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
