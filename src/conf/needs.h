/* needs.h - what a configuration wants of the system: paths, ports, programs, each with the place that asks for it */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_CONF_NEEDS_H
#define GOLDCREST_CONF_NEEDS_H

#include <stddef.h>
#include <stdint.h>

#include "conf/value.h"

struct complaints; /* conf/complain.h */

/*
 * Directives whose values are paths say so by their flags (directive.h). What a compile() makes out of a value, it
 * says with need(). The sandbox (server/sandbox.h) is made of both.
 */
enum need_kind {
    NEED_READ,        /* text: a file, or all beneath a directory */
    NEED_WRITE,       /* text: a directory in which files are made, read and removed */
    NEED_KEEP,        /* the same; it is made where it is missing */
    NEED_APPEND,      /* text: a log, and no other file */
    NEED_CONNECT,     /* number: a TCP port */
    NEED_SOCKET,      /* text: a unix socket that is connected to */
    NEED_RUN,         /* text: a program; the helper process starts it */
    NEED_ASK,         /* text: a file that the helper's assistants read */
    NEED_KINDS
};

struct need {
    enum need_kind kind;
    uint16_t number;
    struct span text;
    struct place place;
    const char *directive;
};

struct needs {
    struct need *list;
    size_t count, cap;
};

/* text lives as long as the configuration. Nothing happens where nobody collects. */
void need(struct complaints *c, const struct need *n);
void needs_add(struct needs *needs, const struct need *n);
void needs_done(struct needs *needs);

#endif
