/* http2.c - HTTP/2 to a backend: a request's head as a header block, a response's head understood (RFC 9113 8) */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "modules/gateway/http2.h"

#include "modules/gateway/http.h"
#include "modules/gateway/websocket.h"

enum { INTERIMS_MAX = 32 };

/* ---- the request ------------------------------------------------------------------------------ */

/* A body that is announced is said to have a length, also if that is 0. */
static int64_t length_of(const struct message_pair *p) {
    bool means_body = p->r->in.method == METHOD_POST || p->r->in.method == METHOD_PUT;
    if (p->is_upgrade || p->r->in.method == METHOD_CONNECT) return -1;
    return p->body_bytes > 0 || means_body ? p->body_bytes : -1;
}

static struct span protocol_of(const struct request *r) {
    return r->in.protocol.n ? r->in.protocol : SPAN("websocket");
}

/* RFC 8441 5: the Upgrade to a WebSocket becomes an extended CONNECT, which has no key. False: there is no way to say
 * this in HTTP/2. */
static bool extend(struct message_pair *p, struct http2_state *s) {
    struct request *r = p->r;
    const struct field *upgrade = fields_first(&r->in.fields, HEADER_UPGRADE);
    const struct field *key = fields_first(&r->in.fields, HEADER_SEC_WEBSOCKET_KEY);
    char accept[29];
    if (r->in.protocol.n) return s->is_extended = true;
    if (r->in.method != METHOD_GET || !upgrade || !span_is_ci(upgrade->value, SPAN("websocket"))) return false;
    if (!key || !websocket_accept(key->value, accept)) return false;
    s->accept = arena_copy(&r->arena, span_of(accept));
    return s->is_extended = true;
}

/* passing - fields on their way to the block */
struct passing {
    struct fields fields;
    struct arena *arena;
    bool without_key; /* a WebSocket's: HTTP/2 has none */
};

static void put_field(void *passing, const struct field *f) {
    struct passing *g = passing;
    if (g->without_key && f->id == HEADER_SEC_WEBSOCKET_KEY) return;
    fields_append(&g->fields, g->arena, f->id, f->name, f->is_received ? f->value : arena_copy(g->arena, f->value));
}

static void make_block(struct message_pair *p, struct http2_state *s, const struct http_request *q) {
    struct request *r = p->r;
    struct buf block = {0};
    struct passing passing = {.arena = &r->arena, .without_key = s->accept.n > 0};
    http_request_fields(p, q, put_field, &passing);
    if (q->wants_trailers) fields_add(&passing.fields, &r->arena, HEADER_TE, SPAN("trailers"));
    const struct h2_question question = {.method = s->is_extended ? SPAN("CONNECT") : q->method,
                                         .scheme = p->host && p->host->tls ? SPAN("https") : SPAN("http"),
                                         .authority = q->authority,
                                         .path = q->target,
                                         .protocol = s->is_extended ? protocol_of(r) : SPAN(""),
                                         .fields = &passing.fields,
                                         .length = length_of(p)};
    h2_question_block(&question, &block, &s->decoded_bytes);
    s->block = arena_copy(&r->arena, buf_span(&block));
    buf_done(&block);
}

static int begin(struct message_pair *p, struct chunks *out) {
    struct http2_state *s = p->state;
    struct request *r = p->r;
    struct http_request q;
    (void)out;
    if (!http_request_make(p, &q)) return 400;
    if (p->is_upgrade && !extend(p, s)) {
        if (r->in.method == METHOD_CONNECT || r->is_bare) return 501;
        s->ended = true; /* it has no body; that nobody upgrades is an answer, too (RFC 9110 7.8) */
    }
    s->method = r->in.method;
    make_block(p, s, &q);
    return 0;
}

static uint64_t body(struct message_pair *p, struct chunks *out, struct chunks *from, uint64_t max) {
    uint64_t n = from->bytes < max ? from->bytes : max;
    if (n == 0 || (p->is_upgrade && !p->is_tunnel)) return 0;
    chunks_take(out, from, n);
    return n;
}

static void end(struct message_pair *p, struct chunks *out) {
    struct http2_state *s = p->state;
    (void)out;
    s->ended = true;
}

const struct fields *http2_trailers(const struct message_pair *p) {
    const struct fields *f = &p->r->in.trailers;
    return f->count && !p->is_tunnel ? f : NULL;
}

/* ---- the response ----------------------------------------------------------------------------- */

/* What a client of HTTP/1 waits for. */
static void switch_protocols(struct message_pair *p, const struct http2_state *s) {
    p->status = 101;
    fields_set(&p->fields, &p->r->arena, HEADER_UPGRADE, SPAN("websocket"));
    fields_set(&p->fields, &p->r->arena, HEADER_SEC_WEBSOCKET_ACCEPT, s->accept);
}

enum take http2_take_head(struct message_pair *p, const struct h2_response *response) {
    struct http2_state *s = p->state;
    p->status = response->status;
    p->fields = response->fields;
    p->is_interim = response->is_interim;
    if (!response->is_interim) {
        p->length = response->length;
        p->is_tunnel = response->is_tunnel;
        if (p->is_tunnel && s->accept.n) switch_protocols(p, s);
        return TAKE_HEAD;
    }
    if (++s->interims <= INTERIMS_MAX) return TAKE_INTERIM;
    p->why = SPAN("too many interim responses");
    return TAKE_BROKEN;
}

const struct codec http2_codec = {.name = "http2",
                                  .state_bytes = sizeof(struct http2_state),
                                  .begin = begin,
                                  .body = body,
                                  .end = end,
                                  .transport = &h2_transport};
