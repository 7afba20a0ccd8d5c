/* buf.c - growing bytes with one owner */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "base/buf.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"

void buf_done(struct buf *b) {
    free(b->p);
    *b = (struct buf){NULL, 0, 0};
}

char *buf_room(struct buf *b, size_t more) {
    if (b->cap - b->n < more) b->p = memory_grow(b->p, &b->cap, b->n + more, 1);
    return b->p + b->n;
}

void buf_add(struct buf *b, struct span s) {
    if (s.n == 0) return;
    memcpy(buf_room(b, s.n), s.p, s.n);
    b->n += s.n;
}

void buf_add_char(struct buf *b, char c) {
    *buf_room(b, 1) = c;
    b->n++;
}

void buf_add_text(struct buf *b, const char *text) {
    buf_add(b, span_of(text));
}

void buf_add_number(struct buf *b, uint64_t number) {
    char digits[20];
    size_t at = sizeof digits;
    do digits[--at] = (char)('0' + number % 10);
    while (number /= 10);
    buf_add(b, span_between(digits + at, digits + sizeof digits));
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
