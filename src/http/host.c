/* host.c - the authority of a request: absolute-form taken apart, host and port checked */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "http/names.h"
#include "http/uri.h"
#include "http/why.h"

static bool is_letter(char c) {
    return ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z';
}

bool uri_absolute(struct span target, struct span *scheme, struct span *authority, struct span *rest) {
    size_t i = 0;
    if (target.n == 0 || !is_letter(target.p[0])) return false;
    while (i < target.n && (is_letter(target.p[i]) || ascii_is_digit(target.p[i]) || strchr("+-.", target.p[i]))) {
        if (target.p[i] == '\0') return false; /* strchr() finds the end of its string too */
        i++;
    }
    struct span behind = span_from(target, i);
    if (!span_starts(behind, SPAN("://"))) return false;
    behind = span_from(behind, 3);
    for (i = 0; i < behind.n && behind.p[i] != '/' && behind.p[i] != '?' && behind.p[i] != '#';) i++;
    *scheme = span_upto(target, target.n - behind.n - 3);
    *authority = span_upto(behind, i);
    *rest = span_from(behind, i);
    return true;
}

/* Four decimal numbers without leading zeros, as inet_aton() and others would not agree on them. */
static bool is_ipv4(struct span s) {
    size_t at = 0;
    for (int part = 0; part < 4; part++) {
        size_t start = at;
        unsigned value = 0;
        for (; at < s.n && at - start < 3 && ascii_is_digit(s.p[at]); at++)
            value = value * 10 + (unsigned)(s.p[at] - '0');
        if (at == start || value > 255 || (s.p[start] == '0' && at - start > 1)) return false;
        if (part < 3 && (at == s.n || s.p[at++] != '.')) return false;
    }
    return at == s.n;
}

static bool is_hex_group(struct span s) {
    if (s.n < 1 || s.n > 4) return false;
    for (size_t i = 0; i < s.n; i++)
        if (ascii_hex(s.p[i]) < 0) return false;
    return true;
}

/* Counts the 16-bit groups on one side of "::"; -1 if that side is wrong. An IPv4 address at the very end is two. */
static int ipv6_groups(struct span side, bool is_end) {
    struct span group;
    int groups = 0;
    if (side.n == 0) return 0;
    while (span_next(&side, ':', &group)) {
        if (is_end && !side.p && span_find(group, '.') < group.n) return is_ipv4(group) ? groups + 2 : -1;
        if (!is_hex_group(group)) return -1;
        groups++;
    }
    return groups;
}

static bool is_ipv6(struct span s) {
    size_t gap = span_search(s, SPAN("::"));
    if (gap == s.n) return ipv6_groups(s, true) == 8;
    int before = ipv6_groups(span_upto(s, gap), false), behind = ipv6_groups(span_from(s, gap + 2), true);
    return before >= 0 && behind >= 0 && before + behind <= 7;
}

/* Labels of letters, digits, "-" and "_" (RFC 1123, and what is in use), or an IPv4 address. */
static bool is_host_name(struct span s) {
    struct span label = {NULL, 0};
    if (s.n > 255) return false;
    struct span rest = s;
    while (span_next(&rest, '.', &label)) {
        if (label.n == 0 || label.n > 63 || label.p[0] == '-' || label.p[label.n - 1] == '-') return false;
        for (size_t i = 0; i < label.n; i++)
            if (!(char_class[(unsigned char)ascii_lower(label.p[i])] & CHAR_HOST)) return false;
    }
    for (size_t i = 0; i < label.n; i++)
        if (!ascii_is_digit(label.p[i])) return true;
    return is_ipv4(s); /* a last label of digits only is an address, or looks like one to somebody */
}

/* 0-65535; an empty port is the default one (RFC 3986 3.2.3). */
static bool is_port(struct span s) {
    unsigned long port = 0;
    for (size_t i = 0; i < s.n; i++) {
        if (!ascii_is_digit(s.p[i]) || port > 65535) return false;
        port = port * 10 + (unsigned long)(s.p[i] - '0');
    }
    return port <= 65535;
}

/* Without strictness: whatever cannot be taken for a path, a user or another part of a request. */
static bool is_tolerable(struct span host) {
    for (size_t i = 0; i < host.n; i++)
        if (!(char_class[(unsigned char)host.p[i]] & CHAR_TARGET) || strchr("/\\?#<>\"@", host.p[i])) return false;
    return true;
}

/* In one pass. */
bool host_is_clean(struct span host) {
    size_t at = 0, label;
    for (;; at++) {
        for (label = at; at < host.n && (char_class[(unsigned char)host.p[at]] & CHAR_HOST);) at++;
        if (at == label || host.p[label] == '-' || host.p[at - 1] == '-') return false;
        if (at == host.n || host.p[at] != '.') break;
    }
    if (at > 63 || (at < host.n && (host.p[at] != ':' || at + 1 == host.n))) return false;
    while (label < at && ascii_is_digit(host.p[label])) label++;
    if (label == at && !is_ipv4(span_upto(host, at))) return false; /* the last label has only digits */
    return at == host.n || is_port(span_from(host, at + 1));
}

struct span host_without_port(struct span authority) {
    if (authority.n > 0 && authority.p[0] == '[') {
        size_t end = span_find(authority, ']');
        return end < authority.n ? span_upto(authority, end + 1) : authority;
    }
    return span_upto(authority, span_find_last(authority, ':'));
}

static bool is_strict(struct span name, struct span port) {
    if (!is_port(port)) return false;
    if (name.n < 2 || name.p[0] != '[') return is_host_name(name);
    return name.p[name.n - 1] == ']' && is_ipv6(span_upto(span_from(name, 1), name.n - 2));
}

/* Most requests have the host of the one before, which was looked at then. */
static bool is_known_clean(struct span host) {
    static char last[64];
    static size_t last_n;
    if (host.n == last_n && host.n && memcmp(host.p, last, last_n) == 0) return true;
    if (!host_is_clean(host)) return false;
    last_n = host.n <= sizeof last ? host.n : 0;
    memcpy(last, host.p, last_n);
    return true;
}

int host_parse(struct span *host, unsigned options, struct arena *a) {
    if (is_known_clean(*host)) return 0;
    struct span name = host_without_port(*host), port = span_from(*host, name.n);
    bool normalize = (options & (PARSE_HOST_NORMALIZE | PARSE_HOST_STRICT)) != 0, dot = false;
    if (!is_tolerable(*host)) return http_refuse(400, "the host has bytes that no host has");
    if (host->n == 0) return options & PARSE_HOST_STRICT ? http_refuse(400, "the host is empty") : 0;
    if (normalize && name.n > 1 && name.p[name.n - 1] == '.') { /* "example.org." is example.org (RFC 1034 3.1) */
        name.n--;
        dot = true;
    }
    if (port.n > 0 && port.p[0] != ':') return http_refuse(400, "the host is followed by something else than a port");
    if (options & PARSE_HOST_STRICT)
        if (!is_strict(name, port.n ? span_from(port, 1) : port))
            return http_refuse(400, "the host is no name and no address (server.http-parseopts: host-strict)");
    if (normalize && port.n == 1) port.n = 0;
    *host = dot && port.n ? arena_join(a, name, port) : (struct span){name.p, name.n + port.n};
    *host = arena_lower(a, *host);
    return 0;
}
