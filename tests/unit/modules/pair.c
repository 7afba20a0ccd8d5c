/* pair.c - for tests: a request and a codec, without a server and without sockets */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "pair.h"

#include <arpa/inet.h>
#include <assert.h>
#include <stdlib.h>

#include "base/memory.h"

struct core_settings pair_core;
struct buf pair_log;
const char *const *pair_tls;

/* ---- a request -------------------------------------------------------------------------------- */

static void set_address(struct addr *a, const char *text, uint16_t port) {
    memset(a, 0, sizeof *a);
    a->is.v4.sin_family = AF_INET;
    a->is.v4.sin_port = htons(port);
    inet_pton(AF_INET, text, &a->is.v4.sin_addr);
}

void pair_target(struct pair *t, const char *target) {
    t->r.in.target_sent = span_of(target);
    int status = uri_parse(&t->r.in.uri, t->r.in.target_sent, PARSE_DEFAULTS, &t->r.arena);
    assert(status == 0);
    (void)status;
    request_set_path(&t->r, SPAN("/srv/www"), t->r.in.uri.path);
}

void pair_field(struct pair *t, const char *name, const char *value) {
    struct fields *fields = &t->r.in.fields;
    fields_add_named(fields, &t->r.arena, span_of(name), span_of(value));
    fields->list[fields->count - 1].is_received = true;
}

void pair_anew(struct pair *t) {
    chunks_clear(&t->p.body);
    buf_clear(&t->story);
    free(t->p.state);
    t->p = (struct message_pair){.r = &t->r,
                                 .host = &t->host,
                                 .rule = &t->rule,
                                 .state = memory_zeroed(1, t->codec ? t->codec->state_bytes : 1),
                                 .body_bytes = t->p.body_bytes,
                                 .is_upgrade = t->p.is_upgrade,
                                 .length = -1,
                                 .wanted = UINT64_MAX};
}

void pair_begin(struct pair *t, const struct codec *codec) {
    memset(t, 0, sizeof *t);
    buf_clear(&pair_log);
    pair_tls = NULL;
    memset(&pair_core, 0, sizeof pair_core);
    pair_core.tag = SPAN("goldcrest");
    pair_core.document_root = SPAN("/srv/www");
    pair_core.follow_symlink = pair_core.range_requests = true;
    t->codec = codec;
    t->rule.key = SPAN(".php");
    t->rule.hosts = &t->host;
    t->rule.count = 1;
    t->host.label = SPAN("php");
    t->host.keep_alive = true;
    struct request *r = &t->r;
    r->in.method = METHOD_GET;
    r->in.method_text = SPAN("GET");
    r->in.version = 11;
    r->in.authority = SPAN("example.com");
    r->server_name = r->in.authority;
    set_address(&r->client, "192.0.2.9", 40000);
    pair_target(t, "/dir/a.php");
    pair_anew(t);
}

void pair_end(struct pair *t) {
    chunks_clear(&t->out);
    chunks_clear(&t->p.body);
    chunks_clear(&t->r.body);
    if (t->r.source) t->r.source->drop(t->r.source);
    buf_done(&t->story);
    free(t->p.state);
    arena_done(&t->r.arena);
}

/* ---- what is said and heard ------------------------------------------------------------------- */

struct span pair_said(struct pair *t) {
    static struct buf said;
    buf_clear(&said);
    for (unsigned i = 0; i < t->out.count; i++) {
        const struct chunk *c = chunks_at(&t->out, i);
        buf_add(&said, (struct span){chunk_bytes(c), (size_t)c->left});
    }
    return buf_span(&said);
}

static void tell_head(struct pair *t) {
    buf_printf(&t->story, "%d ", t->p.status);
    for (uint32_t i = 0; i < t->p.fields.count; i++)
        buf_printf(&t->story, "%.*s: %.*s; ", SPAN_ARG(t->p.fields.list[i].name),
                   SPAN_ARG(t->p.fields.list[i].value));
    buf_printf(&t->story, "%s", t->p.is_local_redirect ? "local " : "");
}

static void tell_end(struct pair *t, enum take word) {
    static const char *const words[] = {[TAKE_MORE] = "MORE", [TAKE_END] = "END", [TAKE_BROKEN] = "BROKEN"};
    if (t->p.status && !t->p.is_interim && t->p.why.p == NULL)
        buf_printf(&t->story, "| %lld | ", (long long)t->p.length);
    else buf_printf(&t->story, "| ");
    for (unsigned i = 0; i < t->p.body.count; i++) {
        const struct chunk *c = chunks_at(&t->p.body, i);
        buf_add(&t->story, (struct span){chunk_bytes(c), (size_t)c->left});
    }
    buf_printf(&t->story, " | %s%s", words[word], word == TAKE_END && t->p.can_keep ? " keep" : "");
    if (word == TAKE_BROKEN) buf_printf(&t->story, " %.*s", SPAN_ARG(t->p.why));
}

/* Until it says MORE, or a last word. */
static enum take ask(struct pair *t, struct span *in) {
    for (;;) {
        size_t before = in->n;
        enum take word = t->codec->take(&t->p, in);
        assert(in->n <= before);
        (void)before; /* with -DNDEBUG */
        if (word == TAKE_MORE) assert(in->n == 0);
        if (word != TAKE_HEAD && word != TAKE_INTERIM) return word;
        tell_head(t);
        if (word == TAKE_INTERIM) t->p.fields = (struct fields){0};
    }
}

static enum take close_it(struct pair *t) {
    for (;;) {
        enum take word = t->codec->eof(&t->p);
        assert(word != TAKE_MORE);
        if (word != TAKE_HEAD) return word;
        tell_head(t);
    }
}

const char *pair_hear(struct pair *t, struct span response, size_t step, bool closes) {
    enum take word = TAKE_MORE;
    while (response.n && word == TAKE_MORE) {
        struct span piece = span_upto(response, response.n < step ? response.n : step);
        struct blob *blob = blob_copy(piece);
        struct span in = blob_span(blob);
        t->p.in_blob = blob;
        word = ask(t, &in);
        t->p.in_blob = NULL;
        response = span_from(response, piece.n - in.n);
        blob_drop(blob);
    }
    if (word == TAKE_MORE && closes) word = close_it(t);
    t->word = word;
    tell_end(t, word);
    return buf_text(&t->story);
}

/* ---- what the server would say ---------------------------------------------------------------- */

const struct core_settings *request_core(const struct request *r) {
    (void)r;
    return &pair_core;
}

void request_say(const struct request *r, enum log_level level, const char *format, ...) {
    va_list args;
    (void)r, (void)level;
    va_start(args, format);
    buf_vprintf(&pair_log, format, args);
    va_end(args);
    buf_add_char(&pair_log, '\n');
}

/* A reason is as good as said. */
void request_reason(struct request *r, const char *directive, const char *format, ...) {
    va_list args;
    (void)r, (void)directive;
    va_start(args, format);
    buf_vprintf(&pair_log, format, args);
    va_end(args);
    buf_add_char(&pair_log, '\n');
}

struct span request_id(const struct request *r) {
    (void)r;
    return SPAN("t0000000000000000000000t");
}

bool request_is_rehearsed(const struct request *r) {
    (void)r;
    return false;
}

void request_note(struct request *r, struct place at, const char *format, ...) {
    (void)r, (void)at, (void)format;
}

bool request_set_target(struct request *r, struct span target) {
    struct uri uri;
    r->status = uri_parse(&uri, arena_copy(&r->arena, target), PARSE_DEFAULTS, &r->arena);
    if (r->status) return false;
    r->in.uri = uri;
    return true;
}

void request_set_path(struct request *r, struct span basedir, struct span rel_path) {
    r->physical.docroot = r->physical.basedir = basedir;
    r->physical.rel_path = rel_path;
    r->physical.path = arena_join(&r->arena, basedir, rel_path);
}

void request_local_addr(const struct request *r, struct addr *local) {
    (void)r;
    set_address(local, "192.0.2.7", 8080);
}

bool request_tls_variable(struct request *r, unsigned *at, struct span *name, struct span *value) {
    (void)r;
    if (!pair_tls || !pair_tls[*at]) return false;
    *name = span_of(pair_tls[*at]);
    *value = span_of(pair_tls[*at + 1]);
    *at += 2;
    return true;
}
