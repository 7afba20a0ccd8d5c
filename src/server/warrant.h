/* warrant.h - what the helper process may start for workers: what the configuration names, and no more */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_WARRANT_H
#define GOLDCREST_WARRANT_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/span.h"
#include "server/settings.h"

/*
 * A worker that was taken over sits in its sandbox; the helper is outside, and starts programs. So the master tells
 * it which: the interpreters and ends of names of directives that run programs (DIRECTIVE_RUNS), for files beneath
 * what is served and not in what workers write to; commands (NEED_RUN) word for word; and which variables may be in
 * their environment: those that requests have, and what directives set (DIRECTIVE_SETS). doc/ARCHITECTURE, 13, says
 * what that guards and what it does not.
 */
void warrant_make(const struct conf *conf, struct buf *out);

/* warrant_ask - a program that a worker asks for; argv and envp end with NULL */
struct warrant_ask {
    char *const *argv;
    char **envp;
    const char *directory;
};

/* Takes out of envp what the program may not get: *left_out is the first of these ("NAME=value"), or NULL. False: the
 * program is not to be started. An empty warrant lets nothing. */
bool warrant_lets(struct span warrant, const struct warrant_ask *a, const char **left_out);

#endif
