/* mod_example.c - a module outside of goldcrest's sources: answers at some URLs with a line of text */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "server/plugin.h"

/* What the directives below fill in; merged for each combination of conditions. */
struct settings {
    const struct value *texts;
};

static const struct settings defaults = {NULL};

static const struct directive directives[] = {
    {"example.texts", DIRECTIVE_MAP, SCOPE_ANY, offsetof(struct settings, texts),
     "Paths of URLs, each with a text that is the answer; the client's address follows it.", NULL, NULL, 0, NULL},
    DIRECTIVE_END};

/* Where this says no, the hook below costs nothing. */
static bool is_active(const void *settings) {
    const struct settings *s = settings;
    return s->texts && s->texts->count > 0;
}

static enum handler say_text(struct request *r, const void *settings) {
    const struct settings *s = settings;
    char client[ADDR_TEXT_BYTES];
    for (size_t i = 0; i < s->texts->count; i++) {
        const struct element *e = &s->texts->elements[i];
        if (!span_is(r->in.uri.path, e->key)) continue;
        if (r->in.method != METHOD_GET && r->in.method != METHOD_HEAD) return request_refuse_with(r, 405);
        addr_format(&r->client, client);
        chunks_add_copy(&r->body, arena_printf(&r->arena, "%.*s, %s\n", SPAN_ARG(e->value.string), client));
        fields_set(&r->out, &r->arena, HEADER_CONTENT_TYPE, SPAN("text/plain; charset=utf-8"));
        r->status = 200;
        return HANDLER_FINISHED;
    }
    return HANDLER_GO_ON;
}

/* LASTS_NOT: the answer depends on the client, so it is kept for nobody else. */
static const struct hook hooks[] = {{PHASE_URI_CLEAN, say_text, LASTS_NOT}, {PHASE_COUNT, NULL, LASTS}};

static const struct module mod_example = {MODULE_ABI, "mod_example", directives, hooks, sizeof(struct settings),
                                          &defaults,  is_active,     NULL};

/* "mod_access" instead of NULL would ask it before url.access-deny is looked at. */
PLUGIN(mod_example, NULL);
