/* clock.c - the time of day, read once per turn of the loop */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "base/clock.h"

#include <stdbool.h>
#include <time.h>

_Static_assert(sizeof(time_t) >= 8, "configure saw to it that times do not end in 2038");

static struct timespec now;
static bool standing;
static uint32_t turns;

void clock_update(void) {
    turns++;
    if (!standing) clock_gettime(CLOCK_REALTIME, &now);
}

uint32_t clock_turn(void) {
    return turns;
}

int64_t clock_now_s(void) {
    return now.tv_sec;
}

uint32_t clock_now_ns(void) {
    return (uint32_t)now.tv_nsec;
}

uint64_t clock_monotonic_ns(void) {
    struct timespec t;
    if (standing) return (uint64_t)now.tv_sec * 1000000000u;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

int64_t clock_monotonic_s(void) {
    return (int64_t)(clock_monotonic_ns() / 1000000000);
}

void clock_set(int64_t seconds) {
    standing = true;
    now = (struct timespec){.tv_sec = (time_t)seconds};
}
