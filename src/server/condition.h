/* condition.h - the conditions of a configuration, compiled; which blocks apply to a request */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_CONDITION_H
#define GOLDCREST_CONDITION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/regex.h"
#include "conf/complain.h"
#include "conf/tree.h"
#include "http/names.h"
#include "http/request.h"
#include "net/addr.h"

enum operand {
    OPERAND_ALWAYS, /* the global block, a final else */
    OPERAND_URL,
    OPERAND_HOST,
    OPERAND_QUERY,
    OPERAND_SCHEME,
    OPERAND_FALLBACK, /* empty where replies are looked for: what follows is found with them */
    OPERAND_SOCKET,
    /* from here on: not a function of (listener, host, target) */
    OPERAND_METHOD,
    OPERAND_REMOTE_IP,
    OPERAND_HEADER
};

/* condition - of one block */
struct condition {
    const struct block *block;
    enum operand operand;
    enum cond_op op;
    struct span value;      /* to compare with */
    struct span header;     /* OPERAND_HEADER: the field's name */
    enum header header_id;
    struct regex *regex;    /* COND_MATCH, COND_NOMATCH */
    struct prefix prefix;   /* OPERAND_REMOTE_IP with == or != */
    uint8_t bit;            /* of the others: its bit in request.conditions */
};

struct conditions {
    struct condition *list; /* one per block, in the tree's order */
    unsigned count;
    struct condition **others; /* those that are evaluated for each request, even if its reply is kept */
    unsigned other_count;
    struct group *groups;      /* groups.c: all of them */
    struct group **inside;     /* of each block */
};

enum { CONDITION_OTHERS_MAX = 64 };

/* Compiles; complains of what cannot be: an unknown left side, a bad regex, a bad prefix. default_port: for
 * sockets. */
void conditions_make(struct conditions *c, const struct conf_tree *tree, unsigned default_port, bool use_ipv6,
                     struct complaints *complaints);
void conditions_done(struct conditions *c);

/* Whether it holds for r, of whom `text` is what it looks at. */
bool condition_holds(const struct condition *c, const struct request *r, struct span text);

extern unsigned long conditions_compared; /* how often that was asked in this process: for tests of growth */

void groups_make(struct conditions *c); /* groups.c, once the conditions are compiled */
void groups_drop(struct conditions *c);

/* The bits of the others, for request.conditions. More than CONDITION_OTHERS_MAX of them have none. */
uint64_t conditions_others(const struct conditions *c, struct request *r);

/* Which blocks apply: bit n of words is block n. words has (count + 63) / 64 elements. socket: the listener's
 * canonical name. */
void conditions_evaluate(const struct conditions *c, struct request *r, struct span socket, uint64_t *words);

/* What a condition compares with its value, as text. Fields of r that have one name become one. */
struct span condition_operand_text(const struct condition *c, struct request *r, struct span socket,
                                   char room[ADDR_TEXT_BYTES]);

#endif
