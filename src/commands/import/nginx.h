/* nginx.h - a configuration of nginx as a tree of directives, with the place of each */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_IMPORT_NGINX_H
#define GOLDCREST_IMPORT_NGINX_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/span.h"

/* What became of a directive; the last word counts. */
enum nginx_fate {
    NGINX_UNSEEN,     /* nobody has looked at it: it is not known */
    NGINX_TRANSLATED,
    NGINX_UNNEEDED,   /* nothing has to be said here */
    NGINX_LEFT        /* it could not be translated; `why` says why */
};

/* nginx_directive - words up to ";" or "{ … }"; lives in the arena of its tree */
struct nginx_directive {
    struct span file;              /* as the user knows it */
    unsigned line, column;         /* of its first word, from 1 */
    struct span *words;            /* words[0] is its name; quotes and escapes are carried out; a NUL behind each */
    size_t count;
    bool is_block;
    struct nginx_directive *parent; /* of those of the main file's top level: the root, which has no words */
    struct nginx_directive *first, *last, *next;
    enum nginx_fate fate;
    struct span why;
};

struct nginx_tree {
    struct arena arena;
    struct nginx_directive root;
    struct span directory; /* of the main file, with its slash; empty: the working directory */
    struct buf wrong;      /* what is wrong with its text, a line for each message */
    unsigned files;        /* that were read */
};

enum { NGINX_DEEPEST_INCLUDE = 32, NGINX_DEEPEST_BLOCK = 64, NGINX_MOST_BYTES = 32 * 1024 * 1024 };

/* Reads a file and all that it includes. NULL never; tree->wrong is empty if all of it was understood. */
struct nginx_tree *nginx_read(const char *path);

/* The same from a text; files it includes are looked for in `directory`. */
struct nginx_tree *nginx_parse(const char *name, struct span text, const char *directory);
void nginx_drop(struct nginx_tree *tree);

/* The word at `at`, or an empty span. */
struct span nginx_word(const struct nginx_directive *d, size_t at);
bool nginx_is(const struct nginx_directive *d, const char *name);

#endif
