/* upgrade.h - another binary goes on in this process's place (SIGUSR2) */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_UPGRADE_H
#define GOLDCREST_UPGRADE_H

#include <stdbool.h>

#include "conf/inputs.h"

/*
 * The master becomes the new program by exec(): process id, children, sockets and pipes stay; what it knows goes as a
 * handover (handover.h) through a pipe that GOLDCREST_HANDOVER names. Beforehand the new program shows in a process
 * of its own that it starts. If it fails afterwards all the same, the old one, still open, is executed again.
 */
#define UPGRADE_VARIABLE "GOLDCREST_HANDOVER"

enum upgrade_role {
    UPGRADE_NONE,      /* an ordinary start */
    UPGRADE_REHEARSES, /* shows that workers start, and ends */
    UPGRADE_TAKES,     /* goes on with the sockets; then the workers it finds are to end */
    UPGRADE_RETURNS    /* is the old one again: goes on with the workers it finds, and their configuration */
};

/* First of all in main(): finds out what this process is. False with the reason said: the handover cannot be
 * understood. argv, from upgrade_arguments(), stays the caller's: the next program is called with it. */
bool upgrade_begin(char **argv);

/* A copy of main()'s argv, the program by its whole path, wherever the process goes. Called once; lives as long as
 * the process. */
char **upgrade_arguments(char **argv);
/* This program's file, open: it may be replaced. -1: it cannot be read. */
int upgrade_program(char **argv);
enum upgrade_role upgrade_role(void);

/* The configuration's name as the process before had it, and with UPGRADE_RETURNS what it had read; NULL: to be found
 * out as always. The inputs are the caller's. */
const char *upgrade_config_name(void);
struct inputs *upgrade_inputs(void);

#endif
