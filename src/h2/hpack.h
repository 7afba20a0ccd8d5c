/* hpack.h - header compression for HTTP/2 (RFC 7541): field lists <-> bytes. No sockets, no clock. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_H2_HPACK_H
#define GOLDCREST_H2_HPACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/span.h"
#include "http/names.h"

/* Pseudo-header fields (RFC 9113 8.3, RFC 8441 4); the numbers go on behind enum header, so that one number tells
 * any field. */
enum pseudo {
    PSEUDO_AUTHORITY = HEADER_COUNT,
    PSEUDO_METHOD,
    PSEUDO_PATH,
    PSEUDO_SCHEME,
    PSEUDO_STATUS,
    PSEUDO_PROTOCOL,
    PSEUDO_UNKNOWN, /* another name that begins with ":" */
    PSEUDO_END
};

enum { HPACK_ENTRY_BYTES = 32 /* what an entry costs beside its text, RFC 7541 4.1 */, HPACK_TABLE_BYTES = 4096 };

/* hpack_field - one decoded field */
struct hpack_field {
    struct span name, value;
    uint16_t id;         /* enum header or enum pseudo */
    /* What is found once for an entry of a table, not each time that it is used: */
    bool is_lower;       /* the name has no upper-case letter and only token characters, one at least (RFC 9113
                            8.2.1); behind the colon of a pseudo-header field */
    bool is_clean;       /* the value has no NUL, CR, LF and no blank at either end (RFC 9113 8.2.1) */
    bool is_sound;       /* both, and it is not a field of HTTP/1's connections (RFC 9113 8.2.2) */
    bool is_visible;     /* the value has no control character but HTAB */
    bool is_host;        /* of :authority: host_is_clean() */
};

/* RFC 9113 8.2.2 */
static inline bool hpack_is_of_connection(uint16_t id) {
    return id == HEADER_CONNECTION || id == HEADER_KEEP_ALIVE || id == HEADER_PROXY_CONNECTION ||
           id == HEADER_TRANSFER_ENCODING || id == HEADER_UPGRADE;
}

/* hpack_decoder - one direction of one connection. Its table takes memory as entries come, and never more than
 * `limit` (the SETTINGS_HEADER_TABLE_SIZE that was told to the peer; below HPACK_TABLE_BYTES only if the peer is
 * known to have read it, since that many are in use until then). */
struct hpack_table;
struct hpack_decoder {
    struct hpack_table *table; /* NULL as long as nothing was put into it */
    uint32_t limit;            /* what the peer may use at most; below 2^30 */
    uint32_t size;             /* what it uses at most: its last size update, HPACK_TABLE_BYTES or limit at first */
};

void hpack_init(struct hpack_decoder *d, uint32_t limit);
void hpack_done(struct hpack_decoder *d);

/* hpack_block - a whole header block that is being decoded: set `rest`, zero the others */
struct hpack_block {
    struct span rest;
    bool has_fields; /* size updates may only come before the first field (RFC 7541 4.2) */
};

enum hpack_result { HPACK_FIELD, HPACK_END, HPACK_BROKEN /* COMPRESSION_ERROR: the connection is lost */ };

/*
 * Takes the next field of the block. Its texts live in the arena, with a NUL behind them that does not count, or are
 * constants. With a == NULL they are left out, and of f's texts only the lengths count (p may be NULL), while the
 * decoder's state goes on: to skip what is not wanted.
 * The work is bounded: a field is never larger than what the peer sent of it or has in the table. But a byte may
 * stand for a whole entry of the table, so count f->name.n + f->value.n, and skip the rest when it gets too much.
 */
enum hpack_result hpack_next(struct hpack_decoder *d, struct hpack_block *block, struct arena *a,
                             struct hpack_field *f);

enum { HPACK_STATIC_END = 62 };
extern const struct hpack_field hpack_static[HPACK_STATIC_END]; /* RFC 7541 Appendix A, from 1 on */

/* The same for what most often comes: a byte that stands for a field of the static table. NULL: ask hpack_next(). */
static inline const struct hpack_field *hpack_next_static(struct hpack_block *block) {
    unsigned number = block->rest.n ? (unsigned char)*block->rest.p ^ 0x80u : 0;
    if (number == 0 || number >= HPACK_STATIC_END) return NULL;
    block->rest = span_from(block->rest, 1);
    block->has_fields = true;
    return &hpack_static[number];
}

/*
 * Encoding has no state: static table, literals that are never put into the peer's table, Huffman codes where they
 * are shorter. So a block is made once and sent to everybody. Names are written in lower case whatever they are.
 */
void hpack_put_status(struct buf *out, int status);
void hpack_put_pseudo(struct buf *out, enum pseudo id, struct span value); /* not PSEUDO_STATUS, PSEUDO_UNKNOWN */
void hpack_put(struct buf *out, enum header id, struct span name, struct span value);
/* The same for what nobody on the way may compress either: "Set-Cookie" and its like (RFC 7541 7.1.3). */
void hpack_put_never_indexed(struct buf *out, enum header id, struct span name, struct span value);
/* "I use no table": must begin the first block after the peer has made its table smaller (RFC 7541 4.2). */
void hpack_put_no_table(struct buf *out);

/* A head in HTTP/1.1's form (http/head.h: status line, then lines) as a header block: hop-by-hop fields are left out.
 */
void hpack_put_head(struct buf *out, struct span head);

/* ---- huffman.c -------------------------------------------------------------------------------- */

/* Decodes into out, which has room for 8 * s.n / 5 + 1 bytes. The length, or -1 for EOS, bad padding or padding of
 * more than 7 bits (RFC 7541 5.2). */
ptrdiff_t huffman_decode(struct span s, char *out);
size_t huffman_length(struct span s, bool lower); /* bytes it takes encoded; lower: of its lower-case form */
void huffman_encode(struct buf *out, struct span s, bool lower);

#endif
