/* forward.c - asks another server whether a request may pass, and does as it says */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "modules/auth/forward.h"

#include "modules/auth/credentials.h"

struct forward {
    const struct forward_rule *rule;
    void *exchange;
    bool passed;
};

/* ---- the question ------------------------------------------------------------------------------------- */

/* The request's head as the other server is to see it: GET, with the client's fields that were chosen, and what
 * was asked of us. */
static struct message question_of(const struct message_pair *p) {
    const struct forward_rule *rule = p->settings;
    struct request *r = p->r;
    struct arena *a = &r->arena;
    struct span target = r->in.uri.target.n ? r->in.uri.target : r->in.target_sent;
    struct message m = r->in;
    m.method = METHOD_GET;
    m.method_text = SPAN("GET");
    m.uri.target = rule->target;
    m.protocol = (struct span){NULL, 0};
    m.body_bytes = 0;
    m.fields = m.trailers = (struct fields){0};
    for (size_t i = 0; i < rule->send_count; i++) {
        struct span value = fields_get_named(&r->in.fields, a, rule->sends[i]);
        if (value.p) fields_add_named(&m.fields, a, rule->sends[i], value);
    }
    struct span url = arena_join(a, request_origin(r), target);
    const struct {
        struct span name, value;
    } ours[] = {{SPAN("X-Forwarded-Method"), r->in.method_text},
                {SPAN("X-Forwarded-Uri"), target},
                {SPAN("X-Original-Method"), r->in.method_text},
                {SPAN("X-Original-URI"), target},
                {SPAN("X-Original-URL"), url}};
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
        fields_set_named(&m.fields, a, ours[i].name, ours[i].value);
    return m;
}

static int begin_by(const struct codec *codec, struct message_pair *p, struct chunks *out) {
    struct message client = p->r->in;
    p->r->in = question_of(p);
    int status = codec->begin(p, out);
    p->r->in = client;
    return status;
}

static int begin_http1(struct message_pair *p, struct chunks *out) {
    return begin_by(&http1_codec, p, out);
}

static int begin_http2(struct message_pair *p, struct chunks *out) {
    return begin_by(&http2_codec, p, out);
}

const struct codec *forward_codec(const struct gateway_host *h, const void *settings) {
    static struct codec codecs[2];
    (void)settings;
    codecs[0] = http1_codec;
    codecs[0].begin = begin_http1;
    codecs[1] = http2_codec;
    codecs[1].begin = begin_http2;
    return &codecs[h->scheme == SCHEME_H2C || h->scheme == SCHEME_H2];
}

/* ---- the answer ----------------------------------------------------------------------------------------- */

/* Programs that make variables of names take all of these for one. */
static char name_byte(char c) {
    bool is_alnum = ascii_is_digit(c) || (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z');
    return is_alnum ? ascii_lower(c) : '-';
}

/* Nobody behind us may take for the other server's word what the client has sent; also not spelt with an
 * underscore. */
static void take_away(struct request *r, struct span name) {
    for (uint32_t i = 0; i < r->in.fields.count;) {
        struct span sent = r->in.fields.list[i].name;
        bool same = sent.n == name.n;
        for (size_t k = 0; same && k < name.n; k++) same = name_byte(sent.p[k]) == name_byte(name.p[k]);
        if (same) fields_remove_named(&r->in.fields, sent);
        else i++;
    }
}

static enum handler pass(struct forward *f, struct request *r, const struct message_pair *answer) {
    const struct forward_rule *rule = f->rule;
    for (size_t i = 0; i < rule->take_count; i++) {
        struct span value = fields_get_named(&answer->fields, &r->arena, rule->takes[i]);
        if (value.p) fields_add_named(&r->in.fields, &r->arena, rule->takes[i], value);
    }
    struct span user =
        rule->user.n ? fields_get_named(&answer->fields, &r->arena, rule->user) : (struct span){NULL, 0};
    if (user.n) {
        r->user = user;
        fields_set_named(&r->env, &r->arena, SPAN("AUTH_TYPE"), SPAN("forward"));
    }
    f->passed = true;
    return HANDLER_GO_ON;
}

/* What a browser needs to log in, and what it is to see until then. */
static enum handler deny(struct request *r, const struct message_pair *answer) {
    static const enum header told[] = {HEADER_WWW_AUTHENTICATE, HEADER_LOCATION, HEADER_SET_COOKIE,
                                       HEADER_CACHE_CONTROL, HEADER_CONTENT_TYPE};
    r->status = answer->status;
    for (uint32_t i = 0; i < answer->fields.count; i++) {
        const struct field *field = &answer->fields.list[i];
        for (size_t k = 0; k < sizeof told / sizeof *told; k++)
            if (field->id == told[k]) fields_append(&r->out, &r->arena, field->id, field->name, field->value);
    }
    for (unsigned i = 0; i < answer->body.count; i++) {
        const struct chunk *c = chunks_at(&answer->body, i);
        chunks_add_copy(&r->body, (struct span){chunk_bytes(c), (size_t)c->left});
    }
    return HANDLER_FINISHED;
}

static bool is_denial(int status) {
    return status == 401 || status == 403 || (status >= 301 && status <= 303) || status == 307 || status == 308;
}

/* The request was given up, and the exchange with it: it may be asked anew. */
static void release(void *arg) {
    ((struct forward *)arg)->exchange = NULL;
}

enum handler forward_run(struct request *r, const struct forward_rule *rule, void **slot) {
    const struct message_pair *answer = NULL;
    struct forward *f = *slot;
    if (!f || f->rule != rule) {
        f = *slot = arena_zeroed(&r->arena, sizeof *f);
        f->rule = rule;
        if (credentials_are_ambiguous(&r->in.fields))
            return request_refuse_for(r, 400, NULL, "auth: Authorization is there more than once");
        for (size_t i = 0; i < rule->take_count; i++) take_away(r, rule->takes[i]);
        if (rule->user.n) take_away(r, rule->user);
    }
    if (f->passed) return HANDLER_GO_ON;
    if (!f->exchange) request_on_release(r, release, f);
    struct gateway_ask ask = {.kind = rule->gateway->kind, .rule = &rule->gateway->rules[0], .settings = rule};
    enum handler word = gateway_consult(r, &ask, &f->exchange, &answer);
    if (word != HANDLER_GO_ON) return word;
    if (answer->status >= 200 && answer->status < 300) return pass(f, r, answer);
    if (is_denial(answer->status)) return deny(r, answer);
    int status = answer->status == 0 && r->status >= 400 ? r->status : 502;
    if (answer->status)
        return request_refuse_for(r, status, "auth.forward", "the server that decides has said %d", answer->status);
    if (request_has_reason(r)) return request_refuse_with(r, status);
    return request_refuse_for(r, status, "auth.forward", "the server that decides has not answered");
}
