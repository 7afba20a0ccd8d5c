/* h2.h - HTTP/2 (RFC 9113): bytes in, events and frames out. No sockets, no clock, no files. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_H2_H
#define GOLDCREST_H2_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/list.h"
#include "base/span.h"
#include "http/answer.h"
#include "http/request.h"
#include "net/chunk.h"

/* Error codes, RFC 9113 7. */
enum h2_error {
#define H2_ERROR(id, number) H2_##id = number,
#include "h2/errors.def"
#undef H2_ERROR
    H2_ERRORS
};
const char *h2_error_name(uint32_t error); /* "PROTOCOL_ERROR"; "?" for a number without a name */

/* The client's connection preface (RFC 9113 3.4): what tells HTTP/2 with prior knowledge from HTTP/1. */
#define H2_PREFACE "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
enum { H2_PREFACE_BYTES = 24 };

enum { H2_URGENCY_DEFAULT = 3, H2_URGENCIES = 8 }; /* RFC 9218 4.1 */

struct h2_options {
    uint32_t head_bytes;     /* decoded request head at most, each field with 32 bytes on top (RFC 9113 6.5.2) */
    uint32_t fields;         /* how many fields */
    unsigned parse;          /* enum parse_option, as for HTTP/1 */
    uint32_t streams;        /* SETTINGS_MAX_CONCURRENT_STREAMS */
    bool extended_connect;   /* SETTINGS_ENABLE_CONNECT_PROTOCOL (RFC 8441 3) */
};

/*
 * h2_stream - made by the session when its first HEADERS come; belongs to the session until it was handed out in
 * H2_HEAD, then to whoever took it until h2_stream_drop(). `owner` is the taker's.
 */
struct h2_stream {
    void *owner;
    struct list link;          /* session: all of them */
    struct list turn;          /* session: those that can send now, by urgency; else a ring of its own */
    struct h2_stream *next;    /* session: those whose ids share a slot */
    int64_t send_window;       /* may be negative after SETTINGS (RFC 9113 6.9.2) */
    int64_t receive_window;    /* what the peer may still send */
    int64_t receive_target;    /* receive_window and held together, at most */
    int64_t held;              /* what came and was not given to h2_consumed() */
    int64_t body_left;         /* of a declared content-length; BODY_UNKNOWN without one */
    uint64_t pending;          /* the taker's, before h2_want_turn(): bytes of the body that wait; 0: not known */
    uint64_t sent_bytes;       /* frames with their heads and payload, since the beginning */
    struct span protocol;      /* ":protocol" of an extended CONNECT (RFC 8441), in the head's arena; or empty */
    uint32_t id;
    uint8_t urgency;           /* 0 first … 7 last */
    bool incremental;
    bool is_prioritized;       /* a PRIORITY_UPDATE came: it is above the head's Priority field */
    bool wants_turn;           /* h2_want_turn() */
    bool ended_by_peer;        /* END_STREAM came: half-closed (remote) */
    bool ended_by_us;          /* END_STREAM is queued: half-closed (local) */
    bool is_reset;             /* RST_STREAM came or is queued: closed */
    bool reset_by_peer;        /* it came */
    bool is_connect;           /* a tunnel: after its head there is nothing but DATA */
    bool awaits_head;          /* h2/client.h: no head but interim ones has come */
    bool asked_head;           /* … the request is HEAD */
    bool is_unprocessed;       /* … the peer has not begun with it: it may be asked again, whatever it is */
};

struct h2_session;

struct h2_session *h2_make(const struct h2_options *o);
/* Drops the session with everything that is still its own; streams that were handed out must be dropped before. */
void h2_drop(struct h2_session *s);

/* ---- bytes in --------------------------------------------------------------------------------- */

enum h2_event_kind {
    H2_MORE,   /* `in` is used up; what is incomplete is kept in the session */
    H2_HEAD,   /* a request begins: call h2_read_head() before anything else, then own the stream */
    H2_DATA,   /* e->data: a part of its body, until the next call; give the window back with h2_consumed() */
    H2_END,    /* its body is complete (also at once, after H2_HEAD, when there is none) */
    H2_RESET,  /* the stream is closed by the peer, or by us for the peer's fault (e->error): let go of it */
    H2_CLOSE   /* a connection error: GOAWAY is queued; nothing more is read, send what is queued and end */
};

struct h2_event {
    enum h2_event_kind kind;
    struct h2_stream *stream;
    struct span data;
    uint32_t error;
    const char *why;           /* H2_RESET by us, H2_CLOSE: what was wrong, for the log; a constant */
};

/* Takes bytes off *in, which begins with the connection preface at the very first, until there is something to tell.
 * Frames that need an answer (SETTINGS, PING …) are answered by the way: see h2_control(). */
enum h2_event_kind h2_next(struct h2_session *s, struct span *in, struct h2_event *e);
/* What h2_next() gets from now on was not there yet when it got what came before. For those who answer requests while
 * there is input left: a request that is taken back in the input that it came in is as one without a response. */
void h2_input_begins(struct h2_session *s);

/*
 * After H2_HEAD: decodes the head into m, texts in the arena. 0; or the status to refuse the request with (400, 413,
 * 431, …: the stream stays open for that answer); or -1: malformed (RFC 9113 8.1.1) or broken, forget the request:
 * the stream is reset and freed (or h2_next() says H2_CLOSE next).
 * Then h2_last_fault() says what was wrong with it, for the log.
 * m->version is 20, m->fields has the fields without pseudo-header fields, with Host made of :authority;
 * m->target_sent is :path; several Cookie fields stay several.
 */
int h2_read_head(struct h2_session *s, struct h2_stream *st, struct message *m, struct arena *a);
const char *h2_last_fault(const struct h2_session *s); /* a constant; NULL: there was none yet */

/* With H2_END: the trailers (RFC 9113 8.1), until the next call of h2_next(). What must not be in trailers is left
 * out. NULL: there are none. */
const struct fields *h2_trailers(const struct h2_session *s);

/* n bytes of a stream's body (or of what was thrown away for it) need no room any more: window updates follow. */
void h2_consumed(struct h2_session *s, struct h2_stream *st, uint64_t n);

/* ---- frames out ------------------------------------------------------------------------------- */

/* Moves the control frames that wait (SETTINGS, acknowledgements, window updates, RST_STREAM, GOAWAY) to out. */
void h2_control(struct h2_session *s, struct chunks *out);
/* Bytes of control frames that wait: a peer that makes us answer and does not read must be waited for. */
size_t h2_control_bytes(const struct h2_session *s);

/* HEADERS (and CONTINUATION) with this header block; end: the response has no body. The head of a response to HEAD or
 * with a status without body has end, too. */
void h2_send_block(struct h2_session *s, struct h2_stream *st, struct span block, bool end, struct chunks *out);

/* The head of what the client gets of a reply, from blocks that are made once for each reply. The stream's END_STREAM
 * is set if there is no body. Returns bytes queued. */
size_t h2_send_reply_head(struct h2_session *s, struct h2_stream *st, struct reply *p, const struct answer *a,
                          int64_t now_s, struct chunks *out);
/* The same with the whole body, if that is a few bytes and nobody waits for a turn: the stream's END_STREAM is set
 * then. 0: it is not so, and nothing was done. */
size_t h2_send_small_reply(struct h2_session *s, struct h2_stream *st, struct reply *p, const struct answer *a,
                           int64_t now_s, struct chunks *out);
/* The head of a response whose body comes from a source; length < 0: not known. */
size_t h2_send_head(struct h2_session *s, struct h2_stream *st, const struct request *r, int64_t length, bool end,
                    int64_t now_s, struct chunks *out);
/* 100 (RFC 9113 8.1). */
void h2_send_continue(struct h2_session *s, struct h2_stream *st, struct chunks *out);
/* Any interim response; fields may be NULL. */
void h2_send_interim(struct h2_session *s, struct h2_stream *st, int status, const struct fields *fields,
                     struct chunks *out);

/*
 * Moves bytes from body to out as DATA frames, as much as both windows and `max` allow. last: body is all that is
 * left of the response; END_STREAM goes out with its last byte, or alone, if body is empty: that needs no window and
 * no turn, and is better done at once. Returns payload bytes moved.
 * All h2_send_…() put the control frames that wait before their own, and do nothing on a stream that is over.
 */
uint64_t h2_send_data(struct h2_session *s, struct h2_stream *st, struct chunks *body, uint64_t max, bool last,
                      struct chunks *out);

/* The end of a body that has trailers, behind its last byte; what must not be in trailers is left out. They need no
 * window. */
void h2_send_trailers(struct h2_session *s, struct h2_stream *st, const struct fields *f, struct chunks *out);

/* Tells the peer that the stream ends here (queued once); the stream stays its taker's. */
void h2_reset(struct h2_session *s, struct h2_stream *st, uint32_t error);
/* The taker lets go. A stream that is not over on both sides is reset: with NO_ERROR after a complete response (RFC
 * 9113 8.1), with CANCEL otherwise. */
void h2_stream_drop(struct h2_session *s, struct h2_stream *st);

/* The end is near: GOAWAY that names no last stream, so that what is under way is still served, and a PING; when the
 * client has answered that, it has read it: then h2_goaway_now() by itself (RFC 9113 6.8). A client that answers no
 * PINGs must not be waited for: call h2_goaway_now() after a while. */
void h2_goaway(struct h2_session *s);
/* No further streams: GOAWAY with the last stream that is served. Streams that come later are ignored; the client
 * knows that it can ask for them again. */
void h2_goaway_now(struct h2_session *s);
/* The same with an error: the connection will be closed. */
void h2_fail(struct h2_session *s, uint32_t error);

/* A second has passed, and streams are open: what a client may do besides is a little more again (budgets.def). */
void h2_second(struct h2_session *s);

/* How many streams are open (handed out and not dropped). */
uint32_t h2_stream_count(const struct h2_session *s);
/* The head of the list of all streams that were handed out (h2_stream.link). */
struct list *h2_streams(struct h2_session *s);
/* No stream will be added: GOAWAY came, or was sent with the last one. */
bool h2_is_ending(const struct h2_session *s);

/* ---- whose turn it is (RFC 9218) -------------------------------------------------------------- */

/* The stream has something to send, or no longer. */
void h2_want_turn(struct h2_session *s, struct h2_stream *st, bool yes);

/* The stream that is to send next: the most urgent with an open window; within one urgency, non-incremental ones one
 * after the other, incremental ones in turns. NULL: nobody can send now. */
struct h2_stream *h2_next_turn(struct h2_session *s);
/* Is the connection's own window what holds everybody up? */
bool h2_is_blocked(const struct h2_session *s);

#endif
