/* sandbox.h - what the workers of a configuration need, and that they can do no more than that */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_SANDBOX_H
#define GOLDCREST_SANDBOX_H

#include <fcntl.h>
#include <stdbool.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/buf.h"
#include "server/privileges.h"
#include "server/settings.h"

/*
 * Made from the flags of directives and from what compile() has said with need(): no second list of directives. It
 * lives on its own: a worker's sandbox is that of the configuration it was started with, and can only be narrowed, so
 * that the master compares each new configuration with it.
 */
struct sandbox_item {
    struct need is;       /* text and directive are our own; place is not set */
    bool goes_on;         /* NEED_READ: names begin with the text, which need not end at a "/" */
    struct span beneath;  /* … the directory that is known; text itself where it is whole */
    struct span at;       /* "goldcrest.conf:12"; "built in" */
    dev_t device;         /* NEED_KEEP: the directory that workers found, for sandbox_is_stale(); 0, 0: none */
    ino_t inode;
};

struct sandbox {
    enum sandbox_mode mode;
    struct sandbox_item *list;
    size_t count, cap;
    struct span chroot; /* empty: none */
    struct arena arena;
};

struct sandbox *sandbox_make(const struct conf *conf);
void sandbox_drop(struct sandbox *s); /* accepts NULL */

/* May a process in this sandbox go on with that configuration? False: it has to be another process. */
bool sandbox_covers(const struct sandbox *has, const struct sandbox *wants);

/* Remembers the directories that workers keep files in, once they have entered. False: there are none, or nothing
 * would keep workers from another one. */
bool sandbox_remember(struct sandbox *s);
/* Is one of them another directory now? Those workers cannot write there. */
bool sandbox_is_stale(const struct sandbox *s);

/* By the text alone: "/a/b" is beneath "/a", "/a/" and "/a/b". */
bool path_is_beneath(struct span path, struct span directory);

/* These flags ask for a new file to read and write, which has no name any more when it is had. */
enum { SANDBOX_MAKES = O_RDWR | O_CREAT | O_EXCL };

/* May that path be opened so? By its text alone: absolute, without "..", beneath what is to be read; or a log; or a
 * new file in a directory that is written to. */
bool sandbox_lets(const struct sandbox *s, const char *path, int flags);
/* Is what a path leads to beneath what is to be read (SANDBOX_STRICT)? */
bool sandbox_holds(const struct sandbox *s, const char *real_path);

/* For people: who may do what, with the places that ask for it, and what this kernel can make of it. */
void sandbox_show(const struct sandbox *s, const struct conf *conf, struct buf *out);
/* One line about this kernel, for the log of the master. */
void sandbox_say(const struct sandbox *s);

/*
 * Forks a process, the opener, that stays outside of the worker's sandbox and opens for it what is allowed by name,
 * but lies elsewhere: behind links, or made anew since; it ends with the worker. It comes first of all, while this
 * process has nothing of its own: the two share the master's memory. It takes the rights and the root directory that
 * the worker will have.
 */
void sandbox_prepare(const struct sandbox *s, const struct core_settings *core, const struct who *who);
/* Takes this worker in, for good; rights and root directory are given up already. lost: its opener is gone, and the
 * worker should be replaced. */
void sandbox_enter(const struct sandbox *s, void (*lost)(void));
void sandbox_leave(void); /* ends the opener */

#endif
