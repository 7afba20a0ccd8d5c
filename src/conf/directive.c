/* directive.c - a value of the configuration becomes a field of a struct */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "conf/directive.h"

#include <stdio.h>

static const struct {
    const char *expected, *example; /* what is written behind the "=" */
} types[] = {
    [DIRECTIVE_BOOL] = {"\"enable\" or \"disable\"", "\"enable\""},
    [DIRECTIVE_SHORT] = {"a number from 0 to 65535", "80"},
    [DIRECTIVE_INT] = {"a number from 0 to 2147483647", "80"},
    [DIRECTIVE_STRING] = {"a string", "\"...\""},
    [DIRECTIVE_LIST] = {"a list of strings", "( \"...\", \"...\" )"},
    [DIRECTIVE_MAP] = {"a list of \"key\" => \"value\"", "( \"...\" => \"...\" )"},
    [DIRECTIVE_TABLE] = {"a list of \"key\" => value", "( \"...\" => ... )"},
    [DIRECTIVE_ANY] = {"a value", "..."},
};

static const char *const found_names[] = {
    [VALUE_STRING] = "a string", [VALUE_INT] = "a number", [VALUE_ARRAY] = "an array"};

/* conversion - one that is going on */
struct conversion {
    const struct directive *directive;
    const struct value *value;
    struct place place; /* of the key */
    struct complaints *complaints;
};

/* Bytes the value takes in the text, if it stands there as it is. */
static size_t width_of(const struct value *v) {
    if (v->type == VALUE_ARRAY) return 1;
    char digits[16];
    if (v->type == VALUE_INT)
        return (size_t)snprintf(digits, sizeof digits, "%ld", (long)v->number);
    return v->string.n + 2;
}

/* As one would have to write it: the value that is there, in the right clothes. */
static void example_of(const struct conversion *c, char *hint, size_t size) {
    const char *name = c->directive->name;
    const struct value *v = c->value;
    enum directive_type type = c->directive->type;
    bool brief = v->type == VALUE_STRING && v->string.n < 60;
    if (type == DIRECTIVE_STRING && v->type == VALUE_INT)
        snprintf(hint, size, "write %s = \"%ld\"", name, (long)v->number);
    else if (type == DIRECTIVE_LIST && brief)
        snprintf(hint, size, "write %s = ( \"%.*s\" )", name, SPAN_ARG(v->string));
    else snprintf(hint, size, "write %s = %s", name, types[type].example);
}

static bool refuse(const struct conversion *c, const struct value *at, const char *found) {
    char hint[256];
    struct place place = at->place.source ? at->place : c->place;
    size_t width = at->place.source ? width_of(at) : strlen(c->directive->name);
    example_of(c, hint, sizeof hint);
    complain(c->complaints, COMPLAINT_ERROR, place, width, hint, "%s: expected %s, found %s",
             c->directive->name, types[c->directive->type].expected, found);
    return false;
}

static bool refuse_value(const struct conversion *c) {
    char found[128];
    const struct value *v = c->value;
    if (v->type == VALUE_STRING && v->string.n < 60)
        snprintf(found, sizeof found, "\"%.*s\"", SPAN_ARG(v->string));
    else if (v->type == VALUE_INT) snprintf(found, sizeof found, "%ld", (long)v->number);
    else snprintf(found, sizeof found, "%s", found_names[v->type]);
    return refuse(c, v, found);
}

static bool convert_number(const struct conversion *c, int32_t most, struct cell *cell) {
    int32_t number;
    if (!value_as_int(c->value, &number) || number < 0 || number > most) return refuse_value(c);
    cell->is.number = (uint32_t)number;
    return true;
}

/* LIST: strings without keys. MAP: strings with keys. TABLE: anything with a key. */
static bool check_elements(const struct conversion *c) {
    enum directive_type type = c->directive->type;
    char found[128];
    for (size_t i = 0; i < c->value->count; i++) {
        const struct element *e = &c->value->elements[i];
        bool keyed = e->key.p != NULL;
        if (keyed != (type != DIRECTIVE_LIST)) {
            if (!keyed) return refuse(c, &e->value, "an element without a key");
            struct value at = {.type = VALUE_STRING, .place = e->key_place, .string = e->key};
            return refuse(c, &at, "an element with a key");
        }
        if (type == DIRECTIVE_TABLE || e->value.type == VALUE_STRING) continue;
        snprintf(found, sizeof found, "%s in it", found_names[e->value.type]);
        return refuse(c, &e->value, found);
    }
    return true;
}

static bool convert(const struct conversion *c, struct cell *cell) {
    const struct value *v = c->value;
    switch (c->directive->type) {
    case DIRECTIVE_BOOL: return value_as_bool(v, &cell->is.yes) || refuse_value(c);
    case DIRECTIVE_SHORT: return convert_number(c, 65535, cell);
    case DIRECTIVE_INT: return convert_number(c, INT32_MAX, cell);
    case DIRECTIVE_STRING:
        cell->is.text = v->string;
        return v->type == VALUE_STRING || refuse_value(c);
    case DIRECTIVE_LIST:
    case DIRECTIVE_MAP:
    case DIRECTIVE_TABLE:
        cell->is.value = v;
        return v->type == VALUE_ARRAY ? check_elements(c) : refuse_value(c);
    case DIRECTIVE_ANY: cell->is.value = v; return true;
    }
    return false;
}

static void warn(const struct directive *d, struct place at, struct complaints *c) {
    char hint[160];
    bool ignored = d->flags & DIRECTIVE_IGNORED;
    if (!(d->flags & (DIRECTIVE_IGNORED | DIRECTIVE_DEPRECATED))) return;
    snprintf(hint, sizeof hint, ignored ? "%s" : "use %s instead", d->instead ? d->instead : "");
    complain(c, COMPLAINT_WARNING, at, strlen(d->name), d->instead ? hint : NULL, "%s %s", d->name,
             ignored ? "has no effect" : "is deprecated");
}

bool directive_convert(const struct directive *d, const struct value *v, struct place at,
                       struct cell *cell, struct complaints *c) {
    struct conversion conversion = {d, v, at, c};
    *cell = (struct cell){.directive = d, .place = at};
    warn(d, at, c);
    if (d->flags & DIRECTIVE_IGNORED) return true;
    if (!convert(&conversion, cell)) return false;
    if (!d->compile) return true;
    cell->is.compiled = d->compile(v, c);
    return cell->is.compiled != NULL;
}

void directive_apply(const struct cell *cell, void *settings) {
    const struct directive *d = cell->directive;
    char *field = (char *)settings + d->offset;
    if (d->flags & DIRECTIVE_IGNORED) return;
    if (d->compile) {
        memcpy(field, &cell->is.compiled, sizeof cell->is.compiled);
        return;
    }
    switch (d->type) {
    case DIRECTIVE_BOOL: memcpy(field, &cell->is.yes, sizeof cell->is.yes); break;
    case DIRECTIVE_SHORT:
    case DIRECTIVE_INT: memcpy(field, &cell->is.number, sizeof cell->is.number); break;
    case DIRECTIVE_STRING: memcpy(field, &cell->is.text, sizeof cell->is.text); break;
    case DIRECTIVE_LIST:
    case DIRECTIVE_MAP:
    case DIRECTIVE_TABLE:
    case DIRECTIVE_ANY: memcpy(field, &cell->is.value, sizeof cell->is.value); break;
    }
}

void directive_discard(struct cell *cell) {
    const struct directive *d = cell->directive;
    bool compiled = d && d->compile && !(d->flags & DIRECTIVE_IGNORED);
    if (compiled && d->discard && cell->is.compiled) d->discard(cell->is.compiled);
    cell->is.compiled = NULL;
}
