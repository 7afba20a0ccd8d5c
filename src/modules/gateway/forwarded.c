/* forwarded.c - the field Forwarded: who asks, of whom, by what (RFC 7239) */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "base/memory.h"
#include "modules/gateway/http.h"

static const struct {
    struct span name;
    unsigned bit;
} parts[] = {
    {SPAN_INIT("for"), FORWARDED_FOR},
    {SPAN_INIT("proto"), FORWARDED_PROTO},
    {SPAN_INIT("host"), FORWARDED_HOST},
    {SPAN_INIT("by"), FORWARDED_BY},
    {SPAN_INIT("remote_user"), FORWARDED_REMOTE_USER},
};
enum { PARTS = sizeof parts / sizeof *parts };

static const char *part_name(void *arg, size_t i) {
    (void)arg;
    return i < PARTS ? parts[i].name.p : NULL;
}

void *forwarded_make(const struct value *v, struct complaints *c) {
    unsigned *what = memory_zeroed(1, sizeof *what);
    for (size_t i = 0; i < v->count; i++) {
        const struct element *e = &v->elements[i];
        char hint[HINT_BYTES];
        bool yes = false;
        size_t at = 0;
        while (at < PARTS && !span_is(parts[at].name, e->key)) at++;
        if (at == PARTS)
            complain(
                c, COMPLAINT_ERROR, e->key_place, e->key.n + 2,
                hint_near(hint, did_you_mean(e->key, part_name, NULL), "for, proto, host, by and remote_user are"),
                "proxy.forwarded: \"%.*s\" is no part of Forwarded", SPAN_ARG(e->key));
        else if (!value_as_bool(&e->value, &yes))
            complain(c, COMPLAINT_ERROR, e->value.place, 1, "write \"enable\" or \"disable\"",
                     "proxy.forwarded: \"%.*s\" is neither on nor off", SPAN_ARG(e->key));
        else if (yes) *what |= parts[at].bit;
    }
    return what;
}

/* A token stands as it is; anything else is quoted (RFC 9110 5.6.4). Nothing that is no field content gets in. */
static void add_value(struct buf *b, struct span value) {
    if (is_token(value)) {
        buf_add(b, value);
        return;
    }
    buf_add_char(b, '"');
    for (size_t i = 0; i < value.n; i++) {
        char c = value.p[i];
        if (!(char_class[(unsigned char)c] & CHAR_FIELD)) continue;
        if (c == '"' || c == '\\') buf_add_char(b, '\\');
        buf_add_char(b, c);
    }
    buf_add_char(b, '"');
}

static void begin_part(struct buf *b, const char *name) {
    if (b->n) buf_add_char(b, ';');
    buf_add_text(b, name);
    buf_add_char(b, '=');
}

/* Addresses of IPv6 stand in brackets and quotes (RFC 7239 6). What has no address is named as such. */
static void add_address(struct buf *b, const struct addr *a, bool with_port) {
    char text[ADDR_TEXT_BYTES];
    addr_format(a, text);
    bool v6 = a->is.any.sa_family == AF_INET6 && strchr(text, ':');
    if (a->is.any.sa_family != AF_INET && a->is.any.sa_family != AF_INET6) {
        buf_add(b, SPAN("_unix"));
        return;
    }
    bool port = with_port && addr_port(a);
    if (v6 || port) buf_add_char(b, '"');
    buf_printf(b, v6 ? "[%s]" : "%s", text);
    if (port) buf_printf(b, ":%u", (unsigned)addr_port(a));
    if (v6 || port) buf_add_char(b, '"');
}

struct span forwarded_element(struct request *r, unsigned what) {
    struct buf b = {0};
    struct addr local;
    if (what & FORWARDED_FOR) {
        begin_part(&b, "for");
        add_address(&b, &r->client, false);
    }
    if (what & FORWARDED_BY) {
        request_local_addr(r, &local);
        begin_part(&b, "by");
        add_address(&b, &local, true);
    }
    if (what & FORWARDED_PROTO) {
        begin_part(&b, "proto");
        buf_add(&b, r->is_tls ? SPAN("https") : SPAN("http"));
    }
    if (what & FORWARDED_HOST && r->in.authority.n) {
        begin_part(&b, "host");
        add_value(&b, r->in.authority);
    }
    if (what & FORWARDED_REMOTE_USER && r->user.n) {
        begin_part(&b, "remote_user");
        add_value(&b, r->user);
    }
    struct span element = b.n ? arena_copy(&r->arena, buf_span(&b)) : SPAN("for=unknown");
    buf_done(&b);
    return element;
}
