/* play.c - the commands of a scenario */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/map.h"
#include "base/number.h"
#include "base/regex.h"
#include "decode.h"
#include "play.h"
#include "server/conn.h"
#include "server/modules.h"
#include "server/worker.h"
#include "tls/context.h"

enum { MTIME = 1700000000 }; /* of a file that says nothing else: Tue, 14 Nov 2023 22:13:20 GMT */

#define FAIL(...) stage_fail(p->stage, __VA_ARGS__)

/* ---- words ---------------------------------------------------------------------------------------------------------- */

struct span play_word(const struct player *p, unsigned i) {
    if (i >= p->at->word_count) FAIL("a word is missing");
    return p->at->words[i];
}

bool play_has_word(const struct player *p, unsigned i, const char *text) {
    return i < p->at->word_count && span_is(p->at->words[i], span_of(text));
}

uint64_t play_number(const struct player *p, struct span text) {
    uint64_t number;
    if (!number_parse(text, UINT64_C(1) << 40, &number)) FAIL("\"%.*s\" is no number", SPAN_ARG(text));
    return number;
}

/* {NAME} in a text is what `save` has put there, {dir} the stage's directory. */
struct span play_expand(const struct player *p, struct span text) {
    struct buf out = {0};
    while (text.n) {
        size_t open = span_find(text, '{');
        buf_add(&out, span_upto(text, open));
        text = span_from(text, open);
        if (text.n == 0) break;
        size_t close = span_find(text, '}');
        struct span *value = close < text.n ? map_get(&p->values, (struct span){text.p + 1, close - 1}) : NULL;
        buf_add(&out, value ? *value : span_upto(text, 1));
        text = span_from(text, value ? close + 1 : 1);
    }
    struct span copy = arena_copy(&p->stage->arena, buf_span(&out));
    buf_done(&out);
    return copy;
}

static void play_remember(struct player *p, struct span name, struct span text) {
    struct span *value = arena_get(&p->stage->arena, sizeof *value);
    *value = arena_copy(&p->stage->arena, text);
    map_put(&p->values, arena_copy(&p->stage->arena, name), value);
}

/* Lines as HTTP has them. */
struct span play_with_crlf(const struct player *p, struct span text) {
    struct buf out = {0};
    struct span line;
    while (span_next(&text, '\n', &line)) {
        if (!text.p && line.n == 0) break;
        buf_add(&out, line);
        buf_add(&out, SPAN("\r\n"));
    }
    struct span copy = arena_copy(&p->stage->arena, buf_span(&out));
    buf_done(&out);
    return copy;
}

/* ---- the stage --------------------------------------------------------------------------------------------------------- */

void play_worker(struct player *p) {
    if (!p->stage->worker) stage_configure(p->stage, SPAN(""));
}

struct client *play_client(struct player *p) {
    play_worker(p);
    return stage_client(p->stage, p->at->client);
}

static void do_config(struct player *p) {
    stage_configure(p->stage, play_expand(p, buf_span(&p->at->text)));
}

/* Bytes that tell where they stand. */
struct span play_pattern(struct player *p, size_t n) {
    char *bytes = arena_bytes(&p->stage->arena, n + 1);
    for (size_t i = 0; i < n; i++) bytes[i] = pattern_byte(i);
    return (struct span){bytes, n};
}

/* Bytes that nobody can compress. */
static struct span noise(struct player *p, size_t n) {
    char *bytes = arena_bytes(&p->stage->arena, n + 1);
    uint32_t x = 1;
    for (size_t i = 0; i < n; i++) bytes[i] = (char)((x = x * 1664525 + 1013904223) >> 24);
    return (struct span){bytes, n};
}

static void need_module(struct player *p, struct span what) {
    if (module_find(what) || decode_can(what) || (span_is(what, SPAN("tls")) && tls_is_there())) return;
    if (span_is(what, SPAN("regex")) && regex_is_built()) return;
    printf("SKIP: %s: %.*s is not in this build\n", p->stage->scenario, SPAN_ARG(what));
    p->is_over = p->is_skipped = true;
}

/* Somebody is to serve it. */
static void do_file(struct player *p) {
    struct span content = p->at->has_text ? buf_span(&p->at->text) : SPAN("");
    int64_t mtime = MTIME;
    need_module(p, SPAN("mod_staticfile"));
    for (unsigned i = 2; i < p->at->word_count; i++) {
        if (play_has_word(p, i, "size")) content = play_pattern(p, (size_t)play_number(p, play_word(p, ++i)));
        else if (play_has_word(p, i, "noise")) content = noise(p, (size_t)play_number(p, play_word(p, ++i)));
        else if (play_has_word(p, i, "mtime")) mtime = (int64_t)play_number(p, play_word(p, ++i));
        else content = play_word(p, i);
    }
    stage_file(p->stage, play_word(p, 1), content, mtime);
}

static void do_remove(struct player *p) {
    if (remove(stage_path(p->stage, play_word(p, 1)).p) != 0) FAIL("remove: %s", strerror(errno));
}

static void do_directory(struct player *p) {
    if (mkdir(stage_path(p->stage, play_word(p, 1)).p, 0755) != 0) FAIL("mkdir: %s", strerror(errno));
}

static void do_truncate(struct player *p) {
    if (truncate(stage_path(p->stage, play_word(p, 1)).p, (off_t)play_number(p, play_word(p, 2))) != 0)
        FAIL("truncate: %s", strerror(errno));
}

static void do_needs(struct player *p) {
    need_module(p, play_word(p, 1));
}

static void do_only(struct player *p) {
    p->is_over = true;
    for (unsigned i = 1; i < p->at->word_count; i++)
        if (play_has_word(p, i, mode_names[p->stage->mode])) p->is_over = false;
}

/* ---- clients ------------------------------------------------------------------------------------------------------------ */

static void do_open(struct player *p) {
    struct span from = {NULL, 0};
    bool narrow = false;
    play_worker(p);
    for (unsigned i = 1; i < p->at->word_count; i++) {
        if (play_has_word(p, i, "from")) from = play_word(p, ++i);
        else if (play_has_word(p, i, "narrow")) narrow = true;
        else FAIL("open: what is \"%.*s\"?", SPAN_ARG(play_word(p, i)));
    }
    stage_open(p->stage, p->at->client, from, narrow);
    stage_settle(p->stage);
}

static void do_send(struct player *p) {
    struct client *c = play_client(p);
    if (c->fd < 0) FAIL("this client has left");
    for (unsigned i = 1; i < p->at->word_count; i++) buf_add(&c->out, play_expand(p, play_word(p, i)));
    if (p->at->has_text) buf_add(&c->out, play_with_crlf(p, play_expand(p, buf_span(&p->at->text))));
    stage_settle(p->stage);
}

static void do_fill(struct player *p) {
    struct client *c = play_client(p);
    buf_add(&c->out, play_pattern(p, (size_t)play_number(p, play_word(p, 1))));
    stage_settle(p->stage);
}

static void do_half_close(struct player *p) {
    play_client(p)->ends = true;
    stage_settle(p->stage);
}

static void do_leave(struct player *p) {
    client_leave(play_client(p));
    stage_settle(p->stage);
}

static void do_stall(struct player *p) {
    play_client(p)->is_stalled = true;
}

static void do_drain(struct player *p) {
    play_client(p)->is_stalled = false;
    stage_settle(p->stage);
}

static void do_listen(struct player *p) {
    play_worker(p);
    stage_listen(p->stage);
}

static void do_connect(struct player *p) {
    play_worker(p);
    stage_connect(p->stage, p->at->client);
    stage_settle(p->stage);
}

/* ---- expectations -------------------------------------------------------------------------------------------------------- */

static void consume(struct client *c, size_t n) {
    c->in.n -= n;
    if (c->in.n) memmove(c->in.p, c->in.p + n, c->in.n);
}

/* What the coded body is; of a partial response, as far as it can be told. */
static struct span decoded_body(const struct player *p, const struct response *r, struct span coding) {
    struct buf out = {0};
    enum decoded result = decode(coding, buf_span(&r->body), &out);
    if (result == DECODED_BROKEN || (r->is_whole && result != DECODED_WHOLE))
        FAIL("the body is not \"%.*s\"", SPAN_ARG(coding));
    struct span copy = arena_copy(&p->stage->arena, buf_span(&out));
    buf_done(&out);
    return copy;
}

static void expect_body(struct player *p, const struct response *r, const struct span *words, int count) {
    struct span body = buf_span(&r->body), text;
    if (count > 2 && decode_can(words[1])) {
        body = decoded_body(p, r, *++words);
        count--;
    }
    if (count == 3 && span_is(words[1], SPAN("size"))) {
        if (body.n != play_number(p, words[2])) FAIL("the body has %zu bytes", body.n);
        if (!span_is(body, play_pattern(p, body.n))) FAIL("the body has other bytes than the file");
        return;
    }
    if (count == 3 && span_is(words[1], SPAN("has"))) {
        text = play_expand(p, words[2]);
        if (span_search(body, text) == body.n) FAIL("the body does not have \"%.*s\"", SPAN_ARG(text));
        return;
    }
    if (count == 3 && span_is(words[1], SPAN("echo"))) {
        text = play_pattern(p, (size_t)play_number(p, words[2]));
        text = arena_printf(&p->stage->arena, "whole %zu:%.*s", text.n, SPAN_ARG(text));
        if (!span_is(body, text)) FAIL("the body is not what was sent");
        return;
    }
    if (count != 2) FAIL("body \"TEXT\", body size N, body has \"TEXT\" or body echo N");
    text = play_expand(p, words[1]);
    if (!span_is(body, text)) FAIL("the body is \"%.*s\"", SPAN_ARG(body));
}

static void expect_field(struct player *p, const struct response *r, struct span line) {
    size_t colon = span_find(line, ':');
    struct span name = span_upto(line, colon), value;
    if (colon == line.n) FAIL("\"%.*s\": NAME: VALUE, absent: NAME, body …", SPAN_ARG(line));
    struct span wanted = play_expand(p, span_trim(span_from(line, colon + 1)));
    if (span_is(name, SPAN("absent"))) {
        if (response_field(r, wanted, &value)) FAIL("%.*s is there: %.*s", SPAN_ARG(wanted), SPAN_ARG(value));
        return;
    }
    if (!response_field(r, name, &value)) FAIL("%.*s is missing", SPAN_ARG(name));
    if (span_ends(wanted, SPAN("*"))) {
        if (!span_starts(value, span_upto(wanted, wanted.n - 1)))
            FAIL("%.*s is %.*s", SPAN_ARG(name), SPAN_ARG(value));
    } else if (!span_is(value, wanted)) {
        FAIL("%.*s is %.*s", SPAN_ARG(name), SPAN_ARG(value));
    }
}

static void expect_trailer(struct player *p, const struct response *r, struct span line) {
    size_t colon = span_find(line, ':');
    struct span name = span_upto(line, colon), value;
    struct span wanted = span_trim(span_from(line, colon < line.n ? colon + 1 : colon));
    bool absent = span_is(name, SPAN("absent")), found = response_trailer(r, absent ? wanted : name, &value);
    if (absent && found) FAIL("the trailer %.*s is there", SPAN_ARG(wanted));
    if (!absent && !found) FAIL("the trailer %.*s is missing", SPAN_ARG(name));
    if (!absent && !span_is(value, wanted)) FAIL("the trailer %.*s is %.*s", SPAN_ARG(name), SPAN_ARG(value));
}

void play_detail(struct player *p, const struct response *r, struct span line) {
    static const char *const framings[] = {"none", "length", "chunked", "end"};
    struct span words[WORDS_MAX];
    if (span_starts(line, SPAN("trailer "))) {
        expect_trailer(p, r, span_from(line, 8));
        return;
    }
    if (!span_starts(line, SPAN("body ")) && !span_starts(line, SPAN("framing ")) &&
        !span_starts(line, SPAN("version "))) {
        expect_field(p, r, line);
        return;
    }
    int count = words_split(line, words, &p->stage->arena);
    if (count < 2) FAIL("\"%.*s\" cannot be split", SPAN_ARG(line));
    if (span_is(words[0], SPAN("body"))) expect_body(p, r, words, count);
    else if (span_is(words[0], SPAN("version"))) {
        if (!span_is(span_upto(r->head, 8), words[1])) FAIL("the version is %.*s", 8, r->head.p);
    } else if (!span_is(words[1], span_of(framings[r->framing]))) {
        FAIL("the framing is \"%s\"", framings[r->framing]);
    }
}

static void keep_last(struct player *p, const struct client *c, bool for_head) {
    response_done(&p->last);
    buf_clear(&p->last_bytes);
    buf_add(&p->last_bytes, buf_span(&c->in));
    response_read(&p->last, buf_span(&p->last_bytes), for_head, c->is_eof);
}

static void expect_response(struct player *p, struct client *c, struct span status_text) {
    bool for_head = play_has_word(p, 2, "head"), partial = play_has_word(p, 2, "partial");
    int status = (int)play_number(p, status_text);
    keep_last(p, c, for_head);
    struct response r;
    const char *wrong = response_read(&r, buf_span(&c->in), for_head, c->is_eof);
    if (partial && p->stage->mode == MODE_REFUSE && wrong && !*wrong) { /* it broke before its head had left */
        buf_clear(&c->in);
        return;
    }
    if (wrong) FAIL("%s", *wrong ? wrong : "there is no response");
    if (r.status != status) FAIL("the status is %d", r.status);
    bool is_whole = r.is_whole && !(r.framing == FRAMING_END && c->is_reset);
    if (partial && is_whole) FAIL("the response looks whole");
    if (!partial && !is_whole) FAIL("the response is not whole");
    bool knows_trailers = r.trailers.n == 0;
    for (unsigned i = 0; i < p->at->detail_count; i++) {
        knows_trailers |= span_starts(p->at->details[i], SPAN("trailer "));
        play_detail(p, &r, p->at->details[i]);
    }
    if (!knows_trailers) FAIL("there are trailers: %.*s", SPAN_ARG(r.trailers));
    consume(c, partial ? c->in.n : r.used);
    response_done(&r);
}

static void expect_end(struct player *p, const struct client *c, bool reset) {
    if (c->in.n) FAIL("there are %zu bytes more", c->in.n);
    if (!c->is_eof) FAIL("the connection is not closed");
    if (c->peer && c->peer->goaway_last == UINT32_MAX) FAIL("closed without GOAWAY (RFC 9113 5.4.1, 6.8)");
    if (reset && !c->is_reset && doubles_are_here) FAIL("the end looks clean");
    if (!reset && c->is_reset) FAIL("the end is a reset");
}

static void do_expect(struct player *p) {
    struct client *c = play_client(p);
    struct span what = play_word(p, 1);
    if (span_is(what, SPAN("nothing"))) {
        if (c->in.n || c->is_eof) FAIL("there is something");
    } else if (span_is(what, SPAN("close"))) {
        expect_end(p, c, false);
    } else if (span_is(what, SPAN("reset"))) {
        expect_end(p, c, true);
    } else if (span_is(what, SPAN("gone"))) {
        if (!stage_is_gone(p->stage, c)) FAIL("the server still has the connection");
    } else if (span_is(what, SPAN("unsent"))) {
        if (c->out.n == 0) FAIL("the server took all of it");
    } else if (span_is(what, SPAN("bytes"))) {
        struct span bytes = play_expand(p, play_word(p, 2));
        if (!span_starts(buf_span(&c->in), bytes)) FAIL("it got other bytes");
        consume(c, bytes.n);
    } else {
        expect_response(p, c, what);
    }
}

/* One request on a connection of its own. */
static void do_try(struct player *p) {
    p->at->client = arena_printf(&p->stage->arena, "try");
    play_worker(p);
    struct client *c = stage_open(p->stage, p->at->client, SPAN(""), false);
    if (p->at->word_count > 2) buf_add(&c->out, play_expand(p, play_word(p, 2)));
    if (p->at->has_text) buf_add(&c->out, play_with_crlf(p, play_expand(p, buf_span(&p->at->text))));
    stage_settle(p->stage);
    p->at->word_count = 2;
    if (span_starts(buf_span(&c->in), SPAN("HTTP/1.1 100 "))) FAIL("100 Continue: use open and send");
    expect_response(p, c, play_word(p, 1));
    if (c->in.n) FAIL("there is more than one response");
    client_leave(c);
    stage_settle(p->stage);
    if (!stage_is_gone(p->stage, c)) FAIL("the server keeps the connection of a client that left");
}

static void expect_line(struct player *p, const char *log, bool wanted) {
    struct span text = stage_read(p->stage, log), line = play_expand(p, play_word(p, 1));
    bool found = span_search(text, line) < text.n;
    if (wanted && !found) FAIL("%s does not have \"%.*s\":\n%.*s", log, SPAN_ARG(line), SPAN_ARG(text));
    if (!wanted && found) FAIL("%s has \"%.*s\"", log, SPAN_ARG(line));
}

static void do_log(struct player *p) {
    expect_line(p, "error.log", true);
}

static void do_no_log(struct player *p) {
    expect_line(p, "error.log", false);
}

static void do_access(struct player *p) {
    expect_line(p, "access.log", true);
}

static void do_state(struct player *p) {
    const struct conn *c = stage_conn(p->stage, play_client(p));
    if (!c) FAIL("the connection is closed");
    const char *conn = conn_state_name((enum conn_state)c->state);
    const char *request = c->request ? request_state_name((enum request_state)c->request->state) : "-";
    if (!play_has_word(p, 1, conn) || !play_has_word(p, 2, request)) FAIL("the state is %s %s", conn, request);
}

static void do_mode(struct player *p) {
    static const char *const names[] = {"SERVES", "ENDS", "STOPS"};
    const char *is = names[p->stage->worker->mode];
    if (!play_has_word(p, 1, is)) FAIL("the worker's mode is %s", is);
}

static void do_connections(struct player *p) {
    unsigned count = p->stage->worker->conn_count;
    if (count != play_number(p, play_word(p, 1))) FAIL("there are %u", count);
}

static void do_cache(struct player *p) {
    struct replies_counts counts = replies_count(p->stage->worker->replies);
    bool hits = play_has_word(p, 1, "hits");
    uint64_t n = play_number(p, play_word(p, 2));
    if ((hits ? counts.hits : counts.entries) != n)
        FAIL("%llu hits, %zu entries", (unsigned long long)counts.hits, counts.entries);
}

static void do_queued(struct player *p) {
    const struct conn *c = stage_conn(p->stage, play_client(p));
    uint64_t most = play_number(p, play_word(p, 1));
    if (!c) FAIL("the connection is closed");
    if (c->out.bytes > most) FAIL("%llu bytes wait to be sent", (unsigned long long)c->out.bytes);
}

static void do_writes(struct player *p) {
    unsigned n = doubles_writes();
    if (p->at->word_count > 1 && doubles_are_here && n != play_number(p, play_word(p, 1)))
        FAIL("the server wrote %u times", n);
}

/* ---- time and the rest ------------------------------------------------------------------------------------------------------- */

static void do_wait(struct player *p) {
    struct span s = play_word(p, 1), whole;
    uint64_t ms;
    span_next(&s, '.', &whole);
    ms = play_number(p, whole) * 1000;
    for (uint64_t unit = 100; s.n; unit /= 10, s = span_from(s, 1)) ms += unit * play_number(p, span_upto(s, 1));
    play_worker(p);
    stage_wait(p->stage, ms);
}

static void do_wake(struct player *p) {
    mod_test_wake();
    stage_settle(p->stage);
}

static void do_resume(struct player *p) {
    mod_test_resume();
    stage_settle(p->stage);
}

static void do_graceful(struct player *p) {
    play_worker(p);
    worker_end_gracefully(p->stage->worker);
    stage_settle(p->stage);
}

static void do_save(struct player *p) {
    struct span value;
    if (!response_field(&p->last, play_word(p, 2), &value)) FAIL("the last response has no such field");
    play_remember(p, play_word(p, 1), value);
}

static const struct {
    const char *name;
    void (*run)(struct player *p);
} commands[] = {
    {"needs", do_needs}, {"only", do_only}, {"config", do_config},
    {"file", do_file}, {"remove", do_remove}, {"directory", do_directory},
    {"truncate", do_truncate}, {"open", do_open}, {"send", do_send},
    {"fill", do_fill}, {"half-close", do_half_close}, {"leave", do_leave},
    {"stall", do_stall}, {"drain", do_drain}, {"listen", do_listen},
    {"connect", do_connect}, {"expect", do_expect}, {"try", do_try},
    {"log", do_log}, {"no-log", do_no_log}, {"access", do_access},
    {"state", do_state}, {"mode", do_mode}, {"connections", do_connections},
    {"cache", do_cache}, {"writes", do_writes}, {"wait", do_wait},
    {"wake", do_wake}, {"resume", do_resume}, {"graceful", do_graceful}, {"save", do_save},
    {"queued", do_queued}, {"h2", play_h2}, {"backend", play_backend},
};

static void run_command(struct player *p) {
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        if (!play_has_word(p, 0, commands[i].name)) continue;
        commands[i].run(p);
        return;
    }
    FAIL("\"%.*s\" is no command", SPAN_ARG(play_word(p, 0)));
}

bool play(struct stage *s, struct script *script) {
    struct player p = {.stage = s};
    play_remember(&p, SPAN("dir"), span_of(s->dir));
    for (size_t i = 0; i < script->count && !p.is_over; i++) {
        p.at = &script->list[i];
        s->line = p.at->line;
        run_command(&p);
    }
    if (!p.is_over) stage_over(s);
    response_done(&p.last);
    buf_done(&p.last_bytes);
    map_done(&p.values);
    return !p.is_skipped;
}
