/* h1.h - HTTP/1.x: bytes become requests, responses become bytes (RFC 9112). No sockets, no clock. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_H1_H
#define GOLDCREST_H1_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/span.h"
#include "http/fields.h"
#include "http/request.h"

struct h1_limits {
    uint32_t head_bytes;   /* server.max-request-field-size: request line and fields together */
    uint32_t fields;       /* how many fields */
    unsigned options;      /* enum parse_option */
};

/* What h1_parse_head() returns beside a status: */
enum { H1_MORE = 0, H1_DONE = 1 };

/*
 * Reads one request head from in (in.p must stay in place as long as m is used). `seen`: how far a former call with
 * fewer bytes has looked; the caller keeps it, 0 at first, so that no byte is looked at again and again.
 * H1_MORE: not complete. H1_DONE: *used bytes are the head, leading empty lines included (RFC 9112 2.2).
 * Otherwise the status to refuse with: 400, 414, 431, 501, 505, 417 …; m then holds what could be understood
 * (method, version, target_sent) and m->keep_alive is false whenever the end of the message is not certain; *used is
 * the head, or all of `in` where the head is larger than the limit. A status is told when the head is complete or too
 * large, so that the answer does not depend on how the bytes arrive; only what cannot begin a request (TLS on a plain
 * port) is refused at its first byte.
 */
int h1_parse_head(struct message *m, struct span in, size_t *seen, size_t *used, const struct h1_limits *limits,
                  struct arena *a);

/* Trailing fields of a chunked body, after the last chunk: as h1_parse_head(). Fields that must not
 * be there are left out. */
int h1_parse_trailers(struct fields *f, struct span in, size_t *used, const struct h1_limits *limits,
                      struct arena *a);

/* h1_chunked - decodes chunked coding (RFC 9112 7.1); zeroed memory starts a body */
struct h1_chunked {
    uint64_t left;      /* of the current chunk */
    uint8_t state;
    uint8_t digits;     /* of the chunk size so far */
    uint16_t extension; /* bytes of chunk extension in this line: bounded */
};

enum { CHUNKED_MORE = 0, CHUNKED_DATA = 1, CHUNKED_TRAILERS = 2 }; /* else 400 or 413 */

/* Takes bytes off *in: CHUNKED_DATA with *data (a part of in, not empty), CHUNKED_MORE when in is used up,
 * CHUNKED_TRAILERS after the last chunk: what follows is for h1_parse_trailers(); or the status to refuse with. */
int h1_chunked_next(struct h1_chunked *c, struct span *in, struct span *data);

/* Of the last data, n bytes were not used: they will come once more. */
void h1_chunked_give_back(struct h1_chunked *c, size_t n);

/* scan.c: position of the first '\n' in s at or after from, or s.n. The only place with SIMD. */
size_t scan_newline(struct span s, size_t from);
/* Position of the first control character other than HTAB (00-08, 0A-1F, 7F) at or after from, or s.n. *marked: the
 * first `mark`, no control character, before it, or s.n. */
size_t scan_line(struct span s, size_t from, char mark, size_t *marked);
/* Position of the first byte from `from` that is not of that class (CHAR_*), or s.n. */
size_t scan_class(struct span s, size_t from, uint8_t wanted);

#endif
