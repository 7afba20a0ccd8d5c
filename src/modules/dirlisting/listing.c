/* listing.c - the entries of a directory: read, filtered, sorted */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "modules/dirlisting/listing.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/memory.h"

/* ---- reading ------------------------------------------------------------------------------------- */

static bool is_left_out(const struct listing_filter *f, struct span name) {
    if (name.p[0] == '.' && (f->hide_dotfiles || name.n == 1 || span_is(name, SPAN("..")))) return true;
    for (unsigned i = 0; i < 2; i++)
        if (f->hidden[i].n && span_is(name, f->hidden[i])) return true;
    for (size_t i = 0; f->exclude && i < f->exclude->count; i++)
        if (regex_match(f->exclude->list[i], name, NULL)) return true;
    return false;
}

void listing_add(struct listing *l, struct span name, bool is_folder, uint64_t size, int64_t mtime_s) {
    l->list = memory_grow(l->list, &l->cap, l->count + 1, sizeof *l->list);
    l->list[l->count++] = (struct entry){arena_copy(&l->arena, name), is_folder ? 0 : size, mtime_s, is_folder};
}

/* Pipes, sockets and devices are never given away, so they are not offered. */
static void add(struct listing *l, int directory, const char *name, bool hide_links) {
    struct stat st;
    if (fstatat(directory, name, &st, hide_links ? AT_SYMLINK_NOFOLLOW : 0) != 0) return; /* a dead link */
    if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)) return;
    listing_add(l, span_of(name), S_ISDIR(st.st_mode), (uint64_t)st.st_size, (int64_t)st.st_mtime);
}

static int not_opened(int fd) {
    int error = errno;
    if (fd >= 0) close(fd);
    return error;
}

int listing_read(struct listing *l, const char *path, const struct listing_filter *filter) {
    int fd = fd_open(path, O_RDONLY | O_NONBLOCK | O_DIRECTORY, 0);
    DIR *directory = fd >= 0 ? fdopendir(fd) : NULL;
    const struct dirent *found;
    if (!directory) return not_opened(fd);
    while (!l->is_cut && (found = readdir(directory))) {
        if (is_left_out(filter, span_of(found->d_name))) continue;
        if (l->count == LISTING_MAX_ENTRIES) l->is_cut = true;
        else add(l, dirfd(directory), found->d_name, filter->hide_links);
    }
    closedir(directory);
    return 0;
}

void listing_done(struct listing *l) {
    free(l->list);
    arena_done(&l->arena);
    *l = (struct listing){0};
}

/* ---- sorting ------------------------------------------------------------------------------------- */

/* The number at the start of *s, without leading zeros; *s goes behind it. */
static struct span take_number(struct span *s) {
    size_t zeros = 0, n;
    while (zeros + 1 < s->n && s->p[zeros] == '0' && ascii_is_digit(s->p[zeros + 1])) zeros++;
    for (n = zeros; n < s->n && ascii_is_digit(s->p[n]);) n++;
    struct span number = {s->p + zeros, n - zeros};
    *s = span_from(*s, n);
    return number;
}

static int numbers_compare(struct span a, struct span b) {
    if (a.n != b.n) return a.n < b.n ? -1 : 1;
    return memcmp(a.p, b.p, a.n);
}

int name_compare(struct span a, struct span b) {
    struct span x = a, y = b;
    while (x.n && y.n) {
        if (ascii_is_digit(x.p[0]) && ascii_is_digit(y.p[0])) {
            struct span m = take_number(&x), n = take_number(&y);
            int order = numbers_compare(m, n);
            if (order) return order;
            continue;
        }
        unsigned char c = (unsigned char)ascii_lower(x.p[0]), d = (unsigned char)ascii_lower(y.p[0]);
        if (c != d) return c < d ? -1 : 1;
        x = span_from(x, 1);
        y = span_from(y, 1);
    }
    if (x.n != y.n) return x.n < y.n ? -1 : 1;
    return span_compare(a, b);
}

static int by_name(const struct entry *a, const struct entry *b) {
    return name_compare(a->name, b->name);
}

static int by_time(const struct entry *a, const struct entry *b) {
    return a->mtime_s != b->mtime_s ? (a->mtime_s < b->mtime_s ? -1 : 1) : by_name(a, b);
}

static int by_size(const struct entry *a, const struct entry *b) {
    return a->size != b->size ? (a->size < b->size ? -1 : 1) : by_name(a, b);
}

static int (*const orders[])(const struct entry *, const struct entry *) = {
    [BY_NAME] = by_name, [BY_TIME] = by_time, [BY_SIZE] = by_size};

/* qsort() passes nothing along; a worker sorts one listing at a time. */
static struct {
    int (*compare)(const struct entry *, const struct entry *);
    int sign;
} sorting;

static int compare(const void *x, const void *y) {
    const struct entry *a = x, *b = y;
    if (a->is_folder != b->is_folder) return a->is_folder ? -1 : 1;
    return sorting.sign * sorting.compare(a, b);
}

void listing_sort(struct listing *l, enum listing_column by, bool descending) {
    sorting.compare = orders[by];
    sorting.sign = descending ? -1 : 1;
    if (l->count) qsort(l->list, l->count, sizeof *l->list, compare);
}
