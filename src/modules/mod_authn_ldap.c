/* mod_authn_ldap.c - passwords in a directory: auth.backend ldap */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "base/number.h"
#include "modules/auth/ldapjob.h"
#include "modules/auth/outside.h"
#include "modules/auth/backend.h"
#include "modules/auth/question.h"
#include "server/module.h"

struct settings {
    struct span hostname, base_dn, ca_file, bind_dn, bind_pw, group_member;
    const struct span *filter, *timeout;
    bool starttls, allow_empty;
};

static const struct settings defaults = {.group_member = SPAN_INIT("memberUid")};

static void *check_filter(const struct value *v, struct complaints *c) {
    struct span f = v->string;
    if (f.n && (f.p[0] == ',' || span_find(f, '$') < f.n || span_find(f, '?') < f.n)) return (void *)&v->string;
    complain(c, COMPLAINT_ERROR, v->place, f.n + 2, "write \"(uid=$)\": the name stands in the place of $",
             "this filter does not ask for the user's name");
    return NULL;
}

static void *check_timeout(const struct value *v, struct complaints *c) {
    uint64_t us;
    if (number_parse(v->string, UINT32_MAX, &us) && us > 0) return (void *)&v->string;
    complain(c, COMPLAINT_ERROR, v->place, v->string.n + 2, "write \"2000000\" for two seconds",
             "this is no number of microseconds");
    return NULL;
}

#define ROW(name, type, field, help) \
    { "auth.backend.ldap." name, type, SCOPE_ANY, offsetof(struct settings, field), help, NULL, NULL, 0, NULL }
static const struct directive directives[] = {
    ROW("hostname", DIRECTIVE_STRING, hostname,
        "The directory: a name, or URIs (ldap://, ldaps://, ldapi://) with blanks between."),
    ROW("base-dn", DIRECTIVE_STRING, base_dn, "Below which entry users, and groups by their cn, are looked for."),
    {"auth.backend.ldap.filter", DIRECTIVE_STRING, SCOPE_ANY, offsetof(struct settings, filter),
     "The search for a user; $ or ? stands for the name.", check_filter, NULL, 0, NULL},
    ROW("ca-file", DIRECTIVE_STRING, ca_file, "Certificates that the directory's is checked against."),
    ROW("starttls", DIRECTIVE_BOOL, starttls, "Begins TLS on the connection before anything else is said."),
    ROW("bind-dn", DIRECTIVE_STRING, bind_dn, "Who searches; without it, anybody."),
    ROW("bind-pw", DIRECTIVE_STRING, bind_pw, "The password of bind-dn."),
    ROW("allow-empty-pw", DIRECTIVE_BOOL, allow_empty,
        "Asks the directory also where the password is empty, which most take as right."),
    ROW("groupmember", DIRECTIVE_STRING, group_member, "The attribute of groups that names their members."),
    {"auth.backend.ldap.timeout", DIRECTIVE_STRING, SCOPE_ANY, offsetof(struct settings, timeout),
     "How many microseconds the directory may take to connect or to answer.", check_timeout, NULL, 0, NULL},
    DIRECTIVE_END};
#undef ROW

static bool is_active(const void *settings) {
    return ((const struct settings *)settings)->hostname.n > 0;
}

static const char *ask(const void *settings, const struct auth_login *l, struct buf *question) {
    const struct settings *s = settings;
    struct buf uri = {0};
    char flags[2];
    size_t flag_count = 0;
    if (!s) return "auth.backend is ldap, but auth.backend.ldap.hostname is not set";
    if (!s->filter) return "auth.backend is ldap, but auth.backend.ldap.filter is not set";
    if (span_search(s->hostname, SPAN("://")) == s->hostname.n) buf_add_text(&uri, "ldap://");
    buf_add(&uri, s->hostname);
    if (s->starttls) flags[flag_count++] = LDAP_STARTTLS;
    if (s->allow_empty) flags[flag_count++] = LDAP_ALLOW_EMPTY;
    struct ldap_wanted w = {.uri = buf_span(&uri),
                            .base_dn = s->base_dn,
                            .filter = *s->filter,
                            .ca_file = s->ca_file,
                            .bind_dn = s->bind_dn,
                            .bind_pw = s->bind_pw,
                            .group_member = s->group_member,
                            .timeout_us = s->timeout ? *s->timeout : SPAN(""),
                            .flags = {flags, flag_count},
                            .user = l->user,
                            .password = l->password};
    ldap_wanted_add(question, &w);
    auth_add_groups(question, l->rule);
    buf_done(&uri);
    return NULL;
}

static void ask_directory(struct span question, struct buf *answer) {
    outside_ask("goldcrest-authn-ldap", question, answer);
}

static const struct job_kind job = {"password-ldap", ask_directory, false};
static const struct job_kind *const jobs[] = {&job, NULL};
static const struct module_work work = {NULL, NULL, jobs, NULL, NULL, false};
static const struct hook hooks[] = {{PHASE_COUNT, NULL, LASTS}};

const struct module mod_authn_ldap = {MODULE_ABI, "mod_authn_ldap", directives, hooks, sizeof(struct settings),
                                      &defaults,  is_active,        &work};

extern const struct auth_backend auth_backend_ldap;
const struct auth_backend auth_backend_ldap = {"ldap", &mod_authn_ldap, &job, false, ask};
