/* table.h - the dynamic table of a decoder (RFC 7541 2.3.2 and 4): fields by number, 0 is the newest */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_H2_TABLE_H
#define GOLDCREST_H2_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "h2/hpack.h"

struct hpack_table; /* NULL is an empty one */

void hpack_table_drop(struct hpack_table *t);

/* Field number `place`; false if there is none. Texts are copied into the arena; with a == NULL they are left out (p
 * is NULL) and only their lengths are told. */
bool hpack_table_get(const struct hpack_table *t, uint32_t place, struct arena *a, struct hpack_field *f);
/* The same without the value. */
bool hpack_table_get_name(const struct hpack_table *t, uint32_t place, struct arena *a, struct hpack_field *f);

/*
 * Puts a field in front and takes from the end what is more than d->size then; a field that is larger than d->size
 * leaves the table empty (RFC 7541 4.4). The texts must not lie in the table. A name that is a constant is not
 * copied. The table is made when it is needed, and what it takes of memory (struct hpack_table itself not counted)
 * is never more than d->limit.
 */
void hpack_table_add(struct hpack_decoder *d, const struct hpack_field *f, bool name_is_constant);

/* Takes from the end what is more than size. */
void hpack_table_shrink(struct hpack_table *t, uint32_t size);

/* Bytes that entries and texts may fill before the table has to grow. */
size_t hpack_table_memory(const struct hpack_table *t);

#endif
