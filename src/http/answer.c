/* answer.c - what of a reply this client gets */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "http/answer.h"

#include <stdio.h>

#include "http/head.h"

/* No byte sequence of a boundary may stand in the body; 24 characters that no file has make that likely enough, and
 * it is the same for each file so that a resumed download can be compared. */
#define BOUNDARY "goldcrest-byteranges-7f3a"

void answer_decide(struct answer *a, const struct reply *p, const struct request *r, int64_t now) {
    bool get = r->in.method == METHOD_GET, head = r->in.method == METHOD_HEAD;
    a->status = p->status;
    a->range_count = 0;
    a->with_body = !head && !p->no_body;
    if (p->status != 200 || !(get || head)) return;
    int fresh = fresh_check(&r->in.fields, true, &p->validators, now);
    if (fresh) {
        a->status = fresh;
        a->with_body = false;
        return;
    }
    if (!get || p->no_range || !fields_have(&r->in.fields, HEADER_RANGE)) return;
    if (!fresh_range(&r->in.fields, &p->validators, now)) return;
    enum range_result result = ranges_parse(fields_first(&r->in.fields, HEADER_RANGE)->value, p->length, a->ranges,
                                            &a->range_count);
    if (result == RANGE_OK) a->status = 206;
    if (result == RANGE_UNSATISFIABLE) {
        a->status = 416;
        a->with_body = false;
    }
}

/* RFC 9110 15.4.5: what a 304 has of the 200's fields, so that the client can bring its copy up to date. */
static bool in_304(enum header id) {
    return id != HEADER_CONTENT_TYPE && id != HEADER_CONTENT_LENGTH && id != HEADER_CONTENT_ENCODING &&
           id != HEADER_CONTENT_RANGE && id != HEADER_ACCEPT_RANGES;
}

/* Of an error in place of the file (412, 416): nothing that describes the file. */
static bool in_error(enum header id) {
    return in_304(id) && id != HEADER_ETAG && id != HEADER_LAST_MODIFIED && id != HEADER_CACHE_CONTROL &&
           id != HEADER_EXPIRES;
}

static bool in_206(enum header id) {
    return id != HEADER_CONTENT_LENGTH;
}

static bool in_multipart(enum header id) {
    return in_206(id) && id != HEADER_CONTENT_TYPE;
}

/* Copies the lines of the reply's head that a filter lets through. */
static void add_fields(struct buf *head, const struct reply *p, bool (*wanted)(enum header id)) {
    struct span rest = blob_span(p->head), line;
    span_next(&rest, '\n', &line); /* the status line */
    while (rest.n && span_next(&rest, '\n', &line)) {
        if (!wanted(header_find(span_upto(line, span_find(line, ':'))))) continue;
        buf_add(head, line);
        buf_add_char(head, '\n');
    }
}

static size_t part_head(char out[512], const struct reply *p, const struct byte_range *range) {
    struct span type = p->content_type;
    if (type.n > 256) type.n = 0;
    int n = snprintf(out, 512, "\r\n--" BOUNDARY "%s%.*s\r\nContent-Range: bytes %llu-%llu/%llu\r\n\r\n",
                     type.n ? "\r\nContent-Type: " : "", SPAN_ARG(type), (unsigned long long)range->first,
                     (unsigned long long)range->last, (unsigned long long)p->length);
    return (size_t)n;
}

static const struct span last_line = SPAN_INIT("\r\n--" BOUNDARY "--\r\n");

static uint64_t multipart_length(const struct answer *a, const struct reply *p) {
    char out[512];
    uint64_t n = last_line.n;
    for (unsigned i = 0; i < a->range_count; i++)
        n += part_head(out, p, &a->ranges[i]) + (a->ranges[i].last - a->ranges[i].first + 1);
    return n;
}

static void add_range(struct buf *head, const struct byte_range *range, uint64_t length) {
    buf_add(head, SPAN("Content-Range: bytes "));
    buf_add_number(head, range->first);
    buf_add_char(head, '-');
    buf_add_number(head, range->last);
    buf_add_char(head, '/');
    buf_add_number(head, length);
    buf_add(head, SPAN("\r\n"));
    head_add_length(head, range->last - range->first + 1);
}

static struct blob *made_once(struct blob **kept, int status, const struct reply *p, bool (*wanted)(enum header id)) {
    if (!*kept) {
        struct buf head = {0};
        head_start(&head, status);
        add_fields(&head, p, wanted);
        *kept = head_finish(&head);
    }
    return *kept;
}

static struct blob *head_206(const struct answer *a, struct reply *p) {
    static struct buf head; /* of the worker: its size is what the largest before has needed */
    buf_clear(&head);
    if (a->range_count == 1) {
        struct span same = blob_span(made_once(&p->head_206, 206, p, in_206));
        buf_add(&head, same);
        add_range(&head, &a->ranges[0], p->length);
    } else {
        head_start(&head, 206);
        add_fields(&head, p, in_multipart);
        buf_printf(&head, "Content-Type: multipart/byteranges; boundary=" BOUNDARY "\r\nContent-Length: %llu\r\n",
                   (unsigned long long)multipart_length(a, p));
    }
    return blob_copy(buf_span(&head));
}

static struct blob *head_error(const struct answer *a, const struct reply *p) {
    struct buf head = {0};
    head_start(&head, a->status);
    add_fields(&head, p, in_error);
    if (a->status == 416) buf_printf(&head, "Content-Range: bytes */%llu\r\n", (unsigned long long)p->length);
    buf_add(&head, SPAN("Content-Length: 0\r\n"));
    return head_finish(&head);
}

struct blob *answer_head(const struct answer *a, struct reply *p) {
    if (a->status == p->status) return blob_hold(p->head);
    if (a->status == 304) return blob_hold(made_once(&p->head_304, 304, p, in_304));
    return a->status == 206 ? head_206(a, p) : head_error(a, p);
}

static void add_bytes(struct chunks *out, const struct reply *p, uint64_t at, uint64_t n) {
    if (p->body) chunks_add_blob(out, p->body, (size_t)at, (size_t)n);
    else if (p->file) chunks_add_file(out, p->file, at, n);
}

void answer_body(const struct answer *a, const struct reply *p, struct chunks *out) {
    char head[512];
    if (!a->with_body) return;
    if (a->status == p->status) add_bytes(out, p, 0, p->length); /* which may be a backend's 206 */
    for (unsigned i = 0; i < a->range_count; i++) {
        const struct byte_range *range = &a->ranges[i];
        if (a->range_count > 1) chunks_add_copy(out, (struct span){head, part_head(head, p, range)});
        add_bytes(out, p, range->first, range->last - range->first + 1);
    }
    if (a->range_count > 1) chunks_add_constant(out, last_line);
}
