/* head.h - the head of a response as text: status line and fields, each line ended, without the empty line */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_HTTP_HEAD_H
#define GOLDCREST_HTTP_HEAD_H

#include "base/blob.h"
#include "base/buf.h"
#include "http/fields.h"

void head_start(struct buf *head, int status);

/* Those that whoever sends the head makes: Content-Length, Transfer-Encoding, Connection, Keep-Alive, Date. */
bool head_is_framing(enum header id);

/* All fields but those. */
void head_add_fields(struct buf *head, const struct fields *fields);

/* One, whatever it is. */
void head_add_field(struct buf *head, const struct field *f);

/* Content-Length. */
void head_add_length(struct buf *head, uint64_t length);

/* The text as a blob with one reference; empties the buf. */
struct blob *head_finish(struct buf *head);

#endif
