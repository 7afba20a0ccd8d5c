/* buf.c - growing bytes with one owner */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "base/buf.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/number.h"

enum { KEPT_BYTES = 64 * 1024 };

void buf_done(struct buf *b) {
    free(b->p);
    *b = (struct buf){NULL, 0, 0};
}

void buf_reuse(struct buf *b) {
    b->n = 0;
    if (b->cap > KEPT_BYTES) buf_done(b);
}

void buf_grow(struct buf *b, size_t more) {
    b->p = memory_grow(b->p, &b->cap, b->n + more, 1);
}

void buf_add_text(struct buf *b, const char *text) {
    buf_add(b, span_of(text));
}

void buf_add_number(struct buf *b, uint64_t number) {
    b->n += number_format(buf_room(b, NUMBER_BYTES), number);
}

void buf_vprintf(struct buf *b, const char *format, va_list args) {
    va_list again;
    va_copy(again, args);
    char *at = buf_room(b, 128);
    size_t room = b->cap - b->n;
    int n = vsnprintf(at, room, format, args);
    if (n > 0 && (size_t)n >= room) vsnprintf(buf_room(b, (size_t)n + 1), (size_t)n + 1, format, again);
    if (n > 0) b->n += (size_t)n;
    va_end(again);
}

void buf_printf(struct buf *b, const char *format, ...) {
    va_list args;
    va_start(args, format);
    buf_vprintf(b, format, args);
    va_end(args);
}

const char *buf_text(struct buf *b) {
    *buf_room(b, 1) = '\0';
    return b->p;
}
