/* doubles.c - the calls that write, on a bad day: every second is refused or takes a few bytes (linked by --wrap) */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <errno.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "player.h"

enum { FEW_BYTES = 7, FDS_MAX = 65536 };

const bool doubles_are_here = true;
static bool refuses;
static unsigned calls, writes;
static bool was_reset[FDS_MAX];

ssize_t __real_send(int fd, const void *bytes, size_t n, int flags);
ssize_t __real_sendmsg(int fd, const struct msghdr *message, int flags);
ssize_t __real_sendfile(int out, int in, off_t *at, size_t n);
int __real_setsockopt(int fd, int level, int option, const void *value, socklen_t n);
ssize_t __wrap_send(int fd, const void *bytes, size_t n, int flags);
ssize_t __wrap_sendmsg(int fd, const struct msghdr *message, int flags);
ssize_t __wrap_sendfile(int out, int in, off_t *at, size_t n);
int __wrap_setsockopt(int fd, int level, int option, const void *value, socklen_t n);

void doubles_refuse(bool every_second) {
    refuses = every_second;
}

unsigned doubles_writes(void) {
    unsigned n = writes;
    writes = 0;
    return n;
}

void doubles_forget(int fd) {
    if (fd >= 0 && fd < FDS_MAX) was_reset[fd] = false;
}

bool doubles_was_reset(int fd) {
    return fd >= 0 && fd < FDS_MAX && was_reset[fd];
}

/* How many bytes this call may write; 0: refused. */
static size_t allowed(size_t n) {
    writes++;
    if (!refuses || calls++ % 2 == 0) return n;
    if (calls % 4 == 2) return 0;
    return n < FEW_BYTES ? n : FEW_BYTES;
}

static ssize_t refused(void) {
    errno = EAGAIN;
    return -1;
}

ssize_t __wrap_send(int fd, const void *bytes, size_t n, int flags) {
    n = allowed(n);
    return n ? __real_send(fd, bytes, n, flags) : refused();
}

ssize_t __wrap_sendmsg(int fd, const struct msghdr *message, int flags) {
    size_t all = 0;
    for (size_t i = 0; i < (size_t)message->msg_iovlen; i++) all += message->msg_iov[i].iov_len;
    size_t n = allowed(all);
    if (n == all) return __real_sendmsg(fd, message, flags);
    if (n == 0) return refused();
    const struct iovec *first = &message->msg_iov[0];
    return __real_send(fd, first->iov_base, first->iov_len < n ? first->iov_len : n, flags);
}

ssize_t __wrap_sendfile(int out, int in, off_t *at, size_t n) {
    n = allowed(n);
    return n ? __real_sendfile(out, in, at, n) : refused();
}

/* A unix socket has no reset: the wish for one is noted here. */
int __wrap_setsockopt(int fd, int level, int option, const void *value, socklen_t n) {
    if (level == SOL_SOCKET && option == SO_LINGER && fd >= 0 && fd < FDS_MAX) {
        const struct linger *linger = value;
        was_reset[fd] = linger->l_onoff && linger->l_linger == 0;
    }
    return __real_setsockopt(fd, level, option, value, n);
}
