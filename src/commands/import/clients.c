/* clients.c - who a client is, and how much one may ask: set_real_ip_from, limit_req, limit_conn */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "base/number.h"
#include "commands/import/import.h"

/* ---- limits ----------------------------------------------------------------------------------- */

/* "zone=" of a directive, or what stands behind another word; empty: it has none. */
static struct span option(const struct nginx_directive *d, const char *word) {
    for (size_t i = 1; i < d->count; i++)
        if (span_starts(d->words[i], span_of(word))) return span_from(d->words[i], strlen(word));
    return SPAN("");
}

static bool has_word(const struct nginx_directive *d, const char *word) {
    for (size_t i = 1; i < d->count; i++)
        if (span_is(d->words[i], span_of(word))) return true;
    return false;
}

static struct nginx_directive *zone_called(struct import *im, const char *kind, struct span name) {
    for (struct nginx_directive *d = next_named(im->http->first, kind); d; d = next_named(d->next, kind)) {
        struct span zone = option(d, "zone=");
        if (span_is(span_upto(zone, span_find(zone, ':')), name)) return d;
    }
    return NULL;
}

static bool is_client(struct span key) {
    return span_is(key, SPAN("$binary_remote_addr")) || span_is(key, SPAN("$remote_addr"));
}

/* What a map has for a value of the map that it looks at. */
static struct span mapped(const struct nginx_directive *map, struct span key) {
    for (const struct nginx_directive *e = map->first; e; e = e->next)
        if (e->count == 2 && span_is(e->words[0], key)) return e->words[1];
    return map_default(map);
}

/* Addresses of a geo, or a map of addresses, for which there is no key: they have no limit. False: it is about
 * something else. */
static bool add_exempt(struct import *im, struct nginx_directive *map, struct buf *out) {
    struct nginx_directive *inner = nginx_is(map, "map") && nginx_word(map, 1).n
                                        ? map_called(im, span_from(nginx_word(map, 1), 1)) : NULL;
    struct nginx_directive *of = inner ? inner : map;
    bool is_of_clients = nginx_is(of, "geo") ? of->count == 2 : is_client(nginx_word(of, 1));
    struct span otherwise = inner ? mapped(map, map_default(of)) : map_default(of);
    if (!is_of_clients || !is_client(otherwise)) return false;
    for (const struct nginx_directive *e = of->first; e; e = e->next) {
        if (e->count != 2 || nginx_is(e, "default")) continue;
        struct span value = inner ? mapped(map, e->words[1]) : e->words[1];
        if (value.n) continue;
        buf_printf(out, "%s%.*s", out->n ? ", " : "", SPAN_ARG(quoted(im, e->words[0])));
    }
    map_is_used(map);
    map_is_used(of);
    return true;
}

/* Is the limit one for each client? Those without are told by a map. */
static bool is_for_clients(struct import *im, struct nginx_directive *d, struct nginx_directive *zone,
                           struct settings *s) {
    struct span key = nginx_word(zone, 1);
    struct nginx_directive *map = key.n ? map_called(im, span_from(key, 1)) : NULL;
    struct buf exempt = {0};
    translated(im, zone);
    bool ok = is_client(key) || (map && add_exempt(im, map, &exempt));
    if (exempt.n) settings_set(s, "limit.exempt", joined(im, "( %.*s )", SPAN_ARG(buf_span(&exempt))), map);
    buf_done(&exempt);
    if (!ok) left(im, d, "limits are for each client here, not for %.*s", SPAN_ARG(key));
    return ok;
}

/* "10r/s", "30r/m" */
static bool rate_of(struct span text, uint64_t *rate, unsigned *per) {
    size_t at = span_find(text, 'r');
    if (at + 3 != text.n || text.p[at + 1] != '/') return false;
    *per = text.p[at + 2] == 'm' ? 60 : 1;
    return number_parse(span_upto(text, at), 1000000, rate);
}

static void limit_requests(struct import *im, struct nginx_directive *d, struct settings *s) {
    struct nginx_directive *zone = zone_called(im, "limit_req_zone", option(d, "zone="));
    uint64_t rate, burst = 0;
    unsigned per;
    translated(im, d);
    if (settings_find(s, SPAN("limit.requests"))) {
        left(im, d, "a block has one limit");
    } else if (!zone || !rate_of(option(zone, "rate="), &rate, &per)) {
        left(im, d, "its limit_req_zone is not understood");
    } else if (is_for_clients(im, d, zone, s)) {
        number_parse(option(d, "burst="), 100000, &burst);
        struct span seconds = per > 1 ? joined(im, ", \"per\" => %u", per) : SPAN("");
        settings_set(s, "limit.requests",
                     joined(im, "( \"rate\" => %llu%.*s, \"burst\" => %llu )", (unsigned long long)rate,
                            SPAN_ARG(seconds), (unsigned long long)burst + 1), d);
        if (burst && !has_word(d, "nodelay"))
            note(im, d, "requests within the burst are answered at once, they are not delayed");
    }
}

static void limit_connections(struct import *im, struct nginx_directive *d, struct settings *s) {
    struct nginx_directive *zone = zone_called(im, "limit_conn_zone", nginx_word(d, 1));
    uint64_t most;
    translated(im, d);
    if (settings_find(s, SPAN("limit.connections"))) left(im, d, "a block has one limit");
    else if (!zone || !number_parse(nginx_word(d, 2), 1000000, &most)) left(im, d, "its zone is not understood");
    else if (is_for_clients(im, d, zone, s))
        settings_set(s, "limit.connections", joined(im, "%llu", (unsigned long long)most), d);
}

static void each_of(struct import *im, const struct nginx_directive *block, const char *name, struct settings *s,
                    void (*take)(struct import *im, struct nginx_directive *d, struct settings *s)) {
    const struct nginx_directive *level = level_of(block, name);
    for (struct nginx_directive *d = level ? next_named(level->first, name) : NULL; d; d = next_named(d->next, name))
        take(im, d, s);
}

static void limits(struct import *im, struct nginx_directive *block, struct settings *s) {
    each_of(im, block, "limit_req", s, limit_requests);
    each_of(im, block, "limit_conn", s, limit_connections);
    bool requests = settings_find(s, SPAN("limit.requests")) != NULL;
    bool connections = settings_find(s, SPAN("limit.connections")) != NULL;
    struct nginx_directive *status = requests ? inherited(block, "limit_req_status") : NULL;
    struct nginx_directive *other = connections ? inherited(block, "limit_conn_status") : NULL;
    struct nginx_directive *dry = inherited(block, requests ? "limit_req_dry_run" : "limit_conn_dry_run");
    if (status) translated(im, status);
    if (other) translated(im, other);
    if (dry) translated(im, dry);
    if (!requests && !connections) return;
    struct span word = status ? nginx_word(status, 1) : other ? nginx_word(other, 1) : SPAN("503");
    if (!span_is(word, SPAN("429"))) settings_set(s, "limit.status", word, status ? status : other);
    if (dry && span_is(nginx_word(dry, 1), SPAN("on"))) settings_set(s, "limit.log-only", SPAN("\"enable\""), dry);
}

/* ---- who it is -------------------------------------------------------------------------------- */

static void trust(struct import *im, struct nginx_directive *d, struct settings *s) {
    const struct setting *before = settings_find(s, SPAN("extforward.forwarder"));
    struct span who = nginx_word(d, 1);
    translated(im, d);
    if (span_starts(who, SPAN("unix:"))) {
        left(im, d, "peers are trusted by their address");
        return;
    }
    struct span row = joined(im, "%.*s => \"trust\"", SPAN_ARG(quoted(im, who)));
    struct span all = before ? joined(im, "%.*s, %.*s )", SPAN_ARG(span_upto(before->value, before->value.n - 2)),
                                      SPAN_ARG(row))
                             : joined(im, "( %.*s )", SPAN_ARG(row));
    settings_set(s, "extforward.forwarder", all, d);
}

static void real_ip(struct import *im, struct nginx_directive *block, struct settings *s) {
    struct nginx_directive *header = inherited(block, "real_ip_header");
    struct nginx_directive *recursive = inherited(block, "real_ip_recursive");
    struct span name = header ? nginx_word(header, 1) : SPAN("X-Real-IP");
    if (header) translated(im, header);
    if (recursive) translated(im, recursive);
    each_of(im, block, "set_real_ip_from", s, trust);
    if (!settings_find(s, SPAN("extforward.forwarder"))) return;
    bool is_line = span_is(name, SPAN("proxy_protocol"));
    settings_set(s, "extforward.headers", is_line ? SPAN("()") : list_of(im, &name, 1), header);
    if (is_line) settings_set(s, "extforward.hap-PROXY", SPAN("\"enable\""), header);
}

void client_settings(struct import *im, struct nginx_directive *block, struct settings *s) {
    limits(im, block, s);
    real_ip(im, block, s);
}
