/* modules.h - the modules, built in and loaded, in the order their hooks run */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_MODULES_H
#define GOLDCREST_MODULES_H

#include <stddef.h>
#include <sys/types.h>

#include "server/module.h"

/* NULL at the end. The order is ours, not that of server.modules: within a phase, who changes the target comes
 * before who looks at it, who refuses before who answers. */
extern const struct module *const builtin_modules[];

/* Those, and the ones that were loaded; NULL at the end. Until the next modules_add(). */
const struct module *const *modules_all(void);

/* A module that was loaded: right in front of that one, or behind all others. */
void modules_add(const struct module *m, const struct module *before);

/* By "mod_alias", or "mod_compress" and other names of old; NULL if it is not there. */
const struct module *module_find(struct span name);

/* Is it a module that lighttpd has or had? Its replacement or reason, else NULL. */
const char *module_known(struct span name);

/* Calls module_work.begin of the modules that this configuration uses, or an earlier one has used. */
struct conf;
void modules_begin(const struct conf *conf, struct fdevents *events);
void modules_end(void);

/* In the master, before it forks: memory that modules share with those who serve. What a worker had written there is
 * forgotten, when it is gone. */
void modules_share(const struct conf *conf);
void modules_forget(pid_t worker);

/* Does a module of this configuration want the helper process? */
bool modules_need_helper(const struct conf *conf);

/* Of any module; NULL: there is no such kind. */
const struct job_kind *modules_job_kind(struct span name);

#endif
