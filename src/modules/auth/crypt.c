/* crypt.c - what the system's crypt(3) knows: bcrypt, yescrypt, DES … */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include GC_CRYPT_HEADER

#include "modules/auth/password.h"

/* What it does not know is NULL, or a text with a "*" in front that fits no hash (crypt(3), "failure tokens"). */
bool system_crypt(const char *password, const char *setting, struct buf *out) {
    const char *hash = crypt(password, setting);
    if (!hash || hash[0] == '*' || hash[0] == '\0') return false;
    buf_add_text(out, hash);
    return true;
}
