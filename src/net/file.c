/* file.c - counted open files */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "net/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/memory.h"

_Static_assert(sizeof(off_t) >= 8, "configure saw to it that files do not end at 2 GiB");

#if defined HAVE_STRUCT_STAT_ST_MTIM
#define NANOSECONDS(st, which) ((uint32_t)(st)->st_##which##tim.tv_nsec)
#elif defined HAVE_STRUCT_STAT_ST_MTIMESPEC
#define NANOSECONDS(st, which) ((uint32_t)(st)->st_##which##timespec.tv_nsec)
#else
#define NANOSECONDS(st, which) 0u
#endif

static void take(struct file_state *state, const struct stat *st) {
    state->device = (uint64_t)st->st_dev;
    state->inode = (uint64_t)st->st_ino;
    state->size = (uint64_t)st->st_size;
    state->mtime_s = st->st_mtime;
    state->ctime_s = st->st_ctime;
    state->mtime_ns = NANOSECONDS(st, m);
    state->ctime_ns = NANOSECONDS(st, c);
    state->mode = st->st_mode;
}

int file_look(const char *path, struct file_state *state) {
    struct stat st;
    if (stat(path, &st) != 0) return errno;
    take(state, &st);
    return 0;
}

bool file_same(const struct file_state *a, const struct file_state *b) {
    return a->inode == b->inode && a->size == b->size && a->mtime_s == b->mtime_s && a->mtime_ns == b->mtime_ns &&
           a->ctime_s == b->ctime_s && a->ctime_ns == b->ctime_ns && a->device == b->device && a->mode == b->mode;
}

static struct file *from_fd(int fd) {
    struct stat st;
    if (fd < 0) return NULL;
    int error = fstat(fd, &st) != 0 ? errno : S_ISDIR(st.st_mode) ? EISDIR : S_ISREG(st.st_mode) ? 0 : EACCES;
    if (error) {
        close(fd);
        errno = error;
        return NULL;
    }
    struct file *f = memory_zeroed(1, sizeof *f);
    f->refs = 1;
    f->fd = fd;
    take(&f->state, &st);
    return f;
}

struct file *file_open(const char *path) {
    return from_fd(fd_open(path, O_RDONLY | O_NONBLOCK, 0));
}

/* A directory on the way to another: it need not be readable. */
#if defined O_PATH
enum { SEARCH = O_PATH | O_DIRECTORY };
#elif defined O_SEARCH
enum { SEARCH = O_SEARCH | O_DIRECTORY };
#else
enum { SEARCH = O_RDONLY | O_NONBLOCK | O_DIRECTORY };
#endif

/* Walks down one component after the other; each is opened relative to the one before, so nothing can be exchanged
 * between the look and the use. */
struct file *file_open_without_links(const char *path) {
    char *copy = span_dup(span_of(path));
    struct span rest = span_of(copy), part;
    int dir = fd_open("/", SEARCH, 0);
    while (dir >= 0 && span_next(&rest, '/', &part)) {
        if (part.n == 0) continue;
        bool last = !rest.p;
        copy[part.p - copy + (ptrdiff_t)part.n] = '\0';
        int next = openat(dir, part.p, O_NOFOLLOW | O_CLOEXEC | (last ? O_RDONLY | O_NONBLOCK | O_NOCTTY : SEARCH));
        if (next < 0 && last && errno == EACCES) next = fd_open_otherwise(path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW);
        struct stat st;
        int error = errno;
        if (next < 0 && error != ENOENT && fstatat(dir, part.p, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode))
            error = ELOOP; /* a link is ENOTDIR, EMLINK or EFTYPE to some kernels */
        close(dir);
        errno = error;
        dir = next;
    }
    int error = errno;
    free(copy);
    errno = error;
    return from_fd(dir);
}

void file_drop(struct file *f) {
    if (!f || --f->refs > 0) return;
    close(f->fd);
    free(f);
}

struct blob *file_content(const struct file *f) {
    if (f->state.size > SIZE_MAX / 2) { /* 32 bits hold an address of 4 GiB, not a size above */
        errno = EFBIG;
        return NULL;
    }
    struct blob *b = blob_make((size_t)f->state.size);
    for (size_t done = 0; done < b->n;) {
        ssize_t n = pread(f->fd, b->p + done, b->n - done, (off_t)done);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) {
            if (n == 0) errno = EIO;
            blob_drop(b);
            return NULL;
        }
        done += (size_t)n;
    }
    return b;
}
