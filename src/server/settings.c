/* settings.c - a configuration, checked and made ready */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "server/settings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "net/listener.h"
#include "server/modules.h"
#include "server/plugins.h"
#include "server/secure.h"

static const struct module core_module = {
    MODULE_ABI, "core", core_directives, NULL, sizeof(struct core_settings), &core_defaults, NULL, NULL};

/* ---- which modules ---------------------------------------------------------------------------- */

static void use_module(struct conf *conf, const struct module *m) {
    for (unsigned i = 0; i < conf->module_count; i++)
        if (conf->modules[i] == m) return;
    conf->modules[conf->module_count++] = m;
}

static bool is_used(const struct conf *conf, const struct module *m) {
    for (unsigned i = 0; i < conf->module_count; i++)
        if (conf->modules[i] == m) return true;
    return false;
}

static const char *module_name(void *arg, size_t i) {
    (void)arg;
    return modules_all()[i] ? modules_all()[i]->name : NULL;
}

/* Modules of lighttpd that are no modules here, because what they do is always there. */
static bool is_inherent(struct span name) {
    static const char *const names[] = {"mod_openssl", "mod_gnutls",    "mod_mbedtls", "mod_nss",
                                        "mod_wolfssl", "mod_boringssl", "mod_h2"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (span_is(name, span_of(names[i]))) return span_is(name, SPAN("mod_h2")) || tls_is_there();
    return false;
}

static void complain_module(const struct value *v, struct complaints *c) {
    const char *known = module_known(v->string), *near = did_you_mean(v->string, module_name, NULL);
    char hint[HINT_BYTES];
    complain(c, COMPLAINT_WARNING, v->place, v->string.n + 2, known ? NULL : hint_near(hint, near, NULL),
             "%.*s is left out: %s",
             SPAN_ARG(v->string), known ? known : "there is no such module");
}

/* From the module directory. NULL: it is not there, or no good (said). */
static const struct module *load_module(const struct value *v, struct complaints *c) {
    struct buf why = {0};
    enum plugin_result result = plugins_load(v->string, &why);
    if (result == PLUGIN_NONE) complain_module(v, c);
    if (result == PLUGIN_BAD)
        complain(c, COMPLAINT_ERROR, v->place, v->string.n + 2, buf_text(&why), "%.*s cannot be loaded",
                 SPAN_ARG(v->string));
    buf_done(&why);
    return result == PLUGIN_LOADED ? module_find(v->string) : NULL;
}

static void check_module(const struct value *v, struct complaints *c) {
    const struct module *m = module_find(v->string);
    if (!m && !is_inherent(v->string)) m = load_module(v, c);
    if (m && !span_is(v->string, span_of(m->name)))
        complain(c, COMPLAINT_WARNING, v->place, v->string.n + 2, NULL, "%.*s is %s today", SPAN_ARG(v->string),
                 m->name);
}

/* The modules of server.modules, in our order, and lighttpd's three that come by themselves; with
 * mod_auth those that know passwords. */
static void choose_modules(struct conf *conf, struct complaints *c) {
    const struct assignment *modules = block_find(conf->tree->blocks[0], SPAN("server.modules"));
    const struct assignment *compat = block_find(conf->tree->blocks[0], SPAN("server.compat-module-load"));
    const struct value *list = modules && modules->value.type == VALUE_ARRAY ? &modules->value : NULL;
    bool by_themselves = true;
    size_t count = 0;
    if (compat) value_as_bool(&compat->value, &by_themselves);
    for (size_t i = 0; list && i < list->count; i++)
        if (list->elements[i].value.type == VALUE_STRING) check_module(&list->elements[i].value, c);
    while (modules_all()[count]) count++;
    conf->modules = memory_zeroed(count + 2, sizeof(struct module *));
    use_module(conf, &core_module);
    use_module(conf, &secure_module);
    for (const struct module *const *m = modules_all(); *m; m++) {
        struct span name = span_of((*m)->name);
        bool wanted =
            by_themselves && (span_is(name, SPAN("mod_indexfile")) || span_is(name, SPAN("mod_dirlisting")) ||
                              span_is(name, SPAN("mod_staticfile")));
        for (size_t i = 0; list && i < list->count; i++) {
            struct span listed = list->elements[i].value.string;
            wanted |= module_find(listed) == *m ||
                      (span_starts(name, SPAN("mod_authn_")) && span_is(listed, SPAN("mod_auth")));
        }
        if (wanted) use_module(conf, *m);
    }
}

/* ---- directives ------------------------------------------------------------------------------- */

/* row - where a directive's name leads */
struct row {
    const struct directive *directive;
    unsigned module;
};

static void index_directives(struct conf *conf, struct map *rows) {
    for (unsigned m = 0; m < conf->module_count; m++) {
        for (const struct directive *d = conf->modules[m]->directives; d->name; d++) {
            struct row *row = arena_get(&conf->arena, sizeof *row);
            *row = (struct row){d, m};
            map_put(rows, span_of(d->name), row);
        }
    }
}

static const char *any_directive(void *arg, size_t i) {
    (void)arg;
    for (const struct directive *d = core_directives; d->name; d++)
        if (i-- == 0) return d->name;
    for (const struct directive *d = tls_directives; d->name; d++)
        if (i-- == 0) return d->name;
    for (const struct module *const *m = modules_all(); *m; m++)
        for (const struct directive *d = (*m)->directives; d->name; d++)
            if (i-- == 0) return d->name;
    return NULL;
}

static const char *module_of(const struct conf *conf, struct span name) {
    for (const struct module *const *m = modules_all(); *m; m++) {
        if (is_used(conf, *m)) continue;
        for (const struct directive *d = (*m)->directives; d->name; d++)
            if (span_is(name, span_of(d->name))) return (*m)->name;
    }
    return NULL;
}

static const struct {
    const char *name, *module, *say;
} known[] = {
#define KNOWN(directive, module) {directive, module, NULL},
#define REMOVED(directive, say) {directive, NULL, say},
#include "server/known.def"
#undef KNOWN
#undef REMOVED
};

/* Directives that guard something: a server that leaves them out would show what it must not. */
static const struct {
    const char *name, *why, *add; /* add: its module is there, but not used */
} guards[] = {
    {"auth.require", "mod_auth is not in this build: what it guards would be open to everybody",
     "add \"mod_auth\" to server.modules: else what it guards would be open to everybody"},
    {"auth.forward", "mod_auth is not in this build: what it guards would be open to everybody",
     "add \"mod_auth\" to server.modules: else what it guards would be open to everybody"},
};

static bool complain_guard(const struct assignment *a, const char *module, struct complaints *c) {
    bool on = true;
    value_as_bool(&a->value, &on);
    if (!on || (a->value.type == VALUE_ARRAY && a->value.count == 0)) return false;
    for (size_t i = 0; i < sizeof guards / sizeof *guards; i++) {
        if (!span_is(a->key, span_of(guards[i].name))) continue;
        complain(c, COMPLAINT_ERROR, a->place, a->key.n, module ? guards[i].add : guards[i].why,
                 "%.*s cannot be left out", SPAN_ARG(a->key));
        return true;
    }
    return false;
}

static void complain_unknown(const struct conf *conf, const struct assignment *a, struct complaints *c) {
    const char *module = module_of(conf, a->key);
    char hint[HINT_BYTES];
    if (complain_guard(a, module, c)) return;
    if (module) {
        struct buf b = {0};
        buf_printf(&b, "add \"%s\" to server.modules", module);
        complain(c, COMPLAINT_WARNING, a->place, a->key.n, buf_text(&b), "%.*s is ignored: its module %s is not used",
                 SPAN_ARG(a->key), module);
        buf_done(&b);
        return;
    }
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (!span_is(a->key, span_of(known[i].name))) continue;
        if (known[i].say)
            complain(c, COMPLAINT_WARNING, a->place, a->key.n, known[i].say, "%.*s is ignored", SPAN_ARG(a->key));
        else
            complain(c, COMPLAINT_WARNING, a->place, a->key.n, NULL, "%.*s is ignored: %s is not in this build",
                     SPAN_ARG(a->key), known[i].module);
        return;
    }
    const char *near = did_you_mean(a->key, any_directive, NULL);
    complain(c, COMPLAINT_WARNING, a->place, a->key.n, hint_near(hint, near, NULL), "%.*s is no directive (ignored)",
             SPAN_ARG(a->key));
}

static bool is_socket_block(const struct block *b) {
    return b->op == COND_EQ && span_is(b->left, SPAN("SERVER")) && span_is(b->item, SPAN("socket"));
}

static bool scope_allows(const struct directive *d, const struct block *b, const struct assignment *a,
                         struct complaints *c) {
    if (b->number == 0 || d->scope == SCOPE_ANY) return true;
    if (d->scope == SCOPE_SOCKET && is_socket_block(b)) return true;
    complain(c, COMPLAINT_WARNING, a->place, a->key.n, NULL,
             d->scope == SCOPE_SOCKET
                 ? "%s is ignored here: it belongs in the global scope or in $SERVER[\"socket\"] == …"
                 : "%s is ignored here: it is a setting of the whole server, not of a condition",
             d->name);
    return false;
}

static void add_setting(struct block_settings *s, const struct setting *setting) {
    s->list = memory_grow(s->list, &s->cap, s->count + 1, sizeof *s->list);
    s->list[s->count++] = *setting;
}

static void convert_block(struct conf *conf, const struct map *rows, const struct block *b, struct complaints *c) {
    for (size_t i = 0; i < b->assignment_count; i++) {
        const struct assignment *a = &b->assignments[i];
        if (span_starts(a->key, SPAN("var."))) continue;
        const struct row *row = map_get(rows, a->key);
        struct setting setting;
        if (!row) {
            complain_unknown(conf, a, c);
            continue;
        }
        if (!scope_allows(row->directive, b, a, c)) continue;
        setting = (struct setting){.module = row->module};
        if (!directive_convert(row->directive, &a->value, a->place, &setting.cell, c)) continue;
        if (row->directive->flags & DIRECTIVE_IGNORED) continue;
        add_setting(&conf->blocks[b->number], &setting);
    }
}

static void convert_all(struct conf *conf, struct complaints *c) {
    struct map rows = {0};
    index_directives(conf, &rows);
    conf->blocks = memory_zeroed(conf->tree->block_count, sizeof *conf->blocks);
    for (size_t i = 0; i < conf->tree->block_count; i++) convert_block(conf, &rows, conf->tree->blocks[i], c);
    map_done(&rows);
}

/* ---- merging ---------------------------------------------------------------------------------- */

static void lay(const struct block *b, const struct setting *s, char *settings) {
    const struct directive *d = s->cell.directive;
    if (d->flags & DIRECTIVE_LOG)
        memcpy(settings + d->offset, &s->log, sizeof s->log);
    else
        directive_apply(&s->cell, settings);
    if (d->flags & DIRECTIVE_IN_BLOCK) memcpy(settings + d->offset + sizeof(void *), &b, sizeof(void *));
}

bool conf_next_block(const uint64_t *words, size_t count, size_t *i) {
    while (*i < count) {
        uint64_t rest = words[*i >> 6] >> (*i & 63);
        if (rest & 1) return true;
        *i = rest ? *i + 1 : (*i | 63) + 1;
    }
    return false;
}

void *conf_merge(const struct conf *conf, unsigned module, const uint64_t *words, struct arena *a) {
    const struct module *m = conf->modules[module];
    char *settings = arena_get(a, m->settings_size ? m->settings_size : 1);
    if (m->settings_size) memcpy(settings, m->defaults, m->settings_size);
    for (size_t i = 0; conf_next_block(words, conf->tree->block_count, &i); i++) {
        const struct block_settings *b = &conf->blocks[i];
        for (size_t s = 0; s < b->count; s++)
            if (b->list[s].module == module) lay(conf->tree->blocks[i], &b->list[s], settings);
    }
    return settings;
}

static struct core_settings *core_of(struct conf *conf, const struct block *b) {
    size_t n = (conf->tree->block_count + 63) / 64;
    uint64_t *words = arena_zeroed(&conf->arena, n * sizeof *words);
    words[0] = 1;
    if (b) words[b->number >> 6] |= (uint64_t)1 << (b->number & 63);
    return conf_merge(conf, 0, words, &conf->arena);
}

/* ---- listeners -------------------------------------------------------------------------------- */

static void add_listen(struct conf *conf, struct span token, const struct core_settings *core, bool implied,
                       struct place at, struct complaints *c) {
    struct listener_options o = {.use_ipv6 = core->use_ipv6};
    struct buf name = {0};
    if (!listener_name(token, conf->core->port, &o, &name)) {
        complain(c, COMPLAINT_ERROR, at, token.n + 2,
                 "write \"ADDRESS:PORT\", \":PORT\", \"[IPv6]:PORT\" or \"/unix/path\"",
                 "\"%.*s\" is no address to listen on, or its name cannot be resolved", SPAN_ARG(token));
        buf_done(&name);
        return;
    }
    struct span canonical = arena_copy(&conf->arena, buf_span(&name));
    buf_done(&name);
    for (size_t i = 0; i < conf->listen_count; i++)
        if (span_is(conf->listen[i].name, canonical)) return;
    conf->listen[conf->listen_count++] = (struct listen_spec){canonical, token, core, NULL, implied};
}

static void find_listeners(struct conf *conf, struct complaints *c) {
    const struct assignment *bind = block_find(conf->tree->blocks[0], SPAN("server.bind"));
    struct place nowhere = {NULL, 0};
    conf->listen = memory_zeroed(conf->tree->block_count + 1, sizeof *conf->listen);
    for (size_t i = 1; i < conf->tree->block_count; i++) {
        const struct block *b = conf->tree->blocks[i];
        if (is_socket_block(b)) add_listen(conf, b->operand, core_of(conf, b), false, b->operand_place, c);
    }
    struct span token = conf->core->bind;
    if (conf->core->systemd_sockets && token.n == 0) return;
    if (span_is(token, SPAN("/dev/stdin"))) return;
    bool has_port = token.n && (token.p[0] == '/' || token.p[0] == '\\' || span_find(token, ':') < token.n);
    if (token.n && token.p[0] == '[' && token.p[token.n - 1] == ']') has_port = false;
    if (!has_port) token = arena_printf(&conf->arena, "%.*s:%u", SPAN_ARG(token), conf->core->port);
    add_listen(conf, token, conf->core, true, bind ? bind->value.place : nowhere, c);
}

/* The global settings; the port of HTTPS if all sockets speak TLS and nobody says another. */
static const struct core_settings *global_core(struct conf *conf) {
    struct core_settings *core = core_of(conf, NULL);
    const struct block *global = conf->tree->blocks[0];
    const struct assignment *engine = block_find(global, SPAN("ssl.engine"));
    bool on = false;
    if (engine && value_as_bool(&engine->value, &on) && on && !block_find(global, SPAN("server.port")))
        core->port = 443;
    return core;
}

/* What server.http-parseopts and its old spellings come to. */
static unsigned parse_options(const struct core_settings *core) {
    unsigned options = PARSE_DEFAULTS;
    if (!core->header_strict) options &= ~(unsigned)PARSE_HEADER_STRICT;
    if (!core->host_strict) options &= ~(unsigned)PARSE_HOST_STRICT;
    if (!core->host_normalize) options &= ~(unsigned)PARSE_HOST_NORMALIZE;
    if (core->parse_options) options = (options | core->parse_options->set) & ~core->parse_options->clear;
    return options;
}

/* ---- the whole -------------------------------------------------------------------------------- */

/* Keys of server.feature-flags: what each does here. NULL: it works. */
static const struct {
    const char *flag, *why_not;
} flags[] = {
    {"server.graceful-shutdown-timeout", NULL},
    {"server.upgrade-timeout", NULL},
    {"server.absolute-dir-redirect", NULL},
    {"server.http-pathinfo", NULL},
    {"server.h1-discard-backend-1xx", NULL},
    {"server.h2-discard-backend-1xx", NULL},
    {"request.trailer-whitelist", NULL},
    {"server.pcre_jit", "regular expressions are always compiled where the system allows it"},
    {"server.graceful-restart-bg", "a reload never stops accepting connections"},
    {"server.h2proto", NULL},
    {"server.h2c", NULL},
    {"ssl.refresh-certs", NULL},
    {"ssl.refresh-crls", "renewed files are always noticed"},
    {"ssl.session-cache", "sessions are resumed by tickets alone"},
    {"auth.delay-invalid-creds", NULL},
    {"auth.http-goaway-invalid-creds", NULL},
    {"http10.range", "ranges are answered whatever the version"},
    {"server.clock-jump-restart", "time limits do not depend on the clock of the day"},
};
enum { FLAGS = sizeof flags / sizeof *flags };

static const char *flag_name(void *arg, size_t i) {
    (void)arg;
    return i < FLAGS ? flags[i].flag : NULL;
}

/* A flag that asks for something which is not there is told of; one that declines it is not. */
static void check_flag(const struct element *e, struct complaints *c) {
    bool on = true;
    size_t i = 0;
    value_as_bool(&e->value, &on);
    while (i < FLAGS && !span_is(e->key, span_of(flags[i].flag))) i++;
    if (i < FLAGS && (!flags[i].why_not || !on)) return;
    char hint[HINT_BYTES];
    const char *near = i < FLAGS ? NULL : did_you_mean(e->key, flag_name, NULL);
    complain(c, COMPLAINT_WARNING, e->key_place, e->key.n + 2,
             hint_near(hint, near, i < FLAGS ? flags[i].why_not : NULL), "the feature flag \"%.*s\" has no effect",
             SPAN_ARG(e->key));
}

static void check_core(const struct conf *conf, struct complaints *c) {
    const struct assignment *root = block_find(conf->tree->blocks[0], SPAN("server.document-root"));
    const struct value *feature_flags = conf->core->feature_flags;
    struct place nowhere = {NULL, 0};
    for (size_t i = 0; feature_flags && i < feature_flags->count; i++) check_flag(&feature_flags->elements[i], c);
    if (conf->core->document_root.n == 0)
        complain(c, COMPLAINT_ERROR, root ? root->place : nowhere, 1, "write server.document-root = \"/var/www\"",
                 "server.document-root is not set in the global scope");
    if (conf->core->max_head_bytes < 256)
        complain(c, COMPLAINT_ERROR, nowhere, 0, NULL, "server.max-request-field-size is less than 256");
}

static bool has_hook(const struct conf *conf, enum phase phase) {
    for (unsigned m = 1; m < conf->module_count; m++)
        for (const struct hook *h = conf->modules[m]->hooks; h->run; h++)
            if (h->phase == phase) return true;
    return false;
}

struct conf *conf_load(struct inputs *inputs, const char *name, struct complaints *complaints) {
    static uint32_t generation;
    struct conf *conf = memory_zeroed(1, sizeof *conf);
    conf->refs = 1;
    conf->generation = ++generation;
    conf->inputs = inputs;
    complaints_set_inputs(complaints, inputs);
    complaints_set_needs(complaints, &conf->needs);
    conf->tree = conf_parse(inputs, complaints, name);
    choose_modules(conf, complaints);
    convert_all(conf, complaints);
    conf->core = global_core(conf);
    conf->parse_options = parse_options(conf->core);
    conditions_make(&conf->conditions, conf->tree, conf->core->port, conf->core->use_ipv6, complaints);
    find_listeners(conf, complaints);
    secure_load(conf, complaints);
    check_core(conf, complaints);
    complaints_set_needs(complaints, NULL);
    conf->corrects_client = has_hook(conf, PHASE_CLIENT);
    conf->looks_at_connections = has_hook(conf, PHASE_ACCEPT);
    conf->looks_at_peers = has_hook(conf, PHASE_PEER);
    return conf;
}

void conf_drop(struct conf *conf) {
    if (!conf || --conf->refs > 0) return;
    map_done(&conf->plans);
    secure_done(conf);
    conditions_done(&conf->conditions);
    for (size_t i = 0; i < conf->tree->block_count; i++) {
        struct block_settings *b = &conf->blocks[i];
        for (size_t s = 0; s < b->count; s++) {
            log_drop(b->list[s].log);
            directive_discard(&b->list[s].cell);
        }
        free(b->list);
    }
    free(conf->blocks);
    free(conf->listen);
    free(conf->modules);
    conf_tree_drop(conf->tree);
    inputs_drop(conf->inputs);
    needs_done(&conf->needs);
    arena_done(&conf->arena);
    free(conf);
}
