/* test_client.c - frames of a server and what comes of them: every case at once and byte for byte */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <check.h>
#include <stdlib.h>

#include "h2/client.h"
#include "h2/hpack.h"
#include "tests/unit/h2/player.h"

#define HELLO "SETTINGS 0 0; "
#define ACK "> SETTINGS ACK; "
#define OK "{:status=200}"
#define ASKED "> HEADERS 1 END_STREAM; "
#define OPEN "> HEADERS 1; "
#define FAULT "; > RST_STREAM 1 PROTOCOL_ERROR"
#define CLOSED(error) "close " #error "; > GOAWAY 0 " #error

#define FULL(id) "HEADERS 4 " #id " " OK "; 3xDATA 0 " #id " *16384; DATA 0 " #id " *16383; "
#define BE10 "bebebebebebebebebebe "

static const struct {
    const char *script, *said;
} cases[] = {
    /* the beginning */
    {HELLO, "> SETTINGS ACK"},
    {"HEADERS 4 1 " OK, CLOSED(PROTOCOL_ERROR)},
    {"RAW 'HTTP/1.1 400 Bad Request'", CLOSED(PROTOCOL_ERROR)},
    {"ask GET; " HELLO "HEADERS 4 1 " OK "; DATA 1 1 'body'", ASKED "head 1 200; data 1 4; end 1; > SETTINGS ACK"},

    /* responses */
    {HELLO "ask GET; HEADERS 5 1 " OK, ACK ASKED "head 1 200; end 1"},
    {HELLO "ask HEAD; HEADERS 5 1 {:status=200|content-length=5}", ACK ASKED "head 1 200 length 5; end 1"},
    {HELLO "ask HEAD; HEADERS 4 1 {:status=200|content-length=5}; DATA 1 1",
     ACK ASKED "head 1 200 length 5; end 1"},
    {HELLO "ask HEAD; HEADERS 4 1 " OK "; DATA 1 1 'x'",
     ACK ASKED "head 1 200; reset 1 PROTOCOL_ERROR" FAULT},
    {HELLO "ask GET; HEADERS 5 1 {:status=304|content-length=5}", ACK ASKED "head 1 304 length 5; end 1"},
    {HELLO "ask GET; HEADERS 4 1 {:status=204}; DATA 1 1 'x'", ACK ASKED "head 1 204; reset 1 PROTOCOL_ERROR" FAULT},
    {HELLO "ask GET; HEADERS 4 1 {:status=103|link=x}; HEADERS 4 1 {:status=100}; HEADERS 5 1 {:status=404|a=b|a=c}",
     ACK ASKED "head 1 103 interim link=x; head 1 100 interim; head 1 404 a=b a=c; end 1"},
    {HELLO "ask GET; HEADERS 0 1; CONTINUATION 4 1 " OK "; DATA 1 1", ACK ASKED "head 1 200; end 1"},
    {HELLO "ask GET; HEADERS 4 1 {:status=200|content-length=5}; DATA 0 1 'ab'; DATA 1 1 'cde'",
     ACK ASKED "head 1 200 length 5; data 1 5; end 1"},

    /* 8.1.1: malformed ones */
    {HELLO "ask GET; HEADERS 5 1 {:status=200|content-length=5}", ACK ASKED "head 1 malformed"},
    {HELLO "ask GET; HEADERS 4 1 {:status=200|content-length=5}; DATA 1 1 'abcd'",
     ACK ASKED "head 1 200 length 5; reset 1 PROTOCOL_ERROR" FAULT},
    {HELLO "ask GET; HEADERS 4 1 {:status=200|content-length=5}; DATA 0 1 'abcdef'",
     ACK ASKED "head 1 200 length 5; reset 1 PROTOCOL_ERROR" FAULT},
    {HELLO "ask GET; HEADERS 4 1 {:status=200|content-length=5|content-length=6}",
     ACK ASKED "head 1 malformed" FAULT},
    {HELLO "ask GET; HEADERS 4 1 {:status=200|content-length=-1}", ACK ASKED "head 1 malformed" FAULT},
    {HELLO "ask GET; HEADERS 4 1 {a=b}", ACK ASKED "head 1 malformed" FAULT},
    {HELLO "ask GET; HEADERS 4 1 {a=b|:status=200}", ACK ASKED "head 1 malformed" FAULT},
    {HELLO "ask GET; HEADERS 4 1 {:status=200|:status=200}", ACK ASKED "head 1 malformed" FAULT},
    {HELLO "ask GET; HEADERS 4 1 {:status=200|:path=/}", ACK ASKED "head 1 malformed" FAULT},
    {HELLO "ask GET; HEADERS 4 1 {:status=20}", ACK ASKED "head 1 malformed" FAULT},
    {HELLO "ask GET; HEADERS 4 1 {:status=2000}", ACK ASKED "head 1 malformed" FAULT},
    {HELLO "ask GET; HEADERS 4 1 {:status=099}", ACK ASKED "head 1 malformed" FAULT},
    {HELLO "ask GET; HEADERS 4 1 {:status=101|upgrade=websocket}", ACK ASKED "head 1 malformed" FAULT},
    {HELLO "ask GET; HEADERS 4 1 {:status=101}", ACK ASKED "head 1 malformed" FAULT},
    {HELLO "ask GET; HEADERS 5 1 {:status=103}", ACK ASKED "head 1 malformed"},
    {HELLO "ask GET; HEADERS 4 1 {:status=200|connection=close}", ACK ASKED "head 1 malformed" FAULT},
    {HELLO "ask GET; HEADERS 4 1 {:status=200|transfer-encoding=chunked}", ACK ASKED "head 1 malformed" FAULT},
    {HELLO "ask GET; HEADERS 4 1 {:status=200|keep-alive=1}", ACK ASKED "head 1 malformed" FAULT},
    {HELLO "ask GET; HEADERS 4 1 {:status=200|Server=x}", ACK ASKED "head 1 malformed" FAULT},
    {HELLO "ask GET; HEADERS 4 1 {:status=200|a b=x}", ACK ASKED "head 1 malformed" FAULT},
    {HELLO "ask GET; HEADERS 4 1 {:status=200|a= b}", ACK ASKED "head 1 malformed" FAULT},
    {HELLO "ask GET; HEADERS 4 1 {:status=200|a=b~c}", ACK ASKED "head 1 malformed" FAULT},
    {HELLO "ask GET; HEADERS 4 1 88 00 01 'a' 03 'b' 0d 'c'", ACK ASKED "head 1 malformed" FAULT},
    {HELLO "ask GET; HEADERS 4 1 88 00 01 'a' 03 'b' 0a 'c'", ACK ASKED "head 1 malformed" FAULT},
    {HELLO "ask GET; HEADERS 4 1 88 00 01 'a' 03 'b' 01 'c'", ACK ASKED "head 1 malformed" FAULT},
    {HELLO "ask GET; DATA 1 1 'x'", ACK ASKED "reset 1 PROTOCOL_ERROR" FAULT},
    {HELLO "ask GET; DATA 1 1", ACK ASKED "reset 1 PROTOCOL_ERROR" FAULT},
    {HELLO "ask GET; HEADERS 4 1 {:status=103}; DATA 0 1 'x'",
     ACK ASKED "head 1 103 interim; reset 1 PROTOCOL_ERROR" FAULT},
    {HELLO "ask GET; HEADERS 4 1 ff", ACK ASKED "head 1 malformed; " CLOSED(COMPRESSION_ERROR)},

    /* trailers, both ways */
    {HELLO "ask GET; HEADERS 4 1 " OK "; DATA 0 1 'x'; HEADERS 5 1 {grpc-status=0|grpc-message=ok}",
     ACK ASKED "head 1 200; data 1 1; end 1 trailers 2"},
    {HELLO "ask GET; HEADERS 4 1 " OK "; HEADERS 5 1 {grpc-status=0|content-length=5|host=x}",
     ACK ASKED "head 1 200; end 1 trailers 1"},
    {HELLO "ask GET; HEADERS 4 1 " OK "; HEADERS 4 1 {a=b}", ACK ASKED "head 1 200; reset 1 PROTOCOL_ERROR" FAULT},
    {HELLO "ask GET; HEADERS 4 1 " OK "; HEADERS 5 1 {:status=200}",
     ACK ASKED "head 1 200; reset 1 PROTOCOL_ERROR" FAULT},
    {HELLO "ask GET; HEADERS 4 1 " OK "; HEADERS 5 1 {connection=x}",
     ACK ASKED "head 1 200; reset 1 PROTOCOL_ERROR" FAULT},
    {HELLO "ask GET; HEADERS 4 1 {:status=200|content-length=1}; HEADERS 5 1 {a=b}",
     ACK ASKED "head 1 200 length 1; reset 1 PROTOCOL_ERROR" FAULT},
    {HELLO "open POST 3; trailers 1; HEADERS 5 1 " OK,
     ACK OPEN "> DATA 1 3; > HEADERS 1 END_STREAM; head 1 200; end 1"},

    /* the response is whole before the request is: 8.1 */
    {HELLO "open POST 3; HEADERS 5 1 " OK "; RST_STREAM 0 1 #0",
     ACK OPEN "> DATA 1 3; head 1 200; end 1; reset 1 NO_ERROR whole"},
    {HELLO "open POST 3; HEADERS 5 1 " OK "; drop 1",
     ACK OPEN "> DATA 1 3; head 1 200; end 1; > RST_STREAM 1 CANCEL"},
    {HELLO "ask GET; HEADERS 4 1 " OK "; drop 1; DATA 0 1 'late'; HEADERS 5 1 {a=b}",
     ACK ASKED "head 1 200; > RST_STREAM 1 CANCEL"},

    /* what may be asked again: 8.7 */
    {HELLO "ask POST 3; RST_STREAM 0 1 #7", ACK OPEN "> DATA 1 3 END_STREAM; reset 1 REFUSED_STREAM again"},
    {HELLO "ask POST 3; RST_STREAM 0 1 #2", ACK OPEN "> DATA 1 3 END_STREAM; reset 1 INTERNAL_ERROR"},
    {HELLO "3xask GET; GOAWAY 0 0 #3#0; HEADERS 5 1 " OK "; room; HEADERS 5 3 " OK,
     ACK ASKED "> HEADERS 3 END_STREAM; > HEADERS 5 END_STREAM; reset 5 REFUSED_STREAM again; head 1 200; end 1; "
               "no room; head 3 200; end 3"},
    {HELLO "2xask GET; GOAWAY 0 0 #2147483647#0; GOAWAY 0 0 #0#0",
     ACK ASKED "> HEADERS 3 END_STREAM; reset 1 REFUSED_STREAM again; reset 3 REFUSED_STREAM again"},
    {HELLO "2xask GET; GOAWAY 0 0 #1#0; GOAWAY 0 0 #3#0; HEADERS 5 1 " OK,
     ACK ASKED "> HEADERS 3 END_STREAM; reset 3 REFUSED_STREAM again; head 1 200; end 1"},

    /* room */
    {"SETTINGS 0 0 0003#1; ask GET; room; HEADERS 5 1 " OK "; room",
     ACK ASKED "no room; head 1 200; end 1; room"},
    {"SETTINGS 0 0 0003#0; room; SETTINGS 0 0 0003#2; room", ACK "no room; " ACK "room"},
    {"100xask GET; room", "*; no room"},
    {HELLO "100xask GET; room", "*; room"},

    /* windows */
    {"SETTINGS 0 0 0004#4; ask POST 10; WINDOW_UPDATE 0 1 #3", ACK OPEN "> DATA 1 4"},
    {HELLO "ask POST 70000", ACK OPEN "> DATA 1 16384 x3; > DATA 1 16383"},
    {HELLO "ask GET; HEADERS 4 1 " OK "; 3xDATA 0 1 *16384; DATA 0 1 *16383; DATA 0 1 'x'",
     ACK ASKED "head 1 200; data 1 65535; reset 1 FLOW_CONTROL_ERROR; > RST_STREAM 1 FLOW_CONTROL_ERROR"},
    {HELLO "ask GET; HEADERS 4 1 " OK "; DATA 0 1 *16384; DATA 0 1 *16384; consume 1 32768",
     ACK ASKED "head 1 200; data 1 32768; > WINDOW_UPDATE 1 32768; > PING 1"},
    /* who takes nothing holds up his own stream, and not the connection */
    {HELLO "9xask GET; " FULL(1) FULL(3) FULL(5) FULL(7) FULL(9) FULL(b) FULL(d) FULL(f) "HEADERS 4 11 " OK
           "; DATA 0 11 *16384", "*data 17 16384; > WINDOW_UPDATE 0 540664; > PING 1"},
    {HELLO "WINDOW_UPDATE 0 0 #0", "close PROTOCOL_ERROR; " ACK "> GOAWAY 0 PROTOCOL_ERROR"},
    {HELLO "WINDOW_UPDATE 0 0 #2147483647", "close FLOW_CONTROL_ERROR; " ACK "> GOAWAY 0 FLOW_CONTROL_ERROR"},

    /* what a server must not do */
    {HELLO "PUSH_PROMISE 4 1 #2 82", "*; > GOAWAY 0 PROTOCOL_ERROR"},
    {"SETTINGS 0 0 0002#1", CLOSED(PROTOCOL_ERROR)},
    {"SETTINGS 0 0 0002#0", "> SETTINGS ACK"},
    {"SETTINGS 0 0 0008#1; SETTINGS 0 0 0008#0", "*; > GOAWAY 0 PROTOCOL_ERROR"},
    {HELLO "HEADERS 5 1 " OK, "*; > GOAWAY 0 PROTOCOL_ERROR"},
    {HELLO "HEADERS 5 2 " OK, "*; > GOAWAY 0 PROTOCOL_ERROR"},
    {HELLO "DATA 1 1 'x'", "*; > GOAWAY 0 PROTOCOL_ERROR"},
    {HELLO "RST_STREAM 0 1 #0", "*; > GOAWAY 0 PROTOCOL_ERROR"},
    {HELLO "PRIORITY_UPDATE 0 0 #1 'u=0'", "*; > GOAWAY 0 PROTOCOL_ERROR"},
    {HELLO "ask GET; HEADERS 5 1 " OK "; HEADERS 5 1 " OK, "*; > GOAWAY 0 STREAM_CLOSED"},
    {HELLO "ask GET; HEADERS 5 1 " OK "; DATA 0 1 'x'", "*; > GOAWAY 0 STREAM_CLOSED"},
    {HELLO "ask GET; HEADERS 5 1 " OK "; drop 1; DATA 0 1 'x'", "*; > GOAWAY 0 STREAM_CLOSED"},
    {HELLO "PING 0 0 #0#7", ACK "> PING ACK"},

    /* floods */
    {HELLO "600xPING 0 0 #0#7", "*; > GOAWAY 0 ENHANCE_YOUR_CALM"},
    {"60xSETTINGS 0 0", "*; > GOAWAY 0 ENHANCE_YOUR_CALM"},
    {HELLO "ask GET; HEADERS 4 1 " OK "; 200xDATA 0 1", "*; > GOAWAY 0 ENHANCE_YOUR_CALM"},
    {HELLO "ask GET; HEADERS 0 1 88; 40xCONTINUATION 0 1 40 01 'a' 01 'b'", "*; > GOAWAY 0 ENHANCE_YOUR_CALM"},
    {HELLO "ask GET; HEADERS 0 1 88; 5xCONTINUATION 0 1", "*; > GOAWAY 0 ENHANCE_YOUR_CALM"},
    {HELLO "ask GET; HEADERS 4 1 88 40 01 'a' 7f a1 1e *4000; HEADERS 5 1 " BE10 BE10 BE10 BE10,
     "*; > GOAWAY 0 ENHANCE_YOUR_CALM"},
    {HELLO "ask GET; 60xHEADERS 4 1 {:status=103}", "*; head 1 103 interim x60"},
};

/* "*": whatever comes before the rest */
static bool is_as(const char *said, const char *wanted) {
    if (*wanted != '*') return strcmp(said, wanted) == 0;
    return span_ends(span_of(said), span_of(wanted + 1));
}

static void play(int i, size_t step) {
    char *said = player_run_client(&player_options, cases[i].script, step);
    ck_assert_msg(is_as(said, cases[i].said), "%s\n  %s\ninstead of\n  %s", cases[i].script, said, cases[i].said);
    free(said);
}

START_TEST(at_once) {
    play(_i, 0);
}
END_TEST

START_TEST(byte_for_byte) {
    play(_i, 1);
}
END_TEST

START_TEST(in_pieces) {
    play(_i, 7);
}
END_TEST

/* The first bytes: preface, SETTINGS without push, a window for the connection. */
START_TEST(first_bytes) {
    static const char expected[] = H2_PREFACE "\0\0\014\4\0\0\0\0\0"
                                   "\0\2\0\0\0\0\0\6\0\0\x20\0"
                                   "\0\0\4\x08\0\0\0\0\0\0\x0f\0\1";
    struct h2_session *s = h2_client_make(&player_options);
    struct chunks out = {0};
    h2_control(s, &out);
    ck_assert_uint_eq(out.bytes, sizeof expected - 1);
    ck_assert_mem_eq(chunk_bytes(chunks_at(&out, 0)), expected, sizeof expected - 1);
    chunks_clear(&out);
    h2_drop(s);
}
END_TEST

/* A request's fields as a server decodes them. */
static const struct {
    const char *method, *protocol, *fields, *decoded;
    int64_t length;
} questions[] = {
    {"GET", "", "Host: x|Connection: a|Keep-Alive: 1|Accept: b|Expect: 100-continue",
     ":method=GET :scheme=https :path=/p :authority=a.test accept=b ", -1},
    {"POST", "", "Content-Length: 9|TE: gzip, trailers|Transfer-Encoding: chunked|Upgrade: x|Cookie: c=d",
     ":method=POST :scheme=https :path=/p :authority=a.test te=trailers cookie=c=d content-length=5 ", 5},
    {"GET", "", "TE: gzip|Proxy-Connection: x|HTTP2-Settings: y|X-Odd: Z",
     ":method=GET :scheme=https :path=/p :authority=a.test x-odd=Z ", -1},
    {"CONNECT", "", "", ":method=CONNECT :authority=a.test ", -1},
    {"CONNECT", "websocket", "",
     ":method=CONNECT :scheme=https :path=/p :authority=a.test :protocol=websocket ", -1},
};

static void add_fields(struct fields *f, struct arena *a, struct span text) {
    struct span line;
    while (text.n && span_next(&text, '|', &line)) {
        size_t colon = span_find(line, ':');
        struct span name = span_upto(line, colon), value = span_trim(span_from(line, colon + 1));
        fields_append(f, a, header_find(name), name, value);
    }
}

START_TEST(question) {
    struct arena a = {0};
    struct fields fields = {0};
    struct buf block = {0}, text = {0};
    struct hpack_decoder decoder;
    struct hpack_field f;
    uint64_t bytes;
    add_fields(&fields, &a, span_of(questions[_i].fields));
    const struct h2_question q = {span_of(questions[_i].method), SPAN("https"), SPAN("a.test"), SPAN("/p"),
                                  span_of(questions[_i].protocol), &fields, questions[_i].length};
    h2_question_block(&q, &block, &bytes);
    hpack_init(&decoder, 0);
    struct hpack_block rest = {.rest = buf_span(&block)};
    while (hpack_next(&decoder, &rest, &a, &f) == HPACK_FIELD)
        buf_printf(&text, "%.*s=%.*s ", SPAN_ARG(f.name), SPAN_ARG(f.value));
    ck_assert_str_eq(buf_text(&text), questions[_i].decoded);
    ck_assert_uint_eq(rest.rest.n, 0);
    hpack_done(&decoder);
    buf_done(&block);
    buf_done(&text);
    arena_done(&a);
}
END_TEST

/* What must not stand in trailers does not go out in them (RFC 9110 6.5.1). */
START_TEST(trailers_out) {
    struct h2_session *s = h2_client_make(&player_options);
    struct chunks out = {0};
    struct arena a = {0};
    struct fields fields = {0};
    static const char expected[] = "\0\0\4\1\5\0\0\0\1\0\1x\0"; /* "x" without a value */
    struct h2_stream *st = h2_ask(s, SPAN("\x83"), METHOD_POST, false, &out);
    chunks_clear(&out);
    add_fields(&fields, &a, SPAN("Content-Length: 5|X: |Host: b|Transfer-Encoding: c"));
    h2_send_trailers(s, st, &fields, &out);
    ck_assert_uint_eq(out.bytes, sizeof expected - 1);
    ck_assert_mem_eq(chunk_bytes(chunks_at(&out, 0)), expected, sizeof expected - 1);
    ck_assert(st->ended_by_us);
    chunks_clear(&out);
    arena_done(&a);
    h2_stream_drop(s, st);
    h2_drop(s);
}
END_TEST

#define COUNT(table) (int)(sizeof table / sizeof *table)

int main(void) {
    Suite *suite = suite_create("client");
    TCase *c = tcase_create("frames");
    tcase_add_loop_test(c, at_once, 0, COUNT(cases));
    tcase_add_loop_test(c, byte_for_byte, 0, COUNT(cases));
    tcase_add_loop_test(c, in_pieces, 0, COUNT(cases));
    tcase_add_test(c, first_bytes);
    tcase_add_test(c, trailers_out);
    tcase_add_loop_test(c, question, 0, COUNT(questions));
    suite_add_tcase(suite, c);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed > 0;
}
