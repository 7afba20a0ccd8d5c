/* http.h - a request as a backend of HTTP is to see it, and what proxy.* says about that */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_GATEWAY_HTTP_H
#define GOLDCREST_GATEWAY_HTTP_H

#include "modules/gateway/exchange.h"

/* ---- headermap.c: proxy.header ---------------------------------------------------------------- */

struct header_pair {
    struct span from, to;
};

struct header_pairs {
    struct header_pair *list;
    size_t count;
};

/* header_map - compiled; spans are the configuration's */
struct header_map {
    struct header_pairs urlpath;       /* the client's prefix, the backend's */
    struct header_pairs host_request;  /* the client's host ("-": any), the backend's ("-": as it is) */
    struct header_pairs host_response; /* the backend's host ("-": the one it was sent), the client's ("-": Host) */
    struct header_pairs include, exclude; /* hosts of URLs whose path is mapped in responses, or is not; `from` */
    bool https_remap, upgrade, connect, force_http10;
};

void *header_map_make(const struct value *v, struct complaints *c);
void header_map_drop(void *map);

/* The host that the backend gets instead of this one. */
struct span header_map_host(const struct header_map *m, struct span host);
/* The target (path and query) that the backend gets. In the arena where it differs. */
struct span header_map_target(const struct header_map *m, struct span target, struct arena *a);
/* A URL or a path in the backend's answer (Location …), as the client is to see it. sent: the Host that the backend
 * got; host: the client's; is_https: the client's scheme. */
struct span header_map_url(const struct header_map *m, struct span url, struct span sent, struct span host,
                           bool is_https, struct arena *a);
/* The same for "Path=" and "Domain=" of a Set-Cookie. */
struct span header_map_cookie(const struct header_map *m, struct span cookie, struct span sent, struct span host,
                              struct arena *a);

/* ---- forwarded.c: proxy.forwarded ------------------------------------------------------------- */

enum { FORWARDED_FOR = 1, FORWARDED_PROTO = 2, FORWARDED_HOST = 4, FORWARDED_BY = 8, FORWARDED_REMOTE_USER = 16 };
void *forwarded_make(const struct value *v, struct complaints *c); /* an unsigned, malloc'd */
/* One element of Forwarded (RFC 7239 4), without what came before it. */
struct span forwarded_element(struct request *r, unsigned what);

/* ---- httprequest.c: the request as the backend sees it ---------------------------------------- */

/* http_settings - what the settings of a module with HTTP backends begin with: message_pair.settings of these codecs;
 * NULL there: the defaults */
struct http_settings {
    const unsigned *forwarded;
    const struct header_map *header;
    bool replace_http_host;
};

/* http_request - what its first line says, and Host; in the request's arena */
struct http_request {
    struct span method, target, authority;
    bool wants_trailers;     /* TE: trailers */
    bool is_connect;         /* CONNECT as HTTP/1 has it: a tunnel to authority */
    bool is_websocket_of_h2; /* an extended CONNECT, to be an upgrade (RFC 8441) */
};

/* For codecs of HTTP/1 and HTTP/2. False: the
 * target cannot be said to a backend. */
bool http_request_make(const struct message_pair *p, struct http_request *out);
/* Its fields, one after the other: f lasts as long as the call, but for names and values that are in the request.
 * Fields of the connection (RFC 9110 7.6.1), Host, Content-Length and Transfer-Encoding are not among them. */
void http_request_fields(const struct message_pair *p, const struct http_request *q,
                         void (*put)(void *arg, const struct field *f), void *arg);
/* The Host that the backend gets. */
struct span http_host(const struct message_pair *p);
bool http_speaks_10(const struct message_pair *p);

extern const struct codec http1_codec, http2_codec; /* http1.c, http2.c */

#endif
