/* post.h - messages with descriptors between two processes that both must not wait for the other */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_POST_H
#define GOLDCREST_POST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/list.h"
#include "base/span.h"
#include "fdevents/fdevent.h"
#include "net/enclosure.h"

enum {
    POST_BYTES_MAX = 1024 * 1024,      /* of one message */
    POST_QUEUE_MAX = 4 * 1024 * 1024   /* bytes that wait for a peer who does not read */
};

/* letter - a message as it arrived; descriptors that nobody takes are closed */
struct letter {
    uint32_t id;
    unsigned kind;
    struct span payload; /* lives during the call */
    struct enclosure enclosed;
    bool fds_lost; /* it had some, which could not be had: no descriptors left here or there */
};

/* post - one end; embedded in its owner, who sets take and gone */
struct post {
    struct fdevent ev;
    struct list waiting;      /* to be sent */
    size_t waiting_bytes;
    struct buf in;            /* what has come of a message */
    struct letter letter;
    void (*take)(struct post *p, struct letter *l);
    void (*gone)(struct post *p); /* the other end is closed, or post_close() was called: once, when this end is too;
                                     the owner may free itself */
    bool is_open;
};

/* A stream socket of AF_UNIX (taken over) becomes nonblocking and close-on-exec. False with errno. */
bool post_open(struct post *p, struct fdevents *events, int socket);

/* Queues a message and sends what goes at once. Its descriptors (NULL: none) are closed here in any case. False with
 * errno: EPIPE (it is closed), EAGAIN (too much waits), EMSGSIZE. */
bool post_send(struct post *p, unsigned kind, uint32_t id, struct span payload,
               const struct enclosure *enclosed);

/* In a process that was forked: closes its copies of what this end has open. */
void post_close_copies(struct post *p);

/* No more letters; `gone` comes later. */
void post_close(struct post *p);

#endif
