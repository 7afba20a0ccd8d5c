/* h2_play.c - the commands of a scenario that speak HTTP/2 */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <string.h>

#include "server/conn.h"
#include "play.h"

#define FAIL(...) stage_fail(p->stage, __VA_ARGS__)

enum {
    LINGER_MS = 3000,   /* an answered stream waits so long at most for its client's end */
    ID_MAX = 0x7fffffff /* as the last stream of a GOAWAY: this is a warning, another will tell (RFC 9113 6.8) */
};

static struct peer *peer_of(struct player *p) {
    struct client *c = play_client(p);
    if (!c->peer) FAIL("this client does not speak HTTP/2: h2 open");
    return c->peer;
}

/* A line of words as they are written in the scenario, with the values of `save`. */
static unsigned split(struct player *p, struct span line, struct span *words) {
    int count = words_split(line, words, &p->stage->arena);
    if (count <= 0) FAIL("\"%.*s\" cannot be split into words", SPAN_ARG(line));
    for (int i = 0; i < count; i++) words[i] = play_expand(p, words[i]);
    return (unsigned)count;
}

/* ---- beginning ---------------------------------------------------------------------------------------------------- */

/* opening - how a client begins */
struct opening {
    bool raw;      /* says nothing, and what comes may be anything */
    bool bare;     /* the preface, but no SETTINGS */
    bool late;     /* these are not sent before the first frames */
    bool manual, no_ack, no_pong, narrow;
    struct span settings[WORDS_MAX];
    unsigned count;
};

static void read_opening(struct opening *o, const struct span *words, unsigned count) {
    static const char *const names[] = {"raw", "bare", "late", "manual", "no-ack", "no-pong", "narrow"};
    bool *const flags[] = {&o->raw, &o->bare, &o->late, &o->manual, &o->no_ack, &o->no_pong, &o->narrow};
    memset(o, 0, sizeof *o);
    for (unsigned i = 0; i < count; i++) {
        size_t k = 0;
        while (k < sizeof names / sizeof *names && !span_is(words[i], span_of(names[k]))) k++;
        if (k < sizeof names / sizeof *names) *flags[k] = true;
        else o->settings[1 + o->count++] = words[i];
    }
    o->settings[0] = SPAN("SETTINGS");
}

static struct client *open_peer(struct player *p, struct span name, const struct span *words, unsigned count) {
    struct opening o;
    if (!p->stage->worker)
        stage_configure(p->stage, SPAN("server.feature-flags = ( \"server.h2c\" => \"enable\" )\n"));
    read_opening(&o, words, count);
    struct client *c = stage_open(p->stage, name, SPAN(""), o.narrow);
    struct peer *peer = c->peer = peer_make(p->stage, c);
    peer->deaf = o.raw;
    peer->manual = o.manual;
    peer->no_ack = o.no_ack;
    peer->no_pong = o.no_pong;
    if (!o.raw) buf_add(&c->out, SPAN("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"));
    if (!o.raw && !o.bare) peer_say(peer, o.settings, 1 + o.count, NULL, 0);
    if (o.late) return c;
    stage_settle(p->stage);
    if (o.raw || o.bare) return c;
    if (!peer->has_settings) FAIL("the server has not sent its SETTINGS");
    if (peer->first_change != peer->change_count) FAIL("the server has not acknowledged SETTINGS");
    return c;
}

static void do_open(struct player *p) {
    open_peer(p, p->at->client, p->at->words + 2, p->at->word_count - 2);
}

/* ---- sending ------------------------------------------------------------------------------------------------------ */

static void say_line(struct player *p, struct peer *peer, struct span line) {
    struct span words[WORDS_MAX];
    unsigned count = split(p, line, words);
    if (span_is(words[0], SPAN("settle"))) stage_settle(p->stage);
    else if (span_is(words[0], SPAN("wake"))) mod_test_wake();
    else if (span_is(words[0], SPAN("half-close"))) peer->client->ends = true;
    else peer_say(peer, words, count, NULL, 0);
}

/* Each detail is a frame. */
static void do_send(struct player *p) {
    struct peer *peer = peer_of(p);
    for (unsigned i = 0; i < p->at->detail_count; i++) say_line(p, peer, p->at->details[i]);
    stage_settle(p->stage);
}

/* "h2 get 1 /path": the command itself is a frame, its details are further fields. */
static void send_frame(struct player *p) {
    struct peer *peer = peer_of(p);
    struct span words[WORDS_MAX], fields[DETAILS_MAX];
    for (unsigned i = 1; i < p->at->word_count; i++) words[i] = play_expand(p, p->at->words[i]);
    for (unsigned i = 0; i < p->at->detail_count; i++) fields[i] = play_expand(p, p->at->details[i]);
    peer_say(peer, words + 1, p->at->word_count - 1, fields, p->at->detail_count);
    stage_settle(p->stage);
}

static void do_windows(struct player *p) {
    peer_of(p)->manual = play_has_word(p, 2, "manual");
}

/* ---- is it so? NULL, or why not ------------------------------------------------------------------------------------- */

static bool code_is(uint32_t code, struct span names) {
    struct span name;
    uint32_t wanted;
    while (span_next(&names, '|', &name))
        if (error_by_name(name, &wanted) && wanted == code) return true;
    return false;
}

static struct frame *find_frame(struct peer *peer, unsigned type, uint32_t id) {
    for (size_t i = 0; i < peer->frame_count; i++) {
        struct frame *f = &peer->frames[i];
        if (!f->taken && f->type == type && f->id == id && !(type == FRAME_SETTINGS && f->flags & FLAG_ACK)) return f;
    }
    return NULL;
}

static const char *is_alive(struct player *p, struct peer *peer) {
    static unsigned count;
    struct span bytes = arena_printf(&p->stage->arena, "alive%03u", ++count % 1000);
    if (peer->client->is_eof) return "the server has closed the connection";
    if (find_frame(peer, FRAME_GOAWAY, 0)) return "there is a GOAWAY";
    peer_put(peer, FRAME_PING, 0, 0, bytes);
    stage_settle(p->stage);
    return peer->first_ping == peer->pings.n ? NULL : "a PING is not answered";
}

static const char *is_closed(struct player *p, const struct client *c) {
    if (!c->is_eof) return "the connection is not closed";
    if (stage_conn(p->stage, c) && stage_conn(p->stage, c)->state != CONN_LINGER) return "it is not at its end";
    return c->is_reset ? "its end is a reset" : NULL;
}

static const char *is_goaway(struct player *p, struct peer *peer, struct span codes) {
    struct frame *f = find_frame(peer, FRAME_GOAWAY, 0);
    if (!f) return "there is no GOAWAY";
    if (!code_is(f->code, codes)) return "GOAWAY has another error";
    const char *wrong = f->code ? is_closed(p, peer->client) : NULL;
    for (size_t i = 0; !wrong && i < peer->frame_count; i++) peer->frames[i].taken = true;
    return wrong;
}

static const char *is_reset(struct peer *peer, uint32_t id, struct span codes) {
    struct frame *f = find_frame(peer, FRAME_RST_STREAM, id);
    if (!f) return "there is no RST_STREAM of this stream";
    if (!code_is(f->code, codes)) return "RST_STREAM has another error";
    f->taken = true;
    return NULL;
}

static bool is_plain_number(struct span text) {
    uint64_t number;
    return any_number(text, &number);
}

static const char *is_response(struct peer *peer, uint32_t id, struct span status) {
    const struct peer_stream *st = peer_stream(peer, id);
    uint64_t wanted = 0;
    any_number(status, &wanted);
    if (!st || !st->status) return "there is no response";
    if (st->status != (int)wanted) return "the response has another status";
    return st->ended ? NULL : "the response is not whole";
}

/* One of the alternatives of a `try`. */
static const char *has_come(struct player *p, struct peer *peer, const struct span *words, unsigned count) {
    const char *wrong = NULL;
    struct span first = words[0];
    if (span_is(first, SPAN("closed"))) return is_closed(p, peer->client);
    if (span_is(first, SPAN("GOAWAY")) && count == 2) return is_goaway(p, peer, words[1]);
    if (span_is(first, SPAN("RST_STREAM")) && count == 3)
        wrong = is_reset(peer, stream_id_in(peer, words[1]), words[2]);
    else if (is_plain_number(first))
        wrong = is_response(peer, count > 1 ? stream_id_in(peer, words[1]) : peer->last_id, first);
    else if (!span_is(first, SPAN("ignored"))) FAIL("what is \"%.*s\"?", SPAN_ARG(first));
    return wrong ? wrong : is_alive(p, peer);
}

/* ---- trying --------------------------------------------------------------------------------------------------------- */

static void check_alternatives(struct player *p, struct peer *peer) {
    struct buf why = {0};
    unsigned from = 2;
    while (from < p->at->word_count) {
        unsigned to = from;
        while (to < p->at->word_count && !play_has_word(p, to, "or")) to++;
        const char *wrong = has_come(p, peer, p->at->words + from, to - from);
        if (!wrong) break;
        buf_printf(&why, "%s%s", why.n ? "; " : "", wrong);
        from = to + 1;
    }
    if (from >= p->at->word_count) FAIL("%s", buf_text(&why));
    buf_done(&why);
}

/* Frames on a connection of their own, and what must come of them. */
static void do_try(struct player *p) {
    struct span name = arena_printf(&p->stage->arena, "try"), words[WORDS_MAX];
    unsigned first = p->at->detail_count && span_starts(p->at->details[0], SPAN("open")) ? 1 : 0;
    unsigned count = first ? split(p, p->at->details[0], words) : 1;
    struct client *c = open_peer(p, name, words + 1, count - 1);
    for (unsigned i = first; i < p->at->detail_count; i++) say_line(p, c->peer, p->at->details[i]);
    stage_settle(p->stage);
    check_alternatives(p, c->peer);
    peer_over(c->peer);
    client_leave(c);
    mod_test_wake();
    stage_settle(p->stage);
    if (!stage_is_gone(p->stage, c)) stage_wait(p->stage, LINGER_MS);
    if (stage_conn(p->stage, c)) FAIL("the server keeps the connection of a client that left");
}

static void do_alive(struct player *p) {
    const char *wrong = is_alive(p, peer_of(p));
    if (wrong) FAIL("%s", wrong);
}

/* ---- expecting ------------------------------------------------------------------------------------------------------ */

static uint32_t id_word(struct player *p, unsigned i) {
    return stream_id_in(peer_of(p), play_word(p, i));
}

static struct frame *expected_frame(struct player *p, unsigned type, uint32_t id) {
    struct frame *f = find_frame(peer_of(p), type, id);
    if (!f) FAIL("there is no %s on stream %u", frame_name(type), id);
    f->taken = true;
    return f;
}

static void check_details(struct player *p, const struct response *r) {
    for (unsigned i = 0; i < p->at->detail_count; i++) play_detail(p, r, p->at->details[i]);
}

static void expect_headers(struct player *p) {
    const struct frame *f = expected_frame(p, FRAME_HEADERS, id_word(p, 3));
    struct response r = {.status = f->status};
    bool end = play_has_word(p, 4, "end");
    if (end != ((f->flags & FLAG_END_STREAM) != 0)) FAIL("HEADERS: END_STREAM is %s", end ? "not set" : "set");
    struct span status = play_word(p, end ? 5 : 4);
    if (f->status != (int)play_number(p, status)) FAIL("the status is %d", f->status);
    r.head = arena_printf(&p->stage->arena, "HTTP/2.0 %d\r\n%.*s\r\n", f->status, SPAN_ARG(f->payload));
    check_details(p, &r);
}

/* What came of the body since the last time. */
static void expect_data(struct player *p) {
    struct peer_stream *st = peer_stream(peer_of(p), id_word(p, 3));
    if (!st) FAIL("there is no such stream");
    bool end = play_has_word(p, 4, "end");
    unsigned i = end ? 5 : 4;
    struct span got = span_from(buf_span(&st->body), st->body_taken);
    if (play_has_word(p, i, "size")) {
        if (got.n != play_number(p, play_word(p, i + 1))) FAIL("there are %zu bytes of DATA", got.n);
        for (size_t k = 0; k < got.n; k++)
            if (got.p[k] != pattern_byte(st->body_taken + k)) FAIL("DATA has other bytes than the file");
    } else if (!span_is(got, play_expand(p, play_word(p, i)))) {
        FAIL("DATA is \"%.*s\"", SPAN_ARG(got));
    }
    st->body_taken = st->body.n;
    if (end != st->ended) FAIL("END_STREAM %s", end ? "has not come" : "has come");
}

static void expect_goaway(struct player *p) {
    const struct frame *f = expected_frame(p, FRAME_GOAWAY, 0);
    if (!code_is(f->code, play_word(p, 3))) FAIL("GOAWAY has the error %s", error_name(f->code));
    if (play_has_word(p, 4, "soon") != (f->last == ID_MAX)) FAIL("the last stream is %u", f->last);
    if (play_has_word(p, 4, "last") && f->last != play_number(p, play_word(p, 5)))
        FAIL("the last stream is %u", f->last);
}

static void expect_reset(struct player *p) {
    const struct frame *f = expected_frame(p, FRAME_RST_STREAM, id_word(p, 3));
    if (!code_is(f->code, play_word(p, 4))) FAIL("RST_STREAM has the error %s", error_name(f->code));
}

static void expect_window_update(struct player *p) {
    const struct frame *f = expected_frame(p, FRAME_WINDOW_UPDATE, id_word(p, 3));
    if (p->at->word_count > 4 && f->code != play_number(p, play_word(p, 4))) FAIL("WINDOW_UPDATE has %u", f->code);
}

static void expect_settings(struct player *p) {
    const struct peer *peer = peer_of(p);
    for (unsigned i = 3; i < p->at->word_count; i++) {
        struct span text = play_word(p, i);
        size_t equals = span_find(text, '=');
        unsigned id;
        if (equals == text.n || !setting_by_name(span_upto(text, equals), &id) || id >= SETTINGS_KNOWN)
            FAIL("\"%.*s\" is no setting", SPAN_ARG(text));
        if (peer->theirs[id] != play_number(p, span_from(text, equals + 1)))
            FAIL("%s is %u", setting_name(id), peer->theirs[id]);
    }
}

static void expect_ping(struct player *p) {
    const struct peer *peer = peer_of(p);
    if (peer->pings.n == 0) FAIL("no PING was sent");
    if (peer->first_ping != peer->pings.n) FAIL("a PING is not answered");
}

/* An upload that waits for the server's windows. */
static void expect_unsent(struct player *p) {
    const struct peer_stream *st = peer_stream(peer_of(p), id_word(p, 3));
    if (!st || !st->upload_left) FAIL("the server took all of it");
}

static void expect_nothing(struct player *p) {
    struct peer *peer = peer_of(p);
    for (size_t i = 0; i < peer->frame_count; i++) {
        const struct frame *f = &peer->frames[i];
        if (f->taken) continue;
        if (f->type == FRAME_HEADERS || f->type == FRAME_RST_STREAM || f->type == FRAME_GOAWAY)
            FAIL("there is %s %u", frame_name(f->type), f->id);
    }
    for (size_t i = 0; i < peer->stream_count; i++) {
        const struct peer_stream *st = &peer->streams[i];
        if (st->body.n > st->body_taken) FAIL("there is DATA on stream %u", st->id);
    }
    if (peer->client->is_eof) FAIL("the connection is closed");
}

static const struct {
    const char *name;
    void (*run)(struct player *p);
} expectations[] = {
    {"HEADERS", expect_headers},   {"DATA", expect_data},         {"GOAWAY", expect_goaway},
    {"RST_STREAM", expect_reset},  {"SETTINGS", expect_settings}, {"WINDOW_UPDATE", expect_window_update},
    {"PING", expect_ping},         {"nothing", expect_nothing},   {"unsent", expect_unsent},
};

static void do_expect(struct player *p) {
    for (size_t i = 0; i < sizeof expectations / sizeof *expectations; i++) {
        if (!play_has_word(p, 2, expectations[i].name)) continue;
        expectations[i].run(p);
        return;
    }
    FAIL("h2 expect: what is \"%.*s\"?", SPAN_ARG(play_word(p, 2)));
}

/* ---- responses ------------------------------------------------------------------------------------------------------ */

static void take_response_frames(struct peer *peer, struct peer_stream *st) {
    for (size_t i = 0; i < peer->frame_count; i++) {
        struct frame *f = &peer->frames[i];
        if (f->id == st->id && (f->type == FRAME_HEADERS || f->type == FRAME_DATA)) f->taken = true;
    }
    st->body_taken = st->body.n;
}

static enum framing framing_of(const struct peer_stream *st) {
    if (st->length >= 0) return FRAMING_LENGTH;
    return st->for_head || st->status == 204 || st->status == 304 ? FRAMING_NONE : FRAMING_END;
}

static void do_response(struct player *p) {
    struct peer *peer = peer_of(p);
    struct peer_stream *st = peer_stream(peer, id_word(p, 2));
    bool partial = play_has_word(p, 4, "partial");
    if (!st || !st->status) FAIL("there is no response");
    if (st->status != (int)play_number(p, play_word(p, 3))) FAIL("the status is %d", st->status);
    if (partial && st->ended) FAIL("the response looks whole");
    if (!partial && !st->ended) FAIL("the response is not whole");
    response_done(&p->last);
    p->last = (struct response){.status = st->status,
                                .head = st->head,
                                .trailers = st->trailers,
                                .framing = framing_of(st),
                                .is_whole = !partial};
    buf_add(&p->last.body, buf_span(&st->body));
    check_details(p, &p->last);
    take_response_frames(peer, st);
}

/* Where END_STREAM came, among all frames. */
static size_t end_of(struct player *p, uint32_t id) {
    const struct peer *peer = peer_of(p);
    for (size_t i = 0; i < peer->frame_count; i++) {
        const struct frame *f = &peer->frames[i];
        if (f->id == id && f->type <= FRAME_HEADERS && f->flags & FLAG_END_STREAM) return i;
    }
    FAIL("stream %u has not ended", id);
}

static size_t first_data_of(struct player *p, uint32_t id) {
    const struct peer *peer = peer_of(p);
    for (size_t i = 0; i < peer->frame_count; i++)
        if (peer->frames[i].id == id && peer->frames[i].type == FRAME_DATA) return i;
    FAIL("stream %u has no DATA", id);
}

/* The bodies end in that order. */
static void do_ends(struct player *p) {
    for (unsigned i = 3; i < p->at->word_count; i++)
        if (end_of(p, id_word(p, i - 1)) > end_of(p, id_word(p, i)))
            FAIL("stream %u ends after stream %u", id_word(p, i - 1), id_word(p, i));
}

/* No byte of a body before the one that stands before it has ended. */
static void do_one_by_one(struct player *p) {
    for (unsigned i = 3; i < p->at->word_count; i++)
        if (end_of(p, id_word(p, i - 1)) > first_data_of(p, id_word(p, i)))
            FAIL("stream %u begins before stream %u has ended", id_word(p, i), id_word(p, i - 1));
}

/* Each has begun before any of them ends. */
static void do_interleaved(struct player *p) {
    for (unsigned i = 2; i < p->at->word_count; i++)
        for (unsigned k = 2; k < p->at->word_count; k++)
            if (first_data_of(p, id_word(p, i)) > end_of(p, id_word(p, k)))
                FAIL("stream %u begins after stream %u has ended", id_word(p, i), id_word(p, k));
}

static const struct {
    const char *name;
    void (*run)(struct player *p);
} commands[] = {
    {"open", do_open}, {"send", do_send}, {"windows", do_windows}, {"try", do_try},
    {"alive", do_alive}, {"expect", do_expect}, {"response", do_response}, {"ends", do_ends},
    {"one-by-one", do_one_by_one}, {"interleaved", do_interleaved},
};

void play_h2(struct player *p) {
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        if (!play_has_word(p, 1, commands[i].name)) continue;
        commands[i].run(p);
        return;
    }
    send_frame(p);
}
