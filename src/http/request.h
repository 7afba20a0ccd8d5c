/* request.h - one request and its response, whatever the protocol version */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_HTTP_REQUEST_H
#define GOLDCREST_HTTP_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/span.h"
#include "http/coding.h"
#include "http/fields.h"
#include "http/names.h"
#include "http/uri.h"
#include "net/addr.h"
#include "net/chunk.h"

enum { BODY_UNKNOWN = -1 }; /* a body whose end only its framing tells */

/*
 * message - a request's head as the protocol layer hands it on
 * Its spans point into the connection's input, which stays in place until the request has ended, or into the arena.
 */
struct message {
    enum method method;
    uint8_t version;         /* 10, 11, 20 */
    bool keep_alive;         /* the client can take another response on this connection */
    bool expect_continue;    /* Expect: 100-continue, to be answered before the body is read */
    bool chunked;            /* HTTP/1.1: the body has chunked coding */
    int64_t body_bytes;      /* 0: none; BODY_UNKNOWN; else the declared length */
    struct span method_text;
    struct span target_sent; /* as on the wire */
    struct span scheme;      /* of absolute-form; else empty */
    struct span authority;   /* Host or the target's authority: checked, lower case; empty if there is none */
    struct span protocol;    /* of an extended CONNECT (RFC 8441): "websocket"; else empty */
    struct uri uri;
    struct fields fields;
    struct fields trailers;  /* behind the body (RFC 9110 6.5), once it has come; for gateways alone */
};

/* physical - where a request leads in the file system; spans with a NUL behind them, in the request's arena */
struct physical {
    struct span docroot;   /* the document root in force; no slash at its end */
    struct span basedir;   /* what `path` lies below: the document root, or an alias's target */
    struct span rel_path;  /* the URL's path below basedir */
    struct span path;      /* basedir + rel_path, then what modules made of it */
    struct span path_info; /* what follows the file in the URL */
};

/* Who must be asked before a kept response is given to another client (see http/replies.h). */
enum lasting {
    LASTS,          /* depends on the configuration and the request alone */
    LASTS_LIKE_FILE, /* as long as physical.path is the same file */
    LASTS_A_SECOND,  /* something else in the file system had a say */
    LASTS_NOT        /* for this request alone */
};

struct conf;
struct conn;
struct plan;
struct reason;
struct reply;
struct sink;
struct source;
struct stream;

/* What a request waits for, beside its time limit. */
enum waiting { WAITING_INPUT, WAITING_ROOM, WAITING_HANDLER };

/*
 * request - from its first byte to its line in the access log; belongs to its connection (or stream)
 * Modules read `in`, move `physical`, and answer by `status`, `out` and a body: chunks that are complete, or a
 * source that is pulled as the client takes the bytes.
 */
struct request {
    struct message in;
    struct physical physical;
    struct arena arena;       /* everything that lives as long as the request */
    struct conn *conn;
    struct stream *stream;    /* of an HTTP/2 connection; NULL: it has the connection for itself */
    struct conf *conf;        /* the configuration it began under, held to its end */
    const struct plan *plan;  /* what that configuration means for this request */
    const struct plan *first_plan; /* … for the target as it was sent */
    struct reply *reply;      /* the whole response, once it is fixed (held) */
    struct source *source;    /* else where the body comes from */
    struct sink *sink;        /* where the request's body goes; NULL: nobody wants it */
    int (*handler)(struct request *r,
                   void *arg); /* a module that answers in HANDLE (enum handler); called at each event */
    void *handler_arg;
    struct span server_name;  /* SERVER_NAME: server.name, or the authority */
    struct span user;         /* REMOTE_USER, once somebody authenticated it */
    struct span fallback;     /* $HTTP["fallback"]: where url.try-files has sent it; empty: nowhere */
    struct fields env;        /* what modules add to a gateway's environment */
    struct fields out;        /* of the response */
    struct fields trailers;   /* of the response; from its source, before SOURCE_END */
    struct chunks body;       /* of the response, where it is complete */
    struct chunks in_body;    /* of the request, where request_collect_body() was called */
    struct release *releases; /* whom to tell when what it is at is given up */
    struct release *ends;     /* … when it is over */
    struct span backend;      /* who was asked for the response: "app.example:8443"; empty: nobody */
    uint64_t backend_ms;      /* … and how long it took until the head was there; 0: it did not come */
    struct span name;         /* request_id(): empty until somebody asks */
    struct reason *reason;    /* why it is refused: request_reason(); NULL: nobody has said */
    const struct file_state *made_from; /* the file that the body was made from, if it is not that file; or NULL */
    struct choices choices;   /* what was decided by Accept-Encoding */
    struct addr client;       /* who asks; a trusted forwarder may have named somebody else than the peer */
    void **module_data;       /* a slot per module of the plan, NULL at first */
    uint64_t conditions;      /* bits of the conditions that are no function of (listener, host, target) */
    uint64_t queued_before;   /* bytes the connection had been given to send when the response began */
    uint64_t head_bytes;      /* of the response */
    uint64_t whole_bytes;     /* of the response's body, if it was given away as it is: protocol->write_whole */
    uint64_t received_bytes;  /* head and body */
    uint64_t body_received;   /* of the body, decoded */
    uint64_t body_sent;       /* HTTP/2: of the response's body, in frames */
    uint64_t stuck_since_ms;  /* since when the sink takes nothing more; 0: it takes */
    uint64_t stuck_ms;        /* how long that was before: no fault of the client's */
    uint64_t begun_ns;        /* monotonic: when the first byte was there */
    int64_t begun_s;          /* since 1970 */
    uint32_t id;              /* counts within the worker */
    int status;               /* of the response; 0: not decided */
    int sent_status;          /* of the answer: of a reply a client may get 206, 304, 412, 416 */
    int error_status;         /* the status that called the error-handler; 0: none did */
    uint16_t comebacks;       /* how often processing started anew; bounded */
    uint8_t state;            /* enum request_state */
    uint8_t step;             /* within ROUTE: where it goes on */
    uint8_t phase_at;         /* within a phase: the next hook */
    uint8_t lasting;          /* enum lasting; only ever raised */
    uint8_t waiting;          /* enum waiting */
    uint8_t vhost;            /* whom it counts for: counters_vhost() + 1; 0: the plan says */
    bool body_done;           /* the request's body was read to its end */
    bool body_is_torn;        /* some of it went into a sink that is no more: nobody else can have the whole */
    bool sink_ended;          /* r->sink was told the end */
    bool wants_input;         /* with streams_body: more of it may come now */
    bool keep_alive;          /* the connection may take another request after this one */
    bool is_tls;              /* the scheme is https: TLS on this connection, or a trusted forwarder says so */
    bool is_complete;         /* the response came to its end as it should */
    bool keep_error_status;   /* the error-handler's page goes out with error_status */
    bool is_no_tunnel;        /* it must: the client asked for a tunnel, and would take 200 for one */
    bool is_emitted;          /* the head of the response is queued */
    bool no_range;            /* ranges of this representation are not given out */
    bool streams_body;        /* its body goes into the sink while the handler and the source are at work */
    bool is_turned_away;      /* refused before anything was done for it: no error-handler is asked */
    bool hangs_up;            /* it gets no answer: the connection ends (HTTP/2: the stream) */
    bool is_bare;             /* nothing is said before the tunnel's first byte: request_be_tunnel() */
    bool is_tunnel;           /* 101, or 2xx for CONNECT: bytes both ways until one side ends (RFC 9110 7.8, 9.3.6) */
    bool keeps_time;          /* whoever answers it has time limits of its own: no 504, no max-write-idle meanwhile */
};

/* Raises how short-lived the response is. */
static inline void request_lasts(struct request *r, enum lasting how_long) {
    if (r->lasting < how_long) r->lasting = (uint8_t)how_long;
}

#endif
