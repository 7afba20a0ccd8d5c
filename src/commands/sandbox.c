/* sandbox.c - goldcrest sandbox --show: what the processes of a configuration may do */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "server/sandbox.h"

#include <getopt.h>
#include <stdlib.h>

#include "commands/commands.h"

static int show(const char *name) {
    struct complaints *complaints = complaints_make();
    struct conf *conf = conf_load(inputs_record(), name, complaints);
    struct buf text = {0};
    bool ok = complaints_errors(complaints) == 0;
    complaints_print(complaints, &text);
    fputs(buf_text(&text), stderr);
    buf_clear(&text);
    if (ok) {
        struct sandbox *s = sandbox_make(conf);
        sandbox_show(s, conf, &text);
        sandbox_drop(s);
        fputs(buf_text(&text), stdout);
    }
    buf_done(&text);
    complaints_drop(complaints);
    conf_drop(conf);
    return ok ? 0 : 1;
}

int command_sandbox(int argc, char **argv) {
    static const struct option options[] = {{"show", no_argument, NULL, 's'}, {NULL, 0, NULL, 0}};
    const char *name = NULL;
    int option, shows = 0;
    while ((option = getopt_long(argc, argv, "f:", options, NULL)) != -1) {
        if (option == 's') shows = 1;
        else if (option == 'f') name = optarg;
        else return command_misused(command_find("sandbox"), NULL);
    }
    if (!shows || !name || optind < argc) return command_misused(command_find("sandbox"), "--show and -f are needed");
    return show(name);
}
