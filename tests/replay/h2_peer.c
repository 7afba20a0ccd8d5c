/* h2_peer.c - the client's end of an HTTP/2 connection: every frame of the server is checked, and answered */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/number.h"
#include "h2_peer.h"

#define FAIL(...) stage_fail(p->stage, __VA_ARGS__)
#define WINDOW_MAX INT64_C(0x7fffffff)
#define NONE UINT32_MAX

static uint32_t number_at(struct span s, size_t at, unsigned bytes) {
    uint32_t n = 0;
    for (unsigned i = 0; i < bytes; i++) n = n << 8 | (unsigned char)s.p[at + i];
    return n;
}

/* ---- its life ----------------------------------------------------------------------------------------------------- */

struct peer *peer_make(struct stage *s, struct client *c) {
    static const uint32_t first[SETTINGS_KNOWN] = {
        [SETTING_HEADER_TABLE_SIZE] = HPACK_TABLE_BYTES,
        [SETTING_ENABLE_PUSH] = 1,
        [SETTING_MAX_CONCURRENT_STREAMS] = NONE,
        [SETTING_INITIAL_WINDOW_SIZE] = WINDOW_BYTES,
        [SETTING_MAX_FRAME_SIZE] = FRAME_PAYLOAD_BYTES,
        [SETTING_MAX_HEADER_LIST_SIZE] = NONE,
    };
    struct peer *p = memory_zeroed(1, sizeof *p);
    p->stage = s;
    p->client = c;
    memcpy(p->ours, first, sizeof first);
    memcpy(p->theirs, first, sizeof first);
    p->window = p->send_window = WINDOW_BYTES;
    p->must_shrink_to = p->goaway_last = NONE;
    p->next_id = 1;
    hpack_init(&p->decoder, HPACK_TABLE_BYTES);
    p->second = second_make();
    return p;
}

void peer_drop(struct peer *p) {
    if (!p) return;
    for (size_t i = 0; i < p->stream_count; i++) buf_done(&p->streams[i].body);
    free(p->streams);
    free(p->frames);
    free(p->changes);
    buf_done(&p->pings);
    buf_done(&p->block);
    hpack_done(&p->decoder);
    if (p->second) second_drop(p->second);
    free(p);
}

static void show_frame(const struct frame *f) {
    fprintf(stderr, "    %s %u", frame_name(f->type), f->id);
    if (f->type == FRAME_DATA) fprintf(stderr, " size %zu", f->payload.n);
    if (f->type == FRAME_HEADERS) fprintf(stderr, " status %d", f->status);
    if (f->type == FRAME_RST_STREAM || f->type == FRAME_GOAWAY) fprintf(stderr, " %s", error_name(f->code));
    if (f->type == FRAME_GOAWAY) fprintf(stderr, " last %u \"%.*s\"", f->last, SPAN_ARG(f->payload));
    if (f->type == FRAME_WINDOW_UPDATE) fprintf(stderr, " %u", f->code);
    if ((f->type == FRAME_DATA || f->type == FRAME_HEADERS) && (f->flags & FLAG_END_STREAM)) fputs(" end", stderr);
    if ((f->type == FRAME_SETTINGS || f->type == FRAME_PING) && (f->flags & FLAG_ACK)) fputs(" ack", stderr);
    fputs(f->taken ? " (expected)\n" : "\n", stderr);
}

void peer_show(const struct peer *p) {
    enum { SHOWN = 40 };
    size_t i = p->frame_count > SHOWN ? p->frame_count - SHOWN : 0;
    fprintf(stderr, "  frames%s:\n", i ? ", the last of them" : "");
    for (; i < p->frame_count; i++) show_frame(&p->frames[i]);
}

/* ---- streams ---------------------------------------------------------------------------------------------------------- */

struct peer_stream *peer_stream(struct peer *p, uint32_t id) {
    for (size_t i = p->stream_count; i-- > 0;)
        if (p->streams[i].id == id) return &p->streams[i];
    return NULL;
}

struct peer_stream *peer_stream_open(struct peer *p, uint32_t id) {
    struct peer_stream *st = peer_stream(p, id);
    if (st) return st;
    p->streams = memory_grow(p->streams, &p->stream_cap, p->stream_count + 1, sizeof *p->streams);
    st = &p->streams[p->stream_count++];
    *st = (struct peer_stream){.id = id,
                               .length = -1,
                               .window = p->ours[SETTING_INITIAL_WINDOW_SIZE],
                               .send_window = p->theirs[SETTING_INITIAL_WINDOW_SIZE]};
    return st;
}

/* The stream of a frame that only a living stream has. */
static struct peer_stream *living(struct peer *p, const struct frame *f) {
    const char *name = frame_name(f->type);
    struct peer_stream *st = peer_stream(p, f->id);
    if (f->id == 0) FAIL("%s on stream 0", name);
    if (!st) FAIL("%s on stream %u, which the client has not opened", name, f->id);
    if (st->was_reset) FAIL("%s on stream %u after its RST_STREAM", name, f->id);
    if (st->ended && f->type != FRAME_RST_STREAM && f->type != FRAME_WINDOW_UPDATE)
        FAIL("%s on stream %u after its END_STREAM", name, f->id);
    if (st->forgotten && f->type <= FRAME_HEADERS) FAIL("%s on stream %u, which the client has reset", name, f->id);
    if (f->id > p->goaway_last) FAIL("%s on stream %u after GOAWAY with last %u", name, f->id, p->goaway_last);
    return st;
}

static bool has_no_body(const struct peer_stream *st) {
    return st->for_head || st->status == 204 || st->status == 304;
}

static void end_stream(struct peer *p, struct peer_stream *st) {
    st->ended = true;
    if (!has_no_body(st) && st->length >= 0 && (uint64_t)st->length != st->body.n)
        FAIL("stream %u: Content-Length is %lld, the body has %zu bytes", st->id, (long long)st->length, st->body.n);
}

/* ---- bodies ----------------------------------------------------------------------------------------------------------- */

static struct span without_padding(struct peer *p, struct span payload, unsigned flags) {
    if (!(flags & FLAG_PADDED)) return payload;
    if (payload.n == 0 || number_at(payload, 0, 1) >= payload.n) FAIL("more padding than payload");
    size_t padding = number_at(payload, 0, 1);
    return span_upto(span_from(payload, 1), payload.n - 1 - padding);
}

static void give_window_back(struct peer *p, struct peer_stream *st, size_t n) {
    char bytes[4] = {(char)(n >> 24), (char)(n >> 16), (char)(n >> 8), (char)n};
    if (p->manual || p->in_block || n == 0) return;
    peer_put(p, FRAME_WINDOW_UPDATE, 0, 0, (struct span){bytes, 4});
    if (!st->ended) peer_put(p, FRAME_WINDOW_UPDATE, 0, st->id, (struct span){bytes, 4});
}

static void take_data(struct peer *p, struct frame *f, struct span payload) {
    struct peer_stream *st = living(p, f);
    struct span data = without_padding(p, payload, f->flags);
    if (!st->status) FAIL("DATA on stream %u before the head", st->id);
    if ((int64_t)payload.n > st->window && payload.n)
        FAIL("DATA with %zu bytes, the window of stream %u has %lld", payload.n, st->id, (long long)st->window);
    if ((int64_t)payload.n > p->window && payload.n)
        FAIL("DATA with %zu bytes, the connection's window has %lld", payload.n, (long long)p->window);
    if (has_no_body(st) && data.n) FAIL("stream %u: a body where none may be", st->id);
    if (data.n == 0 && !(f->flags & FLAG_END_STREAM)) FAIL("stream %u: an empty DATA frame for nothing", st->id);
    st->window -= (int64_t)payload.n;
    p->window -= (int64_t)payload.n;
    buf_add(&st->body, data);
    f->payload.n = data.n;
    if (f->flags & FLAG_END_STREAM) end_stream(p, st);
    give_window_back(p, st, payload.n);
}

void peer_upload(struct peer *p) {
    for (size_t i = 0; i < p->stream_count; i++) {
        char bytes[FRAME_PAYLOAD_BYTES];
        while (p->streams[i].upload_left) {
            struct peer_stream *st = &p->streams[i];
            int64_t n = st->send_window < p->send_window ? st->send_window : p->send_window;
            if (n > FRAME_PAYLOAD_BYTES) n = FRAME_PAYLOAD_BYTES;
            if (n > 0 && (uint64_t)n > st->upload_left) n = (int64_t)st->upload_left;
            if (n <= 0 || st->was_reset || st->let_go) break;
            for (int64_t k = 0; k < n; k++) bytes[k] = pattern_byte(st->upload_sent + (uint64_t)k);
            st->upload_left -= (uint64_t)n;
            st->upload_sent += (uint64_t)n;
            unsigned flags = st->upload_left == 0 && st->upload_ends ? FLAG_END_STREAM : 0;
            peer_put(p, FRAME_DATA, flags, st->id, (struct span){bytes, (size_t)n});
        }
    }
}

/* ---- heads ------------------------------------------------------------------------------------------------------------ */

static const char *wrong_interim(const struct frame *f) {
    if (f->status == 101) return "101 (RFC 9113 8.6)";
    return f->flags & FLAG_END_STREAM ? "an interim response with END_STREAM" : NULL;
}

static const char *wrong_trailers(const struct frame *f) {
    if (f->status) return "a second final response";
    return f->flags & FLAG_END_STREAM ? NULL : "trailers without END_STREAM";
}

/* Rules of RFC 9110 that do not depend on the version: 6.6.1, 8.6, 15.3.5. */
static const char *wrong_final(const struct peer_stream *st, struct span lines) {
    struct span value;
    bool has_length = fields_find(lines, SPAN("content-length"), &value);
    if (!fields_find(lines, SPAN("date"), &value)) return "a response without date";
    if (has_length && st->status == 204) return "204 with content-length";
    return NULL;
}

static void take_final(struct peer *p, struct peer_stream *st, const struct frame *f) {
    struct span value;
    uint64_t length;
    if (!f->status) FAIL("stream %u: no :status", st->id);
    st->status = f->status;
    st->head = arena_printf(&p->stage->arena, "HTTP/2.0 %d\r\n%.*s\r\n", f->status, SPAN_ARG(f->payload));
    const char *wrong = wrong_final(st, f->payload);
    if (wrong) FAIL("stream %u: %s", st->id, wrong);
    if (!fields_find(f->payload, SPAN("content-length"), &value)) return;
    if (!number_parse(value, INT64_MAX, &length)) FAIL("stream %u: content-length is no number", st->id);
    st->length = (int64_t)length;
}

static void take_head(struct peer *p, struct frame *f) {
    struct peer_stream *st = living(p, f);
    const char *wrong = NULL;
    f->payload = fields_read(p, buf_span(&p->block), &f->status);
    if (st->status) {
        wrong = wrong_trailers(f);
        st->trailers = f->payload;
    } else if (f->status >= 100 && f->status < 200) {
        wrong = wrong_interim(f);
    } else {
        take_final(p, st, f);
    }
    if (wrong) FAIL("stream %u: %s", st->id, wrong);
    if (f->flags & FLAG_END_STREAM) end_stream(p, st);
}

static void take_headers(struct peer *p, struct frame *f, struct span payload) {
    payload = without_padding(p, payload, f->flags);
    if (f->flags & FLAG_PRIORITY) FAIL("HEADERS with a priority");
    buf_clear(&p->block);
    buf_add(&p->block, payload);
    p->block_id = f->flags & FLAG_END_HEADERS ? 0 : f->id;
    p->block_flags = f->flags;
    if (!p->block_id) take_head(p, f);
}

static void take_continuation(struct peer *p, struct frame *f, struct span payload) {
    if (!p->block_id) FAIL("CONTINUATION without HEADERS");
    if (payload.n == 0) FAIL("CONTINUATION without a byte");
    buf_add(&p->block, payload);
    if (!(f->flags & FLAG_END_HEADERS)) return;
    p->block_id = 0;
    f->type = FRAME_HEADERS; /* what a scenario expects */
    f->flags = p->block_flags;
    take_head(p, f);
}

/* ---- control frames ----------------------------------------------------------------------------------------------------- */

static void need_length(struct peer *p, const struct frame *f, size_t n) {
    if (f->payload.n != n) FAIL("%s has %zu bytes", frame_name(f->type), f->payload.n);
}

static void need_connection(struct peer *p, const struct frame *f) {
    if (f->id) FAIL("%s on stream %u", frame_name(f->type), f->id);
}

static void shift_windows(struct peer *p, bool ours, uint32_t from, uint32_t to) {
    for (size_t i = 0; i < p->stream_count; i++) {
        int64_t *window = ours ? &p->streams[i].window : &p->streams[i].send_window;
        *window += (int64_t)to - (int64_t)from;
        if (!ours && *window > WINDOW_MAX) FAIL("SETTINGS: the window of stream %u is too large", p->streams[i].id);
    }
}

/* Our settings hold now. */
static void settings_acknowledged(struct peer *p) {
    if (p->first_change == p->change_count) FAIL("SETTINGS are acknowledged that were not sent");
    const struct settings_change *c = &p->changes[p->first_change++];
    uint32_t table = c->value[SETTING_HEADER_TABLE_SIZE];
    if (c->has[SETTING_INITIAL_WINDOW_SIZE])
        shift_windows(p, true, p->ours[SETTING_INITIAL_WINDOW_SIZE], c->value[SETTING_INITIAL_WINDOW_SIZE]);
    if (c->has[SETTING_HEADER_TABLE_SIZE]) {
        if (table < p->ours[SETTING_HEADER_TABLE_SIZE] && table < p->must_shrink_to) p->must_shrink_to = table;
        p->decoder.limit = table;
        if (p->second) second_resize(p->second, table);
    }
    for (unsigned i = 0; i < SETTINGS_KNOWN; i++)
        if (c->has[i]) p->ours[i] = c->value[i];
}

static void take_setting(struct peer *p, unsigned id, uint32_t value) {
    if (id == SETTING_ENABLE_PUSH && value) FAIL("SETTINGS: a server with ENABLE_PUSH");
    if (id == SETTING_INITIAL_WINDOW_SIZE && value > WINDOW_MAX) FAIL("SETTINGS: INITIAL_WINDOW_SIZE %u", value);
    if (id == SETTING_MAX_FRAME_SIZE && (value < FRAME_PAYLOAD_BYTES || value > FRAME_PAYLOAD_MAX))
        FAIL("SETTINGS: MAX_FRAME_SIZE %u", value);
    if ((id == SETTING_ENABLE_CONNECT_PROTOCOL || id == SETTING_NO_RFC7540_PRIORITIES) && value > 1)
        FAIL("SETTINGS: %s %u", setting_name(id), value);
    if (id == SETTING_NO_RFC7540_PRIORITIES && p->has_settings && value != p->theirs[id])
        FAIL("SETTINGS: NO_RFC7540_PRIORITIES changes (RFC 9218 2.1)");
    if (id == SETTING_INITIAL_WINDOW_SIZE) shift_windows(p, false, p->theirs[id], value);
    if (id < SETTINGS_KNOWN) p->theirs[id] = value;
}

static void take_settings(struct peer *p, struct frame *f) {
    need_connection(p, f);
    if (f->flags & FLAG_ACK) {
        need_length(p, f, 0);
        settings_acknowledged(p);
        return;
    }
    if (f->payload.n % 6) FAIL("SETTINGS with %zu bytes", f->payload.n);
    for (size_t at = 0; at < f->payload.n; at += 6)
        take_setting(p, number_at(f->payload, at, 2), number_at(f->payload, at + 2, 4));
    p->has_settings = true;
    if (!p->no_ack && !p->in_block) peer_put(p, FRAME_SETTINGS, FLAG_ACK, 0, SPAN(""));
    peer_upload(p);
}

static void take_ping(struct peer *p, struct frame *f) {
    need_connection(p, f);
    need_length(p, f, 8);
    if (!(f->flags & FLAG_ACK)) {
        if (!p->no_pong && !p->in_block) peer_put(p, FRAME_PING, FLAG_ACK, 0, f->payload);
        return;
    }
    if (p->first_ping == p->pings.n) FAIL("a PING is answered that was not sent");
    if (memcmp(p->pings.p + p->first_ping, f->payload.p, 8) != 0) FAIL("PING is answered with other bytes");
    p->first_ping += 8;
}

static void take_goaway(struct peer *p, struct frame *f) {
    need_connection(p, f);
    if (f->payload.n < 8) FAIL("GOAWAY has %zu bytes", f->payload.n);
    f->last = number_at(f->payload, 0, 4);
    f->code = number_at(f->payload, 4, 4);
    f->payload = span_from(f->payload, 8);
    if (f->last > p->goaway_last) FAIL("GOAWAY: the last stream grows from %u to %u", p->goaway_last, f->last);
    if (f->last > p->highest_id && f->last != WINDOW_MAX) FAIL("GOAWAY: the last stream %u never was", f->last);
    p->goaway_last = f->last;
    p->goaway_code = f->code;
}

static void take_reset(struct peer *p, struct frame *f) {
    need_length(p, f, 4);
    f->code = number_at(f->payload, 0, 4);
    living(p, f)->was_reset = true;
}

static void take_window_update(struct peer *p, struct frame *f) {
    need_length(p, f, 4);
    f->code = number_at(f->payload, 0, 4);
    if (f->code == 0 || f->code > WINDOW_MAX) FAIL("WINDOW_UPDATE with %u", f->code);
    struct peer_stream *st = f->id ? living(p, f) : NULL;
    int64_t *window = st ? &st->send_window : &p->send_window;
    *window += f->code;
    if (*window > WINDOW_MAX) FAIL("WINDOW_UPDATE: the window of stream %u is too large", f->id);
    peer_upload(p);
}

/* ---- all of them ---------------------------------------------------------------------------------------------------------- */

static void check_order(struct peer *p, const struct frame *f) {
    const char *name = frame_name(f->type);
    if (!p->has_settings && (f->type != FRAME_SETTINGS || f->flags & FLAG_ACK))
        FAIL("the server's first frame is %s (RFC 9113 3.4)", name);
    if (p->block_id && (f->type != FRAME_CONTINUATION || f->id != p->block_id))
        FAIL("%s within a header block", name);
    if (f->flags & ~frame_flags(f->type)) FAIL("%s with flags 0x%02x", name, f->flags);
    if (p->goaway_last != NONE && p->goaway_code && (f->type == FRAME_DATA || f->type == FRAME_HEADERS))
        FAIL("%s after GOAWAY with an error", name);
}

static void take_frame(struct peer *p, struct frame *f, struct span payload) {
    check_order(p, f);
    f->payload = f->type == FRAME_DATA ? (struct span){NULL, payload.n} : arena_copy(&p->stage->arena, payload);
    switch (f->type) {
    case FRAME_DATA: take_data(p, f, payload); break;
    case FRAME_HEADERS: take_headers(p, f, payload); break;
    case FRAME_CONTINUATION: take_continuation(p, f, payload); break;
    case FRAME_SETTINGS: take_settings(p, f); break;
    case FRAME_PING: take_ping(p, f); break;
    case FRAME_GOAWAY: take_goaway(p, f); break;
    case FRAME_RST_STREAM: take_reset(p, f); break;
    case FRAME_WINDOW_UPDATE: take_window_update(p, f); break;
    default: FAIL("a server does not send frames of type %u (%s)", f->type, frame_name(f->type));
    }
    if (p->block_id) return; /* it is told of once it is whole */
    p->frames = memory_grow(p->frames, &p->frame_cap, p->frame_count + 1, sizeof *p->frames);
    p->frames[p->frame_count++] = *f;
}

void peer_receive(struct peer *p) {
    struct buf *in = &p->client->in;
    struct span rest = buf_span(in);
    while (rest.n >= FRAME_HEAD_BYTES && !p->deaf) {
        size_t n = number_at(rest, 0, 3);
        struct frame f = {.type = number_at(rest, 3, 1), .flags = number_at(rest, 4, 1), .id = number_at(rest, 5, 4)};
        if (n > p->ours[SETTING_MAX_FRAME_SIZE]) FAIL("%s with %zu bytes", frame_name(f.type), n);
        if (f.id >> 31) FAIL("%s: the reserved bit is set", frame_name(f.type));
        if (rest.n < FRAME_HEAD_BYTES + n) break;
        struct span payload = span_upto(span_from(rest, FRAME_HEAD_BYTES), n);
        rest = span_from(rest, FRAME_HEAD_BYTES + n);
        take_frame(p, &f, payload);
    }
    if (rest.n && rest.n < in->n) memmove(in->p, rest.p, rest.n);
    in->n = rest.n;
}

void peer_settled(struct peer *p) {
    if (p->client->is_stalled || p->client->out.n || p->client->fd < 0) return;
    for (size_t i = 0; i < p->stream_count; i++) p->streams[i].forgotten = p->streams[i].let_go;
}

void peer_over(struct peer *p) {
    for (size_t i = 0; i < p->frame_count; i++) {
        const struct frame *f = &p->frames[i];
        if (f->taken) continue;
        if (f->type == FRAME_GOAWAY) FAIL("GOAWAY %s that nobody expected", error_name(f->code));
        if (f->type == FRAME_RST_STREAM && f->code)
            FAIL("RST_STREAM %u %s that nobody expected", f->id, error_name(f->code));
    }
}
