/* listing.h - the entries of a directory: read, filtered, sorted */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_DIRLISTING_LISTING_H
#define GOLDCREST_DIRLISTING_LISTING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/regex.h"
#include "modules/dirlisting/wish.h"

enum { LISTING_MAX_ENTRIES = 50000 };

/* entry - a file or folder that the server would give away */
struct entry {
    struct span name; /* in the listing's arena */
    uint64_t size;    /* 0 for folders */
    int64_t mtime_s;
    bool is_folder;
};

/* listing - entries in an order; zeroed memory is an empty one; listing_done() gives it back */
struct listing {
    struct arena arena;
    struct entry *list;
    size_t count, cap;
    bool is_cut; /* there are more than LISTING_MAX_ENTRIES */
};

/* patterns - names that match one of them are left out */
struct patterns {
    size_t count;
    struct regex *list[];
};

struct listing_filter {
    const struct patterns *exclude; /* may be NULL */
    struct span hidden[2];          /* single names; empty ones hide nothing */
    bool hide_dotfiles, hide_links;
};

/* 0, or errno where the directory cannot be read. */
int listing_read(struct listing *l, const char *path, const struct listing_filter *filter);
void listing_add(struct listing *l, struct span name, bool is_folder, uint64_t size, int64_t mtime_s);
void listing_done(struct listing *l);

/* Folders first; names as people count: "img2" before "img10", upper and lower case together. */
void listing_sort(struct listing *l, enum listing_column by, bool descending);
int name_compare(struct span a, struct span b);

#endif
