/* tree.c - looking for directives, marking them, and the units of their words */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include "commands/import/import.h"

struct nginx_directive *next_named(struct nginx_directive *d, const char *name) {
    while (d && !nginx_is(d, name)) d = d->next;
    return d;
}

struct nginx_directive *own(const struct nginx_directive *block, const char *name) {
    struct nginx_directive *found = NULL;
    for (struct nginx_directive *d = next_named(block->first, name); d; d = next_named(d->next, name)) found = d;
    return found;
}

const struct nginx_directive *level_of(const struct nginx_directive *block, const char *name) {
    while (block && !own(block, name)) block = block->parent;
    return block;
}

struct nginx_directive *inherited(const struct nginx_directive *block, const char *name) {
    const struct nginx_directive *level = level_of(block, name);
    return level ? own(level, name) : NULL;
}

/* ---- what became of them ---------------------------------------------------------------------- */

void translated(struct import *im, struct nginx_directive *d) {
    (void)im;
    if (d->fate != NGINX_LEFT) d->fate = NGINX_TRANSLATED;
}

void unneeded(struct import *im, struct nginx_directive *d) {
    (void)im;
    if (d->fate == NGINX_UNSEEN) d->fate = NGINX_UNNEEDED;
}

void left(struct import *im, struct nginx_directive *d, const char *format, ...) {
    struct buf text = {0};
    va_list args;
    va_start(args, format);
    buf_vprintf(&text, format, args);
    va_end(args);
    if (d->fate != NGINX_LEFT) d->why = arena_copy(im->arena, buf_span(&text));
    d->fate = NGINX_LEFT;
    buf_done(&text);
}

void note(struct import *im, const struct nginx_directive *d, const char *text) {
    if (!im->notes.n || span_search(buf_span(&im->notes), span_of(text)) == im->notes.n)
        buf_printf(&im->notes, "note: %.*s:%u: %.*s: %s\n", SPAN_ARG(d->file), d->line,
                   SPAN_ARG(nginx_word(d, 0)), text);
}

void settle_subtree(struct nginx_directive *d, enum nginx_fate fate, struct span why) {
    if (d->fate == NGINX_UNSEEN) {
        d->fate = fate;
        d->why = why;
    }
    for (struct nginx_directive *x = d->first; x; x = x->next) settle_subtree(x, fate, why);
}

/* ---- units ------------------------------------------------------------------------------------ */

static uint64_t unit_ms(struct span unit) {
    static const struct {
        const char *name;
        uint64_t ms;
    } units[] = {{"ms", 1},          {"s", 1000},       {"", 1000},          {"m", 60000},           {"h", 3600000},
                 {"d", 86400000},    {"w", 604800000},  {"M", 2592000000u}, {"y", 31536000000u}};
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (span_is(unit, span_of(units[i].name))) return units[i].ms;
    return 0;
}

bool seconds_of(struct span text, uint64_t *seconds) {
    uint64_t ms = 0;
    if (text.n == 0) return false;
    for (size_t at = 0; at < text.n;) {
        uint64_t number = 0;
        size_t digits = at;
        for (; at < text.n && ascii_is_digit(text.p[at]); at++) {
            number = number * 10 + (uint64_t)(text.p[at] - '0');
            if (number > UINT32_MAX) return false;
        }
        if (digits == at) return false;
        size_t unit = at;
        while (at < text.n && !ascii_is_digit(text.p[at]) && text.p[at] != ' ') at++;
        uint64_t each = unit_ms(span_between(text.p + unit, text.p + at));
        if (!each) return false;
        ms += number * each;
        while (at < text.n && text.p[at] == ' ') at++;
    }
    *seconds = (ms + 999) / 1000;
    return true;
}

bool bytes_of(struct span text, uint64_t *bytes) {
    uint64_t number = 0;
    size_t at = 0;
    for (; at < text.n && ascii_is_digit(text.p[at]); at++) {
        number = number * 10 + (uint64_t)(text.p[at] - '0');
        if (number > UINT32_MAX) return false;
    }
    char unit = at + 1 == text.n ? ascii_lower(text.p[at]) : '\0';
    if (at == 0 || (at < text.n && !unit)) return false;
    if (unit && unit != 'k' && unit != 'm' && unit != 'g') return false;
    *bytes = number << (unit == 'k' ? 10 : unit == 'm' ? 20 : unit == 'g' ? 30 : 0);
    return true;
}

struct span beside_main(struct import *im, struct span path) {
    if (path.n && path.p[0] == '/') return path;
    char *directory = realpath(im->tree->directory.n ? im->tree->directory.p : ".", NULL);
    path = directory ? joined(im, "%s/%.*s", directory, SPAN_ARG(path)) : path;
    free(directory);
    return path;
}
