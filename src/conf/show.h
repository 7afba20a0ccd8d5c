/* show.h - bytes of a configuration made fit to be read: on a terminal, in a log */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_CONF_SHOW_H
#define GOLDCREST_CONF_SHOW_H

#include <stddef.h>

#include "base/buf.h"
#include "base/span.h"

/* Length of the character at s.p[0]: a printable one of valid UTF-8, a tab; 0 if it has to be shown
 * as \xNN. */
size_t show_length(struct span s);

/* Adds the text; a tab becomes a space, what is no printable UTF-8 becomes \xNN. Returns the
 * columns it takes. */
size_t show_text(struct buf *out, struct span text);

/* The line around byte `at` of the text (a window of it, if it is long) and under it a caret with
 * width - 1 tildes. */
void show_line(struct buf *out, struct span text, size_t at, size_t width);

/* Where the line that holds byte `at` starts, and where it ends (its CR or LF does not belong to
 * it). */
struct span line_around(struct span text, size_t at);

#endif
