/* spool.h - a body that is collected: a little in memory, the rest in unlinked files */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_NET_SPOOL_H
#define GOLDCREST_NET_SPOOL_H

#include <stdbool.h>

#include "net/chunk.h"

enum { SPOOL_MEMORY_BYTES = 64 * 1024 };

/* Where files go: server.upload-dirs, NULL-ended, tried in turn; the default is $TMPDIR, else /var/tmp, /tmp. Strings
 * are kept. file_bytes: how large the first one becomes (server.upload-temp-file-size; 0: 1 MiB); each further one is
 * as large as those before it. For the process. */
void spool_set(const char *const *dirs, uint64_t file_bytes);

/* Appends a copy. Up to SPOOL_MEMORY_BYTES in memory; from there on everything (what is in memory, too) in files,
 * which have no name any more. False with errno: ENOSPC, EACCES …; *why names the directory. */
bool spool_add(struct chunks *q, struct span bytes, const char **why);

#endif
