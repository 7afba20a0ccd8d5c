/* cachedir.h - deflate.cache-dir: compressed files, kept as files */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_DEFLATE_CACHEDIR_H
#define GOLDCREST_DEFLATE_CACHEDIR_H

#include "base/arena.h"
#include "http/coding.h"
#include "net/file.h"

/* DIRECTORY/PATH-CODING-TAG; the tag stands for that state of the file: what is found is of no other. */
struct span cached_name(struct arena *a, struct span directory, struct span path, enum coding coding,
                        const struct file_state *state);

/* Is nobody but root and us able to put files there? One that is missing is made by us. */
bool cached_directory_is_ours(const char *directory);

/* cached_copy - a file in the making, under a name of its own until it is whole. Who makes it drops or finishes it */
struct cached_copy;

/* Clients make them grow as slowly as they like: there are never more in a worker. */
enum { COPIES_MAX = 8 };

/* Makes the directories above it, too (mode 0700). NULL with errno; EBUSY: there are COPIES_MAX. */
struct cached_copy *cached_copy_make(struct span name);
/* A failure is remembered until the end. */
void cached_copy_add(struct cached_copy *c, struct span bytes);
/* Gives it its name. 0, or -1 with errno: then nothing is left of it. */
int cached_copy_finish(struct cached_copy *c);
void cached_copy_drop(struct cached_copy *c); /* accepts NULL; nothing is left of it */

#endif
