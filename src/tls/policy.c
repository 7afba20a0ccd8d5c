/* policy.c - the directives ssl.* and what they mean together; the same in builds with and without TLS */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "tls/context.h"

#define FIELD(field) offsetof(struct tls_settings, field)
#define ROW(name, type, scope, field, help) \
    {name, DIRECTIVE_##type, SCOPE_##scope, FIELD(field), help, NULL, NULL, 0, NULL}
#define OLD(name, type, scope, field, help, instead) \
    {name, DIRECTIVE_##type, SCOPE_##scope, FIELD(field), help, NULL, NULL, DIRECTIVE_DEPRECATED, instead}
#define IGNORED(name, type, scope, why) \
    {name, DIRECTIVE_##type, SCOPE_##scope, 0, "Accepted; has no effect here.", NULL, NULL, DIRECTIVE_IGNORED, why}

const struct directive tls_directives[] = {
    ROW("ssl.engine", BOOL, SOCKET, engine, "TLS on this socket."),
    ROW("ssl.openssl.ssl-conf-cmd", MAP, SOCKET, conf_cmd,
        "Versions, ciphers, groups and more, in OpenSSL's words: \"MinProtocol\", \"CipherString\", \"Groups\"."),
    OLD("ssl.cipher-list", STRING, SOCKET, cipher_list, "Ciphers of TLS 1.2.",
        "ssl.openssl.ssl-conf-cmd = ( \"CipherString\" => … )"),
    ROW("ssl.stek-file", STRING, GLOBAL, stek_file,
        "Keys that session tickets are encrypted with, 80 bytes each, newest first; made by ourselves otherwise."),
    ROW("ssl.pemfile", STRING, ANY, pemfile,
        "The certificate, the ones between it and the authority, and the private key unless ssl.privkey has it."),
    ROW("ssl.privkey", STRING, ANY, privkey, "The private key that belongs to the certificate of ssl.pemfile."),
    ROW("ssl.stapling-file", STRING, ANY, stapling_file,
        "The authority's word (OCSP, DER) that the certificate is not revoked; sent along while it is valid."),
    {"ssl.acme-tls-1", DIRECTIVE_STRING, SCOPE_ANY, FIELD(acme_dir),
     "The directory with NAME.crt.pem and NAME.key.pem that answer challenges of the protocol acme-tls/1.", NULL,
     NULL, DIRECTIVE_READS, NULL},

    ROW("ssl.verifyclient.activate", BOOL, ANY, verify_activate, "Clients are asked for a certificate."),
    ROW("ssl.verifyclient.enforce", BOOL, ANY, verify_enforce, "Clients without a valid certificate are refused."),
    ROW("ssl.verifyclient.depth", SHORT, ANY, verify_depth,
        "How many certificates may stand between a client's and its authority's."),
    ROW("ssl.verifyclient.ca-file", STRING, ANY, verify_ca_file, "The authorities whose clients are let in."),
    ROW("ssl.verifyclient.ca-dn-file", STRING, ANY, verify_dn_file,
        "Certificates whose names clients choose theirs by; those of ssl.verifyclient.ca-file by default."),
    ROW("ssl.verifyclient.ca-crl-file", STRING, ANY, verify_crl_file, "Lists of certificates that are revoked."),
    ROW("ssl.verifyclient.username", STRING, ANY, verify_username,
        "The variable that names the user: \"SSL_CLIENT_S_DN_emailAddress\"."),
    ROW("ssl.verifyclient.exportcert", BOOL, ANY, verify_export,
        "The client's certificate is handed to programs as SSL_CLIENT_CERT."),
    ROW("debug.log-ssl-noise", BOOL, ANY, log_noise,
        "Writes failures that are the client's own to the error log: scanners, plain HTTP, unknown authorities."),

    OLD("ssl.ca-file", STRING, ANY, ca_file,
        "Certificates that complete the chain of ssl.pemfile, and authorities of clients.",
        "ssl.verifyclient.ca-file, and a complete ssl.pemfile,"),
    OLD("ssl.ca-dn-file", STRING, ANY, verify_dn_file, "Old spelling of ssl.verifyclient.ca-dn-file.",
        "ssl.verifyclient.ca-dn-file"),
    OLD("ssl.ca-crl-file", STRING, ANY, verify_crl_file, "Old spelling of ssl.verifyclient.ca-crl-file.",
        "ssl.verifyclient.ca-crl-file"),

    IGNORED("ssl.read-ahead", BOOL, ANY, "input is always read ahead"),
    IGNORED("ssl.disable-client-renegotiation", BOOL, ANY, "renegotiation is always refused"),
    IGNORED("ssl.ech-opts", TABLE, SOCKET, "Encrypted ClientHello is not in this build"),
    IGNORED("ssl.ech-public-name", STRING, ANY, "Encrypted ClientHello is not in this build"),
    DIRECTIVE_END};

const struct tls_settings tls_defaults = {
    .verify_enforce = true,
    .verify_depth = 9,
};

bool tls_settings_agree(const struct tls_settings *a, const struct tls_settings *b) {
    return span_is(a->pemfile, b->pemfile) && a->verify_activate == b->verify_activate &&
           (!a->verify_activate ||
            (a->verify_enforce == b->verify_enforce && a->verify_depth == b->verify_depth &&
             span_is(a->verify_ca_file, b->verify_ca_file) && span_is(a->ca_file, b->ca_file) &&
             span_is(a->verify_dn_file, b->verify_dn_file) && span_is(a->verify_crl_file, b->verify_crl_file) &&
             span_is(a->verify_username, b->verify_username) && a->verify_export == b->verify_export));
}

bool tls_directive_is_file(const struct directive *d) {
    static const size_t fields[] = {FIELD(pemfile),        FIELD(privkey),        FIELD(stapling_file),
                                    FIELD(ca_file),        FIELD(verify_ca_file), FIELD(verify_dn_file),
                                    FIELD(verify_crl_file)};
    if (d->type != DIRECTIVE_STRING || d->flags & DIRECTIVE_IGNORED) return false;
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        if (d->offset == fields[i]) return true;
    return false;
}
