/* client.h - HTTP/2 where we are the client: streams are opened by us, responses come; the rest is h2.h's */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_H2_CLIENT_H
#define GOLDCREST_H2_CLIENT_H

#include "h2/h2.h"

/*
 * A session in the client's role. What differs from h2.h's: h2_ask() opens streams, which are the caller's from the
 * beginning; H2_HEAD says that a response's head has come for one of them, interim ones (1xx) before the last; call
 * h2_read_response() then. After H2_RESET, and after h2_read_response() has said -1, drop the stream. A response is
 * whole with H2_END; if H2_RESET comes for a stream whose `ended_by_peer` is set, it was whole already, and the peer
 * wants no more of the request. h2_control() gives the preface first. Turns (h2_want_turn()) are there for whoever
 * wants them; h2_second() is due each second with streams open.
 * Of the options, `streams` and `extended_connect` have no meaning; head_bytes and fields are a response's.
 */
struct h2_session *h2_client_make(const struct h2_options *o);

/* May a stream be opened now? Else later, or never: h2_client_is_spent(), by a GOAWAY of either side, or because all
 * numbers are used up. */
bool h2_client_has_room(const struct h2_session *s);
bool h2_client_is_spent(const struct h2_session *s);
/* How many streams the peer allows at once. */
uint32_t h2_client_streams(const struct h2_session *s);
/* Extended CONNECT (RFC 8441) is offered. False before the first SETTINGS have come, see below. */
bool h2_client_can_connect(const struct h2_session *s);
bool h2_client_has_settings(const struct h2_session *s);
/* What the peer's GOAWAY has said; H2_NO_ERROR without one. */
uint32_t h2_client_peer_error(const struct h2_session *s);

/* ---- requests --------------------------------------------------------------------------------- */

/* h2_question - a request's head; read during the call */
struct h2_question {
    struct span method, scheme, authority, path;
    struct span protocol;        /* of an extended CONNECT; else empty */
    const struct fields *fields; /* those of HTTP/1's connections, Host and Expect are left out (RFC 9113 8.2.2) */
    int64_t length;              /* of the body, for content-length; < 0: not known, or none */
};

/* The head as a header block, which is good for any session: made once, sent again where a request is repeated. */
void h2_question_block(const struct h2_question *q, struct buf *block, uint64_t *decoded_bytes);
/* Would the peer refuse a head of that size (SETTINGS_MAX_HEADER_LIST_SIZE)? */
bool h2_client_is_too_large(const struct h2_session *s, uint64_t decoded_bytes);

/* Opens a stream; there must be room. end: the request has no body. The body follows by h2_send_data(). */
struct h2_stream *h2_ask(struct h2_session *s, struct span block, enum method method, bool end, struct chunks *out);

/* ---- responses -------------------------------------------------------------------------------- */

struct h2_response {
    int status;           /* 100…999, never 101 */
    int64_t length;       /* its content-length, -1 without; of a response to HEAD, too. Not among the fields */
    struct fields fields; /* texts in the arena */
    bool is_interim;      /* 1xx: another one comes */
    bool is_tunnel;       /* 2xx to CONNECT: from here on bytes go both ways */
};

/* After H2_HEAD, before anything else: 0; or -1: malformed (RFC 9113 8.1.1) or too large, the stream is reset;
 * h2_last_fault() says why. */
int h2_read_response(struct h2_session *s, struct h2_stream *st, struct h2_response *r, struct arena *a);

#endif
