/* linked.c - the provider is part of the program */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "tls/openssl.h"

const bool tls_provider_is_built = true;

const struct tls_provider *tls_provider_find(bool load, const char **why, const char **hint) {
    (void)load, (void)why, (void)hint;
    return &goldcrest_tls;
}
