/* context.h - what ssl.* says for one combination of conditions: certificate, keys, versions, client certificates */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_TLS_CONTEXT_H
#define GOLDCREST_TLS_CONTEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"
#include "conf/complain.h"
#include "conf/directive.h"
#include "conf/inputs.h"

/* tls_settings - the directives ssl.*, merged. Spans and values belong to the configuration. */
struct tls_settings {
    bool engine;               /* ssl.engine */
    bool h2;                   /* offer "h2" in ALPN: set by the server, no directive */
    bool verify_activate, verify_enforce, verify_export, log_noise;
    uint32_t verify_depth;
    struct span pemfile, privkey, cipher_list, stek_file, ca_file, stapling_file, acme_dir;
    struct span verify_ca_file, verify_dn_file, verify_crl_file, verify_username;
    const struct value *conf_cmd;
};
extern const struct tls_settings tls_defaults;
extern const struct directive tls_directives[]; /* rows with offsets in tls_settings */

/* tls_context - counted; made at load, never changes */
struct tls_context;

/*
 * Reads the files through `inputs` and makes a context. Complaints (at `at`, the place of ssl.pemfile or of the
 * block) say what is wrong: a file that is missing, a key that doesn't fit, a certificate that has expired (a
 * warning), a ssl-conf-cmd nobody knows. NULL if there were errors.
 */
struct tls_context *tls_context_make(const struct tls_settings *s, struct inputs *inputs, struct place at,
                                     struct complaints *c);
struct tls_context *tls_context_hold(struct tls_context *x);
void tls_context_drop(struct tls_context *x); /* accepts NULL */

/* Would a client that was shown the one have been shown the other, and been asked the same? (Same certificate file,
 * same demands on client certificates.) If not, a request for the other's host is misdirected: 421, RFC 9110
 * 15.5.20. */
bool tls_settings_agree(const struct tls_settings *a, const struct tls_settings *b);
/* What the context was made of: copies of its texts, without conf_cmd; they live as long as the context. */
const struct tls_settings *tls_context_settings(const struct tls_context *x);

bool tls_is_there(void);        /* false in a build without TLS */
const char *tls_provider(void); /* "OpenSSL 3.0.15", for -V; "none" */

/* ---- tickets.c: keys of session tickets, the same in all workers ------------------------------ */

enum { TLS_TICKET_KEYS = 3, TLS_TICKET_KEY_BYTES = 80 /* name 16, HMAC 32, AES-256 32 */ };

/* The master makes a new first key; the others move on, the oldest is forgotten. Returns all of them as bytes for
 * tls_tickets_set() in the workers; they live until the next call. */
struct span tls_tickets_rotate(void);
/* The keys to use from now on, newest first: from the master, or from ssl.stek-file. False if the length is wrong. */
bool tls_tickets_set(struct span keys);
struct span tls_tickets(void);
/* From a file as ssl.stek-file names it: one or more keys of 80 bytes, newest first; or 92 bytes as lighttpd has
 * them, 12 of its own (format and times, which are not looked at) and one key that comes before those we have. False
 * if it is neither. */
bool tls_tickets_load(struct span file);

/* Is the value of this row of tls_directives a file whose content is part of a context? */
bool tls_directive_is_file(const struct directive *d);

#endif
