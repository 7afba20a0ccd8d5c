/* renewal.h - what changes without a reload: certificates that were renewed, keys of session tickets */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_RENEWAL_H
#define GOLDCREST_RENEWAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf/inputs.h"
#include "net/file.h"
#include "server/settings.h"

/* watched - a file that ssl.* names, and how it was when it was looked at last; all zero: not yet */
struct watched {
    char *path;
    size_t block;             /* of the configuration, that names it: certificate and key change together */
    struct file_state state;
};

/*
 * renewal - the master's. Files are looked at once a minute; keys change every eight hours, or with ssl.stek-file.
 * Without TLS there is nothing to do and no clock is needed. Zeroed memory watches nothing.
 */
struct renewal {
    struct watched *files;
    size_t count;
    struct watched keys;      /* ssl.stek-file; path NULL: we make our own */
    bool has_keys, keys_of_file;
    int64_t look_s, rotate_s; /* monotonic: when it is time again; 0: never */
};

/* From now on the files of this configuration. The first time with TLS there are keys afterwards: workers that are
 * forked later have them. */
void renewal_watch(struct renewal *r, const struct conf *conf);
void renewal_done(struct renewal *r);

/* Seconds until there is something to do; 0: never. */
int64_t renewal_wait_s(const struct renewal *r);
bool renewal_is_due(const struct renewal *r);

/* True if there are new keys of tickets, which the workers must have; they live until the next call. */
bool renewal_keys(struct renewal *r, struct span *keys);

/* If a file has changed since the last call: the inputs of conf with all files read anew; NULL if they say the same.
 * A state that was answered with once is not answered with again: what is wrong is said once. */
struct inputs *renewal_inputs(struct renewal *r, const struct conf *conf);

/* The same with the files of one block of the configuration alone. */
struct inputs *renewal_inputs_of(const struct renewal *r, const struct conf *conf, size_t block);

#endif
