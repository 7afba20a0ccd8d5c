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
    struct enclosure enclosed;
};

static char *bytes_of(struct outgoing *o) {
    return (char *)(o + 1);
}

/* ---- sending ---------------------------------------------------------------------------------- */

static void forget(struct post *p, struct outgoing *o) {
    p->waiting_bytes -= o->size;
    enclosure_close(&o->enclosed);
    list_remove(&o->link);
    free(o);
}

/* What the socket takes of one message. False with errno. */
static bool send_part(int socket, struct outgoing *o) {
    struct iovec piece = {bytes_of(o) + o->sent, o->size - o->sent};
    ssize_t n = enclosure_send(socket, &piece, 1, o->sent == 0 ? &o->enclosed : NULL);
    if (n < 0 && errno == ETOOMANYREFS && o->enclosed.count) {
        enclosure_close(&o->enclosed); /* too many are under way: the message goes without, and says so */
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

static bool refused(struct enclosure *e, int error) {
    enclosure_close(e);
    errno = error;
    return false;
}

bool post_send(struct post *p, unsigned kind, uint32_t id, struct span payload, const struct enclosure *enclosed) {
    struct enclosure e = enclosed ? *enclosed : (struct enclosure){.count = 0};
    struct head head = {(uint32_t)payload.n, id, (uint16_t)kind, (uint16_t)e.count};
    size_t size = sizeof head + payload.n;
    if (!p->is_open) return refused(&e, EPIPE);
    if (payload.n > POST_BYTES_MAX) return refused(&e, EMSGSIZE);
    if (p->waiting_bytes + size > POST_QUEUE_MAX) return refused(&e, EAGAIN);
    struct outgoing *o = memory_get(sizeof *o + size);
    o->size = size;
    o->sent = 0;
    o->enclosed = e;
    memcpy(bytes_of(o), &head, sizeof head);
    if (payload.n) memcpy(bytes_of(o) + sizeof head, payload.p, payload.n);
    bool was_empty = list_is_empty(&p->waiting);
    list_add_last(&p->waiting, &o->link);
    p->waiting_bytes += size;
    if (was_empty) flush(p);
    return true;
}

/* ---- receiving -------------------------------------------------------------------------------- */

/* Reads until `wanted` bytes are there. 1: they are; 0: later; -1: the other end is gone. */
static int fill(struct post *p, size_t wanted) {
    while (p->in.n < wanted) {
        size_t left = wanted - p->in.n;
        ssize_t n = enclosure_receive(p->ev.fd, buf_room(&p->in, left), left, &p->letter.enclosed);
        if (n < 0) return errno == EAGAIN || errno == EWOULDBLOCK ? 0 : -1;
        if (n == 0) return -1;
        p->in.n += (size_t)n;
    }
    return 1;
}

static void end_letter(struct post *p) {
    enclosure_close(&p->letter.enclosed);
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
    l->fds_lost = l->enclosed.count != head.fds;
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
    p->letter = (struct letter){.kind = 0};
    p->is_open = socket_prepare(socket) == 0 && fdevent_add(events, &p->ev, socket, FDEVENT_IN) == 0;
    if (!p->is_open) close(socket);
    return p->is_open;
}

void post_close_copies(struct post *p) {
    enclosure_close(&p->letter.enclosed);
    for (struct list *i = p->waiting.next; p->is_open && i != &p->waiting; i = i->next)
        enclosure_close(&CONTAINER(i, struct outgoing, link)->enclosed);
    if (p->ev.set) close(p->ev.fd);
}

void post_close(struct post *p) {
    if (!p->is_open) return;
    p->is_open = false;
    while (!list_is_empty(&p->waiting)) forget(p, CONTAINER(p->waiting.next, struct outgoing, link));
    fdevent_close(&p->ev);
}
