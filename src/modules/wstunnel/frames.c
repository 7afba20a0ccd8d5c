/* frames.c - WebSocket frames */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "modules/wstunnel/frames.h"

#include "http/uri.h"

/* ---- the head --------------------------------------------------------------------------------- */

/* How long it is, as far as its first two bytes tell. */
static unsigned head_bytes(const struct ws_reader *r) {
    if (r->head_n < 2) return 2;
    unsigned length = r->head[1] & 0x7f;
    return length == 127 ? 14 : length == 126 ? 8 : 6;
}

/* Bits that nobody has agreed upon, no mask, an unknown opcode: RFC 6455 5.1, 5.2. */
static bool begins_well(const struct ws_reader *r) {
    unsigned opcode = r->head[0] & 0x0f;
    bool is_control = opcode >= WS_CLOSE, is_final = r->head[0] & 0x80;
    if (r->head[0] & 0x70 || !(r->head[1] & 0x80)) return false;
    if (is_control) return opcode <= WS_PONG && is_final && (r->head[1] & 0x7f) <= WS_CONTROL_MAX;
    if (opcode > WS_BINARY) return false;
    return (opcode == WS_CONTINUATION) == r->in_message; /* messages are not interleaved (5.4) */
}

/* The shortest form is a must, and the highest bit is 0 (5.2). */
static bool find_length(struct ws_reader *r) {
    unsigned more = head_bytes(r) - 6;
    r->left = more ? 0 : r->head[1] & 0x7f;
    for (unsigned i = 0; i < more; i++) r->left = r->left << 8 | r->head[2 + i];
    if (more == 2) return r->left > 125;
    return more == 0 || (r->left > 0xffff && r->left >> 63 == 0);
}

/* False: it is a bad one. */
static bool take_head(struct ws_reader *r, struct span *in) {
    while (in->n && r->head_n < head_bytes(r)) {
        r->head[r->head_n++] = (uint8_t)in->p[0];
        *in = span_from(*in, 1);
        if (r->head_n == 2 && !begins_well(r)) return false;
    }
    if (r->head_n < 2 || r->head_n < head_bytes(r)) return true;
    if (!find_length(r)) return false;
    r->opcode = r->head[0] & 0x0f;
    r->is_final = r->head[0] & 0x80;
    if (r->opcode == WS_TEXT || r->opcode == WS_BINARY) r->message = r->opcode;
    if (r->opcode < WS_CLOSE) r->in_message = true;
    r->in_payload = true;
    r->mask_at = 0;
    r->control_n = 0;
    return true;
}

/* ---- the payload ------------------------------------------------------------------------------ */

static void unmask(struct ws_reader *r, struct span from, char *to) {
    const uint8_t *mask = r->head + r->head_n - 4;
    for (size_t i = 0; i < from.n; i++) to[i] = (char)((uint8_t)from.p[i] ^ mask[(r->mask_at + i) & 3]);
    r->mask_at = (uint8_t)((r->mask_at + from.n) & 3);
}

static struct span take_payload(struct ws_reader *r, struct span *in, char *room, size_t room_n) {
    size_t n = in->n < room_n ? in->n : room_n;
    if (n > r->left) n = (size_t)r->left;
    unmask(r, span_upto(*in, n), room);
    *in = span_from(*in, n);
    r->left -= n;
    if (r->left == 0) r->in_payload = false;
    return (struct span){room, n};
}

static enum ws_event read_control(struct ws_reader *r, struct span *in, struct span *out) {
    struct span part = take_payload(r, in, r->control + r->control_n, sizeof r->control - r->control_n);
    r->control_n = (uint8_t)(r->control_n + part.n);
    if (r->in_payload) return WS_MORE;
    r->head_n = 0;
    *out = (struct span){r->control, r->control_n};
    return WS_CONTROL;
}

enum ws_event ws_read(struct ws_reader *r, struct span *in, char *room, size_t room_n, struct span *out) {
    if (!r->in_payload) {
        if (!take_head(r, in)) return WS_BAD;
        if (!r->in_payload) return WS_MORE;
    }
    if (in->n == 0 && r->left) return WS_MORE;
    if (r->opcode >= WS_CLOSE) return read_control(r, in, out);
    *out = take_payload(r, in, room, room_n);
    if (r->in_payload) return WS_DATA;
    r->head_n = 0;
    r->in_message = !r->is_final;
    return r->is_final ? WS_DATA_END : WS_DATA;
}

/* ---- ours ------------------------------------------------------------------------------------- */

size_t ws_head(enum ws_opcode opcode, uint64_t payload, char out[WS_HEAD_MAX]) {
    unsigned more = payload > 0xffff ? 8 : payload > 125 ? 2 : 0;
    out[0] = (char)(0x80 | opcode);
    out[1] = (char)(more == 8 ? 127 : more == 2 ? 126 : payload);
    for (unsigned i = 0; i < more; i++) out[2 + i] = (char)(payload >> (8 * (more - 1 - i)) & 0xff);
    return 2 + more;
}

/* Those that may be sent, or are for applications. */
static bool is_code(unsigned code) {
    if (code >= 1000 && code <= 1014) return code < 1004 || code > 1006;
    return code >= 3000 && code <= 4999;
}

unsigned ws_close_code(struct span payload) {
    if (payload.n == 0) return WS_NO_CODE;
    if (payload.n == 1) return 0;
    unsigned code = (unsigned)(unsigned char)payload.p[0] << 8 | (unsigned char)payload.p[1];
    return is_code(code) && utf8_is_valid(span_from(payload, 2)) ? code : 0;
}
