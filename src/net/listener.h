/* listener.h - sockets that connections come from */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_LISTENER_H
#define GOLDCREST_LISTENER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/span.h"

struct listener_options {
    int backlog;             /* of listen() */
    bool v6_only;            /* IPV6_V6ONLY; the default everywhere, whatever the kernel's is */
    bool use_ipv6;           /* an empty host or a name means IPv6 (server.use-ipv6) */
    bool reuse_port;         /* one of several sockets that the kernel balances over (see listener_balances()) */
    bool defer_accept;       /* TCP_DEFER_ACCEPT */
    bool transparent;        /* IP_TRANSPARENT */
    struct span accept_filter; /* SO_ACCEPTFILTER of the BSDs */
    struct span perms;       /* octal mode of a unix socket */
};

/*
 * A listener's token as the configuration has it: "0.0.0.0:80", ":80", "*:80", "[::]:80", "name:80", "/path",
 * "\x00abstract" (four characters for the zero). listener_name() writes its canonical form ("0.0.0.0:80"), by which
 * two are the same; default_port is for tokens without one. False if the token cannot be understood.
 */
bool listener_name(struct span token, unsigned default_port, const struct listener_options *o, struct buf *name);

/* Opens what a canonical name says: bound, listening, nonblocking, close-on-exec. The descriptor, or -1 and why. A
 * unix socket file that nobody listens on any more is replaced. */
int listener_open(struct span name, const struct listener_options *o, char why[128]);

/* Is that open descriptor listening on what the name says (for socket activation)? */
bool listener_is(int fd, struct span name);

/* Does the kernel spread connections over several sockets of one address? */
bool listener_balances(void);

/* listener_kind - what the connections of one listener are like, as far as it is known */
struct listener_kind {
    bool is_tcp;
    uint8_t nodelay; /* found out with the first connection */
};

struct listener_kind listener_kind_of(int fd);

/* What is set on each accepted connection: TCP_NODELAY where it is not inherited from the listener. peer_bytes is the
 * length of its address. False: it was gone before it was accepted, and nobody knows whose it was. */
bool listener_accepted(int fd, struct listener_kind *kind, size_t peer_bytes);

#endif
