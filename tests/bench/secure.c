/* secure.c - TLS for the floor and for the load: the library, and nothing around it */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "tests/bench/secure.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>

/* struct secure is the library's SSL under another name. */
static SSL_CTX *context;
static bool is_server;

static bool failed(const char *what) {
    char why[256];
    ERR_error_string_n(ERR_get_error(), why, sizeof why);
    fprintf(stderr, "%s: %s\n", what, why);
    return false;
}

bool secure_start(const char *pemfile) {
    is_server = pemfile != NULL;
    context = SSL_CTX_new(is_server ? TLS_server_method() : TLS_client_method());
    if (!context) return failed("TLS");
    SSL_CTX_set_read_ahead(context, 1);
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_verify(context, SSL_VERIFY_NONE, NULL); /* the certificate is the benchmark's own */
    if (!is_server) return true;
#ifdef HAVE_TLS_NUM_TICKETS
    SSL_CTX_set_num_tickets(context, 1); /* as many as the server gives */
#endif
    if (SSL_CTX_use_certificate_chain_file(context, pemfile) != 1) return failed(pemfile);
    if (SSL_CTX_use_PrivateKey_file(context, pemfile, SSL_FILETYPE_PEM) != 1) return failed(pemfile);
    return true;
}

struct secure *secure_make(int fd) {
    SSL *ssl = SSL_new(context);
    if (!ssl || SSL_set_fd(ssl, fd) != 1) {
        SSL_free(ssl);
        return NULL;
    }
    if (is_server) SSL_set_accept_state(ssl);
    else SSL_set_connect_state(ssl);
    return (struct secure *)ssl;
}

static int verdict(SSL *ssl, int result) {
    int error = SSL_get_error(ssl, result);
    ERR_clear_error();
    if (error == SSL_ERROR_WANT_READ) return SECURE_NEEDS_IN;
    if (error == SSL_ERROR_WANT_WRITE) return SECURE_NEEDS_OUT;
    return error == SSL_ERROR_ZERO_RETURN ? 0 : SECURE_BROKEN;
}

int secure_shake(struct secure *s) {
    SSL *ssl = (SSL *)s;
    int result = SSL_do_handshake(ssl);
    if (result == 1) return 0;
    result = verdict(ssl, result);
    return result == 0 ? SECURE_BROKEN : result;
}

ssize_t secure_read(struct secure *s, char *bytes, size_t n) {
    SSL *ssl = (SSL *)s;
    int result = SSL_read(ssl, bytes, (int)n);
    return result > 0 ? result : verdict(ssl, result);
}

ssize_t secure_write(struct secure *s, const char *bytes, size_t n) {
    SSL *ssl = (SSL *)s;
    int result = SSL_write(ssl, bytes, (int)n);
    if (result > 0) return result;
    result = verdict(ssl, result);
    return result == 0 ? SECURE_BROKEN : result;
}

bool secure_holds_more(const struct secure *s) {
#ifdef HAVE_TLS_HAS_PENDING
    return SSL_has_pending((const SSL *)s) != 0;
#else
    (void)s;
    return true;
#endif
}

void secure_drop(struct secure *s) {
    SSL *ssl = (SSL *)s;
    if (!ssl) return;
    if (SSL_is_init_finished(ssl)) (void)SSL_shutdown(ssl);
    ERR_clear_error();
    SSL_free(ssl);
}
