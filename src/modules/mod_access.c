/* mod_access.c - refuses files by the end of their names: url.access-deny, url.access-allow */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "server/module.h"

struct settings {
    const struct value *deny, *allow;
};

static const struct settings defaults = {NULL, NULL};

static const struct directive directives[] = {
    {"url.access-deny", DIRECTIVE_LIST, SCOPE_ANY, offsetof(struct settings, deny),
     "Ends of paths that are refused with 403; \"\" refuses everything.", NULL, NULL, 0, NULL},
    {"url.access-allow", DIRECTIVE_LIST, SCOPE_ANY, offsetof(struct settings, allow),
     "Ends of paths that are allowed, even if url.access-deny has them; all others are refused.", NULL, NULL, 0,
     NULL},
    DIRECTIVE_END};

static bool is_active(const void *settings) {
    const struct settings *s = settings;
    return (s->deny && s->deny->count) || (s->allow && s->allow->count);
}

/* The one that path ends with; or NULL. */
static const struct value *end_of(const struct value *ends, struct span path, bool any_case) {
    for (size_t i = 0; i < ends->count; i++) {
        const struct value *end = &ends->elements[i].value;
        if (any_case ? span_ends_ci(path, end->string) : span_ends(path, end->string)) return end;
    }
    return NULL;
}

static enum handler check(struct request *r, const struct settings *s, struct span path) {
    const struct core_settings *core = request_core(r);
    bool any_case = core->lowercase_filenames, only_allowed = s->allow && s->allow->count;
    const struct value *end = end_of(only_allowed ? s->allow : s->deny, path, any_case);
    if (only_allowed == (end != NULL)) return HANDLER_GO_ON;
    if (only_allowed)
        return request_refuse_for(r, 403, "url.access-allow", "%.*s has none of the ends that are allowed",
                                  SPAN_ARG(path));
    request_reason_at(r, "url.access-deny", end->place, "%.*s ends with \"%.*s\"", SPAN_ARG(path),
                      SPAN_ARG(end->string));
    return request_refuse_with(r, 403);
}

static enum handler check_url(struct request *r, const void *settings) {
    return check(r, settings, r->in.uri.path);
}

/* Once more by the file itself: an index file was chosen, or path info cut off. */
static enum handler check_file(struct request *r, const void *settings) {
    return check(r, settings, r->physical.path);
}

static const struct hook hooks[] = {
    {PHASE_URI_CLEAN, check_url, LASTS}, {PHASE_SUBREQUEST_START, check_file, LASTS}, {PHASE_COUNT, NULL, LASTS}};

const struct module mod_access = {MODULE_ABI, "mod_access", directives, hooks, sizeof(struct settings),
                                  &defaults,  is_active, NULL};
