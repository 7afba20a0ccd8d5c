/* test_session.c - frames of a client and what comes of them: every case at once and byte for byte */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <check.h>
#include <stdlib.h>

#include "tests/unit/h2/player.h"

#define HELLO "PREFACE; SETTINGS 0 0; "
#define G "{:method=GET|:scheme=http|:path=/|:authority=a}"
#define P "{:method=POST|:scheme=http|:path=/|:authority=a}"
#define P5 "{:method=POST|:scheme=http|:path=/|:authority=a|content-length=5}"
#define GET(id) "HEADERS 5 " #id " " G "; "
#define POST(id) "HEADERS 4 " #id " " P "; "
#define POST5(id) "HEADERS 4 " #id " " P5 "; "
#define ACK "> SETTINGS ACK"
#define HEAD(id) "head " #id " GET http a /; end " #id
#define PHEAD(id) "head " #id " POST http a /"

static const struct {
    const char *script, *said;
} cases[] = {
    /* 3.4: the preface */
    {HELLO, ACK},
    {HELLO GET(1), HEAD(1) "; " ACK},
    {"RAW 'GET / HTTP/1.1'", "close PROTOCOL_ERROR; > GOAWAY 0 PROTOCOL_ERROR"},
    {"RAW 'PRI * HTTP/2.0'; RAW 0d0a0d0a 'SN'", "close PROTOCOL_ERROR; > GOAWAY 0 PROTOCOL_ERROR"},
    {"PREFACE; PING 0 0 0000000000000000", "close PROTOCOL_ERROR; > GOAWAY 0 PROTOCOL_ERROR"},
    {"PREFACE; SETTINGS 1 0", "close PROTOCOL_ERROR; > GOAWAY 0 PROTOCOL_ERROR"},
    {"PREFACE; " GET(1), "close PROTOCOL_ERROR; > GOAWAY 0 PROTOCOL_ERROR"},
    {"PREFACE; 20 0 0", "close PROTOCOL_ERROR; > GOAWAY 0 PROTOCOL_ERROR"},

    /* 4.1, 4.2: sizes, unknown types, undefined flags, the reserved bit */
    {HELLO "20 ff 0 *100; 77 0 5 *16384; PING 0 0 #0#7", ACK "; > PING ACK"},
    {HELLO "20 0 0 *16385", "close FRAME_SIZE_ERROR; " ACK "; > GOAWAY 0 FRAME_SIZE_ERROR"},
    {HELLO POST(1) "DATA 0 1 *16385", PHEAD(1) "; close FRAME_SIZE_ERROR; " ACK "; > GOAWAY 1 FRAME_SIZE_ERROR"},
    {HELLO "PING fe 0 #0#7; PING 0 80000000 #0#7", ACK "; > PING ACK x2"},
    {HELLO "HEADERS d5 80000001 " G, HEAD(1) "; " ACK},

    /* 4.3, 6.10: header blocks in pieces, with nothing between */
    {HELLO "HEADERS 1 1 00 07 ':met'; CONTINUATION 0 1 'hod' 03 'G'; CONTINUATION 4 1 'ET' 86 84 01 01 'a'",
     HEAD(1) "; " ACK},
    {HELLO "HEADERS 0 1; CONTINUATION 4 1 " P "; DATA 1 1 'xyz'", PHEAD(1) "; data 1 3; end 1; " ACK},
    {HELLO "HEADERS 1 1 82; PING 0 0 #0#0", "close PROTOCOL_ERROR; " ACK "; > GOAWAY 0 PROTOCOL_ERROR"},
    {HELLO "HEADERS 1 1 82; 20 0 1", "close PROTOCOL_ERROR; " ACK "; > GOAWAY 0 PROTOCOL_ERROR"},
    {HELLO "HEADERS 1 1 82; DATA 0 1", "close PROTOCOL_ERROR; " ACK "; > GOAWAY 0 PROTOCOL_ERROR"},
    {HELLO "HEADERS 1 1 82; CONTINUATION 4 3 84", "close PROTOCOL_ERROR; " ACK "; > GOAWAY 0 PROTOCOL_ERROR"},
    {HELLO "HEADERS 1 1 82; HEADERS 5 3 82", "close PROTOCOL_ERROR; " ACK "; > GOAWAY 0 PROTOCOL_ERROR"},
    {HELLO "CONTINUATION 4 1 82", "close PROTOCOL_ERROR; " ACK "; > GOAWAY 0 PROTOCOL_ERROR"},
    {HELLO GET(1) "CONTINUATION 4 1 82", HEAD(1) "; close PROTOCOL_ERROR; " ACK "; > GOAWAY 1 PROTOCOL_ERROR"},
    {HELLO "HEADERS 5 1 ff", "head 1 malformed; close COMPRESSION_ERROR; " ACK "; > GOAWAY 1 COMPRESSION_ERROR"},
    {HELLO POST(1) "HEADERS 5 1 ff",
     PHEAD(1) "; close COMPRESSION_ERROR; " ACK "; > GOAWAY 1 COMPRESSION_ERROR"},

    /* 5.1, 5.1.1: states and identifiers */
    {HELLO "DATA 0 1 'a'", "close PROTOCOL_ERROR; " ACK "; > GOAWAY 0 PROTOCOL_ERROR"},
    {HELLO "RST_STREAM 0 1 #8", "close PROTOCOL_ERROR; " ACK "; > GOAWAY 0 PROTOCOL_ERROR"},
    {HELLO "WINDOW_UPDATE 0 1 #8", "close PROTOCOL_ERROR; " ACK "; > GOAWAY 0 PROTOCOL_ERROR"},
    {HELLO "HEADERS 5 2 " G, "close PROTOCOL_ERROR; " ACK "; > GOAWAY 0 PROTOCOL_ERROR"},
    {HELLO GET(5) "WINDOW_UPDATE 0 4 #1", HEAD(5) "; close PROTOCOL_ERROR; " ACK "; > GOAWAY 5 PROTOCOL_ERROR"},
    {HELLO GET(5) "HEADERS 5 3 " G, HEAD(5) "; close PROTOCOL_ERROR; " ACK "; > GOAWAY 5 PROTOCOL_ERROR"},
    {HELLO GET(1) GET(3) GET(83) "HEADERS 5 81 " G,
     HEAD(1) "; " HEAD(3) "; head 131 GET http a /; end 131; close PROTOCOL_ERROR; " ACK
             "; > GOAWAY 131 PROTOCOL_ERROR"},
    {HELLO GET(1) GET(3) GET(7) "HEADERS 5 3 " G,
     HEAD(1) "; " HEAD(3) "; " HEAD(7) "; close STREAM_CLOSED; " ACK "; > GOAWAY 7 STREAM_CLOSED"},
    {HELLO GET(1) "DATA 1 1 'a'", HEAD(1) "; close STREAM_CLOSED; " ACK "; > GOAWAY 1 STREAM_CLOSED"},
    {HELLO GET(1) GET(1), HEAD(1) "; close STREAM_CLOSED; " ACK "; > GOAWAY 1 STREAM_CLOSED"},
    {HELLO GET(1) "WINDOW_UPDATE 0 1 #1000; PRIORITY 0 1 #0 00; RST_STREAM 0 1 #8; WINDOW_UPDATE 0 1 #1000",
     HEAD(1) "; reset 1 CANCEL; " ACK},
    {HELLO GET(1) "respond 1; drop 1; WINDOW_UPDATE 0 1 #1000; RST_STREAM 0 1 #8; PRIORITY 0 1 #0 00",
     HEAD(1) "; " ACK "; > HEADERS 1 END_STREAM"},
    {HELLO GET(1) "respond 1; RST_STREAM 0 1 #8; DATA 0 1 'a'",
     HEAD(1) "; " ACK "; > HEADERS 1 END_STREAM; close STREAM_CLOSED; > GOAWAY 1 STREAM_CLOSED"},
    {HELLO GET(1) "respond 1; drop 1; " GET(1),
     HEAD(1) "; " ACK "; > HEADERS 1 END_STREAM; close STREAM_CLOSED; > GOAWAY 1 STREAM_CLOSED"},
    {HELLO GET(1) "respond 1; drop 1; DATA 0 1 'a'",
     HEAD(1) "; " ACK "; > HEADERS 1 END_STREAM; close STREAM_CLOSED; > GOAWAY 1 STREAM_CLOSED"},
    {HELLO POST(1) "RST_STREAM 0 1 #8; DATA 0 1 'a'",
     PHEAD(1) "; reset 1 CANCEL; close STREAM_CLOSED; " ACK "; > GOAWAY 1 STREAM_CLOSED"},
    {HELLO POST(1) "RST_STREAM 0 1 #8; HEADERS 5 1 " G,
     PHEAD(1) "; reset 1 CANCEL; close STREAM_CLOSED; " ACK "; > GOAWAY 1 STREAM_CLOSED"},
    /* after our reset frames may still be under way: they are thrown away, but the table goes on */
    {HELLO POST(1) "reset 1; DATA 0 1 'abc'; HEADERS 5 1 40 01 'x' 01 'y'; WINDOW_UPDATE 0 1 #0; RST_STREAM 0 1 #8;"
           "HEADERS 5 3 82 86 84 be 01 01 'a'",
     PHEAD(1) "; " ACK "; > RST_STREAM 1 INTERNAL_ERROR; head 3 malformed; > RST_STREAM 3 PROTOCOL_ERROR"},
    {HELLO POST(1) "drop 1; DATA 0 1 'abc'; HEADERS 5 1 40 01 'x' 01 'y'; HEADERS 5 3 82 86 84 01 01 'a' be",
     PHEAD(1) "; " ACK "; > RST_STREAM 1 CANCEL; " HEAD(3)},
    {HELLO POST(1) "RAW 000005 0001 00000001 'ab'; drop 1; RAW 'cde'; PING 0 0 #0#0",
     PHEAD(1) "; data 1 2; " ACK "; > RST_STREAM 1 CANCEL; > PING ACK"},
    {HELLO POST(1) "respond 1; drop 1; DATA 1 1 'abc'",
     PHEAD(1) "; " ACK "; > HEADERS 1 END_STREAM; > RST_STREAM 1 NO_ERROR"},

    /* 5.2, 6.9: flow control */
    {HELLO POST(1) "4x DATA 0 1 *16384", PHEAD(1) "; data 1 49152; reset 1 FLOW_CONTROL_ERROR; " ACK
                                         "; > RST_STREAM 1 FLOW_CONTROL_ERROR"},
    {HELLO POST(1) "3x DATA 0 1 *16384; DATA 0 1 *16383; consume 1 30000; consume 1 3000",
     PHEAD(1) "; data 1 65535; " ACK "; > WINDOW_UPDATE 1 33000; > PING 1"},
    {HELLO "5x HEADERS 4 @ " P "; 4x DATA 0 1 *16383; 4x DATA 0 3 *16383; 4x DATA 0 5 *16383; 4x DATA 0 7 *16383;"
           "DATA 0 9 *17",
     PHEAD(1) "; " PHEAD(3) "; " PHEAD(5) "; " PHEAD(7) "; " PHEAD(9)
              "; data 1 65532; data 3 65532; data 5 65532; data 7 65532; close FLOW_CONTROL_ERROR; " ACK
              "; > GOAWAY 9 FLOW_CONTROL_ERROR"},
    {HELLO "WINDOW_UPDATE 0 0 #0", "close PROTOCOL_ERROR; " ACK "; > GOAWAY 0 PROTOCOL_ERROR"},
    {HELLO "WINDOW_UPDATE 0 0 #2147418112; WINDOW_UPDATE 0 0 #1",
     "close FLOW_CONTROL_ERROR; " ACK "; > GOAWAY 0 FLOW_CONTROL_ERROR"},
    {HELLO GET(1) "WINDOW_UPDATE 0 1 #0", HEAD(1) "; reset 1 PROTOCOL_ERROR; " ACK "; > RST_STREAM 1 PROTOCOL_ERROR"},
    {HELLO GET(1) "WINDOW_UPDATE 0 1 #2147418112; WINDOW_UPDATE 0 1 #1",
     HEAD(1) "; reset 1 FLOW_CONTROL_ERROR; " ACK "; > RST_STREAM 1 FLOW_CONTROL_ERROR"},
    {HELLO "WINDOW_UPDATE 0 0 0001", "close FRAME_SIZE_ERROR; " ACK "; > GOAWAY 0 FRAME_SIZE_ERROR"},
    {HELLO GET(1) "respond 1 70000; WINDOW_UPDATE 0 0 #5000",
     HEAD(1) "; " ACK "; > HEADERS 1; > DATA 1 16384 x3; > DATA 1 16383"},

    /* 6.1: DATA, padding */
    {HELLO POST(1) "DATA 9 1 03 'abc' 000000", PHEAD(1) "; data 1 3; end 1; " ACK},
    {HELLO POST(1) "DATA 9 1 02 0000", PHEAD(1) "; end 1; " ACK},
    {HELLO POST(1) "DATA 8 1 03 0000", PHEAD(1) "; close PROTOCOL_ERROR; " ACK "; > GOAWAY 1 PROTOCOL_ERROR"},
    {HELLO POST(1) "DATA 8 1", PHEAD(1) "; close FRAME_SIZE_ERROR; " ACK "; > GOAWAY 1 FRAME_SIZE_ERROR"},
    {HELLO "DATA 0 0 'a'", "close PROTOCOL_ERROR; " ACK "; > GOAWAY 0 PROTOCOL_ERROR"},
    {HELLO POST(1) "DATA 0 1 'ab'; PING 0 0 #0#0; DATA 1 1 'c'",
     PHEAD(1) "; data 1 3; end 1; " ACK "; > PING ACK"},

    /* 6.2: HEADERS */
    {HELLO "HEADERS 2d 1 02 #3 0f " G "0000", HEAD(1) "; " ACK},
    {HELLO "HEADERS d 1 ff " G, "close PROTOCOL_ERROR; " ACK "; > GOAWAY 0 PROTOCOL_ERROR"},
    {HELLO "HEADERS d 1 03 8286", "close PROTOCOL_ERROR; " ACK "; > GOAWAY 0 PROTOCOL_ERROR"},
    {HELLO "HEADERS d 1 03 828684", "head 1 malformed; " ACK "; > RST_STREAM 1 PROTOCOL_ERROR"},
    {HELLO "HEADERS 25 1 #0", "close FRAME_SIZE_ERROR; " ACK "; > GOAWAY 0 FRAME_SIZE_ERROR"}, /* 4.2 */
    {HELLO "HEADERS d 1", "close FRAME_SIZE_ERROR; " ACK "; > GOAWAY 0 FRAME_SIZE_ERROR"},
    {HELLO "HEADERS 5 0 " G, "close PROTOCOL_ERROR; " ACK "; > GOAWAY 0 PROTOCOL_ERROR"},

    /* 6.3: PRIORITY is of no meaning, but for its length */
    {HELLO "PRIORITY 0 1 #1 00; PRIORITY 0 7 #7 00; " GET(1), HEAD(1) "; " ACK},
    {HELLO "PRIORITY 0 1 #1", "close FRAME_SIZE_ERROR; " ACK "; > GOAWAY 0 FRAME_SIZE_ERROR"},
    {HELLO "PRIORITY 0 0 #1 00", "close PROTOCOL_ERROR; " ACK "; > GOAWAY 0 PROTOCOL_ERROR"},

    /* 6.4: RST_STREAM */
    {HELLO GET(1) "RST_STREAM 0 1 0001", HEAD(1) "; close FRAME_SIZE_ERROR; " ACK "; > GOAWAY 1 FRAME_SIZE_ERROR"},
    {HELLO "RST_STREAM 0 0 #1", "close PROTOCOL_ERROR; " ACK "; > GOAWAY 0 PROTOCOL_ERROR"},
    {HELLO POST(1) "DATA 0 1 'abc'; RST_STREAM 0 1 #5",
     PHEAD(1) "; data 1 3; reset 1 STREAM_CLOSED; " ACK},

    /* 6.5: SETTINGS */
    {HELLO "SETTINGS 1 0; SETTINGS 0 0 0003#5 ffff#7", ACK " x2"},
    {HELLO "SETTINGS 1 0 0003#5", "close FRAME_SIZE_ERROR; " ACK "; > GOAWAY 0 FRAME_SIZE_ERROR"},
    {HELLO "SETTINGS 0 0 0003 0000", "close FRAME_SIZE_ERROR; " ACK "; > GOAWAY 0 FRAME_SIZE_ERROR"},
    {HELLO "SETTINGS 0 1", "close PROTOCOL_ERROR; " ACK "; > GOAWAY 0 PROTOCOL_ERROR"},
    {HELLO "SETTINGS 0 0 0002#2", "close PROTOCOL_ERROR; " ACK "; > GOAWAY 0 PROTOCOL_ERROR"},
    {HELLO "SETTINGS 0 0 0004#2147483648", "close FLOW_CONTROL_ERROR; " ACK "; > GOAWAY 0 FLOW_CONTROL_ERROR"},
    {HELLO "SETTINGS 0 0 0005#16383", "close PROTOCOL_ERROR; " ACK "; > GOAWAY 0 PROTOCOL_ERROR"},
    {HELLO "SETTINGS 0 0 0005#16777216", "close PROTOCOL_ERROR; " ACK "; > GOAWAY 0 PROTOCOL_ERROR"},
    {HELLO "SETTINGS 0 0 0008#2", "close PROTOCOL_ERROR; " ACK "; > GOAWAY 0 PROTOCOL_ERROR"},
    {HELLO "SETTINGS 0 0 0009#2", "close PROTOCOL_ERROR; " ACK "; > GOAWAY 0 PROTOCOL_ERROR"},
    {HELLO "SETTINGS 0 0 0009#1", "close PROTOCOL_ERROR; " ACK "; > GOAWAY 0 PROTOCOL_ERROR"},
    {"PREFACE; SETTINGS 0 0 0009#1; SETTINGS 0 0 0009#1", ACK " x2"},
    {HELLO "SETTINGS 0 0 0005#16777215 0004#2147483647 0001#0 0002#0 0006#0", ACK " x2"},
    /* a window that is changed later changes the windows of streams that are open (6.9.2) */
    {HELLO "SETTINGS 0 0 0004#10; " GET(1) "respond 1 30", HEAD(1) "; " ACK " x2; > HEADERS 1; > DATA 1 10"},
    {HELLO GET(1) "SETTINGS 0 0 0004#10; respond 1 10",
     HEAD(1) "; " ACK " x2; > HEADERS 1; > DATA 1 10 END_STREAM"},
    {HELLO GET(1) "WINDOW_UPDATE 0 1 #2147000000; SETTINGS 0 0 0004#600000",
     HEAD(1) "; close FLOW_CONTROL_ERROR; " ACK "; > GOAWAY 1 FLOW_CONTROL_ERROR"},

    /* 6.6 - 6.8 */
    {HELLO GET(1) "PUSH_PROMISE 4 1 #2 82", HEAD(1) "; close PROTOCOL_ERROR; " ACK "; > GOAWAY 1 PROTOCOL_ERROR"},
    {HELLO "PING 0 0 #0", "close FRAME_SIZE_ERROR; " ACK "; > GOAWAY 0 FRAME_SIZE_ERROR"},
    {HELLO "PING 0 1 #0#0", "close PROTOCOL_ERROR; " ACK "; > GOAWAY 0 PROTOCOL_ERROR"},
    {HELLO "PING 1 0 #0#0", ACK},
    {HELLO "GOAWAY 0 1 #0#0", "close PROTOCOL_ERROR; " ACK "; > GOAWAY 0 PROTOCOL_ERROR"},
    {HELLO "GOAWAY 0 0 #0", "close FRAME_SIZE_ERROR; " ACK "; > GOAWAY 0 FRAME_SIZE_ERROR"},
    {HELLO GET(1) "GOAWAY 0 0 #0#0 'bye'; respond 1", HEAD(1) "; " ACK "; > HEADERS 1 END_STREAM"},
    {HELLO GET(1) "goaway; goaway; HEADERS 4 3 " P "; DATA 1 3 'a'; RST_STREAM 0 3 #8; respond 1",
     HEAD(1) "; " ACK "; > GOAWAY 1 NO_ERROR; > HEADERS 1 END_STREAM"},
    {HELLO GET(1) "goaway; " GET(3) "20 0 0 *16385",
     HEAD(1) "; " ACK "; > GOAWAY 1 NO_ERROR; close FRAME_SIZE_ERROR; > GOAWAY 1 FRAME_SIZE_ERROR"},
    /* 6.8: what is under way when the end is announced is still served; not what comes after the PING's answer */
    {HELLO GET(1) "farewell; farewell; " GET(3) "PING 1 0 'farewell'; " GET(5),
     HEAD(1) "; " ACK "; > GOAWAY 2147483647 NO_ERROR; > PING 2003135596; " HEAD(3) "; > GOAWAY 3 NO_ERROR"},
    {HELLO GET(1) "farewell; PING 1 0 'farewelL'; goaway", HEAD(1) "; " ACK
     "; > GOAWAY 2147483647 NO_ERROR; > PING 2003135596; > GOAWAY 1 NO_ERROR"},
    {HELLO GET(1) "fail; PING 0 0 #0#0",
     HEAD(1) "; " ACK "; > GOAWAY 1 INTERNAL_ERROR; close INTERNAL_ERROR"},

    /* 8.1: trailers; 8.1.1: the length of a body */
    {HELLO POST(1) "DATA 0 1 'abc'; HEADERS 5 1 {x=y}", PHEAD(1) "; data 1 3; end 1; " ACK},
    {HELLO POST(1) "HEADERS 4 1 {x=y}", PHEAD(1) "; reset 1 PROTOCOL_ERROR; " ACK "; > RST_STREAM 1 PROTOCOL_ERROR"},
    {HELLO POST(1) "HEADERS 5 1 {:path=/}",
     PHEAD(1) "; reset 1 PROTOCOL_ERROR; " ACK "; > RST_STREAM 1 PROTOCOL_ERROR"},
    {HELLO POST(1) "HEADERS 5 1 {X=y}", PHEAD(1) "; reset 1 PROTOCOL_ERROR; " ACK "; > RST_STREAM 1 PROTOCOL_ERROR"},
    {HELLO POST(1) "HEADERS 5 1 {connection=close}",
     PHEAD(1) "; reset 1 PROTOCOL_ERROR; " ACK "; > RST_STREAM 1 PROTOCOL_ERROR"},
    {HELLO POST5(1) "DATA 0 1 'abc'; DATA 1 1 'de'", PHEAD(1) "; data 1 5; end 1; " ACK},
    {HELLO POST5(1) "DATA 0 1 'abc'; DATA 1 1 'd'",
     PHEAD(1) "; data 1 3; reset 1 PROTOCOL_ERROR; " ACK "; > RST_STREAM 1 PROTOCOL_ERROR"},
    {HELLO POST5(1) "DATA 0 1 'abc'; DATA 1 1 'def'; PING 0 0 #0#0",
     PHEAD(1) "; data 1 3; reset 1 PROTOCOL_ERROR; " ACK "; > RST_STREAM 1 PROTOCOL_ERROR; > PING ACK"},
    {HELLO POST5(1) "DATA 0 1 'abc'; DATA 0 1 'def'",
     PHEAD(1) "; data 1 3; reset 1 PROTOCOL_ERROR; " ACK "; > RST_STREAM 1 PROTOCOL_ERROR"},
    {HELLO POST5(1) "DATA 0 1 'abc'; HEADERS 5 1 {x=y}",
     PHEAD(1) "; data 1 3; reset 1 PROTOCOL_ERROR; " ACK "; > RST_STREAM 1 PROTOCOL_ERROR"},
    {HELLO "HEADERS 4 1 {:method=CONNECT|:authority=a:1}; HEADERS 5 1 {x=y}",
     "head 1 CONNECT  a:1 ; reset 1 PROTOCOL_ERROR; " ACK "; > RST_STREAM 1 PROTOCOL_ERROR"},

    /* RFC 9218 7.1: PRIORITY_UPDATE */
    {HELLO "PRIORITY_UPDATE 0 0 #1 'u=1'; PRIORITY_UPDATE 0 0 #1 'u=9, i'; " GET(1), HEAD(1) "; " ACK},
    {HELLO "PRIORITY_UPDATE 0 1 #1 'u=1'", "close PROTOCOL_ERROR; " ACK "; > GOAWAY 0 PROTOCOL_ERROR"},
    {HELLO "PRIORITY_UPDATE 0 0 #0 'u=1'", "close PROTOCOL_ERROR; " ACK "; > GOAWAY 0 PROTOCOL_ERROR"},
    {HELLO "PRIORITY_UPDATE 0 0 #2 'u=1'", "close PROTOCOL_ERROR; " ACK "; > GOAWAY 0 PROTOCOL_ERROR"},
    {HELLO "PRIORITY_UPDATE 0 0 000000", "close FRAME_SIZE_ERROR; " ACK "; > GOAWAY 0 FRAME_SIZE_ERROR"},
};

static void play(int i, size_t step) {
    char *said = player_run(&player_options, cases[i].script, step);
    ck_assert_msg(strcmp(said, cases[i].said) == 0, "%s\n  %s\ninstead of\n  %s", cases[i].script, said,
                  cases[i].said);
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

/* Answered and let go of before H2_END, which is not told any more. */
START_TEST(dropped_at_its_head) {
    static const char hello[] = H2_PREFACE "\0\0\0\4\0\0\0\0\0"
                                "\0\0\6\1\5\0\0\0\1\x82\x86\x84\x01\x01"
                                "a";
    struct h2_session *s = h2_make(&player_options);
    struct span in = {hello, sizeof hello - 1};
    struct chunks out = {0};
    struct arena a = {0};
    struct message m;
    struct h2_event e;
    ck_assert_int_eq(h2_next(s, &in, &e), H2_HEAD);
    ck_assert_int_eq(h2_read_head(s, e.stream, &m, &a), 0);
    h2_send_block(s, e.stream, SPAN("\x88"), true, &out);
    h2_stream_drop(s, e.stream);
    ck_assert_int_eq(h2_next(s, &in, &e), H2_MORE);
    ck_assert_uint_eq(h2_stream_count(s), 0);
    chunks_clear(&out);
    arena_done(&a);
    h2_drop(s);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("session");
    TCase *c = tcase_create("frames");
    int count = sizeof cases / sizeof *cases;
    tcase_add_loop_test(c, at_once, 0, count);
    tcase_add_loop_test(c, byte_for_byte, 0, count);
    tcase_add_loop_test(c, in_pieces, 0, count);
    tcase_add_test(c, dropped_at_its_head);
    suite_add_tcase(suite, c);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed > 0;
}
