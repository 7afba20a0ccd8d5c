/* why.c - errors of OpenSSL in plain words */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <errno.h>
#include <stdio.h>

#include "tls/openssl.h"

/* reason - what OpenSSL calls an error, and how it reads in the log; noise: nothing that an administrator can mend */
static const struct reason {
    int reason;
    bool noise;
    const char *words;
} reasons[] = {
    {SSL_R_HTTP_REQUEST, true, "plain HTTP on a TLS port"},
    {SSL_R_HTTPS_PROXY_REQUEST, true, "a request for a proxy (CONNECT) on a TLS port"},
    {SSL_R_WRONG_VERSION_NUMBER, true, "what the client sent is not TLS"},
    {SSL_R_UNKNOWN_PROTOCOL, true, "what the client sent is not TLS"},
    {SSL_R_UNEXPECTED_MESSAGE, true, "the client broke the rules of the handshake"},
    {SSL_R_UNSUPPORTED_PROTOCOL, true, "the client speaks no version of TLS that is enabled here"},
#ifdef SSL_R_VERSION_TOO_LOW
    {SSL_R_VERSION_TOO_LOW, true, "the client speaks no version of TLS that is enabled here"},
#endif
    {SSL_R_INAPPROPRIATE_FALLBACK, true, "the client tried again with an older version of TLS than both know"},
    {SSL_R_NO_SHARED_CIPHER, true, "no cipher in common with the client"},
#ifdef SSL_R_NO_SUITABLE_KEY_SHARE
    {SSL_R_NO_SUITABLE_KEY_SHARE, true, "no group for the key exchange in common with the client"},
#endif
#ifdef SSL_R_NO_SUITABLE_GROUPS
    {SSL_R_NO_SUITABLE_GROUPS, true, "no group for the key exchange in common with the client"},
#endif
#ifdef SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM
    {SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM, true, "no signature algorithm in common with the client"},
#endif
#ifdef SSL_R_NO_APPLICATION_PROTOCOL
    {SSL_R_NO_APPLICATION_PROTOCOL, true, "no application protocol (ALPN) in common with the client"},
#endif
    {SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE, true, "the client has no certificate, and needs one here"},
    {SSL_R_TLSV1_ALERT_UNKNOWN_CA, true, "the client does not know the certificate authority (alert 48)"},
    {SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN, true, "the client does not accept the certificate (alert 46)"},
    {SSL_R_SSLV3_ALERT_BAD_CERTIFICATE, true, "the client does not accept the certificate (alert 42)"},
    {SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED, true, "the certificate has expired, says the client (alert 45)"},
    {SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE, true, "the client found nothing in common (alert 40)"},
    {SSL_R_TLSV1_ALERT_PROTOCOL_VERSION, true, "the client does not want this version of TLS (alert 70)"},
    {SSL_R_TLSV1_ALERT_ACCESS_DENIED, true, "the client refused (alert 49)"},
    {SSL_R_TLSV1_ALERT_DECRYPT_ERROR, true, "the client could not verify what it was sent (alert 51)"},
    {SSL_R_TLSV1_ALERT_INTERNAL_ERROR, true, "the client has an internal error (alert 80)"},
    {SSL_R_TLSV1_ALERT_USER_CANCELLED, true, "the client gave up (alert 90)"},
    {SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC, true, "a record was damaged on its way"},
    {SSL_R_SSLV3_ALERT_BAD_RECORD_MAC, true, "a record was damaged on its way, says the client (alert 20)"},
    {SSL_R_LENGTH_MISMATCH, true, "a message of the client is malformed"},
    {SSL_R_BAD_EXTENSION, true, "a message of the client is malformed"},
    {SSL_R_DATA_LENGTH_TOO_LONG, true, "a record of the client is too long"},
    {SSL_R_ENCRYPTED_LENGTH_TOO_LONG, true, "a record of the client is too long"},
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

const char *why_text(void) {
    unsigned long error = ERR_peek_error();
    const struct reason *r = find_reason(error);
    const char *words = r ? r->words : library_words(error);
    ERR_clear_error();
    return words;
}

static char *copy_printf(const char *format, const char *argument) {
    char text[320];
    snprintf(text, sizeof text, format, argument);
    return span_dup(span_of(text));
}

/* The peer is gone: nothing to say. Everything else has a reason in the queue. */
void why_keep(struct tls *t, int result) {
    int kind = SSL_get_error(t->ssl, result);
    unsigned long error = ERR_peek_error();
    const struct reason *r = find_reason(error);
    int saved = t->broken ? t->error_number : EPROTO;
    t->noise = r ? r->noise : kind == SSL_ERROR_SYSCALL || error == 0;
    bool refused = ERR_GET_LIB(error) == ERR_LIB_SSL && ERR_GET_REASON(error) == SSL_R_CERTIFICATE_VERIFY_FAILED;
    if (refused && !t->why) {
        t->noise = true;
        t->why = copy_printf("the certificate of the client is refused: %s",
                             X509_verify_cert_error_string(SSL_get_verify_result(t->ssl)));
    } else if (error && !t->why) {
        t->why = copy_printf("%s", r ? r->words : library_words(error));
    }
    t->plain_http = r && r->reason == SSL_R_HTTP_REQUEST;
    transport_break(t, saved);
    ERR_clear_error();
}
