/* linger.c - ends a connection so that the client reads the last byte */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "net/linger.h"

#include "fdevents/socket.h"

#include <errno.h>
#include <stdbool.h>

enum { STEPS = 64, STEP_BYTES = 16384 };

void linger_begin(struct linger_state *l, uint64_t max_bytes) {
    l->bytes_left = max_bytes;
}

/*
 * A step that is not filled has emptied the queue: what comes after it, and the end too, is a new IN. After a full
 * one FIONREAD tells whether there is more, and saves the read that would only say EAGAIN. That nothing is queued
 * means nothing else: it is so at the end, after a reset and before the next packet. Only recv() returning 0 is the
 * end.
 */
int linger_turn(struct linger_state *l, int fd) {
    for (int step = 0; step < STEPS; step++) {
        size_t asked = l->bytes_left < STEP_BYTES ? (size_t)l->bytes_left : STEP_BYTES;
        if (asked == 0) return LINGER_DONE;
        ssize_t got = socket_discard(fd, asked);
        if (got < 0) return errno == EAGAIN || errno == EWOULDBLOCK ? LINGER_WAIT : LINGER_DONE;
        if (got == 0) return LINGER_DONE;
        l->bytes_left -= (uint64_t)got;
        if (l->bytes_left == 0) return LINGER_DONE;
        if ((size_t)got < asked || socket_readable_bytes(fd) == 0) return LINGER_WAIT;
    }
    return LINGER_MORE;
}
