/* codec.c - WebSocket on the client's side, bytes on the backend's */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "base/list.h"
#include "fdevents/fdevent.h"
#include "modules/gateway/websocket.h"
#include "modules/wstunnel/frames.h"
#include "modules/wstunnel/text.h"
#include "modules/wstunnel/wstunnel.h"

enum {
    PIECE_BYTES = 4096,      /* of payload that is unmasked at once */
    BASE64_BYTES = 3072,     /* … that is encoded at once: a multiple of three */
    PONGS_WAIT_BYTES = 16384 /* with so much waiting for the client, pings are not answered (RFC 6455 5.5.3) */
};

struct tunnel {
    struct message_pair *pair;
    struct deadline ping;
    struct ws_reader reader;
    struct utf8 from_client, to_client;
    struct base64 base64;
    char held[4]; /* the beginning of a character whose end has not come from the backend */
    uint8_t held_n;
    uint8_t type;   /* enum frame_type */
    bool is_closed; /* our close frame is queued */
};

/* ---- the handshake ---------------------------------------------------------------------------- */

bool wstunnel_accept(struct span key, char accept[WS_ACCEPT_BYTES]) {
    enum { KEY_BYTES = 24, NONCE_BYTES = 16 };
    char nonce[KEY_BYTES];
    struct base64 b = {0};
    return key.n == KEY_BYTES && base64_take(&b, key, nonce) == NONCE_BYTES && websocket_accept(key, accept);
}

static const struct {
    struct span protocol;
    enum frame_type type;
} protocols[] = {{SPAN_INIT("binary"), FRAMES_BINARY}, {SPAN_INIT("base64"), FRAMES_BASE64}};
enum { PROTOCOLS = sizeof protocols / sizeof *protocols };

/* What is configured comes first, if the client offers it. */
enum frame_type wstunnel_type(const struct request *r, enum frame_type set, struct span *protocol) {
    enum frame_type type = set;
    *protocol = SPAN("");
    for (uint32_t i = 0; i < r->in.fields.count; i++) {
        const struct field *f = &r->in.fields.list[i];
        if (f->id != HEADER_SEC_WEBSOCKET_PROTOCOL) continue;
        for (unsigned k = 0; k < PROTOCOLS; k++) {
            if (protocol->n && protocols[k].type != set) continue;
            if (!list_has_token(f->value, protocols[k].protocol)) continue;
            *protocol = protocols[k].protocol;
            type = protocols[k].type;
        }
    }
    return type;
}

static void answer(struct message_pair *p, struct span protocol) {
    struct request *r = p->r;
    char accept[WS_ACCEPT_BYTES];
    p->status = 101;
    p->is_tunnel = true;
    if (protocol.n) fields_add(&p->fields, &r->arena, HEADER_SEC_WEBSOCKET_PROTOCOL, protocol);
    if (r->in.protocol.n) return; /* RFC 8441 5: no key, no Upgrade */
    const struct field *key = fields_first(&r->in.fields, HEADER_SEC_WEBSOCKET_KEY);
    fields_add(&p->fields, &r->arena, HEADER_UPGRADE, SPAN("websocket"));
    if (key && wstunnel_accept(key->value, accept))
        fields_add(&p->fields, &r->arena, HEADER_SEC_WEBSOCKET_ACCEPT, arena_copy(&r->arena, span_of(accept)));
}

/* ---- to the client ---------------------------------------------------------------------------- */

static void add_head(struct message_pair *p, enum ws_opcode opcode, uint64_t payload) {
    char head[WS_HEAD_MAX];
    chunks_add_copy(&p->body, (struct span){head, ws_head(opcode, payload, head)});
}

static void add_control(struct message_pair *p, enum ws_opcode opcode, struct span payload) {
    add_head(p, opcode, payload.n);
    chunks_add_copy(&p->body, payload);
}

static void close_with(struct tunnel *t, unsigned code) {
    const char payload[] = {(char)(code >> 8), (char)(code & 0xff)};
    if (t->is_closed) return;
    t->is_closed = true;
    add_control(t->pair, WS_CLOSE, (struct span){payload, code == WS_NO_CODE ? 0 : sizeof payload});
}

/* It is we who end it. What the backend has sent so far is in front of the close frame. */
static void fail(struct tunnel *t, unsigned code, const char *why) {
    const struct wstunnel_settings *s = t->pair->settings;
    if (s->debug || code == WS_INTERNAL) request_say(t->pair->r, LOG_IS_WARNING, "WebSocket: %u: %s", code, why);
    close_with(t, code);
    t->pair->is_over = true;
}

static void start_pings(struct tunnel *t) {
    const struct wstunnel_settings *s = t->pair->settings;
    if (s->ping_s) deadline_in(request_events(t->pair->r), &t->ping, s->ping_s * UINT64_C(1000));
}

static void ping(struct deadline *d) {
    struct tunnel *t = CONTAINER(d, struct tunnel, ping);
    struct request *r = t->pair->r;
    start_pings(t);
    if (t->is_closed || t->pair->body.bytes) return; /* what waits will show whether anybody is there */
    add_control(t->pair, WS_PING, SPAN("ping"));
    request_resume(r);
}

static void add_base64(struct message_pair *p, struct span bytes) {
    char text[BASE64_BYTES / 3 * 4];
    add_head(p, WS_TEXT, (bytes.n + 2) / 3 * 4);
    while (bytes.n) {
        size_t n = bytes.n < BASE64_BYTES ? bytes.n : BASE64_BYTES;
        chunks_add_copy(&p->body, (struct span){text, base64_make(span_upto(bytes, n), text)});
        bytes = span_from(bytes, n);
    }
}

static void hold(struct tunnel *t, struct span bytes) {
    for (size_t i = 0; i < bytes.n && t->held_n < sizeof t->held; i++) t->held[t->held_n++] = bytes.p[i];
}

/* A text frame ends between two characters (RFC 6455 5.6). False: this is no text. */
static bool add_text(struct tunnel *t, struct span bytes) {
    size_t whole;
    if (!utf8_take(&t->to_client, bytes, &whole)) return false;
    if (whole) {
        add_head(t->pair, WS_TEXT, t->held_n + whole);
        chunks_add_copy(&t->pair->body, (struct span){t->held, t->held_n});
        pair_body(t->pair, span_upto(bytes, whole));
        t->held_n = 0;
    }
    hold(t, span_from(bytes, whole));
    return true;
}

static enum take take(struct message_pair *p, struct span *in) {
    struct tunnel *t = p->state;
    struct span bytes = *in;
    *in = span_from(*in, in->n);
    if (t->is_closed || bytes.n == 0) return TAKE_MORE;
    if (t->type == FRAMES_BASE64) {
        add_base64(p, bytes);
    } else if (t->type == FRAMES_BINARY) {
        add_head(p, WS_BINARY, bytes.n);
        pair_body(p, bytes);
    } else if (!add_text(t, bytes)) {
        fail(t, WS_INTERNAL, "the backend's bytes are no UTF-8: set wstunnel.frame-type = \"binary\"");
        return TAKE_END;
    }
    return TAKE_MORE;
}

static enum take end_of_backend(struct message_pair *p) {
    close_with(p->state, WS_NORMAL);
    return TAKE_END;
}

/* ---- from the client -------------------------------------------------------------------------- */

static void take_control(struct tunnel *t, struct span payload) {
    unsigned code;
    switch (t->reader.opcode) {
    case WS_PING:
        if (t->pair->body.bytes < PONGS_WAIT_BYTES) add_control(t->pair, WS_PONG, payload);
        break;
    case WS_CLOSE:
        code = ws_close_code(payload);
        if (!code) fail(t, WS_PROTOCOL_ERROR, "a malformed close frame");
        close_with(t, code);
        t->pair->is_over = true;
        break;
    default: break; /* a pong */
    }
}

/* Payload on its way to the backend. */
static void take_data(struct tunnel *t, struct span bytes, bool is_end, struct chunks *out) {
    char decoded[PIECE_BYTES];
    size_t whole;
    bool is_text = t->reader.message == WS_TEXT;
    if (is_text && t->type == FRAMES_BASE64) {
        long n = base64_take(&t->base64, bytes, decoded);
        if (n >= 0) chunks_add_copy(out, (struct span){decoded, (size_t)n});
        if (n < 0 || (is_end && !base64_end(&t->base64))) fail(t, WS_NOT_THE_TYPE, "a message is no base64");
        return;
    }
    if (is_text && (!utf8_take(&t->from_client, bytes, &whole) || (is_end && t->from_client.need))) {
        fail(t, WS_NOT_THE_TYPE, "a text message is no UTF-8");
        return;
    }
    chunks_add_copy(out, bytes);
}

static void take_bytes(struct tunnel *t, struct span in, struct chunks *out) {
    char room[PIECE_BYTES];
    struct span bytes;
    while (!t->is_closed) {
        enum ws_event event = ws_read(&t->reader, &in, room, sizeof room, &bytes);
        if (event == WS_MORE) return;
        if (event == WS_BAD) fail(t, WS_PROTOCOL_ERROR, "the client's frames are malformed");
        else if (event == WS_CONTROL) take_control(t, bytes);
        else take_data(t, bytes, event == WS_DATA_END, out);
    }
}

static uint64_t body(struct message_pair *p, struct chunks *out, struct chunks *from, uint64_t max) {
    struct tunnel *t = p->state;
    uint64_t taken = 0;
    while (from->count && (taken < max || t->is_closed)) {
        const struct chunk *c = chunks_at(from, 0);
        size_t n = c->left < max - taken || t->is_closed ? (size_t)c->left : (size_t)(max - taken);
        take_bytes(t, (struct span){chunk_bytes(c), n}, out);
        chunks_sent(from, n);
        taken += n;
    }
    return taken;
}

/* ---- the codec -------------------------------------------------------------------------------- */

static int begin(struct message_pair *p, struct chunks *out) {
    const struct wstunnel_settings *s = p->settings;
    struct tunnel *t = p->state;
    struct span protocol;
    (void)out;
    t->pair = p;
    t->ping.fire = ping;
    t->type = (uint8_t)wstunnel_type(p->r, s->frame_type ? *s->frame_type : FRAMES_TEXT, &protocol);
    answer(p, protocol);
    start_pings(t);
    return 0;
}

static void done(struct message_pair *p) {
    struct tunnel *t = p->state;
    if (deadline_is_set(&t->ping)) deadline_stop(&t->ping);
}

const struct codec wstunnel_codec = {.name = "wstunnel",
                                     .state_bytes = sizeof(struct tunnel),
                                     .begin = begin,
                                     .body = body,
                                     .take = take,
                                     .eof = end_of_backend,
                                     .done = done};
