/* http1.c - HTTP/1.1 to a backend: requests out, responses in (RFC 9112) */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <stdio.h>

#include "base/random.h"
#include "h1/response.h"
#include "http/head.h"
#include "modules/gateway/http.h"
#include "modules/gateway/websocket.h"

struct state {
    struct h1_response response;
    struct span accept; /* what Sec-WebSocket-Accept must be; empty: the client looks itself */
    bool chunked;       /* the request's body */
    bool head_said;
};

/* ---- the request's head ----------------------------------------------------------------------- */

static void blank_line_ends(char *p, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (p[i] == '\r' || p[i] == '\n' || p[i] == '\0') p[i] = ' ';
}

/* Fields are one line each: whoever made them, no end of line is in them. */
static void add_field(struct buf *b, struct span name, struct span value) {
    char *to = buf_room(b, name.n + value.n + 4);
    memcpy(to, name.p, name.n);
    memcpy(to + name.n, ": ", 2);
    to += name.n + 2;
    if (value.n) memcpy(to, value.p, value.n);
    if (span_has_control(value)) blank_line_ends(to, value.n);
    memcpy(to + value.n, "\r\n", 2);
    b->n += name.n + value.n + 4;
}

/* What was received as a line has no line's end in it. */
static void put_field(void *b, const struct field *f) {
    if (f->is_received) head_add_field(b, f);
    else add_field(b, f->name, f->value);
}

/* RFC 8441: what HTTP/2 leaves out of a WebSocket's opening is made here, and checked when the answer comes. */
static void add_websocket_key(struct message_pair *p, struct state *s, struct buf *b) {
    struct websocket_key key;
    websocket_key_make(&key);
    s->accept = arena_copy(&p->r->arena, span_of(key.accept));
    add_field(b, SPAN("Sec-WebSocket-Key"), span_of(key.key));
    if (!fields_have(&p->r->in.fields, HEADER_SEC_WEBSOCKET_VERSION))
        add_field(b, SPAN("Sec-WebSocket-Version"), SPAN("13"));
}

static void add_connection(struct message_pair *p, const struct http_request *q, bool is_10, struct buf *b) {
    struct request *r = p->r;
    bool keeps = p->host && p->host->keep_alive && !is_10;
    if (q->is_connect) return;
    if (p->is_upgrade) {
        add_field(b, SPAN("Upgrade"),
                  q->is_websocket_of_h2 ? r->in.protocol : fields_get(&r->in.fields, &r->arena, HEADER_UPGRADE));
        buf_add(b, SPAN("Connection: upgrade\r\n"));
        return;
    }
    bool trailers = q->wants_trailers && !is_10;
    if (trailers) buf_add(b, SPAN("TE: trailers\r\n"));
    if (trailers && keeps) buf_add(b, SPAN("Connection: TE\r\n"));
    else if (!keeps) buf_add(b, trailers ? SPAN("Connection: close, TE\r\n") : SPAN("Connection: close\r\n"));
}

static bool means_body(const struct request *r) {
    return r->in.method == METHOD_POST || r->in.method == METHOD_PUT ||
           fields_have(&r->in.fields, HEADER_CONTENT_LENGTH);
}

static void add_framing(const struct message_pair *p, struct state *s, struct buf *b) {
    if (p->is_upgrade || p->r->in.method == METHOD_CONNECT) return;
    s->chunked = p->body_bytes < 0;
    if (s->chunked) buf_add(b, SPAN("Transfer-Encoding: chunked\r\n"));
    else if (p->body_bytes > 0 || (means_body(p->r) && !p->r->error_status))
        head_add_length(b, (uint64_t)p->body_bytes);
}

static int begin(struct message_pair *p, struct chunks *out) {
    struct state *s = p->state;
    struct http_request q;
    static struct buf b; /* of the worker: its size is what the largest head before has needed */
    bool is_10 = http_speaks_10(p);
    if (!http_request_make(p, &q)) return 400;
    if (is_10 && p->body_bytes < 0) return 411;
    s->response.arena = &p->r->arena; /* all else is zero */
    s->response.to_head = p->r->in.method == METHOD_HEAD;
    s->response.to_connect = q.is_connect;
    s->response.may_switch = p->is_upgrade && !q.is_connect;
    buf_add(&b, q.method);
    buf_add_char(&b, ' ');
    buf_add(&b, q.target);
    buf_add(&b, is_10 ? SPAN(" HTTP/1.0\r\n") : SPAN(" HTTP/1.1\r\n"));
    add_field(&b, SPAN("Host"), q.authority);
    http_request_fields(p, &q, put_field, &b);
    add_connection(p, &q, is_10, &b);
    if (q.is_websocket_of_h2) add_websocket_key(p, s, &b);
    add_framing(p, s, &b);
    buf_add(&b, SPAN("\r\n"));
    chunks_add_copy(out, buf_span(&b));
    buf_reuse(&b);
    return 0;
}

/* ---- its body --------------------------------------------------------------------------------- */

static uint64_t body(struct message_pair *p, struct chunks *out, struct chunks *from, uint64_t max) {
    const struct state *s = p->state;
    uint64_t n = from->bytes < max ? from->bytes : max;
    char size[24];
    if (n == 0 || (p->is_upgrade && !p->is_tunnel)) return 0;
    if (!s->chunked || p->is_tunnel) {
        chunks_take(out, from, n);
        return n;
    }
    int digits = snprintf(size, sizeof size, "%llx\r\n", (unsigned long long)n);
    chunks_add_copy(out, (struct span){size, (size_t)digits});
    chunks_take(out, from, n);
    chunks_add_constant(out, SPAN("\r\n"));
    return n;
}

static void end(struct message_pair *p, struct chunks *out) {
    const struct state *s = p->state;
    const struct fields *trailers = &p->r->in.trailers;
    struct buf b = {0};
    if (!s->chunked || p->is_tunnel) return;
    buf_add(&b, SPAN("0\r\n"));
    for (uint32_t i = 0; i < trailers->count; i++) {
        const struct field *f = &trailers->list[i];
        if (!(header_flags(f->id) & (HEADER_NO_TRAILER | HEADER_HOP_BY_HOP))) add_field(&b, f->name, f->value);
    }
    buf_add(&b, SPAN("\r\n"));
    chunks_add_copy(out, buf_span(&b));
    buf_done(&b);
}

/* ---- the response ----------------------------------------------------------------------------- */

static enum take broken(struct message_pair *p, const char *why) {
    p->why = span_of(why);
    return TAKE_BROKEN;
}

struct passing {
    struct span connection;
    bool with_upgrade;
};

static bool is_passed_on(const struct field *f, const void *passing) {
    const struct passing *g = passing;
    return !is_hop_by_hop(f, g->connection) || (g->with_upgrade && f->id == HEADER_UPGRADE);
}

/* The list changes its owner. */
static enum take take_fields(struct message_pair *p, struct h1_response *x, enum take word) {
    const struct passing passing = {x->connection, x->is_tunnel && p->r->in.version < 20};
    p->status = x->status;
    p->fields = x->fields;
    x->fields = (struct fields){0};
    if (x->flags & HEADER_HOP_BY_HOP) fields_keep(&p->fields, is_passed_on, &passing);
    return word;
}

/* The client of HTTP/2 cannot look at it. */
static bool accepts_websocket(const struct message_pair *p, const struct state *s) {
    const struct field *f = fields_first(&p->fields, HEADER_SEC_WEBSOCKET_ACCEPT);
    return p->status != 101 || !s->accept.n || (f && span_is(f->value, s->accept));
}

static enum take take_head(struct message_pair *p, struct state *s) {
    struct h1_response *x = &s->response;
    take_fields(p, x, TAKE_HEAD);
    if (!accepts_websocket(p, s)) return broken(p, "its Sec-WebSocket-Accept is not the answer to our key");
    if (s->accept.n) fields_remove(&p->fields, HEADER_SEC_WEBSOCKET_ACCEPT);
    p->length = x->length;
    p->is_tunnel = x->is_tunnel;
    p->can_keep = x->persists;
    s->head_said = true;
    return TAKE_HEAD;
}

static enum take take_word(struct message_pair *p, enum h1_response_word word) {
    struct state *s = p->state;
    switch (word) {
    case H1_RESPONSE_INTERIM: p->is_interim = true; return take_fields(p, &s->response, TAKE_INTERIM);
    case H1_RESPONSE_HEAD: return take_head(p, s);
    case H1_RESPONSE_END: p->trailers = s->response.trailers; return TAKE_END;
    case H1_RESPONSE_BROKEN: return broken(p, s->response.why);
    case H1_RESPONSE_MORE:
    case H1_RESPONSE_DATA: break;
    }
    return TAKE_MORE;
}

static enum take take(struct message_pair *p, struct span *in) {
    struct state *s = p->state;
    struct span data;
    enum h1_response_word word;
    while ((word = h1_response_next(&s->response, in, &data)) == H1_RESPONSE_DATA) pair_body(p, data);
    return take_word(p, word);
}

static enum take eof(struct message_pair *p) {
    struct state *s = p->state;
    return take_word(p, h1_response_eof(&s->response));
}

const struct codec http1_codec = {.name = "http",
                                  .state_bytes = sizeof(struct state),
                                  .begin = begin,
                                  .body = body,
                                  .end = end,
                                  .take = take,
                                  .eof = eof};
