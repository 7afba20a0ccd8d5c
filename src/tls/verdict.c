/* verdict.c - what is wrong with the certificate of a backend, in plain words */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "tls/openssl.h"

enum { NAMES_BYTES = 160 };

/* ---- whom a certificate is for ---------------------------------------------------------------- */

/* names - some of them, for a message: what a stranger wrote is shown as plain ASCII */
struct names {
    char text[NAMES_BYTES];
    size_t n;
    bool is_full;
};

static void add_name(struct names *names, struct span name) {
    static const char more[] = ", ...";
    if (names->is_full || !name.n) return;
    names->is_full = names->n + 2 + name.n + sizeof more > sizeof names->text;
    if (names->n || names->is_full) {
        size_t n = names->is_full ? sizeof more - 1 : 2;
        memcpy(names->text + names->n, more, n);
        names->n += n;
    }
    for (size_t i = 0; i < name.n && !names->is_full; i++)
        names->text[names->n++] = name.p[i] > ' ' && name.p[i] <= '~' ? name.p[i] : '?';
}

static struct span string_span(const ASN1_STRING *s) {
    return (struct span){(const char *)ASN1_STRING_get0_data(s), (size_t)ASN1_STRING_length(s)};
}

static void add_address(struct names *names, const ASN1_STRING *bytes) {
    char text[INET6_ADDRSTRLEN];
    int family = ASN1_STRING_length(bytes) == 4 ? AF_INET : ASN1_STRING_length(bytes) == 16 ? AF_INET6 : AF_UNSPEC;
    if (family != AF_UNSPEC && inet_ntop(family, ASN1_STRING_get0_data(bytes), text, sizeof text))
        add_name(names, span_of(text));
}

/* RFC 9525 6.3: the subject's common name counts only where there is nothing else, and not for everybody. */
static void add_common_name(struct names *names, X509 *x) {
    const X509_NAME *subject = X509_get_subject_name(x);
    int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
    if (at >= 0) add_name(names, string_span(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at))));
}

static void names_of(X509 *x, struct names *names) {
    GENERAL_NAMES *list = X509_get_ext_d2i(x, NID_subject_alt_name, NULL, NULL);
    for (int i = 0; i < sk_GENERAL_NAME_num(list); i++) {
        int kind;
        const void *value = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(list, i), &kind);
        if (kind == GEN_DNS) add_name(names, string_span(value));
        if (kind == GEN_IPADD) add_address(names, value);
    }
    GENERAL_NAMES_free(list);
    if (!names->n) add_common_name(names, x);
    if (!names->n) add_name(names, SPAN("nobody"));
    names->text[names->n] = '\0';
}

/* ---- the verdict ------------------------------------------------------------------------------ */

static void say_other_name(struct tls *t, X509 *x) {
    struct names names = {.n = 0};
    names_of(x, &names);
    why_say(t, "the certificate of %s is for %s (tls-name)", t->client->name, names.text);
}

static void say_expired(struct tls *t, X509 *x) {
    why_say(t, "the certificate of %s has expired on %s", certificate_name(x),
            certificate_time(X509_get0_notAfter(x)));
}

static void say_too_early(struct tls *t, X509 *x) {
    why_say(t, "the certificate of %s is not valid before %s; is this machine's clock right?", certificate_name(x),
            certificate_time(X509_get0_notBefore(x)));
}

static void say_unknown(struct tls *t, X509 *x) {
    why_say(t, "the certificate of %s is signed by an unknown authority: %s (tls-ca-file)", t->client->name,
            certificate_issuer(x));
}

static void say_self_signed(struct tls *t, X509 *x) {
    (void)x;
    why_say(t, "the certificate of %s is signed by itself (tls-ca-file)", t->client->name);
}

static const struct {
    int error;
    void (*say)(struct tls *t, X509 *x);
} verdicts[] = {
    {X509_V_ERR_HOSTNAME_MISMATCH, say_other_name},
    {X509_V_ERR_IP_ADDRESS_MISMATCH, say_other_name},
    {X509_V_ERR_CERT_HAS_EXPIRED, say_expired},
    {X509_V_ERR_CERT_NOT_YET_VALID, say_too_early},
    {X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, say_self_signed},
    {X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, say_unknown},
    {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, say_unknown},
    {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, say_unknown},
    {X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, say_unknown},
};

int verdict_on_backend(int ok, X509_STORE_CTX *store) {
    struct tls *t = SSL_get_app_data(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
    X509 *x = X509_STORE_CTX_get_current_cert(store);
    int error = X509_STORE_CTX_get_error(store);
    for (size_t i = 0; !ok && x && i < sizeof verdicts / sizeof *verdicts; i++)
        if (verdicts[i].error == error) verdicts[i].say(t, x);
    return ok;
}
