/* enclosure.h - descriptors that travel with bytes over a socket of AF_UNIX (SCM_RIGHTS) */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_ENCLOSURE_H
#define GOLDCREST_ENCLOSURE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <sys/uio.h>

enum { ENCLOSURE_MAX = 3 }; /* descriptors with one message */

/* enclosure - descriptors to be sent, or that have come; of all zeros: none */
struct enclosure {
    int fds[ENCLOSURE_MAX]; /* -1: taken */
    unsigned count;
};

/* sendmsg() of these pieces; NULL or an empty enclosure: bytes alone. The descriptors stay the caller's, and are on
 * their way if so much as a byte was sent. Bytes sent, or -1 with errno, which is never EINTR. */
ssize_t enclosure_send(int socket, struct iovec *pieces, unsigned count, const struct enclosure *e);

/* recvmsg() of at most n bytes. Descriptors that come with them are added to e, close-on-exec. Those that there is no
 * room for are closed; so are all of this call where the system had to drop one: nobody could tell which is which.
 * Bytes received, 0 at the end, or -1 with errno, which is never EINTR. */
ssize_t enclosure_receive(int socket, void *bytes, size_t n, struct enclosure *e);

/* The caller's from now on; -1: there is none at this place, or not any more. */
int enclosure_take(struct enclosure *e, unsigned place);

/* Closes what was not taken, and empties it. */
void enclosure_close(struct enclosure *e);

#endif
