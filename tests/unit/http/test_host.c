/* test_host.c - authorities and absolute-form */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <check.h>
#include <stdlib.h>

#include "http/uri.h"

static const struct {
    const char *sent, *strict, *normalized, *lenient; /* NULL: 400 */
} hosts[] = {
    {"example.org", "example.org", "example.org", "example.org"},
    {"Example.ORG:8080", "example.org:8080", "example.org:8080", "example.org:8080"},
    {"example.org.", "example.org", "example.org", "example.org."},
    {"example.org.:80", "example.org:80", "example.org:80", "example.org.:80"},
    {"example.org:", "example.org", "example.org", "example.org:"},
    {"a", "a", "a", "a"},
    {"a_b.c-d", "a_b.c-d", "a_b.c-d", "a_b.c-d"},
    {"127.0.0.1:80", "127.0.0.1:80", "127.0.0.1:80", "127.0.0.1:80"},
    {"[::1]", "[::1]", "[::1]", "[::1]"},
    {"[2001:DB8::A]:443", "[2001:db8::a]:443", "[2001:db8::a]:443", "[2001:db8::a]:443"},
    {"[1:2:3:4:5:6:7:8]", "[1:2:3:4:5:6:7:8]", "[1:2:3:4:5:6:7:8]", "[1:2:3:4:5:6:7:8]"},
    {"[::ffff:1.2.3.4]", "[::ffff:1.2.3.4]", "[::ffff:1.2.3.4]", "[::ffff:1.2.3.4]"},
    {"[::]", "[::]", "[::]", "[::]"},
    {"a:65535", "a:65535", "a:65535", "a:65535"},
    {"", NULL, "", ""},
    {"a:65536", NULL, "a:65536", "a:65536"},
    {"a:8o", NULL, "a:8o", "a:8o"},
    {"a:1:2", NULL, "a:1:2", "a:1:2"},
    {":80", NULL, ":80", ":80"},
    {".", NULL, ".", "."},
    {"a..b", NULL, "a..b", "a..b"},
    {".a", NULL, ".a", ".a"},
    {"-a", NULL, "-a", "-a"},
    {"a-.b", NULL, "a-.b", "a-.b"},
    {"a,b", NULL, "a,b", "a,b"},
    {"a%41", NULL, "a%41", "a%41"},
    {"\xc3\xa4.de", NULL, "\xc3\xa4.de", "\xc3\xa4.de"},
    {"1.2.3", NULL, "1.2.3", "1.2.3"},
    {"1.2.3.256", NULL, "1.2.3.256", "1.2.3.256"},
    {"1.2.3.04", NULL, "1.2.3.04", "1.2.3.04"},
    {"2130706433", NULL, "2130706433", "2130706433"},
    {"[::1", NULL, "[::1", "[::1"},
    {"[::1]x", NULL, NULL, NULL},
    {"[]", NULL, "[]", "[]"},
    {"[1:2:3:4:5:6:7]", NULL, "[1:2:3:4:5:6:7]", "[1:2:3:4:5:6:7]"},
    {"[1::2::3]", NULL, "[1::2::3]", "[1::2::3]"},
    {"[1:2:3:4:5:6:7::8]", NULL, "[1:2:3:4:5:6:7::8]", "[1:2:3:4:5:6:7::8]"},
    {"[:::1]", NULL, "[:::1]", "[:::1]"},
    {"[12345::]", NULL, "[12345::]", "[12345::]"},
    {"[1.2.3.4::]", NULL, "[1.2.3.4::]", "[1.2.3.4::]"},
    {"[::1.2.3]", NULL, "[::1.2.3]", "[::1.2.3]"},
    {"[fe80::1%25eth0]", NULL, "[fe80::1%25eth0]", "[fe80::1%25eth0]"},
    /* never */
    {"user@a", NULL, NULL, NULL},
    {"a/b", NULL, NULL, NULL},
    {"a\\b", NULL, NULL, NULL},
    {"../a", NULL, NULL, NULL},
    {"a b", NULL, NULL, NULL},
    {"a\t", NULL, NULL, NULL},
    {"a?b", NULL, NULL, NULL},
    {"a#b", NULL, NULL, NULL},
    {"a<b>", NULL, NULL, NULL},
    {"a\x7f", NULL, NULL, NULL},
};

static void check(const char *sent, unsigned options, const char *expected) {
    struct arena arena = {NULL, NULL, NULL};
    struct span host = span_of(sent);
    int status = host_parse(&host, options, &arena);
    ck_assert_msg(status == (expected ? 0 : 400), "'%s' with %x: %d", sent, options, status);
    if (!status) ck_assert_msg(span_is(host, span_of(expected)), "'%.*s' is not '%s'", SPAN_ARG(host), expected);
    arena_done(&arena);
}

START_TEST(hosts_are_checked) {
    check(hosts[_i].sent, PARSE_HOST_STRICT, hosts[_i].strict);
    check(hosts[_i].sent, PARSE_HOST_STRICT | PARSE_HOST_NORMALIZE, hosts[_i].strict);
    check(hosts[_i].sent, PARSE_HOST_NORMALIZE, hosts[_i].normalized);
    check(hosts[_i].sent, 0, hosts[_i].lenient);
}
END_TEST

/* What is known of the host before says nothing of another one. */
START_TEST(each_is_looked_at) {
    for (int i = 0; i < 3; i++) {
        check("example.org", PARSE_HOST_STRICT, "example.org");
        check("example.org", PARSE_HOST_STRICT, "example.org");
        check("example..rg", PARSE_HOST_STRICT, NULL);
        check("example.org.", PARSE_HOST_NORMALIZE, "example.org");
        check("example.o", PARSE_HOST_STRICT, "example.o");
        check("", PARSE_HOST_STRICT, NULL);
    }
}
END_TEST

START_TEST(lengths_are_bounded) {
    char host[512] = "";
    for (int i = 0; i < 63; i++) strcat(host, "a");
    check(host, PARSE_HOST_STRICT, host);
    strcat(host, "a");
    check(host, PARSE_HOST_STRICT, NULL);
    host[0] = '\0';
    for (int i = 0; i < 127; i++) strcat(host, "a.");
    strcat(host, "a");
    check(host, PARSE_HOST_STRICT, host);
    strcat(host, "b");
    check(host, PARSE_HOST_STRICT, NULL);
}
END_TEST

static const struct {
    const char *authority, *host;
} ports[] = {
    {"a:80", "a"}, {"a", "a"}, {"[::1]:80", "[::1]"}, {"[::1]", "[::1]"}, {"", ""}, {":80", ""}, {"[::1", "[::1"},
};

START_TEST(ports_are_cut_off) {
    struct span host = host_without_port(span_of(ports[_i].authority));
    ck_assert(span_is(host, span_of(ports[_i].host)));
}
END_TEST

static const struct {
    struct span target;
    const char *scheme, *authority, *rest; /* NULL: not absolute-form */
} absolutes[] = {
    {SPAN_INIT("http://a/b?c"), "http", "a", "/b?c"},
    {SPAN_INIT("HTTPS://a:1"), "HTTPS", "a:1", ""},
    {SPAN_INIT("http://a?q/"), "http", "a", "?q/"},
    {SPAN_INIT("http://a#f"), "http", "a", "#f"},
    {SPAN_INIT("http:///x"), "http", "", "/x"},
    {SPAN_INIT("x+y-z.1://u@a/"), "x+y-z.1", "u@a", "/"},
    {SPAN_INIT("/http://a"), NULL, NULL, NULL},
    {SPAN_INIT("http:/a"), NULL, NULL, NULL},
    {SPAN_INIT("1http://a"), NULL, NULL, NULL},
    {SPAN_INIT("ht\0tp://a"), NULL, NULL, NULL},
    {SPAN_INIT("a:80"), NULL, NULL, NULL},
    {SPAN_INIT(""), NULL, NULL, NULL},
};

START_TEST(absolute_form_is_split) {
    struct span scheme, authority, rest;
    bool is_absolute = uri_absolute(absolutes[_i].target, &scheme, &authority, &rest);
    ck_assert_int_eq(is_absolute, absolutes[_i].scheme != NULL);
    if (!is_absolute) return;
    ck_assert(span_is(scheme, span_of(absolutes[_i].scheme)));
    ck_assert(span_is(authority, span_of(absolutes[_i].authority)));
    ck_assert(span_is(rest, span_of(absolutes[_i].rest)));
}
END_TEST

int main(void) {
    Suite *suite = suite_create("host");
    TCase *cases = tcase_create("host");
    tcase_add_loop_test(cases, hosts_are_checked, 0, sizeof hosts / sizeof *hosts);
    tcase_add_test(cases, each_is_looked_at);
    tcase_add_test(cases, lengths_are_bounded);
    tcase_add_loop_test(cases, ports_are_cut_off, 0, sizeof ports / sizeof *ports);
    tcase_add_loop_test(cases, absolute_form_is_split, 0, sizeof absolutes / sizeof *absolutes);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
