/* test_environment.c - the variables that programs and applications get */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "pair.h"

static struct pair t;
static struct buf all; /* "NAME=value\n" */

static void begin(void) {
    pair_begin(&t, NULL);
}

static void end(void) {
    pair_end(&t);
    buf_clear(&all);
}

static void note(void *arg, struct span name, struct span value) {
    (void)arg;
    buf_printf(&all, "%.*s=%.*s\n", SPAN_ARG(name), SPAN_ARG(value));
}

/* The value; "(none)"; "(twice)" if it was given more than once. */
static const char *variable(const char *name) {
    static char value[256];
    static const struct environment_sink sink = {note, NULL};
    struct span rest, line, key = span_of(name);
    int found = 0;
    buf_clear(&all);
    environment_each(&t.p, &sink);
    rest = buf_span(&all);
    while (span_next(&rest, '\n', &line)) {
        if (!span_starts(line, key) || line.n <= key.n || line.p[key.n] != '=') continue;
        snprintf(value, sizeof value, "%.*s", (int)(line.n - key.n - 1), line.p + key.n + 1);
        found++;
    }
    return found == 0 ? "(none)" : found == 1 ? value : "(twice)";
}

/* ---- of every request ------------------------------------------------------------------------- */

START_TEST(has_what_rfc_3875_asks_for) {
    static const char *const table[][2] = {
        {"GATEWAY_INTERFACE", "CGI/1.1"}, {"REQUEST_METHOD", "GET"},
        {"REQUEST_URI", "/dir/a.php"},    {"QUERY_STRING", ""},
        {"SCRIPT_NAME", "/dir/a.php"},    {"SCRIPT_FILENAME", "/srv/www/dir/a.php"},
        {"DOCUMENT_ROOT", "/srv/www"},    {"PATH_INFO", "(none)"},
        {"PATH_TRANSLATED", "(none)"},    {"SERVER_PROTOCOL", "HTTP/1.1"},
        {"SERVER_SOFTWARE", "goldcrest"}, {"SERVER_NAME", "example.com"},
        {"SERVER_ADDR", "192.0.2.7"},     {"SERVER_PORT", "8080"},
        {"REMOTE_ADDR", "192.0.2.9"},     {"REMOTE_PORT", "40000"},
        {"REQUEST_SCHEME", "http"},       {"HTTPS", "(none)"},
        {"REDIRECT_STATUS", "200"},       {"REDIRECT_URI", "(none)"},
        {"REMOTE_USER", "(none)"},        {"AUTH_TYPE", "(none)"},
        {"CONTENT_LENGTH", "(none)"},     {"CONTENT_TYPE", "(none)"},
        {"HTTP_HOST", "example.com"},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        ck_assert_msg(strcmp(variable(table[i][0]), table[i][1]) == 0, "%s is \"%s\"", table[i][0],
                      variable(table[i][0]));
}
END_TEST

START_TEST(tells_protocol_and_scheme) {
    t.r.in.version = 10;
    ck_assert_str_eq(variable("SERVER_PROTOCOL"), "HTTP/1.0");
    t.r.in.version = 20;
    t.r.is_tls = true;
    ck_assert_str_eq(variable("SERVER_PROTOCOL"), "HTTP/2.0");
    ck_assert_str_eq(variable("HTTPS"), "on");
    ck_assert_str_eq(variable("REQUEST_SCHEME"), "https");
    t.r.server_name = SPAN("[2001:db8::1]:8443");
    ck_assert_str_eq(variable("SERVER_NAME"), "[2001:db8::1]");
    t.r.server_name = SPAN("");
    ck_assert_str_eq(variable("SERVER_NAME"), "192.0.2.7");
}
END_TEST

/* ---- the body --------------------------------------------------------------------------------- */

static const struct {
    int64_t body_bytes;
    const char *declared, *expected;
} lengths[] = {
    {0, NULL, "(none)"},
    {0, "0", "0"},
    {12, "12", "12"},
    {12, NULL, "12"}, /* chunked, and collected */
    {INT64_C(5000000000), NULL, "5000000000"},
    {BODY_UNKNOWN, NULL, "(none)"},
};

START_TEST(tells_length) {
    t.p.body_bytes = lengths[_i].body_bytes;
    if (lengths[_i].declared) pair_field(&t, "Content-Length", lengths[_i].declared);
    pair_field(&t, "Content-Type", "text/plain");
    ck_assert_str_eq(variable("CONTENT_LENGTH"), lengths[_i].expected);
    ck_assert_str_eq(variable("CONTENT_TYPE"), "text/plain");
    ck_assert_str_eq(variable("HTTP_CONTENT_LENGTH"), "(none)");
    ck_assert_str_eq(variable("HTTP_CONTENT_TYPE"), "(none)");
}
END_TEST

START_TEST(authorizer_gets_no_script) {
    t.host.is_authorizer = true;
    pair_field(&t, "Content-Length", "0");
    t.r.physical.path_info = SPAN(".php");
    ck_assert_str_eq(variable("CONTENT_LENGTH"), "(none)"); /* FastCGI 1.0, 6.3 */
    ck_assert_str_eq(variable("SCRIPT_NAME"), "(none)");
    ck_assert_str_eq(variable("PATH_INFO"), "(none)");
    ck_assert_str_eq(variable("REQUEST_URI"), "/dir/a.php");
}
END_TEST

/* ---- the target ------------------------------------------------------------------------------- */

static const struct {
    const char *target, *strip, *expected;
} uris[] = {
    {"/app/x?q=1", "", "/app/x?q=1"},
    {"/app/x?q=1", "/app", "/x?q=1"},
    {"/app/x", "/app/", "/x"},
    {"/application/x", "/app", "/application/x"},
    {"/app", "/app", "/app"},
    {"/a%20b/%7Ec", "", "/a%20b/%7Ec"},
    {"http://example.com/a?b", "", "/a?b"},
    {"http://example.com/app/a", "/app", "/a"},
    {"http://example.com?b", "", "/?b"},
    {"http://example.com", "", "/"},
};

START_TEST(strips_request_uri) {
    t.host.strip_request_uri = span_of(uris[_i].strip);
    t.r.in.target_sent = span_of(uris[_i].target);
    ck_assert_str_eq(variable("REQUEST_URI"), uris[_i].expected);
}
END_TEST

/* What a front controller sees of a rewritten request, and an error-handler of a failed one. */
START_TEST(tells_of_redirects) {
    pair_target(&t, "/nice/url?a=b");
    ck_assert(request_set_target(&t.r, SPAN("/index.php?u=nice")));
    request_set_path(&t.r, SPAN("/srv/www"), t.r.in.uri.path);
    t.r.comebacks = 1;
    ck_assert_str_eq(variable("REQUEST_URI"), "/nice/url?a=b");
    ck_assert_str_eq(variable("REDIRECT_URI"), "/index.php?u=nice");
    ck_assert_str_eq(variable("QUERY_STRING"), "u=nice");
    ck_assert_str_eq(variable("SCRIPT_NAME"), "/index.php");
    t.r.error_status = 404;
    ck_assert_str_eq(variable("REDIRECT_STATUS"), "404");
}
END_TEST

/* ---- the script ------------------------------------------------------------------------------- */

static const struct {
    const char *path, *file, *info; /* file: physical.path, "" by URL */
    const char *key;
    const char *docroot;
    bool fix_root, broken;
    const char *script, *path_info, *filename, *root, *translated;
} scripts[] = {
    {"/a.php/x/y", "/srv/www/a.php", "/x/y", ".php", "", false, false, "/a.php", "/x/y", "/srv/www/a.php", "/srv/www",
     "/srv/www/x/y"},
    {"/a.php/x/y", "/srv/www/a.php", "/x/y", ".php", "", false, true, "/a.php", "/x/y", "/srv/www/a.php/x/y",
     "/srv/www", "/srv/www/x/y"},
    {"/a.php/x", "/srv/www/a.php", "/x", ".php", "/app/", false, false, "/a.php", "/x", "/app/a.php", "/app",
     "/app/x"},
    {"/a.php/x", "/srv/www/a.php", "/x", ".php", "/app", false, true, "/a.php", "/x", "/app/a.php/x", "/app",
     "/app/x"},
    {"/app/x/y", "", "", "/app", "", false, false, "/app", "/x/y", "/srv/www/app", "/srv/www", "/srv/www/x/y"},
    {"/app", "", "", "/app", "", false, false, "/app", "(none)", "/srv/www/app", "/srv/www", "(none)"},
    {"/cgi/a/b", "", "", "/cgi/", "", false, false, "/cgi/a", "/b", "/srv/www/cgi/a", "/srv/www", "/srv/www/b"},
    {"/apple/b", "", "", "/app", "", false, false, "/apple", "/b", "/srv/www/apple", "/srv/www", "/srv/www/b"},
    {"/x/y", "", "", "/", "", false, false, "/x", "/y", "/srv/www/x", "/srv/www", "/srv/www/y"},
    {"/x/y", "", "", "/", "", true, false, "", "/x/y", "/srv/www", "/srv/www", "/srv/www/x/y"},
    {"/x/y", "", "", "", "", false, false, "", "/x/y", "/srv/www", "/srv/www", "/srv/www/x/y"},
};

START_TEST(splits_script_and_path_info) {
    struct request *r = &t.r;
    pair_target(&t, scripts[_i].path);
    r->physical.path = span_of(scripts[_i].file);
    r->physical.path_info = span_of(scripts[_i].info);
    if (!r->physical.path.n) r->physical.basedir = r->physical.docroot = SPAN("");
    t.rule.key = span_of(scripts[_i].key);
    t.rule.is_prefix = scripts[_i].key[0] != '.';
    t.host.docroot = span_of(scripts[_i].docroot);
    t.host.fix_root_scriptname = scripts[_i].fix_root;
    t.host.broken_scriptfilename = scripts[_i].broken;
    ck_assert_str_eq(variable("SCRIPT_NAME"), scripts[_i].script);
    ck_assert_str_eq(variable("PATH_INFO"), scripts[_i].path_info);
    ck_assert_str_eq(variable("SCRIPT_FILENAME"), scripts[_i].filename);
    ck_assert_str_eq(variable("DOCUMENT_ROOT"), scripts[_i].root);
    ck_assert_str_eq(variable("PATH_TRANSLATED"), scripts[_i].translated);
}
END_TEST

/* mod_cgi has no host and no rule. */
START_TEST(needs_no_host) {
    t.p.host = NULL;
    t.p.rule = NULL;
    ck_assert_str_eq(variable("SCRIPT_FILENAME"), "/srv/www/dir/a.php");
}
END_TEST

START_TEST(control_characters_do_not_pass) {
    t.r.in.uri.path = SPAN("/dir/a.php/x\ny");
    t.r.physical.path_info = SPAN("/x\ny");
    t.r.in.uri.query = SPAN("a\0b");
    ck_assert_str_eq(variable("PATH_INFO"), "(none)");
    ck_assert_str_eq(variable("PATH_TRANSLATED"), "(none)");
    ck_assert_str_eq(variable("QUERY_STRING"), "(none)");
    ck_assert_str_eq(variable("SCRIPT_NAME"), "/dir/a.php");
}
END_TEST

/* ---- fields ----------------------------------------------------------------------------------- */

START_TEST(fields_become_variables) {
    pair_field(&t, "Host", "other.example");
    pair_field(&t, "User-Agent", "x");
    pair_field(&t, "x-forwarded-for", "192.0.2.1");
    pair_field(&t, "X-Forwarded-For", "192.0.2.2");
    pair_field(&t, "X-Own2", "a");
    pair_field(&t, "x-own2", "b");
    pair_field(&t, "Cookie", "a=1");
    pair_field(&t, "Cookie", "b=2");
    ck_assert_str_eq(variable("HTTP_HOST"), "example.com");
    ck_assert_str_eq(variable("HTTP_USER_AGENT"), "x");
    ck_assert_str_eq(variable("HTTP_X_FORWARDED_FOR"), "192.0.2.1, 192.0.2.2");
    ck_assert_str_eq(variable("HTTP_X_OWN2"), "a, b");
    ck_assert_str_eq(variable("HTTP_COOKIE"), "a=1; b=2");
}
END_TEST

static const char *const dangerous[][2] = {
    {"Proxy", "HTTP_PROXY"},
    {"pROXY", "HTTP_PROXY"},
    {"X_Forwarded_For", "HTTP_X_FORWARDED_FOR"},
    {"X_Real-IP", "HTTP_X_REAL_IP"},
    {"X.Real.IP", "HTTP_X_REAL_IP"},
    {"Content_Length", "HTTP_CONTENT_LENGTH"},
    {"Content_Length", "CONTENT_LENGTH"},
    {"Transfer-Encoding", "HTTP_TRANSFER_ENCODING"},
    {"REMOTE_USER", "REMOTE_USER"},
    {"REMOTE_USER", "HTTP_REMOTE_USER"},
};

START_TEST(nothing_is_passed_off_as_another) {
    pair_field(&t, dangerous[_i][0], "evil");
    ck_assert_str_eq(variable(dangerous[_i][1]), "(none)");
}
END_TEST

/* ---- what modules add ------------------------------------------------------------------------- */

START_TEST(env_wins_and_its_last_word_holds) {
    struct arena *a = &t.r.arena;
    pair_field(&t, "X-A", "client");
    fields_add_named(&t.r.env, a, SPAN("SERVER_NAME"), SPAN("mine"));
    fields_add_named(&t.r.env, a, SPAN("app-mode"), SPAN("old"));
    fields_add_named(&t.r.env, a, SPAN("APP_MODE"), SPAN("new"));
    fields_add_named(&t.r.env, a, SPAN("HTTP_X_A"), SPAN("server"));
    fields_add_named(&t.r.env, a, SPAN("BAD"), SPAN("a\nb"));
    ck_assert_str_eq(variable("SERVER_NAME"), "mine");
    ck_assert_str_eq(variable("APP_MODE"), "new");
    ck_assert_str_eq(variable("HTTP_X_A"), "server");
    ck_assert_str_eq(variable("BAD"), "(none)");
}
END_TEST

START_TEST(tells_the_user) {
    t.r.user = SPAN("joe");
    pair_field(&t, "Authorization", "basic am9lOng=");
    ck_assert_str_eq(variable("REMOTE_USER"), "joe");
    ck_assert_str_eq(variable("AUTH_TYPE"), "Basic");
    fields_add_named(&t.r.env, &t.r.arena, SPAN("AUTH_TYPE"), SPAN("Digest"));
    ck_assert_str_eq(variable("AUTH_TYPE"), "Digest");
}
END_TEST

START_TEST(tells_of_tls) {
    static const char *const tls[] = {"SSL_PROTOCOL", "TLSv1.3", "SSL_CIPHER", "X", NULL};
    pair_tls = tls;
    ck_assert_str_eq(variable("SSL_PROTOCOL"), "TLSv1.3");
    fields_add_named(&t.r.env, &t.r.arena, SPAN("SSL_CIPHER"), SPAN("Y"));
    ck_assert_str_eq(variable("SSL_CIPHER"), "Y");
}
END_TEST

/* RFC 8441: programs know the upgrade of HTTP/1.1. */
START_TEST(extended_connect_is_an_upgrade) {
    t.p.is_upgrade = true;
    t.r.in.method = METHOD_CONNECT;
    t.r.in.method_text = SPAN("CONNECT");
    t.r.in.protocol = SPAN("websocket");
    ck_assert_str_eq(variable("REQUEST_METHOD"), "GET");
    ck_assert_str_eq(variable("HTTP_UPGRADE"), "websocket");
    ck_assert_str_eq(variable("HTTP_CONNECTION"), "upgrade");
}
END_TEST

#define ROWS(table) (int)(sizeof table / sizeof *table)

int main(void) {
    Suite *suite = suite_create("environment");
    TCase *cases = tcase_create("environment");
    tcase_add_checked_fixture(cases, begin, end);
    tcase_add_test(cases, has_what_rfc_3875_asks_for);
    tcase_add_test(cases, tells_protocol_and_scheme);
    tcase_add_loop_test(cases, tells_length, 0, ROWS(lengths));
    tcase_add_test(cases, authorizer_gets_no_script);
    tcase_add_loop_test(cases, strips_request_uri, 0, ROWS(uris));
    tcase_add_test(cases, tells_of_redirects);
    tcase_add_loop_test(cases, splits_script_and_path_info, 0, ROWS(scripts));
    tcase_add_test(cases, needs_no_host);
    tcase_add_test(cases, control_characters_do_not_pass);
    tcase_add_test(cases, fields_become_variables);
    tcase_add_loop_test(cases, nothing_is_passed_off_as_another, 0, ROWS(dangerous));
    tcase_add_test(cases, env_wins_and_its_last_word_holds);
    tcase_add_test(cases, tells_the_user);
    tcase_add_test(cases, tells_of_tls);
    tcase_add_test(cases, extended_connect_is_an_upgrade);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
