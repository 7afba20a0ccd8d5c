/* test_nginx.c - nginx's syntax: words, quotes, blocks, files that are included; and units */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "commands/import/import.h"

/* The tree as text: words in angle brackets, blocks in braces. */
static void add_text(const struct nginx_directive *block, struct buf *out) {
    for (const struct nginx_directive *d = block->first; d; d = d->next) {
        for (size_t i = 0; i < d->count; i++) buf_printf(out, "<%.*s>", SPAN_ARG(d->words[i]));
        if (d->is_block) buf_add_char(out, '{');
        add_text(d, out);
        buf_add_char(out, d->is_block ? '}' : ';');
    }
}

static const struct {
    const char *text, *tree;
} understood[] = {
    {"", ""},
    {"a;", "<a>;"},
    {"a b c;", "<a><b><c>;"},
    {"a\n\tb\r\n;", "<a><b>;"},
    {"# a;\nb; # c;", "<b>;"},
    {"a b#c;", "<a><b#c>;"},
    {"a \"b c\" 'd;e';", "<a><b c><d;e>;"},
    {"a \"b \\\"c\\\" \\t\\d\" 'it\\'s';", "<a><b \"c\" \t\\d><it's>;"},
    {"a b\\ c\\;d \\\\e \\.php$;", "<a><b\\ c\\;d><\\e><\\.php$>;"},
    {"a ${b}c d${e};", "<a><${b}c><d${e}>;"},
    {"a { b c; d { } }", "<a>{<b><c>;<d>{}}"},
    {"a{b;}c;", "<a>{<b>;}<c>;"},
    {"location ~ \"^/\\d{2}$\" { }", "<location><~><^/\\d{2}$>{}"},
    {"if ($a = \"b\") { }", "<if><($a><=><b><)>{}"},
    {"a \"\" b;", "<a><><b>;"},
};

START_TEST(texts) {
    struct nginx_tree *tree = nginx_parse("t", span_of(understood[_i].text), "");
    struct buf out = {0};
    add_text(&tree->root, &out);
    ck_assert_str_eq(buf_text(&tree->wrong), "");
    ck_assert_str_eq(buf_text(&out), understood[_i].tree);
    buf_done(&out);
    nginx_drop(tree);
}
END_TEST

static const struct {
    const char *text, *wrong;
} mistakes[] = {
    {"a", "t:1:2: the \";\" or \"{\" is missing of: a\n"},
    {"a { b;", "t:1:1: the \"}\" is missing of: a\n"},
    {"a; }", "t:1:4: a \"}\", \"{\" or \";\" too many\n"},
    {"a;\n  ;", "t:2:3: a \"}\", \"{\" or \";\" too many\n"},
    {"a \"b;\n", "t:1:3: the closing quote is missing\n"},
    {"a 'b'c;", "t:1:3: something sticks to the closing quote: b\n"},
    {"a {\n b }", "t:2:4: the \";\" or \"{\" is missing of: b\n"},
    {"include;", "t:1:1: include takes one name\n"},
    {"include nowhere;", "t:1:1: No such file or directory: nowhere\n"},
};

START_TEST(wrong_texts) {
    struct nginx_tree *tree = nginx_parse("t", span_of(mistakes[_i].text), "");
    ck_assert_str_eq(buf_text(&tree->wrong), mistakes[_i].wrong);
    nginx_drop(tree);
}
END_TEST

START_TEST(places) {
    struct nginx_tree *tree = nginx_parse("t", SPAN("a;\n  b {\n    c 'x\ny'; d;\n}"), "");
    const struct nginx_directive *b = tree->root.first->next, *c = b->first;
    ck_assert_uint_eq(b->line, 2);
    ck_assert_uint_eq(b->column, 3);
    ck_assert_uint_eq(c->line, 3);
    ck_assert_uint_eq(c->column, 5);
    ck_assert_uint_eq(c->next->line, 4);
    ck_assert_uint_eq(c->next->column, 5);
    nginx_drop(tree);
}
END_TEST

START_TEST(bounds) {
    struct buf text = {0};
    for (int i = 0; i < 200; i++) buf_add_text(&text, "a {");
    struct nginx_tree *tree = nginx_parse("t", buf_span(&text), "");
    ck_assert(strstr(buf_text(&tree->wrong), "nested too deep"));
    nginx_drop(tree);
    buf_done(&text);
}
END_TEST

static void put(const char *folder, const char *name, const char *text) {
    char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    int fd = fd_open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    ck_assert(fd >= 0);
    ck_assert_int_eq(fd_write_all(fd, text, strlen(text)), 0);
    close(fd);
}

static void take_away(const char *folder, const char *name) {
    char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    unlink(path);
}

START_TEST(includes) {
    char folder[] = "/tmp/test_nginx.XXXXXX", main[64];
    ck_assert_ptr_nonnull(mkdtemp(folder));
    put(folder, "main", "a; include one; http { include sites-*; include none-*; } b;");
    put(folder, "one", "c { d; }");
    put(folder, "sites-2", "f;");
    put(folder, "sites-1", "e;\ninclude one;");
    snprintf(main, sizeof main, "%s/main", folder);
    struct nginx_tree *tree = nginx_read(main);
    struct buf out = {0};
    add_text(&tree->root, &out);
    ck_assert_str_eq(buf_text(&tree->wrong), "");
    ck_assert_str_eq(buf_text(&out), "<a>;<c>{<d>;}<http>{<e>;<c>{<d>;}<f>;}<b>;");
    nginx_drop(tree);
    put(folder, "main", "include main;");
    tree = nginx_read(main);
    ck_assert(strstr(buf_text(&tree->wrong), "included too deep"));
    nginx_drop(tree);
    static const char *const names[] = {"main", "one", "sites-1", "sites-2"};
    for (size_t i = 0; i < 4; i++) take_away(folder, names[i]);
    ck_assert_int_eq(rmdir(folder), 0);
    tree = nginx_read(main);
    ck_assert(strstr(buf_text(&tree->wrong), "No such file"));
    nginx_drop(tree);
    buf_done(&out);
}
END_TEST

START_TEST(units) {
    static const struct {
        const char *text;
        long long seconds, bytes; /* -1: it is none */
    } table[] = {{"75", 75, 75},     {"1m", 60, 1048576}, {"1h30m", 5400, -1}, {"500ms", 1, -1}, {"2d", 172800, -1},
                 {"8k", -1, 8192},   {"1g", -1, 1073741824}, {"", -1, -1},     {"x", -1, -1},    {"1z", -1, -1},
                 {"1M", 2592000, 1048576}, {"99999999999", -1, -1}, {"-1", -1, -1}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        uint64_t seconds = 0, bytes = 0;
        bool is_time = seconds_of(span_of(table[i].text), &seconds);
        bool is_size = bytes_of(span_of(table[i].text), &bytes);
        ck_assert_int_eq(is_time ? (long long)seconds : -1, table[i].seconds);
        ck_assert_int_eq(is_size ? (long long)bytes : -1, table[i].bytes);
    }
}
END_TEST

/* What is left is counted, and stands in the text and in the report. */
START_TEST(translation) {
    struct nginx_tree *tree = nginx_parse("t", SPAN("http {\n server {\n listen 81;\n foo x;\n sendfile on;\n"
                                                    " location /a/ { alias /b/; }\n }\n}\n"), "");
    struct buf conf = {0}, report = {0};
    ck_assert_uint_eq(import_translate(tree, &conf, &report), 1);
    ck_assert_str_eq(buf_text(&report), "t:4:2: foo x: nothing here is like it\nt:5: sendfile: not needed\n");
    ck_assert(strstr(buf_text(&conf), "#   left: t:4:2: foo x"));
    ck_assert(strstr(buf_text(&conf), "server.port = 81"));
    ck_assert(strstr(buf_text(&conf), "$HTTP[\"url\"] =^ \"/a/\" {"));
    ck_assert(strstr(buf_text(&conf), "alias.url = ( \"/a/\" => \"/b/\" )"));
    buf_done(&conf);
    buf_done(&report);
    nginx_drop(tree);
}
END_TEST

int main(void) {
    Suite *s = suite_create("nginx");
    TCase *t = tcase_create("all");
    tcase_add_loop_test(t, texts, 0, sizeof understood / sizeof *understood);
    tcase_add_loop_test(t, wrong_texts, 0, sizeof mistakes / sizeof *mistakes);
    tcase_add_test(t, places);
    tcase_add_test(t, bounds);
    tcase_add_test(t, includes);
    tcase_add_test(t, units);
    tcase_add_test(t, translation);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed > 0;
}
