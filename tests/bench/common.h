/* common.h - what the programs of the benchmark share: options, a set of descriptors, a listening socket */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_BENCH_COMMON_H
#define GOLDCREST_BENCH_COMMON_H

#include <stdint.h>

#include "fdevents/fdevent.h"

/* Says what failed and why (errno), and ends the program. */
_Noreturn void die(const char *what);

/* The number that an option has; ends the program if it is none, or larger than max. */
uint64_t option_number(const char *text, uint64_t max);

/* A set for as many descriptors as this process may have. SIGPIPE is ignored from then on. */
struct fdevents *make_set(void);

/* Listens on 127.0.0.1 and calls `taken` for each connection. Once in a process. */
void listen_on(struct fdevents *set, unsigned port, void (*taken)(int fd));

#endif
