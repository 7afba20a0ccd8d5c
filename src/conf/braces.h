/* braces.h - {a,b} in file names: not every glob() knows it, so none is asked to */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_CONF_BRACES_H
#define GOLDCREST_CONF_BRACES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/span.h"

/*
 * Writes the patterns without braces that `pattern` stands for, each + '\0', in the order of
 * GLOB_BRACE: a{b,c{d,e}} gives ab acd ace. "{}" and a brace without its partner stand for
 * themselves, a backslash takes away any meaning. False if there would be more than 1,024 of them.
 */
bool braces_expand(struct span pattern, struct buf *out);

#endif
