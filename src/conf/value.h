/* value.h - a value of the configuration language: string, int, or array */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_CONF_VALUE_H
#define GOLDCREST_CONF_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

/* place - where something stands in the configuration; file and line text live as long as the conf_text */
struct place {
    const struct source_text *source; /* NULL: nowhere (a default, a command-line option) */
    unsigned offset;                  /* bytes from its start */
};

enum value_type { VALUE_STRING, VALUE_INT, VALUE_ARRAY };

struct element;

/* value - immutable after parsing; belongs to the arena of its tree */
struct value {
    enum value_type type;
    struct place place;
    struct span string;        /* VALUE_STRING; a NUL stands behind it */
    int32_t number;            /* VALUE_INT */
    struct element *elements;  /* VALUE_ARRAY, in order */
    size_t count;
};

/* element - of an array: a list's has no key (key.p is NULL) */
struct element {
    struct span key;
    struct place key_place;
    struct value value;
};

/* The element with that key, or NULL. */
const struct value *value_at(const struct value *array, struct span key);

/* "enable", "enabled", "true", "1", "disable", "disabled", "false", "0" in any case, or the ints 0 and 1.
 * False if it is none of them. */
bool value_as_bool(const struct value *v, bool *result);

/* An int, or a string that is a whole decimal number. False if it is none or outside int32. */
bool value_as_int(const struct value *v, int32_t *result);

#endif
