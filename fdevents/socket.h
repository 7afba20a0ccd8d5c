/* socket.h - what sockets answer, made the same on every system */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_FDEVENTS_SOCKET_H
#define GOLDCREST_FDEVENTS_SOCKET_H

#include <stddef.h>
#include <sys/socket.h>
#include <sys/types.h>

enum {
    SOCKET_LATER = -1,   /* nothing there: wait for IN */
    SOCKET_AGAIN = -2,   /* that one was lost (ECONNABORTED and its kin): try at once */
    SOCKET_NO_ROOM = -3, /* EMFILE, ENFILE, ENOBUFS, ENOMEM: stop asking for a while; errno tells */
    SOCKET_BROKEN = -4   /* the listener itself is unusable; errno tells */
};

/* Accepts one connection: nonblocking and close-on-exec on every system. The descriptor, or
 * SOCKET_* above. addr, addr_len: the peer's address as accept() gives it. */
int socket_accept(int listener, struct sockaddr *addr, socklen_t *addr_len);

/* After a nonblocking connect() has become writable: 0 connected, EINPROGRESS not yet, else the
 * error. */
int socket_connect_result(int fd);

/* Bytes that can be read at once (FIONREAD), or -1: unknown. A hint: 0 at the end, after a reset
 * and when nothing has come yet look alike. */
long socket_readable_bytes(int fd);

/* Ends our direction: what is in the send buffer is still delivered, then the peer sees the end. 0,
 * or -1: the connection is gone already (ENOTCONN, EINVAL after a reset), close it. */
int socket_half_close(int fd);

/* Reads and throws away at most max bytes. Bytes thrown away; 0: the peer's end; -1 with errno
 * (EAGAIN: nothing there). */
ssize_t socket_discard(int fd, size_t max);

/* A nonblocking, close-on-exec socket; or -1 with errno. */
int socket_open(int family, int type, int protocol);

/* A connected pair of nonblocking, close-on-exec stream sockets (AF_UNIX). 0, or -1 with errno. */
int socket_pair(int fds[2]);

/* O_NONBLOCK and FD_CLOEXEC on a descriptor that came from elsewhere. 0, or -1 with errno. */
int socket_prepare(int fd);

#endif
