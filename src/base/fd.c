/* fd.c - descriptors: opened close-on-exec on every system */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static fd_opener *opener;

void fd_set_opener(fd_opener *other) {
    opener = other;
}

int fd_open_otherwise(const char *path, int flags) {
    if (opener) return opener(path, flags);
    errno = EACCES;
    return -1;
}

int fd_open(const char *path, int flags, mode_t mode) {
    int fd;
    do fd = open(path, flags | O_CLOEXEC | O_NOCTTY, mode);
    while (fd < 0 && errno == EINTR);
    return fd < 0 && errno == EACCES && opener ? opener(path, flags) : fd;
}

int fd_pipe(int fds[2]) {
#ifdef HAVE_PIPE2
    return pipe2(fds, O_CLOEXEC);
#else
    if (pipe(fds) != 0) return -1;
    return fd_set_cloexec(fds[0], true) | fd_set_cloexec(fds[1], true);
#endif
}

static int set_flag(int fd, int get, int set, int flag, bool yes) {
    int flags = fcntl(fd, get);
    if (flags < 0) return -1;
    int wanted = yes ? flags | flag : flags & ~flag;
    return wanted == flags ? 0 : fcntl(fd, set, wanted);
}

int fd_set_nonblocking(int fd, bool yes) {
    return set_flag(fd, F_GETFL, F_SETFL, O_NONBLOCK, yes);
}

int fd_set_cloexec(int fd, bool yes) {
    return set_flag(fd, F_GETFD, F_SETFD, FD_CLOEXEC, yes);
}

int fd_write_all(int fd, const char *bytes, size_t n) {
    while (n > 0) {
        ssize_t done = write(fd, bytes, n);
        if (done < 0 && errno == EINTR) continue;
        if (done < 0) return -1;
        bytes += done;
        n -= (size_t)done;
    }
    return 0;
}

int fd_read_all(int fd, struct buf *out, size_t max) {
    for (;;) {
        char *room = buf_room(out, 4096);
        ssize_t got = read(fd, room, out->cap - out->n);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return (int)got;
        out->n += (size_t)got;
        if (out->n > max) {
            errno = EFBIG;
            return -1;
        }
    }
}

void fd_exec(int fd, char *const *argv, char *const *envp) {
#ifdef HAVE_FEXECVE
    fexecve(fd, argv, envp);
#else
    (void)fd, (void)argv, (void)envp;
    errno = ENOSYS;
#endif
}

void fd_cover_standard(int fd) {
    if (fd < 0) return;
    for (int standard = STDIN_FILENO; standard <= STDERR_FILENO; standard++) dup2(fd, standard);
    if (fd > STDERR_FILENO) close(fd);
}

int fd_fill_standard(void) {
    int fd;
    do fd = open("/dev/null", O_RDWR);
    while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd < 0) return -1;
    close(fd);
    return 0;
}
