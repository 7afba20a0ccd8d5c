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
                                     &tls_defaults, NULL, NULL};

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

/* The blocks that hold for whatever comes to this listener. *about: the last of them, or NULL. */
static uint64_t *words_of_listener(struct conf *conf, struct span name, const struct block **about) {
    uint64_t *words = words_of(conf, NULL);
    *about = NULL;
    for (unsigned i = 1; i < conf->conditions.count; i++) {
        const struct condition *x = &conf->conditions.list[i];
        if (x->operand != OPERAND_SOCKET || x->op != COND_EQ || !span_is(x->value, name)) continue;
        set_block(words, x->block);
        *about = x->block;
    }
    return words;
}

/* Can b hold for what comes to this listener? Not if it stands within the block of another one. */
static bool can_hold(const struct conf *conf, const struct block *b, struct span name) {
    for (; b; b = b->parent) {
        const struct condition *x = &conf->conditions.list[b->number];
        if (x->operand == OPERAND_SOCKET && x->op == COND_EQ && !span_is(x->value, name)) return false;
    }
    return true;
}

static struct place place_of_any(const struct conf *conf, size_t block) {
    const struct block_settings *b = &conf->blocks[block];
    for (size_t i = 0; i < b->count; i++)
        if (b->list[i].module == SECURE_MODULE)
            return place_of(conf, conf->tree->blocks[block], b->list[i].cell.directive->name);
    return (struct place){NULL, 0};
}

/* When the client's certificate is asked for, there is no request yet. */
static void complain_unknowable(const struct conf *conf, size_t block, struct complaints *c) {
    struct place at = place_of_any(conf, block);
    for (const struct block *b = conf->tree->blocks[block]; at.source && b; b = b->parent) {
        enum operand operand = conf->conditions.list[b->number].operand;
        if (operand < OPERAND_METHOD && operand != OPERAND_URL && operand != OPERAND_QUERY &&
            operand != OPERAND_FALLBACK)
            continue;
        if (operand == OPERAND_REMOTE_IP) continue;
        complain(c, COMPLAINT_WARNING, at, 1, "put it into a block of $HTTP[\"host\"] or $SERVER[\"socket\"]",
                 "ssl.* depends on $%.*s[\"%.*s\"], which is not known when a connection begins",
                 SPAN_ARG(b->left), SPAN_ARG(b->item));
        return;
    }
}

/* A host with a certificate of its own, or with rules of its own for clients. */
static void load_host(struct conf *conf, struct span listener, size_t block, struct complaints *c) {
    const struct block *about;
    struct place at = place_of_any(conf, block);
    if (!at.source || !can_hold(conf, conf->tree->blocks[block], listener)) return;
    conf->has_secure_hosts = true;
    uint64_t *words = words_of_listener(conf, listener, &about);
    set_block(words, conf->tree->blocks[block]);
    const struct tls_settings *s = merge(conf, words);
    if (s->engine && s->pemfile.n) make(conf, s, at, c);
}

static void load_listener(struct conf *conf, struct listen_spec *spec, struct complaints *c) {
    const struct block *about;
    uint64_t *words = words_of_listener(conf, spec->name, &about);
    spec->secure = load_socket(conf, words, about, c);
    for (size_t i = 1; spec->secure && i < conf->tree->block_count; i++)
        if (conf->conditions.list[i].operand != OPERAND_SOCKET) load_host(conf, spec->name, i, c);
}

/* Whatever blocks will hold together: their files are in the recording from which workers make their contexts. */
static void read_files(struct conf *conf) {
    struct span text, why;
    for (size_t i = 0; i < conf->tree->block_count; i++)
        for (size_t s = 0; s < conf->blocks[i].count; s++) {
            const struct cell *cell = &conf->blocks[i].list[s].cell;
            if (conf->blocks[i].list[s].module != SECURE_MODULE || !tls_directive_is_file(cell->directive)) continue;
            if (cell->is.text.n) inputs_file(conf->inputs, cell->is.text.p, &text, &why);
        }
}

void secure_load(struct conf *conf, struct complaints *c) {
    size_t errors = complaints_errors(c);
    conf->offers_h2 = feature_flag(conf->core, SPAN("server.h2proto"), true);
    for (size_t i = 0; i < conf->listen_count; i++) load_listener(conf, &conf->listen[i], c);
    if (complaints_errors(c) == errors) conf->secure = load_socket(conf, words_of(conf, NULL), NULL, c);
    if (conf->has_tls) read_files(conf);
    for (size_t i = 1; conf->has_tls && i < conf->tree->block_count; i++) complain_unknowable(conf, i, c);
}

/* ---- while serving ---------------------------------------------------------------------------- */

static void say_failure(const struct tls_settings *s, const struct complaints *c) {
    struct buf text = {0};
    complaints_print(c, &text);
    say_error("ssl: %.*s cannot be used together with the other blocks that hold: %s", SPAN_ARG(s->pemfile),
              buf_text(&text));
    buf_done(&text);
}

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
    if (!context) say_failure(&s, c);
    complaints_drop(c);
    return context;
}

struct tls_context *secure_context(struct conf *conf, struct span socket) {
    if (!conf->has_tls) return NULL;
    for (size_t i = 0; i < conf->listen_count; i++)
        if (span_is(conf->listen[i].name, socket)) return conf->listen[i].secure;
    return conf->secure;
}

/* What holds for a host of which nothing else is known, as if a request for it had come. Plans that it leads to may
 * be too many to be kept: the settings live as long as *a at least. */
static const struct tls_settings *settings_of_host(struct conf *conf, struct conn *c, struct span name,
                                                   struct arena *a) {
    struct request r;
    memset(&r, 0, sizeof r);
    r.arena = *a;
    r.conn = c;
    r.conf = conf;
    r.client = c->peer;
    r.is_tls = true;
    r.in.authority = name;
    const struct plan *plan = plan_for(conf, &r, c->listening->name);
    *a = r.arena;
    return plan->settings[SECURE_MODULE];
}

struct tls_context *secure_select(void *conn, struct span name) {
    struct conn *c = conn;
    struct arena a = {0};
    struct tls_context *context = context_of(c->tls_conf, settings_of_host(c->tls_conf, c, name, &a));
    arena_done(&a);
    return context;
}

/* Who names no host in TLS is shown what there is; but not what needs a client certificate. */
static bool is_elsewhere(const struct conn *c, const struct tls_settings *wanted) {
    if (tls_settings_agree(wanted, tls_context_settings(tls_context_of(c->tls)))) return false;
    return tls_name(c->tls).n > 0 || wanted->verify_activate;
}

/* TLS knows no ports: where the authority has one, conditions may hold for it that do not hold for the name alone,
 * and the other way round. The name decides on the certificate; neither way leads past a client certificate. */
bool secure_is_misdirected(struct request *r, const struct plan *plan) {
    struct conn *c = r->conn;
    if (!c->tls || !r->conf->has_secure_hosts) return false;
    const struct tls_settings *wanted = plan->settings[SECURE_MODULE];
    struct span name = host_without_port(r->in.authority);
    if (name.n == r->in.authority.n) return is_elsewhere(c, wanted);
    return is_elsewhere(c, settings_of_host(r->conf, c, name, &r->arena)) ||
           (wanted->verify_activate && is_elsewhere(c, wanted));
}

void secure_export(struct request *r) {
    const struct tls_settings *s = r->plan->settings[SECURE_MODULE];
    struct span name, value;
    unsigned at = 0;
    if (!r->conn->tls || !s->verify_activate || r->comebacks) return; /* once is enough */
    while (tls_export(r->conn->tls, &at, &name, &value, &r->arena)) fields_add_named(&r->env, &r->arena, name, value);
    if (s->verify_username.n && !r->user.n) r->user = tls_user(r->conn->tls, &r->arena);
}
