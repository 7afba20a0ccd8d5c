/* keyvalue.c - lists of pattern => replacement: the first pattern that matches decides */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "modules/keyvalue.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/memory.h"

static bool make_rule(struct rule *rule, const struct element *e, struct complaints *c) {
    char why[128];
    size_t offset;
    rule->place = e->key_place;
    rule->text = e->key;
    rule->replacement = template_make(&e->value, c);
    rule->pattern = regex_make(e->key, why, &offset);
    if (rule->pattern) return true;
    complain(c, COMPLAINT_ERROR, e->key_place, e->key.n + 2, NULL,
             "the regular expression is not one (at its byte %zu): %s", offset, why);
    return false;
}

static struct needles *make_needles(const struct value *map) {
    struct span *literals = memory_zeroed(map->count, sizeof *literals);
    struct arena a = {0};
    for (size_t i = 0; i < map->count; i++) {
        struct buf literal = {0};
        regex_literal(map->elements[i].key, &literal);
        if (literal.n) literals[i] = arena_copy(&a, buf_span(&literal));
        buf_done(&literal);
    }
    struct needles *needles = needles_make(literals, map->count);
    arena_done(&a);
    free(literals);
    return needles;
}

void *rules_make(const struct value *map, struct complaints *c) {
    struct rules *rules = memory_zeroed(1, sizeof *rules + map->count * sizeof *rules->list);
    bool ok = true;
    rules->count = map->count;
    for (size_t i = 0; i < map->count; i++) ok &= make_rule(&rules->list[i], &map->elements[i], c);
    if (ok) rules->needles = make_needles(map);
    if (ok) return rules;
    rules_drop(rules);
    return NULL;
}

void rules_drop(void *p) {
    struct rules *rules = p;
    if (rules) needles_drop(rules->needles);
    for (size_t i = 0; rules && i < rules->count; i++) {
        regex_drop(rules->list[i].pattern);
        template_drop(rules->list[i].replacement);
    }
    free(rules);
}

const struct rule *rules_find(const struct rules *rules, struct span subject, struct captures *captures) {
    struct needles_walk walk;
    size_t i;
    needles_begin(rules->needles, subject, &walk);
    while (needles_next(&walk, &i))
        if (regex_match(rules->list[i].pattern, subject, captures)) return &rules->list[i];
    return NULL;
}
