/* codec.c - what codecs share */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "modules/gateway/codec.h"

enum { SMALL_BYTES = 2048 /* less is copied: a piece keeps all of its blob in memory */ };

void pair_body(struct message_pair *p, struct span bytes) {
    if (bytes.n < SMALL_BYTES || !p->in_blob) chunks_add_copy(&p->body, bytes);
    else chunks_add_blob(&p->body, p->in_blob, (size_t)(bytes.p - p->in_blob->p), bytes.n);
}

bool is_hop_by_hop(const struct field *f, struct span connection) {
    if (header_flags(f->id) & HEADER_HOP_BY_HOP) return true;
    return connection.n && list_has_token(connection, f->name);
}

bool is_left_behind(const struct field *f, struct span connection) {
    return is_hop_by_hop(f, f->is_received ? connection : (struct span){NULL, 0});
}
