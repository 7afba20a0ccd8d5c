/* daemon.h - leaving the terminal, and the file that says who we are */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_DAEMON_H
#define GOLDCREST_DAEMON_H

#include <stdbool.h>

#include "base/span.h"

/* Leaves the terminal. The process that was called waits until a byte, its exit status, is written to the descriptor
 * that is returned here; -1 with errno. */
int daemonise(void);

/* pid_file - opened before anything else, written once we serve; fd -1: there is none */
struct pid_file {
    char *name;
    int fd;
};

/* What it holds stays: it may be the file of a server that is running. False with the reason said. */
bool pid_file_open(struct pid_file *f, struct span name);
void pid_file_write(const struct pid_file *f);
void pid_file_remove(struct pid_file *f);
void pid_file_leave(struct pid_file *f); /* we never served: if anything stands in it, it is another server's */

#endif
