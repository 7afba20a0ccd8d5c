/* answer.c - the end of an answer, by its head alone: status and length */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "tests/bench/answer.h"

#include <stdbool.h>
#include <string.h>

#include "base/number.h"
#include "base/span.h"

void answer_begin(struct answer *a) {
    a->state = ANSWER_IN_HEAD;
    a->head_bytes = 0;
}

/* The length of a head with its empty line, or 0: its end is not there yet. */
static size_t head_length(const char *p, size_t n) {
    const char *from = p, *to = p + n, *line;
    while (from < to && (line = memchr(from, '\n', (size_t)(to - from)))) {
        if (line - p >= 3 && line[-1] == '\r' && line[-2] == '\n') return (size_t)(line - p) + 1;
        from = line + 1;
    }
    return 0;
}

static bool is_named(struct span line, struct span lower_name) {
    if (line.n <= lower_name.n || line.p[lower_name.n] != ':') return false;
    for (size_t i = 0; i < lower_name.n; i++)
        if (ascii_lower(line.p[i]) != lower_name.p[i]) return false;
    return true;
}

/* The value of Content-Length, which must be there once. */
static bool find_length(struct span head, uint64_t *length) {
    unsigned found = 0;
    while (head.n > 0) {
        const char *end = memchr(head.p, '\n', head.n);
        struct span line = end ? span_between(head.p, end) : head;
        head = end ? span_from(head, line.n + 1) : span_upto(head, 0);
        if (!is_named(line, SPAN("content-length"))) continue;
        line = span_from(line, sizeof "content-length:" - 1);
        while (line.n > 0 && line.p[0] == ' ') line = span_from(line, 1);
        while (line.n > 0 && (line.p[line.n - 1] == '\r' || line.p[line.n - 1] == ' ')) line.n--;
        if (!number_parse(line, UINT64_MAX / 2, length)) return false;
        found++;
    }
    return found == 1;
}

static enum answer_state read_head(struct answer *a, struct span head) {
    uint64_t status;
    if (head.n < 13 || !span_starts(head, SPAN("HTTP/1.1 "))) return ANSWER_NONE;
    if (!number_parse((struct span){head.p + 9, 3}, 999, &status)) return ANSWER_NONE;
    a->status = (unsigned)status;
    a->body_bytes = 0;
    bool has_body = status != 204 && status != 304;
    if (has_body && !find_length(head, &a->body_bytes)) return ANSWER_NONE;
    a->left_bytes = a->body_bytes;
    return a->left_bytes ? ANSWER_IN_BODY : ANSWER_WHOLE;
}

/* A head that came in pieces is put together; it ends in the middle of these bytes, or later. */
static size_t take_piece(struct answer *a, const char *p, size_t n) {
    size_t before = a->head_bytes, room = sizeof a->head - before;
    memcpy(a->head + before, p, n < room ? n : room);
    a->head_bytes += n < room ? n : room;
    size_t length = head_length(a->head, a->head_bytes);
    if (length) a->state = read_head(a, (struct span){a->head, length});
    else if (n >= room) a->state = ANSWER_NONE;
    return length ? length - before : n;
}

static size_t take_head(struct answer *a, const char *p, size_t n) {
    size_t length = a->head_bytes ? 0 : head_length(p, n);
    if (!length) return take_piece(a, p, n);
    a->state = read_head(a, (struct span){p, length});
    return length;
}

size_t answer_take(struct answer *a, const char *p, size_t n) {
    size_t used = a->state == ANSWER_IN_HEAD ? take_head(a, p, n) : 0;
    if (a->state != ANSWER_IN_BODY) return used;
    size_t body = n - used < a->left_bytes ? n - used : (size_t)a->left_bytes;
    a->left_bytes -= body;
    if (a->left_bytes == 0) a->state = ANSWER_WHOLE;
    return used + body;
}
