/* clock.c - the time of day, read once per turn of the loop */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "base/clock.h"

#include <stdbool.h>
#include <time.h>

_Static_assert(sizeof(time_t) >= 8, "configure saw to it that times do not end in 2038");

enum { NS_A_SECOND = 1000 * 1000 * 1000, ASKED_EVERY_NS = 10 * 1000 * 1000 };

static struct timespec now;
static struct timespec asked;      /* what the system said … */
static uint64_t asked_at_ns;       /* … and when, by the monotonic clock */
static uint64_t latest_ns;
static bool standing;
static uint32_t turns;

void clock_update(void) {
    turns++;
    if (!standing) clock_gettime(CLOCK_REALTIME, &now);
}

void clock_woken(uint64_t monotonic_ns) {
    uint64_t since_ns = monotonic_ns - asked_at_ns;
    turns++;
    latest_ns = monotonic_ns;
    if (standing) return;
    if (asked_at_ns == 0 || since_ns >= ASKED_EVERY_NS) {
        clock_gettime(CLOCK_REALTIME, &asked);
        asked_at_ns = monotonic_ns;
        since_ns = 0;
    }
    now = asked;
    now.tv_nsec += (long)since_ns;
    if (now.tv_nsec < NS_A_SECOND) return;
    now.tv_nsec -= NS_A_SECOND;
    now.tv_sec++;
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
    if (standing) return (uint64_t)now.tv_sec * NS_A_SECOND;
    clock_gettime(CLOCK_MONOTONIC, &t);
    latest_ns = (uint64_t)t.tv_sec * NS_A_SECOND + (uint64_t)t.tv_nsec;
    return latest_ns;
}

uint64_t clock_latest_ns(void) {
    return standing || latest_ns == 0 ? clock_monotonic_ns() : latest_ns;
}

int64_t clock_monotonic_s(void) {
    return (int64_t)(clock_monotonic_ns() / NS_A_SECOND);
}

void clock_set(int64_t seconds) {
    standing = true;
    now = (struct timespec){.tv_sec = (time_t)seconds};
}
