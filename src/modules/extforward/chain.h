/* chain.h - the way of a request as proxies have written it down: X-Forwarded-For, Forwarded (RFC 7239) */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_EXTFORWARD_CHAIN_H
#define GOLDCREST_EXTFORWARD_CHAIN_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/span.h"
#include "net/addr.h"

/* Hops that are kept, from the end; half as many at least. Those that count were added by somebody who is trusted. */
enum { HOPS_MAX = 64 };

/* hop - what one proxy said of whom it had it from; unquoted */
struct hop {
    struct span node, proto, host, user; /* p is NULL: not said */
};

/* chain - hops in the order of the field: the last is the word of whoever is nearest to us */
struct chain {
    unsigned count;
    struct hop hops[HOPS_MAX];
};

/* "a, b, c": the last HOPS_MAX elements. */
void chain_of_list(struct chain *chain, struct span value);

/* A Forwarded field, all its lines joined. False if it is malformed: then nothing of it can be believed, since quotes
 * that a client left open may hide what proxies have added. */
bool chain_of_forwarded(struct chain *chain, struct span value, struct arena *a);

/* "192.0.2.1", "192.0.2.1:80", "2001:db8::1", "[2001:db8::1]", "[2001:db8::1]:80". False: "unknown", "_hidden", or no
 * node at all. */
bool node_address(struct span node, struct addr *addr);

#endif
