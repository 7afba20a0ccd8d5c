/* ldapjob.h - users in a directory: what is asked, and the answer */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_AUTH_LDAPJOB_H
#define GOLDCREST_AUTH_LDAPJOB_H

#include <stdbool.h>

#include "base/buf.h"

/* ldap_wanted - a question, taken apart; all of it is in the question */
struct ldap_wanted {
    struct span uri, base_dn, filter, ca_file, bind_dn, bind_pw, group_member, timeout_us, flags, user, password;
    struct span groups; /* what is left of the question: a list of texts */
};
enum { LDAP_TEXTS = 11, LDAP_STARTTLS = 's', LDAP_ALLOW_EMPTY = 'e' };

/* The texts of w in their order; groups stand behind them. */
void ldap_wanted_add(struct buf *question, const struct ldap_wanted *w);
bool ldap_wanted_take(struct span question, struct ldap_wanted *w);

/* The filter with the name in the place of "$" or "?", escaped so that it can be no part of the syntax (RFC 4515
 * 3). */
void ldap_filter(struct buf *out, struct span pattern, struct span name);
void ldap_escape(struct buf *out, struct span value);
/* The same within a distinguished name (RFC 4514 2.4). */
void ldap_escape_dn(struct buf *out, struct span value);

#endif
