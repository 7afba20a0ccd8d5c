/* chunk.h - what is to be sent: a queue of counted bytes, file ranges and constants */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_CHUNK_H
#define GOLDCREST_CHUNK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/blob.h"
#include "base/span.h"
#include "net/file.h"

enum chunk_kind { CHUNK_BLOB, CHUNK_FILE, CHUNK_CONSTANT };

/* chunk - bytes on their way out; belongs to exactly one queue, holds its blob or file until they are sent */
struct chunk {
    union {
        struct blob *blob;
        struct file *file;
        const char *constant; /* lives as long as the process */
    } is;
    uint64_t at, left; /* where the next byte is, how many there are */
    uint8_t kind;      /* enum chunk_kind */
    bool is_corked;    /* of a file: net/wire has told the kernel to send full segments until its end */
    uint16_t room;     /* of a blob that this queue has made: bytes behind the used ones, for the next copy */
};

/* chunks - a ring, first out of it is first sent; zeroed memory is an empty queue. An empty queue holds no memory. */
struct chunks {
    struct chunk *ring;
    uint16_t first, count, cap; /* cap: a power of two */
    uint64_t bytes;             /* all that is left */
};

/* A part of a blob, of which a reference is taken. Empty parts are not queued. */
void chunks_add_blob(struct chunks *q, struct blob *b, size_t at, size_t n);
void chunks_add_file(struct chunks *q, struct file *f, uint64_t at, uint64_t n);
void chunks_add_constant(struct chunks *q, struct span s);
/* A copy: for what lives in an arena (never queue a pointer into one). Small copies that follow each other share a
 * blob. */
void chunks_add_copy(struct chunks *q, struct span s);
/* The same for n bytes (not 0) that the caller writes where this points to, before it does anything else. */
char *chunks_add_room(struct chunks *q, size_t n);

/* The i-th chunk from the front. */
static inline struct chunk *chunks_at(const struct chunks *q, unsigned i) {
    return &q->ring[(q->first + i) & (q->cap - 1u)];
}

/* The memory of a chunk that is not a file. */
static inline const char *chunk_bytes(const struct chunk *c) {
    return (c->kind == CHUNK_BLOB ? c->is.blob->p : c->is.constant) + c->at;
}

/* n bytes were sent: lets go of what is done. */
void chunks_sent(struct chunks *q, uint64_t n);

/* Moves all of `from` behind what is in q. */
void chunks_move(struct chunks *q, struct chunks *from);
/* Moves the first n bytes (n <= from->bytes). */
void chunks_take(struct chunks *q, struct chunks *from, uint64_t n);
void chunks_drop(struct chunks *q); /* of a queue that holds memory */

static inline void chunks_clear(struct chunks *q) {
    if (q->cap) chunks_drop(q);
}

#endif
