/* test_warrant.c - what the helper starts for a worker, and with which variables */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "server/warrant.h"

static void make(const char *text, struct buf *warrant) {
    struct complaints *complaints = complaints_make();
    struct inputs *inputs = inputs_none();
    struct buf said = {0};
    inputs_put(inputs, INPUT_FILE, "test.conf", span_of(text));
    struct conf *conf = conf_load(inputs, "test.conf", complaints);
    complaints_print(complaints, &said);
    ck_assert_msg(complaints_errors(complaints) == 0, "%s", buf_text(&said));
    buf_done(&said);
    warrant_make(conf, warrant);
    conf_drop(conf);
    complaints_drop(complaints);
}

static const char text[] =
    "server.document-root = \"/srv/www/\"\n"
    "server.modules = ( \"mod_alias\", \"mod_cgi\", \"mod_fastcgi\", \"mod_evhost\", \"mod_setenv\" )\n"
    "server.upload-dirs = ( \"/srv/www/up\" )\n"
    "alias.url = ( \"/a/\" => \"/usr/lib/cgi-\" )\n"
    "evhost.path-pattern = \"/hosts/%0/htdocs\"\n"
    "fastcgi.server = ( \"x\" => (( \"socket\" => \"/run/x\", \"bin-path\" => \"/usr/bin/app 'one two' 3\" )) )\n"
    "setenv.add-environment = ( \"MODE\" => \"live\", \"any-thing\" => \"\", \"LD_PRELOAD\" => \"/opt/ours.so\" )\n"
    "cgi.assign = ( \".php\" => \"/usr/bin/php-cgi\" )\n"
    "$HTTP[\"url\"] =~ \"^/a/\" { cgi.assign = ( \".cgi\" => \"\" ) }\n";

#define PHP "/usr/bin/php-cgi"

/* argv, directory; is it started? */
static const struct {
    const char *argv[4], *directory;
    bool lets;
} programs[] = {
    {{PHP, "/srv/www/a.php"}, "/srv/www", true},
    {{PHP, "/srv/www/b/a.php"}, "/srv/www/b", true},
    {{PHP, "/hosts/example.com/htdocs/a.php"}, "/hosts/example.com/htdocs", true},
    {{"/srv/www/a.cgi"}, "/srv/www", true},
    {{"/usr/lib/cgi-bin/a.cgi"}, "/usr/lib/cgi-bin", true},
    {{PHP}, "/", false},                                        /* the code on standard input */
    {{PHP, "-r"}, "/", false},
    {{PHP, "/srv/www/a.php", "more"}, "/srv/www", false},
    {{PHP, "/srv/www/a.html"}, "/srv/www", false},
    {{PHP, "/tmp/a.php"}, "/tmp", false},
    {{PHP, "/srv/www/up/a.php"}, "/srv/www/up", false},         /* workers write there */
    {{PHP, "/srv/wwww/a.php"}, "/srv/wwww", false},
    {{PHP, "/srv/www/../a.php"}, "/srv/www/..", false},
    {{PHP, "/srv/www/a.php"}, "/tmp", false},                   /* some look for their parts there */
    {{"/bin/sh", "/srv/www/a.php"}, "/srv/www", false},
    {{"/srv/www/a.php"}, "/srv/www", false},
    {{"/usr/lib/other/a.cgi"}, "/usr/lib/other", false},
    {{"/bin/sh", "-c", "id"}, "/", false},
    {{"/usr/bin/app", "one two", "3"}, "/", true},
    {{"/usr/bin/app", "one two", "4"}, "/", false},
    {{"/usr/bin/app", "one two"}, "/", false},
    {{"/usr/bin/app", "one two", "3", "4"}, "/", false},
    {{"/usr/bin/app"}, "/", false},
};

START_TEST(which_programs) {
    struct buf warrant = {0};
    make(text, &warrant);
    for (size_t i = 0; i < sizeof programs / sizeof *programs; i++) {
        char file[128] = "SCRIPT_FILENAME=";
        char *argv[5] = {NULL}, *envp[] = {file, NULL};
        for (size_t j = 0; j < 4; j++) argv[j] = (char *)(uintptr_t)programs[i].argv[j];
        strcat(file, argv[1] ? argv[1] : argv[0]);
        const struct warrant_ask a = {argv, envp, programs[i].directory};
        const char *left_out;
        ck_assert_msg(warrant_lets(buf_span(&warrant), &a, &left_out) == programs[i].lets, "%s %s in %s", argv[0],
                      argv[1] ? argv[1] : "", a.directory);
        ck_assert(!warrant_lets(SPAN(""), &a, &left_out));
    }
    buf_done(&warrant);
}
END_TEST

static const struct {
    const char *variable;
    bool passes;
} variables[] = {
    {"REQUEST_METHOD=GET", true},
    {"QUERY_STRING=", true},
    {"HTTP_USER_AGENT=x", true},
    {"SSL_CLIENT_S_DN_CN=x", true},
    {"DOCUMENT_ROOT=/srv/www", true},
    {"PATH_TRANSLATED=/srv/www/x", true},
    {"MODE=live", true},
    {"ANY_THING=what it likes", true},
    {"LD_PRELOAD=/opt/ours.so", true},
    {"PATH=/bin:/here", true},
    {"HTTP_PROXY=http://x", false},
    {"DOCUMENT_ROOT=/tmp", false},
    {"PATH_TRANSLATED=/tmp/x", false},
    {"SCRIPT_FILENAME=/tmp/a.php", false},
    {"MODE=test", false},
    {"LD_PRELOAD=/tmp/theirs.so", false},
    {"LD_LIBRARY_PATH=/tmp", false},
    {"PATH=/tmp", false},
    {"BASH_ENV=/tmp/x", false},
    {"OPENSSL_CONF=/tmp/x", false},
    {"REDIRECT_URL=/tmp/x", false},
    {"NOTHING", false},
    {"=", false},
};

START_TEST(which_variables) {
    enum { COUNT = sizeof variables / sizeof *variables };
    struct buf warrant = {0};
    make(text, &warrant);
    setenv("PATH", "/bin:/here", 1);
    char *argv[] = {(char *)(uintptr_t)PHP, (char *)(uintptr_t)"/srv/www/a.php", NULL}, *envp[COUNT + 2];
    char file[] = "SCRIPT_FILENAME=/srv/www/a.php";
    for (size_t i = 0; i < COUNT; i++) envp[i] = (char *)(uintptr_t)variables[i].variable;
    envp[COUNT] = file;
    envp[COUNT + 1] = NULL;
    const struct warrant_ask a = {argv, envp, "/srv/www"};
    const char *left_out;
    size_t at = 0;
    ck_assert(warrant_lets(buf_span(&warrant), &a, &left_out));
    ck_assert_str_eq(left_out, "HTTP_PROXY=http://x");
    for (size_t i = 0; i < COUNT; i++) {
        bool passed = envp[at] && strcmp(envp[at], variables[i].variable) == 0;
        ck_assert_msg(passed == variables[i].passes, "%s", variables[i].variable);
        at += passed;
    }
    ck_assert_str_eq(envp[at], file);
    ck_assert_ptr_null(envp[at + 1]);
    buf_done(&warrant);
}
END_TEST

/* PHP would run what another variable names. */
START_TEST(scripts_are_named) {
    struct buf warrant = {0};
    make(text, &warrant);
    char other[] = "SCRIPT_FILENAME=/tmp/a.php", translated[] = "PATH_TRANSLATED=/srv/www/x";
    char *argv[] = {(char *)(uintptr_t)PHP, (char *)(uintptr_t)"/srv/www/a.php", NULL};
    char *wrong[] = {other, translated, NULL}, *none[] = {translated, NULL};
    const char *left_out;
    ck_assert(!warrant_lets(buf_span(&warrant), &(struct warrant_ask){argv, wrong, "/srv/www"}, &left_out));
    ck_assert(!warrant_lets(buf_span(&warrant), &(struct warrant_ask){argv, none, "/srv/www"}, &left_out));
    buf_done(&warrant);
}
END_TEST

START_TEST(without_a_sandbox) {
    struct buf warrant = {0};
    make("server.document-root = \"/srv/www\"\nserver.sandbox = \"disable\"\n", &warrant);
    char variable[] = "LD_PRELOAD=x";
    char *argv[] = {(char *)(uintptr_t)"/bin/sh", NULL}, *envp[] = {variable, NULL};
    const char *left_out;
    ck_assert(warrant_lets(buf_span(&warrant), &(struct warrant_ask){argv, envp, "/"}, &left_out));
    ck_assert(!left_out && envp[0] == variable);
    buf_done(&warrant);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("warrant");
    TCase *all = tcase_create("all");
    tcase_add_test(all, which_programs);
    tcase_add_test(all, which_variables);
    tcase_add_test(all, scripts_are_named);
    tcase_add_test(all, without_a_sandbox);
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
