/* etag.h - entity tags (RFC 9110 8.8.3) */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_HTTP_ETAG_H
#define GOLDCREST_HTTP_ETAG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

enum { ETAG_MAX_BYTES = 40 };

/* An opaque strong tag, quoted, from what identifies a file's state (a part that is not used is 0). Its length. */
size_t etag_make(char out[ETAG_MAX_BYTES], uint64_t inode, uint64_t size, int64_t mtime_s, uint32_t mtime_ns);

/* Is `tag` an element of a list as If-None-Match has it ("*" matches anything)? weak: weak comparison. */
bool etag_list_has(struct span list, struct span tag, bool weak);

/* Takes the next entity tag off the list. False at the end or where the syntax breaks. */
bool etag_next(struct span *rest, struct span *tag);

bool etag_is_weak(struct span tag);

#endif
