/* fields.h - header fields in order of arrival (RFC 9110 5) */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_HTTP_FIELDS_H
#define GOLDCREST_HTTP_FIELDS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/span.h"
#include "http/names.h"

struct field {
    struct span name, value;
    enum header id;
    bool is_received; /* HTTP/1: so it came from the client; not what the administrator has added or set */
};

/* fields - a list in an arena or in the input buffer; grows in the arena it is given. Zeroed memory
 * is an empty list */
struct fields {
    struct field *list;
    uint32_t count, cap;
    uint64_t present[2]; /* a bit per enum header: "is there one" without a search (HEADER_COUNT <= 128) */
};

static inline bool fields_have(const struct fields *f, enum header id) {
    return (f->present[id >> 6] >> (id & 63)) & 1;
}

/* Appends; name and value are borrowed. */
void fields_add(struct fields *f, struct arena *a, enum header id, struct span value);
void fields_add_named(struct fields *f, struct arena *a, struct span name, struct span value);

void fields_make_room(struct fields *f, struct arena *a); /* for one more at least */

/* The same for a caller who has looked the name up already. Inline, as are the next ones, since they run for each
 * field that comes, or ask for what mostly is not there. */
static inline void fields_append(struct fields *f, struct arena *a, enum header id, struct span name,
                                 struct span value) {
    if (f->count == f->cap) fields_make_room(f, a);
    f->list[f->count++] = (struct field){name, value, id, false};
    f->present[id >> 6] |= UINT64_C(1) << (id & 63);
}

const struct field *fields_search(const struct fields *f, enum header id); /* fields_first() of one that is there */
struct span fields_join(const struct fields *f, struct arena *a, enum header id); /* and fields_get() */

/* The first of that kind (value may be empty), or NULL. */
static inline const struct field *fields_first(const struct fields *f, enum header id) {
    return fields_have(f, id) ? fields_search(f, id) : NULL;
}
const struct field *fields_first_named(const struct fields *f, struct span name);

/* Its value; {NULL, 0} if there is none. Several of one name are joined with ", " in the arena (RFC 9110 5.3). */
static inline struct span fields_get(const struct fields *f, struct arena *a, enum header id) {
    return fields_have(f, id) ? fields_join(f, a, id) : (struct span){NULL, 0};
}
struct span fields_get_named(const struct fields *f, struct arena *a, struct span name);

/* Replaces all of that name by one with this value, or removes them. */
void fields_set(struct fields *f, struct arena *a, enum header id, struct span value);
void fields_set_named(struct fields *f, struct arena *a, struct span name, struct span value);
void fields_remove(struct fields *f, enum header id);
void fields_remove_named(struct fields *f, struct span name);
/* Removes those of which `keeps` says no. */
void fields_keep(struct fields *f, bool (*keeps)(const struct field *field, const void *arg), const void *arg);

/* Is token (in any case) an element of the comma-separated list? */
bool list_has_token(struct span list, struct span token);

/* Takes the next element (trimmed, not empty) off a comma-separated list; commas within quoted
 * strings do not count. */
bool list_next(struct span *rest, struct span *element);

#endif
