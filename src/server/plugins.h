/* plugins.h - modules that lie in the module directory */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_PLUGINS_H
#define GOLDCREST_PLUGINS_H

#include "base/buf.h"
#include "base/span.h"

/* Where mod_NAME.so is looked for: -m; an absolute path, borrowed. */
void plugins_set_directory(const char *directory);

enum plugin_result {
    PLUGIN_NONE,   /* there is no such file */
    PLUGIN_LOADED, /* it is one of modules_all() now, for good */
    PLUGIN_BAD     /* `why` says in words what is wrong with it */
};

/* Loads the module of that name, which is not among modules_all(). */
enum plugin_result plugins_load(struct span name, struct buf *why);

/* How many were loaded so far: processes that were forked before have fewer. */
unsigned plugins_loaded(void);

/* One of those behind the first `since` whose jobs a helper process that was there before does not know; or NULL. */
const char *plugins_with_jobs(unsigned since);

#endif
