/* merge.c - a + b: strings are joined, numbers are summed, arrays are appended */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <stdio.h>

#include "conf/parser.h"

enum { INDEXED_FROM = 16 }; /* elements: below that, looking at each is quicker */

/*
 * storage - what stands before the elements of every array of a tree
 * Arrays share it: `b = a` copies the value, not the elements. One that ends where the storage ends
 * may append in place, for the others count fewer elements; any other copies first. So += in a loop
 * costs what it adds.
 */
struct storage {
    size_t cap, used;
    size_t weight;
    unsigned depth;
    struct index keys;
    struct element elements[];
};

static struct storage *storage_of(const struct value *array) {
    if (!array->elements) return NULL;
    return (struct storage *)(void *)((char *)array->elements - offsetof(struct storage, elements));
}

size_t value_weight(const struct value *v) {
    if (v->type == VALUE_STRING) return 16 + v->string.n;
    if (v->type == VALUE_INT || !v->elements) return 16;
    return 16 + storage_of(v)->weight;
}

unsigned value_depth(const struct value *v) {
    return v->type != VALUE_ARRAY ? 0 : 1 + (v->elements ? storage_of(v)->depth : 0);
}

bool charge(struct parser *p, size_t bytes, struct place at) {
    if (p->stopped) return false;
    if (bytes <= MOST_MADE_BYTES - p->made_bytes) {
        p->made_bytes += bytes;
        return true;
    }
    stop(p, at, 1, "the values of this configuration grow beyond 128 MiB");
    return false;
}

static void storage_note(struct parser *p, struct storage *s, size_t at) {
    if (s->elements[at].key.p) index_put(&s->keys, &p->tree->arena, 0, s->elements[at].key, at);
}

/* An own copy of the first `count` elements, with room for as many again. */
static struct storage *storage_copy(struct parser *p, const struct value *array) {
    size_t cap = array->count < 4 ? 4 : array->count * 2;
    if (!charge(p, cap * sizeof(struct element), array->place)) return NULL;
    struct storage *s = arena_zeroed(&p->tree->arena, sizeof *s + cap * sizeof(struct element));
    s->cap = cap;
    s->used = array->count;
    for (size_t i = 0; i < s->used; i++) {
        const struct element *e = &array->elements[i];
        s->elements[i] = *e;
        s->weight += e->key.n + value_weight(&e->value);
        if (value_depth(&e->value) > s->depth) s->depth = value_depth(&e->value);
    }
    if (s->used >= INDEXED_FROM)
        for (size_t i = 0; i < s->used; i++) storage_note(p, s, i);
    return s;
}

bool array_has(const struct value *array, struct span key, size_t *at) {
    const struct storage *s = storage_of(array);
    if (!s) return false;
    if (s->used >= INDEXED_FROM) return index_get(&s->keys, 0, key, at) && *at < array->count;
    for (*at = 0; *at < array->count; ++*at) {
        const struct element *e = &array->elements[*at];
        if (e->key.p && span_is(e->key, key)) return true;
    }
    return false;
}

bool array_add(struct parser *p, struct value *array, struct element e) {
    struct storage *s = storage_of(array);
    unsigned depth = value_depth(&e.value);
    if (depth >= DEEPEST_NESTING) {
        stop(p, e.value.place, 1, "arrays are nested deeper than 64 levels here");
        return false;
    }
    if (!s || s->used != array->count || s->used == s->cap) s = storage_copy(p, array);
    if (!s || !charge(p, e.key.n + value_weight(&e.value), e.value.place)) return false;
    s->elements[s->used++] = e;
    s->weight += e.key.n + value_weight(&e.value);
    if (depth > s->depth) s->depth = depth;
    if (s->used == INDEXED_FROM)
        for (size_t i = 0; i < s->used; i++) storage_note(p, s, i);
    else if (s->used > INDEXED_FROM) storage_note(p, s, s->used - 1);
    array->elements = s->elements;
    array->count = s->used;
    return true;
}

struct span int_text(struct parser *p, int32_t number) {
    return arena_printf(&p->tree->arena, "%ld", (long)number);
}

static bool same_scalar(const struct value *a, const struct value *b) {
    if (a->type != b->type) return false;
    if (a->type == VALUE_INT) return a->number == b->number;
    return a->type == VALUE_STRING && span_is(a->string, b->string);
}

/* A key that is there already: the same value again is superfluous, another one is a contradiction.
 */
static bool merge_twice(struct parser *p, const struct element *first,
                        const struct element *second) {
    char room[64];
    bool same = same_scalar(&first->value, &second->value);
    size_t width = second->key.n + 2;
    complain(p->complaints, same ? COMPLAINT_WARNING : COMPLAINT_ERROR, second->key_place, width,
             NULL,
             same ? "the key \"%.*s\" is there already, with the same value"
                  : "the key \"%.*s\" is there already, with another value",
             SPAN_ARG(shortened(second->key, room)));
    complain(p->complaints, COMPLAINT_NOTE, first->key_place, width, NULL, "it is here first");
    return same;
}

static bool merge_arrays(struct parser *p, struct value *a, const struct value *b) {
    struct value extra = *b; /* b may share a's storage: its count must not move with it */
    for (size_t i = 0; i < extra.count; i++) {
        struct element e = extra.elements[i];
        size_t at;
        bool there = e.key.p && array_has(a, e.key, &at);
        if (there && !merge_twice(p, &a->elements[at], &e)) return false;
        if (!there && !array_add(p, a, e)) return false;
    }
    return true;
}

static bool merge_ints(struct parser *p, struct value *a, const struct value *b, struct place at,
                       size_t width) {
    int64_t sum = (int64_t)a->number + b->number;
    a->number = (int32_t)sum;
    if (sum <= INT32_MAX) return true;
    complain(p->complaints, COMPLAINT_ERROR, at, width, NULL, "the sum %lld is too large",
             (long long)sum);
    return false;
}

static bool merge_texts(struct parser *p, struct value *a, const struct value *b, struct place at) {
    struct span left = a->type == VALUE_INT ? int_text(p, a->number) : a->string;
    struct span right = b->type == VALUE_INT ? int_text(p, b->number) : b->string;
    if (!charge(p, left.n + right.n, at)) return false;
    a->type = VALUE_STRING;
    a->string = arena_join(&p->tree->arena, left, right);
    return true;
}

static const char *const type_names[] = {
    [VALUE_STRING] = "a string", [VALUE_INT] = "a number", [VALUE_ARRAY] = "an array"};

bool merge(struct parser *p, struct value *a, const struct value *b, struct place at,
           size_t width) {
    if (a->type == VALUE_ARRAY && b->type == VALUE_ARRAY) return merge_arrays(p, a, b);
    if (a->type == VALUE_INT && b->type == VALUE_INT) return merge_ints(p, a, b, at, width);
    if (a->type != VALUE_ARRAY && b->type != VALUE_ARRAY) return merge_texts(p, a, b, at);
    const char *hint = a->type == VALUE_ARRAY ? "put what is to be appended in ( )" : NULL;
    complain(p->complaints, COMPLAINT_ERROR, at, width, hint, "cannot add %s to %s",
             type_names[b->type], type_names[a->type]);
    return false;
}
