/* context.c - ssl.* of one combination of conditions becomes an SSL_CTX */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "tls/openssl.h"

/* What suits today's clients, as Mozilla's "intermediate" recommends: forward secrecy and AEAD, TLS 1.2 and 1.3. */
static const char cipher_default[] =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";

/* The first that the library knows whole. */
static const char *const group_lists[] = {"X25519MLKEM768:X25519:P-256:P-384", "X25519:P-256:P-384", "P-256:P-384"};

const char *provider_name(void) {
    static char text[64];
    const char *version = OpenSSL_version(OPENSSL_VERSION);
    size_t name = strcspn(version, " "), number = strcspn(version + name + (version[name] != 0), " ");
    snprintf(text, sizeof text, "%.*s", (int)(name + (version[name] != 0) + number), version);
    return text;
}

/* ---- settings that outlive the configuration -------------------------------------------------- */

static void keep_settings(struct tls_context *x, const struct tls_settings *s) {
    x->settings = *s;
    x->settings.conf_cmd = NULL;
    struct span *const texts[] = {
        &x->settings.pemfile,        &x->settings.privkey,        &x->settings.cipher_list,
        &x->settings.stek_file,      &x->settings.ca_file,        &x->settings.stapling_file,
        &x->settings.acme_dir,       &x->settings.verify_ca_file, &x->settings.verify_dn_file,
        &x->settings.verify_crl_file, &x->settings.verify_username};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) *texts[i] = arena_copy(&x->arena, *texts[i]);
}

/* The same in every worker and after a reload, as long as the rules for sessions are the same. */
static void make_id(struct tls_context *x) {
    const struct tls_settings *s = &x->settings;
    struct span text = arena_printf(&x->arena, "%s\n%d %d %u\n%s\n%s\n%s\n%s", s->pemfile.p, s->verify_activate,
                                    s->verify_enforce, (unsigned)s->verify_depth, s->ca_file.p, s->verify_ca_file.p,
                                    s->verify_dn_file.p, s->verify_crl_file.p);
    unsigned length = CONTEXT_ID_BYTES;
    EVP_Digest(text.p, text.n, x->id, &length, EVP_sha256(), NULL);
}

/* ---- files ------------------------------------------------------------------------------------ */

bool context_read(struct inputs *inputs, struct span path, const char *directive, struct place at,
                  struct complaints *c, struct span *text) {
    struct span why;
    if (inputs_file(inputs, path.p, text, &why)) return true;
    complain(c, COMPLAINT_ERROR, at, 0, NULL, "%s: %.*s cannot be read: %.*s", directive, SPAN_ARG(path),
             SPAN_ARG(why));
    return false;
}

struct load {
    struct tls_context *x;
    struct inputs *inputs;
    struct place at;
    struct complaints *complaints;
};

static void refuse(const struct load *l, struct span file, const char *why) {
    complain(l->complaints, COMPLAINT_ERROR, l->at, 0, NULL, "%.*s: %s", SPAN_ARG(file), why);
}

/* ssl.ca-file of old configurations: what stands between the certificate and the authority. */
static bool complete_chain(const struct load *l, struct certificate *cert) {
    struct span file = l->x->settings.ca_file, pem;
    const char *why;
    if (!file.n) return true;
    if (!context_read(l->inputs, file, "ssl.ca-file", l->at, l->complaints, &pem)) return false;
    STACK_OF(X509) *others = certificates_parse(pem, &why);
    if (!others) {
        refuse(l, file, why);
        return false;
    }
    certificate_complete(cert, others);
    sk_X509_pop_free(others, X509_free);
    return true;
}

/* Without a valid one we go on: clients ask the authority themselves, or do not ask. */
static void load_staple(const struct load *l, const struct certificate *cert) {
    struct span file = l->x->settings.stapling_file, der, why_read;
    const char *why = NULL;
    if (!file.n) return;
    if (inputs_file(l->inputs, file.p, &der, &why_read)) l->x->staple = staple_make(file, der, cert, &why);
    else why = arena_copy(&l->x->arena, why_read).p;
    if (why)
        complain(l->complaints, COMPLAINT_WARNING, l->at, 0, "it is not sent to clients",
                 "ssl.stapling-file: %.*s: %s", SPAN_ARG(file), why);
    if (l->x->staple) SSL_CTX_set_tlsext_status_cb(l->x->ctx, staple_answer);
}

static bool use_certificate(const struct load *l, struct certificate *cert) {
    const struct tls_settings *s = &l->x->settings;
    if (!complete_chain(l, cert)) return false;
    certificate_check(cert, s->pemfile, l->at, l->complaints);
    if (!certificate_use(cert, l->x->ctx)) {
        refuse(l, s->pemfile, why_text());
        return false;
    }
    load_staple(l, cert);
    return true;
}

static bool load_certificate(const struct load *l) {
    const struct tls_settings *s = &l->x->settings;
    struct span pem, key;
    struct certificate cert = {NULL, NULL, NULL};
    const char *why;
    if (!s->pemfile.n) {
        complain(l->complaints, COMPLAINT_ERROR, l->at, 0, "ssl.pemfile = \"/path/to/certificate.pem\"",
                 "ssl.engine needs a certificate: ssl.pemfile is not set");
        return false;
    }
    if (!context_read(l->inputs, s->pemfile, "ssl.pemfile", l->at, l->complaints, &pem)) return false;
    key = pem;
    if (s->privkey.n && !context_read(l->inputs, s->privkey, "ssl.privkey", l->at, l->complaints, &key)) return false;
    if (!certificate_parse(&cert, pem, key, &why)) {
        refuse(l, s->privkey.n && strstr(why, "private key") ? s->privkey : s->pemfile, why);
        return false;
    }
    bool ok = use_certificate(l, &cert);
    certificate_done(&cert);
    return ok;
}

/* ---- the rest --------------------------------------------------------------------------------- */

static void set_groups(SSL_CTX *ctx) {
    for (size_t i = 0; i < sizeof group_lists / sizeof *group_lists; i++)
        if (SSL_CTX_set1_groups_list(ctx, group_lists[i]) == 1) break;
    ERR_clear_error();
}

static void set_defaults(SSL_CTX *ctx) {
    SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
    SSL_CTX_set_cipher_list(ctx, cipher_default);
    set_groups(ctx);
    SSL_CTX_set_dh_auto(ctx, 1); /* for those who switch such ciphers on */
    SSL_CTX_set_options(ctx, SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
#ifdef SSL_MODE_NO_AUTO_CHAIN /* what clients are verified by is no chain of ours */
    SSL_CTX_set_mode(ctx, SSL_MODE_NO_AUTO_CHAIN);
#endif
#ifdef SSL_OP_NO_RENEGOTIATION
    SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION);
#elif defined SSL_OP_NO_CLIENT_RENEGOTIATION
    SSL_CTX_set_options(ctx, SSL_OP_NO_CLIENT_RENEGOTIATION);
#endif
#ifdef SSL_OP_IGNORE_UNEXPECTED_EOF /* what a request lacks shows by its length */
    SSL_CTX_set_options(ctx, SSL_OP_IGNORE_UNEXPECTED_EOF);
#endif
    SSL_CTX_set_read_ahead(ctx, 1);
}

static bool set_ciphers(const struct load *l) {
    struct span list = l->x->settings.cipher_list;
    if (!list.n || SSL_CTX_set_cipher_list(l->x->ctx, list.p) == 1) return true;
    ERR_clear_error();
    complain(l->complaints, COMPLAINT_ERROR, l->at, 0, "openssl ciphers -v tells what the library knows",
             "ssl.cipher-list: there is no cipher in \"%.*s\"", SPAN_ARG(list));
    return false;
}

static bool fill(const struct load *l, const struct value *commands) {
    struct tls_context *x = l->x;
    size_t errors = complaints_errors(l->complaints);
    set_defaults(x->ctx);
    set_ciphers(l);
    if (commands) commands_apply(x->ctx, commands, l->inputs, l->complaints);
    load_certificate(l);
    verify_prepare(x, l->inputs, l->at, l->complaints);
    session_prepare(x->ctx, x);
    hello_prepare(x->ctx);
#ifdef HAVE_TLS_KTLS
    x->ktls = (SSL_CTX_get_options(x->ctx) & SSL_OP_ENABLE_KTLS) != 0;
#endif
    ERR_clear_error();
    return complaints_errors(l->complaints) == errors;
}

struct tls_context *provider_context_make(const struct tls_settings *s, struct inputs *inputs, struct place at,
                                     struct complaints *c) {
    struct tls_context *x = memory_zeroed(1, sizeof *x);
    struct load l = {x, inputs, at, c};
    x->refs = 1;
    keep_settings(x, s);
    make_id(x);
    ERR_clear_error();
    x->ctx = SSL_CTX_new(TLS_server_method());
    if (!x->ctx) complain(c, COMPLAINT_ERROR, at, 0, NULL, "TLS: %s", why_text());
    if (x->ctx && fill(&l, s->conf_cmd)) return x;
    provider_context_drop(x);
    return NULL;
}

struct tls_context *provider_context_hold(struct tls_context *x) {
    x->refs++;
    return x;
}

void provider_context_drop(struct tls_context *x) {
    if (!x || --x->refs > 0) return;
    SSL_CTX_free(x->ctx);
    staple_drop(x->staple);
    arena_done(&x->arena);
    free(x);
}

const struct tls_settings *provider_context_settings(const struct tls_context *x) {
    return &x->settings;
}
