/* options.c - the values of deflate.* that are more than a number: checked and made ready at load */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "modules/deflate/options.h"

#include <stdlib.h>

#include "base/memory.h"

/* ---- deflate.allowed-encodings ---------------------------------------------------------------- */

uint32_t options_all_codings(void) {
    static const enum coding order[] = {CODING_ZSTD, CODING_BR, CODING_GZIP, CODING_DEFLATE};
    uint32_t offered = 0;
    for (size_t i = 0; i < sizeof order / sizeof *order; i++)
        if (coder_for_whole(order[i])) offered = coding_offer(offered, order[i]);
    return offered;
}

void *options_codings(const struct value *v, struct complaints *c) {
    uint32_t offered = 0;
    for (size_t i = 0; i < v->count; i++) {
        struct span name = v->elements[i].value.string;
        enum coding coding = coding_find(name);
        bool known = coding != CODING_COUNT || span_is_ci(name, SPAN("bzip2")) || span_is_ci(name, SPAN("x-bzip2"));
        if (coding != CODING_COUNT && (coding == CODING_IDENTITY || coder_for_whole(coding)))
            offered = coding_offer(offered, coding);
        else
            complain(c, COMPLAINT_WARNING, v->elements[i].value.place, name.n + 2, NULL, "%.*s is left out: %s",
                     SPAN_ARG(name), known ? "it is not in this build" : "there is no such content coding");
    }
    return memory_copy(&offered, sizeof offered);
}

/* ---- deflate.mimetypes: who has one compresses -------------------------------------------------- */

void *options_types(const struct value *v, struct complaints *c) {
    const char *why;
    if (!v->count || coders_load(&why)) return (void *)(uintptr_t)v;
    complain(c, COMPLAINT_ERROR, v->place, 0, "it comes with the program, and is replaced with it",
             "compression is asked for: %s", why);
    return NULL;
}

/* ---- deflate.params --------------------------------------------------------------------------- */

static const struct tuning all_default = {
    CODER_DEFAULT, CODER_DEFAULT, CODER_DEFAULT, CODER_DEFAULT, CODER_DEFAULT, CODER_DEFAULT,
    CODER_DEFAULT, CODER_DEFAULT, CODER_DEFAULT, CODER_DEFAULT, 1,
};

static const struct {
    const char *name;
    size_t offset;
    int32_t least, most;
} parameters[] = {
    {"gzip.level", offsetof(struct tuning, gzip_level), 1, 9},
    {"gzip.windowBits", offsetof(struct tuning, gzip_window_bits), 9, 15},
    {"gzip.memLevel", offsetof(struct tuning, gzip_mem_level), 1, 9},
    {"gzip.strategy", offsetof(struct tuning, gzip_strategy), 0, 4},
    {"BROTLI_PARAM_QUALITY", offsetof(struct tuning, br_quality), 0, 11},
    {"BROTLI_PARAM_LGWIN", offsetof(struct tuning, br_lgwin), 10, 24},
    {"BROTLI_PARAM_MODE", offsetof(struct tuning, br_mode), 0, 2},
    {"ZSTD_c_compressionLevel", offsetof(struct tuning, zstd_level), 1, 22},
    {"ZSTD_c_strategy", offsetof(struct tuning, zstd_strategy), 1, 9},
    {"ZSTD_c_windowLog", offsetof(struct tuning, zstd_window_log), 10, 23}, /* RFC 9659: 8 MB */
    {"SYNC_FLUSH", offsetof(struct tuning, sync_flush), 0, 1},
};
enum { PARAMETERS = sizeof parameters / sizeof *parameters };

static const char *parameter_name(void *arg, size_t i) {
    (void)arg;
    return i < PARAMETERS ? parameters[i].name : NULL;
}

static bool refuse_name(const struct element *e, struct complaints *c) {
    char hint[HINT_BYTES];
    const char *near = did_you_mean(e->key, parameter_name, NULL);
    complain(c, COMPLAINT_ERROR, e->key_place, e->key.n + 2, hint_near(hint, near, NULL),
             "deflate.params has no \"%.*s\"", SPAN_ARG(e->key));
    return false;
}

static bool set_parameter(struct tuning *t, const struct element *e, struct complaints *c) {
    size_t i = 0;
    bool yes;
    int32_t number;
    while (i < PARAMETERS && !span_is(e->key, span_of(parameters[i].name))) i++;
    if (i == PARAMETERS) return refuse_name(e, c);
    bool is_switch = parameters[i].offset == offsetof(struct tuning, sync_flush);
    bool ok = is_switch ? value_as_bool(&e->value, &yes) : value_as_int(&e->value, &number);
    if (ok && is_switch) number = yes;
    if (!ok || number < parameters[i].least || number > parameters[i].most) {
        complain(c, COMPLAINT_ERROR, e->value.place, 0, NULL, "%s is a number from %d to %d", parameters[i].name,
                 (int)parameters[i].least, (int)parameters[i].most);
        return false;
    }
    *(int *)(void *)((char *)t + parameters[i].offset) = number;
    return true;
}

void *options_tuning(const struct value *v, struct complaints *c) {
    struct tuning t = all_default;
    bool ok = true;
    for (size_t i = 0; i < v->count; i++) ok &= set_parameter(&t, &v->elements[i], c);
    return ok ? memory_copy(&t, sizeof t) : NULL;
}

struct tuning options_merge(const struct tuning *params, unsigned level) {
    struct tuning t = params ? *params : all_default;
    int *levels[] = {&t.gzip_level, &t.br_quality, &t.zstd_level};
    for (size_t i = 0; level && i < sizeof levels / sizeof *levels; i++)
        if (*levels[i] == CODER_DEFAULT) *levels[i] = level < 9 ? (int)level : 9;
    return t;
}

/* ---- deflate.max-loadavg ---------------------------------------------------------------------- */

void *options_load(const struct value *v, struct complaints *c) {
    char *end;
    double load = strtod(v->string.p, &end);
    if (v->string.n && end == v->string.p + v->string.n && load >= 0) return memory_copy(&load, sizeof load);
    complain(c, COMPLAINT_ERROR, v->place, v->string.n + 2, "write for instance \"3.50\"",
             "\"%.*s\" is no load average", SPAN_ARG(v->string));
    return NULL;
}
