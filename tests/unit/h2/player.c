/* player.c - plays a peer's frames, written as text, to a session, and writes down what comes of them */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "tests/unit/h2/player.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "h2/client.h"
#include "h2/frame.h"

const struct h2_options player_options = {
    .head_bytes = 8192, .fields = 64, .parse = PARSE_DEFAULTS, .streams = 100, .extended_connect = true};

/* ---- what is written -------------------------------------------------------------------------- */

static void flush_line(struct player *p) {
    if (p->times == 0) return;
    if (p->said.n) buf_add_text(&p->said, "; ");
    buf_add(&p->said, buf_span(&p->last));
    if (p->times > 1) buf_printf(&p->said, " x%u", p->times);
    p->times = 0;
}

/* p->line is complete. */
static void say(struct player *p) {
    if (p->times == 0 || !span_is(buf_span(&p->line), buf_span(&p->last))) {
        flush_line(p);
        buf_clear(&p->last);
        buf_add(&p->last, buf_span(&p->line));
    }
    p->times++;
    buf_clear(&p->line);
}

static void say_data(struct player *p) {
    if (p->data_bytes == 0) return;
    buf_printf(&p->line, "data %u %llu", p->data_stream, (unsigned long long)p->data_bytes);
    p->data_bytes = 0;
    say(p);
}

static const char *const type_names[FRAME_TYPES] = {
#define FRAME(id, number, where, least, most, section) [number] = #id,
#include "h2/frames.def"
#undef FRAME
};

static void describe(struct player *p, const struct frame *f, const char *payload) {
    buf_printf(&p->line, "> %s", type_names[f->type]);
    if (f->type == FRAME_PING) /* the session's own ones are shown with what is in them */
        buf_printf(&p->line, f->flags & FLAG_ACK ? " ACK" : " %u", read_32(payload + 4));
    else if (f->type == FRAME_SETTINGS && f->flags & FLAG_ACK) buf_add_text(&p->line, " ACK");
    else if (f->type == FRAME_RST_STREAM)
        buf_printf(&p->line, " %u %s", f->stream, h2_error_name(read_32(payload)));
    else if (f->type == FRAME_WINDOW_UPDATE) buf_printf(&p->line, " %u %u", f->stream, read_32(payload));
    else if (f->type == FRAME_GOAWAY)
        buf_printf(&p->line, " %u %s", read_32(payload), h2_error_name(read_32(payload + 4)));
    else if (f->type == FRAME_HEADERS || f->type == FRAME_CONTINUATION) buf_printf(&p->line, " %u", f->stream);
    else if (f->type == FRAME_DATA) buf_printf(&p->line, " %u %u", f->stream, f->length);
    if (f->type <= FRAME_HEADERS && f->flags & FLAG_END_STREAM) buf_add_text(&p->line, " END_STREAM");
    say(p);
}

static void collect(struct player *p) {
    struct buf all = {0};
    h2_control(p->session, &p->out);
    for (unsigned i = 0; i < p->out.count; i++) {
        const struct chunk *c = chunks_at(&p->out, i);
        buf_add(&all, (struct span){chunk_bytes(c), (size_t)c->left});
    }
    chunks_clear(&p->out);
    for (size_t at = 0; at < all.n;) {
        struct frame f = frame_read(all.p + at);
        describe(p, &f, all.p + at + FRAME_HEAD_BYTES);
        at += FRAME_HEAD_BYTES + f.length;
    }
    buf_done(&all);
}

/* ---- events ----------------------------------------------------------------------------------- */

static void take_head(struct player *p, struct h2_stream *st) {
    struct arena a = {0};
    struct message m;
    uint32_t id = st->id;
    int status = h2_read_head(p->session, st, &m, &a);
    buf_printf(&p->line, "head %u", id);
    if (status < 0) buf_add_text(&p->line, " malformed");
    else if (status) buf_printf(&p->line, " %d", status);
    else
        buf_printf(&p->line, " %.*s %.*s %.*s %.*s", SPAN_ARG(m.method_text), SPAN_ARG(m.scheme),
                   SPAN_ARG(m.authority), SPAN_ARG(m.uri.target));
    if (status >= 0) p->streams[id / 2] = st;
    say(p);
    arena_done(&a);
}

static void take_response(struct player *p, struct h2_stream *st) {
    struct arena a = {0};
    struct h2_response r;
    uint32_t id = st->id;
    int result = h2_read_response(p->session, st, &r, &a);
    buf_printf(&p->line, "head %u", id);
    if (result < 0) {
        p->why = h2_last_fault(p->session);
        buf_add_text(&p->line, " malformed");
        h2_stream_drop(p->session, st);
        p->streams[id / 2] = NULL;
    } else {
        buf_printf(&p->line, " %d%s%s", r.status, r.is_interim ? " interim" : "", r.is_tunnel ? " tunnel" : "");
        if (r.length >= 0) buf_printf(&p->line, " length %lld", (long long)r.length);
        for (uint32_t i = 0; i < r.fields.count; i++)
            buf_printf(&p->line, " %.*s=%.*s", SPAN_ARG(r.fields.list[i].name), SPAN_ARG(r.fields.list[i].value));
    }
    say(p);
    arena_done(&a);
}

static void let_go(struct player *p, uint32_t id) {
    if (p->streams[id / 2]) h2_stream_drop(p->session, p->streams[id / 2]);
    p->streams[id / 2] = NULL;
}

static void take_event(struct player *p, const struct h2_event *e) {
    if (e->kind == H2_DATA) {
        if (p->data_stream != e->stream->id) say_data(p);
        p->data_stream = e->stream->id;
        p->data_bytes += e->data.n;
        return;
    }
    say_data(p);
    if (e->why) p->why = e->why;
    if (e->kind == H2_HEAD) {
        if (p->is_client) take_response(p, e->stream);
        else take_head(p, e->stream);
        return;
    }
    if (e->kind == H2_END) buf_printf(&p->line, "end %u", e->stream->id);
    if (e->kind == H2_END && p->is_client && h2_trailers(p->session))
        buf_printf(&p->line, " trailers %u", h2_trailers(p->session)->count);
    if (e->kind == H2_RESET) buf_printf(&p->line, "reset %u %s", e->stream->id, h2_error_name(e->error));
    if (e->kind == H2_RESET && p->is_client)
        buf_printf(&p->line, "%s%s", e->stream->is_unprocessed ? " again" : "",
                   e->stream->ended_by_peer ? " whole" : "");
    if (e->kind == H2_CLOSE) buf_printf(&p->line, "close %s", h2_error_name(e->error));
    say(p);
    if (e->kind == H2_RESET) let_go(p, e->stream->id);
}

static void feed(struct player *p, struct span bytes, size_t step) {
    while (bytes.n) {
        struct span in = span_upto(bytes, step && step < bytes.n ? step : bytes.n);
        struct h2_event e;
        bytes = span_from(bytes, in.n);
        /* A copy with exact bounds, so that the sanitizer sees who reads behind it. */
        char *copy = malloc(in.n);
        memcpy(copy, in.p, in.n);
        in.p = copy;
        while (h2_next(p->session, &in, &e) != H2_MORE) {
            take_event(p, &e);
            if (e.kind == H2_CLOSE) bytes.n = 0;
            if (e.kind == H2_CLOSE) break;
        }
        free(copy);
    }
    say_data(p);
    collect(p);
}

/* ---- the script ------------------------------------------------------------------------------- */

static void put_field(struct buf *out, const char *text, size_t n) {
    size_t equals = 1;
    while (equals < n && text[equals] != '=') equals++;
    size_t value = equals < n ? n - equals - 1 : 0;
    buf_add_char(out, 0);
    buf_add_char(out, (char)equals);
    buf_add(out, (struct span){text, equals});
    if (value < 127) {
        buf_add_char(out, (char)value);
    } else { /* RFC 7541 5.1, for lengths below 127 + 16384 */
        buf_add_char(out, 127);
        buf_add_char(out, (char)((value - 127) % 128 + 128));
        buf_add_char(out, (char)((value - 127) / 128));
    }
    for (size_t i = 0; i < value; i++) buf_add_char(out, text[equals + 1 + i] == '~' ? '\0' : text[equals + 1 + i]);
}

static const char *put_fields(struct buf *out, const char *at) {
    while (*at != '}') {
        size_t n = strcspn(at, "|}");
        put_field(out, at, n);
        at += n;
        if (*at == '|') at++;
    }
    return at + 1;
}

static const char *put_piece(struct buf *out, const char *at) {
    char *end = (char *)(uintptr_t)at, number[4];
    if (*at == '\'') {
        for (at++; *at != '\''; at++) buf_add_char(out, *at);
        return at + 1;
    }
    if (*at == '{') return put_fields(out, at + 1);
    if (*at == '#') {
        write_32(number, (uint32_t)strtoul(at + 1, &end, 10));
        buf_add(out, (struct span){number, 4});
    } else if (*at == '*') {
        size_t n = strtoul(at + 1, &end, 10);
        if (n) memset(buf_room(out, n), 'x', n);
        out->n += n;
    } else {
        for (; ascii_hex(at[0]) >= 0; at += 2) buf_add_char(out, (char)(ascii_hex(at[0]) << 4 | ascii_hex(at[1])));
        return at;
    }
    return end;
}

static void put_payload(struct buf *out, const char *at) {
    while (*at && *at != ';') at = *at == ' ' ? at + 1 : put_piece(out, at);
}

static void put_script_frame(struct player *p, struct buf *out, const char *at) {
    struct buf payload = {0};
    char *next, word[32] = "";
    unsigned type = 0;
    sscanf(at, "%31s", word);
    at += strlen(word);
    while (type < FRAME_TYPES && (!type_names[type] || strcmp(type_names[type], word) != 0)) type++;
    if (type == FRAME_TYPES) type = (unsigned)strtoul(word, NULL, 16);
    unsigned flags = (unsigned)strtoul(at, &next, 16);
    uint32_t stream;
    at = next + strspn(next, " ");
    if (*at == '@') stream = 2 * p->counter++ + 1;
    else stream = (uint32_t)strtoul(at, &next, 16);
    put_payload(&payload, *at == '@' ? at + 1 : next);
    frame_put(out, (enum frame_type)type, (uint8_t)flags, stream, buf_span(&payload));
    buf_done(&payload);
}

static void respond(struct player *p, struct h2_stream *st, unsigned bytes) {
    static const char zeros[100000];
    struct chunks body = {0};
    h2_send_block(p->session, st, SPAN("\x88"), bytes == 0, &p->out);
    chunks_add_constant(&body, (struct span){zeros, bytes});
    if (bytes) h2_send_data(p->session, st, &body, UINT64_MAX, true, &p->out);
    chunks_clear(&body);
}

static void send_trailers(struct player *p, struct h2_stream *st) {
    struct arena a = {0};
    struct fields f = {0};
    fields_add_named(&f, &a, SPAN("Grpc-Status"), SPAN("0"));
    fields_add(&f, &a, HEADER_CONTENT_LENGTH, SPAN("7")); /* which is no trailer */
    h2_send_trailers(p->session, st, &f, &p->out);
    arena_done(&a);
}

static void ask(struct player *p, struct span method, unsigned bytes, bool open) {
    static const char zeros[100000];
    struct chunks body = {0};
    struct buf block = {0};
    struct fields none = {0};
    uint64_t decoded;
    struct h2_question q = {method, SPAN("http"), SPAN("a"), SPAN("/"), SPAN(""), &none, -1};
    h2_question_block(&q, &block, &decoded);
    struct h2_stream *st = h2_ask(p->session, buf_span(&block), method_find(method), !open && !bytes, &p->out);
    p->streams[st->id / 2] = st;
    chunks_add_constant(&body, (struct span){zeros, bytes});
    if (bytes) h2_send_data(p->session, st, &body, UINT64_MAX, !open, &p->out);
    chunks_clear(&body);
    buf_done(&block);
}

static bool act_as_client(struct player *p, const char *at) {
    char word[16] = "", method[16] = "";
    unsigned n = 0;
    sscanf(at, "%15s %15s %u", word, method, &n);
    if (strcmp(word, "ask") == 0) ask(p, span_of(method), n, false);
    else if (strcmp(word, "open") == 0) ask(p, span_of(method), n, true);
    else if (strcmp(word, "trailers") == 0) send_trailers(p, p->streams[strtoul(method, NULL, 10) / 2]);
    else if (strcmp(word, "room") == 0) {
        buf_add_text(&p->line, h2_client_has_room(p->session) ? "room" : "no room");
        say(p);
    } else
        return false;
    collect(p);
    return true;
}

/* What the server does; false: it is no such part. */
static bool act(struct player *p, const char *at) {
    char word[16] = "";
    unsigned id = 0, n = 0;
    if (p->is_client && act_as_client(p, at)) return true;
    sscanf(at, "%15s %u %u", word, &id, &n);
    struct h2_stream *st = p->streams[id / 2];
    word[strcspn(word, ";")] = '\0';
    if (strcmp(word, "respond") == 0) respond(p, st, n);
    else if (strcmp(word, "drop") == 0) let_go(p, id);
    else if (strcmp(word, "reset") == 0) h2_reset(p->session, st, H2_INTERNAL_ERROR);
    else if (strcmp(word, "consume") == 0) h2_consumed(p->session, st, n);
    else if (strcmp(word, "want") == 0) h2_want_turn(p->session, st, true);
    else if (strcmp(word, "goaway") == 0) h2_goaway_now(p->session);
    else if (strcmp(word, "farewell") == 0) h2_goaway(p->session);
    else if (strcmp(word, "fail") == 0) h2_fail(p->session, H2_INTERNAL_ERROR);
    else if (strcmp(word, "turn") == 0) {
        st = h2_next_turn(p->session);
        buf_printf(&p->line, "turn %u", st ? st->id : 0);
        say(p);
    } else
        return false;
    collect(p);
    return true;
}

/* Where the part ends: quoted text and fields may hold a ";". */
static const char *part_end(const char *at) {
    for (char open = 0; *at && (open || *at != ';'); at++) {
        if (open) open = *at == open ? 0 : open;
        else if (*at == '\'') open = '\'';
        else if (*at == '{') open = '}';
    }
    return at;
}

void player_play(struct player *p, const char *script, size_t step) {
    struct buf bytes = {0};
    while (*script) {
        unsigned times = 1;
        int used = 0;
        script += strspn(script, "; ");
        if (isdigit((unsigned char)*script) && sscanf(script, "%ux%n", &times, &used) == 1 && used) script += used;
        else times = 1;
        script += strspn(script, " ");
        const char *end = part_end(script);
        char *part = span_dup(span_between(script, end));
        if (islower((unsigned char)*part)) {
            feed(p, buf_span(&bytes), step);
            buf_clear(&bytes);
        }
        for (; times; times--) {
            if (strcmp(part, "PREFACE") == 0) buf_add_text(&bytes, H2_PREFACE);
            else if (strncmp(part, "RAW ", 4) == 0) put_payload(&bytes, part + 4);
            else if (*part && !(islower((unsigned char)*part) && act(p, part))) put_script_frame(p, &bytes, part);
        }
        free(part);
        script = end;
    }
    feed(p, buf_span(&bytes), step);
    buf_done(&bytes);
}

void player_init(struct player *p, const struct h2_options *o) {
    *p = (struct player){.session = h2_make(o)};
    h2_control(p->session, &p->out);
    chunks_clear(&p->out);
}

void player_init_client(struct player *p, const struct h2_options *o) {
    *p = (struct player){.session = h2_client_make(o), .is_client = true};
    h2_control(p->session, &p->out);
    chunks_clear(&p->out);
}

const char *player_said(struct player *p) {
    flush_line(p);
    return buf_text(&p->said);
}

void player_done(struct player *p) {
    for (uint32_t i = 0; i < sizeof p->streams / sizeof *p->streams; i++) let_go(p, 2 * i);
    h2_drop(p->session);
    chunks_clear(&p->out);
    buf_done(&p->said);
    buf_done(&p->line);
    buf_done(&p->last);
}

char *player_run(const struct h2_options *o, const char *script, size_t step) {
    struct player p;
    player_init(&p, o);
    player_play(&p, script, step);
    char *said = span_dup(span_of(player_said(&p)));
    player_done(&p);
    return said;
}

char *player_run_client(const struct h2_options *o, const char *script, size_t step) {
    struct player p;
    player_init_client(&p, o);
    player_play(&p, script, step);
    char *said = span_dup(span_of(player_said(&p)));
    player_done(&p);
    return said;
}
