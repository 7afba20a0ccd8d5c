/* none.c - a build without TLS: ssl.engine = "enable" is an error that says so */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <errno.h>

#include "tls/client.h"
#include "tls/tls.h"

bool tls_is_there(void) {
    return false;
}

const char *tls_provider(void) {
    return "none";
}

struct tls_context *tls_context_make(const struct tls_settings *s, struct inputs *inputs, struct place at,
                                     struct complaints *c) {
    (void)s, (void)inputs;
    complain(c, COMPLAINT_ERROR, at, 0, "configure it with OpenSSL", "this goldcrest was built without TLS");
    return NULL;
}

/* No context, hence no connection: the rest is never called with one. */

struct tls_context *tls_context_hold(struct tls_context *x) {
    return x;
}

void tls_context_drop(struct tls_context *x) {
    (void)x;
}

const struct tls_settings *tls_context_settings(const struct tls_context *x) {
    (void)x;
    return &tls_defaults;
}

struct tls *tls_open(struct tls_context *context, int fd, tls_select *select, void *arg) {
    (void)context, (void)fd, (void)select, (void)arg;
    return NULL;
}

struct tls_client *tls_client_make(const struct tls_client_options *o, struct inputs *inputs, struct place at,
                                   struct complaints *c) {
    (void)o, (void)inputs;
    complain(c, COMPLAINT_ERROR, at, 0, "configure it with OpenSSL",
             "this goldcrest was built without TLS, and cannot speak it to a backend");
    return NULL;
}

struct tls_client *tls_client_hold(struct tls_client *x) {
    return x;
}

void tls_client_drop(struct tls_client *x) {
    (void)x;
}

struct tls *tls_connect(struct tls_client *x, int fd) {
    (void)x, (void)fd;
    return NULL;
}

bool tls_has_said_end(const struct tls *t) {
    (void)t;
    return false;
}

bool tls_is_resumed(const struct tls *t) {
    (void)t;
    return false;
}

void tls_drop(struct tls *t) {
    (void)t;
}

enum tls_progress tls_handshake(struct tls *t) {
    (void)t;
    return TLS_FAILED;
}

const char *tls_why(const struct tls *t, bool *is_noise) {
    (void)t;
    if (is_noise) *is_noise = false;
    return "this goldcrest was built without TLS";
}

bool tls_is_plain_http(const struct tls *t) {
    (void)t;
    return false;
}

ssize_t tls_receive(struct tls *t, char *bytes, size_t n) {
    (void)t, (void)bytes, (void)n;
    errno = EPROTO;
    return WIRE_BROKEN;
}

void tls_end_soon(struct tls *t) {
    (void)t;
}

bool tls_has_unread(const struct tls *t) {
    (void)t;
    return false;
}

enum wire_sent tls_flush(struct tls *t, struct chunks *q, uint64_t max) {
    (void)t, (void)q, (void)max;
    errno = EPROTO;
    return WIRE_FAILED;
}

enum wire_sent tls_end(struct tls *t) {
    (void)t;
    return WIRE_SENT;
}

bool tls_has_unsent(const struct tls *t) {
    (void)t;
    return false;
}

struct tls_context *tls_context_of(const struct tls *t) {
    (void)t;
    return NULL;
}

bool tls_is_h2(const struct tls *t) {
    (void)t;
    return false;
}

bool tls_is_acme(const struct tls *t) {
    (void)t;
    return false;
}

struct span tls_name(const struct tls *t) {
    (void)t;
    return SPAN("");
}

unsigned tls_version(const struct tls *t) {
    (void)t;
    return 0;
}

bool tls_export(const struct tls *t, unsigned *at, struct span *name, struct span *value, struct arena *a) {
    (void)t, (void)at, (void)name, (void)value, (void)a;
    return false;
}

struct span tls_user(const struct tls *t, struct arena *a) {
    (void)t, (void)a;
    return SPAN("");
}

const char *tls_trusted_path(unsigned n) {
    (void)n;
    return NULL;
}
