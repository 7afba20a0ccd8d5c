/* value.c - what a value means to those who use it */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "conf/value.h"

static const struct {
    struct span word;
    bool means;
} bool_words[] = {
    {SPAN_INIT("enable"), true}, {SPAN_INIT("enabled"), true},  {SPAN_INIT("true"), true},
    {SPAN_INIT("1"), true},      {SPAN_INIT("disable"), false}, {SPAN_INIT("disabled"), false},
    {SPAN_INIT("false"), false}, {SPAN_INIT("0"), false},
};

const struct value *value_at(const struct value *array, struct span key) {
    if (array->type != VALUE_ARRAY) return NULL;
    for (size_t i = 0; i < array->count; i++) {
        const struct element *e = &array->elements[i];
        if (e->key.p && span_is(e->key, key)) return &e->value;
    }
    return NULL;
}

bool value_as_bool(const struct value *v, bool *result) {
    if (v->type == VALUE_INT) {
        *result = v->number == 1;
        return v->number == 0 || v->number == 1;
    }
    if (v->type != VALUE_STRING) return false;
    for (size_t i = 0; i < sizeof bool_words / sizeof *bool_words; i++) {
        if (!span_is_ci(v->string, bool_words[i].word)) continue;
        *result = bool_words[i].means;
        return true;
    }
    return false;
}

bool value_as_int(const struct value *v, int32_t *result) {
    if (v->type == VALUE_INT) {
        *result = v->number;
        return true;
    }
    if (v->type != VALUE_STRING || v->string.n == 0) return false;
    bool negative = v->string.p[0] == '-';
    struct span digits = negative ? span_from(v->string, 1) : v->string;
    int64_t number = 0;
    for (size_t i = 0; i < digits.n; i++) {
        if (!ascii_is_digit(digits.p[i])) return false;
        number = number * 10 + (digits.p[i] - '0');
        if (number > (int64_t)INT32_MAX + negative) return false;
    }
    *result = (int32_t)(negative ? -number : number);
    return digits.n > 0;
}
