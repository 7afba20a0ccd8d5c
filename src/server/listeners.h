/* listeners.h - the sockets that the master holds open for its workers */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_LISTENERS_H
#define GOLDCREST_LISTENERS_H

#include <stdbool.h>

#include "server/settings.h"

/*
 * held_listener - one address, with a socket for each worker where the kernel balances over several, else one for
 * all. The master keeps them, so that neither a reload nor a worker's death closes a socket with clients in its
 * queue.
 */
struct held_listener {
    struct held_listener *next;
    char *name;
    unsigned count;
    bool passed; /* by whoever started us, and not named by the configuration: kept for good */
    bool is_lent; /* passed, named or not: a socket file stays when we end */
    int fds[];
};

/* Opens what conf wants and is not open yet; takes over those that systemd passed. New ones are put in front of
 * *list. False with the reason said; then nothing is added. */
bool listeners_open(struct held_listener **list, const struct conf *conf, unsigned workers);

/* One that a process before us held, put in front of *list; the descriptors are taken over. */
struct held_listener *listener_take(struct held_listener **list, struct span name, const int *fds, unsigned count);

/* By this configuration, or passed. */
bool listener_is_wanted(const struct held_listener *l, const struct conf *conf);

/* Closes what the configuration does not want any more. */
void listeners_close_others(struct held_listener **list, const struct conf *conf);
void listeners_close(struct held_listener **list);
void listeners_let_go(struct held_listener **list); /* in another process than the owner's: socket files stay */

static inline int listener_fd(const struct held_listener *l, unsigned worker) {
    return l->fds[worker % l->count];
}

#endif
