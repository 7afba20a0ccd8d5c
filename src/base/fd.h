/* fd.h - descriptors: opened close-on-exec on every system */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_FD_H
#define GOLDCREST_FD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/buf.h"

int fd_open(const char *path, int flags, mode_t mode); /* open() with O_CLOEXEC and O_NOCTTY */
/* Who is asked where open() says EACCES (in a sandbox, a process outside): a descriptor, or -1 with errno. */
typedef int fd_opener(const char *path, int flags);
void fd_set_opener(fd_opener *opener);
int fd_open_otherwise(const char *path, int flags); /* asks; -1 and EACCES without one */

int fd_pipe(int fds[2]);                               /* both ends close-on-exec */
int fd_set_nonblocking(int fd, bool yes);
int fd_set_cloexec(int fd, bool yes);

/* Writes it all to a blocking descriptor. 0, or -1 with errno. */
int fd_write_all(int fd, const char *bytes, size_t n);

/* Appends what is read until the end, at most max bytes (then errno is EFBIG). 0, or -1 with errno. */
int fd_read_all(int fd, struct buf *out, size_t max);

/* exec() of a program that is open; returns with errno: ENOSYS where the system cannot do it. */
void fd_exec(int fd, char *const *argv, char *const *envp);

/* Puts /dev/null on descriptors 0, 1, 2 where nothing is open, so that no socket ever gets such a number. */
int fd_fill_standard(void);

/* Descriptors 0, 1 and 2 become that one, which is closed; below 0: nothing happens. */
void fd_cover_standard(int fd);

#endif
