/* date.h - HTTP dates (RFC 9110 5.6.7); times are seconds since 1970, 64 bits on every system */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_HTTP_DATE_H
#define GOLDCREST_HTTP_DATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

enum { HTTP_DATE_BYTES = 29 };

struct civil {
    int year, month /* 1-12 */, day /* 1-31 */, hour, minute, second, weekday /* 0 = Sunday */;
};
struct civil civil_from_unix(int64_t t);
int64_t unix_from_civil(const struct civil *c); /* ignores weekday */

/* Writes "Sun, 06 Nov 1994 08:49:37 GMT", 29 bytes without NUL. Years outside 0…9999 are clamped. */
void date_format(int64_t t, char out[HTTP_DATE_BYTES]);

/* Any of the three formats; two-digit years by the 50-year rule relative to `now`. False if it is no date. */
bool date_parse(struct span text, int64_t now, int64_t *t);

extern const char *const month_names[12]; /* "Jan" */
extern const char *const weekday_names[7]; /* "Sun" */

#endif
