/* tallies.h - how many of something somebody has at a time, over several processes: tables of fixed size */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_TALLIES_H
#define GOLDCREST_TALLIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Each process has a table of its own that it alone writes to, and reads those of all; so what a process had counted
 * is forgotten as one when it is gone. What counts more than nothing keeps its place; where eight of the same hash
 * do, the ninth is not counted: nobody is refused for others.
 */
struct tallies;

/* For so many processes at a time, with room for `count` in each, rounded up to a power of two. NULL with errno. */
struct tallies *tallies_make(size_t count, unsigned processes);
void tallies_drop(struct tallies *t); /* in this process; accepts NULL */

uint64_t tallies_hash(const struct tallies *t, const uint64_t *words, size_t count);

/* This process takes part from now on, with nothing counted; before anything else. id: not 0, and no other's: its
 * process id. One for whom there is no room any more counts for itself alone. */
void tallies_begin(struct tallies *t, uint32_t id);
/* The process is gone: told by whichever watches it. */
void tallies_forget(struct tallies *t, uint32_t id);

/* One more; how many there are then, in all processes. 0: there is no room to count it. */
uint32_t tallies_add(struct tallies *t, uint64_t hash);
/* One less of those that were counted. */
void tallies_remove(struct tallies *t, uint64_t hash);
uint32_t tallies_sum(struct tallies *t, uint64_t hash);

#endif
