/* test_evhost.c - document roots by host: evhost's patterns, simple-vhost's fallback */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "modules/hostpattern.h"
#include "trial.h"

extern const struct module mod_evhost, mod_simple_vhost;

enum { HOSTS = 5 };
static const char *const hosts[HOSTS] = {"www.example.org", "a.b.example.org", "org", "127.0.0.1", "[::1]"};

static const struct {
    const char *pattern;
    const char *expected[HOSTS];
} expansions[] = {
    {"/srv/%_/x",
     {"/srv/www.example.org/x", "/srv/a.b.example.org/x", "/srv/org/x", "/srv/127.0.0.1/x", "/srv/[::1]/x"}},
    {"%0", {"example.org", "example.org", "org", "0.1", "[::1]"}},
    {"%1", {"org", "org", "org", "1", ""}},
    {"%2", {"example", "example", "", "0", ""}},
    {"%3", {"www", "b", "", "0", ""}},
    {"%4", {"", "a", "", "127", ""}},
    {"%9", {"", "", "", "", ""}},
    {"%{1}", {"org", "org", "org", "1", ""}},
    {"%{0}", {"example.org", "example.org", "org", "0.1", "[::1]"}},
    {"%{2.1}", {"e", "e", "", "0", ""}},
    {"%{2.2}", {"x", "x", "", "", ""}},
    {"%{3.0}", {"www", "b", "", "0", ""}},
    {"%{0.1}", {"e", "e", "o", "0", "["}},
    {"%{2.9}", {"", "", "", "", ""}},
    {"a%%b", {"a%b", "a%b", "a%b", "a%b", "a%b"}},
    {"", {"", "", "", "", ""}},
};

START_TEST(expands) {
    struct value v = {.type = VALUE_STRING, .string = span_of(expansions[_i].pattern)};
    struct complaints *c = complaints_make();
    struct host_pattern *pattern = host_pattern_make(&v, c);
    ck_assert_ptr_nonnull(pattern);
    for (int i = 0; i < HOSTS; i++) {
        struct buf out = {0};
        host_pattern_expand(pattern, span_of(hosts[i]), &out);
        ck_assert_str_eq(buf_text(&out), expansions[_i].expected[i]);
        buf_done(&out);
    }
    host_pattern_drop(pattern);
    complaints_drop(c);
}
END_TEST

static const char *const bad_patterns[] = {"%",   "/a/%x", "%{",     "%{}",   "%{_}",
                                           "%{1", "%{1.}", "%{1.x}", "%{12}", "%{1.22}"};

START_TEST(refuses_patterns) {
    struct value v = {.type = VALUE_STRING, .string = span_of(bad_patterns[_i])};
    struct complaints *c = complaints_make();
    ck_assert_ptr_null(host_pattern_make(&v, c));
    ck_assert_uint_eq(complaints_errors(c), 1);
    complaints_drop(c);
}
END_TEST

static const struct {
    struct span host;
    bool is_name;
} names[] = {
    {SPAN_INIT("a.example"), true}, {SPAN_INIT("[::1]"), true}, {SPAN_INIT(""), false},    {SPAN_INIT(".."), false},
    {SPAN_INIT("."), false},        {SPAN_INIT("a..b"), false}, {SPAN_INIT("a/b"), false}, {SPAN_INIT("a\0b"), false},
};

START_TEST(knows_names) {
    ck_assert(host_is_name(names[_i].host) == names[_i].is_name);
}
END_TEST

/* ---- the hooks ----------------------------------------------------------------------------------------------- */

static const struct {
    const char *host, *root; /* below the directory of the trial; "-": the document root stays */
    enum lasting lasting;
} evhosts[] =
    {
        {"www.a.org", "/ev/a.org/www/", LASTS},
        {"www.a.org:81", "/ev/a.org/www/", LASTS},
        {"www.b.org", "-", LASTS_A_SECOND},
        {"file.a.org", "-", LASTS_A_SECOND},
        {"..", "-", LASTS},
        {"", "-", LASTS},
},
  simple[] = {
      {"h", "/sv/h/htdocs/", LASTS},  {"h:81", "/sv/h/htdocs/", LASTS}, {"other", "/sv/std/htdocs/", LASTS_A_SECOND},
      {"", "/sv/std/htdocs/", LASTS}, {"..", "/sv/std/htdocs/", LASTS}, {"file", "/sv/std/htdocs/", LASTS_A_SECOND},
};

static void check_root(struct trial *t, const char *root, enum lasting lasting) {
    char expected[256] = "/docroot";
    if (*root == '/') snprintf(expected, sizeof expected, "%s%s", trial_directory(), root);
    ck_assert_int_eq(trial_run(t, PHASE_DOCROOT), HANDLER_GO_ON);
    ck_assert_msg(span_is(t->r.physical.docroot, span_of(expected)), "%.*s", SPAN_ARG(t->r.physical.docroot));
    ck_assert_int_eq(t->r.lasting, lasting);
}

START_TEST(evhost_chooses) {
    struct trial t;
    char conf[256];
    trial_make("ev/a.org/www/");
    trial_make("ev/a.org/file");
    snprintf(conf, sizeof conf, "evhost.path-pattern = \"%s/ev/%%0/%%3/\"\n", trial_directory());
    trial_begin(&t, &mod_evhost, conf);
    trial_request(&t, evhosts[_i].host, "/");
    check_root(&t, evhosts[_i].root, evhosts[_i].lasting);
    trial_end(&t);
}
END_TEST

START_TEST(simple_vhost_chooses) {
    struct trial t;
    char conf[512];
    trial_make("sv/h/htdocs/");
    trial_make("sv/std/htdocs/");
    trial_make("sv/file/htdocs");
    trial_make("htdocs/");
    snprintf(conf, sizeof conf,
             "simple-vhost.server-root = \"%s/sv/\"\nsimple-vhost.default-host = \"std\"\n"
             "simple-vhost.document-root = \"/htdocs/\"\n",
             trial_directory());
    trial_begin(&t, &mod_simple_vhost, conf);
    trial_request(&t, simple[_i].host, "/");
    check_root(&t, simple[_i].root, simple[_i].lasting);
    trial_end(&t);
}
END_TEST

START_TEST(simple_vhost_without_default) {
    struct trial t;
    char conf[256];
    snprintf(conf, sizeof conf, "simple-vhost.server-root = \"%s/sv\"\n", trial_directory());
    trial_make("sv/h/");
    trial_begin(&t, &mod_simple_vhost, conf);
    trial_request(&t, "h", "/");
    check_root(&t, "/sv/h/", LASTS);
    trial_request(&t, "none", "/");
    check_root(&t, "-", LASTS_A_SECOND);
    trial_end(&t);
}
END_TEST

#define COUNT(table) (int)(sizeof table / sizeof *table)

int main(void) {
    trial_directory();
    Suite *s = suite_create("evhost");
    TCase *t = tcase_create("evhost");
    tcase_add_loop_test(t, expands, 0, COUNT(expansions));
    tcase_add_loop_test(t, refuses_patterns, 0, COUNT(bad_patterns));
    tcase_add_loop_test(t, knows_names, 0, COUNT(names));
    tcase_add_loop_test(t, evhost_chooses, 0, COUNT(evhosts));
    tcase_add_loop_test(t, simple_vhost_chooses, 0, COUNT(simple));
    tcase_add_test(t, simple_vhost_without_default);
    suite_add_tcase(s, t);
    SRunner *runner = srunner_create(s);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
