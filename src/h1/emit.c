/* emit.c - responses in HTTP/1.x's form */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "h1/emit.h"

#include <stdio.h>

#include "base/buf.h"
#include "http/date.h"
#include "http/head.h"

/*
 * What follows the fields of a response is the same for all responses of a second:
 *   "Date: …\r\n" "\r\n"   or   "Date: …\r\n" "Connection: close\r\n" "\r\n"   or with keep-alive
 * It is made once a second, as one blob with the three forms behind each other.
 */
static const char *const connection_lines[] = {"\r\n", "Connection: close\r\n\r\n", "Connection: keep-alive\r\n\r\n"};
enum { DATE_LINE_BYTES = 6 + HTTP_DATE_BYTES + 2, ENDINGS = 3 };

static struct {
    struct blob *blob;
    int64_t second;
    size_t at[ENDINGS + 1];
} ending;

static void make_ending(int64_t now_s) {
    char date[HTTP_DATE_BYTES + 1] = "";
    struct buf all = {0};
    date_format(now_s, date);
    for (unsigned i = 0; i < ENDINGS; i++) {
        ending.at[i] = all.n;
        buf_printf(&all, "Date: %.*s\r\n%s", HTTP_DATE_BYTES, date, connection_lines[i]);
    }
    ending.at[ENDINGS] = all.n;
    blob_drop(ending.blob);
    ending.blob = blob_copy(buf_span(&all));
    ending.second = now_s;
    buf_done(&all);
}

/* Which part of ending.blob it is. */
static struct span ending_of(struct h1_framing f, int64_t now_s) {
    if (!ending.blob || ending.second != now_s) make_ending(now_s);
    unsigned form = !f.keep_alive ? 1 : f.version_10 ? 2 : 0;
    return span_between(ending.blob->p + ending.at[form], ending.blob->p + ending.at[form + 1]);
}

static size_t add_ending(struct chunks *out, struct h1_framing f, int64_t now_s) {
    struct span part = ending_of(f, now_s);
    chunks_add_blob(out, ending.blob, (size_t)(part.p - ending.blob->p), part.n);
    return part.n;
}

static const struct span version_10 = SPAN_INIT("HTTP/1.0");

static size_t add_head(struct chunks *out, struct blob *head, struct h1_framing f, int64_t now_s) {
    size_t skip = f.answer_as_10 ? version_10.n : 0;
    if (skip) chunks_add_constant(out, version_10);
    chunks_add_blob(out, head, skip, head->n - skip);
    return head->n + add_ending(out, f, now_s);
}

size_t h1_emit_reply(struct chunks *out, struct reply *p, const struct answer *a, struct h1_framing f,
                     int64_t now_s) {
    struct blob *head = answer_head(a, p);
    size_t n = add_head(out, head, f, now_s);
    blob_drop(head);
    answer_body(a, p, out);
    return n;
}

size_t h1_emit_head(struct chunks *out, const struct request *r, int64_t length, struct h1_framing f, int64_t now_s) {
    static struct buf head; /* of the worker: its size is what the largest head before has needed */
    head_start(&head, r->status);
    if (r->is_tunnel) f = (struct h1_framing){.keep_alive = true}; /* nothing is said of what follows */
    if (f.answer_as_10) memcpy(head.p, version_10.p, version_10.n);
    head_add_fields(&head, &r->out);
    if (r->is_tunnel && r->status == 101) buf_add(&head, SPAN("Connection: upgrade\r\n"));
    if (r->is_tunnel) length = BODY_UNKNOWN;
    if (length >= 0) head_add_length(&head, (uint64_t)length);
    else if (!f.version_10 && !r->is_tunnel) buf_add(&head, SPAN("Transfer-Encoding: chunked\r\n"));
    buf_add(&head, ending_of(f, now_s));
    chunks_add_copy(out, buf_span(&head));
    size_t n = head.n;
    buf_reuse(&head);
    return n;
}

void h1_emit_chunk(struct chunks *out, struct chunks *body) {
    char size[24];
    if (body->bytes == 0) return; /* an empty chunk would be the last one */
    int n = snprintf(size, sizeof size, "%llx\r\n", (unsigned long long)body->bytes);
    chunks_add_copy(out, (struct span){size, (size_t)n});
    chunks_move(out, body);
    chunks_add_constant(out, SPAN("\r\n"));
}

void h1_emit_last_chunk(struct chunks *out, const struct fields *trailers) {
    struct buf last = {0};
    if (!trailers) {
        chunks_add_constant(out, SPAN("0\r\n\r\n"));
        return;
    }
    buf_add(&last, SPAN("0\r\n"));
    for (uint32_t i = 0; i < trailers->count; i++)
        if (!(header_flags(trailers->list[i].id) & HEADER_NO_TRAILER)) head_add_field(&last, &trailers->list[i]);
    buf_add(&last, SPAN("\r\n"));
    chunks_add_copy(out, buf_span(&last));
    buf_done(&last);
}

void h1_emit_interim(struct chunks *out, int status, const struct fields *fields) {
    struct buf head = {0};
    head_start(&head, status);
    if (fields) head_add_fields(&head, fields);
    buf_add(&head, SPAN("\r\n"));
    chunks_add_copy(out, buf_span(&head));
    buf_done(&head);
}

void h1_emit_continue(struct chunks *out) {
    chunks_add_constant(out, SPAN("HTTP/1.1 100 Continue\r\n\r\n"));
}
