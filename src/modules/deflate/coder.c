/* coder.c - which coder for what */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "modules/deflate/coder.h"

static const struct coder *const none[] = {NULL};
static const struct coder *const *coders = none;

bool coders_load(const char **why) {
    const struct coders *found = coders == none ? coders_find(why) : NULL;
    if (found) coders = found->list;
    return coders != none;
}

const struct coder *coder_for_stream(enum coding coding) {
    const char *why;
    if (!coders_load(&why)) return NULL;
    for (size_t i = 0; coders[i]; i++)
        if (coders[i]->coding == coding && coders[i]->begin) return coders[i];
    return NULL;
}

const struct coder *coder_for_whole(enum coding coding) {
    const char *why;
    if (!coders_load(&why)) return NULL;
    for (size_t i = 0; coders[i]; i++)
        if (coders[i]->coding == coding && coders[i]->whole) return coders[i];
    return coder_for_stream(coding);
}

static struct blob *code_at_one_go(const struct coder *c, const struct tuning *t, struct span bytes) {
    struct blob *out = blob_make(bytes.n);
    size_t made = 0, n;
    enum coder_word word = CODER_MORE;
    void *state = c->begin(t);
    while (state && word == CODER_MORE && made < out->n) {
        word = c->step(state, CODER_FINISH, &bytes, out->p + made, out->n - made, &n);
        made += n;
    }
    if (state) c->end(state);
    bool fewer = word == CODER_DONE && made < out->n;
    struct blob *result = fewer ? blob_copy((struct span){out->p, made}) : NULL;
    blob_drop(out);
    return result;
}

struct blob *coder_code(enum coding coding, const struct tuning *t, struct span bytes) {
    const struct coder *c = coder_for_whole(coding);
    if (!c) return NULL;
    return c->whole ? c->whole(t, bytes) : code_at_one_go(c, t, bytes);
}
