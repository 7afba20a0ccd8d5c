/* test_ajp.c - AJP13: packets out, packets in, whole and in pieces */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <check.h>
#include <stdlib.h>

#include "pair.h"

static struct pair t;
static struct buf wire; /* what the container says */

static void begin(void) {
    pair_begin(&t, &ajp13_codec);
    buf_clear(&wire);
}

static void end(void) {
    pair_end(&t);
    buf_done(&wire);
}

/* ---- the request ------------------------------------------------------------------------------ */

static unsigned take_number(struct span *s) {
    ck_assert_uint_ge(s->n, 2);
    unsigned n = (unsigned)((unsigned char)s->p[0] << 8 | (unsigned char)s->p[1]);
    *s = span_from(*s, 2);
    return n;
}

static unsigned take_byte(struct span *s) {
    ck_assert_uint_ge(s->n, 1);
    unsigned n = (unsigned char)s->p[0];
    *s = span_from(*s, 1);
    return n;
}

static const char *take_text(struct span *s) {
    unsigned n = take_number(s);
    ck_assert_uint_gt(s->n, n);
    ck_assert_int_eq(s->p[n], '\0');
    const char *text = arena_copy(&t.r.arena, span_upto(*s, n)).p;
    *s = span_from(*s, n + 1u);
    return text;
}

static void expect_text(struct span *s, const char *text) {
    ck_assert_str_eq(take_text(s), text);
}

START_TEST(forwards_a_request) {
    static const char *const tls[] = {"SSL_PROTOCOL",          "TLSv1.3", "SSL_CIPHER", "X",
                                      "SSL_CIPHER_USEKEYSIZE", "256",     NULL};
    pair_tls = tls;
    pair_target(&t, "/app/a%20b?q=1");
    pair_field(&t, "Host", "ignored.example");
    pair_field(&t, "Cookie", "a=b");
    pair_field(&t, "X-Own", "x");
    pair_field(&t, "Connection", "close, X-Hop");
    pair_field(&t, "X-Hop", "y");
    pair_field(&t, "Content-Length", "5");
    t.p.body_bytes = 5;
    t.r.is_tls = true;
    t.r.user = SPAN("joe");
    fields_add_named(&t.r.env, &t.r.arena, SPAN("AUTH_TYPE"), SPAN("Basic"));
    fields_add_named(&t.r.env, &t.r.arena, SPAN("javax.servlet.include.path_info"), SPAN("/WEB-INF/web.xml"));
    ck_assert_int_eq(ajp13_codec.begin(&t.p, &t.out), 0);
    ck_assert_uint_eq(t.p.wanted, 8186);
    struct span s = pair_said(&t);
    ck_assert_uint_eq(take_number(&s), 0x1234);
    ck_assert_uint_eq(take_number(&s), s.n);
    ck_assert_uint_eq(take_byte(&s), 2);
    ck_assert_uint_eq(take_byte(&s), 2); /* GET */
    expect_text(&s, "HTTP/1.1");
    expect_text(&s, "/app/a%20b");
    expect_text(&s, "192.0.2.9");
    expect_text(&s, "192.0.2.9");
    expect_text(&s, "example.com");
    ck_assert_uint_eq(take_number(&s), 8080);
    ck_assert_uint_eq(take_byte(&s), 1);
    ck_assert_uint_eq(take_number(&s), 4);
    ck_assert_uint_eq(take_number(&s), 0xa00b);
    expect_text(&s, "example.com");
    ck_assert_uint_eq(take_number(&s), 0xa008);
    expect_text(&s, "5");
    ck_assert_uint_eq(take_number(&s), 0xa009);
    expect_text(&s, "a=b");
    expect_text(&s, "X-Own");
    expect_text(&s, "x");
    ck_assert_uint_eq(take_byte(&s), 3);
    expect_text(&s, "joe");
    ck_assert_uint_eq(take_byte(&s), 4);
    expect_text(&s, "Basic");
    ck_assert_uint_eq(take_byte(&s), 5);
    expect_text(&s, "q=1");
    ck_assert_uint_eq(take_byte(&s), 10);
    expect_text(&s, "AJP_SSL_PROTOCOL");
    expect_text(&s, "TLSv1.3");
    ck_assert_uint_eq(take_byte(&s), 8);
    expect_text(&s, "X");
    ck_assert_uint_eq(take_byte(&s), 11);
    ck_assert_uint_eq(take_number(&s), 256);
    ck_assert_uint_eq(take_byte(&s), 10);
    expect_text(&s, "AJP_REMOTE_PORT");
    expect_text(&s, "40000");
    ck_assert_uint_eq(take_byte(&s), 10);
    expect_text(&s, "AJP_LOCAL_ADDR");
    expect_text(&s, "192.0.2.7");
    ck_assert_uint_eq(take_byte(&s), 0xff);
    ck_assert_uint_eq(s.n, 0);
}
END_TEST

static const struct {
    const char *method;
    unsigned code;
} methods[] = {
    {"OPTIONS", 1},      {"GET", 2},
    {"HEAD", 3},         {"POST", 4},
    {"PUT", 5},          {"DELETE", 6},
    {"TRACE", 7},        {"MOVE", 12},
    {"CHECKIN", 18},     {"VERSION-CONTROL", 17},
    {"SEARCH", 21},      {"BASELINE-CONTROL", 26},
    {"PATCH", 255},      {"OWN", 255},
    {"MKWORKSPACE", 22}, {"MKACTIVITY", 27},
    {"REPORT", 16},      {"PROPFIND", 8},
};

START_TEST(methods_have_numbers) {
    t.r.in.method_text = span_of(methods[_i].method);
    t.r.in.method = method_find(t.r.in.method_text);
    ck_assert_int_eq(ajp13_codec.begin(&t.p, &t.out), 0);
    struct span s = pair_said(&t);
    ck_assert_uint_eq((unsigned char)s.p[5], methods[_i].code);
    bool is_stored = span_search(s, t.r.in.method_text) < s.n && s.p[span_search(s, t.r.in.method_text) - 3] == 13;
    ck_assert(is_stored == (methods[_i].code == 255));
}
END_TEST

START_TEST(requests_are_bounded) {
    char value[9000];
    memset(value, 'v', sizeof value - 1);
    value[sizeof value - 1] = '\0';
    pair_field(&t, "X-Long", value);
    ck_assert_int_eq(ajp13_codec.begin(&t.p, &t.out), 431);
    ck_assert_uint_eq(t.out.bytes, 0);
    t.p.body_bytes = BODY_UNKNOWN;
    ck_assert_int_eq(ajp13_codec.begin(&t.p, &t.out), 411);
}
END_TEST

/* ---- the request's body ----------------------------------------------------------------------- */

/* The first piece comes unasked, the others when they are wanted, at last a packet without anything. */
START_TEST(body_comes_when_it_is_wanted) {
    struct chunks body = {0};
    struct buf all = {0};
    for (int i = 0; i < 10000; i++) buf_add_char(&all, 'b');
    chunks_add_copy(&body, buf_span(&all));
    t.p.body_bytes = 10000;
    ck_assert_int_eq(ajp13_codec.begin(&t.p, &t.out), 0);
    chunks_clear(&t.out);
    ck_assert_uint_eq(ajp13_codec.body(&t.p, &t.out, &body, 1 << 20), 8186);
    ck_assert(span_starts(pair_said(&t), SPAN("\x12\x34\x1f\xfc\x1f\xfa"
                                              "bb")));
    ck_assert_uint_eq(t.out.bytes, 8192);
    ck_assert_uint_eq(ajp13_codec.body(&t.p, &t.out, &body, 1 << 20), 0); /* nobody has asked */
    struct span in = SPAN("AB\0\3\6\0\144");
    ck_assert_int_eq(ajp13_codec.take(&t.p, &in), TAKE_MORE);
    ck_assert_uint_eq(t.p.wanted, 100);
    chunks_clear(&t.out);
    ck_assert_uint_eq(ajp13_codec.body(&t.p, &t.out, &body, 1 << 20), 100);
    ck_assert_uint_eq(t.out.bytes, 106);
    in = SPAN("AB\0\3\6\x1f\xfa");
    ck_assert_int_eq(ajp13_codec.take(&t.p, &in), TAKE_MORE);
    ck_assert_uint_eq(ajp13_codec.body(&t.p, &t.out, &body, 1 << 20), 1714);
    ajp13_codec.end(&t.p, &t.out);
    chunks_clear(&t.out);
    in = SPAN("AB\0\3\6\x1f\xfa");
    ck_assert_int_eq(ajp13_codec.take(&t.p, &in), TAKE_MORE);
    ck_assert_uint_eq(ajp13_codec.body(&t.p, &t.out, &body, 1 << 20), 0);
    ck_assert(span_is(pair_said(&t), SPAN("\x12\x34\0\0")));
    ck_assert_uint_eq(t.p.wanted, 0);
    chunks_clear(&body);
    buf_done(&all);
}
END_TEST

START_TEST(end_answers_a_wish) {
    ck_assert_int_eq(ajp13_codec.begin(&t.p, &t.out), 0);
    chunks_clear(&t.out);
    struct span in = SPAN("AB\0\3\6\0\144");
    ck_assert_int_eq(ajp13_codec.take(&t.p, &in), TAKE_MORE);
    ajp13_codec.end(&t.p, &t.out);
    ck_assert(span_is(pair_said(&t), SPAN("\x12\x34\0\0")));
}
END_TEST

/* ---- the response ----------------------------------------------------------------------------- */

#define HEAD "AB\0\27\4\0\310\0\2OK\0\0\1\240\1\0\10text/css\0"
#define LENGTH_5 \
    "AB\0\20\4\0\310\0\2OK\0\0\1\240\3\0\1" \
    "5\0"
#define PIECE "AB\0\11\3\0\5hello\0"
#define OVER "AB\0\2\5\1"
#define CLOSES "AB\0\2\5\0"

static const struct {
    const char *bytes;
    size_t n;
    const char *story;
} responses[] = {
#define ROW(bytes, story) \
    { bytes, sizeof(bytes) - 1, story }
    ROW(HEAD PIECE OVER, "200 Content-Type: text/css; | -1 | hello | END keep"),
    ROW(HEAD PIECE CLOSES, "200 Content-Type: text/css; | -1 | hello | END"),
    ROW(HEAD OVER, "200 Content-Type: text/css; | -1 |  | END keep"),
    ROW(LENGTH_5 PIECE OVER, "200 | 5 | hello | END keep"),
    ROW(HEAD "AB\0\1\11" PIECE "AB\0\4\3\0\0\0" PIECE OVER,
        "200 Content-Type: text/css; | -1 | hellohello | END keep"),
    ROW("AB\0\17\4\1\224\377\377\0\1\0\1A\0\0\1b\0" OVER, "404 A: b; | -1 |  | END keep"),
    ROW("AB\0\16\4\0\147\0\0\0\0\1\0\1A\0\377\377" HEAD OVER,
        "103 A: ; 200 Content-Type: text/css; | -1 |  | END keep"),
    /* hostile */
    ROW("HTTP/1.1 400", "|  | BROKEN it does not speak AJP13"),
    ROW("\x12\x34\0\2\5\1", "|  | BROKEN it does not speak AJP13"),
    ROW("AB\0\0", "|  | BROKEN it sends an empty packet"),
    ROW("AB\0\1\143", "|  | BROKEN it sends a packet of type 99"),
    ROW(PIECE, "|  | BROKEN it sends a body before the head"),
    ROW(OVER, "|  | BROKEN it ended without a response"),
    ROW(HEAD HEAD, "200 Content-Type: text/css; |  | BROKEN it sends a second head"),
    ROW(HEAD PIECE, "200 Content-Type: text/css; | hello | BROKEN it ended after 5 bytes, without END_RESPONSE"),
    ROW(HEAD "AB\0\5\3\0\5he",
        "200 Content-Type: text/css; |  | BROKEN a piece of its body has 3 bytes more than its packet"),
    ROW(HEAD "AB\0\2\3\0", "200 Content-Type: text/css; |  | BROKEN its packet of type 3 is too short"),
    ROW(HEAD "AB\0\1\5", "200 Content-Type: text/css; |  | BROKEN its packet of type 5 is too short"),
    ROW("AB\0\2\6\0", "|  | BROKEN its packet of type 6 is too short"),
    ROW("AB\0\3\4\0\310", "|  | BROKEN its packet SEND_HEADERS is not whole"),
    ROW("AB\0\7\4\0\310\0\77OK", "|  | BROKEN its packet SEND_HEADERS is not whole"),
    ROW("AB\0\10\4\0\143\0\0\0\0\0", "|  | BROKEN its status is 99"),
    ROW("AB\0\10\4\0\145\0\0\0\0\0", "|  | BROKEN its status is 101"),
    ROW("AB\0\10\4\0\310\0\0\0\377\377", "|  | BROKEN its head has 65535 fields"),
    ROW("AB\0\17\4\0\310\377\377\0\1\0\1A\0\0\1\n\0", "|  | BROKEN field 1 of its head is broken"),
    ROW("AB\0\17\4\0\310\377\377\0\1\0\1:\0\0\1b\0", "|  | BROKEN field 1 of its head is broken"),
    ROW("AB\0\17\4\0\310\377\377\0\1\0\1A\0\0\1bX", "|  | BROKEN field 1 of its head is broken"),
    ROW("AB\0\15\4\0\310\377\377\0\1\240\14\0\1b\0", "|  | BROKEN field 1 of its head is broken"),
    ROW("AB\0\15\4\0\310\377\377\0\1\240\3\0\1x\0", "|  | BROKEN field 1 of its head is broken"),
    ROW("", "|  | BROKEN it ended without a response"),
#undef ROW
};

static void squeeze(const char *from, char *to) {
    for (; *from; from++)
        if (*from != ' ' || to[-1] != ' ') *to++ = *from;
    *to = '\0';
}

START_TEST(understands_responses) {
    char heard[300] = " ", expected[300] = " ";
    struct span response = {responses[_i].bytes, responses[_i].n};
    squeeze(responses[_i].story, expected + 1);
    for (size_t step = response.n + 1; step > 0; step--) {
        pair_anew(&t);
        squeeze(pair_hear(&t, response, step, true), heard + 1);
        ck_assert_msg(strcmp(heard, expected) == 0, "in steps of %zu: \"%s\"", step, heard);
    }
}
END_TEST

START_TEST(does_not_keep_what_was_not_said_to_its_end) {
    t.p.body_bytes = 5;
    ck_assert_str_eq(pair_hear(&t, SPAN(HEAD OVER), 99, true), "200 Content-Type: text/css; | -1 |  | END");
    pair_anew(&t);
    t.p.body_bytes = 0;
    t.host.keep_alive = false;
    ck_assert_str_eq(pair_hear(&t, SPAN(HEAD OVER), 99, true), "200 Content-Type: text/css; | -1 |  | END");
}
END_TEST

START_TEST(interims_are_bounded) {
    for (int i = 0; i < 17; i++) buf_add(&wire, SPAN("AB\0\11\4\0\147\0\0\0\0\0\0"));
    ck_assert_ptr_nonnull(strstr(pair_hear(&t, buf_span(&wire), 99, true), "BROKEN it sends more than 16 interim"));
}
END_TEST

int main(void) {
    Suite *suite = suite_create("ajp");
    TCase *cases = tcase_create("ajp");
    tcase_add_checked_fixture(cases, begin, end);
    tcase_add_test(cases, forwards_a_request);
    tcase_add_loop_test(cases, methods_have_numbers, 0, (int)(sizeof methods / sizeof *methods));
    tcase_add_test(cases, requests_are_bounded);
    tcase_add_test(cases, body_comes_when_it_is_wanted);
    tcase_add_test(cases, end_answers_a_wish);
    tcase_add_loop_test(cases, understands_responses, 0, (int)(sizeof responses / sizeof *responses));
    tcase_add_test(cases, does_not_keep_what_was_not_said_to_its_end);
    tcase_add_test(cases, interims_are_bounded);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
