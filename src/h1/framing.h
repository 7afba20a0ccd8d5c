/* framing.h - what the fields of a head say about the message: length, host, connection (RFC 9112 3.2, 6, 9) */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_H1_FRAMING_H
#define GOLDCREST_H1_FRAMING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "http/request.h"

/* h1_framing - noted while the fields are read; {.length = -1} starts a head */
struct h1_framing {
    int64_t length; /* Content-Length, or -1 */
    struct span host;
    bool has_host, has_coding, chunked_last, other_coding, chunked_twice_or_early;
    bool close, keep_alive;
    bool expect_continue, expect_other;
};

/* Is this field one to keep (a repeated Content-Length is not)? *status: 0, or what to refuse with. */
bool h1_framing_note(struct h1_framing *framing, struct field *field, int *status);

/* When all fields are read: completes m (authority, uri, body_bytes, keep_alive …). Returns 0 or a status. */
int h1_framing_finish(struct message *m, const struct h1_framing *framing, unsigned options, struct arena *a);

#endif
