/* latency.h - how long answers took: counted in steps of a thirtieth, however many there are */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_BENCH_LATENCY_H
#define GOLDCREST_BENCH_LATENCY_H

#include <stdint.h>

uint64_t now_us(void); /* a clock that is never put back */

void latency_add(uint64_t us);
/* What that part of all (0.5: half of them) did not exceed, in microseconds; 0 if there were none. */
uint64_t latency_at(double part);

#endif
