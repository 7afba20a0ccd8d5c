/* test_gateway_options.c - what hosts may say, what they mean by it, and what is complained of */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "gateways.h"

static struct trial trial;

static const struct gateway_host *host_of(const char *server, const char *options) {
    char conf[1024];
    snprintf(conf, sizeof conf, "%s = ( \"\" => ( ( %s ) ) )\n", server, options);
    trial_begin_warned(&trial, &gateways, conf);
    const struct gateway_settings *s = gateways_of(&trial);
    const struct gateway_rules *g = s->t ? s->t : s->p;
    ck_assert_msg(g && g->count == 1 && g->rules[0].count >= 1, "%s", conf);
    return &g->rules[0].hosts[0];
}

static void expect_span(struct span found, const char *text) {
    ck_assert_msg(span_is(found, span_of(text)), "%.*s instead of %s", SPAN_ARG(found), text);
}

START_TEST(defaults_are_lighttpds) {
    const struct gateway_host *h = host_of("t.server", "\"socket\" => \"/run/a.sock\"");
    expect_span(h->socket, "/run/a.sock");
    expect_span(h->label, "/run/a.sock");
    ck_assert(h->check_local && h->keep_alive && !h->upgrade && !h->x_sendfile && !h->is_backup);
    ck_assert_uint_eq(h->connect_s, 8);
    ck_assert_uint_eq(h->write_s, 0);
    ck_assert_uint_eq(h->read_s, 0);
    ck_assert_uint_eq(h->disable_s, 1);
    ck_assert_uint_eq(h->max_fails, 1);
    ck_assert_uint_eq(h->weight, 1);
    ck_assert_uint_eq(h->idle_s, 30);
    ck_assert_uint_eq(h->max_conns, 0);
    ck_assert_uint_eq(h->check.interval_s, 0);
    ck_assert_ptr_null(h->program);
    ck_assert_ptr_null(h->tls);
    trial_end(&trial);
}
END_TEST

START_TEST(everything_can_be_said) {
    const struct gateway_host *h = host_of(
        "t.server",
        "\"host\" => \"192.0.2.1\", \"port\" => \"9000\", \"check-local\" => \"disable\", \"docroot\" => \"/srv\", "
        "\"disable-time\" => 5, \"broken-scriptfilename\" => \"enable\", \"strip-request-uri\" => \"/x\", "
        "\"fix-root-scriptname\" => 1, \"allow-x-send-file\" => \"enable\", "
        "\"x-sendfile-docroot\" => ( \"/a\", \"/b\" ), "
        "\"tcp-fin-propagate\" => \"enable\", \"connect-timeout\" => 1, \"write-timeout\" => 2, "
        "\"read-timeout\" => 3, \"upgrade\" => \"enable\", \"weight\" => 7, \"backup\" => \"enable\", "
        "\"max-conns\" => 8, \"keep-alive\" => \"disable\", \"keep-alive-idle\" => 9, \"max-fails\" => 4, "
        "\"slow-start\" => 11, \"mode\" => \"responder\", \"listen-backlog\" => 5");
    expect_span(h->host, "192.0.2.1");
    expect_span(h->label, "192.0.2.1:9000");
    expect_span(h->docroot, "/srv");
    expect_span(h->strip_request_uri, "/x");
    ck_assert_uint_eq(h->port, 9000);
    ck_assert(!h->check_local && h->broken_scriptfilename && h->fix_root_scriptname && h->x_sendfile);
    ck_assert(h->tcp_fin_propagate && h->upgrade && h->is_backup && !h->keep_alive);
    ck_assert_uint_eq(h->x_sendfile_docroot->count, 2);
    ck_assert_uint_eq(h->connect_s * 100 + h->write_s * 10 + h->read_s, 123);
    ck_assert_uint_eq(h->disable_s, 5);
    ck_assert_uint_eq(h->weight, 7);
    ck_assert_uint_eq(h->max_conns, 8);
    ck_assert_uint_eq(h->idle_s, 9);
    ck_assert_uint_eq(h->max_fails, 4);
    ck_assert_uint_eq(h->slow_start_s, 11);
    trial_end(&trial);
}
END_TEST

static const struct {
    const char *options, *host, *authority, *socket;
    unsigned port, scheme;
} addresses[] = {
    {"\"host\" => \"a.example\"", "a.example", "a.example", "", 80, SCHEME_HTTP},
    {"\"host\" => \"a.example:81\"", "a.example", "a.example:81", "", 81, SCHEME_HTTP},
    {"\"host\" => \"http://a.example/\"", "a.example", "a.example", "", 80, SCHEME_HTTP},
    {"\"host\" => \"https://a.example\"", "a.example", "a.example", "", 443, SCHEME_HTTPS},
    {"\"host\" => \"https://a.example:8443\"", "a.example", "a.example:8443", "", 8443, SCHEME_HTTPS},
    {"\"host\" => \"HTTPS://a.example\", \"port\" => 444", "a.example", "a.example:444", "", 444, SCHEME_HTTPS},
    {"\"host\" => \"a.example\", \"scheme\" => \"https\"", "a.example", "a.example", "", 443, SCHEME_HTTPS},
    {"\"host\" => \"h2c://[2001:db8::1]:8080\"", "2001:db8::1", "[2001:db8::1]:8080", "", 8080, SCHEME_H2C},
    {"\"host\" => \"h2://[2001:db8::1]\"", "2001:db8::1", "[2001:db8::1]", "", 443, SCHEME_H2},
    {"\"host\" => \"::1\", \"port\" => 8080", "::1", "[::1]:8080", "", 8080, SCHEME_HTTP},
    {"\"host\" => \"fe80::1%eth0\"", "fe80::1%eth0", "[fe80::1%eth0]", "", 80, SCHEME_HTTP},
    {"\"host\" => \"/run/a.sock\"", "", "localhost", "/run/a.sock", 0, SCHEME_HTTP},
    {"\"host\" => \"unix:/run/a.sock\"", "", "localhost", "/run/a.sock", 0, SCHEME_HTTP},
    {"\"host\" => \"x\", \"socket\" => \"/run/a.sock\"", "", "localhost", "/run/a.sock", 0, SCHEME_HTTP},
    {"\"socket\" => \"/a.sock\", \"scheme\" => \"h2\", \"tls-name\" => \"n\"", "", "n", "/a.sock", 0, SCHEME_H2},
};

START_TEST(where_it_is) {
    const struct gateway_host *h = host_of("p.server", addresses[_i].options);
    expect_span(h->host, addresses[_i].host);
    expect_span(h->authority, addresses[_i].authority);
    expect_span(h->socket, addresses[_i].socket);
    ck_assert_uint_eq(h->port, addresses[_i].port);
    ck_assert_uint_eq(h->scheme, addresses[_i].scheme);
    ck_assert_int_eq(h->tls != NULL, h->scheme == SCHEME_HTTPS || h->scheme == SCHEME_H2);
    trial_end(&trial);
    ck_assert_uint_eq(gateways_tls, 0);
}
END_TEST

START_TEST(tls_is_checked_unless_told_otherwise) {
    const struct gateway_host *h = host_of("p.server",
                                           "\"host\" => \"https://a.example\", \"tls-ca-file\" => \"/ca\"");
    ck_assert(h->tls->options.verify && !h->tls->options.h2);
    expect_span(h->tls->options.name, "a.example");
    expect_span(h->tls->options.ca_file, "/ca");
    trial_end(&trial);
    h = host_of("p.server", "\"host\" => \"h2://192.0.2.1\", \"tls-verify\" => \"disable\", \"tls-name\" => \"b\", "
                            "\"tls-cert-file\" => \"/c\", \"tls-key-file\" => \"/k\"");
    ck_assert(!h->tls->options.verify && h->tls->options.h2);
    expect_span(h->tls->options.name, "b");
    expect_span(h->tls->options.cert_file, "/c");
    expect_span(h->tls->options.key_file, "/k");
    trial_end(&trial);
}
END_TEST

static const struct {
    const char *check, *method, *path, *host;
    unsigned interval, timeout, rise, fall, from, to;
} checks[] = {
    {"\"enable\"", "GET", "/", "", 5, 2, 2, 3, 200, 399},
    {"\"/health\"", "GET", "/health", "", 5, 2, 2, 3, 200, 399},
    {"( \"path\" => \"/h?x\", \"status\" => \"204\" )", "GET", "/h?x", "", 5, 2, 2, 3, 204, 204},
    {"( \"status\" => 200 )", "GET", "/", "", 5, 2, 2, 3, 200, 200},
    {"( \"method\" => \"HEAD\", \"host\" => \"h\", \"interval\" => 1, \"timeout\" => \"3\", \"rise\" => 1, "
     "\"fall\" => 9, \"status\" => \"100-599\" )", "HEAD", "/", "h", 1, 3, 1, 9, 100, 599},
    {"\"disable\"", "", "", "", 0, 0, 0, 0, 0, 0},
};

START_TEST(what_is_checked) {
    char options[256];
    snprintf(options, sizeof options, "\"host\" => \"a\", \"check\" => %s", checks[_i].check);
    const struct gateway_host *h = host_of("p.server", options);
    expect_span(h->check.method, checks[_i].method);
    expect_span(h->check.path, checks[_i].path);
    expect_span(h->check.host, checks[_i].host);
    ck_assert_uint_eq(h->check.interval_s, checks[_i].interval);
    ck_assert_uint_eq(h->check.timeout_s, checks[_i].timeout);
    ck_assert_uint_eq(h->check.rise, checks[_i].rise);
    ck_assert_uint_eq(h->check.fall, checks[_i].fall);
    ck_assert_uint_eq(h->check.status_from, checks[_i].from);
    ck_assert_uint_eq(h->check.status_to, checks[_i].to);
    ck_assert(h->check.is_http == (checks[_i].interval > 0));
    trial_end(&trial);
}
END_TEST

START_TEST(a_proxy_looks_for_no_file) {
    ck_assert(!host_of("p.server", "\"host\" => \"a\", \"check-local\" => \"enable\"")->check_local);
    trial_end(&trial);
}
END_TEST

START_TEST(a_client_is_not_mixed_up_with_another) {
    const struct gateway_host *h = host_of("p.server", "\"host\" => \"a\", \"proxy-protocol\" => \"v2\"");
    ck_assert(!h->keep_alive);
    ck_assert_uint_eq(h->proxy_protocol, PROXY_PROTOCOL_V2);
    trial_end(&trial);
}
END_TEST

/* ---- programs -------------------------------------------------------------------------------------------------- */

static const char *variable(const struct program *p, const char *name) {
    size_t n = strlen(name);
    const char *found = NULL;
    for (char **text = p->envp; *text; text++) {
        if (strncmp(*text, name, n) != 0 || (*text)[n] != '=') continue;
        ck_assert_ptr_null(found); /* once */
        found = *text + n + 1;
    }
    return found;
}

START_TEST(each_process_has_a_socket) {
    setenv("GATEWAYS_A", "a", 1);
    setenv("GATEWAYS_B", "b", 1);
    setenv("NOTIFY_SOCKET", "/x", 1);
    const struct gateway_host *h = host_of(
        "t.server", "\"bin-path\" => \"/usr/bin/php-cgi -c /etc\", \"socket\" => \"/run/p\", \"max-procs\" => 2, "
                    "\"bin-environment\" => ( \"PHP_FCGI_CHILDREN\" => \"4\", \"GATEWAYS_B\" => 5 ), "
                    "\"kill-signal\" => 10, \"listen-backlog\" => 7");
    ck_assert_uint_eq(gateways_of(&trial)->t->rules[0].count, 2);
    expect_span(h[0].socket, "/run/p-0");
    expect_span(h[1].socket, "/run/p-1");
    ck_assert(h[0].backend != h[1].backend);
    ck_assert_str_eq(h[1].program->listen, "/run/p-1");
    ck_assert_str_eq(h[1].program->command, "/usr/bin/php-cgi -c /etc");
    ck_assert_int_eq(h[1].program->kill_signal, 10);
    ck_assert_uint_eq(h[1].program->backlog, 7);
    ck_assert_str_eq(variable(h[0].program, "PHP_FCGI_CHILDREN"), "4");
    ck_assert_str_eq(variable(h[0].program, "GATEWAYS_A"), "a");
    ck_assert_str_eq(variable(h[0].program, "GATEWAYS_B"), "5");
    ck_assert_ptr_null(variable(h[0].program, "NOTIFY_SOCKET"));
    trial_end(&trial);
    ck_assert_uint_eq(gateways_programs, 0);
    ck_assert_ptr_null(backends_next(NULL));
}
END_TEST

START_TEST(or_a_port) {
    const struct gateway_host *h = host_of("t.server", "\"bin-path\" => \"x\", \"port\" => 4000, "
                                                       "\"bin-copy-environment\" => ( \"GATEWAYS_A\" )");
    ck_assert_uint_eq(gateways_of(&trial)->t->rules[0].count, 4);
    ck_assert_str_eq(h[3].program->listen, "127.0.0.1:4003");
    ck_assert_ptr_null(variable(h[0].program, "PATH"));
    ck_assert_int_eq(h[0].program->kill_signal, SIGTERM);
    trial_end(&trial);
}
END_TEST

/* ---- rules ----------------------------------------------------------------------------------------------------- */

static const char rules_text[] =
    "t.server = ( \".php\" => ( \"one\" => ( \"socket\" => \"/a\" ), \"two\" => ( \"socket\" => \"/b\" ) ),\n"
    "  \"/app\" => ( ( \"socket\" => \"/c\" ), ( \"socket\" => \"/d\", \"mode\" => \"authorizer\" ) ),\n"
    "  \"/app/x\" => ( ( \"socket\" => \"/e\" ) ),\n"
    "  \".fcgi\" => ( ( \"socket\" => \"/f\" ) ), \"\" => ( ( \"socket\" => \"/g\" ) ) )\n";

static const struct {
    const char *url, *path;
    bool authorizers;
    const char *socket;
} finds[] = {
    {"/x.php", "/srv/x.php", false, "/a"},
    {"/app/x.php", "/srv/app/x.php", false, "/a"},
    {"/app/x", "/srv/app/x", false, "/c"},
    {"/app/x", "/srv/app/x", true, "/d"},
    {"/x", "/srv/app", false, "/g"},
    {"/x", "/srv/app", true, ""},
    {"/x.pl", "/srv/x.pl", false, "/f"},
    {"/x", "/srv/x/index.php", false, "/a"},
    {"/x.PHP", "/srv/x.PHP", false, "/g"},
    {"/x.pm", "/srv/x.pm", false, "/g"},
};

START_TEST(whom_a_request_is_for) {
    struct element pairs[] = {
        {.key = SPAN(".pl"), .value = {.type = VALUE_STRING, .string = SPAN(".fcgi")}},
        {.key = SPAN(".pm"), .value = {.type = VALUE_STRING, .string = SPAN(".nowhere")}}};
    const struct value map = {.type = VALUE_ARRAY, .elements = pairs, .count = 2};
    trial_begin(&trial, &gateways, rules_text);
    const struct gateway_rules *g = gateways_of(&trial)->t;
    ck_assert(g->count == 6 && g->has_prefixes && g->has_suffixes && g->has_authorizers);
    expect_span(g->rules[0].hosts[1].label, "two");
    const struct gateway_rule *rule = gateway_rule_find(g, &map, span_of(finds[_i].url), span_of(finds[_i].path),
                                                        finds[_i].authorizers);
    expect_span(rule ? rule->hosts[0].socket : SPAN(""), finds[_i].socket);
    trial_end(&trial);
}
END_TEST

/* ---- complaints ------------------------------------------------------------------------------------------------ */

#define T(options) "t.server = ( \"/\" => ( ( " options " ) ) )\n"
#define P(options) "p.server = ( \"/\" => ( ( " options " ) ) )\n"
#define LONG "0123456789012345678901234567890123456789012345678901234567890123456789"

static const struct {
    const char *conf, *message, *hint; /* parts of what is said */
} wrong[] = {
    {"t.server = ( \"/\" => ( \"host\" => \"a\", \"port\" => 1 ) )\n",
     "t.conf:1:23: error: t.server: the options of a host stand in parentheses", "write t.server = ( \"/\" => ( ("},
    {"t.server = ( \"/\" => ( \"l\" => ( ( \"host\" => \"a\" ) ) ) )\n", "expected an option",
     "one pair of parentheses too many"},
    {"t.server = ( \"host\" => \"a\" )\n",
     "t.conf:1:14: error: t.server: the outermost keys", "( \"/prefix\" => ( ("},
    {"t.server = ( \".php\" => \"a\" )\n", "a key is followed by its hosts", ""},
    {"t.server = ( \".php\" => ( ) )\n", "there is no host for this key", ""},
    {T("\"port\" => 80"), "it is not said where the host is", "\"socket\" =>"},
    {T("\"host\" => \"a\""), "the host has no port", "write \"port\""},
    {T("\"host\" => \"a\", \"port\" => 0"), "t.conf:1:50: error: t.server: port: expected a number from 1 to", ""},
    {T("\"host\" => \"a\", \"port\" => 65536"), "from 1 to 65535", ""},
    {T("\"host\" => \"a\", \"port\" => \"x\""), "from 1 to 65535", ""},
    {T("\"host\" => 1, \"port\" => 80"), "host: expected a string", ""},
    {T("\"host\" => \"a b\", \"port\" => 80"), "\"a b\" is neither a name nor an address", ""},
    {T("\"host\" => \"a/b\", \"port\" => 80"), "is neither a name", "map-urlpath"},
    {P("\"host\" => \"https://a:444/b\""), "the URL of a host has no path", "map-urlpath"},
    {P("\"host\" => \"https://\""), "is neither a name", ""},
    {T("\"host\" => \"u@a\", \"port\" => 80"), "is neither a name", ""},
    {T("\"host\" => \"a:81\", \"port\" => 80"), "host says port 81, port says 80", ""},
    {T("\"host\" => \"a:x\""), "does not end in a port", ""},
    {T("\"host\" => \"ftp://a\""), "\"ftp\" is no scheme", "h2c"},
    {T("\"host\" => \"a:80\", \"scheme\" => \"h3\""), "\"h3\" is no scheme", ""},
    {T("\"socket\" => \"a.sock\""), "\"a.sock\" is no path from the root", ""},
    {T("\"socket\" => \"/" LONG LONG "\""), "the path has 141 bytes", "/run"},
    {T("\"socket\" => \"/a\", \"check-local\" => \"maybe\""), "check-local: expected \"enable\" or \"disable\"", ""},
    {T("\"socket\" => \"/a\", \"mode\" => \"filter\""), "\"filter\" is no mode", "authorizer"},
    {P("\"socket\" => \"/a\", \"mode\" => \"authorizer\""), "no authorizers here", "fastcgi.server"},
    {T("\"bin-path\" => \"x\""), "needs a socket", "write \"socket\""},
    {T("\"bin-path\" => \"x\", \"host\" => \"a.example\", \"port\" => 80"), "an address of this machine", ""},
    {T("\"bin-path\" => \"x\", \"port\" => 65535"), "65535 and 4 processes", ""},
    {T("\"bin-path\" => \"x\", \"socket\" => \"/a\", \"max-procs\" => 0"), "max-procs: expected a number from 1", ""},
    {T("\"socket\" => \"/a\", \"bin-environment\" => ( \"x\" )"), "bin-environment: expected ( \"NAME\" =>", ""},
    {T("\"socket\" => \"/a\", \"x-sendfile-docroot\" => ( \"a\" )"), "\"a\" is no path from the root", ""},
    {T("\"socket\" => \"/a\", \"proxy-protocol\" => \"v3\""), "\"v3\" is no version", "v1"},
    {T("\"socket\" => \"/a\", \"weight\" => 0"), "weight: expected a number from 1 to 1000", ""},
    {P("\"socket\" => \"/a\", \"scheme\" => \"https\""), "which name the certificate", "tls-name"},
    {P("\"host\" => \"a\", \"check\" => ( \"paht\" => \"/\" )"), "\"paht\" is no part", "did you mean path?"},
    {P("\"host\" => \"a\", \"check\" => ( \"path\" => \"/ HTTP/1.1\" )"), "is no path to ask for", "%XX"},
    {P("\"host\" => \"a\", \"check\" => ( \"path\" => \"x\" )"), "is no path to ask for", ""},
    {P("\"host\" => \"a\", \"check\" => ( \"method\" => \"G T\" )"), "is no method", ""},
    {P("\"host\" => \"a\", \"check\" => ( \"host\" => \"a b\" )"), "is no host name", ""},
    {P("\"host\" => \"a\", \"check\" => ( \"status\" => \"399-200\" )"), "is no status", "200-399"},
    {P("\"host\" => \"a\", \"check\" => ( \"interval\" => 0 )"), "interval: expected a number from 1", ""},
    {P("\"host\" => \"a\", \"check\" => \"sure\""), "check: expected a list", ""},
    {"t.balance = \"round-robbin\"\n", "\"round-robbin\" is no way", "did you mean round-robin?"},
    {"t.balance = \"x\"\n", "\"x\" is no way", "\"sticky\""},
};

static void expect_message(const char *conf, const char *message, const char *hint, const char *kind) {
    char *text = trial_messages(&gateways, conf);
    ck_assert_msg(strstr(text, message) && strstr(text, hint) && strstr(text, kind), "%s%s", conf, text);
    free(text);
    ck_assert_ptr_null(backends_next(NULL));
    ck_assert_uint_eq(gateways_programs + gateways_tls, 0);
}

START_TEST(what_is_wrong) {
    expect_message(wrong[_i].conf, wrong[_i].message, wrong[_i].hint, ": error: ");
}
END_TEST

static const struct {
    const char *conf, *message, *hint;
} odd[] = {
    {T("\"hots\" => \"a\", \"socket\" => \"/a\""), "1:25: warning: t.server: \"hots\" is no option",
     "did you mean host?"},
    {T("\"max-fail\" => 1, \"socket\" => \"/a\""), "\"max-fail\" is no option", "did you mean max-fails?"},
    {T("\"qqq\" => 1, \"socket\" => \"/a\""), "\"qqq\" is no option", "goldcrest.conf(5)"},
    {T("\"socket\" => \"/a\", \"host\" => \"a\""), "host has no effect beside socket", ""},
    {T("\"socket\" => \"/a\", \"max-load-per-proc\" => 1"), "max-load-per-proc has no effect", "max-procs"},
    {T("\"socket\" => \"/a\", \"idle-timeout\" => 20"), "idle-timeout has no effect", "max-procs"},
    {T("\"socket\" => \"/a\", \"bin-path\" => \"x\", \"min-procs\" => 1"), "min-procs has no effect", "max-procs"},
    {P("\"socket\" => \"/a\", \"bin-path\" => \"x\""), "bin-path has no effect there", ""},
    {P("\"host\" => \"a\", \"check-local\" => \"enable\""), "check-local has no effect there", ""},
    {P("\"host\" => \"a\", \"tls-name\" => \"x\""), "tls-name has no effect without TLS", "https"},
    {P("\"host\" => \"https://a\", \"tls-verify\" => \"disable\""), "can read and change", "tls-ca-file"},
    {P("\"host\" => \"a\", \"proxy-protocol\" => \"v1\", \"keep-alive\" => \"enable\""), "none is kept", ""},
    {T("\"socket\" => \"/a\", \"check\" => \"/x\""), "only connecting is checked", ""},
    {P("\"host\" => \"h2c://a\", \"check\" => ( \"path\" => \"/x\" )"), "only connecting is checked", ""},
};

START_TEST(what_is_odd) {
    expect_message(odd[_i].conf, odd[_i].message, odd[_i].hint, ": warning: ");
}
END_TEST

/* A mistake in a later host gives back what the earlier ones hold. */
START_TEST(a_mistake_leaves_nothing_behind) {
    expect_message("t.server = ( \"/a\" => ( ( \"host\" => \"https://a\" ), "
                   "( \"bin-path\" => \"x\", \"socket\" => \"/s\" ) ),\n"
                   "  \"/b\" => ( ( \"socket\" => \"/t\" ), ( \"port\" => 0 ) ) )\n", "t.conf:2", "", ": error: ");
}
END_TEST

#define COUNT(table) (int)(sizeof table / sizeof *table)

int main(void) {
    Suite *suite = suite_create("gateway options");
    TCase *tc = tcase_create("options");
    tcase_add_test(tc, defaults_are_lighttpds);
    tcase_add_test(tc, everything_can_be_said);
    tcase_add_loop_test(tc, where_it_is, 0, COUNT(addresses));
    tcase_add_test(tc, tls_is_checked_unless_told_otherwise);
    tcase_add_loop_test(tc, what_is_checked, 0, COUNT(checks));
    tcase_add_test(tc, a_proxy_looks_for_no_file);
    tcase_add_test(tc, a_client_is_not_mixed_up_with_another);
    tcase_add_test(tc, each_process_has_a_socket);
    tcase_add_test(tc, or_a_port);
    tcase_add_loop_test(tc, whom_a_request_is_for, 0, COUNT(finds));
    tcase_add_loop_test(tc, what_is_wrong, 0, COUNT(wrong));
    tcase_add_loop_test(tc, what_is_odd, 0, COUNT(odd));
    tcase_add_test(tc, a_mistake_leaves_nothing_behind);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
