/* meters.h - how much somebody may do in a time: a table of fixed size that several processes share */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_METERS_H
#define GOLDCREST_METERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A meter is one moment: until when what was taken from it reaches (the "theoretical arrival time" of GCRA, which is
 * a bucket of tokens without a clockwork). Taking moves it on by what that costs; time that passes moves the present
 * towards it.
 *
 * They are found by a hash of whatever they are for, eight places for each hash. Where all are taken, the meter that
 * has been idle for the longest, or will be first, is forgotten: somebody is then taken for new. So a full table
 * never refuses anybody who should not be; who has more addresses than it has places is limited by what each of
 * them may do. No locks: each word is changed by compare-exchange, and a process that dies leaves nothing behind.
 */
struct meters;

enum {
    METERS_MIN = 64,
    METERS_MAX = 4 * 1024 * 1024,
    METER_SECONDS_MAX = 24 * 60 * 60 /* how far a meter may reach into the future */
};

/* Room for so many, rounded up to a power of two; shared with those who are forked later. NULL with errno. */
struct meters *meters_make(size_t count);
void meters_drop(struct meters *m); /* in this process; accepts NULL */

/* The hash of these words under the table's own key. */
uint64_t meters_hash(const struct meters *m, const uint64_t *words, size_t count);

/* Takes cost_ns if the meter then has not been ahead of now by more than slack_ns. 0, or how long to wait until that
 * is so; nothing is taken then. Monotonic time, of whatever beginning. */
uint64_t meters_take(struct meters *m, uint64_t hash, uint64_t now_ns, uint64_t cost_ns, uint64_t slack_ns);

/* Takes cost_ns in any case. 0, or how long it takes until its turn is there: those before it come first. */
uint64_t meters_reserve(struct meters *m, uint64_t hash, uint64_t now_ns, uint64_t cost_ns);

/* Gives back what was reserved and not used. */
void meters_return(struct meters *m, uint64_t hash, uint64_t now_ns, uint64_t cost_ns);

/* How far it is ahead of now. */
uint64_t meters_ahead(struct meters *m, uint64_t hash, uint64_t now_ns);

#endif
