/* conn.h - one client's connection */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_CONN_H
#define GOLDCREST_CONN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/list.h"
#include "fdevents/fdevent.h"
#include "h1/h1.h"
#include "h2/h2.h"
#include "http/request.h"
#include "net/addr.h"
#include "net/chunk.h"
#include "net/linger.h"
#include "net/listener.h"
#include "server/module.h"
#include "server/states.h"

struct worker;

/* listening - a listener as a worker has it */
struct listening {
    struct list link;
    struct fdevent ev;
    struct deadline again;    /* after "too many open files" */
    struct worker *worker;
    struct span name;         /* canonical; own memory */
    struct addr local;        /* of all its connections; AF_UNSPEC: each has its own, or it is not looked at yet */
    uint32_t id;              /* counts within the process: part of the reply cache's key */
    unsigned refs;            /* connections that came from it, and the worker's own */
    struct listener_kind kind;
    bool is_silent;           /* it is for a configuration that has not come yet */
    bool is_looked_at;        /* local */
};
void listening_drop(struct listening *l);

/*
 * input - bytes received and not yet used up: bytes[start…end)
 * Borrowed from a pool while a connection has something in it. What stands before `keep` belongs to the request that
 * is being answered: its spans point there.
 */
struct input {
    struct input *spare;       /* the next in the pool */
    size_t keep, start, end, cap;
    size_t seen;               /* by h1_parse_head() */
    struct h1_chunked chunked; /* of the body that is being read */
    int64_t body_left;         /* of a body with a length */
    bool in_trailers;
    bool is_raw;               /* a tunnel: what comes has no framing */
    char bytes[];
};

/*
 * protocol - what a request asks of the version of HTTP that its connection speaks; serve_h1.c, serve_h2.c
 * The words that are returned are those of the step which asks.
 */
struct protocol {
    enum handler (*serve)(struct conn *c);           /* the step SERVE */
    enum handler (*read_head)(struct request *r);    /* into r->in; ERROR with r->status; FINISHED: nobody is there */
    enum handler (*read_body)(struct request *r);    /* on into r->sink, or away; GO_ON: all of it (r->body_done) */
    bool (*body_is_small)(const struct request *r);  /* could the rest be read away in a moment? */
    void (*write_interim)(struct request *r, int status, const struct fields *fields);
    void (*write_reply)(struct request *r);          /* what the client gets of r->reply */
    void (*write_whole)(struct request *r);          /* head and r->body, for it alone; NULL: it takes a reply */
    void (*write_head)(struct request *r);           /* of a response whose body r->source has */
    enum handler (*write_body)(struct request *r);   /* GO_ON when the source is at its end */
    bool (*is_through)(const struct request *r);     /* the response is out, or as good as out */
    bool (*begin_tunnel)(struct request *r);         /* raw bytes from here on; false: it cannot be */
    void (*break_off)(struct request *r);            /* a run-time error: what is not whole must not look whole */
};
extern const struct protocol http1, http2;

/* stream - a request on an HTTP/2 connection; belongs to it, from HEADERS until both sides are through */
struct stream {
    struct h2_stream *h2;
    struct request *request;   /* NULL: it is over, the client still sends a body that nobody wants */
    struct list ready;         /* in conn.ready: its request is to be run */
    struct chunks queue;       /* of the response's body, on its way to the connection */
    struct buf held;           /* of the request's body: nobody has taken it yet; bounded by the stream's window */
    struct span data;          /* what has come just now, behind that */
    uint64_t since_ms;         /* when it began */
    uint64_t until_ms;         /* when its request's wait is over; 0: it has no limit */
    uint64_t sent_before;      /* by the connection, when until_ms was set */
    uint64_t drained_bytes;    /* thrown away since the request is over */
    bool is_last;              /* queue is all that is left of the response */
    bool has_trailers;         /* … but for its trailers */
    bool body_ended;           /* of the request */
};

/* Streams at once on a connection (RFC 9113 5.1.2). */
enum { STREAMS_MAX = 100 };

/* What is thrown away at most while a connection lingers, beside the rest of a body; and if that has no known end. */
enum { LINGER_BYTES = 1024 * 1024, LINGER_UNKNOWN_BYTES = 1024 * 1024 * 1024 };

/* proxied - what a PROXY line has said of the connection's client; spans point into bytes */
struct proxied {
    struct buf bytes;
    struct addr target;        /* has_target: what the client has connected to */
    struct span version, cipher, cn; /* has_tls */
    bool is_read, is_named;    /* is_named: conn.peer is what it said */
    bool has_target, has_tls, is_verified;
    bool trusts_tls;           /* what is said of TLS counts */
};

/* conn - from accept() to close(); an idle one holds no input, no request and no queue */
struct conn {
    struct fdevent ev;
    struct deadline deadline;
    struct list link;          /* in worker.conns or worker.lingering */
    struct worker *worker;
    struct listening *listening; /* held */
    struct request *request;
    const struct protocol *protocol;
    struct h2_session *h2;     /* NULL: HTTP/1 */
    struct list ready;         /* streams whose request is to be run */
    struct tls *tls;           /* NULL: plain */
    struct conf *tls_conf;     /* during the handshake: where names are looked up (held) */
    struct proxied *proxied;   /* NULL: no PROXY line is expected */
    struct kept *kept;         /* what modules keep for it */
    struct input *in;
    struct chunks out;
    struct addr peer;
    struct linger_state linger;
    uint64_t sent_bytes;       /* since the beginning */
    uint64_t tick_ms;          /* HTTP/2: when its streams are looked after next; 0: nothing to look after */
    uint64_t answered_bytes;   /* HTTP/2: sent_bytes when the last response is out */
    uint64_t since_ms;         /* when the present wait's overall limit began: head, body, linger */
    struct turn *turn;         /* when it may send again (kbytes-per-second); NULL: it has had no pace */
    uint32_t requests;         /* answered so far */
    uint8_t state;             /* enum conn_state */
    uint8_t waiting;           /* enum waiting: of the request, or of the connection itself */
    uint8_t top_at;            /* where its client stood last in counters.clients */
    bool may_read;             /* the last read did not empty the socket */
    bool is_eof;               /* the peer has sent its FIN */
    bool is_broken;            /* reading or writing failed: nobody is there */
    bool must_reset;           /* close by RST: the client must not take what it got for the whole */
    bool half_closed;          /* our end is said */
    bool lingers;              /* … and it is in worker.lingering */
    bool is_leaving;           /* … or in worker.leaving: not watched, but looked at once more */
    bool is_paced;             /* waits for its turn */
    bool is_last;              /* no further request is taken: graceful end */
    bool is_failed;            /* HTTP/2: the connection has failed, GOAWAY is queued */
    bool is_quiet;             /* TLS: close_notify is said */
    bool is_warned;            /* HTTP/2: the end was announced a while ago */
    bool is_rated;             /* HTTP/2: some request had a pace of its own */
    bool is_watched;           /* HTTP/2: a request waits until everything is sent */
    bool is_running;           /* within conn_run() */
    bool is_known;             /* PHASE_ACCEPT is over */
    bool is_met;               /* PHASE_PEER is over */
    bool is_forwarder;         /* the peer speaks for others */
    uint8_t max_streams;       /* HTTP/2: at a time; 0: STREAMS_MAX */
};

/* Makes a connection of an accepted descriptor (taken over). NULL: it cannot be watched, the log says so. */
struct conn *conn_make(struct worker *w, struct listening *l, int fd, const struct addr *peer);
/* Runs it for the first time, in the same batch. */
void conn_begin(struct conn *c);
/* Both. */
void conn_open(struct worker *w, struct listening *l, int fd, const struct addr *peer);

/* Steps of the table in states.h. */
enum handler conn_handshake(struct conn *c);
enum handler conn_serve(struct conn *c);
enum handler conn_linger(struct conn *c);
enum handler conn_close(struct conn *c);

/* ---- accept.c: before the first byte ---------------------------------------------------------- */

/* Modules are asked, then the PROXY line is read, if there must be one. */
enum handler conn_accept(struct conn *c);
/* The connection as a whole is one request (request_be_tunnel()): from here on; or no more, since it ends before. */
void conn_begin_tunnel(struct conn *c);
void conn_forget_tunnel(struct conn *c);
/* With c->proxied: what it says of a request's client; variables of TLS, as request_tls_variable() does. */
void conn_apply_proxied(const struct conn *c, struct request *r);
bool conn_proxied_variable(const struct proxied *p, unsigned *at, struct span *name, struct span *value);
void conn_drop_proxied(struct conn *c);

/* ---- admit.c ---------------------------------------------------------------------------------- */

/* Modules let go of what they keep for the connection. */
void conn_drop_kept(struct conn *c);

/* ---- conn.c ----------------------------------------------------------------------------------- */

/* Arms the limit of the table's row for as long as the step waits. */
void conn_wait(struct conn *c, enum limit limit);

/* Ends it soon: an idle one now, a busy one after the response it is at. */
void conn_end_gracefully(struct conn *c);
/* The same, but an idle one may wait for another request as long as it might have before. */
void conn_retire(struct conn *c);
/* One that is_leaving: closed, if the client's end is there, else watched from here on. */
void conn_look(struct conn *c);
/* Ends it now, whatever it is doing. */
void conn_abort(struct conn *c);

/* Bytes given to `out` since the beginning: sent, or waiting in it. */
static inline uint64_t conn_queued_bytes(const struct conn *c) {
    return c->sent_bytes + c->out.bytes;
}

/* Is there anything that waits for room in the kernel? */
bool conn_has_unsent(const struct conn *c);

/* Sends what it can. False: nobody is there any more. */
bool conn_flush(struct conn *c);

/* Time is up for what the request waits for: 408, 504, or the run-time error. */
void conn_time_out(struct conn *c, struct request *r);

/* What the request's wait may last, in ms; 0: for ever. since_ms: when the overall limits began. */
uint64_t conn_limit_ms(struct conn *c, const struct request *r, enum limit limit, uint64_t since_ms);

/* ---- pacing.c: kbytes-per-second -------------------------------------------------------------- */

/* With something to send: no more than it may now, 0 before its turn. False: it has no pace, *may is as it was. */
bool conn_take_turn(struct conn *c, uint64_t *may);
/* So many went of those. */
void conn_end_turn(struct conn *c, uint64_t sent);
uint64_t conn_pause_ms(const struct conn *c); /* until its turn; never 0 */
void conn_drop_turn(struct conn *c);

/* ---- input.c: bytes received ------------------------------------------------------------------ */

/* Reads into c->in. Bytes read, 0 at the end (c->is_eof), WIRE_LATER, WIRE_BROKEN (c->is_broken). */
ssize_t conn_receive(struct conn *c);

/* The connection has an input, and nothing of it is kept yet. */
void conn_need_input(struct conn *c);

/* The input is given back when it is empty and no request needs it. */
void conn_release_input(struct conn *c);

static inline struct span conn_unread(const struct conn *c) {
    return c->in ? (struct span){c->in->bytes + c->in->start, c->in->end - c->in->start} : (struct span){NULL, 0};
}

/* ---- serve_h1.c ------------------------------------------------------------------------------- */

/* The request is over: gives it back. */
void h1_end_request(struct conn *c);

/* ---- serve_h2.c ------------------------------------------------------------------------------- */

/* From now on the connection speaks HTTP/2. */
void h2_begin(struct conn *c);
/* Its streams and the session end, whatever they are doing. */
void h2_end(struct conn *c);
/* The stream's request is to be run in the next turn. */
void h2_wake(struct request *r);
/* Looks for streams whose time is up, or whether the connection is idle. */
void h2_tick(struct conn *c);
/* The limit for the connection's next tick. */
uint64_t h2_limit_ms(struct conn *c);
void h2_forget_spare(struct worker *w);

/* ---- what a source owes, for both versions ---------------------------------------------------- */

/* Does the source keep to the length that the head announced? Fewer bytes would leave the client waiting, more would
 * be taken for the next response. `given`: just now; `before`: until then. */
bool source_keeps_length(const struct request *r, uint64_t before, uint64_t given, bool is_end);

/* ---- steps of a request (states.h) ------------------------------------------------------------ */
enum handler request_read(struct request *r);
enum handler request_lookup(struct request *r);
enum handler request_route(struct request *r);
enum handler request_body(struct request *r);
enum handler request_handle(struct request *r);
enum handler request_refuse(struct request *r);
enum handler request_start(struct request *r);
enum handler request_write(struct request *r);
enum handler request_end(struct request *r);
enum handler request_error(struct request *r);
enum handler request_gone(struct request *r);

/* What a hook's or handler's COMEBACK and FINISHED come to: COMEBACK, or ERROR where it leads in a circle; FINISHED,
 * or ERROR where REFUSE has to make the page. */
enum handler request_come_back(struct request *r);
enum handler request_finish(struct request *r);

/* A fresh request at READ. */
struct request *request_make(struct conn *c);
/* Forgets what it was about; ready for the next. */
void request_reset(struct request *r);
void request_drop(struct request *r);

/* Whoever registered with request_on_release() lets go; with request_on_end(). */
void request_release(struct request *r);
void request_run_ends(struct request *r);

/* PHASE_ADMIT, under that plan. GO_ON, or what the hook says; ERROR for an error status. */
enum handler request_admit(struct request *r, const struct plan *plan);

/* The body of a response that had begun is forgotten. */
void request_drop_answer(struct request *r);

/* ---- streaming.c, collect.c: bodies of requests ----------------------------------------------- */

/* What it was at is given up: whoever registered lets go, the sink too, no body is streamed any more. */
void request_give_up(struct request *r);
void request_drop_sink(struct request *r);
/* All of the body is there: the sink is told, once. The sink alone: there is none, as far as it is concerned. */
void request_end_body(struct request *r);
void request_end_sink(struct request *r);
bool request_is_collected(const struct sink *s);

/* Does the step that the request stands at take its body as it comes? */
bool request_takes_body(const struct request *r);
/* With streams_body: the body goes on into the sink as far as both allow. ERROR: it broke off, as r->status says. */
enum handler request_stream_body(struct request *r);
/* What came behind the body: kept, and merged into the fields where request.trailer-whitelist allows it. */
void request_take_trailers(struct request *r, const struct fields *trailers);
/* The response is whole: what may still come of the body is for nobody. */
void request_end_stream(struct request *r);
/* HANDLE has said is_tunnel. False: it cannot be one. */
bool request_begin_tunnel(struct request *r);
/* What HANDLE and WRITE may last, with any of streams_body, is_tunnel, keeps_time; 0: for ever. */
uint64_t request_limit_ms(struct conn *c, const struct request *r, uint64_t since_ms);
/* HTTP/2, time is up: with keeps_time it goes on where what waits on the connection is others', and moves. */
bool request_has_time_again(struct conn *c, const struct request *r);
/* Is it the client's body that HANDLE waited for in vain? */
bool request_lacks_body(const struct request *r);

/* The two ways into the table from outside: the connection broke; or time is up and the client is told so. */
void request_break(struct request *r);
void request_refuse_now(struct request *r, int status);

/* The settings that hold for it, and the name that it has under them. */
void request_set_plan(struct request *r, const struct plan *plan);

/* identity.c: server.request-id-header. */
void request_tell_id(struct request *r);

/* refusals.c: reasons of those that the connection itself makes. The head: what the parser has said (http/why.h), or
 * the limit. The body: status and keep_alive are set. Time is up: what for, and which limit it was. */
void request_head_reason(struct request *r, int status);
enum handler request_refuse_body(struct request *r, int status);
void request_time_reason(struct conn *c, struct request *r, const char *what);

/* reason.c: the refusal stands in the error log, once, if it is of a kind that is told there. */
void request_say_reason(struct request *r);

/* Back to where ROUTE begins, with whatever target it has now. */
void request_start_anew(struct request *r);

/* Runs the hooks of a phase that nobody can stop. */
void request_run_hooks(struct request *r, enum phase phase);

#endif
