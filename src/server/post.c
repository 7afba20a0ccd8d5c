/* post.c - messages with descriptors between two processes */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "server/post.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/memory.h"
#include "fdevents/socket.h"

/*
 *   0        4        8        10       12
 *   +--------+--------+--------+--------+----------
 *   | length |   id   |  kind  |  fds   | payload …     numbers in this machine's order: both ends are one program
 *   +--------+--------+--------+--------+----------
 * Descriptors travel with the first byte. A read asks for no more than is left of one message, so that they are
 * never taken for another's.
 */
struct head {
    uint32_t length, id;
    uint16_t kind, fds;
};

enum { LETTERS_PER_TURN = 64 };

/* outgoing - a message that waits; head and payload lie behind it */
struct outgoing {
    struct list link;
    size_t size, sent;
    int fds[POST_FDS];
    unsigned fd_count;
};

union ancillary {
    char bytes[CMSG_SPACE(POST_FDS * sizeof(int))];
    struct cmsghdr align;
};

static char *bytes_of(struct outgoing *o) {
    return (char *)(o + 1);
}

static void close_all(int *fds, unsigned count) {
    for (unsigned i = 0; i < count; i++)
        if (fds[i] >= 0) close(fds[i]);
}

/* ---- sending ---------------------------------------------------------------------------------- */

static void forget(struct post *p, struct outgoing *o) {
    p->waiting_bytes -= o->size;
    close_all(o->fds, o->fd_count);
    list_remove(&o->link);
    free(o);
}

static void attach(struct msghdr *message, union ancillary *ancillary, const struct outgoing *o) {
    size_t size = o->fd_count * sizeof(int);
    memset(ancillary, 0, sizeof *ancillary);
    message->msg_control = ancillary->bytes;
    message->msg_controllen = (socklen_t)CMSG_SPACE(size);
    struct cmsghdr *c = CMSG_FIRSTHDR(message);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = (socklen_t)CMSG_LEN(size);
    memcpy(CMSG_DATA(c), o->fds, size);
}

/* What the socket takes of one message. False with errno. */
static bool send_part(int socket, struct outgoing *o) {
    union ancillary ancillary;
    struct iovec iov = {bytes_of(o) + o->sent, o->size - o->sent};
    struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1};
    ssize_t n;
    if (o->sent == 0 && o->fd_count) attach(&message, &ancillary, o);
    do n = sendmsg(socket, &message, 0);
    while (n < 0 && errno == EINTR);
    if (n < 0 && errno == ETOOMANYREFS && o->fd_count) {
        close_all(o->fds, o->fd_count); /* too many are under way: the message goes without, and says so */
        o->fd_count = 0;
        return send_part(socket, o);
    }
    if (n < 0) return false;
    o->sent += (size_t)n;
    return true;
}

/* The kernel may be short of memory for a moment: the line is for the life of a worker. */
static bool is_passing(int error) {
    return error == EAGAIN || error == EWOULDBLOCK || error == ENOBUFS || error == ENOMEM;
}

static void flush(struct post *p) {
    while (!list_is_empty(&p->waiting)) {
        struct outgoing *o = CONTAINER(p->waiting.next, struct outgoing, link);
        if (!send_part(p->ev.fd, o)) {
            if (!is_passing(errno)) post_close(p);
            break;
        }
        if (o->sent == o->size) forget(p, o);
    }
    if (p->is_open) fdevent_want(&p->ev, FDEVENT_IN | (list_is_empty(&p->waiting) ? 0u : FDEVENT_OUT));
}

static bool refused(const int *fds, unsigned count, int error) {
    for (unsigned i = 0; i < count; i++)
        if (fds[i] >= 0) close(fds[i]);
    errno = error;
    return false;
}

bool post_send(struct post *p, unsigned kind, uint32_t id, struct span payload, const int *fds, unsigned fd_count) {
    struct head head = {(uint32_t)payload.n, id, (uint16_t)kind, (uint16_t)fd_count};
    size_t size = sizeof head + payload.n;
    if (!p->is_open) return refused(fds, fd_count, EPIPE);
    if (payload.n > POST_BYTES_MAX || fd_count > POST_FDS) return refused(fds, fd_count, EMSGSIZE);
    if (p->waiting_bytes + size > POST_QUEUE_MAX) return refused(fds, fd_count, EAGAIN);
    struct outgoing *o = memory_get(sizeof *o + size);
    o->size = size;
    o->sent = 0;
    o->fd_count = fd_count;
    if (fd_count) memcpy(o->fds, fds, fd_count * sizeof *fds);
    memcpy(bytes_of(o), &head, sizeof head);
    if (payload.n) memcpy(bytes_of(o) + sizeof head, payload.p, payload.n);
    bool was_empty = list_is_empty(&p->waiting);
    list_add_last(&p->waiting, &o->link);
    p->waiting_bytes += size;
    if (was_empty) flush(p);
    return true;
}

/* ---- receiving -------------------------------------------------------------------------------- */

static void keep_descriptors(struct post *p, struct msghdr *message) {
    struct letter *l = &p->letter;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) continue;
        size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < count; i++) {
            int fd;
            memcpy(&fd, CMSG_DATA(c) + i * sizeof fd, sizeof fd);
            if (l->fd_count == POST_FDS) {
                close(fd);
                continue;
            }
            fd_set_cloexec(fd, true);
            l->fds[l->fd_count++] = fd;
        }
    }
}

/* Reads until `wanted` bytes are there. 1: they are; 0: later; -1: the other end is gone. */
static int fill(struct post *p, size_t wanted) {
    while (p->in.n < wanted) {
        union ancillary ancillary;
        struct iovec iov = {buf_room(&p->in, wanted - p->in.n), wanted - p->in.n};
        struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1};
        message.msg_control = ancillary.bytes;
        message.msg_controllen = sizeof ancillary.bytes;
        ssize_t n = recvmsg(p->ev.fd, &message, 0);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return errno == EAGAIN || errno == EWOULDBLOCK ? 0 : -1;
        if (n == 0) return -1;
        keep_descriptors(p, &message);
        p->in.n += (size_t)n;
    }
    return 1;
}

static void end_letter(struct post *p) {
    close_all(p->letter.fds, p->letter.fd_count);
    p->letter.fd_count = 0;
    if (p->in.cap > 64 * 1024) buf_done(&p->in);
    p->in.n = 0;
}

/* 1: there was a message; 0: later; -1: gone. */
static int receive(struct post *p) {
    struct head head;
    int result = fill(p, sizeof head);
    if (result <= 0) return result;
    memcpy(&head, p->in.p, sizeof head);
    if (head.length > POST_BYTES_MAX) return -1;
    result = fill(p, sizeof head + head.length);
    if (result <= 0) return result;
    struct letter *l = &p->letter;
    l->id = head.id;
    l->kind = head.kind;
    l->payload = (struct span){p->in.p + sizeof head, head.length};
    l->fds_lost = l->fd_count != head.fds;
    p->take(p, l);
    end_letter(p);
    return 1;
}

static void on_event(struct fdevent *ev, unsigned ready) {
    struct post *p = CONTAINER(ev, struct post, ev);
    if (ready & FDEVENT_OUT) flush(p);
    for (unsigned i = 0; i < LETTERS_PER_TURN && p->is_open; i++) {
        int result = receive(p);
        if (result < 0) post_close(p);
        if (result <= 0) return;
    }
}

/* ---- life ------------------------------------------------------------------------------------- */

static void on_closed(struct fdevent *ev) {
    struct post *p = CONTAINER(ev, struct post, ev);
    end_letter(p);
    buf_done(&p->in);
    if (p->gone) p->gone(p);
}

bool post_open(struct post *p, struct fdevents *events, int socket) {
    p->ev = (struct fdevent){.run = on_event, .closed = on_closed};
    list_init(&p->waiting);
    p->waiting_bytes = 0;
    p->in = (struct buf){NULL, 0, 0};
    p->letter = (struct letter){.fd_count = 0};
    p->is_open = socket_prepare(socket) == 0 && fdevent_add(events, &p->ev, socket, FDEVENT_IN) == 0;
    if (!p->is_open) close(socket);
    return p->is_open;
}

void post_close_copies(struct post *p) {
    close_all(p->letter.fds, p->letter.fd_count);
    for (struct list *i = p->waiting.next; p->is_open && i != &p->waiting; i = i->next)
        close_all(CONTAINER(i, struct outgoing, link)->fds, CONTAINER(i, struct outgoing, link)->fd_count);
    if (p->ev.set) close(p->ev.fd);
}

void post_close(struct post *p) {
    if (!p->is_open) return;
    p->is_open = false;
    while (!list_is_empty(&p->waiting)) forget(p, CONTAINER(p->waiting.next, struct outgoing, link));
    fdevent_close(&p->ev);
}
