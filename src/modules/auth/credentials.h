/* credentials.h - what stands in Authorization: Basic (RFC 7617) and Digest (RFC 7616) */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_AUTH_CREDENTIALS_H
#define GOLDCREST_AUTH_CREDENTIALS_H

#include <stdbool.h>

#include "base/arena.h"
#include "http/fields.h"
#include "modules/auth/rule.h"

/* Is the value of that scheme ("Basic", in any case)? rest: what stands behind it. */
bool credentials_are(struct span value, struct span scheme, struct span *rest);

/* Two fields of Authorization: whoever comes behind us might take the other one. */
bool credentials_are_ambiguous(const struct fields *fields);

/* User and password, in the arena. False: no base64, no colon, a control character. */
bool basic_parse(struct span rest, struct arena *a, struct span *user, struct span *password);

/* digest - the parameters as sent, unquoted; in the arena */
struct digest {
    struct span username, realm, nonce, uri, response, qop, nc, cnonce, algorithm_text;
    bool userhash; /* username is H(user:realm) */
    const struct algorithm *algorithm;
};

/* False: malformed, a parameter twice or missing, not qop=auth, an algorithm that does not exist, lengths that
 * cannot be. */
bool digest_parse(struct span rest, struct arena *a, struct digest *d);

/* The response that a client that knows `secret` = H(user:realm:password), in hexadecimal digits, would send. */
size_t digest_response(const struct digest *d, struct span method, struct span secret, char out[HASH_HEX_MAX]);

/* ---- nonces ------------------------------------------------------------------------------------ */

enum nonce_state { NONCE_GOOD, NONCE_STALE, NONCE_FOREIGN };
enum { NONCE_SECONDS = 600, NONCE_BYTES = 64 };

/* Made of the time and the rule's secret: nothing is kept. Returns its length. */
size_t nonce_make(const struct auth_rule *rule, int64_t now_s, char out[NONCE_BYTES]);
enum nonce_state nonce_check(const struct auth_rule *rule, struct span nonce, int64_t now_s);

/* ---- challenges --------------------------------------------------------------------------------- */

/* The value of one WWW-Authenticate; algorithm: of those offered, for Digest. */
void challenge_basic(const struct auth_rule *rule, struct buf *out);
void challenge_digest(const struct auth_rule *rule, unsigned algorithm, bool stale, int64_t now_s, struct buf *out);

#endif
