/* control.c - messages from the master to a worker */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "server/control.h"

#include <errno.h>
#include <string.h>
#include <sys/uio.h>

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

bool control_send(int socket, enum control_kind kind, struct span payload, int fd) {
    struct control_head head = {kind, (uint32_t)payload.n};
    struct iovec iov[2] = {{&head, sizeof head}, {(void *)(uintptr_t)payload.p, payload.n}};
    const struct enclosure one = {{fd}, fd >= 0}, *e = &one;
    size_t sent = 0, all = sizeof head + payload.n;
    while (sent < all) {
        ssize_t n = enclosure_send(socket, iov, payload.n ? 2 : 1, e);
        if (n < 0) return false;
        sent += (size_t)n;
        e = NULL;
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

/* Reads until `wanted` bytes are there. */
static enum control_result fill(struct control *c, int socket, size_t wanted) {
    while (c->bytes.n < wanted) {
        size_t left = wanted - c->bytes.n;
        ssize_t n = enclosure_receive(socket, buf_room(&c->bytes, left), left, &c->enclosed);
        if (n < 0) return errno == EAGAIN || errno == EWOULDBLOCK ? CONTROL_LATER : CONTROL_GONE;
        if (n == 0) return CONTROL_GONE;
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
    if (c->bytes.n == 0) enclosure_close(&c->enclosed);
    enum control_result result = fill(c, socket, sizeof head);
    if (result != CONTROL_MESSAGE) return result;
    memcpy(&head, c->bytes.p, sizeof head);
    if (head.length > MESSAGE_MAX) return CONTROL_GONE;
    result = fill(c, socket, sizeof head + head.length);
    if (result != CONTROL_MESSAGE) return result;
    *kind = (enum control_kind)head.kind;
    *payload = (struct span){c->bytes.p + sizeof head, head.length};
    *fd = enclosure_take(&c->enclosed, 0);
    return CONTROL_MESSAGE;
}

void control_done(struct control *c) {
    buf_done(&c->bytes);
    enclosure_close(&c->enclosed);
}
