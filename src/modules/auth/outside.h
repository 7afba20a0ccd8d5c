/* outside.h - what asks LDAP and PAM: programs of their own, so that their libraries are in no process that serves */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_AUTH_OUTSIDE_H
#define GOLDCREST_AUTH_OUTSIDE_H

#include "base/buf.h"

/* Runs the program, which lies in configure's libexecdir/goldcrest or where GOLDCREST_LIBEXEC says, with the question
 * as its input; what it writes is the answer. Blocks: for a job. A program that cannot be run, or says nothing, is a
 * BROKEN answer with the reason. */
void outside_ask(const char *program, struct span question, struct buf *answer);

/* What such a program does (ldapjob.c, pamjob.c): as the run() of a struct job_kind. */
void outside_answer(struct span question, struct buf *answer);

#endif
