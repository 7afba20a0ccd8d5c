/* gateways.c - proxy_pass, fastcgi_pass, uwsgi_pass, scgi_pass and upstream become X.server */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <stdio.h>

#include "commands/import/import.h"

static const struct pass {
    const char *name, *key, *prefix;
} passes[] = {{"proxy_pass", "proxy.server", "proxy"},
              {"fastcgi_pass", "fastcgi.server", "fastcgi"},
              {"uwsgi_pass", "scgi.server", "uwsgi"},
              {"scgi_pass", "scgi.server", "scgi"}};
enum { PASSES = sizeof passes / sizeof *passes };

/* target - what stands behind proxy_pass, taken apart */
struct target {
    struct span scheme, authority, uri; /* uri.p NULL: there is none, and the request's is passed on */
};

static const struct pass *pass_of(const struct nginx_directive *block, struct nginx_directive **d) {
    for (size_t i = 0; i < PASSES; i++)
        if ((*d = own(block, passes[i].name))) return &passes[i];
    return NULL;
}

/* ---- hosts ------------------------------------------------------------------------------------ */

static struct nginx_directive *upstream_of(struct import *im, struct span name) {
    struct nginx_directive *d = next_named(im->http->first, "upstream");
    while (d && !span_is(nginx_word(d, 1), name)) d = next_named(d->next, "upstream");
    return d;
}

static void add_address(struct import *im, struct buf *out, struct span address, const char *port) {
    if (span_starts(address, SPAN("unix:"))) {
        address = span_from(address, 5);
        address.n = span_find(address, ':');
        buf_printf(out, "\"socket\" => %.*s", SPAN_ARG(quoted(im, address)));
        return;
    }
    size_t colon = span_find_last(address, ':'), bracket = span_find_last(address, ']');
    bool has_port = colon < address.n && (bracket == address.n || colon > bracket);
    struct span host = has_port ? span_upto(address, colon) : address;
    if (host.n > 2 && host.p[0] == '[') host = span_upto(span_from(host, 1), host.n - 2);
    buf_printf(out, "\"host\" => %.*s", SPAN_ARG(quoted(im, host)));
    if (has_port) buf_printf(out, ", \"port\" => %.*s", SPAN_ARG(span_from(address, colon + 1)));
    else if (port) buf_printf(out, ", \"port\" => %s", port);
}

/* Options of a `server` in an upstream. */
static bool add_server_options(struct import *im, struct buf *out, struct nginx_directive *server) {
    static const struct {
        const char *name, *key;
    } options[] = {{"weight=", "weight"}, {"max_fails=", "max-fails"}, {"max_conns=", "max-conns"},
                   {"slow_start=", "slow-start"}, {"fail_timeout=", "disable-time"}};
    for (size_t i = 2; i < server->count; i++) {
        struct span word = server->words[i];
        uint64_t n;
        size_t k = 0;
        while (k < 5 && !span_starts(word, span_of(options[k].name))) k++;
        if (span_is(word, SPAN("down"))) return false;
        if (span_is(word, SPAN("backup"))) buf_add_text(out, ", \"backup\" => \"enable\"");
        else if (k < 5 && seconds_of(span_from(word, strlen(options[k].name)), &n))
            buf_printf(out, ", \"%s\" => %llu", options[k].key, (unsigned long long)n);
        else if (!span_is(word, SPAN("resolve"))) left(im, server, "%.*s has nothing like it", SPAN_ARG(word));
    }
    return true;
}

/* Options that stand in the location: "X_read_timeout" and so on. */
static void add_location_options(struct import *im, struct buf *out, const struct nginx_directive *block,
                                 const char *prefix) {
    static const struct {
        const char *name, *key;
    } options[] = {{"connect_timeout", "connect-timeout"}, {"read_timeout", "read-timeout"},
                   {"send_timeout", "write-timeout"}};
    for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
        char name[64];
        uint64_t seconds;
        snprintf(name, sizeof name, "%s_%s", prefix, options[i].name);
        struct nginx_directive *d = inherited(block, name);
        if (d) translated(im, d);
        if (d && seconds_of(nginx_word(d, 1), &seconds))
            buf_printf(out, ", \"%s\" => %llu", options[i].key, (unsigned long long)seconds);
    }
}

static void add_tls(struct import *im, struct buf *out, const struct nginx_directive *block) {
    struct nginx_directive *verify = inherited(block, "proxy_ssl_verify");
    struct nginx_directive *name = inherited(block, "proxy_ssl_name");
    struct nginx_directive *ca = inherited(block, "proxy_ssl_trusted_certificate");
    buf_add_text(out, ", \"scheme\" => \"https\"");
    if (verify) translated(im, verify);
    if (!verify || span_is(nginx_word(verify, 1), SPAN("off"))) buf_add_text(out, ", \"tls-verify\" => \"disable\"");
    if (ca) translated(im, ca);
    if (ca) buf_printf(out, ", \"tls-ca-file\" => %.*s", SPAN_ARG(quoted(im, beside_main(im, nginx_word(ca, 1)))));
    if (name && span_find(nginx_word(name, 1), '$') == nginx_word(name, 1).n) {
        translated(im, name);
        buf_printf(out, ", \"tls-name\" => %.*s", SPAN_ARG(quoted(im, nginx_word(name, 1))));
    }
}

/* Does it ask for WebSocket: proxy_set_header Upgrade $http_upgrade? */
static bool upgrades(const struct nginx_directive *block) {
    const struct nginx_directive *level = level_of(block, "proxy_set_header");
    for (struct nginx_directive *d = level ? next_named(level->first, "proxy_set_header") : NULL; d;
         d = next_named(d->next, "proxy_set_header"))
        if (span_is_ci(nginx_word(d, 1), SPAN("Upgrade"))) return true;
    return false;
}

/* hosts - the rows of a rule */
struct hosts {
    struct buf text;
    size_t count;
};

static void add_host(struct import *im, struct hosts *h, struct span address, const struct nginx_directive *block,
                     const struct pass *pass, const struct target *t, struct nginx_directive *server, bool by_file) {
    bool is_proxy = pass == &passes[0], is_https = span_is(t->scheme, SPAN("https"));
    struct buf one = {0};
    add_address(im, &one, address, is_proxy ? (is_https ? "443" : "80") : NULL);
    bool up = !server || add_server_options(im, &one, server);
    if (is_https) add_tls(im, &one, block);
    add_location_options(im, &one, block, pass->prefix);
    if (is_proxy && upgrades(block)) buf_add_text(&one, ", \"upgrade\" => \"enable\"");
    if (!is_proxy && !by_file) buf_add_text(&one, ", \"check-local\" => \"disable\"");
    if (up) {
        buf_add_text(&h->text, h->count++ ? ",\n    ( " : "( ");
        buf_add(&h->text, buf_span(&one));
        buf_add_text(&h->text, " )");
    }
    buf_done(&one);
}

static void upstream_settings(struct import *im, struct nginx_directive *upstream, const char *prefix,
                              size_t servers, struct settings *s) {
    static const struct {
        const char *name, *balance;
    } ways[] = {{"least_conn", "least-connection"}, {"ip_hash", "sticky"}, {"hash", "hash"}};
    const char *balance = servers > 1 ? "round-robin" : NULL;
    struct nginx_directive *from = upstream;
    translated(im, upstream);
    for (struct nginx_directive *d = upstream->first; d; d = d->next) {
        for (size_t i = 0; i < 3; i++) {
            if (!nginx_is(d, ways[i].name)) continue;
            balance = ways[i].balance;
            from = d;
            translated(im, d);
            bool usual = span_is(nginx_word(d, 1), SPAN("$request_uri")) || span_is(nginx_word(d, 1), SPAN("$uri"));
            if (i == 2 && !usual)
                left(im, d, "hash is of host name and path here");
        }
        if (nginx_is(d, "keepalive") || nginx_is(d, "zone") || nginx_is(d, "keepalive_timeout") ||
            nginx_is(d, "keepalive_requests"))
            unneeded(im, d);
    }
    if (balance) settings_set(s, joined(im, "%s.balance", prefix).p, joined(im, "\"%s\"", balance), from);
}

static size_t add_hosts(struct import *im, struct hosts *h, struct nginx_directive *block, const struct pass *pass,
                        const struct target *t, struct settings *s, bool by_file) {
    struct nginx_directive *upstream = upstream_of(im, t->authority);
    if (!upstream) {
        add_host(im, h, t->authority, block, pass, t, NULL, by_file);
        return h->count;
    }
    for (struct nginx_directive *d = next_named(upstream->first, "server"); d; d = next_named(d->next, "server")) {
        translated(im, d);
        add_host(im, h, nginx_word(d, 1), block, pass, t, d, by_file);
    }
    char prefix[16];
    snprintf(prefix, sizeof prefix, "%.*s", (int)strcspn(pass->key, "."), pass->key);
    upstream_settings(im, upstream, prefix, h->count, s);
    return h->count;
}

/* ---- proxy_pass ------------------------------------------------------------------------------- */

static struct target target_of(struct span text) {
    struct target t = {SPAN("http"), text, {NULL, 0}};
    size_t at = span_search(text, SPAN("://"));
    if (at == text.n) return t;
    t.scheme = span_upto(text, at);
    struct span rest = span_from(text, at + 3);
    if (span_starts(rest, SPAN("unix:"))) { /* http://unix:/path/of/socket:/uri */
        size_t colon = 5 + span_find(span_from(rest, 5), ':');
        t.authority = span_upto(rest, colon);
        if (colon < rest.n) t.uri = span_from(rest, colon + 1);
        return t;
    }
    size_t slash = span_find(rest, '/');
    t.authority = span_upto(rest, slash);
    if (slash < rest.n) t.uri = span_from(rest, slash);
    return t;
}

/* The path that a location stands for; of a named one, an if or a regular expression it is empty. */
static struct span prefix_of_location(const struct nginx_directive *block) {
    while (nginx_is(block, "if")) block = block->parent;
    if (!nginx_is(block, "location")) return SPAN("");
    if (block->count == 2) return nginx_word(block, 1).p[0] == '/' ? nginx_word(block, 1) : SPAN("");
    bool is_plain = span_is(nginx_word(block, 1), SPAN("=")) || span_is(nginx_word(block, 1), SPAN("^~"));
    return is_plain ? nginx_word(block, 2) : SPAN("");
}

/* location /api/ { rewrite ^/api/(.*)$ /$1 break; proxy_pass … } is a path with another name behind us. */
static bool path_of_break(struct import *im, const struct nginx_directive *block, struct span *from,
                          struct span *to) {
    struct nginx_directive *d = own(block, "rewrite");
    if (!d || d->count != 4 || !span_is(nginx_word(d, 3), SPAN("break"))) return false;
    struct span pattern = nginx_word(d, 1), by = nginx_word(d, 2);
    if (pattern.n && pattern.p[0] == '^') pattern = span_from(pattern, 1);
    if (span_ends(pattern, SPAN("$"))) pattern.n--;
    bool optional = span_ends(pattern, SPAN("/?(.*)"));
    if (!span_ends(pattern, SPAN("(.*)")) || !span_ends(by, SPAN("$1"))) return false;
    pattern.n -= optional ? 5 : 4;
    by.n -= 2;
    for (size_t i = 0; i < pattern.n; i++)
        if (memchr("\\.[](){}*+?|^$", pattern.p[i], 14)) return false;
    if (span_find(by, '$') < by.n) return false;
    *from = optional ? span_upto(pattern, pattern.n - 1) : pattern;
    *to = optional && span_ends(by, SPAN("/")) ? span_upto(by, by.n - 1) : by;
    if (to->n == 0 && from->n && from->p[from->n - 1] != '/') *to = SPAN("");
    translated(im, d);
    return true;
}

static void proxy_fields(struct import *im, struct nginx_directive *block, struct settings *s, bool *host_is_client) {
    static const struct {
        const char *field, *value;
    } known[] = {{"X-Forwarded-For", "$proxy_add_x_forwarded_for"}, {"X-Forwarded-Proto", "$scheme"},
                 {"X-Forwarded-Host", "$host"}, {"X-Forwarded-Host", "$http_host"}, {"Upgrade", "$http_upgrade"},
                 {"Connection", ""}, {"Connection", "upgrade"}, {"Connection", "Upgrade"},
                 {"Connection", "$connection_upgrade"}, {"Connection", "$http_connection"},
                 {"Proxy", ""}, {"Host", "$host"}, {"Host", "$http_host"}, {"Host", "$host:$server_port"}};
    const struct nginx_directive *level = level_of(block, "proxy_set_header");
    struct buf set = {0};
    const struct nginx_directive *from = NULL;
    for (struct nginx_directive *d = level ? next_named(level->first, "proxy_set_header") : NULL; d;
         d = next_named(d->next, "proxy_set_header")) {
        struct span field = nginx_word(d, 1), value = nginx_word(d, 2);
        size_t k = 0, rows = sizeof known / sizeof *known;
        for (; k < rows; k++)
            if (span_is_ci(field, span_of(known[k].field)) && span_is(value, span_of(known[k].value))) break;
        translated(im, d);
        if (span_is_ci(field, SPAN("Host"))) *host_is_client = k < rows;
        if (k < rows || span_is_ci(field, SPAN("Host"))) continue;
        if (span_find(value, '$') < value.n) {
            left(im, d, "fields for backends have no variables here; they get X-Forwarded-For, -Proto and -Host");
            continue;
        }
        buf_printf(&set, "%s%.*s => %.*s", set.n ? ", " : "", SPAN_ARG(quoted(im, field)),
                   SPAN_ARG(quoted(im, value)));
        if (!from) from = d;
    }
    if (set.n) settings_set(s, "setenv.set-request-header", joined(im, "( %.*s )", SPAN_ARG(buf_span(&set))), from);
    buf_done(&set);
}

/* What the backend gets as Host: nginx's default is the name in proxy_pass. */
static struct span host_for(struct import *im, const struct nginx_directive *block, const struct target *t) {
    const struct nginx_directive *level = level_of(block, "proxy_set_header");
    for (struct nginx_directive *d = level ? next_named(level->first, "proxy_set_header") : NULL; d;
         d = next_named(d->next, "proxy_set_header")) {
        if (!span_is_ci(nginx_word(d, 1), SPAN("Host"))) continue;
        struct span value = nginx_word(d, 2);
        if (span_is(value, SPAN("$proxy_host"))) break;
        if (span_find(value, '$') == value.n) return value;
        left(im, d, "Host has no variables here but $host and $http_host");
    }
    return span_starts(t->authority, SPAN("unix:")) ? SPAN("localhost") : joined(im, "%.*s", SPAN_ARG(t->authority));
}

static void proxy_header(struct import *im, struct nginx_directive *block, struct nginx_directive *d,
                         const struct target *t, struct settings *s) {
    struct buf out = {0};
    struct span from, to, prefix = prefix_of_location(block);
    bool host_is_client = false;
    proxy_fields(im, block, s, &host_is_client);
    if (!host_is_client)
        buf_printf(&out, "\"map-host-request\" => ( \"-\" => %.*s )", SPAN_ARG(quoted(im, host_for(im, block, t))));
    bool maps = path_of_break(im, block, &from, &to);
    if (!maps && t->uri.p) {
        from = prefix;
        to = t->uri;
        maps = !span_is(from, to);
        if (!prefix.n) left(im, d, "a URI in proxy_pass needs a location that is a prefix");
        maps = maps && prefix.n;
    }
    if (maps)
        buf_printf(&out, "%s\"map-urlpath\" => ( %.*s => %.*s )", out.n ? ",\n    " : "", SPAN_ARG(quoted(im, from)),
                   SPAN_ARG(quoted(im, to)));
    if (out.n) settings_set(s, "proxy.header", joined(im, "( %.*s )", SPAN_ARG(buf_span(&out))), d);
    buf_done(&out);
    struct nginx_directive *buffering = inherited(block, "proxy_buffering");
    if (buffering) unneeded(im, buffering); /* what comes is passed on at once */
}

/* ---- parameters of FastCGI and its kin -------------------------------------------------------- */

/* Those of the usual files of parameters are there by themselves. */
static bool is_usual_parameter(struct span name) {
    static const char *const usual[] = {
        "QUERY_STRING", "REQUEST_METHOD", "CONTENT_TYPE", "CONTENT_LENGTH", "SCRIPT_NAME", "SCRIPT_FILENAME",
        "REQUEST_URI", "DOCUMENT_URI", "DOCUMENT_ROOT", "SERVER_PROTOCOL", "REQUEST_SCHEME", "HTTPS",
        "GATEWAY_INTERFACE", "SERVER_SOFTWARE", "REMOTE_ADDR", "REMOTE_PORT", "REMOTE_USER", "SERVER_ADDR",
        "SERVER_PORT", "SERVER_NAME", "REDIRECT_STATUS", "PATH_INFO", "PATH_TRANSLATED", "HTTP_PROXY"};
    for (size_t i = 0; i < sizeof usual / sizeof *usual; i++)
        if (span_is(name, span_of(usual[i]))) return true;
    return false;
}

static void parameters(struct import *im, struct nginx_directive *block, const char *prefix, struct settings *s) {
    char name[32];
    struct buf set = {0};
    snprintf(name, sizeof name, "%s_param", prefix);
    const struct nginx_directive *level = level_of(block, name), *from = NULL;
    struct nginx_directive *d = level ? next_named(level->first, name) : NULL;
    for (; d; d = next_named(d->next, name)) {
        struct span key = nginx_word(d, 1), value = nginx_word(d, 2);
        bool has_variable = span_find(value, '$') < value.n;
        if (is_usual_parameter(key) && (has_variable || !span_is(key, SPAN("SCRIPT_FILENAME")))) {
            translated(im, d);
            continue;
        }
        translated(im, d);
        if (has_variable && span_starts(key, SPAN("HTTP_"))) continue; /* a field of the request */
        if (has_variable) {
            left(im, d, "variables of programs have no variables of ours (setenv.set-environment)");
            continue;
        }
        buf_printf(&set, "%s%.*s => %.*s", set.n ? ", " : "", SPAN_ARG(quoted(im, key)), SPAN_ARG(quoted(im, value)));
        if (!from) from = d;
    }
    if (set.n) settings_set(s, "setenv.set-environment", joined(im, "( %.*s )", SPAN_ARG(buf_span(&set))), from);
    buf_done(&set);
}

/* ---- blocks ----------------------------------------------------------------------------------- */

/* Adds to the rules of X.server that are there already. */
static void set_rule(struct import *im, struct settings *s, const struct pass *pass, struct span key, struct hosts *h,
                     const struct nginx_directive *from) {
    const struct setting *before = settings_find(s, span_of(pass->key));
    struct span has = joined(im, "%.*s => (", SPAN_ARG(quoted(im, key)));
    if (before && key.n && span_search(before->value, has) < before->value.n) return; /* an inner one */
    struct span rule = joined(im, "%.*s => (%s%.*s )", SPAN_ARG(quoted(im, key)), h->count > 1 ? "\n    " : " ",
                              SPAN_ARG(buf_span(&h->text)));
    if (before && before->value.n > 4 && key.n) { /* "( … )" */
        struct span inside = span_upto(span_from(before->value, 2), before->value.n - 4);
        settings_set(s, pass->key, joined(im, "( %.*s,\n    %.*s )", SPAN_ARG(inside), SPAN_ARG(rule)), from);
    } else {
        settings_set(s, pass->key, joined(im, "( %.*s )", SPAN_ARG(rule)), from);
    }
    if (span_is(span_of(pass->prefix), SPAN("uwsgi"))) settings_set(s, "scgi.protocol", SPAN("\"uwsgi\""), from);
}

/* ( \.php$ ) and its usual relatives. */
struct span suffix_of(struct import *im, const struct nginx_directive *location) {
    struct nginx_directive *d;
    const struct pass *pass = pass_of(location, &d);
    if (!pass || pass == &passes[0] || location->count != 3 || nginx_word(location, 1).p[0] != '~') return SPAN("");
    struct span regex = nginx_word(location, 2);
    static const char *const starts[] = {"^(.+?", "^(.+", "^.+?", "^.+", "[^/]", "^.*"};
    static const char *const ends[] = {"($|/)", "(/|$)", "(?:$|/)", "(?:/|$)", "(/.*)?$", ")(/.*)$", ")(/.+)$", "$"};
    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++)
        if (span_starts(regex, span_of(starts[i]))) regex = span_from(regex, strlen(starts[i]));
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (span_ends(regex, span_of(ends[i]))) {
            regex.n -= strlen(ends[i]);
            break;
        }
    if (!span_starts(regex, SPAN("\\."))) return SPAN("");
    for (size_t i = 2; i < regex.n; i++)
        if (!((ascii_lower(regex.p[i]) >= 'a' && ascii_lower(regex.p[i]) <= 'z') || ascii_is_digit(regex.p[i])))
            return SPAN("");
    return joined(im, ".%.*s", SPAN_ARG(span_from(regex, 2)));
}

/* A backend that is left out must not turn into files, which may be its programs. */
static void refuse_instead(struct import *im, struct nginx_directive *d, struct span ending, struct settings *s) {
    if (!ending.n) settings_set(s, "return.status", SPAN("503"), d);
    else settings_set(s, "static-file.exclude-extensions", joined(im, "( %.*s )", SPAN_ARG(quoted(im, ending))), d);
}

static void pass_to(struct import *im, struct nginx_directive *block, struct span key, bool by_file,
                    struct settings *s) {
    struct nginx_directive *d;
    const struct pass *pass = pass_of(block, &d);
    struct hosts h = {{NULL, 0, 0}, 0};
    struct target t = target_of(nginx_word(d, 1));
    if (pass != &passes[0]) t = (struct target){SPAN(""), nginx_word(d, 1), {NULL, 0}};
    translated(im, d);
    if (span_find(nginx_word(d, 1), '$') < nginx_word(d, 1).n)
        left(im, d, "a backend has no variables in its name: 503, and no files, here");
    else if (add_hosts(im, &h, block, pass, &t, s, by_file)) {
        set_rule(im, s, pass, key, &h, d);
        if (pass == &passes[0]) proxy_header(im, block, d, &t, s);
        else parameters(im, block, pass->prefix, s);
    }
    if (d->fate == NGINX_LEFT && !settings_find(s, span_of(pass->key))) refuse_instead(im, d, key, s);
    buf_done(&h.text);
}

/* Is the block below `location ^~`, or = with that ending, which \.php$ does not reach? */
static bool is_out_of_reach(const struct nginx_directive *block, struct span ending) {
    for (; block && !nginx_is(block, "server"); block = block->parent) {
        if (!nginx_is(block, "location") || block->count != 3) continue;
        if (span_is(nginx_word(block, 1), SPAN("^~"))) return true;
        if (span_is(nginx_word(block, 1), SPAN("=")) && span_ends(nginx_word(block, 2), ending)) return true;
    }
    return false;
}

static bool says_anywhere(const struct nginx_directive *block, const char *name) {
    for (const struct nginx_directive *d = block->first; d; d = d->next)
        if (nginx_is(d, name) || says_anywhere(d, name)) return true;
    return false;
}

/* What somebody else has to allow is not open because he cannot be asked. */
static void close_unasked(struct import *im, const struct nginx_directive *block, struct settings *s) {
    struct nginx_directive *d = inherited(block, "auth_request");
    if (!d || span_is(nginx_word(d, 1), SPAN("off"))) return;
    left(im, d, "nobody can be asked here: it is 403 for all");
    if (says_anywhere(im->http, "allow") || says_anywhere(im->http, "deny"))
        settings_set(s, "return.status", SPAN("403"), d);
    else settings_set(s, "url.access-deny", SPAN("( \"\" )"), d);
}

/* Programs for endings are known in the whole server: an index file, or a rewritten target, leads to them too. */
void gateway_settings(struct import *im, struct nginx_directive *block, struct settings *s) {
    struct nginx_directive *d;
    for (const struct nginx_directive *level = block; level && level != im->http; level = level->parent)
        for (d = next_named(level->first, "location"); d; d = next_named(d->next, "location")) {
            struct span ending = suffix_of(im, d);
            if (ending.n && (level == block || !is_out_of_reach(block, ending))) pass_to(im, d, ending, true, s);
        }
    if (pass_of(block, &d) && !suffix_of(im, block).n) pass_to(im, block, SPAN(""), false, s);
    if ((d = own(block, "grpc_pass")) || (d = own(block, "memcached_pass"))) refuse_instead(im, d, SPAN(""), s);
    close_unasked(im, block, s);
}
