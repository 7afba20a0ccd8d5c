/* needles.h - which of many strings may stand in a text: one look instead of one for each */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_NEEDLES_H
#define GOLDCREST_NEEDLES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

/*
 * needles - of n literals, numbered from 0, finds those that a text may contain, in the order of their numbers. What
 * is found is only possible: who asks compares. What is not found is not in the text, in whatever case of ASCII
 * letters. Each is filed under four of its bytes, those that fewest others have; a text is looked up by every four of
 * its bytes. So finding costs what the text is long, and nothing for each literal.
 *
 * A literal may be several in one, with NUL bytes between: then all of them stand in the text. One without four bytes
 * is always possible.
 */
struct needles;

struct needles *needles_make(const struct span *literals, size_t count);
void needles_drop(struct needles *n);

enum { NEEDLES_LISTS = 16 };

/* needles_walk - the caller's memory; as long as the needles and no longer */
struct needles_walk {
    const struct needles *needles;
    uint32_t at[NEEDLES_LISTS]; /* the next number of each list that the text leads to */
    unsigned lists;             /* 0: too many, so all numbers are gone through */
};

void needles_begin(const struct needles *n, struct span text, struct needles_walk *walk);

/* The next number, which is higher than the one before. False: there is none. */
bool needles_next(struct needles_walk *walk, size_t *number);

#endif
