/* linger.h - ends a connection so that the client reads the last byte */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_LINGER_H
#define GOLDCREST_LINGER_H

#include <stdint.h>

/*
 * A close() while the client is still sending makes the kernel answer with a reset, and the reset throws away the
 * response that the client has not read yet: on every system for bytes that arrive later, on some for bytes that are
 * queued already. So: send everything, socket_half_close(), then want IN only and call linger_turn() on each IN until
 * it is done, then close. The time limits are the caller's. (POSIX has taken the name struct linger.)
 */
struct linger_state {
    uint64_t bytes_left; /* so much is thrown away at most */
};

enum {
    LINGER_MORE, /* used its turn up: let the others run, then call again */
    LINGER_WAIT, /* nothing there now: call again on IN                   */
    LINGER_DONE  /* the end, a reset, or the budget is used up: close     */
};

void linger_begin(struct linger_state *l, uint64_t max_bytes);

/* Reads and throws away, at most 64 steps of 16 KiB. LINGER_*. */
int linger_turn(struct linger_state *l, int fd);

#endif
