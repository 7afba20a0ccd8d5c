/* session.h - what the parts of an HTTP/2 session share among themselves; the world sees h2.h */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_H2_SESSION_H
#define GOLDCREST_H2_SESSION_H

#include "base/buf.h"
#include "h2/budget.h"
#include "h2/frame.h"
#include "h2/h2.h"
#include "h2/hpack.h"

enum { SMALL_FRAMES_MAX = 64 * 1024 };
enum { STREAM_SLOTS = 16 }; /* ids are odd and mostly follow each other: they spread evenly */

/* block - a field section that comes in HEADERS and perhaps CONTINUATION */
struct block {
    struct span whole;         /* is_unread: in the caller's input, in `kept` or in `fragments` */
    struct buf fragments;      /* what came of it, if it has more frames than one */
    uint32_t stream;           /* whose CONTINUATION must come next; 0: none */
    uint16_t count, empty;     /* frames */
    bool end_stream;
    bool is_unread;            /* H2_HEAD was said, h2_read_head() is due */
};

/* data - a DATA frame whose payload comes */
struct data {
    struct h2_stream *stream;  /* NULL: nobody wants it, it is thrown away */
    uint32_t left;
    uint16_t padding;          /* behind it */
    bool is_open;
    bool end_stream;
};

/* early - a PRIORITY_UPDATE for a stream that is not open yet (RFC 9218 7.1) */
struct early {
    uint32_t stream;
    uint8_t urgency;
    bool incremental;
};

/* client - what a session knows more of that is the client's (client.c) */
struct client {
    uint32_t peer_streams;     /* SETTINGS_MAX_CONCURRENT_STREAMS */
    uint32_t peer_head_bytes;  /* SETTINGS_MAX_HEADER_LIST_SIZE */
    uint32_t peer_last;        /* of GOAWAY: later streams were not begun with */
    uint32_t peer_error;       /* … */
    bool is_on;                /* we are the client */
    bool peer_connects;        /* SETTINGS_ENABLE_CONNECT_PROTOCOL */
    bool has_unprocessed;      /* H2_RESET is to be told of the streams behind peer_last */
};

struct h2_session {
    struct h2_options options;
    struct hpack_decoder decoder;
    struct budgets budgets;
    struct buf control;        /* frames that wait */
    struct buf kept;           /* of the input: a frame that is not complete */
    struct block block;
    struct data data;
    struct early *early;       /* early_count of them; NULL if there is none */
    struct list streams;
    struct list turns[H2_URGENCIES];
    struct h2_stream *slots[STREAM_SLOTS];
    struct h2_stream *last;    /* that was looked up */
    struct h2_stream *ending;  /* H2_END is to be told of it */
    const char *why;           /* the last fault of the peer */
    struct fields trailers;    /* of the stream that is ending */
    struct arena trailer_arena;
    struct client client;
    uint64_t opened;           /* bit n: the stream `last_id - 2 n` was opened, not skipped */
    int64_t send_window, receive_window, receive_target, held; /* as in struct h2_stream, of the connection */
    int64_t stream_target;     /* for streams whose consumer keeps up */
    int64_t probe_bytes;       /* consumed since the PING of a measurement went out */
    uint64_t probe;            /* what is in that PING */
    uint32_t count;            /* streams that were not dropped */
    uint32_t active;           /* of these, open or half-closed */
    uint32_t wanting;          /* streams with wants_turn */
    uint32_t early_count;
    uint32_t last_id;          /* the highest that the peer has used */
    uint32_t earlier_upto;     /* streams up to it were opened by an earlier input; all, until inputs are told of */
    uint32_t last_served;      /* in GOAWAY: later ones are ignored */
    uint32_t lenient_upto;     /* on closed streams up to it frames may be under way: we reset one */
    uint32_t small_frames;     /* two for each short DATA frame that no window made short */
    uint32_t peer_window;      /* SETTINGS_INITIAL_WINDOW_SIZE */
    uint32_t peer_table;       /* SETTINGS_HEADER_TABLE_SIZE */
    uint32_t error;            /* has_failed */
    uint8_t preface_at;        /* bytes of the preface that came */
    uint8_t probe_state;       /* enum probe_state, flow.c */
    int8_t peer_no_priorities; /* SETTINGS_NO_RFC7540_PRIORITIES; -1 before the first SETTINGS */
    bool kept_is_done;         /* `kept` was read and goes with the next call */
    bool has_settings;         /* the first frame came, and was SETTINGS */
    bool must_say_no_table;    /* the next block begins with a size update (RFC 7541 4.2) */
    bool is_leaving;           /* GOAWAY was sent, without a last stream: those under way are still served */
    bool is_going;             /* GOAWAY was sent */
    bool peer_is_going;        /* GOAWAY came */
    bool has_failed;           /* a connection error */
};

/* ---- session.c: errors ------------------------------------------------------------------------ */

/* A session without its first frames. */
struct h2_session *session_make(const struct h2_options *o);
/* A connection error: GOAWAY is queued. Always H2_CLOSE. */
enum h2_event_kind session_fail(struct h2_session *s, uint32_t error, const char *why);
/* A stream error of the peer: RST_STREAM is queued and counted. H2_RESET, or H2_CLOSE if that was one too many. */
enum h2_event_kind stream_fail(struct h2_session *s, struct h2_stream *st, uint32_t error, const char *why,
                               struct h2_event *e);

/* ---- stream.c --------------------------------------------------------------------------------- */

void stream_note_id(struct h2_session *s, uint32_t id); /* a new one: not idle from now on */
struct h2_stream *stream_make(struct h2_session *s, uint32_t id);
struct h2_stream *stream_find(struct h2_session *s, uint32_t id); /* NULL: idle or closed */
void stream_free(struct h2_session *s, struct h2_stream *st);
bool stream_is_idle(const struct h2_session *s, uint32_t id);
/* A closed stream: may there still come frames, sent before the peer knew? */
bool stream_is_lenient(const struct h2_session *s, uint32_t id);
bool stream_was_opened(const struct h2_session *s, uint32_t id); /* if not known: true */
void stream_peer_ended(struct h2_session *s, struct h2_stream *st);
void stream_we_ended(struct h2_session *s, struct h2_stream *st);
void stream_closed(struct h2_session *s, struct h2_stream *st); /* by a reset, of either side */

/* ---- block.c ---------------------------------------------------------------------------------- */

enum h2_event_kind block_headers(struct h2_session *s, const struct frame *f, struct span payload,
                                 struct h2_event *e);
enum h2_event_kind block_continuation(struct h2_session *s, const struct frame *f, struct span payload,
                                      struct h2_event *e);
/* Bytes that a block may have (encoded) and may become (decoded): beyond is an attack, not a large head. */
uint64_t block_bytes_max(const struct h2_session *s);
uint64_t block_decoded_max(const struct h2_session *s);
void block_is_read(struct h2_session *s);

/* ---- client.c --------------------------------------------------------------------------------- */

/* 0, or the connection error that this setting of a server is. */
uint32_t client_setting(struct h2_session *s, uint16_t setting, uint32_t value, const char **why);
/* A frame's head that reads "HTTP/1.1". */
bool client_sees_http1(const struct h2_session *s, const struct frame *f);
void client_goaway(struct h2_session *s, struct span payload);
/* The next stream that a GOAWAY has cut off. */
bool client_next_unprocessed(struct h2_session *s, struct h2_event *e);

/* ---- head.c ----------------------------------------------------------------------------------- */

/* limits - what of a block has been decoded, and may be; a field that is beyond them is not stored */
struct limits {
    uint64_t bytes, bytes_max;
    uint32_t fields;
};

/* The next field; without an arena its text is left out. HPACK_BROKEN: the session has failed. */
enum hpack_result head_next(struct h2_session *s, struct hpack_block *block, struct arena *a, struct limits *l,
                            struct hpack_field *f);
/* RFC 9113 8.2.1, 8.2.2: what no field may be, in a head or in trailers. NULL if it is not so. */
const char *head_check_field(const struct hpack_field *f);

/* Decodes a block of which nothing is wanted, so that the table stays right. False: the session has failed. */
bool head_skip(struct h2_session *s, struct span block);
/* Trailers, into the session: NULL, or why they are malformed; the session may have failed. */
const char *head_read_trailers(struct h2_session *s, struct span block);
void head_forget_trailers(struct h2_session *s);

/* ---- flow.c ----------------------------------------------------------------------------------- */

void flow_init(struct h2_session *s);

/* n bytes of DATA come (with padding); st may be NULL. False: the peer has ignored the connection's window. */
bool flow_receive(struct h2_session *s, struct h2_stream *st, uint32_t n);
/* n bytes need no room any more; st may be NULL (then they are not counted for a stream). */
void flow_consume(struct h2_session *s, struct h2_stream *st, int64_t n);
/* Is this PING the answer to ours? */
bool flow_probe_answered(struct h2_session *s, uint64_t opaque);
enum h2_event_kind flow_window_update(struct h2_session *s, const struct frame *f, struct span payload,
                                      struct h2_event *e);
/* SETTINGS_INITIAL_WINDOW_SIZE. False: a window would become too large. */
bool flow_set_initial(struct h2_session *s, uint32_t size);

/* ---- priority.c ------------------------------------------------------------------------------- */

/* The Priority field's value (RFC 9218 4, 5); what cannot be understood changes nothing. */
void priority_parse(struct span value, uint8_t *urgency, bool *incremental);
void priority_set(struct h2_session *s, struct h2_stream *st, uint8_t urgency, bool incremental);
enum h2_event_kind priority_update(struct h2_session *s, struct span payload);
/* What an early PRIORITY_UPDATE said of this stream; forgets what was said of it and of earlier ones. */
void priority_take_early(struct h2_session *s, struct h2_stream *st);
/* Puts the stream into its place, or takes it out, after something it depends on has changed. */
void turn_update(struct h2_session *s, struct h2_stream *st);

#endif
