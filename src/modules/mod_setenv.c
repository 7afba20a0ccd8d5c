/* mod_setenv.c - adds, sets and removes fields of requests and responses, and variables for gateways */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <stdlib.h>

#include "base/memory.h"
#include "base/number.h"
#include "modules/urlrules.h"
#include "server/module.h"

struct pair {
    struct span name, value;
    struct template *template; /* of setenv.template-*; then there is no value */
    enum header id;
};

struct pairs {
    size_t count;
    bool decides; /* one of them has a say in whether a kept response is the right answer */
    struct pair list[];
};

struct settings {
    const struct pairs *add_request, *set_request, *add_response, *set_response, *add_environment, *set_environment;
    const struct pairs *template_request;
    const struct block *request_in; /* where it stands: for %1 */
    const struct pairs *template_response;
    const struct block *response_in;
    const struct pairs *template_success;
    const struct block *success_in;
    const struct pairs *template_environment;
    const struct block *environment_in;
};

static const struct settings defaults = {.add_request = NULL};

extern const struct module mod_setenv;

/* ---- at load ---------------------------------------------------------------------------------- */

enum kind { REQUEST_FIELDS, RESPONSE_FIELDS, VARIABLES };

/* ---- what templates know beside the URL ------------------------------------------------------- */

static struct span number_text(struct request *r, unsigned n) {
    char digits[24];
    return arena_copy(&r->arena, (struct span){digits, number_format(digits, n)});
}

static struct span addr_text(struct request *r, const struct addr *a) {
    char text[ADDR_TEXT_BYTES];
    return arena_copy(&r->arena, (struct span){text, addr_format(a, text)});
}

static struct span client_ip(struct request *r) {
    return addr_text(r, &r->client);
}

static struct span client_port(struct request *r) {
    return number_text(r, addr_port(&r->client));
}

static struct span client_user(struct request *r) {
    return r->user;
}

static struct span server_ip(struct request *r) {
    struct addr local;
    request_local_addr(r, &local);
    return addr_text(r, &local);
}

static struct span server_name(struct request *r) {
    return r->server_name.n ? r->server_name : host_without_port(r->in.authority);
}

static struct span request_name(struct request *r) {
    return request_id(r);
}

static struct span request_method(struct request *r) {
    return r->in.method_text;
}

/* As it was sent: rewriting does not change it. */
static struct span request_target(struct request *r) {
    return r->in.target_sent;
}

static struct span docroot(struct request *r) {
    return r->physical.docroot;
}

static const struct {
    struct span name;
    struct span (*get)(struct request *r);
} known[] = {
    {SPAN_INIT("client.ip"), client_ip},     {SPAN_INIT("client.port"), client_port},
    {SPAN_INIT("client.user"), client_user}, {SPAN_INIT("server.ip"), server_ip},
    {SPAN_INIT("server.name"), server_name}, {SPAN_INIT("request.id"), request_name},
    {SPAN_INIT("request.method"), request_method}, {SPAN_INIT("request.target"), request_target},
    {SPAN_INIT("document.root"), docroot},
};
enum { KNOWN = sizeof known / sizeof *known };
static const struct span header_word = SPAN_INIT("header:"), tls_word = SPAN_INIT("tls:");

static bool knows(struct span name) {
    for (size_t i = 0; i < KNOWN; i++)
        if (span_is(name, known[i].name)) return true;
    return (span_starts(name, header_word) && is_token(span_from(name, header_word.n))) ||
           (span_starts(name, tls_word) && is_token(span_from(name, tls_word.n)));
}

static struct span tls_variable(struct request *r, struct span wanted) {
    struct span name, value;
    unsigned at = 0;
    while (request_tls_variable(r, &at, &name, &value))
        if (span_is(name, wanted)) return arena_copy(&r->arena, value);
    return SPAN("");
}

static struct span value_of(void *arg, struct span name) {
    struct request *r = arg;
    for (size_t i = 0; i < KNOWN; i++)
        if (span_is(name, known[i].name)) return known[i].get(r);
    if (span_starts(name, tls_word)) return tls_variable(r, span_from(name, tls_word.n));
    const struct field *f = fields_first_named(&r->in.fields, span_from(name, header_word.n));
    if (f) return f->value;
    return span_is_ci(name, SPAN("header:host")) ? r->in.authority : SPAN("");
}

static const struct template_more more = {knows, value_of};

/* ---- lists ------------------------------------------------------------------------------------ */

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

static void discard(void *p) {
    struct pairs *pairs = p;
    for (size_t i = 0; pairs && i < pairs->count; i++) template_drop(pairs->list[i].template);
    free(pairs);
}

static void *compile(const struct value *v, enum kind kind, bool is_template, struct complaints *c) {
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
        struct template *t = is_template ? template_make_knowing(&e->value, &more, c) : NULL;
        pairs->list[pairs->count++] = (struct pair){e->key, value, t, id};
        pairs->decides |= kind == REQUEST_FIELDS && is_deciding(id);
    }
    if (ok) return pairs;
    discard(pairs);
    return NULL;
}

#define COMPILER(name, kind, is_template) \
    static void *name(const struct value *v, struct complaints *c) { \
        return compile(v, kind, is_template, c); \
    }
COMPILER(compile_request, REQUEST_FIELDS, false)
COMPILER(compile_response, RESPONSE_FIELDS, false)
COMPILER(compile_variables, VARIABLES, false)
COMPILER(template_request, REQUEST_FIELDS, true)
COMPILER(template_response, RESPONSE_FIELDS, true)
COMPILER(template_variables, VARIABLES, true)
#undef COMPILER

#define LIST(name, field, compiler, flags, help) \
    { name, DIRECTIVE_MAP, SCOPE_ANY, offsetof(struct settings, field), help, compiler, discard, flags, NULL }
#define ROW(name, field, compiler, help) LIST(name, field, compiler, 0, help)
#define TEMPLATE(name, field, compiler, help) LIST(name, field, compiler, DIRECTIVE_IN_BLOCK, help)

static const struct directive directives[] = {
    ROW("setenv.add-request-header", add_request, compile_request, "Fields to add to the request."),
    ROW("setenv.set-request-header", set_request, compile_request, "Fields to set in the request; \"\" removes one."),
    ROW("setenv.add-response-header", add_response, compile_response, "Fields to add to the response."),
    ROW("setenv.set-response-header", set_response, compile_response,
        "Fields to set in the response; \"\" removes one."),
    LIST("setenv.add-environment", add_environment, compile_variables, DIRECTIVE_SETS,
         "Variables to add for CGI and gateways."),
    LIST("setenv.set-environment", set_environment, compile_variables, DIRECTIVE_SETS,
         "Variables to set for CGI and gateways."),
    TEMPLATE("setenv.template-request-header", template_request, template_request,
             "Fields to set in the request, made of it: \"${client.ip}\"; an empty result removes one."),
    TEMPLATE("setenv.template-response-header", template_response, template_response,
             "Fields to add to the response, made of the request; an empty result adds none."),
    TEMPLATE("setenv.template-success-header", template_success, template_response,
             "The same where the status is below 400."),
    LIST("setenv.template-environment", template_environment, template_variables,
         DIRECTIVE_SETS | DIRECTIVE_IN_BLOCK, "Variables to set for CGI and gateways, made of the request."),
    DIRECTIVE_END};
#undef TEMPLATE
#undef ROW
#undef LIST

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

/* What is made of the URL holds for all who ask for it; what is made of the client holds for this request. */
static struct span expand(struct request *r, const struct pair *p, const struct block *set_in,
                          struct template_inputs *in) {
    struct captures around;
    struct buf out = {0};
    request_template_captures(r, p->template, set_in, &around, in);
    if (template_uses_more(p->template)) request_lasts(r, LASTS_NOT);
    template_expand(p->template, in, &out);
    for (size_t i = 0; i < out.n; i++) /* decoded paths may have any bytes */
        if (!(char_class[(unsigned char)out.p[i]] & CHAR_FIELD)) out.p[i] = '?';
    struct span kept = out.n ? arena_copy(&r->arena, span_trim(buf_span(&out))) : SPAN("");
    buf_done(&out);
    return kept;
}

enum way { ADD, SET, SET_ALWAYS };

static void put_templates(struct request *r, struct fields *f, const struct pairs *pairs, const struct block *set_in,
                          enum way way) {
    struct captures none = {.count = 0};
    if (!pairs || !pairs->count) return;
    struct template_inputs in = {.rule = &none, .url = request_url_parts(r), .more = r};
    for (size_t i = 0; i < pairs->count; i++) {
        const struct pair *p = &pairs->list[i];
        struct span value = expand(r, p, set_in, &in);
        if (way == ADD && value.n) fields_append(f, &r->arena, p->id, p->name, value);
        else if (way == SET_ALWAYS || value.n) fields_set_named(f, &r->arena, p->name, value);
        else if (way == SET) fields_remove_named(f, p->name);
    }
}

static bool decides(const struct pairs *pairs) {
    return pairs && pairs->decides;
}

/* A request that was rewritten for want of a file, or given to server.error-handler-404, comes here again: as in
 * lighttpd, what was found first holds. server.error-handler begins anew; each list is carried out once. */
static void change_as_found(struct request *r, const struct settings *s, const struct settings *b) {
    struct arena *a = &r->arena;
    if (s->add_request != b->add_request) add(&r->in.fields, a, s->add_request);
    if (s->set_request != b->set_request) set_request(r, s->set_request);
    if (s->add_environment != b->add_environment) add(&r->env, a, s->add_environment);
    if (s->set_environment != b->set_environment) set_variables(&r->env, a, s->set_environment);
    if (decides(s->add_request) || decides(s->set_request)) request_lasts(r, LASTS_NOT);
}

/* Templates, which lighttpd does not have, are those of the URL that is answered in the end. */
static enum handler change_request(struct request *r, const void *settings) {
    void **before = request_data(r, &mod_setenv);
    const struct settings *s = settings, *b = *before ? *before : &defaults;
    if (!*before || r->keep_error_status) {
        change_as_found(r, s, b);
        *before = (void *)(uintptr_t)s;
    }
    if (s->template_request != b->template_request)
        put_templates(r, &r->in.fields, s->template_request, s->request_in, SET);
    if (s->template_environment != b->template_environment)
        put_templates(r, &r->env, s->template_environment, s->environment_in, SET_ALWAYS);
    if (decides(s->template_request)) request_lasts(r, LASTS_NOT);
    return HANDLER_GO_ON;
}

/* Of a request that was refused before it had settings, the present ones hold. */
static enum handler change_response(struct request *r, const void *settings) {
    void **found = request_data(r, &mod_setenv);
    const struct settings *s = settings, *first = *found ? *found : s;
    int status = r->keep_error_status ? r->error_status : r->status;
    add(&r->out, &r->arena, first->add_response);
    set(&r->out, &r->arena, first->set_response);
    put_templates(r, &r->out, s->template_response, s->response_in, ADD);
    if (status < 400) put_templates(r, &r->out, s->template_success, s->success_in, ADD);
    return HANDLER_GO_ON;
}

static const struct hook hooks[] = {{PHASE_URI_CLEAN, change_request, LASTS},
                                    {PHASE_RESPONSE_START, change_response, LASTS},
                                    {PHASE_COUNT, NULL, LASTS}};

const struct module mod_setenv = {MODULE_ABI, "mod_setenv", directives, hooks, sizeof(struct settings),
                                  &defaults,  NULL, NULL}; /* active where it sets nothing: that holds, too */
