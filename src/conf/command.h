/* command.h - runs a command at load time and takes what it writes */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_CONF_COMMAND_H
#define GOLDCREST_CONF_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/*
 * Runs it in `dir` ("": where we are) and adds its standard output, at most `most` bytes, to out.
 * An absolute program without anything a shell would have to understand is started itself, all else
 * by $SHELL or /bin/sh. It waits for the command only, not for what the command leaves behind in
 * the background. False with why (a sentence part).
 */
bool command_run(const char *dir, const char *command, size_t most, struct buf *out,
                 struct buf *why);

#endif
