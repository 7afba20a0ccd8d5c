/* control.c - messages from the master to a worker */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "server/control.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/fd.h"

/*
 *   0        4        8
 *   +--------+--------+----------
 *   | kind   | length | payload …     numbers in this machine's order: both ends are one program
 *   +--------+--------+----------
 * A descriptor travels with the first byte. Several messages may be read at once; a descriptor ends a read, so that
 * it is never taken for another message's.
 */
struct control_head {
    uint32_t kind, length;
};

enum { MESSAGE_MAX = 64 * 1024 * 1024 };

union ancillary {
    char bytes[CMSG_SPACE(sizeof(int))];
    struct cmsghdr align;
};

bool control_send(int socket, enum control_kind kind, struct span payload, int fd) {
    struct control_head head = {kind, (uint32_t)payload.n};
    struct iovec iov[2] = {{&head, sizeof head}, {(void *)(uintptr_t)payload.p, payload.n}};
    union ancillary ancillary;
    struct msghdr message = {.msg_iov = iov};
    message.msg_iovlen = payload.n ? 2 : 1;
    memset(&ancillary, 0, sizeof ancillary);
    if (fd >= 0) {
        message.msg_control = ancillary.bytes;
        message.msg_controllen = sizeof ancillary.bytes;
        struct cmsghdr *c = CMSG_FIRSTHDR(&message);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(sizeof fd);
        memcpy(CMSG_DATA(c), &fd, sizeof fd);
    }
    size_t sent = 0, all = sizeof head + payload.n;
    while (sent < all) {
        ssize_t n = sendmsg(socket, &message, 0);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return false;
        sent += (size_t)n;
        message.msg_control = NULL;
        message.msg_controllen = 0;
        for (unsigned i = 0; i < 2; i++) {
            size_t done = (size_t)n < iov[i].iov_len ? (size_t)n : iov[i].iov_len;
            if (done == 0) continue; /* there may be no payload */
            iov[i].iov_base = (char *)iov[i].iov_base + done;
            iov[i].iov_len -= done;
            n -= (ssize_t)done;
        }
    }
    return true;
}

static int descriptor_of(struct msghdr *message) {
    int fd = -1;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c))
        if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS) memcpy(&fd, CMSG_DATA(c), sizeof fd);
    if (fd >= 0) fd_set_cloexec(fd, true);
    return fd;
}

/* Reads until `wanted` bytes are there. */
static enum control_result fill(struct control *c, int socket, size_t wanted) {
    while (c->bytes.n < wanted) {
        union ancillary ancillary;
        struct iovec iov = {buf_room(&c->bytes, wanted - c->bytes.n), wanted - c->bytes.n};
        struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1};
        message.msg_control = ancillary.bytes;
        message.msg_controllen = sizeof ancillary.bytes;
        ssize_t n = recvmsg(socket, &message, 0);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return errno == EAGAIN || errno == EWOULDBLOCK ? CONTROL_LATER : CONTROL_GONE;
        if (n == 0) return CONTROL_GONE;
        int fd = descriptor_of(&message);
        if (fd >= 0) c->fd = fd;
        c->bytes.n += (size_t)n;
    }
    return CONTROL_MESSAGE;
}

enum control_result control_receive(struct control *c, int socket, enum control_kind *kind, struct span *payload,
                                    int *fd) {
    struct control_head head;
    if (c->bytes.n >= sizeof head) {
        memcpy(&head, c->bytes.p, sizeof head);
        if (c->bytes.n == sizeof head + head.length) c->bytes.n = 0; /* the one that was handed out last */
    }
    if (c->bytes.n == 0) c->fd = -1;
    enum control_result result = fill(c, socket, sizeof head);
    if (result != CONTROL_MESSAGE) return result;
    memcpy(&head, c->bytes.p, sizeof head);
    if (head.length > MESSAGE_MAX) return CONTROL_GONE;
    result = fill(c, socket, sizeof head + head.length);
    if (result != CONTROL_MESSAGE) return result;
    *kind = (enum control_kind)head.kind;
    *payload = (struct span){c->bytes.p + sizeof head, head.length};
    *fd = c->fd;
    return CONTROL_MESSAGE;
}

void control_done(struct control *c) {
    buf_done(&c->bytes);
}
