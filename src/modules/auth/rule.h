/* rule.h - what auth.require says of a prefix */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_AUTH_RULE_H
#define GOLDCREST_AUTH_RULE_H

#include <stdbool.h>

#include "conf/complain.h"
#include "conf/value.h"
#include "base/hashes.h"

enum auth_method { AUTH_BASIC, AUTH_DIGEST, AUTH_EXTERN };

/* The algorithms of Digest (RFC 7616 3.3), the strongest first: that is the order in which they are offered. */
enum { ALGORITHMS = 6, ALGORITHM_MD5 = 4 };
struct algorithm {
    struct span name;
    enum hash_kind hash;
    bool is_session; /* "-sess": H(user:realm:password) is mixed with the nonces first */
};
extern const struct algorithm algorithms[ALGORITHMS];

/* auth_rule - immutable, belongs to its rules */
struct auth_rule {
    struct place place;
    struct span prefix, realm;
    struct span nonce_secret;
    enum auth_method method;
    unsigned offered; /* Digest: a bit for each of algorithms[] */
    bool userhash;
    bool any_user;               /* valid-user */
    struct span *users, *groups; /* one of these */
    size_t user_count, group_count;
};

struct auth_rules {
    struct auth_rule *list;
    size_t count;
};

/* compile() and discard() of auth.require. */
void *auth_rules_make(const struct value *v, struct complaints *c);
void auth_rules_drop(void *rules);

/* The first rule, in the order of the configuration, whose prefix the path has; NULL: nothing is asked for. */
const struct auth_rule *auth_rule_for(const struct auth_rules *rules, struct span path, bool any_case);

/* May this user in, whom somebody has authenticated? in_group: a member of one of the rule's groups. */
bool auth_rule_allows(const struct auth_rule *rule, struct span user, bool in_group);

#endif
