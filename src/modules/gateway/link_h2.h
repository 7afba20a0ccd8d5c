/* link_h2.h - what the three files of HTTP/2's links share: link_h2.c, link_h2_dial.c, link_h2_read.c */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_GATEWAY_LINK_H2_H
#define GOLDCREST_GATEWAY_LINK_H2_H

#include "modules/gateway/exchange_private.h"
#include "modules/gateway/http2.h"

/*
 * A link is in its backend's h2_links as long as others may join: until the backend says GOAWAY, something has gone
 * wrong, or it was idle for too long. Who is on it then stays to the end of his exchange. Streams hold back a backend
 * by their windows, so the link itself is always read.
 */
enum { RIDERS_MAX = 256 };

enum link_state { LINK_CONNECTS, LINK_SHAKES_HANDS /* TLS */, LINK_OPEN };

struct h2_link {
    struct fdevent ev;
    struct deadline idle_limit;
    struct list pool;                /* in backend.h2_links while others may join; else a ring of its own */
    struct list riders;
    struct fdevents *events;
    struct backend *backend;         /* held */
    const struct addr_room *address; /* the backend's, that it is for */
    struct tls_client *client;       /* held; NULL without TLS */
    struct tls *tls;
    struct h2_session *session;
    struct chunks out;
    struct exchange *news;           /* of a callback: whom to tell as its last thing */
    uint64_t made_ms, second_ms;
    unsigned rider_count, addresses_left;
    uint32_t idle_s;
    uint8_t state;                   /* enum link_state */
    bool wants_out;                  /* TLS, in its handshake */
    bool cannot_send;                /* the kernel takes nothing more: what has come is still read */
    bool is_awake;                   /* within a callback of fdevents */
    bool is_settling;
    bool is_idle;                    /* idle_limit counts: what the backend says meanwhile puts nothing off */
    bool is_over;                    /* nobody may use it any more */
};

/* rider - an exchange on a link; x->carrier */
struct rider {
    struct list place;               /* in link.riders */
    struct h2_link *l;
    struct exchange *x;
    struct h2_stream *st;            /* NULL: not asked yet */
    bool is_ready;                   /* exchange_ready() was called */
};

/* ---- link_h2.c -------------------------------------------------------------------------------- */

/* The exchange may have something to tell its request: one at once, as the last thing of a callback, others in the
 * next turn, for their requests may do anything to this link. */
void h2_link_note(struct h2_link *l, struct exchange *x);
void h2_link_tell(struct h2_link *l);
/* The backend has done nothing with it (RFC 9113 8.7): it is as if it had never been sent. */
void h2_link_forget_asking(struct exchange *x);
/* This one's attempt has failed, or that of all; why may be NULL. */
void h2_link_fail(struct rider *rd, enum outcome what, int error, const char *why);
void h2_link_give_up(struct h2_link *l, enum outcome what, int error, const char *why);
/* Says farewell, as far as the kernel takes it at once. Nobody is on it. */
void h2_link_end(struct h2_link *l);
void h2_link_on_closed(struct fdevent *ev);
void h2_link_idle_too_long(struct deadline *d);
void h2_link_on_event(struct fdevent *ev, unsigned ready);

void h2_link_board(struct h2_link *l, struct rider *rd);
/* It is connected: who waits for that begins. */
void h2_link_use(struct h2_link *l);
/* What is queued, as far as the kernel takes it. */
void h2_link_send(struct h2_link *l);
/* After anything that was done with it: asks, sends, ends. */
void h2_link_settle(struct h2_link *l);

/* ---- link_h2_read.c --------------------------------------------------------------------------- */

void h2_link_receive(struct h2_link *l);
/* What came needs no room any more, if the exchange has room for more. */
void h2_link_consume(struct rider *rd);

/* ---- link_h2_dial.c --------------------------------------------------------------------------- */

/* A link to one of the backend's addresses; NULL with errno. *done: it is connected already. */
struct h2_link *h2_link_dial(struct fdevents *events, struct backend *b, unsigned addresses_left, bool *done);
void h2_link_connected(struct h2_link *l);
void h2_link_go_on_connecting(struct h2_link *l);
void h2_link_shake_hands(struct h2_link *l);

#endif
