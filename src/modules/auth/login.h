/* login.h - a request at a guarded place, from its Authorization to "go on" or 401 */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_AUTH_LOGIN_H
#define GOLDCREST_AUTH_LOGIN_H

#include "modules/auth/backend.h"

struct auth_cache_options {
    bool is_on;
    uint32_t max_age_s, max_entries;
};

/* login_ask - what holds for this request; rule must outlive it, the rest is read during the call */
struct login_ask {
    const struct auth_rule *rule;
    const struct auth_backend *backend;     /* NULL: auth.backend is not set */
    const struct auth_cache_options *cache; /* NULL: off */
    bool extern_authn;
};

/*
 * For a hook. slot: of request_data(), NULL at first; survives a COMEBACK, so that who was let in under a rule is
 * not asked again under the same. GO_ON: r->user and AUTH_TYPE in r->env are set. WAIT_FOR_EVENT: call it again.
 * FINISHED: refused with 401 and a challenge; 429 (too many attempts wait); 500, 503 (nobody can tell).
 */
enum handler login_run(struct request *r, const struct login_ask *ask, void **slot);

#endif
