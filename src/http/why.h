/* why.h - why a parser refuses: what errno is to system calls, this is to statuses */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_HTTP_WHY_H
#define GOLDCREST_HTTP_WHY_H

/* What the last refusal was for; NULL: nobody has said. Whoever logs it puts NULL back. */
extern const char *http_why;

/* Returns the status, for `return http_refuse(400, "…")`: nothing is done where nothing is wrong. */
static inline int http_refuse(int status, const char *why) {
    http_why = why;
    return status;
}

extern const char http_too_many_fields[]; /* a `why`: not the bytes, but the number of fields */

#endif
