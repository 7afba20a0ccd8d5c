/* reply.c - a whole response, built once and sent often */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "http/reply.h"

#include <errno.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/memory.h"
#include "http/date.h"
#include "http/head.h"

static bool has_no_body(int status) {
    return status == 204 || status == 304 || (status >= 100 && status < 200);
}

static struct blob *make_head(const struct reply *p, const struct fields *fields) {
    struct buf head = {0};
    head_start(&head, p->status);
    head_add_fields(&head, fields);
    if (!p->no_body) head_add_length(&head, p->length);
    return head_finish(&head);
}

struct blob *body_join(const struct chunks *body) {
    if (body->bytes > SIZE_MAX / 2) return NULL;
    struct blob *all = blob_make((size_t)body->bytes);
    size_t at = 0;
    for (unsigned i = 0; i < body->count; i++) {
        const struct chunk *c = chunks_at(body, i);
        struct blob *content = c->kind == CHUNK_FILE ? file_content(c->is.file) : NULL;
        if (c->kind == CHUNK_FILE && (!content || content->n < c->at + c->left)) {
            blob_drop(content);
            blob_drop(all);
            return NULL;
        }
        memcpy(all->p + at, content ? content->p + c->at : chunk_bytes(c), (size_t)c->left);
        at += (size_t)c->left;
        blob_drop(content);
    }
    return all;
}

static bool take_body(struct reply *p, struct chunks *body) {
    const struct chunk *only = body->count == 1 ? chunks_at(body, 0) : NULL;
    p->length = body->bytes;
    if (body->count == 0) return true;
    p->has_state = only && only->kind == CHUNK_FILE;
    if (p->has_state) p->state = only->is.file->state;
    if (only && only->kind == CHUNK_FILE && only->at == 0 && only->left > REPLY_INLINE_BYTES)
        p->file = file_hold(only->is.file);
    else if (only && only->kind == CHUNK_BLOB && only->left == only->is.blob->n)
        p->body = blob_hold(only->is.blob);
    else
        p->body = body_join(body);
    return p->file || p->body;
}

/* Will Last-Modified be compared with something? Others may ask, if the reply is kept. */
static bool asks_for_date(const struct request *r) {
    const struct fields *f = &r->in.fields;
    return fields_have(f, HEADER_IF_MODIFIED_SINCE) || fields_have(f, HEADER_IF_UNMODIFIED_SINCE) ||
           fields_have(f, HEADER_IF_RANGE);
}

/* What the reply has to remember beyond the request, in one piece of memory. */
static void take_texts(struct reply *p, struct request *r, struct span reason) {
    struct span etag = fields_get(&r->out, &r->arena, HEADER_ETAG);
    struct span modified = fields_get(&r->out, &r->arena, HEADER_LAST_MODIFIED);
    struct span *texts[] = {&p->authority, &p->target, &p->validators.etag, &p->content_type, &p->path,
                            &p->reason};
    struct span from[] = {r->in.authority, r->in.target_sent, etag,
                          fields_get(&r->out, &r->arena, HEADER_CONTENT_TYPE), r->physical.path, reason};
    size_t n = 0, count = sizeof from / sizeof *from;
    for (size_t i = 0; i < count; i++) n += from[i].n + 1;
    p->own = blob_make(n);
    char *at = p->own->p;
    for (size_t i = 0; i < count; i++) {
        if (from[i].n) memcpy(at, from[i].p, from[i].n);
        at[from[i].n] = '\0';
        *texts[i] = (struct span){at, from[i].n};
        at += from[i].n + 1;
    }
    p->validators.last_modified = -1;
    if (modified.n && (r->lasting < LASTS_NOT || asks_for_date(r)))
        date_parse(modified, 0, &p->validators.last_modified);
}

struct reply *reply_make(struct request *r, bool range_requests, struct span reason) {
    struct reply *p = memory_zeroed(1, sizeof *p);
    p->refs = 1;
    p->status = r->status;
    p->vhost = r->vhost;
    p->no_range = !range_requests || r->no_range;
    p->no_body = has_no_body(r->status);
    p->is_tls = r->is_tls;
    p->lasting = r->lasting;
    p->plan = r->plan;
    p->first_plan = r->first_plan;
    p->choices = r->choices;
    list_init(&p->link);
    if (p->no_body) chunks_clear(&r->body);
    if (!take_body(p, &r->body)) {
        int error = errno;
        reply_drop(p);
        errno = error;
        return NULL;
    }
    if (r->made_from) {
        p->state = *r->made_from;
        p->has_state = true;
    }
    p->head = make_head(p, &r->out);
    take_texts(p, r, reason);
    chunks_clear(&r->body);
    return p;
}

void reply_drop(struct reply *p) {
    if (!p || --p->refs > 0) return;
    blob_drop(p->head);
    blob_drop(p->head_304);
    blob_drop(p->head_206);
    blob_drop(p->coded[0]);
    blob_drop(p->coded[1]);
    blob_drop(p->body);
    blob_drop(p->own);
    file_drop(p->file);
    free(p);
}
