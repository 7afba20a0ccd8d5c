/* frames.h - WebSocket frames (RFC 6455 5): a client's taken apart as they come, ours begun */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_WSTUNNEL_FRAMES_H
#define GOLDCREST_WSTUNNEL_FRAMES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

enum ws_opcode { WS_CONTINUATION = 0, WS_TEXT = 1, WS_BINARY = 2, WS_CLOSE = 8, WS_PING = 9, WS_PONG = 10 };

/* RFC 6455 7.4.1 */
enum ws_code {
    WS_NORMAL = 1000,
    WS_PROTOCOL_ERROR = 1002,
    WS_NO_CODE = 1005, /* never on the wire */
    WS_NOT_THE_TYPE = 1007,
    WS_INTERNAL = 1011
};

enum { WS_HEAD_MAX = 10 /* of ours */, WS_CONTROL_MAX = 125 };

/*
 *   0               1               2 … 9                     4 bytes
 *   +-+-+-+-+-------+-+-------------+-----------------------+-----------------+---------
 *   |F|R|R|R|opcode |M| length (7)  | length, if 126 or 127 | masking key     | payload
 *   +-+-+-+-+-------+-+-------------+-----------------------+-----------------+---------
 */

/* ws_reader - where in the client's frames we are; zeroed memory is the beginning */
struct ws_reader {
    uint64_t left; /* payload bytes to come */
    uint8_t head[14];
    uint8_t head_n; /* bytes of the head that are there */
    bool in_payload;
    uint8_t opcode; /* of the frame */
    bool is_final;
    uint8_t message; /* WS_TEXT, WS_BINARY: of the message that it belongs to */
    bool in_message; /* the last frame of that has not come */
    uint8_t mask_at;
    char control[WS_CONTROL_MAX];
    uint8_t control_n;
};

enum ws_event {
    WS_MORE,     /* *in is used up */
    WS_DATA,     /* payload of a message (r->message is its type), unmasked in *out; may be empty */
    WS_DATA_END, /* the same, and the message ends behind it */
    WS_CONTROL,  /* a whole control frame: r->opcode, its payload in *out */
    WS_BAD       /* protocol error (1002) */
};

/* Takes bytes off *in; *out lies in room, which has room_n bytes, or in r->control. */
enum ws_event ws_read(struct ws_reader *r, struct span *in, char *room, size_t room_n, struct span *out);

/* The head of a frame of ours: final, not masked. Returns its bytes. */
size_t ws_head(enum ws_opcode opcode, uint64_t payload, char out[WS_HEAD_MAX]);

/* What a close frame says: WS_NO_CODE if nothing; 0 if it is malformed. */
unsigned ws_close_code(struct span payload);

#endif
