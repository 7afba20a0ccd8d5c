/* response.h - HTTP/1.x responses of a backend: bytes become a status, fields and a body (RFC 9112) */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_H1_RESPONSE_H
#define GOLDCREST_H1_RESPONSE_H

#include "h1/h1.h"

enum { H1_RESPONSE_HEAD_MAX = 64 * 1024, H1_RESPONSE_FIELDS_MAX = 256, H1_INTERIM_MAX = 32 };

/* h1_response - the answer to one request; zeroed memory, `arena` set, starts it */
struct h1_response {
    struct arena *arena;          /* heads are copied to it */
    /* what the answer is to */
    bool to_head;                 /* HEAD: no body, whatever is said */
    bool to_connect;              /* CONNECT: 2xx is a tunnel */
    bool may_switch;              /* 101 is what was asked for */

    /* the head, when H1_RESPONSE_HEAD or _INTERIM was said; spans in the arena */
    int status;
    uint8_t version;              /* 10, 11 */
    struct fields fields;         /* as they came, without Content-Length and Transfer-Encoding */
    struct fields trailers;
    struct span connection;       /* the options of Connection, joined */
    unsigned flags;               /* of the names of all fields, together (HEADER_HOP_BY_HOP) */
    int64_t length;               /* of the body, as declared; -1: not */
    bool chunked, is_tunnel;
    bool persists;                /* the connection may take another request after H1_RESPONSE_END */
    const char *why;              /* H1_RESPONSE_BROKEN: a part of a sentence */

    /* private */
    uint8_t state;
    uint8_t interims;
    struct h1_chunked chunks;
    uint64_t left;
    char *held;                   /* of a head or trailers, so far; in the arena */
    size_t held_bytes, held_room, seen;
};

enum h1_response_word {
    H1_RESPONSE_MORE,    /* `in` is used up */
    H1_RESPONSE_INTERIM, /* a 1xx head; go on */
    H1_RESPONSE_HEAD,
    H1_RESPONSE_DATA,    /* *data: a part of in */
    H1_RESPONSE_END,     /* the response is whole; what is left in `in` is not its */
    H1_RESPONSE_BROKEN
};

/*
 * Takes bytes off *in until there is something to say. Strict, because what two parsers read differently is how
 * responses are split: no length beside a coding, no two lengths, no coding but chunked, no folded lines, no NUL or
 * other control characters, no field name that is not one. A line may end with LF alone, as some backends do it.
 */
enum h1_response_word h1_response_next(struct h1_response *x, struct span *in, struct span *data);

/* The backend has ended its side: END if that ends the response (a body without length, a tunnel), or BROKEN. */
enum h1_response_word h1_response_eof(struct h1_response *x);

#endif
