/* ldapfilter.c - questions for a directory, and names within its filters */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "modules/auth/ldapjob.h"
#include "modules/auth/question.h"

void ldap_wanted_add(struct buf *question, const struct ldap_wanted *w) {
    const struct span texts[LDAP_TEXTS] = {w->uri,     w->base_dn, w->filter,       w->ca_file,
                                           w->bind_dn, w->bind_pw, w->group_member, w->timeout_us,
                                           w->flags,   w->user,    w->password};
    for (int i = 0; i < LDAP_TEXTS; i++) texts_add(question, texts[i]);
}

bool ldap_wanted_take(struct span question, struct ldap_wanted *w) {
    struct span *texts[LDAP_TEXTS] = {&w->uri,     &w->base_dn, &w->filter,       &w->ca_file,
                                      &w->bind_dn, &w->bind_pw, &w->group_member, &w->timeout_us,
                                      &w->flags,   &w->user,    &w->password};
    for (int i = 0; i < LDAP_TEXTS; i++)
        if (!texts_next(&question, texts[i])) return false;
    w->groups = question;
    return true;
}

void ldap_escape(struct buf *out, struct span value) {
    for (size_t i = 0; i < value.n; i++) {
        unsigned char c = (unsigned char)value.p[i];
        if (c < ' ' || c == 0x7f || c == '*' || c == '(' || c == ')' || c == '\\') buf_printf(out, "\\%02x", c);
        else buf_add_char(out, (char)c);
    }
}

void ldap_escape_dn(struct buf *out, struct span value) {
    for (size_t i = 0; i < value.n; i++) {
        unsigned char c = (unsigned char)value.p[i];
        bool at_end = i == 0 || i + 1 == value.n;
        if (c < ' ' || c == 0x7f || strchr("\"+,;<>\\=", c) || (at_end && (c == ' ' || c == '#')))
            buf_printf(out, "\\%02x", c);
        else buf_add_char(out, (char)c);
    }
}

void ldap_filter(struct buf *out, struct span pattern, struct span name) {
    for (size_t i = 0; i < pattern.n; i++) {
        if (pattern.p[i] == '$' || pattern.p[i] == '?') ldap_escape(out, name);
        else buf_add_char(out, pattern.p[i]);
    }
}
