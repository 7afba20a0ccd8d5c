/* servers.c - listen and server_name: sockets, and which server is for which host */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "commands/import/import.h"


/* socket - an address that servers listen on, in the order of their appearance */
struct listening {
    struct span name; /* "0.0.0.0:80", "[::]:80", "/run/www.sock" */
    bool is_tls;
    struct nginx_directive **servers; /* the default one first */
    size_t count, cap;
    const struct nginx_directive *from;
};

struct sockets {
    struct listening *list;
    size_t count, cap;
};

/* ---- listen ----------------------------------------------------------------------------------- */

static struct span socket_name(struct import *im, struct span word) {
    if (span_starts(word, SPAN("unix:"))) return span_from(word, 5);
    size_t colon = span_find_last(word, ':'), bracket = span_find_last(word, ']'), digits = 0;
    while (digits < word.n && ascii_is_digit(word.p[digits])) digits++;
    if (digits == word.n && word.n) return joined(im, "0.0.0.0:%.*s", SPAN_ARG(word));
    bool has_port = colon < word.n && (bracket == word.n || colon > bracket);
    struct span host = has_port ? span_upto(word, colon) : word;
    if (span_is(host, SPAN("*"))) host = SPAN("0.0.0.0");
    if (span_is_ci(host, SPAN("localhost"))) host = SPAN("127.0.0.1");
    return joined(im, "%.*s:%.*s", SPAN_ARG(host), SPAN_ARG(has_port ? span_from(word, colon + 1) : SPAN("80")));
}

static struct listening *socket_for(struct sockets *all, struct span name) {
    for (size_t i = 0; i < all->count; i++)
        if (span_is(all->list[i].name, name)) return &all->list[i];
    all->list = memory_grow(all->list, &all->cap, all->count + 1, sizeof *all->list);
    struct listening *s = &all->list[all->count++];
    memset(s, 0, sizeof *s);
    s->name = name;
    return s;
}

static bool listens(const struct listening *s, const struct nginx_directive *server) {
    for (size_t i = 0; i < s->count; i++)
        if (s->servers[i] == server) return true;
    return false;
}

static void add_server(struct listening *s, struct nginx_directive *server, bool is_default) {
    if (listens(s, server)) return;
    s->servers = memory_grow(s->servers, &s->cap, s->count + 1, sizeof(struct nginx_directive *));
    s->servers[s->count++] = server;
    if (!is_default) return;
    for (size_t i = s->count - 1; i > 0; i--) s->servers[i] = s->servers[i - 1];
    s->servers[0] = server;
}

static bool has_word(const struct nginx_directive *d, const char *word) {
    for (size_t i = 2; i < d->count; i++)
        if (span_is(d->words[i], span_of(word))) return true;
    return false;
}

static void listen_on(struct import *im, struct sockets *all, struct nginx_directive *server,
                      struct nginx_directive *d) {
    struct listening *s = socket_for(all, d ? socket_name(im, nginx_word(d, 1)) : SPAN("0.0.0.0:80"));
    struct nginx_directive *ssl = own(server, "ssl");
    if (!s->from) s->from = d;
    if (ssl) translated(im, ssl);
    s->is_tls |= (d && has_word(d, "ssl")) || (ssl && span_is(nginx_word(ssl, 1), SPAN("on")));
    add_server(s, server, d && (has_word(d, "default_server") || has_word(d, "default")));
    if (!d) return;
    translated(im, d);
    const struct nginx_directive *header = inherited(server, "real_ip_header");
    bool believes = header && span_is(nginx_word(header, 1), SPAN("proxy_protocol"));
    if (has_word(d, "proxy_protocol") && !believes)
        left(im, d, "whose PROXY lines are believed has to be said: extforward.forwarder, extforward.hap-PROXY");
    if (has_word(d, "quic")) left(im, d, "there is no HTTP/3");
}

static void find_sockets(struct import *im, struct sockets *all) {
    struct nginx_directive *http = im->http, *d;
    for (struct nginx_directive *s = next_named(http->first, "server"); s; s = next_named(s->next, "server")) {
        translated(im, s);
        if (!own(s, "listen")) listen_on(im, all, s, NULL);
        for (d = next_named(s->first, "listen"); d; d = next_named(d->next, "listen")) listen_on(im, all, s, d);
    }
}

/* ---- names ------------------------------------------------------------------------------------ */

enum name_kind { NAME_EXACT, NAME_ENDS, NAME_STARTS, NAME_REGEX };

/* name - of a server, in the order in which nginx looks them up */
struct name {
    enum name_kind kind;
    struct span text;
    struct nginx_directive *server, *from;
    bool gone;
};

struct names {
    struct name *list;
    size_t count, cap;
};

static void add_name(struct names *all, struct name n) {
    all->list = memory_grow(all->list, &all->cap, all->count + 1, sizeof *all->list);
    size_t at = all->count++;
    for (; at > 0; at--) {
        const struct name *before = &all->list[at - 1];
        bool by_length = n.kind == NAME_ENDS || n.kind == NAME_STARTS;
        bool longer = n.kind == before->kind && by_length && n.text.n > before->text.n;
        if (n.kind >= before->kind && !longer) break;
        all->list[at] = *before;
    }
    all->list[at] = n;
}

static void add_names(struct import *im, struct names *all, struct nginx_directive *server) {
    struct nginx_directive *d = next_named(server->first, "server_name");
    for (; d; d = next_named(d->next, "server_name")) {
        translated(im, d);
        for (size_t i = 1; i < d->count; i++) {
            struct span word = d->words[i];
            struct name n = {NAME_EXACT, word, server, d, false};
            if (word.n && word.p[0] == '~') n.kind = NAME_REGEX, n.text = span_from(word, 1);
            else if (span_starts(word, SPAN("*."))) n.kind = NAME_ENDS, n.text = span_from(word, 1);
            else if (span_ends(word, SPAN(".*"))) n.kind = NAME_STARTS, n.text = span_upto(word, word.n - 1);
            else if (word.n && word.p[0] == '.') {
                n.text = span_from(word, 1);
                add_name(all, n);
                n = (struct name){NAME_ENDS, word, server, d, false};
            }
            add_name(all, n);
        }
    }
}

/* Might both be right for one host? Of patterns that is not known. */
static bool overlap(const struct name *exact, const struct name *other) {
    if (exact->kind != NAME_EXACT) return true;
    switch (other->kind) {
    case NAME_EXACT: return span_is_ci(exact->text, other->text);
    case NAME_ENDS: return span_ends_ci(exact->text, other->text);
    case NAME_STARTS: return span_starts_ci(exact->text, other->text);
    case NAME_REGEX: break;
    }
    return true;
}

/* Names of a server gather where its last one stands, if nobody in between could be meant as well; those of the
 * default server are not needed where nobody else could be. */
static void gather(struct names *all, const struct nginx_directive *otherwise) {
    for (size_t i = all->count; i-- > 0;) {
        struct name n = all->list[i];
        size_t at = i + 1, last = i;
        bool free_way = true;
        for (; at < all->count && free_way; at++) {
            if (all->list[at].server == n.server) last = at;
            else free_way = !overlap(&n, &all->list[at]);
        }
        if (free_way && n.server == otherwise) last = all->count - 1;
        for (size_t k = i; k < last; k++) all->list[k] = all->list[k + 1];
        all->list[last] = n;
    }
    while (all->count && all->list[all->count - 1].server == otherwise) all->count--;
}

static void add_literal(struct buf *out, struct span text) {
    for (size_t i = 0; i < text.n; i++) {
        if (memchr("\\.[](){}*+?|^$", text.p[i], 14)) buf_add_char(out, '\\');
        buf_add_char(out, ascii_lower(text.p[i]));
    }
}

static void add_name_pattern(struct buf *out, const struct name *n) {
    struct span text = n->text;
    switch (n->kind) {
    case NAME_EXACT:
        buf_add_char(out, '^');
        add_literal(out, text);
        buf_add_text(out, "(?::\\d+)?$");
        break;
    case NAME_ENDS:
        add_literal(out, text);
        buf_add_text(out, "(?::\\d+)?$");
        break;
    case NAME_STARTS:
        buf_add_char(out, '^');
        add_literal(out, text);
        break;
    case NAME_REGEX:
        buf_add_text(out, "(?i)");
        bool ends = span_ends(text, SPAN("$")) && !span_ends(text, SPAN("\\$"));
        buf_add(out, ends ? span_upto(text, text.n - 1) : text);
        if (ends) buf_add_text(out, "(?::\\d+)?$");
    }
}

/* Of names in a row that belong to one server. */
static struct span condition_of_names(struct import *im, const struct name *names, size_t count) {
    if (count == 1 && names->kind == NAME_EXACT)
        return joined(im, "$HTTP[\"host\"] == %.*s", SPAN_ARG(quoted(im, names->text)));
    struct buf pattern = {0};
    for (size_t i = 0; i < count; i++) {
        if (i) buf_add_char(&pattern, '|');
        add_name_pattern(&pattern, &names[i]);
    }
    struct span condition = joined(im, "$HTTP[\"host\"] =~ %.*s", SPAN_ARG(quoted(im, buf_span(&pattern))));
    buf_done(&pattern);
    return condition;
}

/* ---- writing ---------------------------------------------------------------------------------- */

/* What programs and logs call it: the first name, if that is one. */
static void name_server(struct import *im, struct nginx_directive *server, struct settings *s) {
    struct nginx_directive *d = own(server, "server_name");
    struct span name = d ? nginx_word(d, 1) : SPAN("");
    bool is_name = name.n > 1 && name.p[0] != '~' && span_find(name, '*') == name.n && name.p[0] != '.' &&
                   span_find(name, '$') == name.n;
    if (is_name) settings_set(s, "server.name", quoted(im, name), d);
}

static void write_server(struct import *im, struct nginx_directive *server, const struct settings *around) {
    struct settings s = {NULL, 0, 0};
    settings_of(im, server, &s);
    name_server(im, server, &s);
    write_settings(im, &s, around);
    write_maps(im, server, &s);
    write_inside(im, server, &s);
    settings_done(&s);
}

static void write_hosts(struct import *im, const struct listening *socket) {
    struct names names = {NULL, 0, 0};
    bool open = false;
    for (size_t i = 0; i < socket->count; i++) add_names(im, &names, socket->servers[i]);
    gather(&names, socket->servers[0]);
    for (size_t i = 0, n; i < names.count; i += n) {
        n = 1;
        while (i + n < names.count && names.list[i + n].server == names.list[i].server) n++;
        struct span condition = condition_of_names(im, &names.list[i], n);
        if (open) write_close(im, true);
        write_open(im, open, condition.p, names.list[i].from);
        write_server(im, names.list[i].server, &im->global);
        open = true;
    }
    if (open) write_close(im, true);
    if (open) write_open(im, true, "", socket->servers[0]);
    write_server(im, socket->servers[0], &im->global);
    if (open) write_close(im, false);
    free(names.list);
}

static bool same_servers(const struct listening *a, const struct listening *b) {
    return a->count == b->count && memcmp(a->servers, b->servers, a->count * sizeof *a->servers) == 0;
}

static void add_pattern_of(struct buf *out, struct span name) {
    buf_add_text(out, out->n ? "|^" : "^");
    add_literal(out, name);
    buf_add_char(out, '$');
}

/* Sockets with the same servers share a block. */
static struct span condition_of_sockets(struct import *im, const struct sockets *all, size_t first) {
    struct buf pattern = {0};
    size_t count = 0;
    for (size_t i = first; i < all->count; i++) {
        if (!same_servers(&all->list[i], &all->list[first])) continue;
        add_pattern_of(&pattern, all->list[i].name);
        count++;
    }
    struct span condition = SPAN("");
    if (count == 1)
        condition = joined(im, "$SERVER[\"socket\"] == %.*s", SPAN_ARG(quoted(im, all->list[first].name)));
    else if (count < all->count)
        condition = joined(im, "$SERVER[\"socket\"] =~ %.*s", SPAN_ARG(quoted(im, buf_span(&pattern))));
    buf_done(&pattern);
    return all->count == 1 ? SPAN("") : condition;
}

static void write_groups(struct import *im, const struct sockets *all) {
    for (size_t i = 0; i < all->count; i++) {
        size_t before = 0;
        while (before < i && !same_servers(&all->list[before], &all->list[i])) before++;
        if (before < i) continue;
        struct span condition = condition_of_sockets(im, all, i);
        buf_add_char(&im->out, '\n');
        if (condition.n) write_open(im, false, condition.p, all->list[i].from);
        write_hosts(im, &all->list[i]);
        if (condition.n) write_close(im, false);
    }
}

/* ---- TLS of a socket -------------------------------------------------------------------------- */

static struct span protocols_of(const struct nginx_directive *d) {
    static const char *const versions[] = {"TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"};
    size_t low = 4, high = 0;
    for (size_t i = 1; i < d->count; i++)
        for (size_t v = 0; v < 4; v++)
            if (span_is(d->words[i], span_of(versions[v]))) {
                low = v < low ? v : low;
                high = v > high ? v : high;
            }
    static char text[80];
    int n = snprintf(text, sizeof text, "\"MinProtocol\" => \"%s\"", versions[low < 4 ? low : 2]);
    if (low < 4 && high < 3)
        n += snprintf(text + n, sizeof text - (size_t)n, ", \"MaxProtocol\" => \"%s\"", versions[high]);
    return (struct span){text, (size_t)n};
}

static void add_command(struct import *im, struct buf *out, struct nginx_directive *d, const char *name) {
    if (!d) return;
    translated(im, d);
    bool is_file = span_is(span_of(name), SPAN("DHParameters"));
    struct span value = is_file ? beside_main(im, nginx_word(d, 1)) : nginx_word(d, 1);
    if (span_is(value, SPAN("auto"))) return;
    buf_printf(out, "%s\"%s\" => %.*s", out->n ? ", " : "", name, SPAN_ARG(quoted(im, value)));
}

static void write_tls(struct import *im, const struct nginx_directive *server) {
    struct buf commands = {0};
    struct nginx_directive *d = inherited(server, "ssl_protocols");
    if (d) translated(im, d);
    if (d) buf_add(&commands, protocols_of(d));
    add_command(im, &commands, inherited(server, "ssl_ciphers"), "CipherString");
    add_command(im, &commands, inherited(server, "ssl_ecdh_curve"), "Groups");
    add_command(im, &commands, inherited(server, "ssl_dhparam"), "DHParameters");
    struct nginx_directive *prefer = inherited(server, "ssl_prefer_server_ciphers");
    if (prefer) translated(im, prefer);
    if (prefer)
        buf_printf(&commands, "%s\"Options\" => \"%sServerPreference\"", commands.n ? ", " : "",
                   span_is(nginx_word(prefer, 1), SPAN("on")) ? "" : "-");
    write_line(im, NULL, "ssl.engine = \"enable\"");
    if (commands.n) write_line(im, d, "ssl.openssl.ssl-conf-cmd = ( %.*s )", SPAN_ARG(buf_span(&commands)));
    buf_done(&commands);
}

/* The first one is server.bind; each is told what it speaks. */
static void write_sockets(struct import *im, const struct sockets *all) {
    for (size_t i = 0; i < all->count; i++) {
        const struct listening *s = &all->list[i];
        size_t colon = span_find_last(s->name, ':');
        bool is_path = s->name.n && s->name.p[0] == '/';
        if (i == 0 && is_path) write_line(im, s->from, "server.bind = %.*s", SPAN_ARG(quoted(im, s->name)));
        else if (i == 0) {
            write_line(im, s->from, "server.bind = %.*s", SPAN_ARG(quoted(im, span_upto(s->name, colon))));
            write_line(im, s->from, "server.port = %.*s", SPAN_ARG(span_from(s->name, colon + 1)));
        }
        if (i == 0 && !s->is_tls) continue;
        struct span condition = joined(im, "$SERVER[\"socket\"] == %.*s", SPAN_ARG(quoted(im, s->name)));
        if (!s->is_tls) {
            write_line(im, s->from, "%.*s { }", SPAN_ARG(condition));
            continue;
        }
        write_open(im, false, condition.p, s->from);
        write_tls(im, s->servers[0]);
        write_close(im, false);
    }
}

/* A host without a certificate of its own must not keep the default's from being there: TLS needs one. */
static void write_certificate(struct import *im, const struct sockets *all) {
    for (size_t i = 0; i < all->count; i++) {
        if (!all->list[i].is_tls) continue;
        struct nginx_directive *file = inherited(all->list[i].servers[0], "ssl_certificate");
        struct nginx_directive *key = inherited(all->list[i].servers[0], "ssl_certificate_key");
        if (!file) continue;
        settings_set(&im->global, "ssl.pemfile", quoted(im, beside_main(im, nginx_word(file, 1))), file);
        if (key) settings_set(&im->global, "ssl.privkey", quoted(im, beside_main(im, nginx_word(key, 1))), key);
        return;
    }
}

/* The only one there is needs no conditions: what it says is said for all. */
static void merge_single(struct import *im, const struct sockets *all) {
    struct nginx_directive *only = all->count ? all->list[0].servers[0] : NULL;
    for (size_t i = 0; i < all->count; i++)
        if (all->list[i].count != 1 || all->list[i].servers[0] != only) return;
    if (!only) return;
    struct settings s = {NULL, 0, 0};
    const struct setting *root = settings_find(&im->global, SPAN("server.document-root"));
    if (root && !inherited(only, "root")) settings_set(&s, "server.document-root", root->value, root->from);
    settings_of(im, only, &s);
    name_server(im, only, &s);
    settings_done(&im->global);
    im->global = s;
}

void write_servers(struct import *im) {
    struct sockets all = {NULL, 0, 0};
    struct settings none = {NULL, 0, 0};
    find_sockets(im, &all);
    merge_single(im, &all);
    write_certificate(im, &all);
    write_settings(im, &im->global, &none);
    buf_add_char(&im->out, '\n');
    write_sockets(im, &all);
    write_groups(im, &all);
    for (size_t i = 0; i < all.count; i++) free(all.list[i].servers);
    free(all.list);
}
