/* test_flow.c - windows: how much each side may send, and how the receiving ones grow */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "h2/session.h"
#include "tests/unit/h2/player.h"

#define HELLO "PREFACE; SETTINGS 0 0; "
#define G "{:method=GET|:scheme=http|:path=/|:authority=a}"
#define P "{:method=POST|:scheme=http|:path=/|:authority=a}"

enum { FIRST = 65535, CONNECTION = 256 * 1024, MOST = 4 * 1024 * 1024 };

static struct player p;

static void begin(const char *script) {
    player_init(&p, &player_options);
    player_play(&p, HELLO, 0);
    player_play(&p, script, 0);
    player_said(&p);
    buf_clear(&p.said);
}

static const char *said(const char *script) {
    buf_clear(&p.said);
    player_play(&p, script, 0);
    return player_said(&p);
}

/* ---- receiving -------------------------------------------------------------------------------- */

START_TEST(first_windows) {
    begin("HEADERS 4 1 " P);
    ck_assert_int_eq(p.session->receive_window, CONNECTION);
    ck_assert_int_eq(p.streams[0]->receive_window, FIRST);
    player_done(&p);
}
END_TEST

START_TEST(updates_are_saved_up) {
    begin("HEADERS 4 1 " P "; DATA 0 1 *16384; DATA 0 1 *16384");
    ck_assert_str_eq(said("consume 1 16384"), "");
    ck_assert_str_eq(said("consume 1 16383"), "");
    ck_assert_str_eq(said("consume 1 1"), "> WINDOW_UPDATE 1 32768; > PING 1");
    player_done(&p);
}
END_TEST

START_TEST(padding_is_consumed_at_once) {
    begin("HEADERS 4 1 " P);
    ck_assert_str_eq(said("128x DATA 8 1 fe 'a' *254"), "data 1 128");
    ck_assert_str_eq(said("DATA 8 1 fe 'a' *254"), "data 1 1; > WINDOW_UPDATE 1 32895; > PING 1");
    ck_assert_int_eq(p.session->held, 129);
    player_done(&p);
}
END_TEST

START_TEST(thrown_away_counts_for_the_connection) {
    begin("HEADERS 4 1 " P "; DATA 0 1 *16384; drop 1");
    ck_assert_int_eq(p.session->held, 0);
    ck_assert_str_eq(said("6x DATA 0 1 *16384"), "");
    ck_assert_str_eq(said("DATA 0 1 *16384"), "> WINDOW_UPDATE 0 131072; > PING 1");
    ck_assert_int_eq(p.session->receive_window, CONNECTION);
    player_done(&p);
}
END_TEST

START_TEST(no_update_for_what_has_ended) {
    begin("HEADERS 4 1 " P "; 2x DATA 0 1 *16384; DATA 1 1 *16384");
    ck_assert_str_eq(said("consume 1 49152"), "");
    player_done(&p);
}
END_TEST

/* One who consumes at once, and whose PINGs are answered after n windows of data. */
static void upload(unsigned frames_in_a_round_trip) {
    char script[64];
    for (unsigned i = 0; i < frames_in_a_round_trip; i++) {
        int64_t window = p.streams[0]->receive_window;
        snprintf(script, sizeof script, "DATA 0 1 *%u", window < 16384 ? (unsigned)window : 16384);
        player_play(&p, script, 0);
        snprintf(script, sizeof script, "consume 1 %u", (unsigned)p.streams[0]->held);
        player_play(&p, script, 0);
    }
    snprintf(script, sizeof script, "PING 1 0 #0#%u", (unsigned)p.session->probe);
    player_play(&p, script, 0);
}

START_TEST(windows_grow_with_the_road) {
    begin("HEADERS 4 1 " P);
    upload(5); /* 80 KiB; the PING went out after 32 KiB */
    ck_assert_int_eq(p.session->stream_target, 2 * FIRST);
    for (int i = 0; i < 7; i++) upload((unsigned)(p.session->stream_target / 8192));
    ck_assert_int_eq(p.session->stream_target, MOST);
    ck_assert_int_eq(p.session->receive_target, MOST);
    ck_assert_int_eq(p.streams[0]->receive_target, MOST);
    ck_assert_int_le(p.session->receive_window, MOST);
    buf_clear(&p.said);
    upload(1000);
    player_said(&p);
    ck_assert_ptr_null(strstr(p.said.p, "PING")); /* there is nothing to be found out any more */
    player_done(&p);
}
END_TEST

START_TEST(short_roads_need_no_more) {
    begin("HEADERS 4 1 " P);
    upload(3);
    for (int i = 0; i < 100; i++) upload(1);
    ck_assert_int_eq(p.session->stream_target, FIRST);
    player_done(&p);
}
END_TEST

/* The connection's road is long, but one of its consumers is slow: it gets no more than at first. */
START_TEST(slow_consumers_are_bounded) {
    begin("HEADERS 4 1 " P "; HEADERS 4 3 " P "; DATA 0 3 *16384");
    for (int i = 0; i < 7; i++) upload((unsigned)(p.session->stream_target / 8192));
    ck_assert_int_eq(p.session->stream_target, MOST);
    player_play(&p, "2x DATA 0 3 *16384; DATA 0 3 *16383; 4x consume 3 16000", 0);
    ck_assert_int_eq(p.streams[1]->receive_target, FIRST);
    ck_assert_int_le(p.streams[1]->receive_window + p.streams[1]->held, FIRST);
    player_done(&p);
}
END_TEST

/* Nobody consumes: PINGs don't even begin. */
START_TEST(nobody_consumes) {
    begin("HEADERS 4 1 " P);
    ck_assert_str_eq(said("3x DATA 0 1 *16384; DATA 0 1 *16383"), "data 1 65535");
    ck_assert_uint_eq(p.session->probe, 0);
    ck_assert_ptr_nonnull(strstr(said("DATA 0 1 'a'"), "reset 1 FLOW_CONTROL_ERROR"));
    player_done(&p);
}
END_TEST

/* ---- sending ---------------------------------------------------------------------------------- */

/* Chunks of all sizes, so that frames begin and end within them. */
START_TEST(frames_within_windows) {
    static const char bytes[300000];
    struct chunks body = {0}, out = {0};
    begin("HEADERS 5 1 " G "; WINDOW_UPDATE 0 0 #1000000; WINDOW_UPDATE 0 1 #200000");
    struct h2_stream *st = p.streams[0];
    for (size_t n = 1; body.bytes < 280000; n = n * 3 % 20011) chunks_add_copy(&body, (struct span){bytes, n});
    uint64_t all = body.bytes, sent = 0;
    while (sent < FIRST + 200000) {
        uint64_t n = h2_send_data(p.session, st, &body, 10000 + sent / 3, true, &out);
        ck_assert_uint_gt(n, 0);
        sent += n;
        ck_assert_int_eq(st->send_window, FIRST + 200000 - (int64_t)sent);
        ck_assert_int_eq(p.session->send_window, FIRST + 1000000 - (int64_t)sent);
        ck_assert_uint_eq(body.bytes, all - sent);
        ck_assert_uint_eq(out.bytes, st->sent_bytes);
    }
    ck_assert_uint_eq(h2_send_data(p.session, st, &body, UINT64_MAX, true, &out), 0);
    ck_assert(!st->ended_by_us);
    player_play(&p, "WINDOW_UPDATE 0 1 #100000", 0);
    ck_assert_uint_eq(h2_send_data(p.session, st, &body, UINT64_MAX, true, &out), all - sent);
    ck_assert(st->ended_by_us);
    ck_assert_uint_eq(body.bytes, 0);
    chunks_clear(&body);
    chunks_clear(&out);
    player_done(&p);
}
END_TEST

START_TEST(an_end_needs_no_window) {
    struct chunks body = {0}, out = {0};
    begin("SETTINGS 0 0 0004#0; HEADERS 5 1 " G);
    ck_assert_uint_eq(h2_send_data(p.session, p.streams[0], &body, 100, false, &out), 0);
    ck_assert_uint_eq(out.bytes, 0);
    ck_assert_uint_eq(h2_send_data(p.session, p.streams[0], &body, 100, true, &out), 0);
    ck_assert_uint_eq(out.bytes, 9);
    ck_assert(p.streams[0]->ended_by_us);
    ck_assert_uint_eq(h2_send_data(p.session, p.streams[0], &body, 100, true, &out), 0);
    ck_assert_uint_eq(out.bytes, 9);
    chunks_clear(&out);
    player_done(&p);
}
END_TEST

START_TEST(windows_may_become_negative) {
    begin("HEADERS 5 1 " G "; HEADERS 5 3 " G "; respond 1 60000; SETTINGS 0 0 0004#10000");
    ck_assert_int_eq(p.streams[1]->send_window, 10000);
    struct chunks body = {0}, out = {0};
    struct h2_stream *st = p.streams[1];
    chunks_add_constant(&body, SPAN("0123456789"));
    ck_assert_uint_eq(h2_send_data(p.session, st, &body, 4, false, &out), 4);
    player_play(&p, "SETTINGS 0 0 0004#2", 0);
    ck_assert_int_eq(st->send_window, -2);
    ck_assert_uint_eq(h2_send_data(p.session, st, &body, 4, false, &out), 0);
    player_play(&p, "WINDOW_UPDATE 0 3 #300", 0);
    ck_assert_uint_eq(h2_send_data(p.session, st, &body, 100, true, &out), 6);
    chunks_clear(&out);
    player_done(&p);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("flow");
    TCase *c = tcase_create("receiving");
    tcase_add_test(c, first_windows);
    tcase_add_test(c, updates_are_saved_up);
    tcase_add_test(c, padding_is_consumed_at_once);
    tcase_add_test(c, thrown_away_counts_for_the_connection);
    tcase_add_test(c, no_update_for_what_has_ended);
    tcase_add_test(c, windows_grow_with_the_road);
    tcase_add_test(c, short_roads_need_no_more);
    tcase_add_test(c, slow_consumers_are_bounded);
    tcase_add_test(c, nobody_consumes);
    suite_add_tcase(suite, c);
    c = tcase_create("sending");
    tcase_add_test(c, frames_within_windows);
    tcase_add_test(c, an_end_needs_no_window);
    tcase_add_test(c, windows_may_become_negative);
    suite_add_tcase(suite, c);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed > 0;
}
