/* commands.h - "goldcrest NAME …": what the program does beside serving */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_COMMANDS_H
#define GOLDCREST_COMMANDS_H

#include <stdio.h>

/*
 * command - one row of the table in commands.c; a file of this folder each
 * run: argv[0] is the command's name, getopt's state is as at the start; standard output is the answer, standard
 * error what is wrong. Returns the exit status: 0; 1 if what was asked for does not hold; COMMAND_USAGE.
 */
struct command {
    const char *name;
    const char *usage; /* what follows the name, for --help */
    const char *help;  /* one line */
    int (*run)(int argc, char **argv);
};

enum { COMMAND_USAGE = 255 };

/* Ended by a row without a name. */
extern const struct command commands[];

int explain_run(int argc, char **argv); /* explain.c */
int import_run(int argc, char **argv);  /* import.c */

/* NULL: it is no command's name. */
const struct command *command_find(const char *name);

/* The usage of a command, and a line of its own before it if `why` is not NULL; returns COMMAND_USAGE. */
int command_misused(const struct command *c, const char *why);

/* The commands, in their files. */
int command_sandbox(int argc, char **argv);

#endif
