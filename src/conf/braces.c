/* braces.c - {a,b} in file names */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "conf/braces.h"

enum { MOST_PATTERNS = 1024, MOST_STEPS = 16 * MOST_PATTERNS };

/* The "}" that closes the "{" at `open`, or pattern.n. */
static size_t find_close(struct span pattern, size_t open) {
    unsigned depth = 0;
    for (size_t i = open; i < pattern.n; i++) {
        char c = pattern.p[i];
        if (c == '\\') i++;
        depth += c == '{';
        if (c == '}' && --depth == 0) return i;
    }
    return pattern.n;
}

/* The first "{" that has a partner and is not "{}"; or pattern.n. */
static size_t find_open(struct span pattern) {
    for (size_t i = 0; i < pattern.n; i++) {
        if (pattern.p[i] == '\\') i++;
        else if (pattern.p[i] == '{' && span_starts(span_from(pattern, i), SPAN("{}"))) i++;
        else if (pattern.p[i] == '{' && find_close(pattern, i) < pattern.n) return i;
    }
    return pattern.n;
}

/* Where the alternative that starts at `at` ends: at a comma of its own level, or at `close`. */
static size_t find_comma(struct span pattern, size_t at, size_t close) {
    unsigned depth = 0;
    for (; at < close; at++) {
        char c = pattern.p[at];
        if (c == '\\') at++;
        depth += c == '{';
        depth -= c == '}' && depth;
        if (c == ',' && depth == 0) return at;
    }
    return close;
}

/* `todo` holds patterns, each + '\0', the next one last; an expanded one is replaced by what its
 * first brace means. */
static void push(struct buf *todo, struct span a, struct span b, struct span c) {
    buf_add(todo, a);
    buf_add(todo, b);
    buf_add(todo, c);
    buf_add_char(todo, '\0');
}

/* Pushes the alternatives of the brace at `open`, the last one first. */
static void expand_first(struct span pattern, size_t open, struct buf *todo) {
    size_t close = find_close(pattern, open), ends[MOST_PATTERNS], n = 0;
    for (size_t at = open + 1; n < MOST_PATTERNS; at = ends[n - 1] + 1) {
        ends[n++] = find_comma(pattern, at, close);
        if (ends[n - 1] >= close) break;
    }
    while (n-- > 0) {
        size_t from = n > 0 ? ends[n - 1] + 1 : open + 1;
        struct span part = {pattern.p + from, ends[n] - from};
        push(todo, span_upto(pattern, open), part, span_from(pattern, close + 1));
    }
}

bool braces_expand(struct span pattern, struct buf *out) {
    struct buf todo = {NULL, 0, 0}, one = {NULL, 0, 0};
    size_t made = 0, steps = 0;
    push(&todo, pattern, SPAN(""), SPAN(""));
    while (todo.n > 0 && made <= MOST_PATTERNS && steps++ < MOST_STEPS) {
        struct span stack = {todo.p, todo.n - 1};
        size_t before = span_find_last(stack, '\0');
        struct span last = before < stack.n ? span_from(stack, before + 1) : stack;
        buf_clear(&one);
        buf_add(&one, last);
        todo.n -= last.n + 1;
        size_t open = find_open(buf_span(&one));
        if (open < one.n) {
            expand_first(buf_span(&one), open, &todo);
        } else {
            push(out, buf_span(&one), SPAN(""), SPAN(""));
            made++;
        }
    }
    bool all = todo.n == 0 && made <= MOST_PATTERNS;
    buf_done(&todo);
    buf_done(&one);
    return all;
}
