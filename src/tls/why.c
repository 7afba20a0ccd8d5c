/* why.c - errors of OpenSSL in plain words */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "tls/openssl.h"

/* reason - what OpenSSL calls an error, and how it reads in the log; %s: who the peer is. noise: of a client, nothing
 * that an administrator can mend */
static const struct reason {
    int reason;
    bool noise;
    const char *words;
    const char *of_backend; /* NULL: the same */
} reasons[] = {
    {SSL_R_HTTP_REQUEST, true, "plain HTTP on a TLS port", NULL},
#ifdef SSL_R_HTTPS_PROXY_REQUEST
    {SSL_R_HTTPS_PROXY_REQUEST, true, "a request for a proxy (CONNECT) on a TLS port", NULL},
#endif
    {SSL_R_WRONG_VERSION_NUMBER, true, "what %s sent is not TLS", "%s speaks no TLS on this port"},
    {SSL_R_UNKNOWN_PROTOCOL, true, "what %s sent is not TLS", "%s speaks no TLS on this port"},
#ifdef SSL_R_BAD_PROTOCOL_VERSION_NUMBER
    {SSL_R_BAD_PROTOCOL_VERSION_NUMBER, true, "what %s sent is not TLS", "%s speaks no TLS on this port"},
#endif
    {SSL_R_UNEXPECTED_MESSAGE, true, "%s broke the rules of the handshake", NULL},
    {SSL_R_UNSUPPORTED_PROTOCOL, true, "%s speaks no version of TLS that is enabled here",
     "%s speaks no TLS from 1.2 on"},
#ifdef SSL_R_VERSION_TOO_LOW
    {SSL_R_VERSION_TOO_LOW, true, "%s speaks no version of TLS that is enabled here", "%s speaks no TLS from 1.2 on"},
#endif
#ifdef SSL_R_INAPPROPRIATE_FALLBACK
    {SSL_R_INAPPROPRIATE_FALLBACK, true, "%s tried again with an older version of TLS than both know", NULL},
#endif
    {SSL_R_NO_SHARED_CIPHER, true, "no cipher in common with %s", NULL},
#ifdef SSL_R_NO_SUITABLE_KEY_SHARE
    {SSL_R_NO_SUITABLE_KEY_SHARE, true, "no group for the key exchange in common with %s", NULL},
#endif
#ifdef SSL_R_NO_SUITABLE_GROUPS
    {SSL_R_NO_SUITABLE_GROUPS, true, "no group for the key exchange in common with %s", NULL},
#endif
#ifdef SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM
    {SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM, true, "no signature algorithm in common with %s", NULL},
#endif
#ifdef SSL_R_NO_APPLICATION_PROTOCOL
    {SSL_R_NO_APPLICATION_PROTOCOL, true, "no application protocol (ALPN) in common with %s", NULL},
#endif
#ifdef SSL_R_TLSV1_ALERT_NO_APPLICATION_PROTOCOL
    {SSL_R_TLSV1_ALERT_NO_APPLICATION_PROTOCOL, true, "no application protocol (ALPN) in common with %s (alert 120)",
     "%s does not speak the protocol that it was offered (ALPN, alert 120)"},
#endif
#ifdef SSL_R_TLSV1_UNRECOGNIZED_NAME
    {SSL_R_TLSV1_UNRECOGNIZED_NAME, true, "%s does not know the name (alert 112)",
     "%s does not know the name that it was asked for (alert 112; tls-name)"},
#endif
    {SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE, true, "%s has no certificate, and needs one here", NULL},
#ifdef SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED
    {SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED, true, "%s asks for a certificate (alert 116)",
     "%s asks for a certificate (alert 116; tls-cert-file)"},
#endif
    {SSL_R_TLSV1_ALERT_UNKNOWN_CA, true, "%s does not know the certificate authority (alert 48)",
     "%s does not know the authority of our certificate (alert 48)"},
    {SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN, true, "%s does not accept the certificate (alert 46)", NULL},
    {SSL_R_SSLV3_ALERT_BAD_CERTIFICATE, true, "%s does not accept the certificate (alert 42)", NULL},
    {SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED, true, "the certificate has expired, says %s (alert 45)",
     "our certificate has expired, says %s (alert 45)"},
    {SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE, true, "%s found nothing in common (alert 40)",
     "%s found nothing in common, or asks for a certificate (alert 40; tls-cert-file)"},
    {SSL_R_TLSV1_ALERT_PROTOCOL_VERSION, true, "%s does not want this version of TLS (alert 70)", NULL},
    {SSL_R_TLSV1_ALERT_ACCESS_DENIED, true, "%s refused (alert 49)", NULL},
    {SSL_R_TLSV1_ALERT_DECRYPT_ERROR, true, "%s could not verify what it was sent (alert 51)", NULL},
    {SSL_R_TLSV1_ALERT_INTERNAL_ERROR, true, "%s has an internal error (alert 80)", NULL},
    {SSL_R_TLSV1_ALERT_USER_CANCELLED, true, "%s gave up (alert 90)", NULL},
    {SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC, true, "a record was damaged on its way", NULL},
    {SSL_R_SSLV3_ALERT_BAD_RECORD_MAC, true, "a record was damaged on its way, says %s (alert 20)", NULL},
    {SSL_R_LENGTH_MISMATCH, true, "a message of %s is malformed", NULL},
#ifdef SSL_R_BAD_EXTENSION
    {SSL_R_BAD_EXTENSION, true, "a message of %s is malformed", NULL},
#endif
    {SSL_R_DATA_LENGTH_TOO_LONG, true, "a record of %s is too long", NULL},
    {SSL_R_ENCRYPTED_LENGTH_TOO_LONG, true, "a record of %s is too long", NULL},
#ifdef SSL_R_PACKET_LENGTH_TOO_LONG
    {SSL_R_PACKET_LENGTH_TOO_LONG, true, "what %s sent is not TLS", "%s speaks no TLS on this port"},
#endif
};

static const struct reason *find_reason(unsigned long error) {
    if (ERR_GET_LIB(error) != ERR_LIB_SSL) return NULL;
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
        if (reasons[i].reason == ERR_GET_REASON(error)) return &reasons[i];
    return NULL;
}

static const char *library_words(unsigned long error) {
    static char text[160];
    const char *words = ERR_reason_error_string(error);
    snprintf(text, sizeof text, "%s", words ? words : "an error without a name");
    return text;
}

static const char *reason_words(const struct reason *r, bool is_backend) {
    static char text[160];
    const char *peer = is_backend ? "the backend" : "the client";
    snprintf(text, sizeof text, is_backend && r->of_backend ? r->of_backend : r->words, peer);
    return text;
}

const char *why_text(void) {
    unsigned long error = ERR_peek_error();
    const struct reason *r = find_reason(error);
    const char *words = r ? reason_words(r, false) : library_words(error);
    ERR_clear_error();
    return words;
}

void why_say(struct tls *t, const char *format, ...) {
    char text[320];
    va_list args;
    if (t->why) return;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    t->why = span_dup(span_of(text));
}

static bool is_refusal(unsigned long error) {
    return ERR_GET_LIB(error) == ERR_LIB_SSL && ERR_GET_REASON(error) == SSL_R_CERTIFICATE_VERIFY_FAILED;
}

static void say_refusal(struct tls *t) {
    t->noise = true;
    why_say(t, "the certificate of %s is refused: %s", t->client ? "the backend" : "the client",
            X509_verify_cert_error_string(SSL_get_verify_result(t->ssl)));
}

/* A backend that leaves in the middle of the handshake is an answer, too. */
static void say_gone(struct tls *t) {
    if (t->client && !t->established && !t->broken)
        why_say(t, "the backend closed the connection during the handshake of TLS");
}

/* The peer is gone: nothing to say. Everything else has a reason in the queue. */
void why_keep(struct tls *t, int result) {
    int kind = SSL_get_error(t->ssl, result);
    unsigned long error = ERR_peek_error();
    const struct reason *r = find_reason(error);
    int saved = t->broken ? t->error_number : EPROTO;
    t->noise = r ? r->noise : kind == SSL_ERROR_SYSCALL || error == 0;
    if (is_refusal(error)) say_refusal(t);
    else if (!error || (t->client && t->at_end)) say_gone(t);
    else why_say(t, "%s", r ? reason_words(r, t->client) : library_words(error));
    t->noise = t->noise && !t->client;
    t->plain_http = r && r->reason == SSL_R_HTTP_REQUEST;
    transport_break(t, saved);
    ERR_clear_error();
}
