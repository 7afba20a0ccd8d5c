/* exchange_private.h - the inside of an exchange, for whoever carries its bytes: link.c, links of HTTP/2, mod_cgi */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_GATEWAY_EXCHANGE_PRIVATE_H
#define GOLDCREST_GATEWAY_EXCHANGE_PRIVATE_H

#include "modules/gateway/exchange.h"

/*
 * One attempt goes down these steps; a failed one begins again at the first while another may be made.
 * A transport never calls into the request: it tells the exchange what has happened, and as the very last thing that
 * its callback of fdevents does, exchange_tell().
 */
enum exchange_step {
    EXCHANGE_NEW,      /* no host is chosen */
    EXCHANGE_CONNECTS, /* open() was called: until exchange_ready() */
    EXCHANGE_ASKS,     /* the request is on its way; no response but interim ones */
    EXCHANGE_ANSWERS,  /* pair has the response's head; its body comes */
    EXCHANGE_WHOLE,    /* the response is complete; the transport is closed (but for a tunnel's) */
    EXCHANGE_FAILED    /* the transport is closed; failure and status tell */
};

struct exchange {
    struct message_pair pair;
    struct gateway_ask ask;
    const struct codec *codec;
    const struct transport *transport;
    void *carrier;             /* the transport's own: its link, stream, process; NULL: it has none */
    struct chunks out;         /* framed; the transport takes from its front: chunks_sent(), then exchange_sent() */
    struct chunks body;        /* of the request: not framed yet */
    struct chunks collected;   /* of the response, where it is collected beyond what memory is for */
    struct source source;      /* the response's body, for the request */
    struct sink sink;          /* the request's body, where it is streamed */
    struct deadline limit;
    struct backend_waiter name_waiter;
    struct backend *tried[TRIED_MAX];
    struct list unheard;       /* in backend->unheard, if its connection is fresh and holds a process */
    uint64_t unheard_ms;       /* since when */
    struct backend *backend;   /* that it is at: backend_began() was called; or NULL */
    uint64_t room;             /* bytes of the response's body that may wait for the client */
    uint64_t asked_ms;         /* when this attempt began */
    unsigned tried_count;
    int error;                 /* errno of a failure */
    int status;                /* what a failure is for the client */
    uint16_t comebacks;        /* r->comebacks when it was made */
    uint8_t step;              /* enum exchange_step */
    uint8_t failed_at;         /* the step at which it failed */
    uint8_t failure;           /* enum outcome */
    uint8_t no_host;           /* enum backend_state: why there is none to ask */
    bool has_no_host;
    bool is_final;             /* no other attempt can help */
    bool wants_upgrade;        /* the client asks for another protocol, and some host may allow it */
    bool sink_ended;           /* a streamed body is complete */
    bool waits_for_name;       /* backend_wait() */
    bool has_waited;
    bool wants_other;          /* another host than pair.host is to be tried */
    bool is_prepared;          /* there was an attempt before: it has left its marks on pair */
    bool is_fresh;             /* no kept connection, please */
    bool was_kept;             /* it is on a kept connection */
    bool has_sent;             /* some byte of the request was taken by the kernel */
    uint64_t began_ns;         /* this attempt; monotonic */
    bool has_heard;            /* some byte of the response has come, in this attempt */
    bool body_ended;           /* the client's body is complete in `body`, or was before */
    bool body_gone;            /* some of a streamed body is spent: it cannot be sent again */
    bool end_said;             /* codec->end() was called */
    bool cannot_send;          /* the backend takes no more: what it says is still read */
    bool is_streamed;          /* the request's body comes through `sink` */
    bool sink_waits;           /* the sink took less than it was offered */
    bool collects;             /* the response is collected before the client gets its first byte */
    bool consults;             /* gateway_consult() */
    bool is_answered;          /* the request has status and fields, and the source */
    bool is_released;
    bool has_news;             /* since the request looked last */
};

extern const struct transport link_transport; /* link.c */

/* ---- what a transport tells ------------------------------------------------------------------- */

/* It is connected. x->out has the request's beginning then, to be sent at once. */
void exchange_ready(struct exchange *x);
/* No connection (REFUSED, TIMED_OUT), or it broke (BROKEN); close() is called before this returns. */
void exchange_failed(struct exchange *x, enum outcome what, int error);
/* Bytes have come, within blob (pieces of it may be kept). The codec reads them. close() may be called. */
void exchange_received(struct exchange *x, struct blob *blob, struct span bytes);
/* The peer has ended its side. close() may be called. */
void exchange_eof(struct exchange *x);
/* For transports that fill in x->pair themselves (HTTP/2): what take() would have said. */
void exchange_word(struct exchange *x, enum take word);
/* x->out has become shorter: more of the body may come into it. */
void exchange_sent(struct exchange *x);
/* Sending does not work any more; what the backend has said is still to be read. */
void exchange_cannot_send(struct exchange *x);

/* Is there room for more of the response? Else do not read: pump() comes when there is. */
bool exchange_wants_input(const struct exchange *x);
/* Everything of the request is in x->out, and the sending side is to be ended behind it. */
bool exchange_half_closes(const struct exchange *x);

/* ---- between the parts of the exchange -------------------------------------------------------- */

enum { EXCHANGE_SINK_ROOM = 64 * 1024 /* bytes of a streamed body that wait to be framed */ };

/* exchange.c: attempts, until it waits, has an answer (ANSWERS, WHOLE), or FAILED for good. */
enum exchange_step exchange_advance(struct exchange *x);
void exchange_out_of_time(struct deadline *d); /* x->limit's */
void exchange_push(struct exchange *x);
void exchange_pull(struct exchange *x, bool wanted_before);
/* Everything is given back; any number of times. */
void exchange_release(struct exchange *x);
/* answer.c: is the response collected, or handed on as it comes? Once its head is there. */
void exchange_decide_collecting(struct exchange *x);
void exchange_say_failure(const struct exchange *x); /* why.c: the head is with the client: in the request's log */
void exchange_note_reason(struct exchange *x);       /* why.c: for the refusal */
/* answer.c: what has come goes where it is collected. May fail the exchange. */
void exchange_collect(struct exchange *x);
/* answer.c: HANDLE, of a request that a backend answers. */
int exchange_handle(struct request *r, void *exchange);

/* The last thing in a callback: runs the request if it has something to learn. x may be gone then. */
void exchange_tell(struct exchange *x);

#endif
