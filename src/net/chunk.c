/* chunk.c - what is to be sent: a queue of counted bytes, file ranges and constants */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "net/chunk.h"

#include <assert.h>
#include <stdlib.h>

#include "base/memory.h"

enum {
    RING_CAP = 8,
    SPARE_RINGS = 64,
    SHARED_BYTES_MAX = 16000 /* where one copy follows the other */
};

/* Rings of the first size are used again: most queues come and go with one response. */
static struct chunk *spare[SPARE_RINGS];
static unsigned spare_count;

static void give_ring_back(struct chunks *q) {
    if (q->cap == RING_CAP && spare_count < SPARE_RINGS) spare[spare_count++] = q->ring;
    else free(q->ring);
    *q = (struct chunks){NULL, 0, 0, 0, 0};
}

static void grow(struct chunks *q) {
    if (q->cap == 0) {
        q->ring = spare_count ? spare[--spare_count] : memory_get(RING_CAP * sizeof *q->ring);
        q->cap = RING_CAP;
        return;
    }
    assert(q->cap < 0x8000);
    struct chunk *ring = memory_get(2u * q->cap * sizeof *ring);
    for (unsigned i = 0; i < q->count; i++) ring[i] = *chunks_at(q, i);
    free(q->ring);
    q->ring = ring;
    q->first = 0;
    q->cap = (uint16_t)(q->cap * 2);
}

static void add(struct chunks *q, struct chunk c) {
    if (q->count == q->cap) grow(q);
    q->ring[(q->first + q->count) & (q->cap - 1u)] = c;
    q->count++;
    q->bytes += c.left;
}

void chunks_add_blob(struct chunks *q, struct blob *b, size_t at, size_t n) {
    if (n) add(q, (struct chunk){.is.blob = blob_hold(b), .at = at, .left = n, .kind = CHUNK_BLOB});
}

void chunks_add_file(struct chunks *q, struct file *f, uint64_t at, uint64_t n) {
    if (n) add(q, (struct chunk){.is.file = file_hold(f), .at = at, .left = n, .kind = CHUNK_FILE});
}

void chunks_add_constant(struct chunks *q, struct span s) {
    if (s.n) add(q, (struct chunk){.is.constant = s.p, .left = s.n, .kind = CHUNK_CONSTANT});
}

/* What is made for n bytes behind `last`: each time more, as long as copies follow each other. */
static size_t shared_bytes(const struct chunk *last, size_t n) {
    size_t bytes = BLOB_USUAL_BYTES;
    if (last && last->room) bytes = last->is.blob->n * 4 < SHARED_BYTES_MAX ? last->is.blob->n * 4 : SHARED_BYTES_MAX;
    return bytes < n ? n : bytes;
}

/* The copy whose blob has room for n bytes: the last chunk, or the one before it, as heads and bodies alternate. */
static struct chunk *find_room(const struct chunks *q, size_t n) {
    for (unsigned back = 1; back <= 2 && back <= q->count; back++) {
        struct chunk *c = chunks_at(q, q->count - back);
        if (c->room >= n) return c;
    }
    return NULL;
}

char *chunks_add_room(struct chunks *q, size_t n) {
    struct chunk *last = q->count ? chunks_at(q, q->count - 1u) : NULL, *with_room = find_room(q, n);
    if (!with_room) {
        struct blob *b = blob_make(shared_bytes(last, n));
        add(q, (struct chunk){.is.blob = b, .left = n, .kind = CHUNK_BLOB, .room = (uint16_t)(b->n - n)});
        return b->p;
    }
    struct blob *b = with_room->is.blob;
    uint64_t at = with_room->at + with_room->left;
    uint16_t room = (uint16_t)(with_room->room - n);
    if (with_room == last) {
        last->left += n;
        last->room = room;
        q->bytes += n;
    } else {
        with_room->room = 0;
        add(q, (struct chunk){.is.blob = blob_hold(b), .at = at, .left = n, .kind = CHUNK_BLOB, .room = room});
    }
    return b->p + at;
}

void chunks_add_copy(struct chunks *q, struct span s) {
    if (s.n) memcpy(chunks_add_room(q, s.n), s.p, s.n);
}

static void let_go(struct chunk *c) {
    if (c->kind == CHUNK_BLOB) blob_drop(c->is.blob);
    if (c->kind == CHUNK_FILE) file_drop(c->is.file);
}

void chunks_sent(struct chunks *q, uint64_t n) {
    q->bytes -= n;
    while (q->count) {
        struct chunk *c = chunks_at(q, 0);
        if (n < c->left) {
            c->at += n;
            c->left -= n;
            return;
        }
        n -= c->left;
        let_go(c);
        q->first = (uint16_t)((q->first + 1u) & (q->cap - 1u));
        q->count--;
    }
    if (q->cap) give_ring_back(q);
}

void chunks_move(struct chunks *q, struct chunks *from) {
    if (q->cap == 0) { /* nothing is in it: the ring itself moves */
        *q = *from;
        *from = (struct chunks){NULL, 0, 0, 0, 0};
        return;
    }
    for (unsigned i = 0; i < from->count; i++) add(q, *chunks_at(from, i));
    if (from->cap) give_ring_back(from);
}

void chunks_take(struct chunks *q, struct chunks *from, uint64_t n) {
    if (n == from->bytes) {
        chunks_move(q, from);
        return;
    }
    while (n) {
        struct chunk *c = chunks_at(from, 0);
        struct chunk part = *c;
        if (part.left > n) {
            part.left = n;
            part.room = 0; /* what is behind it is not free */
        }
        n -= part.left;
        if (part.kind == CHUNK_BLOB) blob_hold(part.is.blob);
        if (part.kind == CHUNK_FILE) file_hold(part.is.file);
        add(q, part);
        chunks_sent(from, part.left);
    }
}

void chunks_drop(struct chunks *q) {
    for (unsigned i = 0; i < q->count; i++) let_go(chunks_at(q, i));
    give_ring_back(q);
}
