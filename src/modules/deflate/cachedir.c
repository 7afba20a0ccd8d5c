/* cachedir.c - deflate.cache-dir: compressed files, kept as files */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "modules/deflate/cachedir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/memory.h"
#include "http/etag.h"

struct cached_copy {
    char *name, *made_as;
    int fd, error;
};

static unsigned copies; /* of this worker, in the making */

struct span cached_name(struct arena *a, struct span directory, struct span path, enum coding coding,
                        const struct file_state *state) {
    char tag[ETAG_MAX_BYTES];
    size_t n = etag_make(tag, state->inode, state->size, state->mtime_s, state->mtime_ns);
    bool slash = path.n && path.p[0] == '/';
    return arena_printf(a, "%.*s%s%.*s-%.*s-%.*s", SPAN_ARG(directory), slash ? "" : "/", SPAN_ARG(path),
                        SPAN_ARG(coding_name(coding)), (int)n - 2, tag + 1);
}

bool cached_directory_is_ours(const char *directory) {
    struct stat st;
    if (lstat(directory, &st) != 0) return errno == ENOENT;
    return S_ISDIR(st.st_mode) && (st.st_uid == geteuid() || st.st_uid == 0) && !(st.st_mode & S_IWOTH);
}

/* Everything above name. */
static int make_directories(char *name) {
    for (char *slash = name + 1; (slash = strchr(slash, '/')); slash++) {
        *slash = '\0';
        int result = mkdir(name, 0700);
        *slash = '/';
        if (result != 0 && errno != EEXIST) return -1;
    }
    return 0;
}

static int open_new(const char *name) {
    return fd_open(name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
}

struct cached_copy *cached_copy_make(struct span name) {
    static unsigned counted;
    if (copies >= COPIES_MAX) {
        errno = EBUSY;
        return NULL;
    }
    struct cached_copy *c = memory_zeroed(1, sizeof *c);
    copies++;
    size_t room = name.n + 48;
    c->name = span_dup(name);
    c->made_as = memory_get(room);
    snprintf(c->made_as, room, "%s.%ld.%u.new", c->name, (long)getpid(), counted++);
    c->fd = open_new(c->made_as);
    if (c->fd < 0 && errno == ENOENT && make_directories(c->made_as) == 0) c->fd = open_new(c->made_as);
    if (c->fd >= 0) return c;
    int error = errno;
    cached_copy_drop(c);
    errno = error;
    return NULL;
}

void cached_copy_add(struct cached_copy *c, struct span bytes) {
    if (!c->error && fd_write_all(c->fd, bytes.p, bytes.n) != 0) c->error = errno;
}

void cached_copy_drop(struct cached_copy *c) {
    if (!c) return;
    copies--;
    if (c->fd >= 0) {
        close(c->fd);
        unlink(c->made_as);
    }
    free(c->name);
    free(c->made_as);
    free(c);
}

int cached_copy_finish(struct cached_copy *c) {
    int error = c->error;
    if (close(c->fd) != 0 && !error) error = errno; /* some file systems say only here that they are full */
    if (!error && rename(c->made_as, c->name) != 0) error = errno;
    if (error) unlink(c->made_as);
    c->fd = -1;
    cached_copy_drop(c);
    errno = error;
    return error ? -1 : 0;
}
