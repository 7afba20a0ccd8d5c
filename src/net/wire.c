/* wire.c - bytes from and to a socket */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "net/wire.h"

#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "net/sendfile.h"

#if defined IOV_MAX && IOV_MAX < 64
enum { IOVECS = IOV_MAX }; /* Solaris: 16 */
#else
enum { IOVECS = 64 };
#endif
enum {
    COPY_BYTES = 64 * 1024,
    TOGETHER_BYTES = 16 * 1024,
    CORKED_FROM = 256 * 1024, /* bytes of a file: below that two more system calls cost more than they save */
    WORTH_COPYING = 1024 /* bytes a piece: fewer are copied faster than the kernel takes another piece */
};

static bool use_sendfile = HAS_SENDFILE;

ssize_t wire_receive(int fd, char *bytes, size_t n) {
    ssize_t got;
    do got = recv(fd, bytes, n, 0);
    while (got < 0 && errno == EINTR);
    if (got >= 0) return got;
    return errno == EAGAIN || errno == EWOULDBLOCK ? WIRE_LATER : WIRE_BROKEN;
}

/* A few bytes of a file, behind what is in memory: they are read rather than sent by a call of their own. False: not
 * all of them could be. */
static bool read_small(const struct chunk *c, char *bytes, size_t room) {
    return c->left <= room && pread(c->is.file->fd, bytes, (size_t)c->left, (off_t)c->at) == (ssize_t)c->left;
}

struct pieces {
    struct iovec iov[IOVECS];
    unsigned n;
    uint64_t bytes;
};

/* The queue's beginning as far as it is in memory, or soon. True: there is more behind it. */
static bool collect(struct pieces *all, const struct chunks *q, uint64_t max) {
    static char read[TOGETHER_BYTES];
    size_t at = 0;
    all->n = 0;
    all->bytes = 0;
    for (; all->n < q->count && all->n < IOVECS && all->bytes < max; all->n++) {
        struct chunk *c = chunks_at(q, all->n);
        size_t n = (size_t)(c->left < max - all->bytes ? c->left : max - all->bytes);
        char *bytes = c->kind == CHUNK_FILE ? read + at : (char *)(uintptr_t)chunk_bytes(c);
        if (c->kind == CHUNK_FILE) {
            if (all->n == 0 || n < c->left || !read_small(c, bytes, sizeof read - at)) return true;
            at += n;
        }
        all->iov[all->n] = (struct iovec){bytes, n};
        all->bytes += n;
    }
    return all->n < q->count && all->n < IOVECS && all->bytes < max;
}

static ssize_t send_together(int fd, const struct pieces *all, int flags) {
    static char bytes[TOGETHER_BYTES];
    size_t at = 0;
    for (unsigned i = 0; i < all->n; i++) {
        memcpy(bytes + at, all->iov[i].iov_base, all->iov[i].iov_len);
        at += all->iov[i].iov_len;
    }
    return send(fd, bytes, at, flags);
}

/* Bytes written, or -1. More: a file follows, or the FIN: the kernel should wait for it before it sends a small
 * segment. */
static ssize_t send_memory(int fd, const struct chunks *q, uint64_t max, bool is_last, uint64_t *wanted) {
    struct pieces all;
    bool more = collect(&all, q, max) || (is_last && all.n == q->count);
    int flags = MSG_NOSIGNAL | (more ? MSG_MORE : 0);
    *wanted = all.bytes;
    if (all.n == 1) return send(fd, all.iov[0].iov_base, all.iov[0].iov_len, flags);
    if (all.bytes <= TOGETHER_BYTES && all.bytes <= (uint64_t)all.n * WORTH_COPYING)
        return send_together(fd, &all, flags);
    struct msghdr message = {.msg_iov = all.iov};
    message.msg_iovlen = (uint16_t)all.n; /* an int here, a size_t there */
    return sendmsg(fd, &message, flags);
}

/* Where the system has no sendfile, or not for this kind of file. */
static ssize_t send_copy(int fd, const struct chunk *c, uint64_t max) {
    char bytes[COPY_BYTES];
    size_t want = (size_t)(max < sizeof bytes ? max : sizeof bytes);
    ssize_t n = pread(c->is.file->fd, bytes, want, (off_t)c->at);
    if (n == 0) errno = EIO;
    return n <= 0 ? -1 : send(fd, bytes, (size_t)n, MSG_NOSIGNAL);
}

/* A large file goes out in full segments, not in what one call or one page of the page cache happens to hold: tcp(7),
 * TCP_CORK. At its end the rest leaves at once. Elsewhere sendfile() does that by itself. */
static void cork(int fd, struct chunk *c, bool yes) {
#ifdef TCP_CORK
    int value = yes;
    if (c->is_corked == yes || (yes && c->left < CORKED_FROM)) return;
    bool done = setsockopt(fd, IPPROTO_TCP, TCP_CORK, &value, sizeof value) == 0;
    c->is_corked = yes && done;
#else
    (void)fd;
    (void)c;
    (void)yes;
#endif
}

static ssize_t send_file(int fd, const struct chunk *c, uint64_t max, uint64_t *wanted) {
    *wanted = c->left < max ? c->left : max;
    if (!use_sendfile) {
        if (*wanted > COPY_BYTES) *wanted = COPY_BYTES;
        return send_copy(fd, c, *wanted);
    }
    ssize_t n = sendfile_range(fd, c->is.file->fd, c->at, *wanted);
    if (n >= 0 || !sendfile_cannot(errno)) return n;
    return send_copy(fd, c, *wanted);
}

enum wire_sent wire_flush(int fd, struct chunks *q, uint64_t max, bool is_last) {
    while (q->count) {
        uint64_t wanted;
        struct chunk *c = chunks_at(q, 0);
        if (max == 0) return WIRE_YIELD;
        if (c->kind == CHUNK_FILE) cork(fd, c, true);
        ssize_t n = c->kind == CHUNK_FILE ? send_file(fd, c, max, &wanted)
                                          : send_memory(fd, q, max, is_last, &wanted);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return errno == EAGAIN || errno == EWOULDBLOCK ? WIRE_FULL : WIRE_FAILED;
        if (n == 0 && wanted) {
            errno = EIO;
            return WIRE_FAILED;
        }
        bool short_write = (uint64_t)n < wanted && c->kind != CHUNK_FILE;
        if (c->kind == CHUNK_FILE && (uint64_t)n == c->left) cork(fd, c, false);
        chunks_sent(q, (uint64_t)n);
        if (short_write) return WIRE_FULL;
        max -= (uint64_t)n < max ? (uint64_t)n : max;
    }
    return WIRE_SENT;
}

bool wire_set_backend(struct span name) {
    static const struct {
        const char *name;
        bool sendfile;
    } words[] = {{"sendfile", true},          {"linux-sendfile", true}, {"freebsd-sendfile", true},
                 {"solaris-sendfilev", true}, {"writev", false},        {"write", false}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (!span_is(name, span_of(words[i].name))) continue;
        use_sendfile = words[i].sendfile && HAS_SENDFILE;
        return true;
    }
    return false;
}

const char *wire_backends(void) {
    return HAS_SENDFILE ? "sendfile writev" : "writev";
}
