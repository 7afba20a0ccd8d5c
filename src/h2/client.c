/* client.c - a session in the client's role: what a server may say, requests out (RFC 9113 3.4, 6.5, 6.8, 8.3.1) */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <assert.h>

#include "h2/client.h"
#include "h2/session.h"

/* Streams that may be open before the server has said its limit (RFC 9113 6.5.2 asks servers for no less). */
enum { STREAMS_AT_FIRST = 100 };

struct h2_session *h2_client_make(const struct h2_options *o) {
    struct h2_session *s = session_make(o);
    struct buf payload = {0};
    s->client = (struct client){.is_on = true,
                                .peer_streams = STREAMS_AT_FIRST,
                                .peer_head_bytes = UINT32_MAX,
                                .peer_last = WINDOW_MAX};
    s->preface_at = H2_PREFACE_BYTES; /* a server has none but its SETTINGS */
    buf_add(&s->control, SPAN(H2_PREFACE));
    setting_put(&payload, SETTING_ENABLE_PUSH, 0);
    setting_put(&payload, SETTING_MAX_HEADER_LIST_SIZE, o->head_bytes);
    frame_put(&s->control, FRAME_SETTINGS, 0, 0, buf_span(&payload));
    buf_done(&payload);
    flow_init(s);
    return s;
}

/* ---- what the server says --------------------------------------------------------------------- */

uint32_t client_setting(struct h2_session *s, uint16_t setting, uint32_t value, const char **why) {
    struct client *c = &s->client;
    switch (setting) {
    case SETTING_ENABLE_PUSH:
        *why = "a server switches push on"; /* RFC 9113 6.5.2 */
        return value ? H2_PROTOCOL_ERROR : H2_NO_ERROR;
    case SETTING_MAX_CONCURRENT_STREAMS:
        c->peer_streams = value;
        break;
    case SETTING_MAX_HEADER_LIST_SIZE:
        c->peer_head_bytes = value;
        break;
    case SETTING_ENABLE_CONNECT_PROTOCOL:
        *why = "SETTINGS_ENABLE_CONNECT_PROTOCOL is taken back"; /* RFC 8441 3 */
        if (c->peer_connects && !value) return H2_PROTOCOL_ERROR;
        c->peer_connects = value;
        break;
    default:
        break;
    }
    return H2_NO_ERROR;
}

bool client_sees_http1(const struct h2_session *s, const struct frame *f) {
    return s->client.is_on && f->length == 0x485454 && f->type == 'P' && f->flags == '/';
}

/* A second one may say less, never more (RFC 9113 6.8). */
void client_goaway(struct h2_session *s, struct span payload) {
    uint32_t last = read_32(payload.p) & WINDOW_MAX;
    s->client.peer_error = read_32(payload.p + 4);
    if (last < s->client.peer_last) s->client.peer_last = last;
    s->client.has_unprocessed = true;
}

bool client_next_unprocessed(struct h2_session *s, struct h2_event *e) {
    for (struct list *l = s->streams.next; l != &s->streams; l = l->next) {
        struct h2_stream *st = CONTAINER(l, struct h2_stream, link);
        if (st->id <= s->client.peer_last || st->is_reset || (st->ended_by_peer && st->ended_by_us)) continue;
        st->is_unprocessed = st->reset_by_peer = true;
        stream_closed(s, st);
        *e = (struct h2_event){.kind = H2_RESET, .stream = st, .error = H2_REFUSED_STREAM};
        return true;
    }
    s->client.has_unprocessed = false;
    return false;
}

bool h2_client_is_spent(const struct h2_session *s) {
    return s->is_going || s->peer_is_going || s->has_failed || s->last_id >= WINDOW_MAX;
}

bool h2_client_has_room(const struct h2_session *s) {
    return !h2_client_is_spent(s) && s->active < s->client.peer_streams;
}

uint32_t h2_client_streams(const struct h2_session *s) {
    return s->client.peer_streams;
}

bool h2_client_can_connect(const struct h2_session *s) {
    return s->client.peer_connects;
}

bool h2_client_has_settings(const struct h2_session *s) {
    return s->has_settings;
}

uint32_t h2_client_peer_error(const struct h2_session *s) {
    return s->client.peer_error;
}

/* ---- requests --------------------------------------------------------------------------------- */

/* RFC 9113 8.2.2: of TE "trailers" alone may be said. Host is :authority; nobody waits for 100. */
static bool is_left_out(const struct field *f) {
    if (f->id == HEADER_TE) return !list_has_token(f->value, SPAN("trailers"));
    if (f->id == HEADER_TRAILER || f->id == HEADER_PROXY_AUTHORIZATION) return false;
    return header_flags(f->id) & HEADER_HOP_BY_HOP || f->id == HEADER_HOST || f->id == HEADER_EXPECT ||
           f->id == HEADER_CONTENT_LENGTH;
}

/* What nobody on the way may compress (RFC 7541 7.1.3). */
static bool is_secret(enum header id) {
    return id == HEADER_AUTHORIZATION || id == HEADER_PROXY_AUTHORIZATION || id == HEADER_COOKIE;
}

static void put_field(struct buf *block, const struct field *f, uint64_t *bytes) {
    struct span value = f->id == HEADER_TE ? SPAN("trailers") : f->value;
    if (is_left_out(f)) return;
    if (is_secret(f->id)) hpack_put_never_indexed(block, f->id, f->name, value);
    else hpack_put(block, f->id, f->name, value);
    *bytes += f->name.n + value.n + HPACK_ENTRY_BYTES;
}

static void put_pseudo(struct buf *block, enum pseudo id, struct span value, uint64_t *bytes) {
    if (!value.n) return;
    hpack_put_pseudo(block, id, value);
    *bytes += sizeof ":authority" - 1 + value.n + HPACK_ENTRY_BYTES;
}

void h2_question_block(const struct h2_question *q, struct buf *block, uint64_t *decoded_bytes) {
    bool is_plain_connect = span_is(q->method, SPAN("CONNECT")) && !q->protocol.n; /* RFC 9113 8.5 */
    struct buf digits = {0};
    *decoded_bytes = 0;
    put_pseudo(block, PSEUDO_METHOD, q->method, decoded_bytes);
    if (!is_plain_connect) {
        put_pseudo(block, PSEUDO_SCHEME, q->scheme, decoded_bytes);
        put_pseudo(block, PSEUDO_PATH, q->path, decoded_bytes);
    }
    put_pseudo(block, PSEUDO_AUTHORITY, q->authority, decoded_bytes);
    put_pseudo(block, PSEUDO_PROTOCOL, q->protocol, decoded_bytes);
    for (uint32_t i = 0; i < q->fields->count; i++) put_field(block, &q->fields->list[i], decoded_bytes);
    if (q->length >= 0) {
        buf_add_number(&digits, (uint64_t)q->length);
        hpack_put(block, HEADER_CONTENT_LENGTH, SPAN("content-length"), buf_span(&digits));
    }
    buf_done(&digits);
}

bool h2_client_is_too_large(const struct h2_session *s, uint64_t decoded_bytes) {
    return decoded_bytes > s->client.peer_head_bytes;
}

struct h2_stream *h2_ask(struct h2_session *s, struct span block, enum method method, bool end, struct chunks *out) {
    assert(h2_client_has_room(s));
    uint32_t id = s->last_id ? s->last_id + 2 : 1;
    stream_note_id(s, id);
    struct h2_stream *st = stream_make(s, id);
    st->awaits_head = true;
    st->asked_head = method == METHOD_HEAD;
    st->is_connect = method == METHOD_CONNECT;
    h2_send_block(s, st, block, end, out);
    return st;
}
