/* stream.c - between OpenSSL and the socket: one recv() and one send() per turn, no buffers in between */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/buf.h"
#include "base/memory.h"
#include "tls/openssl.h"

#ifndef MSG_NOSIGNAL /* SIGPIPE is ignored in any case */
#define MSG_NOSIGNAL 0
#endif

/*
 * In:  OpenSSL reads ahead: it asks for as much as its buffer holds, and gets what one recv() brings, header and body
 *      of a record together. A recv() that brought less has emptied the socket: the next question is answered without
 *      asking the kernel.
 * Out: records are gathered here, in the one buffer that the process has for all its connections, and leave with one
 *      send() when the turn is over. What the kernel does not take is the connection's own: no connection keeps a
 *      buffer unless its client is slow.
 */
static struct buf sealed;

enum {
    SEALED_KEPT = 256 * 1024, /* a larger buffer is given back */
    UNSENT_MAX = 512 * 1024   /* of one who lets us answer (to renegotiations, say) and never reads */
};

void transport_break(struct tls *t, int error_number) {
    t->broken = true;
    t->error_number = error_number;
}

/* ---- out -------------------------------------------------------------------------------------- */

/* How many bytes the kernel took, 0 if it has no room. */
static size_t send_bytes(struct tls *t, const char *bytes, size_t n) {
    ssize_t sent;
    do sent = send(t->fd, bytes, n, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    if (sent < 0 && errno != EAGAIN && errno != EWOULDBLOCK) transport_break(t, errno);
    return sent > 0 ? (size_t)sent : 0;
}

static void send_unsent(struct tls *t) {
    t->unsent_at += send_bytes(t, t->unsent + t->unsent_at, t->unsent_n - t->unsent_at);
    if (t->unsent_at < t->unsent_n && !t->broken) return;
    free(t->unsent);
    t->unsent = NULL;
    t->unsent_at = t->unsent_n = 0;
}

static void keep_unsent(struct tls *t, struct span rest) {
    size_t left = t->unsent_n - t->unsent_at;
    if (left + rest.n > UNSENT_MAX) {
        transport_break(t, ENOBUFS);
        return;
    }
    char *all = memory_get(left + rest.n);
    if (left) memcpy(all, t->unsent + t->unsent_at, left);
    memcpy(all + left, rest.p, rest.n);
    free(t->unsent);
    t->unsent = all;
    t->unsent_at = 0;
    t->unsent_n = left + rest.n;
}

bool transport_push(struct tls *t) {
    struct span rest = buf_span(&sealed);
    if (!t->broken && t->unsent) send_unsent(t);
    if (!t->broken && !t->unsent && rest.n) rest = span_from(rest, send_bytes(t, rest.p, rest.n));
    if (!t->broken && rest.n) keep_unsent(t, rest);
    buf_clear(&sealed);
    if (sealed.cap > SEALED_KEPT) {
        buf_done(&sealed);
        sealed = (struct buf){NULL, 0, 0};
    }
    errno = t->broken ? t->error_number : errno;
    return !t->broken;
}

static int write_bytes(BIO *bio, const char *bytes, int n) {
    BIO_clear_retry_flags(bio);
    if (n > 0) buf_add(&sealed, (struct span){bytes, (size_t)n});
    return n;
}

/* ---- in --------------------------------------------------------------------------------------- */

static int read_bytes(BIO *bio, char *bytes, int n) {
    struct tls *t = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (n <= 0 || t->at_end || t->broken) return 0;
    if (t->emptied || t->recv_budget == 0) {
        BIO_set_retry_read(bio);
        return -1;
    }
    t->recv_budget--;
    ssize_t got = wire_receive(t->fd, bytes, (size_t)n);
    if (got == 0) t->at_end = true;
    if (got == WIRE_BROKEN) transport_break(t, errno);
    t->emptied = got < n;
    if (got == WIRE_LATER) BIO_set_retry_read(bio);
    return got > 0 ? (int)got : got == 0 ? 0 : -1;
}

static long control(BIO *bio, int command, long number, void *pointer) {
    const struct tls *t = BIO_get_data(bio);
    (void)number, (void)pointer;
    if (command == BIO_CTRL_EOF) return t->at_end;
    return command == BIO_CTRL_FLUSH || command == BIO_CTRL_DUP || command == BIO_CTRL_PUSH ||
           command == BIO_CTRL_POP;
}

static int create(BIO *bio) {
    BIO_set_init(bio, 1);
    return 1;
}

BIO *transport_make(struct tls *t) {
    static BIO_METHOD *method;
    if (!method) {
        method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "goldcrest stream");
        if (!method) return NULL;
        BIO_meth_set_write(method, write_bytes);
        BIO_meth_set_read(method, read_bytes);
        BIO_meth_set_ctrl(method, control);
        BIO_meth_set_create(method, create);
    }
    BIO *bio = BIO_new(method);
    if (bio) BIO_set_data(bio, t);
    return bio;
}
