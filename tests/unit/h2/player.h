/* player.h - plays a peer's frames, written as text, to a session, and writes down what comes of them */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_TESTS_H2_PLAYER_H
#define GOLDCREST_TESTS_H2_PLAYER_H

#include "base/buf.h"
#include "h2/h2.h"

/*
 * A script is a list of parts with ";" between them. A frame:
 *     TYPE FLAGS STREAM PAYLOAD...     TYPE a name of frames.def or a number; FLAGS and STREAM hexadecimal
 * Pieces of payload: 00ff (bytes), 'text', {:method=GET|accept=x} (fields, literal and not indexed; "~" in a value is
 * NUL), #n (n in four bytes), *n (n bytes "x").
 * Instead of a frame: PREFACE; RAW PAYLOAD...; and what the server does:
 *     respond ID [bytes]   a head with :status 200 and a body of that many bytes, as far as windows allow
 *     drop ID   reset ID   consume ID N   want ID   turn (says whose turn it is)   goaway   fail
 * "3x" before a part plays it three times; within it, "@" for STREAM counts up: 1, 3, 5 … over the whole script.
 *
 * With a session that is the client's, frames are a server's, and the client does:
 *     ask METHOD [bytes]   a request with a body of that many bytes, as far as windows allow
 *     open METHOD          one whose body is open;   trailers ID   ends it with trailers
 *     room                 says whether there is room for another
 * and its heads are "head 1 200", "head 1 103 interim", "head 1 200 length 5", "head 1 200 tunnel".
 *
 * What comes is written as text: "head 1 GET http a /", "head 1 400", "head 1 malformed", "data 1 5", "end 1",
 * "reset 1 CANCEL", "close PROTOCOL_ERROR"; frames of the session: "> SETTINGS", "> PING ACK",
 * "> RST_STREAM 1 CANCEL", "> WINDOW_UPDATE 0 5", "> GOAWAY 1 NO_ERROR", "> HEADERS 1 END_STREAM", "> DATA 1 5". What
 * the session says at its beginning is left out; repeated lines become one: "> PING ACK x3".
 */
struct player {
    struct h2_session *session;
    struct chunks out;
    struct buf said;
    struct buf line, last;     /* `last` was said `times` times and is not yet in `said` */
    unsigned times;
    uint64_t data_bytes;       /* of consecutive H2_DATA */
    uint32_t data_stream;
    uint32_t counter;          /* "@" */
    struct h2_stream *streams[4096]; /* by id / 2 */
    const char *why;           /* of the last H2_CLOSE or H2_RESET */
    bool is_client;
};

extern const struct h2_options player_options;

void player_init(struct player *p, const struct h2_options *o);
void player_init_client(struct player *p, const struct h2_options *o);
/* Plays; at most `step` bytes are given to the session at once (0: each part as a whole). */
void player_play(struct player *p, const char *script, size_t step);
/* What was written so far, lines joined by "; ". */
const char *player_said(struct player *p);
void player_done(struct player *p);

/* The whole in one: the result is to be freed. */
char *player_run(const struct h2_options *o, const char *script, size_t step);
char *player_run_client(const struct h2_options *o, const char *script, size_t step);

#endif
