/* enclosure.c - descriptors that travel with bytes over a socket of AF_UNIX */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "net/enclosure.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"

/* What the kernel reads and writes beside the bytes; it has to be aligned like its first header. */
union ancillary {
    char bytes[CMSG_SPACE(ENCLOSURE_MAX * sizeof(int))];
    struct cmsghdr align;
};

static void attach(struct msghdr *message, union ancillary *ancillary, const struct enclosure *e) {
    size_t size = e->count * sizeof(int);
    memset(ancillary, 0, sizeof *ancillary);
    message->msg_control = ancillary->bytes;
    message->msg_controllen = (socklen_t)CMSG_SPACE(size);
    struct cmsghdr *c = CMSG_FIRSTHDR(message);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = (socklen_t)CMSG_LEN(size);
    memcpy(CMSG_DATA(c), e->fds, size);
}

ssize_t enclosure_send(int socket, struct iovec *pieces, unsigned count, const struct enclosure *e) {
    union ancillary ancillary;
    struct msghdr message = {.msg_iov = pieces};
    ssize_t n;
    message.msg_iovlen = (uint16_t)count; /* an int here, a size_t there */
    if (e && e->count) attach(&message, &ancillary, e);
    do n = sendmsg(socket, &message, 0);
    while (n < 0 && errno == EINTR);
    return n;
}

static void add(struct enclosure *e, int fd) {
    if (e->count == ENCLOSURE_MAX) {
        close(fd);
        return;
    }
    fd_set_cloexec(fd, true);
    e->fds[e->count++] = fd;
}

/* Where it was cut off, a header may tell of more than is there. */
static size_t bytes_of(const struct msghdr *message, const struct cmsghdr *c) {
    const char *end = (const char *)message->msg_control + message->msg_controllen;
    size_t room = (size_t)(end - (const char *)c);
    size_t all = c->cmsg_len < room ? c->cmsg_len : room;
    return all > CMSG_LEN(0) ? all - CMSG_LEN(0) : 0;
}

static void take_out(struct msghdr *message, struct enclosure *e) {
    for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) continue;
        size_t count = bytes_of(message, c) / sizeof(int);
        for (size_t i = 0; i < count; i++) {
            int fd;
            memcpy(&fd, CMSG_DATA(c) + i * sizeof fd, sizeof fd);
            add(e, fd);
        }
    }
}

static void close_from(struct enclosure *e, unsigned first) {
    for (unsigned i = first; i < e->count; i++)
        if (e->fds[i] >= 0) close(e->fds[i]);
    e->count = first;
}

ssize_t enclosure_receive(int socket, void *bytes, size_t n, struct enclosure *e) {
    union ancillary ancillary;
    unsigned before = e->count;
    ssize_t received;
    struct msghdr message;
    struct iovec piece = {bytes, n};
    do {
        message = (struct msghdr){.msg_iov = &piece, .msg_iovlen = 1};
        message.msg_control = ancillary.bytes;
        message.msg_controllen = sizeof ancillary.bytes;
        received = recvmsg(socket, &message, 0);
    } while (received < 0 && errno == EINTR);
    if (received < 0) return received;
    take_out(&message, e);
    if (message.msg_flags & MSG_CTRUNC) close_from(e, before);
    return received;
}

int enclosure_take(struct enclosure *e, unsigned place) {
    int fd = place < e->count ? e->fds[place] : -1;
    if (fd >= 0) e->fds[place] = -1;
    return fd;
}

void enclosure_close(struct enclosure *e) {
    close_from(e, 0);
}
