/* lifetime.h - how long a response stays fresh: "access plus 2 hours 30 minutes" */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_MODULES_LIFETIME_H
#define GOLDCREST_MODULES_LIFETIME_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

enum { LIFETIME_MAX_S = INT32_MAX }; /* what every cache can hold (RFC 9111 1.2.2) */

struct lifetime {
    enum { LIFETIME_NONE, LIFETIME_FROM_ACCESS, LIFETIME_FROM_MODIFICATION } from;
    int64_t seconds;
};

/*
 *   "" | ("access" | "now" | "modification") ["plus"] (NUMBER UNIT)…
 *
 * Units from seconds to years, with or without their "s"; a month has 30 days, a year 365. "": LIFETIME_NONE.
 * NULL, or what is wrong with it.
 */
const char *lifetime_parse(struct span text, struct lifetime *l);

/* When it ends, in seconds since 1970; `modified` matters to LIFETIME_FROM_MODIFICATION alone. Never before now. */
int64_t lifetime_end(const struct lifetime *l, int64_t now, int64_t modified);

#endif
