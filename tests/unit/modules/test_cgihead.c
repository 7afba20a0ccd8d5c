/* test_cgihead.c - the head of a CGI response, whole and in pieces */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <check.h>
#include <stdlib.h>

#include "pair.h"

static struct pair t;

static void begin(void) {
    pair_begin(&t, &scgi_codec);
}

static void end(void) {
    pair_end(&t);
}

#define WITH_NUL(literal) literal, sizeof(literal) - 1
#define TEXT(literal) literal, 0

static const struct {
    const char *response;
    size_t n; /* 0: to its NUL */
    const char *story;
} responses[] = {
    /* lines end with LF or CRLF, also one after the other */
    {TEXT("Content-Type: text/html\n\nhello"), "200 Content-Type: text/html; | -1 | hello | END"},
    {TEXT("Content-Type: text/html\r\n\r\nhello"), "200 Content-Type: text/html; | -1 | hello | END"},
    {TEXT("A: b\r\nC: d\n\r\nx"), "200 A: b; C: d; | -1 | x | END"},
    {TEXT("A: b\n\n\nx"), "200 A: b; | -1 | \nx | END"},
    {TEXT("A: b\n\n"), "200 A: b; | -1 |  | END"},
    {TEXT("\nx"), "200 | -1 | x | END"},
    {TEXT("\r\nx"), "200 | -1 | x | END"},
    {TEXT("A: \t b c \t\nEmpty:\n\n"), "200 A: b c; Empty: ; | -1 |  | END"},
    /* the status */
    {TEXT("Status: 404 Not Found\nA: b\n\n"), "404 A: b; | -1 |  | END"},
    {TEXT("sTATUS: 404\n\n"), "404 | -1 |  | END"},
    {TEXT("HTTP/1.1 201 Created\r\nA: b\r\n\r\n"), "201 A: b; | -1 |  | END"},
    {TEXT("HTTP/1.0 200 OK\n\nx"), "200 | -1 | x | END"},
    {TEXT("HTTP/1.1 200 OK\nStatus: 200\n\n"), "200 | -1 |  | END"},
    {TEXT("Status: 200\nStatus: 404\n\n"), "| | BROKEN a second status: \"Status: 404\""},
    {TEXT("Status: OK\n\n"), "|  | BROKEN no status: \"Status: OK\""},
    {TEXT("Status: 2000\n\n"), "|  | BROKEN no status: \"Status: 2000\""},
    {TEXT("Status: 099\n\n"), "|  | BROKEN no status: \"Status: 099\""},
    {TEXT("HTTP/1.1\n\n"), "|  | BROKEN a line is no header field: \"HTTP/1.1\""},
    {TEXT("Status: 101 Switching\n\n"), "|  | BROKEN it changes to a protocol that nobody has asked for (101)"},
    {TEXT("Status: 204\n\nmuch"), "204 | -1 |  | END"},
    {TEXT("Status: 304\nContent-Length: 7\n\n"), "304 | 7 |  | END"},
    /* Location */
    {TEXT("Location: http://a/b\n\n"), "302 Location: http://a/b; | -1 |  | END"},
    {TEXT("Location: /b\n\n"), "302 Location: /b; local | -1 |  | END"},
    {TEXT("Location: //a/b\n\n"), "302 Location: //a/b; | -1 |  | END"},
    {TEXT("Status: 302\nLocation: /b\n\n"), "302 Location: /b; | -1 |  | END"},
    {TEXT("Status: 201\nLocation: /b\n\n"), "201 Location: /b; | -1 |  | END"},
    /* lengths: one, or the same again; less is not the whole, more is seen by whoever counts */
    {TEXT("Content-Length: 5\n\nhello"), "200 | 5 | hello | END"},
    {TEXT("Content-Length: 5\nContent-Length: 5\n\nhello"), "200 | 5 | hello | END"},
    {TEXT("Content-Length: 5\n\nhell"), "200 |  hell | BROKEN it ended after 4 of 5 bytes"},
    {TEXT("Content-Length: 5\nContent-Length: 6\n\nhello"), "|  | BROKEN no Content-Length: \"Content-Length: 6\""},
    {TEXT("Content-Length: 5, 6\n\nhello"), "|  | BROKEN no Content-Length: \"Content-Length: 5, 6\""},
    {TEXT("Content-Length: +5\n\nhello"), "|  | BROKEN no Content-Length: \"Content-Length: +5\""},
    {TEXT("Content-Length: -1\n\nhello"), "|  | BROKEN no Content-Length: \"Content-Length: -1\""},
    {TEXT("Content-Length:\n\nhello"), "|  | BROKEN no Content-Length: \"Content-Length:\""},
    {TEXT("Content-Length: 99999999999999999999\n\n"),
     "|  | BROKEN no Content-Length: \"Content-Length: 99999999999999999999\""},
    /* what belongs to a connection stays there */
    {TEXT("Transfer-Encoding: chunked\nA: b\n\nx"), "200 A: b; | -1 | x | END"},
    {TEXT("Connection: close, x-mine\nX-Mine: 1\nKeep-Alive: 5\nTE: a\nTrailer: b\nUpgrade: c\nA: b\n\n"),
     "200 A: b; | -1 |  | END"},
    {TEXT("X-Mine: 1\nConnection: a\nConnection: X-MINE\n\n"), "200 | -1 |  | END"},
    /* what is no head */
    {TEXT("hello\n\n"), "|  | BROKEN a line is no header field: \"hello\""},
    {TEXT("A: b\n c\n\n"), "|  | BROKEN a folded header field: \" c\""},
    {TEXT("A: b\n\tc\n\n"), "|  | BROKEN a folded header field: \"\tc\""},
    {TEXT("A : b\n\n"), "|  | BROKEN no name of a field: \"A : b\""},
    {TEXT(": b\n\n"), "|  | BROKEN no name of a field: \": b\""},
    {TEXT("A\x80: b\n\n"), "|  | BROKEN no name of a field: \"A\x80: b\""},
    {TEXT("A: b\rSet-Cookie: c\n\n"), "|  | BROKEN control characters in a field: \"A\""},
    {TEXT("A: \x7f\n\n"), "|  | BROKEN control characters in a field: \"A\""},
    {WITH_NUL("A: b\0c\n\n"), "|  | BROKEN control characters in a field: \"A\""},
    {TEXT("A: b\n"), "|  | BROKEN it ended within the head of its response"},
    {TEXT("A: b"), "|  | BROKEN it ended within the head of its response"},
    {TEXT(""), "|  | BROKEN it ended without a response"},
    /* interim responses */
    {TEXT("Status: 103\nLink: <a>\n\nStatus: 200\nA: b\n\nx"), "103 Link: <a>; 200 A: b; | -1 | x | END"},
    {TEXT("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\nx"), "100 200 | -1 | x | END"},
};

/* Runs of blanks count as one, so that the table stays readable. */
static bool is_like(const char *a, const char *b) {
    while (*a || *b) {
        if (*a == ' ' && *b == ' ') {
            while (*a == ' ') a++;
            while (*b == ' ') b++;
        } else if (*a++ != *b++) {
            return false;
        }
    }
    return true;
}

START_TEST(understands_responses) {
    struct span response = {responses[_i].response, responses[_i].n};
    if (!response.n) response.n = strlen(response.p);
    for (size_t step = response.n + 1; step > 0; step--) {
        pair_anew(&t);
        const char *story = pair_hear(&t, response, step, true);
        ck_assert_msg(is_like(story, responses[_i].story), "in steps of %zu: \"%s\"", step, story);
    }
}
END_TEST

START_TEST(head_requests_have_no_body) {
    t.r.in.method = METHOD_HEAD;
    ck_assert_str_eq(pair_hear(&t, SPAN("Content-Length: 5\n\nhello"), 3, true), "200 | 5 |  | END");
    pair_anew(&t);
    ck_assert_str_eq(pair_hear(&t, SPAN("Content-Length: 5\n\n"), 3, true), "200 | 5 |  | END");
}
END_TEST

START_TEST(upgrades_where_they_are_wanted) {
    t.p.is_upgrade = true;
    ck_assert_str_eq(pair_hear(&t, SPAN("Status: 101\nUpgrade: websocket\nConnection: upgrade\n\nraw"), 7, false),
                     "101 Upgrade: websocket; | -1 | raw | MORE");
    ck_assert(t.p.is_tunnel);
}
END_TEST

/* ---- limits ----------------------------------------------------------------------------------- */

static struct buf large_head(size_t n) {
    struct buf b = {0};
    while (b.n + 1000 < n) {
        buf_printf(&b, "X-%04zu: ", b.n / 1000);
        memset(buf_room(&b, 991), 'v', 991);
        b.n += 991;
        buf_add_char(&b, '\n');
    }
    buf_add_text(&b, "L: ");
    while (b.n < n - 2) buf_add_char(&b, 'l');
    buf_add_text(&b, "\n\n");
    return b;
}

START_TEST(head_is_bounded) {
    static const size_t steps[] = {1, 1000, 4096, 65536, 200000};
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        struct buf fits = large_head(65536), too_large = large_head(65537);
        pair_anew(&t);
        pair_hear(&t, buf_span(&fits), steps[i], true);
        ck_assert_int_eq(t.p.status, 200);
        pair_anew(&t);
        ck_assert_str_eq(pair_hear(&t, buf_span(&too_large), steps[i], true),
                         "|  | BROKEN its head is larger than 64 KiB");
        buf_done(&fits);
        buf_done(&too_large);
    }
}
END_TEST

START_TEST(fields_and_interims_are_bounded) {
    struct buf b = {0};
    for (int i = 0; i < 401; i++) buf_add_text(&b, "a:b\n");
    buf_add_text(&b, "\n");
    ck_assert_str_eq(pair_hear(&t, buf_span(&b), 1000, true), "|  | BROKEN its head has more than 400 fields");
    buf_clear(&b);
    for (int i = 0; i < 17; i++) buf_add_text(&b, "Status: 103\n\n");
    pair_anew(&t);
    ck_assert_ptr_nonnull(strstr(pair_hear(&t, buf_span(&b), 1000, true), "BROKEN it sends one interim response"));
    buf_done(&b);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("cgihead");
    TCase *cases = tcase_create("cgihead");
    tcase_add_checked_fixture(cases, begin, end);
    tcase_add_loop_test(cases, understands_responses, 0, (int)(sizeof responses / sizeof *responses));
    tcase_add_test(cases, head_requests_have_no_body);
    tcase_add_test(cases, upgrades_where_they_are_wanted);
    tcase_add_test(cases, head_is_bounded);
    tcase_add_test(cases, fields_and_interims_are_bounded);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
