/* devpoll.h - declarations of the /dev/poll double; for tests on Linux only */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_DOUBLE_DEVPOLL_H
#define GOLDCREST_DOUBLE_DEVPOLL_H

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#ifndef POLLREMOVE
#define POLLREMOVE 0x1000
#endif
#define DP_POLL 0xd001

struct dvpoll {
    struct pollfd *dp_fds;
    nfds_t dp_nfds;
    int dp_timeout;
};

int double_devpoll_open(const char *path, int flags);
ssize_t double_devpoll_pwrite(int fd, const void *entries, size_t bytes, off_t offset);
int double_devpoll_ioctl(int fd, unsigned long request, struct dvpoll *argument);

/* Whoever includes this talks to /dev/poll and to nothing else. */
#define open(path, flags) double_devpoll_open(path, flags)
#define pwrite(fd, entries, bytes, offset) double_devpoll_pwrite(fd, entries, bytes, offset)
#define ioctl(fd, request, argument) double_devpoll_ioctl(fd, request, argument)

#endif
