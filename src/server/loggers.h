/* loggers.h - the programs that "|program" logs are written to, kept running by the master */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_LOGGERS_H
#define GOLDCREST_LOGGERS_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/span.h"
#include "server/privileges.h"

/* logger - the master holds both ends of its pipe: when the program dies, what is in the pipe waits for the next
 * one */
struct logger {
    struct logger *next;
    char *program;
    int read_end, write_end;
    pid_t pid;
    int64_t begun_s;   /* monotonic */
    unsigned failures; /* one soon after the other */
    bool is_quiet;     /* nothing of its own holds the terminal that a daemon leaves */
};

/* The pipe to that program, which is started if it is not running yet; as the user `who`. is_quiet: its output and
 * errors go nowhere. NULL with errno. */
struct logger *logger_get(struct logger **list, struct span program, const struct who *who, bool is_quiet);
struct logger *logger_find(struct logger *list, struct span program);

/* One that a process before us has started, with its pipe; pid: 0 if it is not to be watched. */
struct logger *logger_take(struct logger **list, struct span program, const int ends[2], pid_t pid, bool is_quiet);

/* A child is gone: if it was a logger it is started again. True if it was one. */
bool logger_restart(struct logger *list, pid_t pid, const struct who *who);

/* Closes the pipes: the programs read to the end and leave. */
void loggers_close(struct logger **list);

#endif
