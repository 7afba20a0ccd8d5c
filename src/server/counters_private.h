/* counters_private.h - what the files of the counters share */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_COUNTERS_PRIVATE_H
#define GOLDCREST_COUNTERS_PRIVATE_H

#include "server/counters.h"

/* For a reload that wants more workers than the start did, and for those that are still ending. */
enum { SPARE_SLOTS = 62, SLOTS_MAX = 1024 };

/* room - the shared memory: [0] is the master's block, with what ended workers had counted; then one for each slot */
struct room {
    _Atomic uint32_t moves;    /* odd while the master moves counts from one block to another */
    _Atomic uint32_t looked_s; /* monotonic; 0: nobody ever looked */
    uint32_t slots;
    int64_t started_s;
    _Alignas(128) struct counters blocks[];
};
extern struct room *counters_room; /* NULL: this process shares nothing */

unsigned vhost_place(struct counters *c, struct span name);
unsigned backend_place(struct counters *c, struct span name);

void tally_add(struct tally *to, const struct tally *from, bool with_gauges);
void vhost_add(struct vhost_counts *to, const struct vhost_counts *from);
void backend_add(struct backend_counts *to, const struct backend_counts *from, bool with_gauges);

void counters_started_before(int64_t s);

#endif
