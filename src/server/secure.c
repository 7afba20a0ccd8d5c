/* secure.c - TLS as the server uses it */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "server/secure.h"

#include <stdlib.h>

#include "base/memory.h"
#include "server/conn.h"
#include "server/worker.h"
#include "tls/tls.h"

static const struct hook no_hooks[] = {{PHASE_COUNT, NULL, LASTS}};

const struct module secure_module = {MODULE_ABI, "mod_openssl", tls_directives, no_hooks, sizeof(struct tls_settings),
                                     &tls_defaults, NULL};

/* ---- contexts --------------------------------------------------------------------------------- */

/* Whoever has the same settings has the same context; NULL is remembered too. */
struct secured {
    struct tls_settings settings;
    struct tls_context *context;
};

static struct secured *find(const struct conf *conf, const struct tls_settings *s) {
    return map_get(&conf->secured, (struct span){(const char *)s, sizeof *s});
}

static struct tls_context *make(struct conf *conf, const struct tls_settings *s, struct place at,
                                struct complaints *c) {
    struct secured *x = find(conf, s);
    if (x) return x->context;
    x = arena_zeroed(&conf->arena, sizeof *x);
    memcpy(&x->settings, s, sizeof *s);
    x->context = tls_context_make(&x->settings, conf->inputs, at, c);
    map_put(&conf->secured, (struct span){(const char *)&x->settings, sizeof x->settings}, x);
    return x->context;
}

void secure_done(struct conf *conf) {
    struct map_entry *e;
    for (size_t i = 0; (e = map_each(&conf->secured, &i));) tls_context_drop(((struct secured *)e->value)->context);
    map_done(&conf->secured);
}

/* ---- at load ---------------------------------------------------------------------------------- */

static void set_block(uint64_t *words, const struct block *b) {
    for (; b; b = b->parent) words[b->number >> 6] |= UINT64_C(1) << (b->number & 63);
}

/* The global block, and b with what stands around it. */
static uint64_t *words_of(struct conf *conf, const struct block *b) {
    uint64_t *words = arena_zeroed(&conf->arena, (conf->tree->block_count + 63) / 64 * sizeof *words);
    words[0] = 1;
    set_block(words, b);
    return words;
}

static struct tls_settings *merge(struct conf *conf, const uint64_t *words) {
    struct tls_settings *s = conf_merge(conf, SECURE_MODULE, words, &conf->arena);
    s->h2 = conf->offers_h2;
    return s;
}

/* Where the block, or what stands around it, gives a value to that directive; else nowhere. */
static struct place place_of(const struct conf *conf, const struct block *b, const char *directive) {
    const struct assignment *a = NULL;
    for (; b && !a; b = b->parent) a = block_find(b, span_of(directive));
    if (!a) a = block_find(conf->tree->blocks[0], span_of(directive));
    return a ? a->value.place : (struct place){NULL, 0};
}

/* A socket with TLS must have a certificate of its own: clients that name no host are shown it. b: a block that is
 * about this socket, or NULL. */
static struct tls_context *load_socket(struct conf *conf, const uint64_t *words, const struct block *b,
                                       struct complaints *c) {
    const struct tls_settings *s = merge(conf, words);
    if (!s->engine) return NULL;
    conf->has_tls = true;
    if (s->pemfile.n || s->acme_dir.n) return make(conf, s, place_of(conf, b, "ssl.pemfile"), c);
    complain(c, COMPLAINT_ERROR, place_of(conf, b, "ssl.engine"), 1,
             "write ssl.pemfile = \"/path/of/certificate-and-key.pem\" beside it",
             "ssl.engine is enabled, but this socket has no ssl.pemfile");
    return NULL;
}

static void load_listener(struct conf *conf, struct listen_spec *spec, struct complaints *c) {
    uint64_t *words = words_of(conf, NULL);
    const struct block *about = NULL;
    for (unsigned i = 1; i < conf->conditions.count; i++) {
        const struct condition *x = &conf->conditions.list[i];
        if (x->operand != OPERAND_SOCKET || x->op != COND_EQ || !span_is(x->value, spec->name)) continue;
        set_block(words, x->block);
        about = x->block;
    }
    spec->secure = load_socket(conf, words, about, c);
}

static struct place place_of_any(const struct conf *conf, const struct block_settings *b, size_t block) {
    for (size_t i = 0; i < b->count; i++)
        if (b->list[i].module == SECURE_MODULE)
            return place_of(conf, conf->tree->blocks[block], b->list[i].cell.directive->name);
    return (struct place){NULL, 0};
}

/* Hosts with a certificate of their own. */
static void load_block(struct conf *conf, size_t block, struct complaints *c) {
    struct place at = place_of_any(conf, &conf->blocks[block], block);
    if (!at.source) return;
    const struct tls_settings *s = merge(conf, words_of(conf, conf->tree->blocks[block]));
    if (s->pemfile.n) make(conf, s, at, c);
}

void secure_load(struct conf *conf, struct complaints *c) {
    conf->offers_h2 = feature_flag(conf->core, SPAN("server.h2proto"), true);
    bool has_failed = false;
    for (size_t i = 0; i < conf->listen_count; i++) {
        load_listener(conf, &conf->listen[i], c);
        has_failed |= complaints_errors(c) > 0;
    }
    if (!has_failed) conf->secure = load_socket(conf, words_of(conf, NULL), NULL, c);
    for (size_t i = 1; conf->has_tls && i < conf->tree->block_count; i++)
        if (conf->conditions.list[i].operand != OPERAND_SOCKET) load_block(conf, i, c);
}

/* ---- while serving ---------------------------------------------------------------------------- */

/* Nobody reads complaints now: what can be wrong was told at load, but for odd combinations of blocks. */
static struct tls_context *context_of(struct conf *conf, const struct tls_settings *settings) {
    struct tls_settings s;
    memcpy(&s, settings, sizeof s);
    s.h2 = conf->offers_h2;
    struct secured *x = find(conf, &s);
    if (x) return x->context;
    if (!s.pemfile.n) return NULL;
    struct complaints *c = complaints_make();
    struct tls_context *context = make(conf, &s, (struct place){NULL, 0}, c);
    if (!context) say_error("ssl: %.*s cannot be used together with the other blocks that hold", SPAN_ARG(s.pemfile));
    complaints_drop(c);
    return context;
}

static const struct plan *plan_of_name(struct conf *conf, struct conn *c, struct span name) {
    struct request r;
    memset(&r, 0, sizeof r);
    r.conn = c;
    r.conf = conf;
    r.client = c->peer;
    r.is_tls = true;
    r.in.authority = name;
    const struct plan *plan = plan_for(conf, &r, c->listening->name);
    if (plan->alone) plan = plan_global(conf); /* thousands of combinations: not even this is kept */
    arena_done(&r.arena);
    return plan;
}

struct tls_context *secure_context(struct conf *conf, struct span socket) {
    if (!conf->has_tls) return NULL;
    for (size_t i = 0; i < conf->listen_count; i++)
        if (span_is(conf->listen[i].name, socket)) return conf->listen[i].secure;
    return conf->secure;
}

struct tls_context *secure_select(void *conn, struct span name) {
    struct conn *c = conn;
    const struct plan *plan = plan_of_name(c->tls_conf, c, name);
    return context_of(c->tls_conf, plan->settings[SECURE_MODULE]);
}

bool secure_is_misdirected(const struct request *r, const struct plan *plan) {
    const struct conn *c = r->conn;
    if (!c->tls) return false;
    const struct tls_settings *wanted = plan->settings[SECURE_MODULE];
    const struct tls_settings *agreed = tls_context_settings(tls_context_of(c->tls));
    if (tls_settings_agree(wanted, agreed)) return false;
    /* who names no host in TLS is shown what there is; but not what needs a client certificate */
    return tls_name(c->tls).n > 0 || wanted->verify_activate;
}

void secure_export(struct request *r) {
    const struct tls_settings *s = r->plan->settings[SECURE_MODULE];
    struct span name, value;
    unsigned at = 0;
    if (!r->conn->tls || !s->verify_activate) return;
    while (tls_export(r->conn->tls, &at, &name, &value, &r->arena)) fields_add_named(&r->env, &r->arena, name, value);
    if (s->verify_username.n && !r->user.n) r->user = tls_user(r->conn->tls, &r->arena);
}
