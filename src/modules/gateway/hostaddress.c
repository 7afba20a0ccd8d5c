/* hostaddress.c - where a host is and how it is spoken to: "https://app.example:8443", addresses, sockets, TLS */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <stddef.h>
#include <stdio.h>
#include <sys/un.h>

#include "base/number.h"
#include "modules/gateway/hostoptions.h"
#include "net/connect.h"
#include "tls/client.h"

enum { SOCKET_PATH_MAX = sizeof(((struct sockaddr_un *)0)->sun_path) - 1, NAME_MAX_BYTES = 253 };

static const struct {
    struct span name;
    uint16_t port;
    bool has_tls;
} schemes[] = {
    [SCHEME_HTTP] = {SPAN_INIT("http"), 80, false},
    [SCHEME_HTTPS] = {SPAN_INIT("https"), 443, true},
    [SCHEME_H2C] = {SPAN_INIT("h2c"), 80, false},
    [SCHEME_H2] = {SPAN_INIT("h2"), 443, true},
};

static bool read_scheme(struct host_text *t, struct span name, const char *option) {
    if (!t->kind->has_schemes)
        return host_refuse(t, option, "write the name or the address alone, and \"port\" => ...",
                           "a URL has no meaning there");
    for (uint8_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
        if (!span_is_ci(name, schemes[i].name)) continue;
        t->meant.scheme = i;
        return true;
    }
    return host_refuse(t, option, "\"http\", \"https\", \"h2c\" (HTTP/2 without TLS) and \"h2\" (with TLS) are known",
                       "\"%.*s\" is no scheme for a host", SPAN_ARG(name));
}

/* Takes ":port" off, from "name:80" and "[::1]:80", not from "::1". */
static bool split_port(struct host_text *t) {
    size_t colon = span_find_last(t->host, ':');
    bool has_bracket = t->host.n && t->host.p[0] == '[';
    bool has_port = has_bracket ? colon > 0 && colon < t->host.n && t->host.p[colon - 1] == ']'
                                : colon < t->host.n && colon == span_find(t->host, ':');
    uint64_t port = 0;
    if (has_port) {
        if (!number_parse(span_from(t->host, colon + 1), 65535, &port) || port == 0)
            return host_refuse(t, "host", NULL, "\"%.*s\" does not end in a port from 1 to 65535", SPAN_ARG(t->host));
        if (t->port && t->port != port)
            return host_refuse(t, "port", "write it once", "host says port %u, port says %u", (unsigned)port,
                               (unsigned)t->port);
        t->port = (uint32_t)port;
        t->host.n = colon;
    }
    if (has_bracket && t->host.n > 2 && t->host.p[t->host.n - 1] == ']')
        t->host = (struct span){t->host.p + 1, t->host.n - 2};
    return true;
}

static bool is_name_byte(char c) {
    char lower = ascii_lower(c);
    return (lower >= 'a' && lower <= 'z') || ascii_is_digit(c) || c == '-' || c == '.' || c == '_';
}

static bool check_name(struct host_text *t) {
    struct addr_room room;
    if (addr_of_literal(t->host, 1, &room)) return true;
    bool is_scoped = span_find(t->host, '%') < t->host.n && span_find(t->host, ':') < t->host.n; /* fe80::1%eth0 */
    bool ok = t->host.n && t->host.n <= NAME_MAX_BYTES;
    for (size_t i = 0; ok && i < t->host.n; i++)
        ok = is_name_byte(t->host.p[i]) || (is_scoped && (t->host.p[i] == ':' || t->host.p[i] == '%'));
    if (ok) return true;
    return host_refuse(t, "host", "proxy.header changes paths (\"map-urlpath\"); \"socket\" is for unix sockets",
                       "\"%.*s\" is neither a name nor an address", SPAN_ARG(t->host));
}

static bool read_host(struct host_text *t) {
    size_t colon = span_search(t->host, SPAN("://"));
    if (colon < t->host.n) {
        if (!read_scheme(t, span_upto(t->host, colon), "host")) return false;
        t->host = span_from(t->host, colon + 3);
        if (t->host.n && span_find(t->host, '/') == t->host.n - 1) t->host.n--;
        if (span_find(t->host, '/') < t->host.n)
            return host_refuse(t, "host", "proxy.header changes paths (\"map-urlpath\")",
                               "the URL of a host has no path");
    }
    return split_port(t) && check_name(t);
}

static bool check_socket(const struct host_text *t) {
    size_t longest = SOCKET_PATH_MAX - (t->bin_path.n ? 5 : 0); /* "-1023" */
    if (t->socket.p[0] != '/')
        return host_refuse(t, host_has(t, "socket") ? "socket" : "host", NULL,
                           "\"%.*s\" is no path from the root (\"/...\")", SPAN_ARG(t->socket));
    if (t->socket.n <= longest) return true;
    return host_refuse(t, host_has(t, "socket") ? "socket" : "host", "put the socket into a directory like /run",
                       "the path has %zu bytes, a unix socket's has at most %zu", t->socket.n, longest);
}

static bool read_port(struct host_text *t) {
    uint16_t usual = schemes[t->meant.scheme].has_tls ? schemes[t->meant.scheme].port : t->kind->default_port;
    if (t->port == 0) t->port = usual;
    if (t->port == 0)
        return host_refuse(t, NULL, "write \"port\" => 9000 (or another) beside host", "the host has no port");
    if (t->port + host_copies(t) - 1 > 65535)
        return host_refuse(t, "port", NULL, "port %u and %u processes: there are ports up to 65535",
                           (unsigned)t->port, (unsigned)host_copies(t));
    t->meant.port = (uint16_t)t->port;
    t->meant.host = t->host;
    return true;
}

bool host_find_address(struct host_text *t) {
    bool in_host = t->socket.n == 0 && (span_starts(t->host, SPAN("/")) || span_starts(t->host, SPAN("unix:")));
    if (t->scheme.n && !read_scheme(t, t->scheme, "scheme")) return false;
    if (in_host) {
        t->socket = span_from(t->host, t->host.p[0] == '/' ? 0 : 5);
        t->host = SPAN("");
    }
    if (t->host.n && !read_host(t)) return false;
    if (t->socket.n) {
        if (t->host.n) host_warn(t, "host", NULL, "host has no effect beside socket");
        t->meant.socket = t->socket;
        return check_socket(t);
    }
    if (t->host.n == 0 && t->bin_path.n && t->port) t->host = SPAN("127.0.0.1");
    if (t->host.n) return read_port(t);
    if (t->bin_path.n)
        return host_refuse(t, "bin-path", "write \"socket\" => \"/run/goldcrest/app.socket\"",
                           "the program needs a socket (or a port) to listen on");
    return host_refuse(t, NULL, "write \"host\" => \"127.0.0.1\", \"port\" => ..., or \"socket\" => \"/...\"",
                       "it is not said where the host is");
}

/* ---- names ----------------------------------------------------------------------------------------------------- */

static struct span authority_of(const struct host_text *t, const struct gateway_host *h) {
    bool v6 = span_find(h->host, ':') < h->host.n;
    if (h->socket.n) return t->tls_name.n ? t->tls_name : SPAN("localhost");
    const char *format = v6 ? "[%.*s]" : "%.*s";
    struct span host = arena_printf(t->arena, format, SPAN_ARG(h->host));
    return h->port == schemes[h->scheme].port ? host : arena_printf(t->arena, "%.*s:%u", SPAN_ARG(host), h->port);
}

static struct span address_of(const struct host_text *t, const struct gateway_host *h) {
    if (h->socket.n) return h->socket;
    bool v6 = span_find(h->host, ':') < h->host.n;
    return arena_printf(t->arena, v6 ? "[%.*s]:%u" : "%.*s:%u", SPAN_ARG(h->host), h->port);
}

void host_name(const struct host_text *t, struct gateway_host *h) {
    struct span address = address_of(t, h);
    struct span protocol = t->kind->codec ? span_of(t->kind->codec->name) : span_of(t->kind->directive);
    h->authority = authority_of(t, h);
    h->label = t->label.n ? t->label : address;
    /* The address stands last: the backend's name is the end of this. */
    h->identity = arena_printf(t->arena, "%.*s\n%.*s\n%u\n", SPAN_ARG(protocol), SPAN_ARG(schemes[h->scheme].name),
                               (unsigned)h->proxy_protocol);
    if (schemes[h->scheme].has_tls)
        h->identity = arena_printf(t->arena, "%.*s%d\n%.*s\n%.*s\n%.*s\n%.*s\n", SPAN_ARG(h->identity), t->tls_verify,
                                   SPAN_ARG(t->tls_name), SPAN_ARG(t->tls_ca_file), SPAN_ARG(t->tls_cert_file),
                                   SPAN_ARG(t->tls_key_file));
    h->identity = arena_join(t->arena, h->identity, address);
}

/* ---- TLS ------------------------------------------------------------------------------------------------------- */

static void warn_of_plain(const struct host_text *t) {
    static const char *const names[] = {"tls-verify", "tls-ca-file", "tls-name", "tls-cert-file", "tls-key-file"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        host_warn(t, names[i], "write \"scheme\" => \"https\"", "%s has no effect without TLS", names[i]);
}

bool host_open_tls(struct host_text *t) {
    struct gateway_host *h = &t->meant;
    if (!schemes[h->scheme].has_tls) {
        if (t->kind->has_schemes) warn_of_plain(t);
        return true;
    }
    struct tls_client_options o = {
        .verify = t->tls_verify, .h2 = h->scheme == SCHEME_H2, .name = t->tls_name.n ? t->tls_name : h->host,
        .ca_file = t->tls_ca_file, .cert_file = t->tls_cert_file, .key_file = t->tls_key_file};
    if (o.verify && o.name.n == 0)
        return host_refuse(t, "socket", "write \"tls-name\" => \"app.example\"",
                           "it is not said which name the certificate of the host must have");
    if (!o.verify)
        host_warn(t, "tls-verify", "\"tls-ca-file\" names the certificate to trust, also one that signs itself",
                  "anybody in between can read and change what is said to this host");
    h->tls = tls_client_make(&o, complaints_inputs(t->complaints), t->options->place, t->complaints);
    return h->tls != NULL;
}
