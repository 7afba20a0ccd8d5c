/* regex.c - PCRE2 patterns, compiled once */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "base/regex.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"

#ifdef HAVE_PCRE2
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

struct regex {
    pcre2_code *code;
    unsigned matches; /* as far as COMPILED_AT */
};

enum {
    /* what one match may cost: far beyond sane patterns, far below a hanging loop */
    STEPS_MAX = 1000000,
    DEPTH_MAX = 10000,
    COMPILED_AT = 2 /* matches: compiling takes longer than one, and of many patterns few are ever asked */
};

static pcre2_match_data *data; /* of the last match, whatever its pattern */
static pcre2_match_context *limits;

static void prepare(void) {
    if (data) return;
    data = pcre2_match_data_create(REGEX_CAPTURES, NULL);
    limits = pcre2_match_context_create(NULL);
    pcre2_set_match_limit(limits, STEPS_MAX);
    pcre2_set_depth_limit(limits, DEPTH_MAX);
}

struct regex *regex_make(struct span pattern, char why[128], size_t *offset) {
    int error;
    PCRE2_SIZE at;
    pcre2_code *code = pcre2_compile((PCRE2_SPTR)pattern.p, pattern.n, PCRE2_UTF | PCRE2_MATCH_INVALID_UTF,
                                     &error, &at, NULL);
    if (!code) {
        pcre2_get_error_message(error, (PCRE2_UCHAR *)why, 128);
        *offset = at;
        return NULL;
    }
    struct regex *re = memory_zeroed(1, sizeof *re);
    re->code = code;
    return re;
}

void regex_drop(struct regex *re) {
    if (!re) return;
    pcre2_code_free(re->code);
    free(re);
}

static void fill(struct captures *captures, unsigned groups, const PCRE2_SIZE *at, struct span subject) {
    captures->count = groups < REGEX_CAPTURES ? groups : REGEX_CAPTURES;
    for (unsigned i = 0; i < captures->count; i++) {
        bool took_part = at[2 * i] != PCRE2_UNSET;
        captures->group[i] = took_part ? span_between(subject.p + at[2 * i], subject.p + at[2 * i + 1])
                                       : (struct span){NULL, 0};
    }
}

/* To instructions of the processor, where the system allows it; else the interpreter serves. */
static void note_match(struct regex *re) {
    if (re->matches == COMPILED_AT || ++re->matches < COMPILED_AT) return;
    pcre2_jit_compile(re->code, PCRE2_JIT_COMPLETE);
}

bool regex_match(const struct regex *re, struct span subject, struct captures *captures) {
    const char *p = subject.p ? subject.p : "";
    subject.p = p;
    prepare();
    note_match((struct regex *)(uintptr_t)re); /* how it is carried out changes, not what it matches */
    int groups = pcre2_match(re->code, (PCRE2_SPTR)p, subject.n, 0, 0, data, limits);
    if (groups == PCRE2_ERROR_JIT_STACKLIMIT) /* 32 KiB: the interpreter has more, and has made the first matches */
        groups = pcre2_match(re->code, (PCRE2_SPTR)p, subject.n, 0, PCRE2_NO_JIT, data, limits);
    if (groups < 0) return false;
    if (groups == 0) groups = REGEX_CAPTURES; /* it has more */
    if (captures) fill(captures, (unsigned)groups, pcre2_get_ovector_pointer(data), subject);
    return true;
}

bool regex_is_built(void) {
    return true;
}

const char *regex_version(void) {
    static char version[64];
    if (!*version) pcre2_config(PCRE2_CONFIG_VERSION, version);
    return version;
}

#else

struct regex *regex_make(struct span pattern, char why[128], size_t *offset) {
    (void)pattern;
    snprintf(why, 128, "this goldcrest was built without PCRE2 and knows no regular expressions");
    *offset = 0;
    return NULL;
}

void regex_drop(struct regex *re) {
    (void)re;
}

bool regex_match(const struct regex *re, struct span subject, struct captures *captures) {
    (void)re, (void)subject, (void)captures;
    return false;
}

bool regex_is_built(void) {
    return false;
}

const char *regex_version(void) {
    return "";
}
#endif
