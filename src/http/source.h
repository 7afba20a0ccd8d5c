/* source.h - where a response's body comes from, and where a request's body goes */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_HTTP_SOURCE_H
#define GOLDCREST_HTTP_SOURCE_H

#include <stddef.h>
#include <stdint.h>

#include "base/span.h"
#include "net/chunk.h"

enum source_result {
    SOURCE_MORE,  /* something was queued: ask again when there is room */
    SOURCE_WAIT,  /* nothing now: the connection will be woken */
    SOURCE_END,   /* that was all */
    SOURCE_BROKEN /* the body is not complete and never will be: the client must see that */
};

/* source - pulled by the connection while its out queue has room; a filter is a source that wraps one */
struct source {
    enum source_result (*pull)(struct source *s, struct chunks *out, uint64_t room);
    void (*drop)(struct source *s);
    int64_t length; /* bytes in all, or -1: known at the end only */
};

/* sink - takes the request's body as it comes */
struct sink {
    /* How many of the bytes were taken; fewer means: wait until the connection is woken. -1: broken. */
    ptrdiff_t (*put)(struct sink *s, struct span bytes);
    void (*end)(struct sink *s);  /* the body was complete */
    void (*drop)(struct sink *s); /* in any case, at the end of the request */
};

#endif
