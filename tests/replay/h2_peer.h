/* h2_peer.h - the client's end of an HTTP/2 connection: builds frames, checks whatever the server sends */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_H2_PEER_H
#define GOLDCREST_H2_PEER_H

#include "h2/hpack.h"
#include "player.h"

enum frame_type {
    FRAME_DATA,
    FRAME_HEADERS,
    FRAME_PRIORITY,
    FRAME_RST_STREAM,
    FRAME_SETTINGS,
    FRAME_PUSH_PROMISE,
    FRAME_PING,
    FRAME_GOAWAY,
    FRAME_WINDOW_UPDATE,
    FRAME_CONTINUATION,
    FRAME_PRIORITY_UPDATE = 0x10
};
enum { FLAG_ACK = 0x1, FLAG_END_STREAM = 0x1, FLAG_END_HEADERS = 0x4, FLAG_PADDED = 0x8, FLAG_PRIORITY = 0x20 };
enum { FRAME_HEAD_BYTES = 9, FRAME_PAYLOAD_BYTES = 16384, FRAME_PAYLOAD_MAX = 0xffffff, WINDOW_BYTES = 65535 };

enum setting_id {
    SETTING_HEADER_TABLE_SIZE = 1,
    SETTING_ENABLE_PUSH,
    SETTING_MAX_CONCURRENT_STREAMS,
    SETTING_INITIAL_WINDOW_SIZE,
    SETTING_MAX_FRAME_SIZE,
    SETTING_MAX_HEADER_LIST_SIZE,
    SETTING_ENABLE_CONNECT_PROTOCOL = 8,
    SETTING_NO_RFC7540_PRIORITIES,
    SETTINGS_KNOWN
};

/* ---- h2_names.c: numbers <-> the names that RFC 9113 gives them ------------------------------------------------- */

const char *frame_name(unsigned type);                   /* "DATA"; "?" */
bool frame_by_name(struct span name, unsigned *type);
unsigned frame_flags(unsigned type);                     /* those that mean something in it */
const char *error_name(uint32_t code);                   /* "PROTOCOL_ERROR"; "?" */
bool error_by_name(struct span name, uint32_t *code);
const char *setting_name(unsigned id);
bool setting_by_name(struct span name, unsigned *id);
/* 10, 0x0a */
bool any_number(struct span text, uint64_t *number);

/* ---- h2_peer.c: a connection as the client sees it --------------------------------------------------------------- */

/* frame - one of the server's, checked already */
struct frame {
    unsigned type, flags;
    uint32_t id;
    uint32_t code;         /* of an error; a window's increment; GOAWAY: see last */
    uint32_t last;         /* GOAWAY: the last stream that is served */
    int status;            /* HEADERS; 0: trailers */
    struct span payload;   /* of control frames; of HEADERS: the fields as lines; of DATA: nothing but its length */
    bool taken;            /* a scenario has expected it */
};

/* peer_stream - a request and what came of it */
struct peer_stream {
    uint32_t id;
    int64_t window;        /* what the server may still send */
    int64_t send_window;   /* what we may */
    struct span head;      /* of the final response, in the form of HTTP/1 */
    struct span trailers;
    struct buf body;
    size_t body_taken;     /* so much of it was expected already */
    int64_t length;        /* Content-Length; -1: none */
    int status;
    uint64_t upload_left, upload_sent;
    bool upload_ends;
    bool for_head;         /* HEAD: its response has no body */
    bool ended;            /* END_STREAM came */
    bool was_reset;        /* by the server */
    bool let_go;           /* reset by us */
    bool forgotten;        /* … and the server knows: nothing of a response may come any more */
};

/* settings_change - SETTINGS that we have sent; they hold from the acknowledgement on */
struct settings_change {
    uint32_t value[SETTINGS_KNOWN];
    bool has[SETTINGS_KNOWN];
};

struct second_decoder;

struct peer {
    struct stage *stage;
    struct client *client;
    struct peer_stream *streams;
    size_t stream_count, stream_cap;
    struct frame *frames;                /* all that came */
    size_t frame_count, frame_cap;
    struct settings_change *changes;     /* not acknowledged yet: from first_change on */
    size_t change_count, change_cap, first_change;
    struct buf pings;                    /* eight bytes each: not answered yet, from first_ping on */
    size_t first_ping;
    uint32_t ours[SETTINGS_KNOWN];       /* acknowledged */
    uint32_t theirs[SETTINGS_KNOWN];
    int64_t window, send_window;         /* the connection's */
    struct hpack_decoder decoder;
    struct second_decoder *second;       /* another implementation, which must read the same */
    struct buf block;                    /* a header block that is not complete */
    uint32_t block_id;                   /* its stream; 0: none */
    unsigned block_flags;
    uint32_t must_shrink_to;             /* the next block begins with a size update; UINT32_MAX: it need not */
    uint32_t next_id, last_id;           /* of the client's streams: "+" and "." */
    uint32_t highest_id;                 /* that was ever opened */
    uint32_t goaway_last;                /* UINT32_MAX: none came */
    uint32_t goaway_code;
    bool has_settings;                   /* the server's first frame was there */
    bool in_block;                       /* our own header block is not complete: nothing is answered */
    bool manual;                         /* no window updates by itself */
    bool no_ack;                         /* does not acknowledge SETTINGS */
    bool no_pong;                        /* does not answer PING */
    bool deaf;                           /* what comes is no business of it: maybe HTTP/1 */
};

struct peer *peer_make(struct stage *s, struct client *c);
void peer_drop(struct peer *p);
/* Takes whole frames off what the client has received, checks and answers them. Fails the scenario. */
void peer_receive(struct peer *p);
/* All that was sent has been read, all that came of it is here. */
void peer_settled(struct peer *p);
/* The client leaves: nothing may have come that the scenario does not know of. */
void peer_over(struct peer *p);
/* Says which frames came. */
void peer_show(const struct peer *p);

struct peer_stream *peer_stream(struct peer *p, uint32_t id);      /* NULL: it was never opened */
struct peer_stream *peer_stream_open(struct peer *p, uint32_t id); /* made if need be */
/* Sends what is left of uploads, as far as the server's windows allow. */
void peer_upload(struct peer *p);

/* ---- h2_frame.c: frames from words ---------------------------------------------------------------------------------- */

/* Queues a frame as it is; its length is that of the payload. */
void peer_put(struct peer *p, unsigned type, unsigned flags, uint32_t id, struct span payload);
/* Queues the frames that a line of words describes (README), with further fields for HEADERS. */
void peer_say(struct peer *p, struct span *words, unsigned count, const struct span *fields,
              unsigned field_count);
/* An id in words: a number, "+" the client's next, "." its last. */
uint32_t stream_id_in(struct peer *p, struct span text);
/* The byte at that place of an upload and of a file made by `size`. */
char pattern_byte(uint64_t at);

/* ---- h2_fields.c: header blocks -------------------------------------------------------------------------------------- */

/* A decoded block as lines "name: value\r\n", checked for what holds for every block of a server; *status is 0
 * without ":status". */
struct span fields_read(struct peer *p, struct span block, int *status);
void fields_put(struct buf *block, struct span line, bool index);
/* The value of a field in such lines. */
bool fields_find(struct span lines, struct span name, struct span *value);

/* ---- h2_nghttp2.c, h2_alone.c: the second decoder --------------------------------------------------------------------- */

struct second_decoder *second_make(void);
void second_drop(struct second_decoder *d);
/* The peer's table may have so many bytes. */
void second_resize(struct second_decoder *d, uint32_t bytes);
/* NULL, or what is wrong. lines: what ours has read; the same is expected. */
const char *second_read(struct second_decoder *d, struct span block, struct span lines);

#endif
