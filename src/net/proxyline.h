/* proxyline.h - the PROXY protocol: who a connection's client really is (haproxy's proxy-protocol.txt, v1 and v2) */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_NET_PROXYLINE_H
#define GOLDCREST_NET_PROXYLINE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "net/addr.h"

enum { PROXYLINE_BYTES_MAX = 4096 }; /* v1: 107 */

/* proxyline - what was said. Spans point into the input. */
struct proxyline {
    bool is_local;               /* LOCAL or UNKNOWN: the connection's own addresses hold */
    struct addr source, target;
    bool has_tls, is_verified;   /* PP2_TYPE_SSL: the client spoke TLS; its certificate was valid */
    struct span tls_version, tls_cn, tls_cipher, authority, alpn, unique_id;
};

enum { PROXYLINE_MORE = 0, PROXYLINE_BAD = -1 };
/* Bytes that the line or header takes (> 0), MORE, or BAD (also when it is longer than PROXYLINE_BYTES_MAX). Looks at
 * no byte behind it. */
long proxyline_parse(struct proxyline *p, struct span in);

/* For backends. version 1 or 2. source.is.any.sa_family AF_UNSPEC: UNKNOWN, LOCAL. */
void proxyline_write(struct buf *out, int version, const struct addr *source, const struct addr *target);

#endif
