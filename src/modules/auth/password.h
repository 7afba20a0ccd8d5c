/* password.h - is this the password that was hashed? */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_AUTH_PASSWORD_H
#define GOLDCREST_AUTH_PASSWORD_H

#include "base/buf.h"

enum { PASSWORD_BYTES_MAX = 511 /* longer ones are wrong: hashing them costs, and no crypt() takes them */ };

enum password_result {
    PASSWORD_RIGHT,
    PASSWORD_WRONG,
    PASSWORD_UNKNOWN /* the hash is of a kind that neither we nor crypt(3) of this system know */
};

/*
 * hash, as files have it: "$apr1$" and "$1$" (MD5), "$5$" and "$6$" (SHA-crypt), "{SHA}", and what crypt(3) knows:
 * bcrypt, yescrypt, the traditional 13 letters. May take seconds; never for the loop of a worker.
 */
enum password_result password_check(struct span password, struct span hash);
bool password_is_shut(struct span hash); /* empty, or "!" or "*" in front: no password fits */

/* A hash as it would stand in a file; setting: "$apr1$salt", "$5$rounds=5000$salt" … False if it is malformed. */
bool md5_crypt(struct span password, struct span setting, struct buf *out);
bool sha_crypt(struct span password, struct span setting, struct buf *out);
/* By crypt(3); false where it is missing or does not know that kind. */
bool system_crypt(const char *password, const char *setting, struct buf *out);

/* n bytes as `digits` letters of ./0-9A-Za-z, the lowest six bits first. */
void crypt_digits(struct buf *out, unsigned long value, int digits);

#endif
