/* sendfile.c - one signature for each system's sendfile() */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "net/sendfile.h"

#include <errno.h>

#if defined GC_SENDFILE_LINUX || defined GC_SENDFILE_SOLARIS
#include <sys/sendfile.h>
#elif defined GC_SENDFILE_FREEBSD || defined GC_SENDFILE_MACOS
#include <sys/socket.h>
#include <sys/uio.h>
#endif

#if defined GC_SENDFILE_LINUX || defined GC_SENDFILE_SOLARIS
enum { AT_ONCE = 0x40000000 }; /* Linux takes at most 0x7ffff000 */

ssize_t sendfile_range(int socket, int file, uint64_t at, uint64_t n) {
    off_t offset = (off_t)at;
    ssize_t sent = sendfile(socket, file, &offset, (size_t)(n < AT_ONCE ? n : AT_ONCE));
    /* Solaris reports what was sent before the error in the offset alone */
    return sent < 0 && offset > (off_t)at ? (ssize_t)(offset - (off_t)at) : sent;
}
#elif defined GC_SENDFILE_FREEBSD
ssize_t sendfile_range(int socket, int file, uint64_t at, uint64_t n) {
    off_t sent = 0; /* set on errors too */
    int rc = sendfile(file, socket, (off_t)at, (size_t)n, NULL, &sent, 0);
    if (rc != 0 && errno == EBUSY && sent == 0) errno = EAGAIN;
    return rc == 0 || sent > 0 ? (ssize_t)sent : -1;
}
#elif defined GC_SENDFILE_MACOS
ssize_t sendfile_range(int socket, int file, uint64_t at, uint64_t n) {
    off_t length = (off_t)n; /* in: wanted, out: sent, on errors too */
    int rc = sendfile(file, socket, (off_t)at, &length, NULL, 0);
    return rc == 0 || length > 0 ? (ssize_t)length : -1;
}
#else
ssize_t sendfile_range(int socket, int file, uint64_t at, uint64_t n) {
    (void)socket, (void)file, (void)at, (void)n;
    errno = ENOSYS;
    return -1;
}
#endif
