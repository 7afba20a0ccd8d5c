/* uri.h - request targets, hosts and paths: checked and normalised (RFC 3986, RFC 9110 4, RFC 9112 3.2) */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_HTTP_URI_H
#define GOLDCREST_HTTP_URI_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/span.h"

/* What server.http-parseopts says, one bit per key, with lighttpd's meaning. */
enum parse_option {
    PARSE_HEADER_STRICT = 0x0001,
    PARSE_HOST_STRICT = 0x0002,
    PARSE_HOST_NORMALIZE = 0x0004,
    PARSE_URL_NORMALIZE = 0x0008,
    PARSE_URL_UNRESERVED = 0x0010,
    PARSE_URL_REQUIRED = 0x0020,
    PARSE_URL_CTRLS_REJECT = 0x0040,
    PARSE_URL_BACKSLASH_TRANS = 0x0080,
    PARSE_URL_2F_DECODE = 0x0100,
    PARSE_URL_2F_REJECT = 0x0200,
    PARSE_URL_DOTSEG_REMOVE = 0x0400,
    PARSE_URL_DOTSEG_REJECT = 0x0800,
    PARSE_URL_QUERY_20_PLUS = 0x1000,
    PARSE_URL_INVALID_UTF8_REJECT = 0x2000,
    PARSE_METHOD_GET_BODY = 0x4000
};
/* url-normalize switched off: no rule for URLs is left, but those that are switched on behind it. */
#define PARSE_URL_ALL 0x3ff8
#define PARSE_DEFAULTS                                                                                 \
    (PARSE_HEADER_STRICT | PARSE_HOST_STRICT | PARSE_HOST_NORMALIZE | PARSE_URL_NORMALIZE |            \
     PARSE_URL_UNRESERVED | PARSE_URL_CTRLS_REJECT | PARSE_URL_2F_DECODE | PARSE_URL_DOTSEG_REMOVE |   \
     PARSE_URL_INVALID_UTF8_REJECT)

/* The bit of a key of server.http-parseopts ("url-normalize"), or 0. */
unsigned parse_option_find(struct span key);

struct uri {
    struct span target; /* normalised path and query, still encoded: what rewrite rules see */
    struct span path;   /* decoded, "//" and dot segments simplified; starts with "/", or is "*" */
    struct span query;  /* without "?"; {NULL, 0} if there is none */
};

/*
 * Normalises an origin-form target ("/a%20b?q", or "*"). A fragment is refused with 400. Clean targets, the usual
 * case, are not copied: the spans then point into `target`. Returns 0, or the status to answer with (400).
 */
int uri_parse(struct uri *uri, struct span target, unsigned options, struct arena *a);

/* Splits absolute-form "http://host:port/path?q" (RFC 9112 3.2.2). False if it is not one. */
bool uri_absolute(struct span target, struct span *scheme, struct span *authority, struct span *rest);

/* The usual Host: a lower-case name that every option accepts as it is, and perhaps a port. */
bool host_is_clean(struct span host);

/*
 * Checks an authority (host[:port], IPv6 in brackets) and lower-cases it in the arena if need be; default ports are
 * kept as sent. Returns 0 or 400. An empty host is 0 when the options don't ask for strictness.
 */
int host_parse(struct span *host, unsigned options, struct arena *a);

/* The host without ":port". */
struct span host_without_port(struct span authority);

/* Decodes %XX into out (which may be s.p itself); returns the length. Bad escapes are kept as they are. */
size_t percent_decode(struct span s, char *out);

/* Encoding for different uses; keep: which bytes stay. */
enum percent_keep { PERCENT_PATH /* pchar and "/" */, PERCENT_COMPONENT /* unreserved only */,
                    PERCENT_NO_DOUBLE /* like component, but existing %XX stay */,
                    PERCENT_COMPONENT_SLASH /* no double, "/" stays */ };
void percent_encode(struct buf *out, struct span s, enum percent_keep keep);

/* Removes "//", "/./" and "/../" in place, never above the root; returns the new length. (RFC 3986 5.2.4) */
size_t path_simplify(char *path, size_t n);

void html_escape(struct buf *out, struct span s);
/* A JSON string's inside; bytes that are not UTF-8 become U+FFFD. */
void json_escape(struct buf *out, struct span s);
bool utf8_is_valid(struct span s);

#endif
