/* headermap.c - proxy.header: hosts and paths that have other names behind us */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <stdlib.h>

#include "base/memory.h"
#include "modules/gateway/http.h"

/* ---- reading the configuration ---------------------------------------------------------------- */

enum key_kind { KEY_PAIRS, KEY_LIST, KEY_BOOL };

static const struct key {
    struct span name;
    enum key_kind kind;
    size_t offset;
} keys[] = {
    {SPAN_INIT("map-urlpath"), KEY_PAIRS, offsetof(struct header_map, urlpath)},
    {SPAN_INIT("map-host-request"), KEY_PAIRS, offsetof(struct header_map, host_request)},
    {SPAN_INIT("map-host-response"), KEY_PAIRS, offsetof(struct header_map, host_response)},
    {SPAN_INIT("map-urlpath-resp-host-include"), KEY_LIST, offsetof(struct header_map, include)},
    {SPAN_INIT("map-urlpath-resp-host-exclude"), KEY_LIST, offsetof(struct header_map, exclude)},
    {SPAN_INIT("https-remap"), KEY_BOOL, offsetof(struct header_map, https_remap)},
    {SPAN_INIT("upgrade"), KEY_BOOL, offsetof(struct header_map, upgrade)},
    {SPAN_INIT("connect"), KEY_BOOL, offsetof(struct header_map, connect)},
    {SPAN_INIT("force-http10"), KEY_BOOL, offsetof(struct header_map, force_http10)},
};
enum { KEYS = sizeof keys / sizeof *keys };

static const char *key_name(void *arg, size_t i) {
    (void)arg;
    return i < KEYS ? keys[i].name.p : NULL;
}

static void *field_of(struct header_map *m, const struct key *k) {
    return (char *)m + k->offset;
}

/* A list's elements have no key: they are `from` alone; what is only keys of a map counts as well. */
static void read_pairs(struct header_map *m, const struct key *k, const struct value *v, struct complaints *c) {
    struct header_pairs *pairs = field_of(m, k);
    if (v->type != VALUE_ARRAY) {
        complain(c, COMPLAINT_ERROR, v->place, 1, "write ( \"...\" => \"...\" )", "proxy.header: \"%.*s\" is a list",
                 SPAN_ARG(k->name));
        return;
    }
    free(pairs->list);
    pairs->list = memory_zeroed(v->count ? v->count : 1, sizeof *pairs->list);
    pairs->count = 0;
    for (size_t i = 0; i < v->count; i++) {
        const struct element *e = &v->elements[i];
        bool is_map = k->kind == KEY_PAIRS;
        if (e->value.type != VALUE_STRING || (is_map && !e->key.p)) {
            complain(c, COMPLAINT_ERROR, e->value.place, 1, is_map ? "write \"from\" => \"to\"" : "write a string",
                     "proxy.header: \"%.*s\" has strings", SPAN_ARG(k->name));
            continue;
        }
        struct header_pair pair = {e->key, e->value.string};
        if (!is_map) pair = (struct header_pair){e->key.p ? e->key : e->value.string, {NULL, 0}};
        pairs->list[pairs->count++] = pair;
    }
}

static void read_bool(struct header_map *m, const struct key *k, const struct value *v, struct complaints *c) {
    if (!value_as_bool(v, field_of(m, k)))
        complain(c, COMPLAINT_ERROR, v->place, 1, "write \"enable\" or \"disable\"",
                 "proxy.header: \"%.*s\" is neither on nor off", SPAN_ARG(k->name));
}

void *header_map_make(const struct value *v, struct complaints *c) {
    struct header_map *m = memory_zeroed(1, sizeof *m);
    for (size_t i = 0; i < v->count; i++) {
        const struct element *e = &v->elements[i];
        char hint[HINT_BYTES];
        size_t at = 0;
        while (at < KEYS && !span_is(keys[at].name, e->key)) at++;
        if (at == KEYS)
            complain(c, COMPLAINT_ERROR, e->key_place, e->key.n + 2,
                     hint_near(hint, did_you_mean(e->key, key_name, NULL), NULL), "proxy.header has no key \"%.*s\"",
                     SPAN_ARG(e->key));
        else if (keys[at].kind == KEY_BOOL) read_bool(m, &keys[at], &e->value, c);
        else read_pairs(m, &keys[at], &e->value, c);
    }
    return m;
}

void header_map_drop(void *map) {
    struct header_map *m = map;
    if (!m) return;
    for (size_t i = 0; i < KEYS; i++)
        if (keys[i].kind != KEY_BOOL) free(((struct header_pairs *)field_of(m, &keys[i]))->list);
    free(m);
}

/* ---- requests --------------------------------------------------------------------------------- */

static bool is_any(struct span s) {
    return span_is(s, SPAN("-"));
}

struct span header_map_host(const struct header_map *m, struct span host) {
    for (size_t i = 0; i < m->host_request.count; i++) {
        const struct header_pair *p = &m->host_request.list[i];
        if (is_any(p->from) || span_is_ci(p->from, host)) return is_any(p->to) ? host : p->to;
    }
    return host;
}

/* The first pair whose `from` (or `to`, on the way back) begins the path. */
static struct span swap_prefix(const struct header_pairs *pairs, struct span path, bool back, struct arena *a) {
    for (size_t i = 0; i < pairs->count; i++) {
        struct span was = back ? pairs->list[i].to : pairs->list[i].from;
        struct span becomes = back ? pairs->list[i].from : pairs->list[i].to;
        if (!span_starts(path, was)) continue;
        path = arena_join(a, becomes, span_from(path, was.n));
        while (span_starts(path, SPAN("//"))) path = span_from(path, 1); /* it would name a host */
        return path.n && path.p[0] == '/' ? path : arena_join(a, SPAN("/"), path);
    }
    return path;
}

struct span header_map_target(const struct header_map *m, struct span target, struct arena *a) {
    return m->urlpath.count ? swap_prefix(&m->urlpath, target, false, a) : target;
}

/* ---- responses -------------------------------------------------------------------------------- */

static bool has_host(const struct header_pairs *pairs, struct span host) {
    for (size_t i = 0; i < pairs->count; i++)
        if (span_is_ci(pairs->list[i].from, host)) return true;
    return false;
}

/* The host that the client knows for this one of the backend's. False: nobody has said so. */
static bool host_back(const struct header_map *m, struct span *name, struct span sent, struct span host) {
    for (size_t i = 0; i < m->host_response.count; i++) {
        const struct header_pair *p = &m->host_response.list[i];
        if (!span_is_ci(is_any(p->from) ? sent : p->from, *name)) continue;
        *name = is_any(p->to) ? host : p->to;
        return true;
    }
    return false;
}

/* May the path of a URL with this host be one of ours? */
static bool maps_path_of(const struct header_map *m, struct span name, bool is_known) {
    if (m->exclude.count && has_host(&m->exclude, name)) return false;
    if (m->include.count) return has_host(&m->include, name);
    return is_known;
}

static struct span path_back(const struct header_map *m, struct span path, struct arena *a) {
    return path.n && path.p[0] == '/' ? swap_prefix(&m->urlpath, path, true, a) : path;
}

/* "http://", "https://" or "//" in front of an authority; how many bytes, 0: it is a path, or something else. */
static size_t scheme_bytes(struct span url) {
    static const struct span schemes[] = {SPAN_INIT("http://"), SPAN_INIT("https://"), SPAN_INIT("//")};
    for (size_t i = 0; i < 3; i++)
        if (span_starts_ci(url, schemes[i])) return schemes[i].n;
    return 0;
}

struct span header_map_url(const struct header_map *m, struct span url, struct span sent, struct span host,
                           bool is_https, struct arena *a) {
    size_t n = scheme_bytes(url), end = n;
    if (n == 0) return path_back(m, url, a);
    while (end < url.n && !strchr("/?#", url.p[end])) end++;
    struct span scheme = span_upto(url, n), name = span_between(url.p + n, url.p + end), was = name;
    struct span rest = span_from(url, end);
    bool is_mapped = host_back(m, &name, sent, host);
    bool is_ours = is_mapped || span_is_ci(was, sent) || span_is_ci(was, host);
    if (maps_path_of(m, was, is_ours)) rest = path_back(m, rest, a);
    if (is_ours && m->https_remap && is_https && span_is_ci(scheme, SPAN("http://"))) scheme = SPAN("https://");
    return arena_printf(a, "%.*s%.*s%.*s", SPAN_ARG(scheme), SPAN_ARG(name), SPAN_ARG(rest));
}

static struct span attribute_back(const struct header_map *m, struct span attribute, struct span sent,
                                  struct span host, struct arena *a) {
    size_t equals = span_find(attribute, '=');
    if (equals == attribute.n) return attribute;
    struct span name = span_trim(span_upto(attribute, equals)), value = span_trim(span_from(attribute, equals + 1));
    struct span was = value;
    if (span_is_ci(name, SPAN("path"))) {
        value = path_back(m, value, a);
    } else if (span_is_ci(name, SPAN("domain"))) {
        bool dot = value.n && value.p[0] == '.';
        if (dot) value = span_from(value, 1);
        if (host_back(m, &value, host_without_port(sent), host_without_port(host)) && dot)
            value = arena_join(a, SPAN("."), value);
        else if (dot) value = was;
    }
    if (value.p == was.p) return attribute;
    return arena_printf(a, " %.*s=%.*s", SPAN_ARG(name), SPAN_ARG(value));
}

struct span header_map_cookie(const struct header_map *m, struct span cookie, struct span sent, struct span host,
                              struct arena *a) {
    struct span result, part;
    if (!span_next(&cookie, ';', &result)) return cookie; /* the cookie itself */
    while (span_next(&cookie, ';', &part)) {
        part = attribute_back(m, part, sent, host, a);
        result = arena_printf(a, "%.*s;%.*s", SPAN_ARG(result), SPAN_ARG(part));
    }
    return result;
}
