/* filter.h - a source that compresses what another one gives */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_DEFLATE_FILTER_H
#define GOLDCREST_DEFLATE_FILTER_H

#include "http/request.h"
#include "http/source.h"
#include "modules/deflate/cachedir.h"
#include "modules/deflate/coder.h"

/* A stream takes the memory of its coder (stream_kib) as long as its client likes; what would take more than this in
 * a worker, or more than a quarter of it for several of one connection, is not compressed: at the defaults some 900
 * streams of gzip in all, or 60 of br. */
enum { FILTERS_MAX_KIB = 128 * 1024 };

/* A source over `inner` for r. NULL if there are too many, or the coder refuses: the caller keeps all then. Else it
 * owns `inner` and `copy` (may be NULL), the file that gets the same bytes. About work_bytes are coded in one turn of
 * the loop by all filters together; who has not had its part wakes r for the next one. What `inner` has given when it
 * begins to wait is flushed; if it does not keep its length, it is broken. */
struct source *filter_make(struct request *r, struct source *inner, const struct coder *coder,
                           const struct tuning *t, size_t work_bytes, struct cached_copy *copy);

/* Some milliseconds of each turn of the loop are for compressing, whoever does it. False: they are over; what is no
 * filter says how long it took. */
bool filters_have_time(void);
void filters_worked(uint64_t ns);

/* A source that gives these chunks; takes them over. */
struct source *chunks_source(struct chunks *body);

#endif
