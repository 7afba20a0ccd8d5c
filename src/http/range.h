/* range.h - byte ranges (RFC 9110 14) */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_HTTP_RANGE_H
#define GOLDCREST_HTTP_RANGE_H

#include <stdint.h>

#include "base/span.h"

enum { RANGES_MAX = 10 }; /* more than a download manager asks for */

struct byte_range {
    uint64_t first, last; /* both included */
};

enum range_result {
    RANGE_IGNORE,       /* no range unit we know, bad syntax, or too many: answer 200 with everything */
    RANGE_OK,           /* 206: count ranges, clipped to the length, in the order asked for */
    RANGE_UNSATISFIABLE /* 416 */
};

/* Overlapping and adjacent ranges are coalesced (RFC 9110 14.2 allows it); more than RANGES_MAX after that, or more
 * than 128 specs, is RANGE_IGNORE. */
enum range_result ranges_parse(struct span value, uint64_t length, struct byte_range ranges[RANGES_MAX],
                               unsigned *count);

#endif
