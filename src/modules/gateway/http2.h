/* http2.h - a request for a backend that speaks HTTP/2: what http2.c (codec) and link_h2.c (transport) share */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_GATEWAY_HTTP2_H
#define GOLDCREST_GATEWAY_HTTP2_H

#include "h2/client.h"
#include "modules/gateway/exchange.h"

/*
 * http2_state - the codec's: it makes the head, and leaves the body in x->out as it is; frames are made by the
 * transport, which knows the windows
 */
struct http2_state {
    struct span block;           /* the request's head, in the request's arena */
    uint64_t decoded_bytes;      /* what it is for SETTINGS_MAX_HEADER_LIST_SIZE */
    enum method method;
    bool is_extended;            /* an extended CONNECT (RFC 8441) */
    struct span accept;          /* … made of an Upgrade of HTTP/1: the Sec-WebSocket-Accept that its client gets */
    bool ended;                  /* the body is complete */
    unsigned interims;           /* 1xx that have come */
};

/* The response's head has come: the pair is filled in. TAKE_INTERIM, TAKE_HEAD, or TAKE_BROKEN. */
enum take http2_take_head(struct message_pair *p, const struct h2_response *response);
/* Trailers of the request, if it has any. */
const struct fields *http2_trailers(const struct message_pair *p);

extern const struct transport h2_transport; /* link_h2.c */

#endif
