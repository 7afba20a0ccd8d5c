/* answer.h - what of a reply this client gets: all of it, parts, or the news that it has it already */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_HTTP_ANSWER_H
#define GOLDCREST_HTTP_ANSWER_H

#include "base/buf.h"
#include "http/range.h"
#include "http/reply.h"

struct answer {
    int status;           /* the reply's own, or 206, 304, 412, 416 */
    bool with_body;       /* false for HEAD and where the status has none */
    unsigned range_count; /* with 206 */
    struct byte_range ranges[RANGES_MAX];
};

/* Preconditions first, then ranges (RFC 9110 13.2.2). */
void answer_decide(struct answer *a, const struct reply *p, const struct request *r, int64_t now);

/* The head for this answer, in the form of reply's `head`. The caller drops it. */
struct blob *answer_head(const struct answer *a, struct reply *p);

/* Queues the body for this answer: the whole, a range, or multipart/byteranges. */
void answer_body(const struct answer *a, const struct reply *p, struct chunks *out);

#endif
