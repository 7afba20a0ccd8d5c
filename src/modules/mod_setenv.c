/* mod_setenv.c - adds, sets and removes fields of requests and responses, and variables for gateways */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <stdlib.h>

#include "base/memory.h"
#include "server/module.h"

struct pair {
    struct span name, value;
    enum header id;
};

struct pairs {
    size_t count;
    bool decides; /* one of them has a say in whether a kept response is the right answer */
    struct pair list[];
};

struct settings {
    const struct pairs *add_request, *set_request, *add_response, *set_response, *add_environment, *set_environment;
};

static const struct settings defaults = {NULL, NULL, NULL, NULL, NULL, NULL};

extern const struct module mod_setenv;

/* ---- at load ---------------------------------------------------------------------------------- */

enum kind { REQUEST_FIELDS, RESPONSE_FIELDS, VARIABLES };

/* How a message is framed is the server's to say: a wrong word here would mix up responses. */
static bool is_framing(enum header id) {
    return id == HEADER_CONTENT_LENGTH || id == HEADER_TRANSFER_ENCODING || id == HEADER_CONNECTION;
}

/* Preconditions and ranges are answered from kept responses, where no hook has looked at the request. */
static bool is_deciding(enum header id) {
    return id == HEADER_RANGE || id == HEADER_IF_RANGE || id == HEADER_IF_MATCH || id == HEADER_IF_NONE_MATCH ||
           id == HEADER_IF_MODIFIED_SINCE || id == HEADER_IF_UNMODIFIED_SINCE || id == HEADER_ACCEPT_ENCODING;
}

static bool is_field_value(struct span s) {
    for (size_t i = 0; i < s.n; i++)
        if (!(char_class[(unsigned char)s.p[i]] & CHAR_FIELD)) return false;
    return true;
}

static bool is_variable(struct span name) {
    return name.n && span_find(name, '=') == name.n && is_field_value(name);
}

static bool check(const struct element *e, enum kind kind, struct complaints *c) {
    if (kind == VARIABLES ? !is_variable(e->key) : !is_token(e->key)) {
        complain(c, COMPLAINT_ERROR, e->key_place, e->key.n + 2, NULL, "\"%.*s\" is no name of a %s",
                 SPAN_ARG(e->key), kind == VARIABLES ? "variable" : "header field");
        return false;
    }
    if (kind == VARIABLES ? span_find(e->value.string, '\0') == e->value.string.n : is_field_value(e->value.string))
        return true;
    complain(c, COMPLAINT_ERROR, e->value.place, e->value.string.n + 2, NULL,
             "the value of \"%.*s\" holds a control character", SPAN_ARG(e->key));
    return false;
}

static void *compile(const struct value *v, enum kind kind, struct complaints *c) {
    struct pairs *pairs = memory_zeroed(1, sizeof *pairs + v->count * sizeof *pairs->list);
    bool ok = true;
    for (size_t i = 0; i < v->count; i++) {
        const struct element *e = &v->elements[i];
        enum header id = kind == VARIABLES ? HEADER_OTHER : header_find(e->key);
        ok &= check(e, kind, c);
        if (kind == RESPONSE_FIELDS && is_framing(id)) {
            complain(c, COMPLAINT_WARNING, e->key_place, e->key.n + 2, NULL,
                     "%.*s is left out: the server itself says how a response is framed", SPAN_ARG(e->key));
            continue;
        }
        struct span value = kind == VARIABLES ? e->value.string : span_trim(e->value.string);
        pairs->list[pairs->count++] = (struct pair){e->key, value, id};
        pairs->decides |= kind == REQUEST_FIELDS && is_deciding(id);
    }
    if (ok) return pairs;
    free(pairs);
    return NULL;
}

static void *compile_request(const struct value *v, struct complaints *c) {
    return compile(v, REQUEST_FIELDS, c);
}

static void *compile_response(const struct value *v, struct complaints *c) {
    return compile(v, RESPONSE_FIELDS, c);
}

static void *compile_variables(const struct value *v, struct complaints *c) {
    return compile(v, VARIABLES, c);
}

#define ROW(name, field, compiler, help) \
    { name, DIRECTIVE_MAP, SCOPE_ANY, offsetof(struct settings, field), help, compiler, free, 0, NULL }
#define ROW_OF_VARIABLES(name, field, help) \
    {                                                                                                           \
        name, DIRECTIVE_MAP, SCOPE_ANY, offsetof(struct settings, field), help, compile_variables, free,        \
            DIRECTIVE_SETS, NULL                                                                                \
    }

static const struct directive directives[] = {
    ROW("setenv.add-request-header", add_request, compile_request, "Fields to add to the request."),
    ROW("setenv.set-request-header", set_request, compile_request, "Fields to set in the request; \"\" removes one."),
    ROW("setenv.add-response-header", add_response, compile_response, "Fields to add to the response."),
    ROW("setenv.set-response-header", set_response, compile_response,
        "Fields to set in the response; \"\" removes one."),
    ROW_OF_VARIABLES("setenv.add-environment", add_environment, "Variables to add for CGI and gateways."),
    ROW_OF_VARIABLES("setenv.set-environment", set_environment, "Variables to set for CGI and gateways."),
    DIRECTIVE_END};

/* ---- at work ---------------------------------------------------------------------------------- */

static void add(struct fields *f, struct arena *a, const struct pairs *pairs) {
    for (size_t i = 0; pairs && i < pairs->count; i++) {
        const struct pair *p = &pairs->list[i];
        if (p->value.n) fields_append(f, a, p->id, p->name, p->value);
    }
}

static void set(struct fields *f, struct arena *a, const struct pairs *pairs) {
    for (size_t i = 0; pairs && i < pairs->count; i++) {
        const struct pair *p = &pairs->list[i];
        if (p->value.n) fields_set_named(f, a, p->name, p->value);
        else fields_remove_named(f, p->name);
    }
}

/* The host is what the Host field says, also to backends and in HTTP/2, which has no such field. */
static void set_request(struct request *r, const struct pairs *pairs) {
    set(&r->in.fields, &r->arena, pairs);
    for (size_t i = 0; pairs && i < pairs->count; i++) {
        if (pairs->list[i].id != HEADER_HOST || !pairs->list[i].value.n) continue;
        r->in.authority = pairs->list[i].value;
        request_lasts(r, LASTS_NOT); /* a reply is found by its host */
    }
}

static void set_variables(struct fields *env, struct arena *a, const struct pairs *pairs) {
    for (size_t i = 0; pairs && i < pairs->count; i++)
        fields_set_named(env, a, pairs->list[i].name, pairs->list[i].value);
}

/* A request that was rewritten for want of a file, or given to server.error-handler-404, comes here again: as in
 * lighttpd, what was found first holds. server.error-handler begins anew; each list is carried out once. */
static enum handler change_request(struct request *r, const void *settings) {
    void **before = request_data(r, &mod_setenv);
    const struct settings *s = settings, *b = *before ? *before : &defaults;
    struct arena *a = &r->arena;
    if (*before && !r->keep_error_status) return HANDLER_GO_ON;
    if (s->add_request != b->add_request) add(&r->in.fields, a, s->add_request);
    if (s->set_request != b->set_request) set_request(r, s->set_request);
    if (s->add_environment != b->add_environment) add(&r->env, a, s->add_environment);
    if (s->set_environment != b->set_environment) set_variables(&r->env, a, s->set_environment);
    if ((s->add_request && s->add_request->decides) || (s->set_request && s->set_request->decides))
        request_lasts(r, LASTS_NOT);
    *before = (void *)(uintptr_t)s;
    return HANDLER_GO_ON;
}

/* Of a request that was refused before it had settings, the present ones hold. */
static enum handler change_response(struct request *r, const void *settings) {
    void **found = request_data(r, &mod_setenv);
    const struct settings *s = *found ? *found : settings;
    add(&r->out, &r->arena, s->add_response);
    set(&r->out, &r->arena, s->set_response);
    return HANDLER_GO_ON;
}

static const struct hook hooks[] = {{PHASE_URI_CLEAN, change_request, LASTS},
                                    {PHASE_RESPONSE_START, change_response, LASTS},
                                    {PHASE_COUNT, NULL, LASTS}};

const struct module mod_setenv = {MODULE_ABI, "mod_setenv", directives, hooks, sizeof(struct settings),
                                  &defaults,  NULL, NULL}; /* active where it sets nothing: that holds, too */
