/* number.h - decimal numbers from bytes */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_NUMBER_H
#define GOLDCREST_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

enum { NUMBER_BYTES = 20 }; /* of the longest uint64_t */

/* Digits only, at least one, nothing else; false if it is not so or larger than max. */
bool number_parse(struct span s, uint64_t max, uint64_t *number);

/* Writes the digits, returns how many. */
size_t number_format(char out[NUMBER_BYTES], uint64_t number);

#endif
