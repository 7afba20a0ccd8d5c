/* daemon.c - leaving the terminal, and the file that says who we are */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "server/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"

int daemonise(void) {
    int ends[2];
    char byte = 1;
    if (fd_pipe(ends) != 0) return -1;
    pid_t pid = fork();
    if (pid < 0) return -1;
    if (pid > 0) {
        close(ends[1]);
        ssize_t n;
        do n = read(ends[0], &byte, 1);
        while (n < 0 && errno == EINTR);
        _exit(n == 1 ? byte : 255);
    }
    close(ends[0]);
    setsid();
    pid = fork();
    if (pid != 0) _exit(0);
    if (chdir("/") != 0) say_warning("chdir: %s", strerror(errno)); /* before there are workers: one place for all */
    return ends[1];
}

bool pid_file_open(struct pid_file *f, struct span name) {
    f->fd = -1;
    if (name.n == 0) return true;
    f->name = span_dup(name);
    f->fd = fd_open(f->name, O_WRONLY | O_CREAT, 0644);
    if (f->fd < 0) say_error("server.pid-file: %s cannot be written: %s", f->name, strerror(errno));
    return f->fd >= 0;
}

void pid_file_write(const struct pid_file *f) {
    char text[24];
    int n = snprintf(text, sizeof text, "%ld\n", (long)getpid());
    if (f->fd < 0) return;
    (void)lseek(f->fd, 0, SEEK_SET); /* after an upgrade it was written before */
    if (ftruncate(f->fd, 0) != 0 && errno != EINVAL) say_error("server.pid-file: %s", strerror(errno));
    if (fd_write_all(f->fd, text, (size_t)n) != 0) say_error("server.pid-file: %s", strerror(errno));
}

/* A plain file, and still the one that was opened: neither a device, nor what somebody has put in its place since. */
static bool is_still_there(const struct pid_file *f, struct stat *st) {
    struct stat there;
    return fstat(f->fd, st) == 0 && S_ISREG(st->st_mode) && lstat(f->name, &there) == 0 &&
           there.st_dev == st->st_dev && there.st_ino == st->st_ino;
}

void pid_file_remove(struct pid_file *f) {
    struct stat st;
    if (f->fd < 0) return;
    if (is_still_there(f, &st)) unlink(f->name);
    close(f->fd);
    f->fd = -1;
}

void pid_file_leave(struct pid_file *f) {
    struct stat st;
    if (f->fd < 0) return;
    if (is_still_there(f, &st) && st.st_size == 0) unlink(f->name);
    close(f->fd);
    f->fd = -1;
}
