/* jobs.h - a worker's side of the helper process: what it asks of it, and its end of the line */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_JOBS_H
#define GOLDCREST_JOBS_H

#include "fdevents/fdevent.h"
#include "server/post.h"

/*
 * Modules see job_ask(), child_start() … of module.h; what stands here is for the worker. One line a process: a
 * worker gets one from the master, and another when the helper had to be replaced. Without one jobs fail (or are run
 * here, in a process that has no other work: -1, tests), and programs cannot be started.
 */

/* Messages on that line. Payloads: numbers are int32_t in this machine's order. */
enum helper_kind {
    HELPER_JOB = 1, /* the kind's name, NUL, the question */
    HELPER_FORGET,  /* a job nobody waits for any more */
    HELPER_SPAWN,   /* see children.c; with descriptors 0, 1 and perhaps 2 */
    HELPER_SIGNAL,  /* signal number */
    HELPER_ANSWER,  /* one byte: is there an answer?; the answer */
    HELPER_CHILD    /* enum child_event, value */
};

/* In each process that serves, before anything is asked. */
void jobs_begin(struct fdevents *events);

/* From now on a job is never run in this process, whether there is a helper at the moment or not: a worker's clients
 * must not wait for it. */
void jobs_leave_to_helper(void);

/* Takes that end of a line over, in place of the one before. */
void jobs_connect(int socket);

/* Forgets what was asked; nobody is told any more. */
void jobs_end(void);

/* ---- between jobs.c and children.c ------------------------------------------------------------ */

struct post *jobs_line(void);  /* NULL: there is none now */
void jobs_run_later(void);     /* children_later() is called in the next turn */
void children_heard(const struct letter *l);
void children_line_lost(void);
void children_later(void);
void children_end(void);

#endif
