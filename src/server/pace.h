/* pace.h - turns at sending: so much in a second for one connection, or for many of all workers together */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_PACE_H
#define GOLDCREST_PACE_H

#include <stdbool.h>
#include <stdint.h>

/*
 * All who send under a block's rate stand in one line, whatever worker they belong to, each with one turn: so they
 * get equal parts, one after the other. The line is a meter in shared memory (base/meters.h): a turn is a moment that
 * was reserved. Times are monotonic, the same in all processes.
 */

/* pace - what holds, in bytes a second; 0: no limit */
struct pace {
    uint64_t one;   /* of the connection alone */
    uint64_t all;   /* of all that have the same block */
    uint64_t block; /* block_identity() */
};

/* turn - of one connection; zeroed at first */
struct turn {
    uint64_t one_ms, all_ms; /* it may send again, by each of the rates */
    struct pace pace;        /* as it was told last */
    uint64_t bytes;          /* reserved in the line of pace.block; 0: none are */
    bool is_kept;            /* its client did not take it at once */
};

/* How many bytes of so many that are ready (not 0) may go now; 0: wait until turn_ms(). */
uint64_t turn_take(struct turn *t, const struct pace *p, uint64_t ready, uint64_t now_ms);
uint64_t turn_ms(const struct turn *t);
/* So many have gone of those that were allowed. */
void turn_over(struct turn *t, uint64_t sent, uint64_t now_ms);
/* It will not send what it has reserved. */
void turn_leave(struct turn *t, uint64_t now_ms);

/* In the master, before it forks; other processes stand in a line of their own. */
void pace_share(void);

#endif
