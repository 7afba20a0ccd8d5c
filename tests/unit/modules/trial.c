/* trial.c - for tests: one module, a configuration as text, a request; no server */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "trial.h"

#include <check.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/regex.h"

struct core_settings trial_core;
struct span trial_root;
static void *slot; /* request_data() of the one module there is */

/* ---- a configuration ----------------------------------------------------------------------------------------- */

static const struct directive *directive_of(const struct module *m, struct span key) {
    for (const struct directive *d = m->directives; d->name; d++)
        if (span_is(key, span_of(d->name))) return d;
    return NULL;
}

static void use_block(struct trial *t, const struct block *b, struct complaints *c) {
    for (size_t i = 0; i < b->assignment_count; i++) {
        const struct assignment *a = &b->assignments[i];
        const struct directive *d = directive_of(t->module, a->key);
        if (span_starts(a->key, SPAN("var."))) continue;
        ck_assert_msg(d && t->cell_count < TRIAL_CELLS, "%.*s", SPAN_ARG(a->key));
        struct cell *cell = &t->cells[t->cell_count];
        if (!directive_convert(d, &a->value, a->place, cell, c)) continue;
        t->cell_count++;
        directive_apply(cell, t->settings);
        if (d->flags & DIRECTIVE_IN_BLOCK) memcpy((char *)t->settings + d->offset + sizeof(void *), &b, sizeof b);
    }
}

static struct complaints *load(struct trial *t, const struct module *m, const char *conf) {
    struct complaints *c = complaints_make();
    memset(t, 0, sizeof *t);
    t->module = m;
    t->inputs = inputs_none();
    inputs_put(t->inputs, INPUT_FILE, "t.conf", span_of(conf));
    t->tree = conf_parse(t->inputs, c, "t.conf");
    t->settings = memory_copy(m->defaults, m->settings_size);
    for (size_t i = 0; i < t->tree->block_count; i++) use_block(t, t->tree->blocks[i], c);
    return c;
}

void trial_begin(struct trial *t, const struct module *m, const char *conf) {
    struct complaints *c = load(t, m, conf);
    struct buf text = {0};
    complaints_print(c, &text);
    ck_assert_msg(text.n == 0, "%s", buf_text(&text));
    buf_done(&text);
    complaints_drop(c);
}

void trial_begin_warned(struct trial *t, const struct module *m, const char *conf) {
    struct complaints *c = load(t, m, conf);
    ck_assert_uint_eq(complaints_errors(c), 0);
    complaints_drop(c);
}

void trial_end(struct trial *t) {
    for (size_t i = 0; i < t->cell_count; i++) directive_discard(&t->cells[i]);
    chunks_clear(&t->r.body);
    arena_done(&t->r.arena);
    free(t->settings);
    conf_tree_drop(t->tree);
    inputs_drop(t->inputs);
}

char *trial_messages(const struct module *m, const char *conf) {
    struct trial t;
    struct complaints *c = load(&t, m, conf);
    struct buf text = {0};
    complaints_print(c, &text);
    complaints_drop(c);
    trial_end(&t);
    char *copy = span_dup(buf_span(&text));
    buf_done(&text);
    return copy;
}

/* ---- a request ----------------------------------------------------------------------------------------------- */

void trial_request(struct trial *t, const char *host, const char *target) {
    struct request *r = &t->r;
    arena_done(&r->arena);
    memset(r, 0, sizeof *r);
    slot = NULL;
    r->in.method = METHOD_GET;
    r->in.method_text = SPAN("GET");
    r->in.version = 11;
    r->in.authority = span_of(host);
    r->server_name = r->in.authority.n ? r->in.authority : SPAN("named");
    r->in.target_sent = span_of(target);
    ck_assert_msg(uri_parse(&r->in.uri, r->in.target_sent, PARSE_DEFAULTS, &r->arena) == 0, "%s", target);
    r->physical.docroot = SPAN("/docroot");
    request_set_path(r, r->physical.docroot, r->in.uri.path);
}

enum handler trial_run(struct trial *t, enum phase phase) {
    enum handler word = HANDLER_GO_ON;
    if (t->module->is_active && !t->module->is_active(t->settings)) return word;
    for (const struct hook *h = t->module->hooks; h->run && word == HANDLER_GO_ON; h++) {
        if (h->phase != phase) continue;
        request_lasts(&t->r, h->lasting);
        word = h->run(&t->r, t->settings);
    }
    return word;
}

const char *trial_out(struct trial *t, const char *name) {
    struct span value = fields_get_named(&t->r.out, &t->r.arena, span_of(name));
    return value.n ? arena_copy(&t->r.arena, value).p : "";
}

/* ---- what the server would say ------------------------------------------------------------------------------- */

bool request_is_rehearsed(const struct request *r) {
    (void)r;
    return false;
}

void request_note(struct request *r, struct place at, const char *format, ...) {
    (void)r;
    (void)at;
    (void)format;
}

const struct core_settings *request_core(const struct request *r) {
    (void)r;
    return &trial_core;
}

struct span process_root(void) {
    return trial_root;
}

void request_say(const struct request *r, enum log_level level, const char *format, ...) {
    (void)r, (void)level, (void)format;
}

void **request_data(struct request *r, const struct module *m) {
    (void)r, (void)m;
    return &slot;
}

/* Only conditions on host and url. */
void request_captures(struct request *r, const struct block *set_in, struct captures *captures) {
    char why[128];
    size_t offset;
    captures->count = 0;
    while (set_in && set_in->op != COND_MATCH) set_in = set_in->parent;
    if (!set_in) return;
    struct regex *re = regex_make(set_in->operand, why, &offset);
    ck_assert_ptr_nonnull(re);
    regex_match(re, span_is(set_in->item, SPAN("url")) ? r->in.uri.path : r->in.authority, captures);
    regex_drop(re);
}

bool request_set_target(struct request *r, struct span target) {
    struct uri uri;
    r->status = uri_parse(&uri, arena_copy(&r->arena, target), PARSE_DEFAULTS, &r->arena);
    if (r->status) return false;
    r->in.uri = uri;
    return true;
}

void request_set_path(struct request *r, struct span basedir, struct span rel_path) {
    r->physical.basedir = basedir;
    r->physical.rel_path = rel_path;
    r->physical.path = arena_join(&r->arena, basedir, rel_path);
}

enum handler request_refuse_with(struct request *r, int status) {
    r->status = status;
    return HANDLER_FINISHED;
}

enum handler request_refuse_for(struct request *r, int status, const char *directive, const char *format, ...) {
    (void)directive, (void)format;
    return request_refuse_with(r, status);
}

void request_reason(struct request *r, const char *directive, const char *format, ...) {
    (void)r, (void)directive, (void)format;
}

void request_reason_at(struct request *r, const char *directive, struct place at, const char *format, ...) {
    (void)r, (void)directive, (void)at, (void)format;
}

bool request_has_reason(const struct request *r) {
    (void)r;
    return false;
}

struct span request_id(const struct request *r) {
    (void)r;
    return SPAN("t0000000000000000000000t");
}

enum handler request_redirect(struct request *r, int status, struct span location) {
    r->status = status;
    fields_set(&r->out, &r->arena, HEADER_LOCATION, location);
    return HANDLER_FINISHED;
}

void request_counts_for(struct request *r, struct span host) {
    (void)r, (void)host;
}

bool request_tls_variable(struct request *r, unsigned *at, struct span *name, struct span *value) {
    (void)r, (void)at, (void)name, (void)value;
    return false;
}

void request_local_addr(const struct request *r, struct addr *local) {
    (void)r;
    memset(local, 0, sizeof *local);
    local->is.v4.sin_family = AF_INET;
    local->is.v4.sin_port = htons(8080);
}

/* ---- files --------------------------------------------------------------------------------------------------- */

static char directory[] = "/tmp/goldcrest-trial-XXXXXX";
static pid_t made_by; /* each test is a process of its own: only the first cleans up */

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *where) {
    (void)st, (void)type, (void)where;
    return remove(path);
}

static void remove_all(void) {
    if (getpid() == made_by) nftw(directory, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

const char *trial_directory(void) {
    if (made_by) return directory;
    if (!mkdtemp(directory)) {
        perror(directory);
        exit(1);
    }
    made_by = getpid();
    atexit(remove_all);
    return directory;
}

void trial_make(const char *path) {
    char whole[256];
    int n = snprintf(whole, sizeof whole, "%s/%s", trial_directory(), path);
    ck_assert(n > 0 && (size_t)n < sizeof whole);
    for (char *slash = whole + strlen(directory) + 1; (slash = strchr(slash, '/')); slash++) {
        *slash = '\0';
        mkdir(whole, 0755);
        *slash = '/';
    }
    if (whole[n - 1] == '/') return;
    FILE *f = fopen(whole, "w");
    ck_assert_ptr_nonnull(f);
    fclose(f);
}
