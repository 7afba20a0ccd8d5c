/* programs.h - the programs that the configurations of this process want to run (bin-path) */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_PROGRAMS_H
#define GOLDCREST_PROGRAMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/span.h"

/* program_text - what a program is, as one piece of bytes: by it two are the same. Spans lie in these bytes. */
struct program_text {
    uint32_t backlog;
    int32_t kill_signal;
    uint32_t words;          /* of the environment */
    struct span listen;      /* each with a NUL behind it */
    struct span command;
    struct span environment; /* strings with their NUL, one behind the other */
};

/* False: the bytes are none. */
bool program_text_read(struct span bytes, struct program_text *t);

/* All that are held now: for each its length and its bytes; programs_next() takes one off. */
void programs_list(struct buf *out);
bool programs_next(struct span *list, struct span *bytes);
bool programs_any(void);

/* A command's words as a shell would split them: blanks, '…', "…", \x; nothing is expanded. An array that ends with
 * NULL, and its strings, in one piece for free(). NULL: there are none. */
char **command_words(struct span command);

#endif
