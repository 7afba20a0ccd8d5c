/* sendfile.c - one signature for each system's sendfile() */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "net/sendfile.h"

#include <errno.h>
#include <stddef.h>

#if defined GC_SENDFILE_MOVES_OFFSET
#include <sys/sendfile.h>
#elif HAS_SENDFILE
#include <sys/socket.h>
#include <sys/uio.h>
#endif

#if HAS_SENDFILE
/* Linux takes at most 0x7ffff000, size_t may have 32 bits; and 0, which a number cut off could become, means "up to
 * the end" to the BSDs and to macOS. */
enum { AT_ONCE = 0x40000000 };
#endif

#if defined GC_SENDFILE_MOVES_OFFSET
ssize_t sendfile_range(int socket, int file, uint64_t at, uint64_t n) {
    off_t offset = (off_t)at;
    ssize_t sent = sendfile(socket, file, &offset, (size_t)(n < AT_ONCE ? n : AT_ONCE));
    /* Solaris reports what was sent before the error in the offset alone */
    return sent < 0 && offset > (off_t)at ? (ssize_t)(offset - (off_t)at) : sent;
}
#elif defined GC_SENDFILE_COUNTS_SENT
ssize_t sendfile_range(int socket, int file, uint64_t at, uint64_t n) {
    off_t sent = 0; /* set on errors too: what was sent before EAGAIN, EINTR, EBUSY */
    if (n == 0) return 0;
    int rc = sendfile(file, socket, (off_t)at, (size_t)(n < AT_ONCE ? n : AT_ONCE), NULL, &sent, 0);
    if (rc != 0 && errno == EBUSY) errno = EAGAIN;
    return rc == 0 || sent > 0 ? (ssize_t)sent : -1;
}
#elif defined GC_SENDFILE_CHANGES_LENGTH
ssize_t sendfile_range(int socket, int file, uint64_t at, uint64_t n) {
    off_t length = (off_t)(n < AT_ONCE ? n : AT_ONCE); /* in: wanted, out: sent */
    if (n == 0) return 0;
    int rc = sendfile(file, socket, (off_t)at, &length, NULL, 0);
    if (rc == 0) return (ssize_t)length;
    /* After other errors than these it may still be what was wanted. */
    return (errno == EAGAIN || errno == EINTR) && length > 0 ? (ssize_t)length : -1;
}
#else
ssize_t sendfile_range(int socket, int file, uint64_t at, uint64_t n) {
    (void)socket, (void)file, (void)at, (void)n;
    errno = ENOSYS;
    return -1;
}
#endif

bool sendfile_cannot(int error) {
    static const int refusals[] = {EINVAL, ENOSYS, EOPNOTSUPP, ENOTSUP, EAFNOSUPPORT};
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++)
        if (error == refusals[i]) return true;
    return false;
}
