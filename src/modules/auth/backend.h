/* backend.h - where users and their passwords are: plain, htpasswd, htdigest, ldap, pam */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_AUTH_BACKEND_H
#define GOLDCREST_AUTH_BACKEND_H

#include "modules/auth/rule.h"
#include "server/module.h"

/* auth_login - whom to look for */
struct auth_login {
    const struct auth_rule *rule;
    struct span user;
    struct span password;              /* of Basic; else empty */
    const struct algorithm *algorithm; /* of Digest: H(user:realm:password) is wanted; NULL: Basic */
    bool userhash;                     /* Digest: user is H(user:realm) */
    struct span client;                /* the address of whoever asks */
};

/*
 * auth_backend - a value of auth.backend
 * What it does takes place in other processes (job_ask): it makes a question here, and answers it there. Question and
 * answer are lists of texts (question.h).
 */
struct auth_backend {
    const char *name;
    const struct module *module; /* whose settings say where to look */
    const struct job_kind *job;
    bool can_digest;
    /* settings: the module's that hold for the request, or NULL. Returns NULL, or why nothing can be asked. */
    const char *(*ask)(const void *settings, const struct auth_login *l, struct buf *question);
};

/* The backend of that name in this build; or NULL. */
const struct auth_backend *auth_backend_find(struct span name);

/* compile() of auth.backend: a constant struct auth_backend, no discard. */
void *auth_backend_make(const struct value *v, struct complaints *c);

/* The end of a question: the groups of the rule. */
void auth_add_groups(struct buf *question, const struct auth_rule *rule);

#endif
