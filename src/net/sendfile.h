/* sendfile.h - one signature for each system's sendfile() */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_SENDFILE_H
#define GOLDCREST_SENDFILE_H

#include <stdint.h>
#include <sys/types.h>

#if defined GC_SENDFILE_LINUX || defined GC_SENDFILE_FREEBSD || defined GC_SENDFILE_MACOS || \
    defined GC_SENDFILE_SOLARIS
#define HAS_SENDFILE 1
#else
#define HAS_SENDFILE 0
#endif

#ifndef MSG_NOSIGNAL /* SIGPIPE is ignored in any case */
#define MSG_NOSIGNAL 0
#endif
#ifndef MSG_MORE
#define MSG_MORE 0
#endif

/* Bytes of the file's range that the socket took; 0: the file ends before `at`; -1 with errno. */
ssize_t sendfile_range(int socket, int file, uint64_t at, uint64_t n);

#endif
