/* latency.c - how long answers took: counted in steps of a thirtieth, however many there are */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "tests/bench/latency.h"

#include <time.h>

/* Below 32 us a step is one; then each doubling has 32 steps: 32..63 by one, 64..127 by two … */
enum { STEP_BITS = 5, STEPS = 1 << STEP_BITS, DOUBLINGS = 27 };

static uint64_t counts[(DOUBLINGS + 1) * STEPS], total;

uint64_t now_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

void latency_add(uint64_t us) {
    unsigned doubling = 0;
    while (us >> doubling >= 2 * STEPS) doubling++;
    if (doubling >= DOUBLINGS) doubling = DOUBLINGS - 1;
    uint64_t step = us >> doubling;
    counts[doubling * STEPS + (step < 2 * STEPS ? step : 2 * STEPS - 1)]++;
    total++;
}

uint64_t latency_at(double part) {
    uint64_t seen = 0;
    for (unsigned i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        seen += counts[i];
        if (total == 0 || (double)seen < part * (double)total) continue;
        unsigned doubling = i < 2 * STEPS ? 0 : i / STEPS - 1;
        return (uint64_t)(i - doubling * STEPS) << doubling;
    }
    return 0;
}
