/* test_parse.c - request heads and trailers: every case at once, in two pieces at every position, byte for byte */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "h1/h1.h"
#include "http/uri.h"

#define HOST "Host: a\r\n"
#define GET "GET / HTTP/1.1\r\n" HOST
#define POST "POST / HTTP/1.1\r\n" HOST

enum { STRICT = PARSE_DEFAULTS, LENIENT = PARSE_DEFAULTS & ~PARSE_HEADER_STRICT };

/* What a message says, as text: method version [k]eep [e]xpect [c]hunked body scheme authority path query; fields */
static const struct {
    struct span sent;
    unsigned options;
    int result;
    const char *message; /* NULL: only the result counts */
} cases[] = {
    {SPAN_INIT(GET "\r\n"), STRICT, H1_DONE, "GET 11 k 0 - a / - Host=a"},
    {SPAN_INIT("HEAD /x?y HTTP/1.1\r\nhOST:\ta \t\r\nAccept:*/*\r\n\r\nGET"), STRICT, H1_DONE,
     "HEAD 11 k 0 - a /x y hOST=a Accept=*/*"},
    {SPAN_INIT("GET / HTTP/1.0\r\n\r\n"), STRICT, H1_DONE, "GET 10  0 -  / -"},
    {SPAN_INIT("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n"), STRICT, H1_DONE,
     "GET 10 k 0 -  / - Connection=Keep-Alive"},
    {SPAN_INIT("GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n"), STRICT, H1_DONE, NULL},
    {SPAN_INIT(GET "Connection: x, ,Close\r\n\r\n"), STRICT, H1_DONE,
     "GET 11  0 - a / - Host=a Connection=x, ,Close"},
    {SPAN_INIT(GET "Connection:\r\nX:\r\n\r\n"), STRICT, H1_DONE, "GET 11 k 0 - a / - Host=a Connection= X="},
    {SPAN_INIT("GET / HTTP/1.9\r\n" HOST "\r\n"), STRICT, H1_DONE, "GET 11 k 0 - a / - Host=a"},
    {SPAN_INIT("XYZZY / HTTP/1.1\r\n" HOST "\r\n"), STRICT, H1_DONE, "XYZZY 11 k 0 - a / - Host=a"},
    {SPAN_INIT(GET "X: \x80\xff\ta\r\n\r\n"), STRICT, H1_DONE, "GET 11 k 0 - a / - Host=a X=\x80\xff\ta"},
    {SPAN_INIT(GET "X: :\r\n\r\n"), STRICT, H1_DONE, "GET 11 k 0 - a / - Host=a X=:"},

    /* empty lines before */
    {SPAN_INIT("\r\n" GET "\r\n"), STRICT, H1_DONE, "GET 11 k 0 - a / - Host=a"},
    {SPAN_INIT("\r\n\r\n\r\n\r\n" GET "\r\n"), STRICT, H1_DONE, "GET 11 k 0 - a / - Host=a"},
    {SPAN_INIT("\r\n\r\n\r\n\r\n\r\n" GET "\r\n"), STRICT, 400, NULL},
    {SPAN_INIT("\r\n\r\nGET\r\n\r\n"), STRICT, 400, NULL},
    {SPAN_INIT("\n" GET "\r\n"), STRICT, 400, NULL},
    {SPAN_INIT("\n\r\n" GET "\r\n"), LENIENT, H1_DONE, "GET 11 k 0 - a / - Host=a"},
    {SPAN_INIT("\r" GET "\r\n"), LENIENT, 400, NULL},
    {SPAN_INIT(" " GET "\r\n"), STRICT, 400, NULL},
    {SPAN_INIT("\x16\x03\x01\x02"), STRICT, 400, NULL},
    {SPAN_INIT("\0"), LENIENT, 400, NULL},

    /* not complete */
    {SPAN_INIT(""), STRICT, H1_MORE, NULL},
    {SPAN_INIT("\r"), STRICT, H1_MORE, NULL},
    {SPAN_INIT("\r\n"), STRICT, H1_MORE, NULL},
    {SPAN_INIT("GET"), STRICT, H1_MORE, NULL},
    {SPAN_INIT(GET), STRICT, H1_MORE, NULL},
    {SPAN_INIT(GET "\r"), STRICT, H1_MORE, NULL},
    {SPAN_INIT("GET bad\r\nline"), STRICT, H1_MORE, NULL},

    /* line ends */
    {SPAN_INIT("GET / HTTP/1.1\nHost: a\n\n"), STRICT, 400, NULL},
    {SPAN_INIT("GET / HTTP/1.1\nHost: a\n\n"), LENIENT, H1_DONE, "GET 11 k 0 - a / - Host=a"},
    {SPAN_INIT("GET / HTTP/1.1\r\nHost: a\n\r\n"), LENIENT, H1_DONE, "GET 11 k 0 - a / - Host=a"},
    {SPAN_INIT(GET "\n"), STRICT, 400, NULL},
    {SPAN_INIT(GET "X: a\rb\r\n\r\n"), STRICT, 400, NULL},
    {SPAN_INIT(GET "X: a\rb\r\n\r\n"), LENIENT, 400, NULL},
    {SPAN_INIT(GET "X: a\r\r\n\r\n"), LENIENT, 400, NULL},
    {SPAN_INIT("GET / HTTP/1.1\r\r\nHost: a\r\n\r\n"), STRICT, 400, NULL},
    {SPAN_INIT(GET "X: a\0b\r\n\r\n"), STRICT, 400, NULL},
    {SPAN_INIT(GET "X: a\0b\r\n\r\n"), LENIENT, 400, NULL},
    {SPAN_INIT(GET "X: a\x01\r\n\r\n"), STRICT, 400, NULL},
    {SPAN_INIT(GET "X: a\x01\r\n\r\n"), LENIENT, H1_DONE, "GET 11 k 0 - a / - Host=a X=a\x01"},
    {SPAN_INIT(GET "X: a\x7f\r\n\r\n"), STRICT, 400, NULL},

    /* fields */
    {SPAN_INIT(GET "X : a\r\n\r\n"), STRICT, 400, NULL},
    {SPAN_INIT(GET "Connection : close\r\n\r\n"), STRICT, 400, NULL},
    {SPAN_INIT(GET " X: a\r\n\r\n"), STRICT, 400, NULL},
    {SPAN_INIT(GET "X: a\r\n b\r\n\r\n"), STRICT, 400, NULL},
    {SPAN_INIT(GET "X: a\r\n\tb: c\r\n\r\n"), STRICT, 400, NULL},
    {SPAN_INIT(GET "X: a\r\n \r\n\r\n"), LENIENT, 400, NULL},
    {SPAN_INIT(GET ": a\r\n\r\n"), STRICT, 400, NULL},
    {SPAN_INIT(GET "X\r\n\r\n"), STRICT, 400, NULL},
    {SPAN_INIT(GET "X(: a\r\n\r\n"), STRICT, 400, NULL},
    {SPAN_INIT(GET "X\xff: a\r\n\r\n"), STRICT, 400, NULL},

    /* the request line */
    {SPAN_INIT("GET /\r\n\r\n"), STRICT, 400, NULL},
    {SPAN_INIT("GET / \r\n\r\n"), STRICT, 400, NULL},
    {SPAN_INIT("GET  / HTTP/1.1\r\n" HOST "\r\n"), STRICT, 400, NULL},
    {SPAN_INIT("GET /  HTTP/1.1\r\n" HOST "\r\n"), STRICT, 400, NULL},
    {SPAN_INIT("GET / HTTP/1.1 \r\n" HOST "\r\n"), STRICT, 400, NULL},
    {SPAN_INIT("GET /a b HTTP/1.1\r\n" HOST "\r\n"), STRICT, 400, NULL},
    {SPAN_INIT("GET\t/ HTTP/1.1\r\n" HOST "\r\n"), STRICT, 400, NULL},
    {SPAN_INIT("GET /\t HTTP/1.1\r\n" HOST "\r\n"), STRICT, 400, NULL},
    {SPAN_INIT("G(T / HTTP/1.1\r\n" HOST "\r\n"), STRICT, 400, NULL},
    {SPAN_INIT("GET / HTTP/1.1x\r\n" HOST "\r\n"), STRICT, 400, NULL},
    {SPAN_INIT("GET / HTTP/1.\r\n" HOST "\r\n"), STRICT, 400, NULL},
    {SPAN_INIT("GET / HTTP/11\r\n" HOST "\r\n"), STRICT, 400, NULL},
    {SPAN_INIT("GET / HTTP/1.10\r\n" HOST "\r\n"), STRICT, 400, NULL},
    {SPAN_INIT("GET / HTTP/x.1\r\n" HOST "\r\n"), STRICT, 400, NULL},
    {SPAN_INIT("GET / http/1.1\r\n" HOST "\r\n"), STRICT, 400, NULL},
    {SPAN_INIT("GET / XTTP/1.1\r\n" HOST "\r\n"), STRICT, 400, NULL},
    {SPAN_INIT("GET / HTTP/2.0\r\n" HOST "\r\n"), STRICT, 505, NULL},
    {SPAN_INIT("GET / HTTP/0.9\r\n\r\n"), STRICT, 505, NULL},
    {SPAN_INIT("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), STRICT, 505, NULL},
    {SPAN_INIT("ABCDEFGHIJKLMNOPQRSTUVWXYZ012345 / HTTP/1.0\r\n\r\n"), STRICT, H1_DONE, NULL},
    {SPAN_INIT("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456 / HTTP/1.0\r\n\r\n"), STRICT, 501, NULL},
    {SPAN_INIT("GET /%00 HTTP/1.0\r\n\r\n"), STRICT, 400, NULL},
    {SPAN_INIT("GET a HTTP/1.0\r\n\r\n"), STRICT, 400, NULL},
    {SPAN_INIT("GET /#a HTTP/1.0\r\n\r\n"), STRICT, 400, NULL},
    {SPAN_INIT("GET /%41/../b?c HTTP/1.0\r\n\r\n"), STRICT, H1_DONE, "GET 10  0 -  /b c"},

    /* forms of the target, Host */
    {SPAN_INIT("GET / HTTP/1.1\r\n\r\n"), STRICT, 400, NULL},
    {SPAN_INIT(GET HOST "\r\n"), STRICT, 400, NULL},
    {SPAN_INIT(GET "Host: b\r\n\r\n"), STRICT, 400, NULL},
    {SPAN_INIT("GET / HTTP/1.1\r\nHost: a b\r\n\r\n"), STRICT, 400, NULL},
    {SPAN_INIT("GET / HTTP/1.1\r\nHost: u@a\r\n\r\n"), STRICT, 400, NULL},
    {SPAN_INIT("GET / HTTP/1.1\r\nHost: a/../b\r\n\r\n"), STRICT, 400, NULL},
    {SPAN_INIT("GET / HTTP/1.1\r\nHost: a, b\r\n\r\n"), STRICT, 400, NULL},
    {SPAN_INIT("GET / HTTP/1.1\r\nHost:\r\n\r\n"), STRICT, 400, NULL},
    {SPAN_INIT("GET / HTTP/1.1\r\nHost:\r\n\r\n"), STRICT & ~PARSE_HOST_STRICT, H1_DONE,
     "GET 11 k 0 -  / - Host="},
    {SPAN_INIT("GET / HTTP/1.1\r\nHost: A.B.:80\r\n\r\n"), STRICT, H1_DONE,
     "GET 11 k 0 - a.b:80 / - Host=A.B.:80"},
    {SPAN_INIT("GET HTTP://B:81/x?y HTTP/1.1\r\n" HOST "\r\n"), STRICT, H1_DONE,
     "GET 11 k 0 http b:81 /x y Host=b:81"},
    {SPAN_INIT("GET https://b HTTP/1.0\r\n\r\n"), STRICT, H1_DONE, "GET 10  0 https b / - Host=b"},
    {SPAN_INIT("GET http://b?y HTTP/1.0\r\n\r\n"), STRICT, H1_DONE, "GET 10  0 http b / y Host=b"},
    {SPAN_INIT("OPTIONS http://b HTTP/1.0\r\n\r\n"), STRICT, H1_DONE, "OPTIONS 10  0 http b * - Host=b"},
    {SPAN_INIT("GET http://b/ HTTP/1.1\r\n\r\n"), STRICT, 400, NULL},
    {SPAN_INIT("GET http:///x HTTP/1.0\r\n\r\n"), STRICT, 400, NULL},
    {SPAN_INIT("GET http://u:p@b/ HTTP/1.0\r\n\r\n"), STRICT, 400, NULL},
    {SPAN_INIT("GET http://b#x HTTP/1.0\r\n\r\n"), STRICT, 400, NULL},
    {SPAN_INIT("GET ftp://b/ HTTP/1.0\r\n\r\n"), STRICT, 400, NULL},
    {SPAN_INIT("OPTIONS * HTTP/1.1\r\n" HOST "\r\n"), STRICT, H1_DONE, "OPTIONS 11 k 0 - a * - Host=a"},
    {SPAN_INIT("GET * HTTP/1.1\r\n" HOST "\r\n"), STRICT, 400, NULL},
    {SPAN_INIT("OPTIONS *x HTTP/1.1\r\n" HOST "\r\n"), STRICT, 400, NULL},
    {SPAN_INIT("CONNECT B:443 HTTP/1.1\r\n" HOST "\r\n"), STRICT, H1_DONE, "CONNECT 11  0 - b:443  - Host=a"},
    {SPAN_INIT("CONNECT [::1]:443 HTTP/1.1\r\n" HOST "\r\n"), STRICT, H1_DONE,
     "CONNECT 11  0 - [::1]:443  - Host=a"},
    {SPAN_INIT("CONNECT b HTTP/1.1\r\n" HOST "\r\n"), STRICT, 400, NULL},
    {SPAN_INIT("CONNECT b: HTTP/1.1\r\n" HOST "\r\n"), STRICT, 400, NULL},
    {SPAN_INIT("CONNECT / HTTP/1.1\r\n" HOST "\r\n"), STRICT, 400, NULL},
    {SPAN_INIT("CONNECT u@b:1 HTTP/1.1\r\n" HOST "\r\n"), STRICT, 400, NULL},
    {SPAN_INIT("GET b:443 HTTP/1.1\r\n" HOST "\r\n"), STRICT, 400, NULL},

    /* bodies */
    {SPAN_INIT(POST "\r\n"), STRICT, H1_DONE, "POST 11 k 0 - a / - Host=a"},
    {SPAN_INIT(POST "Content-Length: 5\r\n\r\n"), STRICT, H1_DONE,
     "POST 11 k 5 - a / - Host=a Content-Length=5"},
    {SPAN_INIT(POST "Content-Length: 5\r\nContent-Length: 05\r\n\r\n"), STRICT, H1_DONE,
     "POST 11 k 5 - a / - Host=a Content-Length=5"},
    {SPAN_INIT(POST "Content-Length: 5, 5\r\n\r\n"), STRICT, H1_DONE,
     "POST 11 k 5 - a / - Host=a Content-Length=5"},
    {SPAN_INIT(POST "Content-Length: 9223372036854775807\r\n\r\n"), STRICT, H1_DONE, NULL},
    {SPAN_INIT(POST "Content-Length: 9223372036854775808\r\n\r\n"), STRICT, 413, NULL},
    {SPAN_INIT(POST "Content-Length: 99999999999999999999999\r\n\r\n"), STRICT, 413, NULL},
    {SPAN_INIT(POST "Content-Length: 5\r\nContent-Length: 6\r\n\r\n"), STRICT, 400, NULL},
    {SPAN_INIT(POST "Content-Length: 5, 6\r\n\r\n"), STRICT, 400, NULL},
    {SPAN_INIT(POST "Content-Length: 0\r\nContent-Length: 1\r\n\r\n"), STRICT, 400, NULL},
    {SPAN_INIT(POST "Content-Length: 5,\r\n\r\n"), STRICT, 400, NULL},
    {SPAN_INIT(POST "Content-Length:\r\n\r\n"), STRICT, 400, NULL},
    {SPAN_INIT(POST "Content-Length: +5\r\n\r\n"), STRICT, 400, NULL},
    {SPAN_INIT(POST "Content-Length: -5\r\n\r\n"), STRICT, 400, NULL},
    {SPAN_INIT(POST "Content-Length: 5 5\r\n\r\n"), STRICT, 400, NULL},
    {SPAN_INIT(POST "Content-Length: 0x5\r\n\r\n"), STRICT, 400, NULL},
    {SPAN_INIT(POST "Content-Length: 5.0\r\n\r\n"), STRICT, 400, NULL},
    {SPAN_INIT(POST "Transfer-Encoding: Chunked\r\n\r\n"), STRICT, H1_DONE,
     "POST 11 kc -1 - a / - Host=a Transfer-Encoding=Chunked"},
    {SPAN_INIT(POST "Transfer-Encoding: , chunked ,\r\n\r\n"), STRICT, H1_DONE, NULL},
    {SPAN_INIT(POST "Transfer-Encoding: gzip, chunked\r\n\r\n"), STRICT, 501, NULL},
    {SPAN_INIT(POST "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n"), STRICT, 501, NULL},
    {SPAN_INIT(POST "Transfer-Encoding: chunked, gzip\r\n\r\n"), STRICT, 400, NULL},
    {SPAN_INIT(POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n"), STRICT, 400, NULL},
    {SPAN_INIT(POST "Transfer-Encoding: chunked, chunked\r\n\r\n"), STRICT, 400, NULL},
    {SPAN_INIT(POST "Transfer-Encoding: gzip\r\n\r\n"), STRICT, 400, NULL},
    {SPAN_INIT(POST "Transfer-Encoding: xchunked\r\n\r\n"), STRICT, 400, NULL},
    {SPAN_INIT(POST "Transfer-Encoding: \"chunked\"\r\n\r\n"), STRICT, 400, NULL},
    {SPAN_INIT(POST "Transfer-Encoding:\r\n\r\n"), STRICT, 400, NULL},
    {SPAN_INIT(POST "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n"), STRICT, 400, NULL},
    {SPAN_INIT(POST "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n"), STRICT, 400, NULL},
    {SPAN_INIT("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"), STRICT, 400, NULL},
    {SPAN_INIT(GET "Content-Length: 0\r\n\r\n"), STRICT, H1_DONE, NULL},
    {SPAN_INIT(GET "Content-Length: 1\r\n\r\n"), STRICT, 400, NULL},
    {SPAN_INIT(GET "Transfer-Encoding: chunked\r\n\r\n"), STRICT, 400, NULL},
    {SPAN_INIT(GET "Content-Length: 1\r\n\r\n"), STRICT | PARSE_METHOD_GET_BODY, H1_DONE,
     "GET 11 k 1 - a / - Host=a Content-Length=1"},

    /* Expect */
    {SPAN_INIT(POST "Content-Length: 1\r\nExpect: 100-Continue\r\n\r\n"), STRICT, H1_DONE,
     "POST 11 ke 1 - a / - Host=a Content-Length=1 Expect=100-Continue"},
    {SPAN_INIT(POST "Expect: 100-continue\r\n\r\n"), STRICT, H1_DONE,
     "POST 11 k 0 - a / - Host=a Expect=100-continue"},
    {SPAN_INIT("POST / HTTP/1.0\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\n"), STRICT, H1_DONE,
     "POST 10  1 -  / - Content-Length=1 Expect=100-continue"},
    {SPAN_INIT("POST / HTTP/1.0\r\nExpect: wonders\r\n\r\n"), STRICT, H1_DONE, NULL},
    {SPAN_INIT(GET "Expect: wonders\r\n\r\n"), STRICT, 417, "GET 11 k 0 - a / - Host=a Expect=wonders"},
    {SPAN_INIT(POST "Content-Length: 1\r\nExpect: wonders\r\n\r\n"), STRICT, 417,
     "POST 11  1 - a / - Host=a Content-Length=1 Expect=wonders"},
};

/* A parse with all that it needs; `in` is given in growing prefixes. */
struct parse {
    struct message m;
    struct arena arena;
    struct h1_limits limits;
    size_t seen, used;
    int result;
};

static void parse_prefix(struct parse *p, struct span in) {
    p->result = h1_parse_head(&p->m, in, &p->seen, &p->used, &p->limits, &p->arena);
    if (p->result != H1_MORE) ck_assert_uint_le(p->used, in.n);
}

static void describe(const struct message *m, struct buf *out) {
    buf_printf(out, "%.*s %d ", SPAN_ARG(m->method_text), m->version);
    buf_printf(out, "%s%s%s", m->keep_alive ? "k" : "", m->expect_continue ? "e" : "", m->chunked ? "c" : "");
    buf_printf(out, " %" PRId64 " ", m->body_bytes);
    buf_printf(out, "%.*s ", SPAN_ARG(m->scheme.n ? m->scheme : SPAN("-")));
    buf_printf(out, "%.*s %.*s ", SPAN_ARG(m->authority), SPAN_ARG(m->uri.path));
    buf_printf(out, "%.*s", SPAN_ARG(m->uri.query.p ? m->uri.query : SPAN("-")));
    for (uint32_t i = 0; i < m->fields.count; i++)
        buf_printf(out, " %.*s=%.*s", SPAN_ARG(m->fields.list[i].name), SPAN_ARG(m->fields.list[i].value));
}

static void check(const struct parse *p, int i) {
    struct buf text = {NULL, 0, 0};
    describe(&p->m, &text);
    ck_assert_msg(p->result == cases[i].result, "%.*s: %d (%s)", SPAN_ARG(cases[i].sent), p->result, buf_text(&text));
    if (cases[i].message) ck_assert_str_eq(buf_text(&text), cases[i].message);
    if (p->result > H1_DONE && p->result != 417) ck_assert(!p->m.keep_alive);
    if (p->result == H1_DONE) ck_assert(span_ends(span_upto(cases[i].sent, p->used), SPAN("\n")));
    buf_done(&text);
}

static struct parse start(int i) {
    return (struct parse){.limits = {8192, 100, cases[i].options}};
}

START_TEST(at_once) {
    struct parse p = start(_i);
    parse_prefix(&p, cases[_i].sent);
    check(&p, _i);
    arena_done(&p.arena);
}
END_TEST

START_TEST(in_two_pieces) {
    struct parse whole = start(_i);
    parse_prefix(&whole, cases[_i].sent);
    for (size_t split = 0; split < cases[_i].sent.n; split++) {
        struct parse p = start(_i);
        parse_prefix(&p, span_upto(cases[_i].sent, split));
        if (p.result == H1_MORE) parse_prefix(&p, cases[_i].sent);
        if (p.result != 400) ck_assert_uint_eq(p.used, whole.used);
        check(&p, _i);
        arena_done(&p.arena);
    }
    arena_done(&whole.arena);
}
END_TEST

START_TEST(byte_for_byte) {
    struct parse p = start(_i);
    for (size_t n = 0; n <= cases[_i].sent.n && p.result == H1_MORE; n++)
        parse_prefix(&p, span_upto(cases[_i].sent, n));
    check(&p, _i);
    arena_done(&p.arena);
}
END_TEST

/* A head of exactly the limit is read, one byte more is not; which status says what was too large. */
static void check_limit(const char *text, uint32_t limit, uint32_t fields, int result) {
    struct span sent = span_of(text);
    for (int bytewise = 0; bytewise < 2; bytewise++) {
        struct parse p = {.limits = {limit, fields, PARSE_DEFAULTS}};
        for (size_t n = bytewise ? 0 : sent.n; n <= sent.n && p.result == H1_MORE; n++)
            parse_prefix(&p, span_upto(sent, n));
        ck_assert_msg(p.result == result, "%s, limits %u %u: %d", text, limit, fields, p.result);
        arena_done(&p.arena);
    }
}

START_TEST(heads_are_bounded) {
    check_limit(GET "\r\n", sizeof GET "\r\n" - 1, 1, H1_DONE);
    check_limit(GET "\r\n", sizeof GET "\r\n" - 2, 1, 431);
    check_limit("\r\n\r\n" GET "\r\n", sizeof GET "\r\n" - 1, 1, H1_DONE);
    check_limit(GET "\r\n", 16, 1, 431);
    check_limit(GET "\r\n", 15, 1, 414);
    check_limit("GET /aaaaaaaaaaaaaaaaaaaaaaaa", 10, 1, 414);
    check_limit("GET bad\r\nbad\r\nbad", 12, 1, 431);
    check_limit(GET "X: y\r\n\r\n", 8192, 1, 431);
    check_limit(GET "X: y\r\n\r\n", 8192, 2, H1_DONE);
    check_limit(GET "Content-Length: 0\r\nContent-Length: 0\r\n\r\n", 8192, 2, 431);
}
END_TEST

START_TEST(what_is_refused_is_still_described) {
    struct parse p = {.limits = {8192, 100, PARSE_DEFAULTS}};
    parse_prefix(&p, SPAN("HEAD /x HTTP/1.0\r\nbad\r\n\r\nGET"));
    ck_assert_int_eq(p.result, 400);
    ck_assert_int_eq(p.m.method, METHOD_HEAD);
    ck_assert_uint_eq(p.m.version, 10);
    ck_assert(span_is(p.m.target_sent, SPAN("/x")));
    ck_assert_uint_eq(p.used, 25);
    arena_done(&p.arena);
}
END_TEST

/* Pipelined requests follow one another where `used` says. */
START_TEST(pipelined_requests) {
    struct span in = SPAN(GET "\r\n\r\n" GET "X: y\r\n\r\nGET /bad\r\n\r\n");
    struct parse p = {.limits = {8192, 100, PARSE_DEFAULTS}};
    static const int results[] = {H1_DONE, H1_DONE, 400};
    for (size_t i = 0; i < 3; i++) {
        p.seen = 0;
        parse_prefix(&p, in);
        ck_assert_int_eq(p.result, results[i]);
        in = span_from(in, p.used);
    }
    ck_assert_uint_eq(in.n, 0);
    arena_done(&p.arena);
}
END_TEST

/* A clean head: nothing but the list of fields is allocated, everything points into the input. */
START_TEST(clean_heads_are_not_copied) {
    struct span in = SPAN("GET /a/b?c HTTP/1.1\r\nHost: a.example\r\nUser-Agent: x\r\n\r\n");
    struct parse p = {.limits = {8192, 100, PARSE_DEFAULTS}};
    parse_prefix(&p, in);
    ck_assert_int_eq(p.result, H1_DONE);
    const struct span parts[] = {p.m.uri.target, p.m.uri.path, p.m.authority, p.m.fields.list[1].value};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        ck_assert(parts[i].p >= in.p && parts[i].p < in.p + in.n);
    arena_done(&p.arena);
}
END_TEST

static const struct {
    struct span sent;
    int result;
    size_t used;
    const char *fields;
} trailers[] = {
    {SPAN_INIT("\r\nGET"), H1_DONE, 2, ""},
    {SPAN_INIT("X-Sum: 1\r\n\r\nGET"), H1_DONE, 12, " X-Sum=1"},
    {SPAN_INIT("Server-Timing: a\r\nX: \r\n\r\n"), H1_DONE, 25, " Server-Timing=a X="},
    {SPAN_INIT("Host: b\r\nContent-Length: 5\r\ntransfer-encoding: chunked\r\nX: y\r\nAuthorization: z\r\n\r\n"),
     H1_DONE, 82, " X=y"},
    {SPAN_INIT(""), H1_MORE, 0, ""},
    {SPAN_INIT("\r"), H1_MORE, 0, ""},
    {SPAN_INIT("X: y\r\n"), H1_MORE, 0, ""},
    {SPAN_INIT("X: y\r\n\r"), H1_MORE, 0, ""},
    {SPAN_INIT("\n"), 400, 0, ""},
    {SPAN_INIT("X y\r\n\r\n"), 400, 0, ""},
    {SPAN_INIT("X : y\r\n\r\n"), 400, 0, ""},
    {SPAN_INIT("X: y\n\r\n"), 400, 0, ""},
    {SPAN_INIT("X: y\r\n z\r\n\r\n"), 400, 0, ""},
    {SPAN_INIT("A: 1\r\nB: 2\r\nC: 3\r\nD: 4\r\n\r\n"), 431, 0, ""},
    {SPAN_INIT("X: 0123456789012345678901234567890123456789"
               "012345678901234567890123456789012345678901234567890123456789"),
     431, 0, ""},
};

START_TEST(trailing_fields) {
    const struct h1_limits limits = {90, 3 + (unsigned)(_i == 3) * 2, PARSE_DEFAULTS};
    struct span sent = trailers[_i].sent;
    for (size_t split = 0; split <= sent.n; split++) {
        struct arena arena = {NULL, NULL, NULL};
        struct fields fields = {.list = NULL};
        struct buf text = {NULL, 0, 0};
        size_t used = 0;
        int result = h1_parse_trailers(&fields, span_upto(sent, split), &used, &limits, &arena);
        if (result == H1_MORE) result = h1_parse_trailers(&fields, sent, &used, &limits, &arena);
        ck_assert_msg(result == trailers[_i].result, "%.*s: %d", SPAN_ARG(sent), result);
        if (result == H1_DONE) {
            ck_assert_uint_eq(used, trailers[_i].used);
            for (uint32_t i = 0; i < fields.count; i++)
                buf_printf(&text, " %.*s=%.*s", SPAN_ARG(fields.list[i].name), SPAN_ARG(fields.list[i].value));
            ck_assert_str_eq(buf_text(&text), trailers[_i].fields);
        }
        buf_done(&text);
        arena_done(&arena);
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("parse");
    TCase *tests = tcase_create("parse");
    int count = sizeof cases / sizeof *cases;
    tcase_add_loop_test(tests, at_once, 0, count);
    tcase_add_loop_test(tests, in_two_pieces, 0, count);
    tcase_add_loop_test(tests, byte_for_byte, 0, count);
    tcase_add_test(tests, heads_are_bounded);
    tcase_add_test(tests, what_is_refused_is_still_described);
    tcase_add_test(tests, pipelined_requests);
    tcase_add_test(tests, clean_heads_are_not_copied);
    tcase_add_loop_test(tests, trailing_fields, 0, sizeof trailers / sizeof *trailers);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
