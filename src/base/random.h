/* random.h - bytes nobody can foretell */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_RANDOM_H
#define GOLDCREST_RANDOM_H

#include <stddef.h>

/* From the system's generator; ends the process if there is none. */
void random_bytes(void *out, size_t n);

#endif
