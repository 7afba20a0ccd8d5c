/* emit.h - responses in HTTP/1.x's form (RFC 9112 4, 6, 7) */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_H1_EMIT_H
#define GOLDCREST_H1_EMIT_H

#include <stdbool.h>

#include "http/answer.h"
#include "http/reply.h"
#include "http/request.h"

/* How the response is framed and what is said of the connection. */
struct h1_framing {
    bool keep_alive;    /* else "Connection: close" */
    bool version_10;    /* the client speaks HTTP/1.0: no chunked coding, "Connection: keep-alive" is said */
    bool answer_as_10;  /* server.protocol-http11 = "disable" */
};

/* Queues head and body of what the client gets of a reply; returns the length of the head. */
size_t h1_emit_reply(struct chunks *out, struct reply *p, const struct answer *a, struct h1_framing f, int64_t now_s);

/* Queues the head of a response whose body comes from a source: with Content-Length if length >= 0, else chunked, or
 * for HTTP/1.0 until the connection's end (then f.keep_alive must be false).
 * Of a tunnel's (r->is_tunnel) neither is said: its bytes have no framing. */
size_t h1_emit_head(struct chunks *out, const struct request *r, int64_t length, struct h1_framing f, int64_t now_s);

/* Wraps what is in body as one chunk of chunked coding and moves it to out. */
void h1_emit_chunk(struct chunks *out, struct chunks *body);
/* With trailers behind it (RFC 9112 7.1.2), unless trailers is NULL: those that no trailer may be are left out. */
void h1_emit_last_chunk(struct chunks *out, const struct fields *trailers);

void h1_emit_continue(struct chunks *out); /* 100 Continue */
/* An interim response (RFC 9110 15.2). fields may be NULL. */
void h1_emit_interim(struct chunks *out, int status, const struct fields *fields);

#endif
