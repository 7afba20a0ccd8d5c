/* none.c - a build without TLS: ssl.engine = "enable" is an error that says so */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "tls/provider.h"

const bool tls_provider_is_built = false;

const struct tls_provider *tls_provider_find(bool load, const char **why, const char **hint) {
    (void)load;
    *why = "this goldcrest was built without TLS";
    *hint = "configure it with OpenSSL";
    return NULL;
}
