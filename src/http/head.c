/* head.c - the head of a response as text */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "http/head.h"

enum { USUAL_BYTES = 400 };

void head_start(struct buf *head, int status) {
    buf_room(head, USUAL_BYTES);
    buf_add(head, SPAN("HTTP/1.1 "));
    buf_add_number(head, (uint64_t)status);
    buf_add_char(head, ' ');
    buf_add(head, status_reason(status));
    buf_add(head, SPAN("\r\n"));
}

bool head_is_framing(enum header id) {
    return id == HEADER_CONTENT_LENGTH || id == HEADER_TRANSFER_ENCODING || id == HEADER_CONNECTION ||
           id == HEADER_DATE || id == HEADER_KEEP_ALIVE;
}

void head_add_field(struct buf *head, const struct field *f) {
    size_t n = f->name.n + f->value.n + 4;
    char *to = buf_room(head, n);
    memcpy(to, f->name.p, f->name.n);
    memcpy(to + f->name.n, ": ", 2);
    if (f->value.n) memcpy(to + f->name.n + 2, f->value.p, f->value.n);
    memcpy(to + n - 2, "\r\n", 2);
    head->n += n;
}

void head_add_fields(struct buf *head, const struct fields *fields) {
    for (uint32_t i = 0; i < fields->count; i++) {
        const struct field *f = &fields->list[i];
        if (!head_is_framing(f->id)) head_add_field(head, f);
    }
}

void head_add_length(struct buf *head, uint64_t length) {
    buf_add(head, SPAN("Content-Length: "));
    buf_add_number(head, length);
    buf_add(head, SPAN("\r\n"));
}

struct blob *head_finish(struct buf *head) {
    struct blob *blob = blob_copy(buf_span(head));
    buf_done(head);
    return blob;
}
