/* test_priority.c - whose turn it is: urgency, increments, and who says so (RFC 9218) */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <check.h>
#include <stdlib.h>

#include "h2/session.h"
#include "tests/unit/h2/player.h"

static const struct {
    const char *value;
    unsigned urgency;
    bool incremental;
} values[] = {
    {"", 3, false},
    {"u=0", 0, false},
    {"u=7, i", 7, true},
    {"i,u=5", 5, true},
    {"i=?1", 3, true},
    {"i, i=?0", 3, false},
    {"u=1, u=2", 2, false},
    {"u=1;a=b;c, i;x", 1, true},
    {"  u=4 \t,\ti ", 4, true},
    {"u=8", 3, false},
    {"u=-1", 3, false},
    {"u=07", 3, false},
    {"u=1.0", 3, false},
    {"u", 3, false},
    {"u=", 3, false},
    {"U=1, I", 3, false},
    {"i=1", 3, false},
    {"i=?2", 3, false},
    {"x=\"u=1, i\", u=6", 6, false},
    {"x=\"", 3, false},
    {",,,;;,=,", 3, false},
};

START_TEST(parse) {
    uint8_t urgency = H2_URGENCY_DEFAULT;
    bool incremental = false;
    priority_parse(span_of(values[_i].value), &urgency, &incremental);
    ck_assert_uint_eq(urgency, values[_i].urgency);
    ck_assert(incremental == values[_i].incremental);
}
END_TEST

#define HELLO "PREFACE; SETTINGS 0 0; "
#define GET(id, more) "HEADERS 5 " #id " {:method=GET|:scheme=http|:path=/|:authority=a" more "}; "
#define WANT3 "want 1; want 3; want 5; "
#define TURNS "turn; turn; turn; turn"

/* Who has the turns after that. */
static const struct {
    const char *script, *said;
} cases[] = {
    {"turn", "turn 0"},
    {GET(1, "") "turn", "turn 0"},
    /* as they came; the first until it is done */
    {GET(1, "") GET(3, "") GET(5, "") WANT3 TURNS, "turn 1 x4"},
    {GET(1, "") GET(3, "") GET(5, "") "want 5; want 3; want 1; turn; respond 1; turn; respond 3 5; turn",
     "turn 1; > HEADERS 1 END_STREAM; turn 3; > HEADERS 3; > DATA 3 5 END_STREAM; turn 5"},
    /* urgency before everything */
    {GET(1, "") GET(3, "|priority=u=7") GET(5, "|priority=u=0") WANT3
     "turn; drop 5; turn; drop 1; turn; drop 3; turn",
     "turn 5; > RST_STREAM 5 CANCEL; turn 1; > RST_STREAM 1 CANCEL; turn 3; > RST_STREAM 3 CANCEL; turn 0"},
    /* increments in turns, also beside one that is not incremental, which is sent at once when it comes */
    {GET(1, "|priority=i") GET(3, "|priority=i") GET(5, "|priority=i") WANT3 TURNS, "turn 1; turn 3; turn 5; turn 1"},
    {GET(1, "|priority=i") GET(3, "") GET(5, "|priority=i") WANT3 TURNS "; respond 3; " TURNS,
     "turn 1; turn 3 x3; > HEADERS 3 END_STREAM; turn 5; turn 1; turn 5; turn 1"},
    /* PRIORITY_UPDATE: early, late, above the field, for a stream that is gone */
    {"PRIORITY_UPDATE 0 0 #3 'u=0'; " GET(1, "") GET(3, "|priority=u=6") "want 1; want 3; turn", "turn 3"},
    {GET(1, "") GET(3, "") "want 1; want 3; turn; PRIORITY_UPDATE 0 0 #3 'u=1'; turn; PRIORITY_UPDATE 0 0 #3; turn",
     "turn 1; turn 3; turn 1"},
    {GET(1, "") GET(3, "") "want 1; want 3; drop 1; PRIORITY_UPDATE 0 0 #1 'u=1'; turn",
     "> RST_STREAM 1 CANCEL; turn 3"},
    /* windows: of a stream, of the connection */
    {"SETTINGS 0 0 0004#5; " GET(1, "") GET(3, "") "want 1; want 3; respond 1 9; turn; WINDOW_UPDATE 0 1 #300; turn",
     "> HEADERS 1; > DATA 1 5; turn 3; turn 1"},
    {"SETTINGS 0 0 0004#0; " GET(1, "") GET(3, "") "want 1; want 3; turn; SETTINGS 0 0 0004#5; turn",
     "turn 0; > SETTINGS ACK; turn 1"},
    {GET(1, "") GET(3, "") "want 3; respond 1 65535; turn; WINDOW_UPDATE 0 0 #1000; turn",
     "> HEADERS 1; > DATA 1 16384 x3; > DATA 1 16383 END_STREAM; turn 0; turn 3"},
    /* reset by the peer */
    {GET(1, "") GET(3, "") "want 1; want 3; RST_STREAM 0 1 #8; turn", "reset 1 CANCEL; turn 3"},
};

START_TEST(turns) {
    struct player p;
    player_init(&p, &player_options);
    player_play(&p, HELLO, 0);
    player_play(&p, cases[_i].script, 0);
    /* Without what requests begin with. */
    struct span rest = span_of(player_said(&p)), line;
    struct buf said = {0};
    bool first = true;
    while (rest.n && span_next(&rest, ';', &line)) {
        line = span_trim(line);
        if (span_starts(line, SPAN("head ")) || span_starts(line, SPAN("end "))) continue;
        if (first && span_starts(line, SPAN("> SETTINGS"))) continue;
        if (said.n) buf_add_text(&said, "; ");
        buf_add(&said, line);
        first = false;
    }
    ck_assert_str_eq(buf_text(&said), cases[_i].said);
    buf_done(&said);
    player_done(&p);
}
END_TEST

START_TEST(blocked) {
    struct player p;
    player_init(&p, &player_options);
    player_play(&p, HELLO GET(1, "") GET(3, "") "respond 1 65535", 0);
    ck_assert(!h2_is_blocked(p.session)); /* nobody wants to send */
    player_play(&p, "want 3", 0);
    ck_assert(h2_is_blocked(p.session));
    player_play(&p, "WINDOW_UPDATE 0 0 #2000", 0);
    ck_assert(!h2_is_blocked(p.session));
    player_done(&p);
}
END_TEST

/* Windows that open by bits are waited for, those of the connection and of a stream; what is small need not wait. */
START_TEST(windows_are_left_to_grow) {
    struct player p;
    player_init(&p, &player_options);
    player_play(&p, HELLO GET(1, "") GET(3, "") "respond 1 65535; WINDOW_UPDATE 0 0 #1000", 0);
    p.streams[1]->pending = 5000;
    player_play(&p, "want 3", 0);
    ck_assert_ptr_null(h2_next_turn(p.session));
    ck_assert(h2_is_blocked(p.session));
    player_play(&p, "WINDOW_UPDATE 0 0 #24", 0);
    ck_assert_ptr_eq(h2_next_turn(p.session), p.streams[1]);
    p.streams[1]->pending = 10;
    ck_assert_ptr_eq(h2_next_turn(p.session), p.streams[1]);
    player_done(&p);

    player_init(&p, &player_options);
    player_play(&p, HELLO "SETTINGS 0 0 0004#100; " GET(1, ""), 0);
    p.streams[0]->pending = 5000;
    player_play(&p, "want 1", 0);
    ck_assert_ptr_eq(h2_next_turn(p.session), p.streams[0]); /* it has no more to give */
    player_done(&p);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("priority");
    TCase *c = tcase_create("field");
    tcase_add_loop_test(c, parse, 0, sizeof values / sizeof *values);
    suite_add_tcase(suite, c);
    c = tcase_create("turns");
    tcase_add_loop_test(c, turns, 0, sizeof cases / sizeof *cases);
    tcase_add_test(c, blocked);
    tcase_add_test(c, windows_are_left_to_grow);
    suite_add_tcase(suite, c);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed > 0;
}
