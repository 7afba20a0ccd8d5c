/* test_response.c - responses of backends: at once, byte by byte, and what is refused */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <check.h>
#include <stdlib.h>
#include <stdio.h>

#include "base/buf.h"
#include "h1/response.h"

/* What is told of a response: words with a space behind each. */
struct telling {
    struct h1_response x;
    struct arena arena;
    struct buf said, body;
};

enum { TO_HEAD = 1, TO_CONNECT = 2, TO_UPGRADE = 4, WITH_EOF = 8 };

static const struct {
    const char *sent;
    size_t n; /* 0: strlen() */
    unsigned how;
    const char *said, *body;
} cases[] = {
#define S(text) text, sizeof(text) - 1
    /* lengths */
    {S("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"), 0, "head 200 5 keep end", "hello"},
    {S("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), 0, "head 200 0 keep end", ""},
    {S("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello!"), 0, "head 200 5 keep end left 1", "hello"},
    {S("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell"), WITH_EOF, "head 200 5 keep more broken", "hell"},
    {S("HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\nContent-Length: 5\r\n\r\nhello"), 0, "head 200 5 keep end",
     "hello"},
    {S("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello"), 0, "broken", ""},
    {S("HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\nhello"), 0, "broken", ""},
    {S("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"), 0, "broken", ""},
    {S("HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n"), 0, "broken", ""},
    {S("HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n"), 0, "broken", ""},
    /* until the end */
    {S("HTTP/1.1 200 OK\r\n\r\nhello"), WITH_EOF, "head 200 -1 close more end", "hello"},
    {S("HTTP/1.0 200 OK\r\n\r\nhello"), WITH_EOF, "head 200 -1 close more end", "hello"},
    {S("HTTP/1.1 200 OK\r\n\r\n"), WITH_EOF, "head 200 -1 close more end", ""},
    /* chunks */
    {S("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"), 0, "head 200 -1 keep end",
     "hello"},
    {S("HTTP/1.1 200 OK\r\nTransfer-Encoding: CHUNKED\r\n\r\n5\r\nhello\r\n0\r\nX-A: b\r\nContent-Length: "
       "7\r\n\r\n!"),
     0, "head 200 -1 keep end left 1 trailer X-A=b", "hello"},
    {S("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-A: b\nX-B: c\n\n"), 0,
     "head 200 -1 keep end trailer X-A=b trailer X-B=c", "hello"},
    {S("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"), WITH_EOF,
     "head 200 -1 keep more broken", "hello"},
    {S("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n"), WITH_EOF,
     "head 200 -1 keep more broken", "hello"},
    {S("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\nhello\r\n0\r\n\r\n"), 0, "head 200 -1 keep broken",
     ""},
    {S("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n"), 0, "head 200 -1 keep broken",
     ""},
    {S("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX A: b\r\n\r\n"), 0, "head 200 -1 keep broken", ""},
    {S("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nXA: b\r\n folded\r\n\r\n"), 0,
     "head 200 -1 keep broken", ""},
    {S("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"), 0, "broken", ""},
    {S("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n"), 0, "broken", ""},
    {S("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), 0, "broken",
     ""},
    {S("HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\n"), 0, "broken", ""},
    {S("HTTP/1.1 200 OK\r\nTransfer-Encoding:\r\nContent-Length: 1\r\n\r\na"), 0, "broken", ""},
    {S("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n"), 0, "broken", ""},
    {S("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), 0, "broken", ""},
    {S("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), 0, "broken", ""},
    /* no body */
    {S("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"), TO_HEAD, "head 200 5 keep end", ""},
    {S("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"), TO_HEAD, "head 200 -1 keep end", ""},
    {S("HTTP/1.1 200 OK\r\n\r\n"), TO_HEAD, "head 200 -1 keep end", ""},
    {S("HTTP/1.1 204 No Content\r\n\r\nx"), 0, "head 204 -1 keep end left 1", ""},
    {S("HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n"), 0, "head 304 7 keep end", ""},
    /* the connection */
    {S("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\na"), 0, "head 200 1 close end", "a"},
    {S("HTTP/1.1 200 OK\r\nConnection: X-A\r\nConnection: Close\r\nContent-Length: 1\r\n\r\na"), 0,
     "head 200 1 close end", "a"},
    {S("HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\na"), 0, "head 200 1 close end", "a"},
    {S("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\na"), 0, "head 200 1 keep end", "a"},
    {S("HTTP/1.7 200 OK\r\nContent-Length: 1\r\n\r\na"), 0, "head 200 1 keep end", "a"},
    /* interim ones */
    {S("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 "
       "OK\r\nContent-Length: 1\r\n\r\na"),
     0, "interim 100 interim 103 head 200 1 keep end", "a"},
    {S("HTTP/1.1 100 Continue\r\nContent-Length: 9\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na"), 0,
     "interim 100 head 200 1 keep end", "a"},
    {S("HTTP/1.1 100 Continue\r\n\r\n"), WITH_EOF, "interim 100 more broken", ""},
    /* other protocols */
    {S("HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\nraw\0"), TO_UPGRADE | WITH_EOF,
     "head 101 -1 close tunnel more end", "raw"},
    {S("HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\nraw"), 0, "broken", ""},
    {S("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na"), TO_UPGRADE, "head 200 1 keep end", "a"},
    {S("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nabc"), TO_CONNECT | WITH_EOF, "head 200 1 close tunnel more end",
     "abc"},
    {S("HTTP/1.1 403 No\r\nContent-Length: 1\r\n\r\na"), TO_CONNECT, "head 403 1 keep end", "a"},
    /* status lines */
    {S("HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n"), 0, "head 200 0 keep end", ""},
    {S("HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n"), 0, "head 200 0 keep end", ""},
    {S("HTTP/1.1 200 \xe9t\xe9\r\nContent-Length: 0\r\n\r\n"), 0, "head 200 0 keep end", ""},
    {S("HTTP/1.1 200 OK\nContent-Length: 1\n\na"), 0, "head 200 1 keep end", "a"},
    {S("HTTP/1.1 099 No\r\n\r\n"), 0, "broken", ""},
    {S("HTTP/1.1 20 No\r\n\r\n"), 0, "broken", ""},
    {S("HTTP/1.1 2000 No\r\n\r\n"), 0, "broken", ""},
    {S("HTTP/1.1  200 OK\r\n\r\n"), 0, "broken", ""},
    {S("HTTP/2 200 OK\r\n\r\n"), 0, "broken", ""},
    {S("HTTP/2.0 200 OK\r\n\r\n"), 0, "broken", ""},
    {S("ICY 200 OK\r\n\r\n"), 0, "broken", ""},
    {S("\r\nHTTP/1.1 200 OK\r\n\r\n"), 0, "broken", ""},
    {S("hello\r\n\r\n"), 0, "broken", ""},
    {S("HTTP/1.1 200 O\0K\r\n\r\n"), 0, "broken", ""},
    {S("HTTP/1.1 200 OK\rX: y\r\n\r\n"), 0, "broken", ""},
    /* fields */
    {S("HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\r\n"), 0, "broken", ""},
    {S("HTTP/1.1 200 OK\r\n X: a\r\n\r\n"), 0, "broken", ""},
    {S("HTTP/1.1 200 OK\r\nX : a\r\n\r\n"), 0, "broken", ""},
    {S("HTTP/1.1 200 OK\r\nX\r\n\r\n"), 0, "broken", ""},
    {S("HTTP/1.1 200 OK\r\n: a\r\n\r\n"), 0, "broken", ""},
    {S("HTTP/1.1 200 OK\r\nX: a\0b\r\n\r\n"), 0, "broken", ""},
    {S("HTTP/1.1 200 OK\r\nX: a\rSet-Cookie: b\r\n\r\n"), 0, "broken", ""},
    {S("HTTP/1.1 200 OK\r\nX: a\x7f\r\n\r\n"), 0, "broken", ""},
    {S("HTTP/1.1 200 OK\r\nX: a\x1b\r\n\r\n"), 0, "broken", ""},
    /* nothing, or not enough */
    {S(""), WITH_EOF, "broken", ""},
    {S("HTTP/1.1 200 OK\r\nX: y\r\n"), WITH_EOF, "more broken", ""},
#undef S
};

static void begin(struct telling *t, unsigned how) {
    *t = (struct telling){{0}, {0}, {0}, {0}};
    t->x.arena = &t->arena;
    t->x.to_head = how & TO_HEAD;
    t->x.to_connect = how & TO_CONNECT;
    t->x.may_switch = how & TO_UPGRADE;
}

static void done(struct telling *t) {
    arena_done(&t->arena);
    buf_done(&t->said);
    buf_done(&t->body);
}

static void tell(struct telling *t, const char *word) {
    if (t->said.n) buf_add_char(&t->said, ' ');
    buf_add_text(&t->said, word);
}

static void tell_word(struct telling *t, enum h1_response_word word, struct span data) {
    const struct h1_response *x = &t->x;
    char text[64];
    if (word == H1_RESPONSE_DATA) buf_add(&t->body, data);
    if (word == H1_RESPONSE_INTERIM) snprintf(text, sizeof text, "interim %d", x->status);
    if (word == H1_RESPONSE_HEAD)
        snprintf(text, sizeof text, "head %d %lld %s%s", x->status, (long long)x->length,
                 x->persists ? "keep" : "close", x->is_tunnel ? " tunnel" : "");
    if (word == H1_RESPONSE_END) snprintf(text, sizeof text, "end");
    if (word == H1_RESPONSE_BROKEN) snprintf(text, sizeof text, "broken");
    if (word == H1_RESPONSE_BROKEN) ck_assert(x->why && *x->why);
    if (word != H1_RESPONSE_DATA && word != H1_RESPONSE_MORE) tell(t, text);
}

/* All of it, in pieces of at most that many bytes. */
static void run(struct telling *t, struct span sent, size_t piece, unsigned how) {
    enum h1_response_word word = H1_RESPONSE_MORE;
    struct span data = {NULL, 0}, in = {sent.p, 0};
    size_t at = 0;
    while (word != H1_RESPONSE_END && word != H1_RESPONSE_BROKEN) {
        if (word == H1_RESPONSE_MORE) {
            ck_assert_uint_eq(in.n, 0);
            size_t n = sent.n - at < piece ? sent.n - at : piece;
            if (n == 0 && at == sent.n && word == H1_RESPONSE_MORE && sent.n) break;
            in = (struct span){sent.p + at, n};
            at += n;
        }
        word = h1_response_next(&t->x, &in, &data);
        tell_word(t, word, data);
        if (word == H1_RESPONSE_MORE && at == sent.n) break;
    }
    if (word == H1_RESPONSE_MORE && sent.n) tell(t, "more");
    if (word == H1_RESPONSE_MORE && how & WITH_EOF) tell_word(t, h1_response_eof(&t->x), data);
    if (word == H1_RESPONSE_END && in.n + (sent.n - at)) {
        char text[32];
        snprintf(text, sizeof text, "left %zu", in.n + (sent.n - at));
        tell(t, text);
    }
    for (uint32_t i = 0; i < t->x.trailers.count; i++) {
        const struct field *f = &t->x.trailers.list[i];
        buf_printf(&t->said, " trailer %.*s=%.*s", SPAN_ARG(f->name), SPAN_ARG(f->value));
    }
}

static void try_case(size_t i, size_t piece) {
    struct telling t;
    begin(&t, cases[i].how);
    /* a copy of its own, so that reading beyond it shows */
    char *copy = malloc(cases[i].n + 1);
    memcpy(copy, cases[i].sent, cases[i].n);
    run(&t, (struct span){copy, cases[i].n}, piece, cases[i].how);
    ck_assert_msg(strcmp(buf_text(&t.said), cases[i].said) == 0,
                  "case %zu, pieces of %zu: said \"%s\" and not \"%s\"", i, piece, buf_text(&t.said), cases[i].said);
    ck_assert_msg(strncmp(buf_text(&t.body), cases[i].body, strlen(cases[i].body) + 1) == 0,
                  "case %zu, pieces of %zu: body \"%s\"", i, piece, buf_text(&t.body));
    free(copy);
    done(&t);
}

START_TEST(cases_at_once) {
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) try_case(i, SIZE_MAX);
}
END_TEST

START_TEST(cases_in_pieces) {
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (size_t piece = 1; piece < 40; piece += piece < 4 ? 1 : 7) try_case(i, piece);
}
END_TEST

START_TEST(fields_are_kept) {
    struct telling t;
    begin(&t, 0);
    struct span
        in = SPAN("HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nSet-Cookie:  c \r\nContent-Length: 0\r\nConnection: X-A\r\n"
                  "Connection: b\r\nX-A: \t\r\n\r\n"),
        data;
    ck_assert_int_eq(h1_response_next(&t.x, &in, &data), H1_RESPONSE_HEAD);
    ck_assert_uint_eq(t.x.fields.count, 5);
    ck_assert(span_is(t.x.fields.list[0].value, SPAN("a=b")));
    ck_assert(span_is(t.x.fields.list[1].value, SPAN("c")));
    ck_assert(span_is(t.x.fields.list[4].value, SPAN("")));
    ck_assert(span_is(t.x.connection, SPAN("X-A, b")));
    ck_assert(!fields_have(&t.x.fields, HEADER_CONTENT_LENGTH));
    done(&t);
}
END_TEST

/* What was received may be gone when the fields are looked at: whether the head came as a whole, behind another one,
 * or in two pieces. */
START_TEST(fields_outlast_the_input) {
    struct span sent = SPAN("HTTP/1.1 103 Hints\r\nLink: </x>\r\nConnection: X-A\r\n\r\n"
                            "HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nX-Empty:\r\nConnection: X-B\r\n\r\n"),
                data;
    for (size_t piece = 1; piece <= sent.n; piece++) {
        struct telling t;
        enum h1_response_word word = H1_RESPONSE_MORE;
        begin(&t, 0);
        for (size_t at = 0; at < sent.n && word != H1_RESPONSE_HEAD; at += piece) {
            size_t n = sent.n - at < piece ? sent.n - at : piece;
            char *copy = malloc(n);
            memcpy(copy, sent.p + at, n);
            struct span in = {copy, n};
            while (in.n && word != H1_RESPONSE_HEAD) word = h1_response_next(&t.x, &in, &data);
            memset(copy, '!', n);
            free(copy);
        }
        ck_assert_int_eq(word, H1_RESPONSE_HEAD);
        ck_assert_uint_eq(t.x.fields.count, 3);
        ck_assert(span_is(t.x.fields.list[0].name, SPAN("Set-Cookie")));
        ck_assert(span_is(t.x.fields.list[0].value, SPAN("a=b")));
        ck_assert(span_is(t.x.fields.list[1].value, SPAN("")));
        ck_assert(span_is(t.x.fields.list[2].value, SPAN("X-B")));
        ck_assert(span_is(t.x.connection, SPAN("X-B")));
        done(&t);
    }
}
END_TEST

/* A head of n bytes in all. */
static struct buf head_of(size_t n) {
    struct buf b = {0};
    buf_add(&b, SPAN("HTTP/1.1 200 OK\r\nX: "));
    while (b.n < n - 4) buf_add_char(&b, 'x');
    buf_add(&b, SPAN("\r\n\r\n"));
    return b;
}

static enum h1_response_word word_of_head(size_t bytes, size_t piece) {
    struct telling t;
    struct buf head = head_of(bytes);
    enum h1_response_word word = H1_RESPONSE_MORE;
    begin(&t, 0);
    for (size_t at = 0; at < head.n && word == H1_RESPONSE_MORE; at += piece) {
        struct span in = {head.p + at, head.n - at < piece ? head.n - at : piece}, data;
        word = h1_response_next(&t.x, &in, &data);
    }
    buf_done(&head);
    done(&t);
    return word;
}

START_TEST(heads_are_bounded) {
    static const size_t pieces[] = {100000, 4096, 1000, 17};
    for (size_t i = 0; i < 4; i++) {
        ck_assert_int_eq(word_of_head(H1_RESPONSE_HEAD_MAX, pieces[i]), H1_RESPONSE_HEAD);
        ck_assert_int_eq(word_of_head(H1_RESPONSE_HEAD_MAX + 1, pieces[i]), H1_RESPONSE_BROKEN);
        ck_assert_int_eq(word_of_head(3 * H1_RESPONSE_HEAD_MAX, pieces[i]), H1_RESPONSE_BROKEN);
    }
}
END_TEST

static enum h1_response_word word_of_fields(unsigned fields) {
    struct telling t;
    struct buf b = {0};
    buf_add(&b, SPAN("HTTP/1.1 200 OK\r\n"));
    for (unsigned i = 0; i < fields; i++) buf_add(&b, SPAN("X: y\r\n"));
    buf_add(&b, SPAN("\r\n"));
    struct span in = buf_span(&b), data;
    begin(&t, 0);
    enum h1_response_word word = h1_response_next(&t.x, &in, &data);
    buf_done(&b);
    done(&t);
    return word;
}

START_TEST(counts_are_bounded) {
    struct telling t;
    struct span data;
    enum h1_response_word word = H1_RESPONSE_INTERIM;
    unsigned interims = 0;
    ck_assert_int_eq(word_of_fields(H1_RESPONSE_FIELDS_MAX), H1_RESPONSE_HEAD);
    ck_assert_int_eq(word_of_fields(H1_RESPONSE_FIELDS_MAX + 1), H1_RESPONSE_BROKEN);
    begin(&t, 0);
    while (word == H1_RESPONSE_INTERIM && interims < 1000) {
        struct span in = SPAN("HTTP/1.1 103 Early Hints\r\n\r\n");
        word = h1_response_next(&t.x, &in, &data);
        interims++;
    }
    ck_assert_int_eq(word, H1_RESPONSE_BROKEN);
    ck_assert_uint_eq(interims, H1_INTERIM_MAX + 1);
    done(&t);
}
END_TEST

int main(void) {
    Suite *s = suite_create("response");
    TCase *c = tcase_create("response");
    tcase_add_test(c, cases_at_once);
    tcase_add_test(c, cases_in_pieces);
    tcase_add_test(c, fields_are_kept);
    tcase_add_test(c, fields_outlast_the_input);
    tcase_add_test(c, heads_are_bounded);
    tcase_add_test(c, counts_are_bounded);
    suite_add_tcase(s, c);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? 1 : 0;
}
