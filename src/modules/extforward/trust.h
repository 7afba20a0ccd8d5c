/* trust.h - whom to believe what they say of others: extforward.forwarder */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_EXTFORWARD_TRUST_H
#define GOLDCREST_EXTFORWARD_TRUST_H

#include <stdbool.h>
#include <stddef.h>

#include "conf/complain.h"
#include "conf/value.h"
#include "net/addr.h"

struct trusted {
    struct prefix prefix;
    struct span socket; /* our unix socket, whose peers are meant; else empty */
    bool yes;
};

/* trust - made once, at load; the most exact entry decides */
struct trust {
    bool all; /* "all" => "trust": whoever has no entry, as long as it is the connection's peer */
    size_t count;
    struct trusted list[];
};

/* ( "10.0.0.0/8" => "trust", "10.0.0.5" => "untrusted", "/run/http.sock" => "trust", "all" => … ); malloc'd. What is
 * no address is complained of and left out. */
void *trust_make(const struct value *v, struct complaints *c);

/* Is it one of the list's? socket: the name of the listener, for peers of unix sockets. */
bool trust_has(const struct trust *t, const struct addr *a, struct span socket);
/* The same for a connection's peer: "all" counts. */
bool trust_has_peer(const struct trust *t, const struct addr *a, struct span socket);

#endif
