/* replies.h - the cache of replies of one worker */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_HTTP_REPLIES_H
#define GOLDCREST_HTTP_REPLIES_H

#include <stddef.h>
#include <stdint.h>

#include "http/reply.h"

/*
 * A reply may be kept when everything that had a say in it is part of the key (listener, scheme, authority, target
 * as sent, bits of the other conditions) or is looked at again, at most once a second: what `lasting` says. What was
 * chosen by Accept-Encoding is right for all who would have got the same choice: a target has a few replies then.
 * Bounded in bytes and in open files; the oldest that was not asked for again goes first.
 */
struct replies;

struct replies *replies_make(size_t max_bytes, unsigned max_files);
void replies_drop(struct replies *c);
void replies_limit(struct replies *c, size_t max_bytes);

/* The reply for r (GET or HEAD without a body), or NULL. The caller gets no reference. */
struct reply *replies_find(struct replies *c, const struct request *r, uint32_t listener, int64_t now_s);

/* Keeps p, made just now for r, unless it is too large or for r alone. */
void replies_keep(struct replies *c, struct reply *p, const struct request *r, uint32_t listener, int64_t now_s);

/* Forgets everything: the configuration was exchanged. */
void replies_clear(struct replies *c);

struct replies_counts {
    uint64_t hits, misses, kept, evicted; /* evicted: to make room, or not true any more */
    size_t entries, bytes, files, max_bytes;
};
struct replies_counts replies_count(const struct replies *c);

#endif
