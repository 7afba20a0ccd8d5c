/* test_limits.c - what a peer can make grow or cost has an end, and one that is far from honest clients */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "h2/frame.h"
#include "tests/unit/h2/player.h"

#define HELLO "PREFACE; SETTINGS 0 0; "
#define G "{:method=GET|:scheme=http|:path=/|:authority=a}"
#define P "{:method=POST|:scheme=http|:path=/|:authority=a}"

#define CALM "close ENHANCE_YOUR_CALM; "
#define RESETS "too many streams are reset before their response is complete"
#define LATE "too many frames on closed streams"
#define EMPTY_DATA "too many DATA frames without data"

/* accept-encoding as the static table has it: 60 bytes for one. */
#define STATIC_20 "9090909090909090909090909090909090909090"
#define STATIC_100 STATIC_20 STATIC_20 STATIC_20 STATIC_20 STATIC_20
#define STATIC_400 STATIC_100 STATIC_100 STATIC_100 STATIC_100

/* Each kind twice: what is still allowed, and one more. The first is honest: no CLOSE. */
static const struct {
    const char *allowed, *one_more, *why;
} floods[] = {
    {HELLO "49x SETTINGS 0 0", "SETTINGS 0 0", "too many SETTINGS"},
    {HELLO "49x SETTINGS 1 0", "SETTINGS 1 0", "too many SETTINGS"},
    {HELLO "500x PING 0 0 #0#0", "PING 0 0 #0#0", "too many PINGs"},
    {HELLO "500x PING 1 0 #0#9", "PING 1 0 #0#9", "too many PINGs"},
    {HELLO "400x PRIORITY 0 1 #0 00", "PRIORITY 0 1 #0 00", "too many PRIORITY or PRIORITY_UPDATE frames"},
    {HELLO "400x PRIORITY_UPDATE 0 0 #1 'u=1'", "PRIORITY_UPDATE 0 0 #1 'u=1'",
     "too many PRIORITY or PRIORITY_UPDATE frames"},
    {HELLO "HEADERS 4 1 " P "; 100x DATA 0 1", "DATA 0 1", EMPTY_DATA},
    {HELLO "HEADERS 4 1 " P "; 100x DATA 8 1 01 00", "DATA 8 1 01 00", EMPTY_DATA},
    {HELLO "500x WINDOW_UPDATE 0 0 #255", "WINDOW_UPDATE 0 0 #1", "too many WINDOW_UPDATEs of a few bytes"},
    {HELLO "HEADERS 5 1 " G "; 500x WINDOW_UPDATE 0 1 #1", "WINDOW_UPDATE 0 1 #1",
     "too many WINDOW_UPDATEs of a few bytes"},
    {HELLO "200x 20 0 0 'grease'", "20 0 7 'grease'", "too many frames of unknown type"},
    {HELLO "200x GOAWAY 0 0 #0#0", "GOAWAY 0 0 #0#0", "too many frames of unknown type"},
    {HELLO "HEADERS 4 1 " P "; drop 1; 4096x DATA 0 1 'a'", "DATA 0 1 'a'", LATE},
    {HELLO "HEADERS 4 1 " P "; drop 1; 4096x HEADERS 5 1 {x=y}", "HEADERS 5 1 {x=y}", LATE},
    {HELLO "HEADERS 4 1 " P "; drop 1; 4096x RST_STREAM 0 1 #8", "RST_STREAM 0 1 #8", LATE},
    {HELLO "goaway; 4096x HEADERS 5 @ " G, "HEADERS 5 @ " G, LATE},
    /* malformed heads, one stream after the other */
    {HELLO "200x HEADERS 5 @ 82", "HEADERS 5 @ 82", RESETS},
    {HELLO "100x HEADERS 4 @ " P "; 200x HEADERS 5 @ " G, "HEADERS 5 @ " G, RESETS},
    /* a header block: in pieces, empty ones, large, and one that becomes large */
    {HELLO "HEADERS 1 1 82 86 84 01 01 'a'; 30x CONTINUATION 0 1 {x=y}; CONTINUATION 4 1 {x=y}",
     "HEADERS 1 3 82 86 84 01 01 'a'; 31x CONTINUATION 0 3 {x=y}; CONTINUATION 0 3 {x=y}",
     "a header block in too many pieces"},
    {HELLO "HEADERS 1 1 82 86 84 01 01 'a'; 4x CONTINUATION 0 1; CONTINUATION 4 1 {x=y}",
     "HEADERS 1 3 82 86 84 01 01 'a'; 4x CONTINUATION 0 3; CONTINUATION 4 3", "a header block with empty pieces"},
    {HELLO "HEADERS 1 1 " G "; 3x CONTINUATION 0 1 {x=y}; 2x CONTINUATION 0 1 00 01 'x' 7f f17d *16240; "
           "CONTINUATION 4 1",
     "HEADERS 1 3 " G "; 3x CONTINUATION 0 3 00 01 'x' 7f f17d *16240", "a header block is much too large"},
    /* a field of 4000 bytes goes into the table and is used again and again: 4033 bytes for one */
    {HELLO "HEADERS 5 1 82 86 84 41 01 'a' 40 01 'x' 7f a11e *4000; "
           "HEADERS 5 3 82 86 84 01 01 'a' bebebebebebebebebebebebebebebebebebebebebebebebebebebebebebebebebebe",
     "HEADERS 5 5 82 86 84 01 01 'a' bebebebebebebebebebebebebebebebebebebebebebebebebebebebebebebebebebebebebe",
     "a header block becomes much too large"},
    {HELLO "HEADERS 5 1 " G STATIC_400 STATIC_400 STATIC_400 STATIC_400 STATIC_400 STATIC_400,
     "HEADERS 5 3 " G STATIC_400 STATIC_400 STATIC_400 STATIC_400 STATIC_400 STATIC_400 STATIC_100,
     "a header block becomes much too large"},
};

static void check_flood(int i, size_t step) {
    struct player p;
    player_init(&p, &player_options);
    player_play(&p, floods[i].allowed, step);
    ck_assert_msg(!strstr(player_said(&p), "close"), "%s: %s: %s", floods[i].allowed, p.why, player_said(&p));
    buf_clear(&p.said);
    player_play(&p, floods[i].one_more, step);
    ck_assert_msg(strstr(player_said(&p), CALM) != NULL, "%s: %s", floods[i].allowed, player_said(&p));
    ck_assert_str_eq(p.why, floods[i].why);
    player_done(&p);
}

START_TEST(flood) {
    check_flood(_i, 0);
}
END_TEST

START_TEST(flood_in_pieces) {
    check_flood(_i, 13);
}
END_TEST

/* n requests that are taken back: `answered` of them after their response, which gives back what two cost. */
static void play_resets(struct player *p, unsigned n, unsigned answered) {
    char part[200];
    for (unsigned i = 0; i < n; i++) {
        unsigned id = 2 * p->counter++ + 1;
        snprintf(part, sizeof part, "HEADERS 5 %x " G "; %s %u; RST_STREAM 0 %x #8; drop %u", id,
                 i < answered ? "respond" : "want", id, id, id);
        player_play(p, part, 0);
    }
}

START_TEST(rapid_resets) {
    struct player p;
    player_init(&p, &player_options);
    player_play(&p, HELLO, 0);
    play_resets(&p, 200, 0);
    ck_assert_ptr_null(strstr(player_said(&p), "close"));
    play_resets(&p, 1, 0);
    ck_assert_ptr_nonnull(strstr(player_said(&p), CALM));
    ck_assert_str_eq(p.why, RESETS);
    player_done(&p);
}
END_TEST

START_TEST(resets_among_answers) {
    struct player p;
    player_init(&p, &player_options);
    player_play(&p, HELLO, 0);
    for (int i = 0; i < 150; i++) play_resets(&p, 3, 1); /* 300 of 450, but two for each response */
    ck_assert_ptr_null(strstr(player_said(&p), "close"));
    player_done(&p);
}
END_TEST

/* An answered request that is taken back: as one without a response if both came in one input, else next to nothing.
 * Without a word about inputs, how the bytes are cut makes no difference. */
START_TEST(taken_back_in_one_breath) {
    for (int inputs = 0; inputs < 3; inputs++) { /* not told of; one for both; two */
        struct player p;
        player_init(&p, &player_options);
        player_play(&p, HELLO, 0);
        for (unsigned id = 1; id < 2 * 1000; id += 2) {
            char part[200];
            if (inputs) h2_input_begins(p.session);
            snprintf(part, sizeof part, "HEADERS 5 %x " G "; respond %u; drop %u", id, id, id);
            player_play(&p, part, 0);
            if (inputs == 2) h2_input_begins(p.session);
            snprintf(part, sizeof part, "RST_STREAM 0 %x #8", id);
            player_play(&p, part, 0);
            if (p.why) break;
        }
        ck_assert_str_eq(p.why ? p.why : "-", inputs == 1 ? RESETS : "-");
        player_done(&p);
    }
}
END_TEST

START_TEST(work_gives_back_at_most_the_start) {
    struct player p;
    player_init(&p, &player_options);
    player_play(&p, HELLO, 0);
    play_resets(&p, 1000, 1000);
    player_play(&p, "500x PING 0 0 #0#0", 0);
    ck_assert_ptr_null(strstr(player_said(&p), "close"));
    player_play(&p, "PING 0 0 #0#0", 0);
    ck_assert_ptr_nonnull(strstr(player_said(&p), CALM));
    player_done(&p);
}
END_TEST

/* More settings in one frame than anybody has. */
START_TEST(many_settings) {
    struct buf script = {0};
    buf_add_text(&script, "PREFACE; SETTINGS 0 0 ");
    for (int i = 0; i < 1600; i++) buf_add_text(&script, " 0004#10");
    char *said = player_run(&player_options, buf_text(&script), 0);
    ck_assert_ptr_null(strstr(said, "close"));
    free(said);
    buf_add_text(&script, " 0004#10");
    said = player_run(&player_options, buf_text(&script), 0);
    ck_assert_ptr_nonnull(strstr(said, CALM));
    free(said);
    buf_done(&script);
}
END_TEST

/* 5.1.2: what is too much is refused, and the table goes on: "be" is what a refused head has put into it. */
START_TEST(too_many_streams) {
    struct h2_options o = player_options;
    o.streams = 2;
    char *said = player_run(&o,
                            HELLO "2x HEADERS 5 @ " G "; HEADERS 5 5 82 86 84 41 01 'a'; respond 1; drop 1;"
                                  "HEADERS 5 7 82 86 84 be; HEADERS 4 9 " P "; DATA 1 9 'a'",
                            0);
    ck_assert_str_eq(said, "head 1 GET http a /; end 1; head 3 GET http a /; end 3; > SETTINGS ACK; "
                           "> RST_STREAM 5 REFUSED_STREAM; > HEADERS 1 END_STREAM; head 7 GET http a /; end 7; "
                           "> RST_STREAM 9 REFUSED_STREAM");
    free(said);
}
END_TEST

/* A taker that does not let go of what is over: the structs have a bound, too. */
START_TEST(streams_that_are_held) {
    struct h2_options o = player_options;
    o.streams = 2;
    char *said = player_run(&o, HELLO "2x HEADERS 5 @ " G "; respond 1; respond 3; 2x HEADERS 5 @ " G
                                      "; respond 5; respond 7; HEADERS 5 @ " G, 0);
    ck_assert_ptr_nonnull(strstr(said, "end 7; > HEADERS 5 END_STREAM; > HEADERS 7 END_STREAM; > RST_STREAM 9 "));
    free(said);
}
END_TEST

/* RFC 9218 7.1: the last word on each of as many streams as may be open, no more. */
START_TEST(early_priorities) {
    struct h2_options o = player_options;
    o.streams = 3;
    char *said = player_run(&o, HELLO "HEADERS 5 1 " G "; PRIORITY_UPDATE 0 0 #3 'u=1'; PRIORITY_UPDATE 0 0 #5 'u=1';"
                                      "PRIORITY_UPDATE 0 0 #3 'u=2'; HEADERS 5 3 " G
                                      "; PRIORITY_UPDATE 0 0 #7 'u=2'", 0);
    ck_assert_ptr_nonnull(strstr(said, "end 3; close PROTOCOL_ERROR"));
    free(said);
    said = player_run(&o, HELLO "PRIORITY_UPDATE 0 0 #1 'u=1'; PRIORITY_UPDATE 0 0 #3 'u=1'; HEADERS 5 5 " G
                                "; PRIORITY_UPDATE 0 0 #7 'u=1'; PRIORITY_UPDATE 0 0 #9 'u=1'", 0);
    ck_assert_ptr_null(strstr(said, "close"));
    free(said);
}
END_TEST

/* A head that is too large is answered, and what follows is understood: it was decoded to its end. */
START_TEST(large_head) {
    struct h2_options o = player_options;
    o.head_bytes = 500;
    o.fields = 9;
    char *said = player_run(&o, HELLO "HEADERS 5 1 82 86 84 41 01 'a' 00 01 'x' 7f a901 *296 40 01 'x' 01 'y';"
                                      "HEADERS 5 3 82 86 84 bf be; HEADERS 5 5 82 86 84 bf be be be be be;"
                                      "HEADERS 5 7 82 86 84 bf be be be be be be", 0);
    ck_assert_str_eq(said, "head 1 431; end 1; head 3 GET http a /; end 3; head 5 GET http a /; end 5; head 7 431; "
                           "end 7; > SETTINGS ACK");
    free(said);
}
END_TEST

/* Answers that nobody fetches; who drives the session should have stopped at h2_control_bytes(), long before. */
START_TEST(answers_that_wait) {
    static const char zeros[1024];
    struct h2_session *s = h2_make(&player_options);
    struct arena a = {0};
    struct buf bytes = {0};
    struct message m;
    struct h2_event e;
    buf_add_text(&bytes, H2_PREFACE);
    frame_put(&bytes, FRAME_SETTINGS, 0, 0, (struct span){NULL, 0});
    frame_put(&bytes, FRAME_HEADERS, 4, 1, SPAN("\x83\x86\x84\x01\x01" "a"));
    struct span in = buf_span(&bytes);
    ck_assert_int_eq(h2_next(s, &in, &e), H2_HEAD);
    struct h2_stream *st = e.stream;
    ck_assert_int_eq(h2_read_head(s, st, &m, &a), 0);

    /* A PING with each KiB of body is paid for. */
    buf_clear(&bytes);
    frame_put(&bytes, FRAME_DATA, 0, 1, (struct span){zeros, sizeof zeros});
    frame_put(&bytes, FRAME_PING, 0, 0, (struct span){zeros, 8});
    enum h2_event_kind kind = H2_MORE;
    while (kind != H2_CLOSE) {
        ck_assert_uint_le(h2_control_bytes(s), 64 * 1024 + 100);
        in = buf_span(&bytes);
        while ((kind = h2_next(s, &in, &e)) == H2_DATA) h2_consumed(s, st, e.data.n);
    }
    ck_assert_uint_gt(h2_control_bytes(s), 64 * 1024);
    ck_assert_uint_eq(e.error, H2_ENHANCE_YOUR_CALM);
    ck_assert_str_eq(e.why, "answers are not read");
    h2_stream_drop(s, st);
    h2_drop(s);
    arena_done(&a);
    buf_done(&bytes);
}
END_TEST

/* The step that opens a stream may be one too many: nobody is told of that stream, and it does not stay. */
START_TEST(the_last_stream_does_not_stay) {
    struct h2_session *s = h2_make(&player_options);
    struct arena a = {0};
    struct buf bytes = {0};
    struct message m;
    struct h2_event e = {.kind = H2_HEAD};
    buf_add_text(&bytes, H2_PREFACE);
    frame_put(&bytes, FRAME_SETTINGS, 0, 0, (struct span){NULL, 0});
    for (uint32_t id = 1; e.kind == H2_HEAD; id += 2) {
        frame_put(&bytes, FRAME_HEADERS, 4, id, SPAN("\x83\x86\x84\x01\x01" "a"));
        struct span in = buf_span(&bytes);
        if (h2_next(s, &in, &e) != H2_HEAD) break;
        ck_assert_int_eq(h2_read_head(s, e.stream, &m, &a), 0);
        h2_stream_drop(s, e.stream); /* RST_STREAM: one more that waits */
        arena_reset(&a);
        buf_clear(&bytes);
    }
    ck_assert_int_eq(e.kind, H2_CLOSE);
    ck_assert_str_eq(e.why, "answers are not read");
    ck_assert_uint_eq(h2_stream_count(s), 0);
    ck_assert(list_is_empty(h2_streams(s)));
    h2_drop(s);
    arena_done(&a);
    buf_done(&bytes);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("limits");
    TCase *c = tcase_create("limits");
    int count = sizeof floods / sizeof *floods;
    tcase_set_timeout(c, 60);
    tcase_add_loop_test(c, flood, 0, count);
    tcase_add_loop_test(c, flood_in_pieces, 0, count);
    tcase_add_test(c, rapid_resets);
    tcase_add_test(c, resets_among_answers);
    tcase_add_test(c, taken_back_in_one_breath);
    tcase_add_test(c, work_gives_back_at_most_the_start);
    tcase_add_test(c, many_settings);
    tcase_add_test(c, too_many_streams);
    tcase_add_test(c, streams_that_are_held);
    tcase_add_test(c, early_priorities);
    tcase_add_test(c, large_head);
    tcase_add_test(c, answers_that_wait);
    tcase_add_test(c, the_last_stream_does_not_stay);
    suite_add_tcase(suite, c);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed > 0;
}
