/* loaded.c - the provider is a library: who does not ask for TLS has no OpenSSL in memory */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "base/build.h"
#include "base/library.h"
#include "tls/provider.h"

const bool tls_provider_is_built = true;

const struct tls_provider *tls_provider_find(bool load, const char **why, const char **hint) {
    static const struct tls_provider *found;
    if (!found && load) found = library_part("tls_openssl", "goldcrest_tls", GOLDCREST_BUILD, why);
    if (!found) *hint = "it comes with the program, and is replaced with it";
    return found;
}
