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

typedef ssize_t send_call(int fd, const void *bytes, size_t n, int flags);
typedef ssize_t sendmsg_call(int fd, const struct msghdr *message, int flags);
typedef ssize_t sendfile_call(int out, int in, off_t *at, size_t n);
typedef int setsockopt_call(int fd, int level, int option, const void *value, socklen_t n);

send_call __real_send, __wrap_send;
sendmsg_call __real_sendmsg, __wrap_sendmsg, __wrap___sendmsg64;
sendfile_call __real_sendfile, __wrap_sendfile, __wrap_sendfile64;
setsockopt_call __real_setsockopt, __wrap_setsockopt, __wrap___setsockopt64;

/* What they are called where time_t and off_t have 64 bits and long has 32; elsewhere some are not there. */
__attribute__((weak)) sendmsg_call __real___sendmsg64;
__attribute__((weak)) sendfile_call __real_sendfile64;
__attribute__((weak)) setsockopt_call __real___setsockopt64;

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

static ssize_t send_message(sendmsg_call *real, int fd, const struct msghdr *message, int flags) {
    size_t all = 0;
    for (size_t i = 0; i < (size_t)message->msg_iovlen; i++) all += message->msg_iov[i].iov_len;
    size_t n = allowed(all);
    if (n == all) return real(fd, message, flags);
    if (n == 0) return refused();
    const struct iovec *first = &message->msg_iov[0];
    return __real_send(fd, first->iov_base, first->iov_len < n ? first->iov_len : n, flags);
}

ssize_t __wrap_sendmsg(int fd, const struct msghdr *message, int flags) {
    return send_message(__real_sendmsg, fd, message, flags);
}

ssize_t __wrap___sendmsg64(int fd, const struct msghdr *message, int flags) {
    return send_message(__real___sendmsg64, fd, message, flags);
}

ssize_t __wrap_sendfile(int out, int in, off_t *at, size_t n) {
    n = allowed(n);
    return n ? __real_sendfile(out, in, at, n) : refused();
}

ssize_t __wrap_sendfile64(int out, int in, off_t *at, size_t n) {
    n = allowed(n);
    return n ? __real_sendfile64(out, in, at, n) : refused();
}

/* A unix socket has no reset: the wish for one is noted here. */
static void note_option(int fd, int level, int option, const void *value) {
    const struct linger *linger = value;
    if (level != SOL_SOCKET || option != SO_LINGER || fd < 0 || fd >= FDS_MAX) return;
    was_reset[fd] = linger->l_onoff && linger->l_linger == 0;
}

int __wrap_setsockopt(int fd, int level, int option, const void *value, socklen_t n) {
    note_option(fd, level, option, value);
    return __real_setsockopt(fd, level, option, value, n);
}

int __wrap___setsockopt64(int fd, int level, int option, const void *value, socklen_t n) {
    note_option(fd, level, option, value);
    return __real___setsockopt64(fd, level, option, value, n);
}
