/* userfile.c - files of users, passwords and groups */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "modules/auth/userfile.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"

enum { SETTLED_S = 2 };

/* kept - a file's text as of its state */
struct kept {
    struct buf path, text;
    dev_t device;
    ino_t inode;
    off_t size;
    time_t mtime;
    uint64_t used; /* counts: the least recently used makes room */
};

static struct kept files[USERFILES_KEPT];
static uint64_t uses;

static struct kept *place_for(struct span path) {
    struct kept *oldest = &files[0];
    for (struct kept *k = files; k < files + USERFILES_KEPT; k++) {
        if (k->used && span_is(buf_span(&k->path), path)) return k;
        if (k->used < oldest->used) oldest = k;
    }
    buf_clear(&oldest->path);
    buf_clear(&oldest->text);
    buf_add(&oldest->path, path);
    oldest->used = 0;
    return oldest;
}

static bool is_as_kept(const struct kept *k, const struct stat *st) {
    return k->used && k->device == st->st_dev && k->inode == st->st_ino && k->size == st->st_size &&
           k->mtime == st->st_mtime && time(NULL) - st->st_mtime >= SETTLED_S;
}

static bool read_into(struct kept *k, int fd, const struct stat *st, struct buf *why) {
    buf_clear(&k->text);
    k->used = 0;
    if (!S_ISREG(st->st_mode)) {
        buf_add_text(why, "it is no file");
        return false;
    }
    if (fd_read_all(fd, &k->text, USERFILE_BYTES_MAX) != 0) {
        buf_add_text(why, errno == EFBIG ? "it is larger than 8 MiB" : strerror(errno));
        return false;
    }
    k->device = st->st_dev;
    k->inode = st->st_ino;
    k->size = st->st_size;
    k->mtime = st->st_mtime;
    return true;
}

bool userfile_read(struct span path, struct span *text, struct buf *why) {
    struct kept *k = place_for(path);
    struct stat st;
    int fd = fd_open(buf_text(&k->path), O_RDONLY | O_NONBLOCK, 0);
    if (fd < 0 || fstat(fd, &st) != 0) {
        buf_add_text(why, strerror(errno));
        if (fd >= 0) close(fd);
        return false;
    }
    bool ok = is_as_kept(k, &st) || read_into(k, fd, &st, why);
    close(fd);
    if (!ok) return false;
    k->used = ++uses;
    *text = buf_span(&k->text);
    return true;
}

bool userfile_next(struct span *text, struct span *user, struct span *rest) {
    struct span line;
    while (span_next(text, '\n', &line)) {
        if (line.n && line.p[line.n - 1] == '\r') line.n--;
        size_t colon = span_find(line, ':');
        if (line.n == 0 || line.p[0] == '#' || colon == 0 || colon == line.n) continue;
        *user = span_upto(line, colon);
        *rest = span_from(line, colon + 1);
        return true;
    }
    return false;
}

static bool names_has(struct span names, struct span user) {
    size_t from = 0;
    for (size_t i = 0; i <= names.n; i++) {
        if (i < names.n && names.p[i] != ' ' && names.p[i] != '\t' && names.p[i] != ',') continue;
        if (i > from && span_is((struct span){names.p + from, i - from}, user)) return true;
        from = i + 1;
    }
    return false;
}

bool groupfile_has(struct span text, struct span group, struct span user) {
    struct span name, names;
    while (userfile_next(&text, &name, &names))
        if (span_is(span_trim(name), group) && names_has(names, user)) return true;
    return false;
}
