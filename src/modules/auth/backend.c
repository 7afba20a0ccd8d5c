/* backend.c - the backends that are built in, by name */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "modules/auth/backend.h"

#include "modules/auth/question.h"

/* GC_AUTH_BACKENDS(X) comes from configure: those whose module is built. */
#define X(name) extern const struct auth_backend auth_backend_##name;
GC_AUTH_BACKENDS(X)
#undef X

static const struct auth_backend *const backends[] = {
#define X(name) &auth_backend_##name,
    GC_AUTH_BACKENDS(X)
#undef X
        NULL};

const struct auth_backend *auth_backend_find(struct span name) {
    for (size_t i = 0; backends[i]; i++)
        if (span_is(name, span_of(backends[i]->name))) return backends[i];
    return NULL;
}

static const char *backend_name(void *arg, size_t i) {
    (void)arg;
    return backends[i] ? backends[i]->name : NULL;
}

/* Why a name that lighttpd knows is none here. */
static const char *why_not(struct span name) {
    static const struct {
        const char *name, *why;
    } known[] = {
        {"plain", "mod_authn_file is not in this build"},
        {"htpasswd", "mod_authn_file is not in this build"},
        {"htdigest", "mod_authn_file is not in this build"},
        {"ldap", "mod_authn_ldap is not in this build: libldap was not found when it was configured, or left out"},
        {"pam", "mod_authn_pam is not in this build: libpam was not found when it was configured, or left out"},
        {"gssapi", "Kerberos is not in this build"},
        {"sasl", "mod_authn_pam can ask the same saslauthd through pam"},
        {"dbi", "passwords in databases are not in this build"},
        {"mysql", "passwords in databases are not in this build"},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (span_is(name, span_of(known[i].name))) return known[i].why;
    return NULL;
}

void *auth_backend_make(const struct value *v, struct complaints *c) {
    const struct auth_backend *b = auth_backend_find(v->string);
    const char *why = why_not(v->string);
    char hint[HINT_BYTES];
    if (b) return (void *)b;
    if (!why) why = hint_near(hint, did_you_mean(v->string, backend_name, NULL), NULL);
    complain(c, COMPLAINT_ERROR, v->place, v->string.n + 2, why, "there is no auth.backend \"%.*s\"",
             SPAN_ARG(v->string));
    return NULL;
}

void auth_add_groups(struct buf *question, const struct auth_rule *rule) {
    for (size_t i = 0; i < rule->group_count; i++) texts_add(question, rule->groups[i]);
}
