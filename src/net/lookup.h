/* lookup.h - addresses of a name, and how long they hold */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_NET_LOOKUP_H
#define GOLDCREST_NET_LOOKUP_H

#include <stdint.h>

#include "base/span.h"
#include "net/addr.h"

/*
 * Asks the system (its hosts file, DNS, whatever it is set up for). Blocks: for processes that may.
 * How many addresses were found, at most max, without ports, each once; 0: none, *why is a sentence part.
 */
unsigned name_lookup(struct span name, struct addr_room *addresses, unsigned max, const char **why);

/* How long DNS says that these addresses hold, in seconds; -1 if it does not say (the name stands in a hosts file,
 * there is no DNS, or this system cannot be asked). Blocks for some seconds at most. */
int64_t name_ttl(struct span name);

/* The shortest time to live of the answers in a DNS message (RFC 1035 4.1); -1 if there are none. */
int64_t dns_message_ttl(struct span message);

#endif
