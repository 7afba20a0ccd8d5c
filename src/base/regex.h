/* regex.h - PCRE2 patterns, compiled once; without PCRE2 each pattern is an error that says so */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_REGEX_H
#define GOLDCREST_REGEX_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/span.h"

enum { REGEX_CAPTURES = 20 }; /* $0…$19 */

struct regex;

/* captures - where groups matched in the subject; a group that took no part is {NULL, 0} */
struct captures {
    struct span group[REGEX_CAPTURES];
    unsigned count;
};

/* NULL with why (text) and where in the pattern (offset) the error is. */
struct regex *regex_make(struct span pattern, char why[128], size_t *offset);
void regex_drop(struct regex *re);

/* Unanchored. captures may be NULL. A subject that is not UTF-8 is matched as bytes; a match that exceeds PCRE2's
 * limits is no match. */
bool regex_match(const struct regex *re, struct span subject, struct captures *captures);

/* Into out, which is empty: bytes that stand in whatever the pattern matches, for needles_make(). */
void regex_literal(struct span pattern, struct buf *out);

bool regex_is_built(void);
const char *regex_version(void); /* "10.42 2022-12-11", or "" */

#endif
