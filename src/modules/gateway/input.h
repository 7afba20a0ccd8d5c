/* input.h - where what backends and programs say is read to: one piece of memory for a worker */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_GATEWAY_INPUT_H
#define GOLDCREST_GATEWAY_INPUT_H

#include <stddef.h>

#include "base/blob.h"

/* Where to read to, *room bytes (at least 16 KiB) within *blob, which belongs to the input: hold it to keep it. What
 * was read before stays in place while somebody keeps pieces of it. */
char *input_room(struct blob **blob, size_t *room);
/* n bytes of that room are used now. */
void input_used(size_t n);
/* Gives the memory back until it is needed again. */
void input_forget(void);

#endif
