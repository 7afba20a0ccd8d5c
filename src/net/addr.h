/* addr.h - network addresses of peers and prefixes that match them */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_ADDR_H
#define GOLDCREST_ADDR_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/span.h"

/* addr - of a peer; small, since each connection has one. Peers of a unix socket have the family alone. */
struct addr {
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } is;
};

enum { ADDR_TEXT_BYTES = 64 };

/* Room for any address that accept() may give. */
struct addr_room {
    struct sockaddr_storage storage;
    socklen_t len;
};
void addr_from(struct addr *a, const struct addr_room *room);

/* "192.0.2.1", "2001:db8::1"; an IPv4-mapped address is shown as IPv4; a unix peer as "unix". Returns the length. */
size_t addr_format(const struct addr *a, char out[ADDR_TEXT_BYTES]);
/* All of them as the 16 bytes of an IPv6 address, IPv4 as ::ffff:192.0.2.1. How many bits are the address itself: 32
 * or 128; 0 of a peer that has none. */
unsigned addr_network(const struct addr *a, uint8_t bytes[16]);
uint16_t addr_port(const struct addr *a);

/* prefix - an address with a length in bits */
struct prefix {
    uint8_t bytes[16];
    uint8_t bits;
    uint8_t family; /* AF_INET, AF_INET6, AF_UNIX */
};

/* "10.0.0.0/8", "fd00::/8", "[fd00::]/8", "192.0.2.1", "/unix/path" (any unix peer). False if it is none of them. */
bool prefix_parse(struct span text, struct prefix *prefix);
/* IPv4-mapped addresses match IPv4 prefixes. */
bool prefix_has(const struct prefix *prefix, const struct addr *a);

#endif
