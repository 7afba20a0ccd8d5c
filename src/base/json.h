/* json.h - text and objects of JSON, one line each: for logs */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_JSON_H
#define GOLDCREST_JSON_H

#include "base/buf.h"

/* How many bytes the character at s (not empty) has; 0: it is not UTF-8 (RFC 3629). */
size_t utf8_length(struct span s);

/*
 * The inside of a string. Any bytes come back from it: a byte that is not part of UTF-8 is written as the character
 * U+EF00 + byte (U+EF80 … U+EFFF, of private use), and so is each byte of such a character itself. Every reader takes
 * that; whoever wants the bytes puts those characters back.
 */
void json_text(struct buf *out, struct span s);

/* ,"name":"value" - without the comma where the object begins */
void json_add(struct buf *out, const char *name, struct span value);
void json_add_number(struct buf *out, const char *name, uint64_t number);
/* In thousandths: 1234 is 1.234. */
void json_add_thousandths(struct buf *out, const char *name, uint64_t number);
/* "2026-11-24T06:50:11.007Z" (RFC 3339) */
void json_add_time(struct buf *out, const char *name, int64_t seconds, uint32_t ns);

/* How many bytes from the start stand for themselves: printable ASCII without quote and backslash. */
size_t json_plain_length(struct span s);

#endif
