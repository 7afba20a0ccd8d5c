/* front.c - tls.h, context.h and client.h, as the provider does it that is asked for when it is needed */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "tls/provider.h"

/* Not NULL as soon as there is a context or a client, hence in all functions that have one. */
static const struct tls_provider *provider;

static bool fetch(struct place at, struct complaints *c) {
    const char *why, *hint = NULL;
    if (!provider) provider = tls_provider_find(true, &why, &hint);
    if (!provider) complain(c, COMPLAINT_ERROR, at, 0, hint, "TLS is asked for: %s", why);
    return provider != NULL;
}

bool tls_is_there(void) {
    return tls_provider_is_built;
}

const char *tls_provider(void) {
    const char *why, *hint;
    if (!provider) provider = tls_provider_find(true, &why, &hint);
    return provider ? provider->name() : "none";
}

const char *tls_trusted_path(unsigned n) {
    const char *why, *hint;
    if (!provider) provider = tls_provider_find(false, &why, &hint);
    return provider ? provider->trusted_path(n) : NULL;
}

/* ---- contexts and clients --------------------------------------------------------------------- */

struct tls_context *tls_context_make(const struct tls_settings *s, struct inputs *inputs, struct place at,
                                     struct complaints *c) {
    return fetch(at, c) ? provider->context_make(s, inputs, at, c) : NULL;
}

struct tls_context *tls_context_hold(struct tls_context *x) {
    return provider->context_hold(x);
}

void tls_context_drop(struct tls_context *x) {
    if (x) provider->context_drop(x);
}

const struct tls_settings *tls_context_settings(const struct tls_context *x) {
    return provider->context_settings(x);
}

struct tls_client *tls_client_make(const struct tls_client_options *o, struct inputs *inputs, struct place at,
                                   struct complaints *c) {
    return fetch(at, c) ? provider->client_make(o, inputs, at, c) : NULL;
}

struct tls_client *tls_client_hold(struct tls_client *x) {
    return provider->client_hold(x);
}

void tls_client_drop(struct tls_client *x) {
    if (x) provider->client_drop(x);
}

/* ---- connections ------------------------------------------------------------------------------ */

struct tls *tls_open(struct tls_context *context, int fd, tls_select *select, void *arg) {
    return provider->open(context, fd, select, arg);
}

struct tls *tls_connect(struct tls_client *x, int fd) {
    return provider->connect(x, fd);
}

void tls_drop(struct tls *t) {
    if (t) provider->drop(t);
}

enum tls_progress tls_handshake(struct tls *t) {
    return provider->handshake(t);
}

const char *tls_why(const struct tls *t, bool *is_noise) {
    return provider->why(t, is_noise);
}

bool tls_is_plain_http(const struct tls *t) {
    return provider->is_plain_http(t);
}

ssize_t tls_receive(struct tls *t, char *bytes, size_t n) {
    return provider->receive(t, bytes, n);
}

bool tls_has_unread(const struct tls *t) {
    return provider->has_unread(t);
}

enum wire_sent tls_flush(struct tls *t, struct chunks *q, uint64_t max) {
    return provider->flush(t, q, max);
}

void tls_end_soon(struct tls *t) {
    provider->end_soon(t);
}

enum wire_sent tls_end(struct tls *t) {
    return provider->end(t);
}

bool tls_has_unsent(const struct tls *t) {
    return provider->has_unsent(t);
}

bool tls_has_said_end(const struct tls *t) {
    return provider->has_said_end(t);
}

bool tls_is_resumed(const struct tls *t) {
    return provider->is_resumed(t);
}

/* ---- what was agreed upon --------------------------------------------------------------------- */

struct tls_context *tls_context_of(const struct tls *t) {
    return provider->context_of(t);
}

unsigned tls_version(const struct tls *t) {
    return provider->version(t);
}

bool tls_is_h2(const struct tls *t) {
    return provider->is_h2(t);
}

bool tls_is_acme(const struct tls *t) {
    return provider->is_acme(t);
}

struct span tls_name(const struct tls *t) {
    return provider->server_name(t);
}

bool tls_export(const struct tls *t, unsigned *at, struct span *name, struct span *value, struct arena *a) {
    return provider->export(t, at, name, value, a);
}

struct span tls_user(const struct tls *t, struct arena *a) {
    return provider->user(t, a);
}
