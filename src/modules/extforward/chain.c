/* chain.c - the way of a request as proxies have written it down */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "modules/extforward/chain.h"

#include <arpa/inet.h>

#include "base/number.h"
#include "http/names.h"

/* ---- lists ------------------------------------------------------------------------------------ */

static struct hop *next_hop(struct chain *chain) {
    if (chain->count == HOPS_MAX) { /* the older half is forgotten: seldom, and never one by one */
        chain->count = HOPS_MAX / 2;
        memcpy(chain->hops, chain->hops + HOPS_MAX / 2, HOPS_MAX / 2 * sizeof *chain->hops);
    }
    struct hop *hop = &chain->hops[chain->count++];
    *hop = (struct hop){0};
    return hop;
}

/* Where the last HOPS_MAX elements begin. */
static struct span last_elements(struct span value) {
    unsigned commas = 0;
    for (size_t i = value.n; i > 0; i--)
        if (value.p[i - 1] == ',' && ++commas == HOPS_MAX) return span_from(value, i);
    return value;
}

void chain_of_list(struct chain *chain, struct span value) {
    struct span rest = last_elements(value), element;
    chain->count = 0;
    while (span_next(&rest, ',', &element)) {
        element = span_trim(element);
        if (element.n) next_hop(chain)->node = element;
    }
}

/* ---- RFC 7239 4: for=192.0.2.60;proto=http, for="[2001:db8:cafe::17]:4711" -------------------- */

static void skip_blanks(struct span *rest) {
    while (rest->n && (rest->p[0] == ' ' || rest->p[0] == '\t')) *rest = span_from(*rest, 1);
}

static bool take_token(struct span *rest, struct span *token) {
    size_t n = 0;
    while (n < rest->n && char_class[(unsigned char)rest->p[n]] & CHAR_TOKEN) n++;
    *token = span_upto(*rest, n);
    *rest = span_from(*rest, n);
    return n > 0;
}

/* A quoted-string (RFC 9110 5.6.4), of which *rest begins with the quote. */
static bool take_quoted(struct span *rest, struct span *value, struct arena *a) {
    size_t end = 1, n = 0;
    while (end < rest->n && rest->p[end] != '"') end += rest->p[end] == '\\' ? 2 : 1;
    if (end >= rest->n) return false;
    char *out = arena_bytes(a, end);
    for (size_t i = 1; i < end; i++) {
        if (rest->p[i] == '\\') i++;
        if (!(char_class[(unsigned char)rest->p[i]] & CHAR_FIELD)) return false;
        out[n++] = rest->p[i];
    }
    *value = (struct span){out, n};
    *rest = span_from(*rest, end + 1);
    return true;
}

/* Values with ":" or "[" ought to be quoted, but many send them as they are. */
static bool take_value(struct span *rest, struct span *value, struct arena *a) {
    size_t n = 0;
    if (rest->n && rest->p[0] == '"') return take_quoted(rest, value, a);
    while (n < rest->n && (unsigned char)rest->p[n] > ' ' && !strchr(";,\"", rest->p[n])) n++;
    *value = span_upto(*rest, n);
    *rest = span_from(*rest, n);
    return n > 0;
}

static void set_parameter(struct hop *hop, struct span name, struct span value) {
    if (span_is_ci(name, SPAN("for"))) hop->node = value;
    else if (span_is_ci(name, SPAN("proto"))) hop->proto = value;
    else if (span_is_ci(name, SPAN("host"))) hop->host = value;
    else if (span_is_ci(name, SPAN("remote_user"))) hop->user = value;
}

bool chain_of_forwarded(struct chain *chain, struct span rest, struct arena *a) {
    struct hop *hop = NULL;
    struct span name, value;
    chain->count = 0;
    for (;;) {
        skip_blanks(&rest);
        if (rest.n == 0) return true;
        if (rest.p[0] == ',' || rest.p[0] == ';') { /* empty elements and parameters are allowed */
            if (rest.p[0] == ',') hop = NULL;
            rest = span_from(rest, 1);
            continue;
        }
        if (!take_token(&rest, &name) || rest.n == 0 || rest.p[0] != '=') return false;
        rest = span_from(rest, 1);
        if (!take_value(&rest, &value, a)) return false;
        if (!hop) hop = next_hop(chain);
        set_parameter(hop, name, value);
        skip_blanks(&rest);
        if (rest.n && rest.p[0] != ',' && rest.p[0] != ';') return false;
    }
}

/* ---- nodes (RFC 7239 6) ----------------------------------------------------------------------- */

static bool is_port(struct span text) {
    uint64_t port;
    return text.n == 0 || (text.p[0] == ':' && number_parse(span_from(text, 1), 65535, &port));
}

static bool literal(struct span text, int family, struct addr *addr) {
    char name[INET6_ADDRSTRLEN];
    if (text.n == 0 || text.n >= sizeof name || memchr(text.p, '\0', text.n)) return false;
    memcpy(name, text.p, text.n);
    name[text.n] = '\0';
    memset(addr, 0, sizeof *addr);
    addr->is.any.sa_family = (sa_family_t)family;
    void *bytes = family == AF_INET ? (void *)&addr->is.v4.sin_addr : (void *)&addr->is.v6.sin6_addr;
    return inet_pton(family, name, bytes) == 1;
}

bool node_address(struct span node, struct addr *addr) {
    if (node.n && node.p[0] == '[') {
        size_t end = span_find(node, ']');
        if (end == node.n || !is_port(span_from(node, end + 1))) return false;
        return literal(span_upto(span_from(node, 1), end - 1), AF_INET6, addr);
    }
    size_t colon = span_find(node, ':');
    if (literal(span_upto(node, colon), AF_INET, addr)) return is_port(span_from(node, colon));
    return literal(node, AF_INET6, addr);
}
