/* conn.h - one client's connection */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_CONN_H
#define GOLDCREST_CONN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "fdevents/fdevent.h"
#include "h1/h1.h"
#include "http/request.h"
#include "net/addr.h"
#include "net/chunk.h"
#include "net/linger.h"
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
    uint32_t id;              /* counts within the process: part of the reply cache's key */
    unsigned refs;            /* connections that came from it, and the worker's own */
    bool is_tcp;
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
    char bytes[];
};

/* What a connection waits for, beside its limit. */
enum waiting { WAITING_INPUT, WAITING_ROOM, WAITING_HANDLER };

/* conn - from accept() to close(); an idle one holds no input, no request and no queue */
struct conn {
    struct fdevent ev;
    struct deadline deadline;
    struct list link;          /* in worker.conns */
    struct worker *worker;
    struct listening *listening; /* held */
    struct request *request;
    struct input *in;
    struct chunks out;
    struct addr peer;
    struct linger_state linger;
    uint64_t sent_bytes;       /* since the beginning */
    uint64_t since_ms;         /* when the present wait's overall limit began: head, body, linger */
    uint64_t pace_ms;          /* when it may send again (kbytes-per-second) */
    uint32_t requests;         /* answered so far */
    uint8_t state;             /* enum conn_state */
    uint8_t waiting;           /* enum waiting */
    bool may_read;             /* the last read did not empty the socket */
    bool is_eof;               /* the peer has sent its FIN */
    bool is_broken;            /* reading or writing failed: nobody is there */
    bool must_reset;           /* close by RST: the client must not take what it got for the whole */
    bool half_closed;          /* our end is said */
    bool is_paced;             /* waits for pace_ms */
    bool is_last;              /* no further request is taken: graceful end */
};

/* Makes a connection of an accepted descriptor and runs it. */
void conn_open(struct worker *w, struct listening *l, int fd, const struct addr *peer);

/* Steps of the table in states.h. */
enum handler conn_handshake(struct conn *c);
enum handler conn_serve(struct conn *c);
enum handler conn_linger(struct conn *c);
enum handler conn_close(struct conn *c);

/* Arms the limit of the table's row for as long as the step waits. */
void conn_wait(struct conn *c, enum limit limit);

/* Ends it soon: an idle one now, a busy one after the response it is at. */
void conn_end_gracefully(struct conn *c);
/* Ends it now, whatever it is doing. */
void conn_abort(struct conn *c);

/* Bytes given to `out` since the beginning: sent, or waiting in it. */
static inline uint64_t conn_queued_bytes(const struct conn *c) {
    return c->sent_bytes + c->out.bytes;
}

/* ---- serve_h1.c: HTTP/1 on a connection ------------------------------------------------------- */

/* Reads into c->in. Bytes read, 0 at the end (c->is_eof), WIRE_LATER, WIRE_BROKEN (c->is_broken). */
ssize_t conn_receive(struct conn *c);

/* The input is given back when it is empty and no request needs it. */
void conn_release_input(struct conn *c);

enum handler h1_read_head(struct request *r);

/* Moves the body's bytes on: into r->sink, or away. HANDLER_GO_ON: all of it was there (r->body_done); WAIT; ERROR
 * with r->status. */
enum handler h1_read_body(struct request *r);

/* Could the rest of the body be read away in a moment, so that the connection can go on? */
bool h1_body_is_small(const struct request *r);

void h1_write_reply(struct request *r);
void h1_write_head(struct request *r);
enum handler h1_write_body(struct request *r); /* from r->source */

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

/* The two ways into the table from outside: the connection broke; or time is up and the client is told so. */
void request_break(struct request *r);
void request_refuse_now(struct request *r, int status);

/* The settings that hold for it, and the name that it has under them. */
void request_set_plan(struct request *r, const struct plan *plan);

/* Back to where ROUTE begins, with whatever target it has now. */
void request_start_anew(struct request *r);

/* Runs the hooks of a phase that nobody can stop. */
void request_run_hooks(struct request *r, enum phase phase);

#endif
