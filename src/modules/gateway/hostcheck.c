/* hostcheck.c - "check": whether a host is well is asked before clients find out */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/number.h"
#include "http/names.h"
#include "modules/gateway/hostoptions.h"

/* check_text - what is written, beside what goes straight into the host */
struct check_text {
    struct span method, path, host, status;
    uint32_t interval, timeout, rise, fall;
};

#define TEXT(name, field) {name, offsetof(struct check_text, field), 0, 0}
#define NUMBER(name, field, to) {name, offsetof(struct check_text, field), 1, to}

static const struct {
    const char *name;
    size_t offset;
    uint32_t from, to; /* to 0: a string */
} keys[] = {
    TEXT("path", path),           TEXT("method", method),       TEXT("host", host),       TEXT("status", status),
    NUMBER("interval", interval, 86400), NUMBER("timeout", timeout, 3600), NUMBER("rise", rise, 1000),
    NUMBER("fall", fall, 1000),
};

enum { KEYS = sizeof keys / sizeof *keys };

static const char *key_name(void *arg, size_t i) {
    (void)arg;
    return i < KEYS ? keys[i].name : NULL;
}

static bool refuse_key(const struct host_text *t, const struct element *e) {
    char hint[HINT_BYTES];
    const char *near = e->key.p ? did_you_mean(e->key, key_name, NULL) : NULL;
    struct place at = e->key.p ? e->key_place : e->value.place;
    complain(t->complaints, COMPLAINT_ERROR, at, e->key.p ? e->key.n + 2 : 1,
             hint_near(hint, near, "known are path, method, host, status, interval, timeout, rise and fall"),
             "%s: \"%.*s\" is no part of a check", t->kind->directive, SPAN_ARG(e->key));
    return false;
}

static bool refuse_value(const struct host_text *t, const struct value *v, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static bool refuse_value(const struct host_text *t, const struct value *v, const char *format, ...) {
    struct buf text = {0};
    va_list args;
    va_start(args, format);
    buf_vprintf(&text, format, args);
    va_end(args);
    complain(t->complaints, COMPLAINT_ERROR, v->place, v->type == VALUE_STRING ? v->string.n + 2 : 1, NULL,
             "%s: check: %s", t->kind->directive, buf_text(&text));
    buf_done(&text);
    return false;
}

static bool put(const struct host_text *t, size_t i, const struct value *v, struct check_text *c) {
    void *field = (char *)c + keys[i].offset;
    int32_t number;
    if (keys[i].to == 0) {
        struct span text = v->string;
        if (v->type == VALUE_INT) text = arena_printf(t->arena, "%ld", (long)v->number); /* "status" => 200 */
        else if (v->type != VALUE_STRING) return refuse_value(t, v, "%s: expected a string", keys[i].name);
        memcpy(field, &text, sizeof text);
        return true;
    }
    if (!value_as_int(v, &number) || number < (int32_t)keys[i].from || number > (int32_t)keys[i].to)
        return refuse_value(t, v, "%s: expected a number from %u to %u", keys[i].name, keys[i].from, keys[i].to);
    memcpy(field, &(uint32_t){(uint32_t)number}, sizeof(uint32_t));
    return true;
}

static bool read_keys(const struct host_text *t, struct check_text *c) {
    bool ok = true;
    for (size_t e = 0; e < t->check->count; e++) {
        const struct element *element = &t->check->elements[e];
        size_t i = 0;
        while (i < KEYS && !(element->key.p && span_is(element->key, span_of(keys[i].name)))) i++;
        ok &= i < KEYS ? put(t, i, &element->value, c) : refuse_key(t, element);
    }
    return ok;
}

/* "200" or "200-399". */
static bool read_status(struct span text, struct gateway_host *h) {
    size_t dash = span_find(text, '-');
    uint64_t from, to;
    if (!number_parse(span_upto(text, dash), 599, &from)) return false;
    to = from;
    if (dash < text.n && !number_parse(span_from(text, dash + 1), 599, &to)) return false;
    h->check.status_from = (uint16_t)from;
    h->check.status_to = (uint16_t)to;
    return from >= 100 && from <= to;
}

/* Nothing that could end a line of the request, or a part of it. */
static bool is_visible(struct span s) {
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] <= ' ' || s.p[i] >= 0x7f) return false;
    return true;
}

static bool check_texts(const struct host_text *t, const struct check_text *c, struct gateway_host *h) {
    if (!is_visible(c->path) || (c->path.n && c->path.p[0] != '/'))
        return host_refuse(t, "check", "it begins with \"/\"; other bytes than visible ASCII are written as %XX",
                           "\"%.*s\" is no path to ask for", SPAN_ARG(c->path));
    if (!is_token(c->method)) return host_refuse(t, "check", NULL, "\"%.*s\" is no method", SPAN_ARG(c->method));
    if (!is_visible(c->host)) return host_refuse(t, "check", NULL, "\"%.*s\" is no host name", SPAN_ARG(c->host));
    if (!read_status(c->status, h))
        return host_refuse(t, "check", "write \"200\" or \"200-399\"", "\"%.*s\" is no status", SPAN_ARG(c->status));
    return true;
}

static bool asks_for_something(const struct value *check) {
    return check->type == VALUE_STRING ? check->string.p[0] == '/'
                                       : value_at(check, SPAN("path")) || value_at(check, SPAN("status"));
}

bool host_read_check(struct host_text *t) {
    struct gateway_host *h = &t->meant;
    struct check_text c = {SPAN("GET"), SPAN("/"), {NULL, 0}, SPAN("200-399"), 5, 2, 2, 3};
    bool is_wanted = true;
    if (!t->check) return true;
    if (t->check->type == VALUE_ARRAY) {
        if (!read_keys(t, &c)) return false;
    } else if (span_starts(t->check->string, SPAN("/")) && t->check->type == VALUE_STRING) {
        c.path = t->check->string;
    } else if (!value_as_bool(t->check, &is_wanted)) {
        return host_refuse(t, "check", "write \"check\" => ( \"path\" => \"/health\", \"interval\" => 5 )",
                           "check: expected a list of options, a path, or \"enable\"");
    }
    if (!is_wanted) return true;
    if (!check_texts(t, &c, h)) return false;
    h->check.is_http = t->kind->has_http_checks && (h->scheme == SCHEME_HTTP || h->scheme == SCHEME_HTTPS);
    if (!h->check.is_http && asks_for_something(t->check))
        host_warn(t, "check", NULL, "only connecting is checked there: path, method, host and status have no effect");
    h->check.method = c.method;
    h->check.path = c.path;
    h->check.host = c.host;
    h->check.interval_s = c.interval;
    h->check.timeout_s = c.timeout;
    h->check.rise = c.rise;
    h->check.fall = c.fall;
    return true;
}
