/* collect.c - a request's body, kept until somebody wants all of it */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <errno.h>
#include <string.h>

#include "http/source.h"
#include "net/spool.h"
#include "server/conn.h"
#include "server/module.h"

/* collector - a sink into r->in_body; in the request's arena */
struct collector {
    struct sink sink;
    struct request *r;
};

static ptrdiff_t put(struct sink *sink, struct span bytes) {
    struct request *r = ((struct collector *)sink)->r;
    const char *where = NULL;
    if (spool_add(&r->in_body, bytes, &where)) return (ptrdiff_t)bytes.n;
    request_reason(r, "server.upload-dirs", "the request's body cannot be kept in %s: %s",
                   where ? where : "any directory", strerror(errno));
    return -1;
}

/* What was collected stays for whoever comes next. */
static void drop(struct sink *sink) {
    (void)sink;
}

bool request_is_collected(const struct sink *s) {
    return s->put == put;
}

void request_collect_body(struct request *r) {
    if (r->sink && request_is_collected(r->sink)) return;
    request_drop_sink(r);
    struct collector *x = arena_get(&r->arena, sizeof *x);
    *x = (struct collector){{put, NULL, drop}, r};
    r->sink = &x->sink;
}
