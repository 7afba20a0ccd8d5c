/* response.c - a decoded header block becomes a response's head: what it must and must not have (RFC 9113 8) */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "h2/client.h"
#include "h2/session.h"
#include "http/length.h"

/* reading - what is noted while the fields come */
struct reading {
    struct h2_response *r;
    struct arena *arena;
    bool has_regular;
    const char *malformed;
};

/* Three digits (RFC 9110 15), and no 101, for there is nothing to change to (RFC 9113 8.6). */
static int parse_status(struct span s) {
    if (s.n != 3 || s.p[0] < '1' || !ascii_is_digit(s.p[0]) || !ascii_is_digit(s.p[1]) || !ascii_is_digit(s.p[2]))
        return 0;
    int status = (s.p[0] - '0') * 100 + (s.p[1] - '0') * 10 + s.p[2] - '0';
    return status == 101 ? 0 : status;
}

static void note_pseudo(struct reading *g, const struct hpack_field *f) {
    if (f->id != PSEUDO_STATUS) g->malformed = "a pseudo-header field that no response has";
    else if (g->has_regular) g->malformed = "a pseudo-header field behind another field";
    else if (g->r->status) g->malformed = ":status is there twice";
    else if (!(g->r->status = parse_status(f->value))) g->malformed = ":status is none";
}

static void note_regular(struct reading *g, const struct hpack_field *f) {
    g->has_regular = true;
    if (!f->is_visible) g->malformed = "a field value with control characters";
    else if (f->id != HEADER_CONTENT_LENGTH)
        fields_append(&g->r->fields, g->arena, (enum header)f->id, f->name, f->value);
    else if (length_note(f->value, &g->r->length, NULL)) g->malformed = "a content-length that is none";
}

/* What is too large, or wrong already, is decoded on without being stored, so that the table stays right. */
static void decode(struct h2_session *s, struct reading *g) {
    struct hpack_block block = {.rest = s->block.whole};
    struct limits limits = {.bytes_max = block_decoded_max(s)};
    struct hpack_field f;
    while (head_next(s, &block, g->malformed ? NULL : g->arena, &limits, &f) == HPACK_FIELD) {
        if (g->malformed) continue;
        if (limits.bytes > s->options.head_bytes) g->malformed = "a head that is too large";
        else if (limits.fields > s->options.fields) g->malformed = "a head with too many fields";
        else if (!(g->malformed = head_check_field(&f)) && f.id >= PSEUDO_AUTHORITY) note_pseudo(g, &f);
        else if (!g->malformed) note_regular(g, &f);
    }
}

/* How much body there is to come. */
static void finish_body(struct h2_stream *st, struct reading *g) {
    struct h2_response *r = g->r;
    if (r->is_tunnel) r->length = -1;
    bool has_none = st->asked_head || r->status == 204 || r->status == 304; /* RFC 9110 6.4.1 */
    st->body_left = has_none ? 0 : r->length >= 0 ? r->length : BODY_UNKNOWN;
    if (st->ended_by_peer && st->body_left > 0) g->malformed = "content-length without a body"; /* 8.1.1 */
}

static void finish(struct h2_stream *st, struct reading *g) {
    struct h2_response *r = g->r;
    if (!r->status) g->malformed = "no :status";
    if (g->malformed) return;
    r->is_interim = r->status < 200;
    if (r->is_interim && st->ended_by_peer) g->malformed = "an interim response that ends the stream";
    if (r->is_interim) return;
    st->awaits_head = false;
    r->is_tunnel = st->is_connect && r->status < 300;
    st->is_connect = r->is_tunnel;
    finish_body(st, g);
}

int h2_read_response(struct h2_session *s, struct h2_stream *st, struct h2_response *r, struct arena *a) {
    struct reading g = {.r = r, .arena = a};
    struct h2_event unused;
    *r = (struct h2_response){.length = -1};
    decode(s, &g);
    block_is_read(s);
    if (s->has_failed) return -1;
    finish(st, &g);
    if (g.malformed) stream_fail(s, st, H2_PROTOCOL_ERROR, g.malformed, &unused);
    return g.malformed ? -1 : 0;
}
