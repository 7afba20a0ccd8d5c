/* master.h - reads configurations, holds listeners, starts and watches workers; serves nobody */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_MASTER_H
#define GOLDCREST_MASTER_H

#include <stdbool.h>
#include <stdint.h>

#include "server/settings.h"

struct start {
    const char *config_name;  /* as given by -f; absolute if the process changes its directory */
    struct inputs *(*inputs)(void *arg); /* makes the inputs for each load */
    void *inputs_arg;
    bool foreground;          /* -D */
    uint32_t idle_exit_s;     /* -i */
    char **argv;              /* for an upgrade: the program by its whole path, and its arguments */
    int program_fd;           /* the program, open while its file is ours; -1: it cannot be */
    void (*ready)(const struct conf *conf); /* called once the workers serve; may be NULL */
};

/* Runs until it is told to stop; conf is the first configuration (taken over). Returns the exit status. */
int master_run(const struct start *start, struct conf *conf);

/* -1: serves the one connection that is standard input, in this process. Returns the exit status. */
int oneshot_run(struct conf *conf, uint32_t idle_exit_s);

#endif
