/* clock.h - the time of day, read once per turn of the loop */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_CLOCK_H
#define GOLDCREST_CLOCK_H

#include <stdint.h>

/* Reads the system's clock (or, in tests, what clock_set() said). */
void clock_update(void);

/* The same within a loop, which knows the monotonic clock already: the system's is read once in ten milliseconds, and
 * goes on with that one in between. */
void clock_woken(uint64_t monotonic_ns);

/* How often it was read: the same number is the same turn of the loop. Wraps around. */
uint32_t clock_turn(void);

/* Seconds since 1970, as of the last update. */
int64_t clock_now_s(void);
/* Nanoseconds within that second, as of the last update. */
uint32_t clock_now_ns(void);

/* Nanoseconds of the monotonic clock, read now: for durations. */
uint64_t clock_monotonic_ns(void);
/* What it was when it was read last, by this or for clock_woken(): for what begins where something else has ended. */
uint64_t clock_latest_ns(void);
/* Its seconds: for processes that watch others. */
int64_t clock_monotonic_s(void);

/* For tests: the clock stands at this time from now on. */
void clock_set(int64_t seconds);

#endif
