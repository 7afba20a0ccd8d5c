/* hostpattern.c - paths made of host names, as in evhost.path-pattern */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "modules/hostpattern.h"

#include <stdlib.h>

#include "base/memory.h"

enum { WHOLE = -1, LITERAL = -2 };

struct part {
    int label;     /* 1: the last one; 0: the last two; WHOLE; LITERAL */
    int character; /* of it, from 1; 0: all */
    struct span literal;
};

struct host_pattern {
    size_t count;
    struct part *parts;
};

/* "{N}" or "{N.M}"; returns its length or 0. */
static size_t read_braces(struct span text, struct part *part) {
    if (text.n < 3 || !ascii_is_digit(text.p[1])) return 0;
    part->label = text.p[1] - '0';
    if (text.p[2] == '}') return 3;
    if (text.n < 5 || text.p[2] != '.' || !ascii_is_digit(text.p[3]) || text.p[4] != '}') return 0;
    part->character = text.p[3] - '0';
    return 5;
}

/* What follows a "%"; returns how many bytes that takes, 0 if it is nothing. */
static size_t read_variable(struct span text, struct part *part) {
    if (text.n == 0) return 0;
    *part = (struct part){LITERAL, 0, {NULL, 0}};
    if (text.p[0] == '%') {
        part->literal = span_upto(text, 1);
        return 1;
    }
    if (text.p[0] == '{') return read_braces(text, part);
    if (text.p[0] != '_' && !ascii_is_digit(text.p[0])) return 0;
    part->label = text.p[0] == '_' ? WHOLE : text.p[0] - '0';
    return 1;
}

void *host_pattern_make(const struct value *v, struct complaints *c) {
    struct host_pattern *pattern = memory_zeroed(1, sizeof *pattern);
    struct span rest = v->string;
    pattern->parts = memory_zeroed(rest.n + 1, sizeof *pattern->parts);
    while (rest.n) {
        size_t n = span_find(rest, '%');
        if (n) pattern->parts[pattern->count++] = (struct part){LITERAL, 0, span_upto(rest, n)};
        rest = span_from(rest, n);
        if (rest.n == 0) break;
        size_t taken = read_variable(span_from(rest, 1), &pattern->parts[pattern->count++]);
        if (taken == 0) {
            complain(c, COMPLAINT_ERROR, v->place, v->string.n + 2, "write %_, %0 to %9, %{N}, %{N.M} or %%",
                     "\"%.*s\" in it begins with nothing that a pattern knows", SPAN_ARG(rest));
            host_pattern_drop(pattern);
            return NULL;
        }
        rest = span_from(rest, 1 + taken);
    }
    return pattern;
}

void host_pattern_drop(void *p) {
    struct host_pattern *pattern = p;
    if (!pattern) return;
    free(pattern->parts);
    free(pattern);
}

static bool has_labels(struct span host) {
    return host.n && host.p[0] != '[';
}

/* Position behind the dot before the last n labels; 0 if there are no more than that. */
static size_t last_labels(struct span host, int n) {
    size_t at = host.n;
    for (;;) {
        struct span before = span_upto(host, at);
        size_t dot = span_find_last(before, '.');
        if (dot == at) return 0;
        if (--n == 0) return dot + 1;
        at = dot;
    }
}

static struct span label(struct span host, int n) {
    if (n == 0) return has_labels(host) ? span_from(host, last_labels(host, 2)) : host;
    if (!has_labels(host)) return SPAN("");
    size_t end = host.n;
    if (n > 1) {
        size_t start = last_labels(host, n - 1);
        if (start == 0) return SPAN("");
        end = start - 1;
    }
    return span_from(span_upto(host, end), last_labels(span_upto(host, end), 1));
}

void host_pattern_expand(const struct host_pattern *pattern, struct span host, struct buf *out) {
    for (size_t i = 0; i < pattern->count; i++) {
        const struct part *p = &pattern->parts[i];
        struct span s = p->label == LITERAL ? p->literal : p->label == WHOLE ? host : label(host, p->label);
        size_t character = (size_t)p->character;
        if (character == 0) buf_add(out, s);
        else if (character <= s.n) buf_add_char(out, s.p[character - 1]);
    }
}

bool host_is_name(struct span host) {
    if (host.n == 0 || host.p[0] == '.' || span_search(host, SPAN("..")) < host.n) return false;
    return span_find(host, '/') == host.n && span_find(host, '\0') == host.n;
}
