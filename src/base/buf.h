/* buf.h - growing bytes with one owner */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_BUF_H
#define GOLDCREST_BUF_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/span.h"

/* buf - n bytes used of cap at p; zeroed memory is an empty buf; buf_done() gives the bytes back */
struct buf {
    char *p;
    size_t n, cap;
};

void buf_done(struct buf *b);

void buf_grow(struct buf *b, size_t more); /* as buf_room(), where the room is not there yet */

/* Room for more bytes behind the used ones; returns where they go. The caller adds to b->n what it wrote. */
static inline char *buf_room(struct buf *b, size_t more) {
    if (b->cap - b->n < more) buf_grow(b, more);
    return b->p + b->n;
}

/* Inline: heads are written by these, and most of what they are made of are constants. */
static inline void buf_add(struct buf *b, struct span s) {
    if (s.n == 0) return;
    memcpy(buf_room(b, s.n), s.p, s.n);
    b->n += s.n;
}

static inline void buf_add_char(struct buf *b, char c) {
    *buf_room(b, 1) = c;
    b->n++;
}

void buf_add_text(struct buf *b, const char *text);
void buf_add_number(struct buf *b, uint64_t number);
void buf_printf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buf_vprintf(struct buf *b, const char *format, va_list args) __attribute__((format(printf, 2, 0)));

/* The bytes with a NUL behind them that does not count. */
const char *buf_text(struct buf *b);

static inline void buf_clear(struct buf *b) {
    b->n = 0;
}

/* Empties one that lives as long as the worker: it keeps what is usual (64 KiB), and gives back what is more. */
void buf_reuse(struct buf *b);

static inline struct span buf_span(const struct buf *b) {
    return (struct span){b->p, b->n};
}

#endif
