/* socket.c - what sockets answer, made the same on every system */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "fdevents/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/ioctl.h>
#include <unistd.h>
#ifdef HAVE_SYS_FILIO_H
#include <sys/filio.h> /* illumos has FIONREAD here */
#elif !defined HAVE_CONFIG_H && defined __has_include
#if __has_include(<sys/filio.h>)
#include <sys/filio.h>
#endif
#endif

enum { DISCARD_BYTES = 16384 };

/* What accept() says of the connection, not of the listener: the next one may be good. */
static const int lost_errors[] = {
    EINTR,       ECONNABORTED, EPROTO,     EPERM,     ENETDOWN,   EHOSTUNREACH,
    ENETUNREACH, ENOPROTOOPT,  EOPNOTSUPP, ETIMEDOUT, ECONNRESET,
#ifdef EHOSTDOWN
    EHOSTDOWN,
#endif
#ifdef ENONET
    ENONET,
#endif
};

static const int room_errors[] = {
    EMFILE, ENFILE, ENOBUFS, ENOMEM,
#ifdef ENOSR
    ENOSR, /* of STREAMS */
#endif
};

static bool is_one_of(int error, const int *errors, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (error == errors[i]) return true;
    }
    return false;
}

static int accept_error(int error) {
    if (error == EAGAIN || error == EWOULDBLOCK) return SOCKET_LATER;
    if (is_one_of(error, room_errors, sizeof room_errors / sizeof room_errors[0])) return SOCKET_NO_ROOM;
    if (is_one_of(error, lost_errors, sizeof lost_errors / sizeof lost_errors[0])) return SOCKET_AGAIN;
    return SOCKET_BROKEN;
}

int socket_prepare(int fd) {
    int status = fcntl(fd, F_GETFL), flags = fcntl(fd, F_GETFD);

    if (status < 0 || flags < 0) return -1;
    if (!(status & O_NONBLOCK) && fcntl(fd, F_SETFL, status | O_NONBLOCK) < 0) return -1;
    if (!(flags & FD_CLOEXEC) && fcntl(fd, F_SETFD, flags | FD_CLOEXEC) < 0) return -1;
    return 0;
}

/* The descriptor prepared, or closed. */
static int prepared(int fd) {
    int error;

    if (fd < 0 || socket_prepare(fd) == 0) return fd;
    error = errno;
    close(fd);
    errno = error;
    return -1;
}

static int accept_prepared(int listener, struct sockaddr *addr, socklen_t *addr_len) {
#if defined HAVE_ACCEPT4 && defined HAVE_SOCK_CLOEXEC
    int fd = accept4(listener, addr, addr_len, SOCK_NONBLOCK | SOCK_CLOEXEC);

    if (fd >= 0 || errno != ENOSYS) return fd;
#elif defined HAVE_PACCEPT && defined HAVE_SOCK_CLOEXEC
    int fd = paccept(listener, addr, addr_len, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

    if (fd >= 0 || errno != ENOSYS) return fd;
#endif
    int plain = accept(listener, addr, addr_len); /* the BSDs inherit O_NONBLOCK, others not */

    if (plain >= 0 && (plain = prepared(plain)) < 0) errno = ECONNABORTED; /* macOS says EINVAL of what was reset */
    return plain;
}

int socket_accept(int listener, struct sockaddr *addr, socklen_t *addr_len) {
    int fd = accept_prepared(listener, addr, addr_len);

    return fd >= 0 ? fd : accept_error(errno);
}

int socket_connect_result(int fd) {
    struct sockaddr_storage peer;
    socklen_t len = sizeof peer;
    int error = 0;
    socklen_t error_len = sizeof error;
    char byte;

    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &error_len) < 0)
        return errno; /* Solaris gives the pending error in this way */
    if (error) return error;
    if (getpeername(fd, (struct sockaddr *)&peer, &len) == 0) return 0;
    if (errno != ENOTCONN) return errno;
    /* Not connected, and the error may have been fetched before: "not yet" and "failed" differ in
     * what recv() says. */
    if (recv(fd, &byte, 1, MSG_PEEK) >= 0) return ECONNREFUSED;
    if (errno == EAGAIN || errno == EWOULDBLOCK) return EINPROGRESS;
    return errno == ENOTCONN ? ECONNREFUSED : errno;
}

long socket_readable_bytes(int fd) {
#ifdef FIONREAD
    int bytes = 0;

    if (ioctl(fd, FIONREAD, &bytes) == 0 && bytes >= 0) return bytes;
#else
    (void)fd;
#endif
    return -1;
}

int socket_half_close(int fd) {
    return shutdown(fd, SHUT_WR) < 0 ? -1 : 0;
}

ssize_t socket_discard(int fd, size_t max) {
    char bytes[DISCARD_BYTES];
    ssize_t got;

    do got = recv(fd, bytes, max < sizeof bytes ? max : sizeof bytes, 0);
    while (got < 0 && errno == EINTR);
    return got;
}

int socket_open(int family, int type, int protocol) {
#if defined GC_IPV6 && !GC_IPV6
    if (family == AF_INET6) {
        errno = EAFNOSUPPORT; /* as a kernel without it says */
        return -1;
    }
#endif
#ifdef HAVE_SOCK_CLOEXEC
    int fd = socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);

    if (fd >= 0 || errno == EMFILE || errno == ENFILE) return fd; /* an old kernel: EINVAL, EPROTOTYPE and others */
#endif
    return prepared(socket(family, type, protocol));
}

int socket_pair(int fds[2]) {
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds) < 0) return -1;
    if (socket_prepare(fds[0]) == 0 && socket_prepare(fds[1]) == 0) return 0;
    close(fds[0]);
    close(fds[1]);
    return -1;
}
