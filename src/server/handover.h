/* handover.h - what one goldcrest tells the next, which goes on in its place */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_HANDOVER_H
#define GOLDCREST_HANDOVER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/span.h"

/*
 *   goldcrest-handover 1 0.1.0\n      the format's number, and who writes
 *   listener 38\n                     a record: its name, the length of what follows
 *   fds=5,6 passed=0 lent=0 name=0.0.0.0:80\n
 *   …
 *   end 0\n\n
 *
 * Both sides may be of different versions, either the newer one. A record that is not known is skipped, and a word of
 * a record that is not there has its default; "!name" is a record that must be understood. The number changes only if
 * that is not enough: then there is no upgrade from one to the other.
 */
enum { HANDOVER_FORMAT = 1 };

void handover_begin(struct buf *out);
void handover_add(struct buf *out, const char *name, struct span payload);
void handover_end(struct buf *out);

/* Is it whole, and can it be understood? *from: the version of who wrote it; *records: for handover_next(). False
 * with the reason, a sentence part. */
bool handover_open(struct span bytes, struct span *from, struct span *records, const char **why);

/* One record after the other; false: there is no more. */
bool handover_next(struct span *records, struct span *name, struct span *payload);
/* The payload of the first one with that name; without bytes: there is none. */
struct span handover_find(struct span records, struct span name);

/* "key=NUMBER" among the words of a payload; `otherwise` if it is not there or no number up to INT32_MAX. */
int handover_number(struct span payload, const char *key, int otherwise);
int64_t handover_time(struct span payload, const char *key);
/* Up to `max` numbers "key=1,2,3": how many there are. */
unsigned handover_numbers(struct span payload, const char *key, int *numbers, unsigned max);
/* "key=TEXT", the last word: all that follows. Without bytes: it is not there. */
struct span handover_text(struct span payload, const char *key);

#endif
