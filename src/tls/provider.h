/* provider.h - what tls.h, context.h and client.h ask of who does it: a table, linked with the program or loaded */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_TLS_PROVIDER_H
#define GOLDCREST_TLS_PROVIDER_H

#include "tls/client.h"
#include "tls/tls.h"

/* Each does what the function of that name, with tls_ or tls_client_ before it, is said to do. */
struct tls_provider {
    uint32_t build; /* GOLDCREST_BUILD: stays the first */
    const char *(*name)(void);
    const char *(*trusted_path)(unsigned n);
    struct tls_context *(*context_make)(const struct tls_settings *s, struct inputs *inputs, struct place at,
                                        struct complaints *c);
    struct tls_context *(*context_hold)(struct tls_context *x);
    void (*context_drop)(struct tls_context *x);
    const struct tls_settings *(*context_settings)(const struct tls_context *x);
    struct tls_client *(*client_make)(const struct tls_client_options *o, struct inputs *inputs, struct place at,
                                      struct complaints *c);
    struct tls_client *(*client_hold)(struct tls_client *x);
    void (*client_drop)(struct tls_client *x);
    struct tls *(*open)(struct tls_context *context, int fd, tls_select *select, void *arg);
    struct tls *(*connect)(struct tls_client *x, int fd);
    void (*drop)(struct tls *t);
    enum tls_progress (*handshake)(struct tls *t);
    const char *(*why)(const struct tls *t, bool *is_noise);
    bool (*is_plain_http)(const struct tls *t);
    ssize_t (*receive)(struct tls *t, char *bytes, size_t n);
    bool (*has_unread)(const struct tls *t);
    enum wire_sent (*flush)(struct tls *t, struct chunks *q, uint64_t max);
    void (*end_soon)(struct tls *t);
    enum wire_sent (*end)(struct tls *t);
    bool (*has_unsent)(const struct tls *t);
    bool (*has_said_end)(const struct tls *t);
    bool (*is_resumed)(const struct tls *t);
    struct tls_context *(*context_of)(const struct tls *t);
    unsigned (*version)(const struct tls *t);
    bool (*is_h2)(const struct tls *t);
    bool (*is_acme)(const struct tls *t);
    struct span (*server_name)(const struct tls *t);
    bool (*export)(const struct tls *t, unsigned *at, struct span *name, struct span *value, struct arena *a);
    struct span (*user)(const struct tls *t, struct arena *a);
};

/*
 * The provider of this build: of linked.c, loaded.c or none.c. NULL: *why says why there is none, *hint (NULL:
 * nothing) what would help. load: it may be fetched; without it is NULL until it has been asked for so.
 */
const struct tls_provider *tls_provider_find(bool load, const char **why, const char **hint);
extern const bool tls_provider_is_built;

#endif
