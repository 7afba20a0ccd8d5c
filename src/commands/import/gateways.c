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

static const struct pass *pass_of(const struct nginx_directive *block, struct nginx_directive **d) {
    for (size_t i = 0; i < PASSES; i++)
        if ((*d = own(block, passes[i].name))) return &passes[i];
    return NULL;
}

/* ---- hosts ------------------------------------------------------------------------------------ */

struct nginx_directive *upstream_of(struct import *im, struct span name) {
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

struct target target_of(struct span text) {
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

/* What backends get by themselves, and what says nothing here. */
static bool is_sent_anyway(struct span field, struct span value) {
    static const struct {
        const char *field, *value;
    } known[] = {{"X-Forwarded-For", "$proxy_add_x_forwarded_for"}, {"X-Forwarded-Proto", "$scheme"},
                 {"X-Forwarded-Host", "$host"}, {"X-Forwarded-Host", "$http_host"},
                 {"X-Forwarded-Host", "$host:$server_port"}, {"Upgrade", "$http_upgrade"},
                 {"Connection", ""}, {"Connection", "upgrade"}, {"Connection", "close"},
                 {"Connection", "$http_connection"}, {"Proxy", ""}, {"Host", "$host"}, {"Host", "$http_host"},
                 {"Host", "$host:$server_port"}, {"Content-Length", ""}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (span_is_ci(field, span_of(known[i].field)) && span_is_ci(value, span_of(known[i].value))) return true;
    return false;
}

/* Fields that this server writes itself, whatever it is told. */
static bool is_ours(struct span field) {
    static const char *const names[] = {"X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "Connection",
                                        "Upgrade", "Content-Length"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (span_is_ci(field, span_of(names[i]))) return true;
    return false;
}

/* made - a list of fields, or variables of programs, that are made for each request */
struct made {
    struct buf text;
    const struct nginx_directive *from;
};

static void add_made(struct import *im, struct made *m, struct nginx_directive *d, struct span value) {
    struct span made, why;
    if (!expand_variables(im, d, value, IN_FIELD, &made, &why)) {
        left(im, d, "%.*s", SPAN_ARG(why));
        return;
    }
    buf_printf(&m->text, "%s%.*s => %.*s", m->text.n ? ", " : "", SPAN_ARG(quoted(im, nginx_word(d, 1))),
               SPAN_ARG(quoted(im, made)));
    if (!m->from) m->from = d;
}

static void set_made(struct import *im, struct settings *s, struct made *m, const char *key) {
    if (m->text.n) settings_set(s, key, joined(im, "( %.*s )", SPAN_ARG(buf_span(&m->text))), m->from);
    buf_done(&m->text);
}

static bool has_other_port(const struct nginx_directive *block) {
    while (block->parent && !nginx_is(block, "server")) block = block->parent;
    for (const struct nginx_directive *d = next_named(block->first, "listen"); d; d = next_named(d->next, "listen")) {
        struct span word = nginx_word(d, 1);
        size_t colon = span_find_last(word, ':');
        struct span port = colon < word.n ? span_from(word, colon + 1) : word;
        bool is_port = port.n && ascii_is_digit(port.p[0]) && span_find(port, '.') == port.n;
        if (is_port && !span_is(port, SPAN("80")) && !span_is(port, SPAN("443"))) return true;
    }
    return false;
}

static void proxy_field(struct import *im, struct nginx_directive *d, struct made *m, bool *host_is_client) {
    struct span field = nginx_word(d, 1), value = nginx_word(d, 2);
    bool is_host = span_is_ci(field, SPAN("Host")), is_known = is_sent_anyway(field, value);
    translated(im, d);
    if (is_host) *host_is_client = is_known;
    if (is_host && span_is(value, SPAN("$host")) && has_other_port(d->parent))
        note(im, d, "$host is sent with its port, where that is not the usual one");
    if (is_host || is_known) return;
    if (span_is_ci(field, SPAN("X-Forwarded-For")) && span_is(value, SPAN("$remote_addr")))
        add_made(im, m, d, SPAN("")); /* what the client says of it is gone; ours follows */
    else if (is_ours(field)) left(im, d, "backends get what this server knows of it");
    else add_made(im, m, d, value);
}

static void proxy_fields(struct import *im, struct nginx_directive *block, struct settings *s, bool *host_is_client) {
    const struct nginx_directive *level = level_of(block, "proxy_set_header");
    struct made m = {.from = NULL};
    for (struct nginx_directive *d = level ? next_named(level->first, "proxy_set_header") : NULL; d;
         d = next_named(d->next, "proxy_set_header"))
        proxy_field(im, d, &m, host_is_client);
    set_made(im, s, &m, "setenv.template-request-header");
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

/* Bodies of requests are collected first, as in nginx, unless that is switched off. */
static void request_buffering(struct import *im, struct nginx_directive *block, const char *prefix,
                              struct settings *s) {
    char name[40];
    snprintf(name, sizeof name, "%s_request_buffering", prefix);
    struct nginx_directive *d = inherited(block, name);
    if (d) translated(im, d);
    if (d && span_is(nginx_word(d, 1), SPAN("off"))) settings_set(s, "server.stream-request-body", SPAN("2"), d);
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
    request_buffering(im, block, "proxy", s);
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

/* … but for those that say something else than what is so. */
static bool is_told_otherwise(struct span name, struct span value) {
    static const char *const names[] = {"HTTPS", "SERVER_NAME", "SERVER_PORT", "REMOTE_USER", "REMOTE_ADDR"};
    if (span_is(name, SPAN("SCRIPT_FILENAME"))) return true;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (span_is(name, span_of(names[i]))) return value.n > 0;
    return false;
}

static void parameters(struct import *im, struct nginx_directive *block, const char *prefix, struct settings *s) {
    char name[32];
    struct made m = {.from = NULL};
    snprintf(name, sizeof name, "%s_param", prefix);
    const struct nginx_directive *level = level_of(block, name);
    struct nginx_directive *d = level ? next_named(level->first, name) : NULL;
    for (; d; d = next_named(d->next, name)) {
        struct span key = nginx_word(d, 1), value = nginx_word(d, 2);
        bool has_variable = span_find(value, '$') < value.n;
        translated(im, d);
        if (is_usual_parameter(key) && (has_variable || !is_told_otherwise(key, value))) continue;
        add_made(im, &m, d, value);
    }
    set_made(im, s, &m, "setenv.template-environment");
    request_buffering(im, block, prefix, s);
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
    forward_settings(im, block, s);
}
