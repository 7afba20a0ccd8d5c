/* test_head.c - fields of a request's head: what becomes of them, and what is refused (RFC 9113 8) */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <check.h>
#include <inttypes.h>
#include <stdlib.h>

#include "h2/hpack.h"
#include "h2/session.h"

#define G ":method=GET|:scheme=https|:path=/|:authority=a"
#define P ":method=POST|:scheme=https|:path=/|:authority=a"
#define C ":method=CONNECT|:authority=a:1"
#define X ":method=CONNECT|:protocol=websocket|:scheme=https|:path=/chat|:authority=a"

enum { MALFORMED = -1, ENDS = 1 /* END_STREAM is in HEADERS */, GET_BODY = 2, LENIENT = 4, NO_CONNECT = 8 };

/* Fields with "|" between; "~" is NUL, "\r" and "\n" themselves. What comes of them as text: method, "k" if it may go
 * on, "e" for Expect, body, scheme, authority, path, query, urgency; then the fields. */
static const struct {
    const char *fields;
    unsigned how;
    int status;
    const char *message;
} cases[] = {
    {G, ENDS, 0, "GET k 0 https a / - 3 host=a"},
    {":path=/x%20y?q|:authority=A:81|:scheme=HTTP|:method=HEAD|accept=*/*|x=", ENDS, 0,
     "HEAD k 0 http a:81 /x y q 3 host=A:81 accept=*/* x="},
    {P, 0, 0, "POST k -1 https a / - 3 host=a"},
    {P, ENDS, 0, "POST k 0 https a / - 3 host=a"},
    {P "|content-length=7", 0, 0, "POST k 7 https a / - 3 host=a content-length=7"},
    {P "|content-length=0", 0, 0, "POST k 0 https a / - 3 host=a content-length=0"},
    {P "|content-length=7, 7|content-length=7", 0, 0, "POST k 7 https a / - 3 host=a content-length=7, 7"},
    {":method=FOO|:scheme=https|:path=/|:authority=a", ENDS, 0, "FOO k 0 https a / - 3 host=a"},
    {":method=OPTIONS|:scheme=https|:path=*|:authority=a", ENDS, 0, "OPTIONS k 0 https a * - 3 host=a"},
    {G "|cookie=a=b|cookie=c=d|te=trailers|trailer=x", ENDS, 0,
     "GET k 0 https a / - 3 host=a cookie=a=b cookie=c=d te=trailers trailer=x"},
    {G "|x=\x80\xff\t!", ENDS, 0, "GET k 0 https a / - 3 host=a x=\x80\xff\t!"},

    /* 8.2.1: names and values */
    {G "|X=y", ENDS, MALFORMED, "a field name with upper case or other wrong characters"},
    {G "|x y=z", ENDS, MALFORMED, "a field name with upper case or other wrong characters"},
    {G "|x:y=z", ENDS, MALFORMED, "a field name with upper case or other wrong characters"},
    {G "|x\x80=z", ENDS, MALFORMED, "a field name with upper case or other wrong characters"},
    {G "|x=a~b", ENDS, MALFORMED, "a field value with wrong characters or blanks around it"},
    {G "|x=a\rb", ENDS, MALFORMED, "a field value with wrong characters or blanks around it"},
    {G "|x=a\nb", ENDS, MALFORMED, "a field value with wrong characters or blanks around it"},
    {G "|x= a", ENDS, MALFORMED, "a field value with wrong characters or blanks around it"},
    {G "|x=a\t", ENDS, MALFORMED, "a field value with wrong characters or blanks around it"},
    {":method= GET|:scheme=https|:path=/|:authority=a", ENDS, MALFORMED,
     "a field value with wrong characters or blanks around it"},
    {G "|x=a\x01z", ENDS, 400, NULL},
    {G "|x=a\x01z", ENDS | LENIENT, 0, "GET k 0 https a / - 3 host=a x=a\x01z"},

    /* 8.2.2: the connection is HTTP/2's own matter */
    {G "|connection=close", ENDS, MALFORMED, "a field of HTTP/1's connections"},
    {G "|keep-alive=1", ENDS, MALFORMED, "a field of HTTP/1's connections"},
    {G "|proxy-connection=x", ENDS, MALFORMED, "a field of HTTP/1's connections"},
    {G "|transfer-encoding=chunked", ENDS, MALFORMED, "a field of HTTP/1's connections"},
    {G "|upgrade=h2c", ENDS, MALFORMED, "a field of HTTP/1's connections"},
    {G "|te=trailers, deflate", ENDS, MALFORMED, "TE with more than trailers"},

    /* 8.3: pseudo-header fields */
    {G "|x=y|:foo=a", ENDS, MALFORMED, "a pseudo-header field that no request has"},
    {":foo=a|" G, ENDS, MALFORMED, "a pseudo-header field that no request has"},
    {":status=200|" G, ENDS, MALFORMED, "a pseudo-header field that no request has"},
    {G "|:path=/", ENDS, MALFORMED, "a pseudo-header field that is there twice"},
    {G "|:method=GET", ENDS, MALFORMED, "a pseudo-header field that is there twice"},
    {G "|:scheme=https", ENDS, MALFORMED, "a pseudo-header field that is there twice"},
    {G "|:authority=a", ENDS, MALFORMED, "a pseudo-header field that is there twice"},
    {":method=GET|:scheme=https|:path=/|x=y|:authority=a", ENDS, MALFORMED,
     "a pseudo-header field behind another field"},
    {"", ENDS, MALFORMED, "no :method"},
    {":scheme=https|:path=/|:authority=a", ENDS, MALFORMED, "no :method"},
    {":method=GET|:path=/|:authority=a", ENDS, MALFORMED, "no :scheme or no :path"},
    {":method=GET|:scheme=https|:authority=a", ENDS, MALFORMED, "no :scheme or no :path"},
    {":method=GET|:scheme=https|:path=|:authority=a", ENDS, MALFORMED, ":path does not begin with a slash"},
    {":method=GET|:scheme=https|:path=x|:authority=a", ENDS, MALFORMED, ":path does not begin with a slash"},
    {":method=GET|:scheme=https|:path=*|:authority=a", ENDS, MALFORMED, ":path does not begin with a slash"},
    {":method=OPTIONS|:scheme=https|:path=*/|:authority=a", ENDS, MALFORMED, ":path does not begin with a slash"},
    {":method=GET|:scheme=https|:path=http://a/|:authority=a", ENDS, MALFORMED, ":path does not begin with a slash"},
    {":method=GET|:scheme=https|:path=/a b|:authority=a", ENDS, 400, NULL},
    {":method=GET|:scheme=https|:path=/a#b|:authority=a", ENDS, 400, NULL},
    {":method=GET|:scheme=ftp|:path=/|:authority=a", ENDS, 400, NULL},
    {":method=G T|:scheme=https|:path=/|:authority=a", ENDS, 400, NULL},
    {":method=|:scheme=https|:path=/|:authority=a", ENDS, 400, NULL},
    {":method=ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFG|:scheme=https|:path=/|:authority=a", ENDS, 501, NULL},

    /* 8.3.1: :authority and Host */
    {":method=GET|:scheme=https|:path=/|host=A", ENDS, 0, "GET k 0 https a / - 3 host=A"},
    {G "|x=y|host=A", ENDS, 0, "GET k 0 https a / - 3 host=a x=y"},
    {G "|host=a:443", ENDS, 0, "GET k 0 https a / - 3 host=a"},
    {G "|host=a:80", ENDS, MALFORMED, "Host is not what :authority is"},
    {G "|host=b", ENDS, MALFORMED, "Host is not what :authority is"},
    {G "|host=", ENDS, 400, NULL},
    {G "|host=a|host=a", ENDS, 400, NULL},
    {":method=GET|:scheme=https|:path=/", ENDS, 400, NULL},
    {":method=GET|:scheme=https|:path=/|:authority=", ENDS, 400, NULL},
    {":method=GET|:scheme=https|:path=/|:authority=u@a", ENDS, 400, NULL},
    {":method=GET|:scheme=https|:path=/|:authority=a/b", ENDS, 400, NULL},

    /* 8.1.1: the body */
    {P "|content-length=7", ENDS, MALFORMED, "content-length without a body"},
    {P "|content-length=7|content-length=8", 0, 400, NULL},
    {P "|content-length=7, 8", 0, 400, NULL},
    {P "|content-length=", 0, 400, NULL},
    {P "|content-length=-1", 0, 400, NULL},
    {P "|content-length=99999999999999999999", 0, 413, NULL},
    {G, 0, 400, NULL},
    {G "|content-length=1", 0, 400, NULL},
    {G "|content-length=0", 0, 0, "GET k 0 https a / - 3 host=a content-length=0"},
    {G, GET_BODY, 0, "GET k -1 https a / - 3 host=a"},
    {P "|expect=100-Continue", 0, 0, "POST k e -1 https a / - 3 host=a expect=100-Continue"},
    {P "|expect=100-continue", ENDS, 0, "POST k 0 https a / - 3 host=a expect=100-continue"},
    {P "|expect=x", 0, 417, NULL},

    /* 8.5: CONNECT; RFC 8441 4: for a protocol */
    {C, 0, 0, "CONNECT k -1  a:1  - 3 host=a:1"},
    {":method=CONNECT|:authority=a", 0, 400, NULL},
    {":method=CONNECT|:authority=a:", 0, 400, NULL},
    {":method=CONNECT", 0, MALFORMED, "CONNECT without :authority"},
    {C "|:path=/", 0, MALFORMED, "CONNECT with :scheme or :path"},
    {C "|:scheme=https", 0, MALFORMED, "CONNECT with :scheme or :path"},
    {X, 0, 0, "CONNECT k websocket -1 https a /chat - 3 host=a"},
    {X, NO_CONNECT, MALFORMED, ":protocol where it cannot be"},
    {G "|:protocol=websocket", 0, MALFORMED, ":protocol where it cannot be"},
    {C "|:protocol=websocket", 0, MALFORMED, "CONNECT for a protocol without its target"},

    /* RFC 9218 5 */
    {G "|priority=u=1, i", ENDS, 0, "GET k 0 https a / - 1i host=a priority=u=1, i"},
    {G "|priority=u=1|priority=i", ENDS, 0, "GET k 0 https a / - 1i host=a priority=u=1 priority=i"},
    {G "|priority=u=8;x, foo=\"u=2\", i=?0", ENDS, 0,
     "GET k 0 https a / - 3 host=a priority=u=8;x, foo=\"u=2\", i=?0"},
};

/* Literals, kind 0x40: for the table, too. Returns their number. */
static unsigned put_literals(struct buf *block, const char *fields, char kind) {
    struct span rest = span_of(fields), field;
    unsigned count = 0;
    for (; rest.n && span_next(&rest, '|', &field); count++) {
        size_t equals = 1 + span_find(span_from(field, 1), '=');
        buf_add_char(block, kind);
        buf_add_char(block, (char)equals);
        buf_add(block, span_upto(field, equals));
        buf_add_char(block, (char)(field.n - equals - 1));
        for (size_t i = equals + 1; i < field.n; i++) buf_add_char(block, field.p[i] == '~' ? '\0' : field.p[i]);
    }
    return count;
}

static void put_fields(struct buf *block, const char *fields) {
    put_literals(block, fields, 0);
}

static void describe(struct buf *out, const struct message *m, const struct h2_stream *st) {
    buf_printf(out, "%.*s%s%s ", SPAN_ARG(m->method_text), m->keep_alive ? " k" : "", m->expect_continue ? " e" : "");
    if (st->protocol.n) buf_printf(out, "%.*s ", SPAN_ARG(st->protocol));
    buf_printf(out, "%" PRId64 " %.*s %.*s %.*s ", m->body_bytes, SPAN_ARG(m->scheme), SPAN_ARG(m->authority),
               SPAN_ARG(m->uri.path));
    buf_printf(out, "%.*s %u%s", m->uri.query.p ? (int)m->uri.query.n : 1, m->uri.query.p ? m->uri.query.p : "-",
               st->urgency, st->incremental ? "i" : "");
    for (uint32_t i = 0; i < m->fields.count; i++) {
        const struct field *f = &m->fields.list[i];
        struct span name = f->id == HEADER_HOST ? SPAN("host") : f->name;
        buf_printf(out, " %.*s=%.*s", SPAN_ARG(name), SPAN_ARG(f->value));
    }
}

static struct h2_session *session_for(unsigned how) {
    const struct h2_options o = {
        .head_bytes = 8192,
        .fields = 64,
        .parse = (how & LENIENT ? PARSE_DEFAULTS & ~(unsigned)PARSE_HEADER_STRICT : PARSE_DEFAULTS) |
                 (how & GET_BODY ? PARSE_METHOD_GET_BODY : 0u),
        .streams = 100,
        .extended_connect = !(how & NO_CONNECT)};
    struct h2_session *s = h2_make(&o);
    struct span in = SPAN(H2_PREFACE "\0\0\0\4\0\0\0\0\0");
    struct h2_event e;
    ck_assert_int_eq(h2_next(s, &in, &e), H2_MORE);
    return s;
}

START_TEST(head) {
    unsigned how = cases[_i].how;
    struct h2_session *s = session_for(how);
    struct buf frame = {0}, block = {0}, said = {0};
    struct arena a = {0};
    struct message m;
    struct h2_event e;

    put_fields(&block, cases[_i].fields);
    frame_put(&frame, FRAME_HEADERS, how & ENDS ? 5 : 4, 1, buf_span(&block));
    struct span in = buf_span(&frame);
    ck_assert_int_eq(h2_next(s, &in, &e), H2_HEAD);
    struct h2_stream *st = e.stream;
    int status = h2_read_head(s, st, &m, &a);
    ck_assert_msg(status == cases[_i].status, "%s: %d", cases[_i].fields, status);
    if (status == 0) {
        describe(&said, &m, st);
        ck_assert_str_eq(buf_text(&said), cases[_i].message);
    }
    if (status == MALFORMED) {
        ck_assert_uint_eq(h2_stream_count(s), 0);
        ck_assert_uint_eq(read_32(s->control.p + s->control.n - 4), H2_PROTOCOL_ERROR);
        ck_assert_str_eq(h2_last_fault(s), cases[_i].message);
    } else {
        ck_assert_int_eq(h2_next(s, &in, &e), how & ENDS ? H2_END : H2_MORE);
        h2_stream_drop(s, st);
    }
    h2_drop(s);
    arena_done(&a);
    buf_done(&frame);
    buf_done(&block);
    buf_done(&said);
}
END_TEST

/* Gives one frame with a block; what h2_read_head() says of it. */
static int read_block(struct h2_session *s, struct span block, unsigned flags, uint32_t id, struct message *m,
                      struct arena *a, struct h2_event *e) {
    struct buf frame = {0};
    enum h2_event_kind kind;
    int status = MALFORMED;
    frame_put(&frame, FRAME_HEADERS, (uint8_t)flags, id, block);
    struct span in = buf_span(&frame);
    do kind = h2_next(s, &in, e);
    while (kind == H2_END); /* of the stream before */
    if (kind == H2_HEAD) status = h2_read_head(s, e->stream, m, a);
    buf_done(&frame);
    return status;
}

/* What was found of a field when it went into the table holds when it comes out of it, wherever it was met first: in
 * a head, or in trailers. */
START_TEST(head_from_table) {
    unsigned how = cases[_i].how;
    for (int first = 0; first < 2; first++) {
        struct h2_session *s = session_for(how);
        struct buf literals = {0}, block = {0}, said = {0};
        struct arena a = {0};
        struct message m;
        struct h2_event e;
        unsigned count = put_literals(&literals, cases[_i].fields, 0x40);
        for (unsigned i = count; i-- > 0;) buf_add_char(&block, (char)(0x80 | (HPACK_STATIC_END + i)));
        if (first == 1) {
            struct buf post = {0};
            put_fields(&post, P);
            ck_assert_int_eq(read_block(s, buf_span(&post), 4, 1, &m, &a, &e), 0);
            buf_done(&post);
        }
        read_block(s, buf_span(&literals), how & ENDS ? 5 : 4, 1, &m, &a, &e);
        int status = read_block(s, buf_span(&block), how & ENDS ? 5 : 4, 3, &m, &a, &e);
        ck_assert_msg(status == cases[_i].status, "%s: %d", cases[_i].fields, status);
        if (status == 0) describe(&said, &m, e.stream);
        if (status == 0) ck_assert_str_eq(buf_text(&said), cases[_i].message);
        if (status == MALFORMED) ck_assert_str_eq(h2_last_fault(s), cases[_i].message);
        while (h2_stream_count(s))
            h2_stream_drop(s, CONTAINER(h2_streams(s)->next, struct h2_stream, link));
        h2_drop(s);
        arena_done(&a);
        buf_done(&literals);
        buf_done(&block);
        buf_done(&said);
    }
}
END_TEST

/* A control character at every place of values of all lengths is found; HTAB, DEL's neighbours and 80-FF are none. */
START_TEST(controls) {
    static const char fine[] = "\t ~\x80\xff\x7e", wrong[] = "\x01\x08\x0b\x1f\x7f";
    for (size_t n = 1; n <= 40; n++) {
        for (size_t at = 0; at < n; at++) {
            for (size_t i = 0; i < sizeof fine - 1 + sizeof wrong - 1; i++) {
                bool is_fine = i < sizeof fine - 1, at_edge = at == 0 || at == n - 1;
                char c = is_fine ? fine[i] : wrong[i - (sizeof fine - 1)];
                if (at_edge && (c == '\t' || c == ' ')) continue;
                struct buf frame = {0}, block = {0};
                struct arena a = {0};
                struct message m;
                struct h2_event e;
                put_fields(&block, G);
                buf_add(&block, SPAN("\0\1x"));
                buf_add_char(&block, (char)n);
                for (size_t k = 0; k < n; k++) buf_add_char(&block, k == at ? c : 'a');
                frame_put(&frame, FRAME_HEADERS, 5, 1, buf_span(&block));
                struct h2_session *s = session_for(0);
                struct span in = buf_span(&frame);
                h2_next(s, &in, &e);
                int status = h2_read_head(s, e.stream, &m, &a);
                if (status != (is_fine ? 0 : 400))
                    ck_abort_msg("%02x at %zu of %zu: %d", (unsigned char)c, at, n, status);
                h2_stream_drop(s, e.stream);
                h2_drop(s);
                arena_done(&a);
                buf_done(&frame);
                buf_done(&block);
            }
        }
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("head");
    TCase *c = tcase_create("fields");
    tcase_add_loop_test(c, head, 0, sizeof cases / sizeof *cases);
    tcase_add_loop_test(c, head_from_table, 0, sizeof cases / sizeof *cases);
    tcase_add_test(c, controls);
    tcase_set_timeout(c, 30);
    suite_add_tcase(suite, c);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed > 0;
}
