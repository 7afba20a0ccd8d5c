/* bounds.h - what mod_limit's directives come to: how much, for whom */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_LIMIT_BOUNDS_H
#define GOLDCREST_LIMIT_BOUNDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf/complain.h"
#include "conf/tree.h"
#include "net/addr.h"

/* rate - limit.requests of one block */
struct rate {
    uint32_t count, per_s, burst; /* count 0: no limit */
    uint64_t step_ns, slack_ns;   /* of meters_take() */
    struct place place;
    uint64_t identity;            /* of the block; 0: nobody has asked yet */
};

/* most - limit.connections, or evasive.max-conns-per-ip, of one block */
struct most {
    uint32_t count; /* 0: no limit */
    struct place place;
    uint64_t identity; /* likewise */
};

/* network - limit.prefix: how much of an address tells clients apart */
struct network {
    uint8_t v4_bits, v6_bits;
};

/* exempt - limit.exempt */
struct exempt {
    size_t count;
    struct prefix list[];
};

/* compile() of the directives; malloc'd, or NULL after a complaint. */
void *rate_make(const struct value *v, struct complaints *c);
void *most_make(const struct value *v, struct complaints *c);
void *network_make(const struct value *v, struct complaints *c);
void *exempt_make(const struct value *v, struct complaints *c);
void *status_make(const struct value *v, struct complaints *c); /* a number, not memory */

bool is_exempt(const struct exempt *e, const struct addr *a);

/* What stands for the client in tables: its network. False: it has no address. */
bool client_words(const struct addr *a, const struct network *n, uint64_t words[2]);

/* Each block counts for itself. */
uint64_t identity_in(uint64_t *identity, const struct block *b);

#endif
