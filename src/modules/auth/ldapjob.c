/* ldapjob.c - asks a directory: who is it, is it the password, in which groups; in a process of its own */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "modules/auth/ldapjob.h"

#include <ldap.h>
#include <sys/time.h>

#include "base/number.h"
#include "modules/auth/outside.h"
#include "modules/auth/question.h"

enum { TIMEOUT_US = 2 * 1000 * 1000 };

static bool has_flag(const struct ldap_wanted *w, char flag) {
    return span_find(w->flags, flag) < w->flags.n;
}

/* Why it did not work, in LDAP's words and, where there are some, the library's for TLS. */
static void say(struct buf *answer, LDAP *ld, const struct ldap_wanted *w, const char *doing, int error) {
    char *more = NULL;
    if (ld) ldap_get_option(ld, LDAP_OPT_DIAGNOSTIC_MESSAGE, &more);
    answer_broken(answer, "ldap: %.*s: %s: %s%s%s", SPAN_ARG(w->uri), doing, ldap_err2string(error),
                  more && *more ? ": " : "", more ? more : "");
    ldap_memfree(more);
}

/* ---- the connection -------------------------------------------------------------------------------- */

static int set_options(LDAP *ld, const struct ldap_wanted *w, const char *ca_file) {
    uint64_t us = TIMEOUT_US;
    int version = LDAP_VERSION3, demand = LDAP_OPT_X_TLS_DEMAND, client = 0;
    if (w->timeout_us.n) number_parse(w->timeout_us, UINT32_MAX, &us);
    struct timeval limit = {(time_t)(us / 1000000), (suseconds_t)(us % 1000000)};
    ldap_set_option(ld, LDAP_OPT_PROTOCOL_VERSION, &version);
    ldap_set_option(ld, LDAP_OPT_REFERRALS, LDAP_OPT_OFF);
    ldap_set_option(ld, LDAP_OPT_RESTART, LDAP_OPT_ON);
    ldap_set_option(ld, LDAP_OPT_NETWORK_TIMEOUT, &limit);
    ldap_set_option(ld, LDAP_OPT_TIMEOUT, &limit);
    ldap_set_option(ld, LDAP_OPT_X_TLS_REQUIRE_CERT, &demand);
    if (!ca_file[0]) return LDAP_SUCCESS;
    int error = ldap_set_option(ld, LDAP_OPT_X_TLS_CACERTFILE, ca_file);
    if (error == LDAP_OPT_SUCCESS) error = ldap_set_option(ld, LDAP_OPT_X_TLS_NEWCTX, &client);
    return error == LDAP_OPT_SUCCESS ? LDAP_SUCCESS : LDAP_LOCAL_ERROR;
}

static LDAP *open_directory(const struct ldap_wanted *w, struct buf *answer) {
    struct buf uri = {0}, ca = {0};
    LDAP *ld = NULL;
    buf_add(&uri, w->uri);
    buf_add(&ca, w->ca_file);
    const char *doing = "the connection";
    int error = ldap_initialize(&ld, buf_text(&uri));
    if (error == LDAP_SUCCESS) {
        doing = "auth.backend.ldap.ca-file";
        error = set_options(ld, w, buf_text(&ca));
    }
    if (error == LDAP_SUCCESS && has_flag(w, LDAP_STARTTLS)) {
        doing = "StartTLS";
        error = ldap_start_tls_s(ld, NULL, NULL);
    }
    buf_done(&uri);
    buf_done(&ca);
    if (error == LDAP_SUCCESS) return ld;
    say(answer, ld, w, doing, error);
    if (ld) ldap_unbind_ext_s(ld, NULL, NULL);
    return NULL;
}

static int bind_as(LDAP *ld, struct span dn, struct span password) {
    struct buf name = {0};
    struct berval secret = {password.n, (char *)password.p};
    buf_add(&name, dn);
    int error = ldap_sasl_bind_s(ld, buf_text(&name), LDAP_SASL_SIMPLE, &secret, NULL, NULL, NULL);
    buf_done(&name);
    return error;
}

/* ---- searches --------------------------------------------------------------------------------------- */

/* How many entries there are (0, 1, 2: more than one); dn: of the first. -1 with *error. */
static int search(LDAP *ld, struct span base, int scope, struct span filter, struct buf *dn, int *error) {
    static char no_attributes[] = LDAP_NO_ATTRS;
    char *attributes[] = {no_attributes, NULL};
    struct buf b = {0}, f = {0};
    LDAPMessage *found = NULL;
    buf_add(&b, base);
    buf_add(&f, filter);
    *error = ldap_search_ext_s(ld, buf_text(&b), scope, buf_text(&f), attributes, 0, NULL, NULL, NULL, 2, &found);
    buf_done(&b);
    buf_done(&f);
    int count = found ? ldap_count_entries(ld, found) : 0;
    LDAPMessage *first = count > 0 ? ldap_first_entry(ld, found) : NULL;
    char *name = first ? ldap_get_dn(ld, first) : NULL;
    if (name && dn) buf_add_text(dn, name);
    ldap_memfree(name);
    ldap_msgfree(found);
    if (*error == LDAP_SIZELIMIT_EXCEEDED) return 2;
    if (*error == LDAP_NO_SUCH_OBJECT) return 0;
    return *error == LDAP_SUCCESS ? count : -1;
}

/* A group is a distinguished name, or the cn of an entry below base-dn; its members are names or distinguished
 * names. */
static int is_in(LDAP *ld, const struct ldap_wanted *w, struct span group, struct span dn, int *error) {
    struct buf filter = {0};
    bool is_dn = span_find(group, '=') < group.n;
    bool by_dn = span_is_ci(w->group_member, SPAN("member")) || span_is_ci(w->group_member, SPAN("uniqueMember"));
    buf_add_text(&filter, "(&");
    if (!is_dn) {
        buf_add_text(&filter, "(cn=");
        ldap_escape(&filter, group);
        buf_add_char(&filter, ')');
    }
    buf_printf(&filter, "(%.*s=", SPAN_ARG(w->group_member));
    ldap_escape(&filter, by_dn ? dn : w->user);
    buf_add_text(&filter, "))");
    int count = search(ld, is_dn ? group : w->base_dn, is_dn ? LDAP_SCOPE_BASE : LDAP_SCOPE_SUBTREE,
                       buf_span(&filter), NULL, error);
    buf_done(&filter);
    return count;
}

static bool find_group(LDAP *ld, const struct ldap_wanted *w, struct span dn, struct buf *answer, bool *in_group) {
    struct span groups = w->groups, group;
    int error = LDAP_SUCCESS, count = 0;
    while (count == 0 && texts_next(&groups, &group)) count = is_in(ld, w, group, dn, &error);
    *in_group = count > 0;
    if (count >= 0) return true;
    say(answer, ld, w, "the search for groups", error);
    return false;
}

/* The user's distinguished name: 1; nobody: 0; -1 after an answer was made. A filter that begins with a comma is
 * the end of a distinguished name that begins with uid=. */
static int find_user(LDAP *ld, const struct ldap_wanted *w, struct buf *dn, struct buf *answer) {
    int error;
    if (w->filter.n && w->filter.p[0] == ',') {
        buf_add_text(dn, "uid=");
        ldap_escape_dn(dn, w->user);
        buf_add(dn, w->filter);
        return 1;
    }
    struct buf filter = {0};
    ldap_filter(&filter, w->filter, w->user);
    int count = search(ld, w->base_dn, LDAP_SCOPE_SUBTREE, buf_span(&filter), dn, &error);
    buf_done(&filter);
    if (count < 0) say(answer, ld, w, "the search for users", error);
    if (count > 1)
        answer_broken(answer, "ldap: auth.backend.ldap.filter fits several entries for \"%.*s\"", SPAN_ARG(w->user));
    return count > 1 ? -1 : count;
}

/* ---- the whole --------------------------------------------------------------------------------------- */

static void check_password(LDAP *ld, const struct ldap_wanted *w, struct span dn, bool in_group, struct buf *answer) {
    int error = bind_as(ld, dn, w->password);
    if (error == LDAP_SUCCESS) answer_passed(answer, in_group, w->user, SPAN(""));
    else if (error == LDAP_INVALID_CREDENTIALS || error == LDAP_NO_SUCH_OBJECT || error == LDAP_INAPPROPRIATE_AUTH ||
             error == LDAP_INVALID_DN_SYNTAX || error == LDAP_CONSTRAINT_VIOLATION)
        answer_wrong(answer);
    else say(answer, ld, w, "the user's bind", error);
}

static void ask_directory(LDAP *ld, const struct ldap_wanted *w, struct buf *answer) {
    struct buf dn = {0};
    bool in_group = false;
    int error = w->bind_dn.n ? bind_as(ld, w->bind_dn, w->bind_pw) : LDAP_SUCCESS;
    if (error != LDAP_SUCCESS) {
        say(answer, ld, w, "bind with auth.backend.ldap.bind-dn", error);
        return;
    }
    int found = find_user(ld, w, &dn, answer);
    if (found == 0) answer_wrong(answer);
    if (found == 1 && find_group(ld, w, buf_span(&dn), answer, &in_group))
        check_password(ld, w, buf_span(&dn), in_group, answer);
    buf_done(&dn);
}

void outside_answer(struct span question, struct buf *answer) {
    struct ldap_wanted w;
    struct span backend;
    if (!texts_next(&question, &backend) || !ldap_wanted_take(question, &w)) {
        answer_broken(answer, "the question is damaged");
        return;
    }
    /* A bind without a password is no proof of anything, and succeeds (RFC 4513 5.1.2). */
    if (w.password.n == 0 && !has_flag(&w, LDAP_ALLOW_EMPTY)) {
        answer_wrong(answer);
        return;
    }
    LDAP *ld = open_directory(&w, answer);
    if (!ld) return;
    ask_directory(ld, &w, answer);
    ldap_unbind_ext_s(ld, NULL, NULL);
}
