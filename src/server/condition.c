/* condition.c - which blocks of a configuration apply to a request */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "server/condition.h"

#include <assert.h>
#include <stdlib.h>

#include "base/memory.h"
#include "net/listener.h"

/* $HTTP["…"]: what it means. Those with a header are shorthands of $REQUEST_HEADER["…"]. */
static const struct {
    const char *item;
    enum operand operand;
    enum header header;
} http_items[] = {
    {"url", OPERAND_URL, HEADER_OTHER},
    {"host", OPERAND_HOST, HEADER_OTHER},
    {"querystring", OPERAND_QUERY, HEADER_OTHER},
    {"query-string", OPERAND_QUERY, HEADER_OTHER},
    {"scheme", OPERAND_SCHEME, HEADER_OTHER},
    {"fallback", OPERAND_FALLBACK, HEADER_OTHER},
    {"request-method", OPERAND_METHOD, HEADER_OTHER},
    {"remoteip", OPERAND_REMOTE_IP, HEADER_OTHER},
    {"remote-ip", OPERAND_REMOTE_IP, HEADER_OTHER},
    {"referer", OPERAND_HEADER, HEADER_REFERER},
    {"useragent", OPERAND_HEADER, HEADER_USER_AGENT},
    {"user-agent", OPERAND_HEADER, HEADER_USER_AGENT},
    {"cookie", OPERAND_HEADER, HEADER_COOKIE},
    {"language", OPERAND_HEADER, HEADER_ACCEPT_LANGUAGE},
};
enum { HTTP_ITEMS = sizeof http_items / sizeof *http_items };

static const char *http_item(void *arg, size_t i) {
    (void)arg;
    return i < HTTP_ITEMS ? http_items[i].item : NULL;
}

static bool complain_left(const struct block *b, struct complaints *complaints) {
    const char *near = did_you_mean(b->item, http_item, NULL);
    char hint[HINT_BYTES];
    bool is_http = span_is(b->left, SPAN("HTTP"));
    complain(complaints, COMPLAINT_ERROR, b->item_place, b->item.n,
             hint_near(hint, is_http ? near : NULL,
                       "it is one of $HTTP[\"…\"], $REQUEST_HEADER[\"…\"], $SERVER[\"socket\"]"),
             "$%.*s[\"%.*s\"] is nothing a request has",
             SPAN_ARG(b->left), SPAN_ARG(b->item));
    return false;
}

static bool find_left(struct condition *c, struct complaints *complaints) {
    const struct block *b = c->block;
    if (b->op == COND_NONE) return true; /* OPERAND_ALWAYS */
    if (span_is(b->left, SPAN("REQUEST_HEADER"))) {
        c->header = b->item;
        c->header_id = header_find(b->item);
        c->operand = c->header_id == HEADER_HOST ? OPERAND_HOST : OPERAND_HEADER; /* HTTP/2 has no such field */
        return true;
    }
    if (span_is(b->left, SPAN("SERVER")) && span_is(b->item, SPAN("socket"))) {
        c->operand = OPERAND_SOCKET;
        return true;
    }
    if (!span_is(b->left, SPAN("HTTP"))) return complain_left(b, complaints);
    for (size_t i = 0; i < HTTP_ITEMS; i++) {
        if (!span_is(b->item, span_of(http_items[i].item))) continue;
        c->operand = http_items[i].operand;
        c->header_id = http_items[i].header;
        c->header = header_name(c->header_id);
        return true;
    }
    return complain_left(b, complaints);
}

static void compile_value(struct condition *c, struct conf_tree *tree, unsigned default_port, bool use_ipv6,
                          struct complaints *complaints) {
    const struct block *b = c->block;
    char why[128];
    size_t offset;
    if (c->op == COND_MATCH || c->op == COND_NOMATCH) {
        c->regex = regex_make(c->value, why, &offset);
        if (!c->regex)
            complain(complaints, COMPLAINT_ERROR, b->operand_place, c->value.n + 2, NULL,
                     "the regular expression is not one (at its byte %zu): %s", offset, why);
        return;
    }
    bool equal = c->op == COND_EQ || c->op == COND_NE;
    if (c->operand == OPERAND_REMOTE_IP && equal && !prefix_parse(c->value, &c->prefix))
        complain(complaints, COMPLAINT_ERROR, b->operand_place, c->value.n + 2,
                 "write \"192.0.2.1\", \"10.0.0.0/8\", \"fd00::/8\" or \"/unix/path\"",
                 "this is no address or prefix");
    if (c->operand == OPERAND_SOCKET && equal) {
        struct listener_options o = {.use_ipv6 = use_ipv6};
        struct buf name = {0};
        if (listener_name(c->value, default_port, &o, &name)) c->value = arena_copy(&tree->arena, buf_span(&name));
        buf_done(&name);
    }
}

static void add_other(struct conditions *c, struct condition *condition, struct complaints *complaints) {
    if (condition->operand < OPERAND_METHOD) return;
    if (c->other_count == CONDITION_OTHERS_MAX)
        complain(complaints, COMPLAINT_NOTE, condition->block->place, 1, NULL,
                 "more than %d conditions on the client: replies are not kept ready from here on",
                 CONDITION_OTHERS_MAX);
    condition->bit = (uint8_t)(c->other_count & 63);
    c->others[c->other_count++] = condition;
}

void conditions_make(struct conditions *c, const struct conf_tree *tree, unsigned default_port, bool use_ipv6,
                     struct complaints *complaints) {
    c->count = (unsigned)tree->block_count;
    c->list = memory_zeroed(c->count, sizeof *c->list);
    c->others = memory_zeroed(c->count, sizeof(struct condition *));
    c->other_count = 0;
    c->groups = NULL;
    for (unsigned i = 0; i < c->count; i++) {
        struct condition *condition = &c->list[i];
        condition->block = tree->blocks[i];
        condition->op = condition->block->op;
        condition->value = condition->block->operand;
        if (!find_left(condition, complaints)) continue;
        compile_value(condition, (struct conf_tree *)(uintptr_t)tree, default_port, use_ipv6, complaints);
        add_other(c, condition, complaints);
    }
    groups_make(c);
}

void conditions_done(struct conditions *c) {
    groups_drop(c);
    for (unsigned i = 0; i < c->count; i++) regex_drop(c->list[i].regex);
    free(c->list);
    free(c->others);
}

/* What was sent in several fields of one name is one list (RFC 9110 5.3). It is put together once, in place, so that
 * many conditions cost no more than one. Of two Authorization fields mod_auth wants to know. */
static struct span header_text(const struct condition *c, struct request *r) {
    struct fields *all = &r->in.fields;
    bool is_known = c->header_id != HEADER_OTHER;
    const struct field *f = is_known ? fields_first(all, c->header_id) : fields_first_named(all, c->header);
    if (!f) return SPAN("");
    if (c->header_id == HEADER_AUTHORIZATION) return f->value;
    struct span text = is_known ? fields_get(all, &r->arena, c->header_id)
                                : fields_get_named(all, &r->arena, c->header);
    if (text.p != f->value.p) fields_set_named(all, &r->arena, f->name, text);
    return text;
}

struct span condition_operand_text(const struct condition *c, struct request *r, struct span socket,
                                   char room[ADDR_TEXT_BYTES]) {
    switch (c->operand) {
    case OPERAND_URL: return r->in.uri.path;
    case OPERAND_HOST: return r->in.authority;
    case OPERAND_QUERY: return r->in.uri.query;
    case OPERAND_SCHEME: return r->is_tls ? SPAN("https") : SPAN("http");
    case OPERAND_FALLBACK: return r->fallback.n ? r->fallback : SPAN("");
    case OPERAND_SOCKET: return socket;
    case OPERAND_METHOD: return r->in.method_text;
    case OPERAND_REMOTE_IP: return (struct span){room, addr_format(&r->client, room)};
    case OPERAND_HEADER: return header_text(c, r);
    case OPERAND_ALWAYS: break;
    }
    return SPAN("");
}

/* A host in a condition and in a request may differ by ":port", which then does not count. */
static bool host_is(struct span a, struct span b) {
    if (a.n == b.n) return span_is_ci(a, b);
    struct span longer = a.n > b.n ? a : b, shorter = a.n > b.n ? b : a;
    size_t extra = longer.n - shorter.n;
    return extra <= 6 && longer.p[shorter.n] == ':' && span_starts_ci(longer, shorter) &&
           span_find_last(shorter, ':') >= span_find_last(shorter, ']');
}

static bool is_equal(const struct condition *c, const struct request *r, struct span text) {
    if (c->operand == OPERAND_REMOTE_IP) return prefix_has(&c->prefix, &r->client);
    return c->operand == OPERAND_HOST ? host_is(text, c->value) : span_is(text, c->value);
}

unsigned long conditions_compared;

bool condition_holds(const struct condition *c, const struct request *r, struct span text) {
    conditions_compared++;
    switch (c->op) {
    case COND_EQ: return is_equal(c, r, text);
    case COND_NE: return !is_equal(c, r, text);
    case COND_PREFIX:
        return c->operand == OPERAND_HOST ? span_starts_ci(text, c->value) : span_starts(text, c->value);
    case COND_SUFFIX: return c->operand == OPERAND_HOST ? span_ends_ci(text, c->value) : span_ends(text, c->value);
    case COND_MATCH: return regex_match(c->regex, text, NULL);
    case COND_NOMATCH: return !regex_match(c->regex, text, NULL);
    case COND_NONE: return true;
    }
    return false;
}

uint64_t conditions_others(const struct conditions *c, struct request *r) {
    char room[ADDR_TEXT_BYTES];
    uint64_t bits = 0;
    if (c->other_count > CONDITION_OTHERS_MAX) return 0;
    for (unsigned i = 0; i < c->other_count; i++) {
        const struct condition *other = c->others[i];
        if (condition_holds(other, r, condition_operand_text(other, r, SPAN(""), room)))
            bits |= (uint64_t)1 << other->bit;
    }
    return bits;
}
