/* fresh.h - conditional requests in the right precedence (RFC 9110 13.2.2) */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_HTTP_FRESH_H
#define GOLDCREST_HTTP_FRESH_H

#include <stdbool.h>
#include <stdint.h>

#include "http/fields.h"

/* validators - what is known of the selected representation */
struct validators {
    struct span etag;      /* quoted, maybe W/; empty: none */
    int64_t last_modified; /* seconds since 1970; -1: none */
};

/* 0: go on; 304 or 412: answer that. safe: GET or HEAD. If-Match, If-Unmodified-Since, If-None-
 * Match, If-Modified-Since. */
int fresh_check(const struct fields *request, bool safe, const struct validators *v, int64_t now);

/* May the Range field be honoured (If-Range, RFC 9110 13.1.5: strong comparison, exact date)? */
bool fresh_range(const struct fields *request, const struct validators *v, int64_t now);

#endif
