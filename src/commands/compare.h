/* compare.h - two configurations and the requests of an access log */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_COMPARE_H
#define GOLDCREST_COMPARE_H

#include "server/rehearsal.h"

/* Rehearses each request of the log that is standard input under both, and tells on standard output which are
 * answered differently; all: each, not the most frequent alone. 0: none; 1: some; -1 with errno: they cannot be
 * rehearsed. */
int compare_run(struct conf *before, struct conf *after, bool all);

#endif
