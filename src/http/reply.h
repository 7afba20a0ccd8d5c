/* reply.h - a whole response, built once and sent often */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_HTTP_REPLY_H
#define GOLDCREST_HTTP_REPLY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/blob.h"
#include "base/list.h"
#include "http/coding.h"
#include "http/fresh.h"
#include "http/request.h"
#include "net/file.h"

enum { REPLY_INLINE_BYTES = 64 * 1024 }; /* larger files are sent from their descriptor */

/*
 * reply - immutable but for what the cache notes; counted
 * `head` is the status line and the fields in HTTP/1.1's form, each line ended, without Date, Connection and the
 * empty line. The body is a blob or a file, never both; neither: it is empty. All spans point into `own`.
 */
struct reply {
    unsigned refs;

    /* what the cache looks at: together, since each hit among many replies waits for this memory */
    uint32_t hash;
    struct reply *next; /* in its hash chain */
    uint64_t conditions;
    struct span authority, target;
    uint32_t listener;
    uint8_t lasting; /* enum lasting */
    bool is_tls;
    bool was_asked_for; /* since the cache last looked for what could go */
    bool kept;
    int64_t looked_s; /* when it was last compared with the file system */
    struct choices choices;

    int status;
    bool no_range; /* server.range-requests = "disable", or it was coded on the way */
    bool no_body;  /* a status that has none: 204, 304 */
    bool has_state;
    uint8_t vhost; /* as in request.h */
    const struct plan *plan, *first_plan; /* as in request.h */
    struct blob *head;
    struct blob *head_304; /* what a fresh client gets; made when it is first asked for */
    struct blob *head_206; /* what all ranges have in common; likewise */
    struct blob *coded[2]; /* head and head_304 as HTTP/2's header blocks (h2/emit), without Date; made on demand */
    struct blob *body;
    struct file *file;
    uint64_t length;
    struct span reason;    /* of an error, for logs alone; or empty */
    struct span path;      /* of the file that it came from; for the access log and for looking again */
    struct validators validators;
    struct span content_type;
    struct blob *own;

    struct list link;        /* of the kept ones, the last one made first */
    struct file_state state; /* of the file at `path`; known from its opening if has_state */
};

/* From what the modules made of r: status, fields and a complete body (taken out of r->body). Small files are read
 * in. reason: of an error status, or empty. NULL with errno if a file cannot be read. */
struct reply *reply_make(struct request *r, bool range_requests, struct span reason);

/* A body as one blob: it may be several chunks, and files. NULL with errno if a file cannot be read. */
struct blob *body_join(const struct chunks *body);

static inline struct reply *reply_hold(struct reply *p) {
    p->refs++;
    return p;
}

void reply_drop(struct reply *p); /* accepts NULL */

#endif
