/* linger.c - ends a connection so that the client reads the last byte */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "net/linger.h"

#include "fdevents/socket.h"

#include <errno.h>
#include <stdbool.h>

enum { STEPS = 64, STEP_BYTES = 16384 };

void linger_begin(struct linger_state *l, uint64_t max_bytes)
{
    l->bytes_left = max_bytes;
}

/*
 * What is known to be queued is read without asking once more, which would only say EAGAIN; what
 * comes after it, and the end too, is a new IN. That nothing is queued means nothing: it is so at
 * the end, after a reset and before the next packet. Only recv() returning 0 is the end.
 */
int linger_turn(struct linger_state *l, int fd)
{
    long queued = socket_readable_bytes(fd);
    bool known = queued > 0;

    for (int step = 0; step < STEPS; step++) {
        ssize_t got;

        if (l->bytes_left == 0)
            return LINGER_DONE;
        got = socket_discard(fd, l->bytes_left < STEP_BYTES ? (size_t)l->bytes_left : STEP_BYTES);
        if (got < 0)
            return errno == EAGAIN || errno == EWOULDBLOCK ? LINGER_WAIT : LINGER_DONE;
        if (got == 0)
            return LINGER_DONE;
        l->bytes_left -= (uint64_t)got;
        queued -= (long)got;
        if (known && queued <= 0)
            return l->bytes_left ? LINGER_WAIT : LINGER_DONE;
    }
    return LINGER_MORE;
}
