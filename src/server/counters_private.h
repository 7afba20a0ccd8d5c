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
    int64_t started_s;
    _Alignas(128) struct counters blocks[];
};
extern struct room *counters_room; /* NULL: this process shares nothing */

/*
 * Workers have given up rights that the master has, and every one of them can write to all of it. So nothing that
 * lies there is believed: how many there are of anything, and that a name ends.
 */
extern unsigned counters_slots;
uint32_t counted_vhosts(const struct counters *c);
uint32_t counted_backends(const struct counters *c);
const char *counted_name(char to[COUNTED_NAME_BYTES], const char name[COUNTED_NAME_BYTES]);

unsigned vhost_place(struct counters *c, struct span name);
unsigned backend_place(struct counters *c, struct span name);

void tally_add(struct tally *to, const struct tally *from, bool with_gauges);
void vhost_add(struct vhost_counts *to, const struct vhost_counts *from);
void backend_add(struct backend_counts *to, const struct backend_counts *from, bool with_gauges);

void counters_started_before(int64_t s);

#endif
