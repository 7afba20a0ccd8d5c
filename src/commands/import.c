/* import.c - goldcrest import: a configuration of nginx becomes one of ours */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fd.h"
#include "commands/commands.h"
#include "commands/import/import.h"



static bool write_out(const char *path, const struct buf *text) {
    int fd = path ? fd_open(path, O_WRONLY | O_CREAT | O_EXCL, 0644) : STDOUT_FILENO;
    bool ok = fd >= 0 && fd_write_all(fd, text->p, text->n) == 0;
    if (!ok && errno == EEXIST) fprintf(stderr, "goldcrest import: %s is there already\n", path);
    else if (!ok) fprintf(stderr, "goldcrest import: %s: %s\n", path ? path : "standard output", strerror(errno));
    if (path && fd >= 0) close(fd);
    return ok;
}

int import_run(int argc, char **argv) {
    const struct command *self = command_find("import");
    const char *output = NULL;
    int option;
    while ((option = getopt(argc, argv, "o:")) != -1) {
        if (option != 'o') return command_misused(self, NULL);
        output = optarg;
    }
    if (optind + 1 != argc) return command_misused(self, "one file of nginx is needed");
    struct nginx_tree *tree = nginx_read(argv[optind]);
    struct buf conf = {0}, report = {0};
    int status = 1;
    if (tree->wrong.n) {
        fprintf(stderr, "%s", buf_text(&tree->wrong));
    } else {
        size_t count = import_translate(tree, &conf, &report);
        fprintf(stderr, "%s", buf_text(&report));
        status = write_out(output, &conf) && count == 0 ? 0 : 1;
    }
    buf_done(&conf);
    buf_done(&report);
    nginx_drop(tree);
    return status;
}
