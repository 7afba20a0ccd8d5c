/* h2_frame.c - the client's frames, right or wrong, from the words of a scenario */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <string.h>

#include "base/memory.h"
#include "h2_peer.h"

#define FAIL(...) stage_fail(p->stage, __VA_ARGS__)

enum { ID_MASK = 0x7fffffff };

static void put_number(struct buf *out, uint32_t n, unsigned bytes) {
    while (bytes--) buf_add_char(out, (char)(n >> (8 * bytes)));
}

/* ---- what the peer remembers of its own frames --------------------------------------------------------------------- */

static void note_settings(struct peer *p, struct span payload) {
    p->changes = memory_grow(p->changes, &p->change_cap, p->change_count + 1, sizeof *p->changes);
    struct settings_change *c = &p->changes[p->change_count++];
    *c = (struct settings_change){0};
    for (; payload.n >= 6; payload = span_from(payload, 6)) {
        const unsigned char *b = (const unsigned char *)payload.p;
        unsigned id = (unsigned)(b[0] << 8 | b[1]);
        if (id >= SETTINGS_KNOWN) continue;
        c->value[id] = (uint32_t)b[2] << 24 | (uint32_t)b[3] << 16 | (uint32_t)b[4] << 8 | b[5];
        c->has[id] = true;
    }
}

static void note_opened(struct peer *p, uint32_t id) {
    peer_stream_open(p, id);
    p->last_id = id;
    if (id > p->highest_id) p->highest_id = id;
    p->next_id = p->highest_id + 2 - (p->highest_id % 2 == 0);
}

static void note_window(struct peer *p, uint32_t id, struct span payload) {
    const unsigned char *b = (const unsigned char *)payload.p;
    int64_t n = (int64_t)(b[0] & 0x7f) << 24 | b[1] << 16 | b[2] << 8 | b[3];
    struct peer_stream *st = peer_stream(p, id);
    if (id == 0) p->window += n;
    else if (st) st->window += n;
}

static void note(struct peer *p, unsigned type, unsigned flags, uint32_t id, struct span payload) {
    id &= ID_MASK; /* the reserved bit means nothing (RFC 9113 4.1) */
    struct peer_stream *st = id ? peer_stream(p, id) : NULL;
    if (type == FRAME_SETTINGS && id == 0 && !(flags & FLAG_ACK) && payload.n % 6 == 0) note_settings(p, payload);
    if (type == FRAME_PING && id == 0 && !(flags & FLAG_ACK) && payload.n == 8) buf_add(&p->pings, payload);
    if (type == FRAME_HEADERS && id % 2) note_opened(p, id);
    if (type == FRAME_HEADERS || type == FRAME_CONTINUATION) p->in_block = !(flags & FLAG_END_HEADERS);
    if (type == FRAME_RST_STREAM && st) st->let_go = true;
    if (type == FRAME_WINDOW_UPDATE && payload.n == 4) note_window(p, id, payload);
    if (type != FRAME_DATA) return;
    p->send_window -= (int64_t)payload.n;
    if (st) st->send_window -= (int64_t)payload.n;
}

static void put_head(struct peer *p, unsigned type, unsigned flags, uint32_t id, size_t length) {
    struct buf *out = &p->client->out;
    put_number(out, (uint32_t)length, 3);
    put_number(out, type, 1);
    put_number(out, flags, 1);
    put_number(out, id, 4);
}

void peer_put(struct peer *p, unsigned type, unsigned flags, uint32_t id, struct span payload) {
    put_head(p, type, flags, id, payload.n);
    buf_add(&p->client->out, payload);
    note(p, type, flags, id, payload);
}

/* ---- words --------------------------------------------------------------------------------------------------------- */

/* line - the words of one frame, and what has become of them */
struct line {
    struct peer *p;
    struct span *words;
    unsigned count, at;
    unsigned type, flags;
    uint32_t id;
    struct buf payload;
    uint64_t length;       /* what the frame's head says; UINT64_MAX: the truth */
    unsigned padding;
    bool index;            /* fields go into the server's table */
    bool for_head;
};

static bool is_over(const struct line *l) {
    return l->at == l->count;
}

static struct span next_word(struct line *l) {
    struct peer *p = l->p;
    if (is_over(l)) FAIL("the line of a frame ends too early");
    return l->words[l->at++];
}

static bool next_is(struct line *l, const char *text) {
    if (is_over(l) || !span_is(l->words[l->at], span_of(text))) return false;
    l->at++;
    return true;
}

static uint64_t next_number(struct line *l) {
    struct peer *p = l->p;
    uint64_t number;
    struct span text = next_word(l);
    if (!any_number(text, &number)) FAIL("\"%.*s\" is no number", SPAN_ARG(text));
    return number;
}

uint32_t stream_id_in(struct peer *p, struct span text) {
    uint64_t number;
    if (span_is(text, SPAN("+"))) return p->next_id;
    if (span_is(text, SPAN("."))) return p->last_id;
    if (!any_number(text, &number)) FAIL("\"%.*s\" is no stream", SPAN_ARG(text));
    return (uint32_t)number;
}

static uint32_t next_id(struct line *l) {
    return stream_id_in(l->p, next_word(l));
}

char pattern_byte(uint64_t at) {
    return (char)('a' + (at / 7 + at % 7) % 26);
}

static void add_pattern(struct line *l, uint64_t n) {
    for (uint64_t i = 0; i < n; i++) buf_add_char(&l->payload, pattern_byte(i));
}

static void add_hex(struct line *l, struct span digits) {
    struct peer *p = l->p;
    for (; digits.n >= 2; digits = span_from(digits, 2)) {
        int high = ascii_hex(digits.p[0]), low = ascii_hex(digits.p[1]);
        if (high < 0 || low < 0) FAIL("\"%.*s\" is not hexadecimal", SPAN_ARG(digits));
        buf_add_char(&l->payload, (char)(high << 4 | low));
    }
}

static void add_field(struct line *l, struct span field) {
    if (span_is(field, SPAN(":method: HEAD"))) l->for_head = true;
    fields_put(&l->payload, field, l->index);
}

static void add_request(struct line *l, const char *method) {
    struct arena *a = &l->p->stage->arena;
    struct span path = next_word(l);
    add_field(l, arena_printf(a, ":method: %s", method));
    add_field(l, SPAN(":scheme: http"));
    add_field(l, arena_printf(a, ":path: %.*s", SPAN_ARG(path)));
    add_field(l, SPAN(":authority: h"));
}

/* A field that is a large one: NAME with so many bytes. */
static void add_large_field(struct line *l) {
    struct arena *a = &l->p->stage->arena;
    struct span name = next_word(l);
    size_t n = (size_t)next_number(l);
    char *value = arena_bytes(a, n + 1);
    memset(value, 'v', n);
    value[n] = '\0';
    add_field(l, arena_printf(a, "%.*s: %s", SPAN_ARG(name), value));
}

static void add_priority(struct line *l) {
    uint32_t dependency = (uint32_t)next_number(l);
    unsigned weight = (unsigned)next_number(l);
    bool exclusive = next_is(l, "exclusive");
    put_number(&l->payload, dependency | (exclusive ? 0x80000000 : 0), 4);
    put_number(&l->payload, weight, 1);
}

static void add_setting(struct line *l, struct span text) {
    struct peer *p = l->p;
    size_t equals = span_find(text, '=');
    unsigned id;
    uint64_t value;
    if (equals == text.n || !setting_by_name(span_upto(text, equals), &id) ||
        !any_number(span_from(text, equals + 1), &value))
        FAIL("\"%.*s\" is no setting", SPAN_ARG(text));
    put_number(&l->payload, id, 2);
    put_number(&l->payload, (uint32_t)value, 4);
}

static bool has_fields(unsigned type) {
    return type == FRAME_HEADERS || type == FRAME_CONTINUATION || type == FRAME_PUSH_PROMISE;
}

/* The words that any frame may have. */
static bool take_common_word(struct line *l) {
    if (next_is(l, "end")) l->flags |= FLAG_END_STREAM;
    else if (next_is(l, "ack")) l->flags |= FLAG_ACK;
    else if (next_is(l, "more")) l->flags &= ~(unsigned)FLAG_END_HEADERS;
    else if (next_is(l, "flags")) l->flags |= (unsigned)next_number(l);
    else if (next_is(l, "on")) l->id = (uint32_t)next_number(l);
    else if (next_is(l, "length")) l->length = next_number(l);
    else if (next_is(l, "hex")) add_hex(l, next_word(l));
    else if (next_is(l, "size")) add_pattern(l, next_number(l));
    else return false;
    return true;
}

static bool take_field_word(struct line *l) {
    if (!has_fields(l->type)) return false;
    if (next_is(l, "get")) add_request(l, "GET");
    else if (next_is(l, "head")) add_request(l, "HEAD");
    else if (next_is(l, "post")) add_request(l, "POST");
    else if (next_is(l, "index")) l->index = true;
    else if (next_is(l, "large")) add_large_field(l);
    else add_field(l, next_word(l));
    return true;
}

static void take_word(struct line *l) {
    if (take_common_word(l)) return;
    if (l->type == FRAME_SETTINGS) add_setting(l, next_word(l));
    else if (!take_field_word(l)) buf_add(&l->payload, next_word(l));
}

/* What stands before the payload proper; padding and priority come first on the wire. */
static void take_prefix(struct line *l) {
    struct peer *p = l->p;
    uint32_t code;
    if (next_is(l, "pad")) {
        l->padding = (unsigned)next_number(l);
        l->flags |= FLAG_PADDED;
        buf_add_char(&l->payload, (char)l->padding);
    }
    if (l->type == FRAME_HEADERS && next_is(l, "priority")) {
        l->flags |= FLAG_PRIORITY;
        add_priority(l);
    }
    if (l->type == FRAME_PRIORITY) add_priority(l);
    if (l->type == FRAME_WINDOW_UPDATE) put_number(&l->payload, (uint32_t)next_number(l), 4);
    if (l->type == FRAME_PUSH_PROMISE) put_number(&l->payload, next_id(l), 4);
    if (l->type != FRAME_RST_STREAM && l->type != FRAME_GOAWAY) return;
    if (l->type == FRAME_GOAWAY) put_number(&l->payload, next_id(l), 4);
    if (!error_by_name(next_word(l), &code)) FAIL("there is no error of that name");
    put_number(&l->payload, code, 4);
}

/* ---- lines --------------------------------------------------------------------------------------------------------- */

static void put_line(struct line *l) {
    struct peer *p = l->p;
    for (unsigned i = 0; i < l->padding; i++) buf_add_char(&l->payload, '\0');
    if (l->length == UINT64_MAX) {
        peer_put(p, l->type, l->flags, l->id, buf_span(&l->payload));
    } else {
        put_head(p, l->type, l->flags, l->id, (size_t)l->length);
        buf_add(&p->client->out, buf_span(&l->payload));
    }
    struct peer_stream *st = l->for_head ? peer_stream(p, l->id) : NULL;
    if (st) st->for_head = true;
}

/* "get 1 /path": a whole request; "post": its body follows. */
static bool begin_request(struct line *l) {
    static const char *const methods[][2] = {{"get", "GET"}, {"head", "HEAD"}, {"post", "POST"}};
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        if (!next_is(l, methods[i][0])) continue;
        l->type = FRAME_HEADERS;
        l->flags = FLAG_END_HEADERS | (span_is(span_of(methods[i][0]), SPAN("post")) ? 0 : FLAG_END_STREAM);
        l->id = next_id(l);
        add_request(l, methods[i][1]);
        return true;
    }
    return false;
}

static void begin_frame(struct line *l) {
    struct peer *p = l->p;
    struct span name = next_word(l);
    bool raw = span_is(name, SPAN("frame"));
    if (raw) name = next_word(l);
    if (!frame_by_name(name, &l->type)) {
        uint64_t number;
        if (!raw || !any_number(name, &number)) FAIL("there is no frame \"%.*s\"", SPAN_ARG(name));
        l->type = (unsigned)number;
    }
    if (raw) {
        l->flags = (unsigned)next_number(l);
        l->id = next_id(l);
        return;
    }
    if (has_fields(l->type)) l->flags = FLAG_END_HEADERS;
    if (l->type == FRAME_PRIORITY_UPDATE) put_number(&l->payload, next_id(l), 4);
    else if (l->type != FRAME_SETTINGS && l->type != FRAME_PING && l->type != FRAME_GOAWAY) l->id = next_id(l);
    take_prefix(l);
}

static void say_upload(struct line *l) {
    struct peer *p = l->p;
    struct peer_stream *st = peer_stream(p, next_id(l));
    if (!st) FAIL("upload: there is no such stream");
    st->upload_left += next_number(l);
    st->upload_ends = next_is(l, "end");
    peer_upload(p);
}

/* "times 100 get + /a ; RST_STREAM . CANCEL" */
static void say_times(struct line *l, const struct span *fields, unsigned field_count) {
    unsigned begin = l->at;
    for (uint64_t i = next_number(l); i > 0; i--) {
        unsigned from = begin + 1;
        while (from < l->count) {
            unsigned to = from;
            while (to < l->count && !span_is(l->words[to], SPAN(";"))) to++;
            peer_say(l->p, l->words + from, to - from, fields, field_count);
            from = to + 1;
        }
    }
}

void peer_say(struct peer *p, struct span *words, unsigned count, const struct span *fields, unsigned field_count) {
    struct line l = {.p = p, .words = words, .count = count, .length = UINT64_MAX};
    if (next_is(&l, "times")) {
        say_times(&l, fields, field_count);
    } else if (next_is(&l, "upload")) {
        say_upload(&l);
    } else if (next_is(&l, "bytes")) {
        while (!is_over(&l))
            if (!take_common_word(&l)) buf_add(&l.payload, next_word(&l));
        buf_add(&p->client->out, buf_span(&l.payload));
    } else {
        if (!begin_request(&l)) begin_frame(&l);
        while (!is_over(&l)) take_word(&l);
        for (unsigned i = 0; i < field_count; i++) add_field(&l, fields[i]);
        put_line(&l);
    }
    buf_done(&l.payload);
}
