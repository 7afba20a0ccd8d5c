/* sendfile.h - one signature for each system's sendfile() */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_SENDFILE_H
#define GOLDCREST_SENDFILE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#if defined GC_SENDFILE_MOVES_OFFSET || defined GC_SENDFILE_COUNTS_SENT || defined GC_SENDFILE_CHANGES_LENGTH
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

/* Does that errno mean "not from this kind of file" or "not to this kind of socket"? read() and write() can. */
bool sendfile_cannot(int error);

#endif
