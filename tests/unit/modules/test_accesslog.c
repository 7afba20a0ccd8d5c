/* test_accesslog.c - the access log's format language: a request becomes a line */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <arpa/inet.h>
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "conf/tree.h"
#include "http/reply.h"
#include "modules/accesslog/format.h"

enum { NOW = 1795503011 }; /* 2026-11-24 06:50:11 UTC */

static struct request request;
static struct access_facts facts;
static struct addr peer;

static void set_addr(struct addr *a, const char *text, uint16_t port) {
    memset(a, 0, sizeof *a);
    if (inet_pton(AF_INET, text, &a->is.v4.sin_addr) == 1) {
        a->is.v4.sin_family = AF_INET;
        a->is.v4.sin_port = htons(port);
    } else {
        ck_assert_int_eq(inet_pton(AF_INET6, text, &a->is.v6.sin6_addr), 1);
        a->is.v6.sin6_family = AF_INET6;
        a->is.v6.sin6_port = htons(port);
    }
}

static void local_addr(const struct request *r, struct addr *local) {
    ck_assert_ptr_eq(r, &request);
    set_addr(local, "192.0.2.80", 8080);
}

static struct span id(const struct request *r) {
    (void)r;
    return SPAN("7zq0");
}

static struct span why(const struct request *r) {
    return r->status == 403 ? SPAN("it ends with \"~\"") : SPAN("");
}

static void add_field(const char *name, const char *value) {
    fields_add_named(&request.in.fields, &request.arena, span_of(name), span_of(value));
}

static void setup(void) {
    setenv("TZ", "UTC", 1);
    tzset();
    memset(&request, 0, sizeof request);
    set_addr(&request.client, "203.0.113.207", 0);
    set_addr(&peer, "10.0.0.1", 40123);
    request.in.method = METHOD_GET;
    request.in.method_text = SPAN("GET");
    request.in.version = 11;
    request.in.target_sent = SPAN("/a%20b/x.html?q=1&r=%22");
    request.in.authority = SPAN("example.org:8080");
    add_field("Referer", "https://example.org/\"in\"");
    add_field("User-Agent", "a browser whose name is longer than sixteen bytes \\ \x01 \xc3\xa9");
    add_field("Cookie", "sid=42; theme=dark");
    add_field("Cookie", "last=; sidecar=1");
    add_field("X-Twice", "one");
    add_field("X-Twice", "two");
    request.user = SPAN("ada");
    request.physical.path = SPAN("/srv/www/a b/x.html");
    request.received_bytes = 345;
    request.begun_s = NOW - 2;
    request.keep_alive = true;
    fields_add_named(&request.env, &request.arena, SPAN("TRACE"), SPAN("t-1"));
    fields_add(&request.out, &request.arena, HEADER_CONTENT_TYPE, SPAN("text/html"));
    fields_add_named(&request.out, &request.arena, SPAN("X-Cache"), SPAN("miss"));
    facts = (struct access_facts){.request = &request,
                                  .escape = access_escape_default,
                                  .server_name = SPAN("example.org"),
                                  .peer = &peer,
                                  .local_addr = local_addr,
                                  .id = id,
                                  .why = why,
                                  .sent_bytes = 1734,
                                  .sent_body_bytes = 1500,
                                  .elapsed_ns = 1234567890,
                                  .now_s = NOW,
                                  .now_ns = 7008009,
                                  .keep_alive_count = 3,
                                  .status = 200,
                                  .is_complete = true};
}

static void teardown(void) {
    arena_done(&request.arena);
}

static struct access_format *compile(const char *text) {
    struct value v = {.type = VALUE_STRING, .string = span_of(text)};
    struct complaints *c = complaints_make();
    struct access_format *format = access_format_make(&v, c);
    ck_assert_msg(format && complaints_errors(c) == 0, "%s is refused", text);
    complaints_drop(c);
    return format;
}

static void expect(const char *text, const char *line) {
    struct access_format *format = compile(text);
    struct buf out = {NULL, 0, 0};
    access_format_write(format, &facts, &out);
    ck_assert_str_eq(buf_text(&out), line);
    buf_done(&out);
    access_format_drop(format);
}

static const struct {
    const char *format, *line;
} lines[] = {
    {"", ""},
    {"a line", "a line"},
    {"100%%", "100%"},
    {"%%%%h", "%%h"},
    {"%h|%a|%{mask}a|%{mask}h", "203.0.113.207|203.0.113.207|203.0.113.0|203.0.113.0"},
    {"%A %p %{local}p %{canonical}p %{remote}p", "192.0.2.80 8080 8080 8080 40123"},
    {"%b %B %O %I", "1500 1500 1734 345"},
    {"%{sid}C %{theme}C %{last}C %{side}C %{sidecar}C", "42 dark - - 1"},
    {"%D %T %{s}T %{ms}T %{us}T %{sec}T %{msec}T", "1234567 1 1 1234 1234567 1 1234"},
    {"%{TRACE}e %{TRACE}n %{NONE}e", "t-1 t-1 -"},
    {"%f", "/srv/www/a b/x.html"},
    {"%H %m %r", "HTTP/1.1 GET GET /a%20b/x.html?q=1&r=%22 HTTP/1.1"},
    {"%{Referer}i", "https://example.org/\\\"in\\\""},
    {"%{user-agent}i", "a browser whose name is longer than sixteen bytes \\\\ \\x01 \\xC3\\xA9"},
    {"%{x-twice}i %{X-None}i %{Accept}i", "one, two - -"},
    {"%k %l %u", "3 - ada"},
    {"%{Content-Type}o %{x-cache}o %{ETag}o", "text/html miss -"},
    {"%U%q", "/a%20b/x.htmlq=1&r=%22"},
    {"%s %>s %<s", "200 200 200"},
    {"%t", "[24/Nov/2026:06:50:11 +0000]"},
    {"%{%Y-%m-%d}t %{begin:%H:%M:%S}t %{end:%H:%M:%S}t", "2026-11-24 06:50:09 06:50:11"},
    {"%{sec}t %{msec}t %{usec}t %{nsec}t", "1795503011 1795503011007 1795503011007008 1795503011007008009"},
    {"%{msec_frac}t %{usec_frac}t %{nsec_frac}t", "007 007008 007008009"},
    {"%{begin:sec}t.%{begin:msec_frac}t %{end:msec}t", "1795503009.772 1795503011007"},
    {"%L %{id}L %{reason}L", "7zq0 7zq0 -"},
    {"%v %V %X", "example.org example.org:8080 +"},
    {ACCESS_FORMAT_DEFAULT, "203.0.113.207 example.org:8080 ada [24/Nov/2026:06:50:11 +0000] \"GET "
                            "/a%20b/x.html?q=1&r=%22 HTTP/1.1\" 200 1500 "
                            "\"https://example.org/\\\"in\\\"\" \"a browser whose name is longer than sixteen "
                            "bytes \\\\ \\x01 \\xC3\\xA9\""},
};

START_TEST(a_request_becomes_a_line) {
    expect(lines[_i].format, lines[_i].line);
}
END_TEST

START_TEST(what_is_not_there_is_a_dash) {
    arena_done(&request.arena);
    memset(&request, 0, sizeof request);
    set_addr(&request.client, "2001:db8:1:2::3", 0);
    facts.server_name = SPAN("");
    facts.sent_body_bytes = 0;
    facts.status = 0;
    facts.is_complete = false;
    expect("%h %{mask}a", "2001:db8:1:2::3 2001:db8:1::");
    expect("%b %B %s %X", "0 0 - X");
    expect("%v %V %u %m %r %f %U %q", "- - - - - - - ");
    expect("%{Referer}i %{a}C %{b}e %{c}n %{Server}o", "- - - - -");
    facts.is_complete = true;
    expect("%X", "-");
}
END_TEST

START_TEST(a_mapped_address_is_masked_as_ipv4) {
    set_addr(&request.client, "::ffff:203.0.113.207", 0);
    expect("%h %{mask}a", "203.0.113.207 203.0.113.0");
}
END_TEST

START_TEST(the_process_has_a_number) {
    char number[32];
    snprintf(number, sizeof number, "%ld", (long)getpid());
    expect("%P", number);
}
END_TEST

START_TEST(path_and_query_come_from_the_target_as_sent) {
    static const struct {
        const char *target, *path, *query;
    } cases[] = {
        {"/", "/", ""},
        {"*", "*", ""},
        {"/a?b?c", "/a", "b?c"},
        {"/a?http://b/c", "/a", "http://b/c"},
        {"http://example.org/a/b?c", "/a/b", "c"},
        {"http://example.org", "/", ""},
        {"/%0a%22", "/%0a%22", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        request.in.target_sent = span_of(cases[i].target);
        expect("%U", cases[i].path);
        expect("%q", cases[i].query);
    }
}
END_TEST

START_TEST(fields_of_a_ready_reply_come_from_its_head) {
    static const char head[] = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nLink: </a>\r\nLink: </b>\r\n"
                               "Content-Length: 12\r\n";
    struct reply reply = {.refs = 1, .head = blob_copy(span_of(head))};
    request.reply = &reply;
    expect("%{content-type}o|%{Link}o|%{Content-Length}o|%{Content}o|%{HTTP/1.1 200 OK}o",
           "text/plain|</a>, </b>|12|-|-");
    request.reply = NULL;
    blob_drop(reply.head);
}
END_TEST

START_TEST(times_follow_the_clock) {
    struct access_format *format = compile("%t %{begin:%S}t");
    struct buf out = {NULL, 0, 0};
    access_format_write(format, &facts, &out);
    buf_add_char(&out, '\n');
    facts.now_s = NOW + 61;
    access_format_write(format, &facts, &out);
    ck_assert_str_eq(buf_text(&out), "[24/Nov/2026:06:50:11 +0000] 09\n[24/Nov/2026:06:51:12 +0000] 09");
    buf_done(&out);
    access_format_drop(format);
}
END_TEST

START_TEST(only_some_formats_need_the_clock) {
    static const struct {
        const char *format;
        bool is_timing;
    } cases[] = {{ACCESS_FORMAT_DEFAULT, false}, {"%D", true},           {"%{ms}T", true}, {"%{begin:msec}t", true},
                 {"%{begin:%S}t", false},        {"%{end:usec}t", false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct access_format *format = compile(cases[i].format);
        ck_assert_msg(access_format_is_timing(format) == cases[i].is_timing, "%s", cases[i].format);
        access_format_drop(format);
    }
}
END_TEST

START_TEST(json_stays_json) {
    facts.escape = access_escape_json;
    expect("{\"ref\":\"%{Referer}i\",\"ua\":\"%{User-Agent}i\"}",
           "{\"ref\":\"https://example.org/\\\"in\\\"\",\"ua\":\"a browser whose name is longer than sixteen bytes "
           "\\\\ \\u0001 \xc3\xa9\"}");
    add_field("X-Bad", "\xff\x7f\n");
    expect("%{X-Bad}i", "\xef\xbf\xbd\\u007f\\u000a");
}
END_TEST

/* At each distance from the blocks of sixteen that are looked at at once. */
START_TEST(no_byte_can_forge_a_line) {
    for (unsigned pad = 0; pad < 40; pad++) {
        unsigned wrong = 0;
        for (unsigned c = 1; c < 256; c++) {
            char text[64];
            struct buf out = {NULL, 0, 0};
            memset(text, 'x', pad);
            text[pad] = (char)c;
            access_escape_default(&out, (struct span){text, pad + 1});
            bool plain = c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
            wrong += out.n != pad + (plain ? 1 : c == '"' || c == '\\' ? 2 : 4);
            wrong += out.p[pad] != (plain ? (char)c : '\\');
            for (size_t i = 0; i < out.n; i++) wrong += out.p[i] < 0x20 || out.p[i] >= 0x7f;
            buf_done(&out);
        }
        ck_assert_uint_eq(wrong, 0);
    }
}
END_TEST

/* As it stands in a configuration; column counts bytes of the whole line. */
static const struct {
    const char *written, *string, *where, *what;
} mistakes[] = {
    {"\"%h %y\"", "%h %y", "t.conf:1:24:", "%y is no conversion"},
    {"\"\\\"%r\\\" %y\"", "\"%r\" %y", "t.conf:1:28:", "%y is no conversion"},
    {"\"%{Referer\"", "%{Referer", "t.conf:1:21:", "%{Referer lacks its closing brace"},
    {"\"%h %\"", "%h %", "t.conf:1:24:", "% is not complete"},
    {"\"%>\"", "%>", "t.conf:1:21:", "%> is not complete"},
    {"\"%i\"", "%i", "t.conf:1:21:", "%i needs a name"},
    {"\"%{}C\"", "%{}C", "t.conf:1:21:", "%{}C needs a name"},
    {"\"%{min}T\"", "%{min}T", "t.conf:1:21:", "%{min}T has an unknown unit"},
    {"\"%{near}p\"", "%{near}p", "t.conf:1:21:", "%{near}p has an unknown word"},
    {"\"%{hide}a\"", "%{hide}a", "t.conf:1:21:", "%{hide}a has an unknown word"},
    {"\"%h\" + \" %y\"", "%h %y", "t.conf:1:20:", "%y is no conversion"},
};

START_TEST(mistakes_are_shown_where_they_are) {
    struct buf text = {NULL, 0, 0}, out = {NULL, 0, 0};
    buf_printf(&text, "accesslog.format = %s\n", mistakes[_i].written);
    struct source_text source = {.name = SPAN("t.conf"), .text = buf_span(&text)};
    struct value v = {.type = VALUE_STRING, .place = {&source, 19}, .string = span_of(mistakes[_i].string)};
    struct complaints *c = complaints_make();
    ck_assert_ptr_null(access_format_make(&v, c));
    complaints_print(c, &out);
    ck_assert_msg(strstr(buf_text(&out), mistakes[_i].where), "%s", buf_text(&out));
    ck_assert_msg(strstr(buf_text(&out), mistakes[_i].what), "%s", buf_text(&out));
    complaints_drop(c);
    buf_done(&text);
    buf_done(&out);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("accesslog");
    TCase *tests = tcase_create("format");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_loop_test(tests, a_request_becomes_a_line, 0, sizeof lines / sizeof *lines);
    tcase_add_test(tests, what_is_not_there_is_a_dash);
    tcase_add_test(tests, a_mapped_address_is_masked_as_ipv4);
    tcase_add_test(tests, the_process_has_a_number);
    tcase_add_test(tests, path_and_query_come_from_the_target_as_sent);
    tcase_add_test(tests, fields_of_a_ready_reply_come_from_its_head);
    tcase_add_test(tests, times_follow_the_clock);
    tcase_add_test(tests, only_some_formats_need_the_clock);
    tcase_add_test(tests, json_stays_json);
    tcase_add_test(tests, no_byte_can_forge_a_line);
    tcase_add_loop_test(tests, mistakes_are_shown_where_they_are, 0, sizeof mistakes / sizeof *mistakes);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
