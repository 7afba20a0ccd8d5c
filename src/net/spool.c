/* spool.c - a body that is collected: a little in memory, the rest in unlinked files */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "net/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/memory.h"
#include "base/random.h"

enum { PATH_BYTES = 4096, FILE_BYTES = 1024 * 1024 };

static const char *const *configured;
static uint64_t first_bytes = FILE_BYTES;

void spool_set(const char *const *dirs, uint64_t file_bytes) {
    configured = dirs;
    first_bytes = file_bytes ? file_bytes : FILE_BYTES;
}

/* The n-th directory, or NULL. */
static const char *directory(unsigned n) {
    static const char *const otherwise[] = {"/var/tmp", "/tmp"};
    const char *tmp = getenv("TMPDIR");
    if (configured && configured[0]) {
        for (unsigned i = 0; i < n; i++)
            if (!configured[i]) return NULL;
        return configured[n];
    }
    if (tmp && *tmp && n-- == 0) return tmp;
    return n < sizeof otherwise / sizeof *otherwise ? otherwise[n] : NULL;
}

/* In a sandbox that has not seen this directory: it was made, or made anew, since. */
static int open_otherwise(const char *dir) {
    char path[PATH_BYTES];
    uint64_t name;
    random_bytes(&name, sizeof name);
    snprintf(path, sizeof path, "%s/goldcrest-upload-%016llx", dir, (unsigned long long)name);
    return fd_open_otherwise(path, O_RDWR | O_CREAT | O_EXCL);
}

/* A file without a name; -1 with errno. */
static int open_in(const char *dir) {
    char path[PATH_BYTES - 16];
    int n = snprintf(path, sizeof path, "%s/goldcrest-upload-XXXXXX", dir);
    if (n < 0 || (size_t)n >= sizeof path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    int fd = mkstemp(path);
    if (fd < 0) return errno == EACCES ? open_otherwise(dir) : -1;
    unlink(path);
    fd_set_cloexec(fd, true);
    return fd;
}

/* A new file at the end of the queue, in the first directory from *at on that takes one. */
static struct file *next_file(unsigned *at, const char **why) {
    for (const char *dir; (dir = directory(*at)); (*at)++) {
        *why = dir;
        int fd = open_in(dir);
        if (fd < 0) continue;
        struct file *f = memory_zeroed(1, sizeof *f);
        f->refs = 1;
        f->fd = fd;
        return f;
    }
    return NULL;
}

/* What could be written; fewer: errno says why. */
static size_t append(struct file *f, struct span bytes) {
    size_t done = 0;
    while (done < bytes.n) {
        ssize_t n = pwrite(f->fd, bytes.p + done, bytes.n - done, (off_t)(f->state.size + done));
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) {
            if (n == 0) errno = ENOSPC;
            break;
        }
        done += (size_t)n;
    }
    f->state.size += done;
    return done;
}

/* Files double, so that a large body needs few of them, and what was sent of it gives its room back. */
static struct file *last_file(const struct chunks *q) {
    const struct chunk *last = q->count ? chunks_at(q, q->count - 1u) : NULL;
    uint64_t most = q->bytes / 2 > first_bytes ? q->bytes / 2 : first_bytes;
    if (!last || last->kind != CHUNK_FILE || last->at + last->left != last->is.file->state.size) return NULL;
    return last->is.file->state.size < most ? last->is.file : NULL;
}

static void lengthen(struct chunks *q, size_t n) {
    chunks_at(q, q->count - 1u)->left += n;
    q->bytes += n;
}

static bool add_to_files(struct chunks *q, struct span bytes, const char **why) {
    unsigned at = 0;
    struct file *f = last_file(q);
    if (f) {
        size_t n = append(f, bytes);
        lengthen(q, n);
        bytes = span_from(bytes, n);
    }
    while (bytes.n && (f = next_file(&at, why))) {
        size_t n = append(f, bytes);
        int error = errno;
        chunks_add_file(q, f, 0, n);
        file_drop(f);
        bytes = span_from(bytes, n);
        if (bytes.n) at++; /* it is full */
        errno = error;
    }
    return bytes.n == 0;
}

static bool is_in_memory(const struct chunks *q) {
    return q->count == 0 || chunks_at(q, q->count - 1u)->kind != CHUNK_FILE;
}

bool spool_add(struct chunks *q, struct span bytes, const char **why) {
    *why = directory(0);
    if (is_in_memory(q) && q->bytes + bytes.n <= SPOOL_MEMORY_BYTES) {
        chunks_add_copy(q, bytes);
        return true;
    }
    if (is_in_memory(q)) { /* what is there moves */
        struct chunks files = {0};
        for (unsigned i = 0; i < q->count; i++) {
            const struct chunk *c = chunks_at(q, i);
            if (c->kind != CHUNK_FILE && add_to_files(&files, (struct span){chunk_bytes(c), (size_t)c->left}, why))
                continue;
            chunks_clear(&files);
            return false;
        }
        chunks_clear(q);
        chunks_move(q, &files);
    }
    return add_to_files(q, bytes, why);
}
