/* length.h - Content-Length: how long a message's body says it is (RFC 9110 8.6) */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_HTTP_LENGTH_H
#define GOLDCREST_HTTP_LENGTH_H

#include <stdint.h>

#include "base/span.h"

/*
 * Takes note of one Content-Length field. *length is -1 before the first one. "5, 5" and several fields with one
 * value are that value; anything else is an attack or a bug: 400, or 413 for what does not fit into 63 bits; 0 if it
 * is good. *first: the value once, a part of `value`; NULL: nobody wants it.
 */
int length_note(struct span value, int64_t *length, struct span *first);

#endif
