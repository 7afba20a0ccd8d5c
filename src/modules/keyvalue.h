/* keyvalue.h - lists of pattern => replacement: the first pattern that matches decides */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_MODULES_KEYVALUE_H
#define GOLDCREST_MODULES_KEYVALUE_H

#include "base/needles.h"
#include "modules/template.h"

struct rule {
    struct place place;           /* of the pattern */
    struct span text;             /* … as written */
    struct regex *pattern;
    struct template *replacement; /* an empty one: the search ends, nothing is replaced */
};

/* rules - compiled once per assignment; belongs to its configuration */
struct rules {
    struct needles *needles; /* which patterns a subject may match at all */
    size_t count;
    struct rule list[];
};

/* compile and discard of a directive (conf/directive.h). */
void *rules_make(const struct value *map, struct complaints *c);
void rules_drop(void *rules);

/* The first rule whose pattern matches, with what it captured; or NULL. */
const struct rule *rules_find(const struct rules *rules, struct span subject, struct captures *captures);

#endif
