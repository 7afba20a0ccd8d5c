/* keyvalue.c - lists of pattern => replacement: the first pattern that matches decides */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "modules/keyvalue.h"

#include <stdlib.h>

#include "base/memory.h"

static bool make_rule(struct rule *rule, const struct element *e, struct complaints *c) {
    char why[128];
    size_t offset;
    rule->replacement = template_make(&e->value, c);
    rule->pattern = regex_make(e->key, why, &offset);
    if (rule->pattern) return true;
    complain(c, COMPLAINT_ERROR, e->key_place, e->key.n + 2, NULL,
             "the regular expression is not one (at its byte %zu): %s", offset, why);
    return false;
}

void *rules_make(const struct value *map, struct complaints *c) {
    struct rules *rules = memory_zeroed(1, sizeof *rules + map->count * sizeof *rules->list);
    bool ok = true;
    rules->count = map->count;
    for (size_t i = 0; i < map->count; i++) ok &= make_rule(&rules->list[i], &map->elements[i], c);
    if (ok) return rules;
    rules_drop(rules);
    return NULL;
}

void rules_drop(void *p) {
    struct rules *rules = p;
    for (size_t i = 0; rules && i < rules->count; i++) {
        regex_drop(rules->list[i].pattern);
        template_drop(rules->list[i].replacement);
    }
    free(rules);
}

const struct rule *rules_find(const struct rules *rules, struct span subject, struct captures *captures) {
    for (size_t i = 0; i < rules->count; i++)
        if (regex_match(rules->list[i].pattern, subject, captures)) return &rules->list[i];
    return NULL;
}
