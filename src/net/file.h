/* file.h - counted open files */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_FILE_H
#define GOLDCREST_FILE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/blob.h"

/* file_state - what stat() says, as far as it tells one state of a file from another */
struct file_state {
    uint64_t device, inode, size;
    int64_t mtime_s, ctime_s;
    uint32_t mtime_ns, ctime_ns;
    mode_t mode;
};

/* 0, or errno. */
int file_look(const char *path, struct file_state *state);
bool file_same(const struct file_state *a, const struct file_state *b);

/* file - open for reading; whoever keeps a pointer holds a reference; closed with the last one */
struct file {
    unsigned refs;
    int fd;
    struct file_state state; /* when it was opened */
};

/* A regular file that this process may read; NULL with errno (EISDIR, EACCES for devices and pipes, …). Never blocks
 * on a pipe. */
struct file *file_open(const char *path);

/* The same, but nothing on the way may be a symbolic link (ELOOP). */
struct file *file_open_without_links(const char *path);

static inline struct file *file_hold(struct file *f) {
    f->refs++;
    return f;
}

void file_drop(struct file *f); /* accepts NULL */

/* All its bytes; NULL with errno (EIO: it is shorter than it was). */
struct blob *file_content(const struct file *f);

#endif
