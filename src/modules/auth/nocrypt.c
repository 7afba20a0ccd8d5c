/* nocrypt.c - for systems without crypt(3) */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "modules/auth/password.h"

bool system_crypt(const char *password, const char *setting, struct buf *out) {
    (void)password;
    (void)setting;
    (void)out;
    return false;
}
