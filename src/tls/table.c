/* table.c - OpenSSL as a provider of TLS */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "base/build.h"
#include "tls/openssl.h"

const struct tls_provider goldcrest_tls = {
    .build = GOLDCREST_BUILD,
    .name = provider_name,
    .trusted_path = provider_trusted_path,
    .context_make = provider_context_make,
    .context_hold = provider_context_hold,
    .context_drop = provider_context_drop,
    .context_settings = provider_context_settings,
    .client_make = provider_client_make,
    .client_hold = provider_client_hold,
    .client_drop = provider_client_drop,
    .open = provider_open,
    .connect = provider_connect,
    .drop = provider_drop,
    .handshake = provider_handshake,
    .why = provider_why,
    .is_plain_http = provider_is_plain_http,
    .receive = provider_receive,
    .has_unread = provider_has_unread,
    .flush = provider_flush,
    .end_soon = provider_end_soon,
    .end = provider_end,
    .has_unsent = provider_has_unsent,
    .has_said_end = provider_has_said_end,
    .is_resumed = provider_is_resumed,
    .context_of = provider_context_of,
    .version = provider_version,
    .is_h2 = provider_is_h2,
    .is_acme = provider_is_acme,
    .server_name = provider_server_name,
    .export = provider_export,
    .user = provider_user,
};
