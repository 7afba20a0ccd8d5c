/* commands.c - the table of commands */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "commands/commands.h"

#include <string.h>

const struct command commands[] = {
    {"explain",
     "[-H 'Name: value']... [--from ADDRESS] [--socket NAME] [--json] [--all] [-m DIR] "
     "[--diff OTHER.CONF --log FILE] -f FILE ['METHOD URL'|-]",
     "what the server would do with a request, and why: conditions, rules, files, fields, each with its line",
     explain_run},
    {"import", "[-o FILE] NGINX.CONF", "translate a configuration of nginx; what cannot be is told with its lines",
     import_run},
    {"sandbox", "--show -f FILE", "what each process may read, write and connect to, with the lines that ask for it",
     command_sandbox},
    {NULL, NULL, NULL, NULL},
};

const struct command *command_find(const char *name) {
    for (const struct command *c = commands; c->name; c++)
        if (strcmp(c->name, name) == 0) return c;
    return NULL;
}

int command_misused(const struct command *c, const char *why) {
    if (why) fprintf(stderr, "goldcrest %s: %s\n", c->name, why);
    fprintf(stderr, "usage: goldcrest %s %s\n", c->name, c->usage);
    return COMMAND_USAGE;
}
