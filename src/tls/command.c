/* command.c - ssl.openssl.ssl-conf-cmd: versions, ciphers, groups and options in OpenSSL's own words */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <limits.h>
#include <openssl/pem.h>
#include <stdio.h>

#include "base/number.h"
#include "tls/openssl.h"

/* task - one `key => value` to carry out; `wrong` says what is wrong with the value, `hint` what to write */
struct task {
    SSL_CTX *ctx;
    struct inputs *inputs;
    struct span value;
    const char *wrong, *hint;
};

static bool refuse(struct task *t, const char *wrong, const char *hint) {
    t->wrong = wrong;
    t->hint = hint;
    return false;
}

/* ---- versions --------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    uint16_t version;
    uint64_t off; /* the option that switches it off */
} versions[] = {{"TLSv1.3", TLS1_3_VERSION, SSL_OP_NO_TLSv1_3}, {"TLSv1.2", TLS1_2_VERSION, SSL_OP_NO_TLSv1_2},
                {"TLSv1.1", TLS1_1_VERSION, SSL_OP_NO_TLSv1_1}, {"TLSv1", TLS1_VERSION, SSL_OP_NO_TLSv1},
                {"TLSv1.0", TLS1_VERSION, SSL_OP_NO_TLSv1}};

enum { VERSIONS = sizeof versions / sizeof *versions };

static const char version_hint[] =
    "there are \"TLSv1.2\" and \"TLSv1.3\", and for old clients \"TLSv1.1\" and \"TLSv1\"";

static int find_version(struct span word) {
    for (int i = 0; i < VERSIONS; i++)
        if (span_is_ci(word, span_of(versions[i].name))) return i;
    return -1;
}

/* "None" lifts the limit. */
static bool set_limit(struct task *t, bool lowest) {
    int i = find_version(t->value);
    uint16_t version = (uint16_t)(i >= 0 ? versions[i].version : 0);
    if (i < 0 && !span_is_ci(t->value, SPAN("None"))) return refuse(t, "is no version of TLS", version_hint);
    bool ok = lowest ? SSL_CTX_set_min_proto_version(t->ctx, version) == 1
                     : SSL_CTX_set_max_proto_version(t->ctx, version) == 1;
    return ok || refuse(t, "is not in this library", version_hint);
}

static bool min_protocol(struct task *t) {
    return set_limit(t, true);
}

static bool max_protocol(struct task *t) {
    return set_limit(t, false);
}

/* The lowest version that is switched on becomes the limit: our own default must not stand in the way. */
static void let_in(SSL_CTX *ctx, uint64_t off) {
    uint16_t lowest = TLS1_3_VERSION;
    for (int i = 0; i < VERSIONS; i++)
        if (!(off & versions[i].off) && versions[i].version < lowest) lowest = versions[i].version;
    SSL_CTX_set_min_proto_version(ctx, lowest);
}

/* "-ALL, TLSv1.2, TLSv1.3": each word switches one on, or with "-" off; without any "-" only those that are there. */
static bool protocol(struct task *t) {
    uint64_t all = 0, off = 0;
    struct span rest = t->value, word;
    bool first = true;
    for (int i = 0; i < VERSIONS; i++) all |= versions[i].off;
    while (span_next(&rest, ',', &word)) {
        word = span_trim(word);
        bool minus = span_starts(word, SPAN("-")), sign = minus || span_starts(word, SPAN("+"));
        if (sign) word = span_from(word, 1);
        int i = find_version(word);
        bool every = span_is_ci(word, SPAN("ALL")), older = span_starts_ci(word, SPAN("SSLv"));
        if (i < 0 && !every && !older) return refuse(t, "has no list of versions of TLS", version_hint);
        if (first && !sign && !every) off = all;
        first = false;
        uint64_t bits = every ? all : i >= 0 ? versions[i].off : 0;
        off = minus ? off | bits : off & ~bits;
    }
    if (first || off == all) return refuse(t, "leaves no version of TLS", version_hint);
    SSL_CTX_clear_options(t->ctx, all);
    SSL_CTX_set_options(t->ctx, off);
    let_in(t->ctx, off);
    return true;
}

/* ---- ciphers, groups -------------------------------------------------------------------------- */

static bool cipher_string(struct task *t) {
    return SSL_CTX_set_cipher_list(t->ctx, t->value.p) == 1 ||
           refuse(t, "has no cipher that this library knows", "openssl ciphers -v tells what there is");
}

static bool ciphersuites(struct task *t) {
    return SSL_CTX_set_ciphersuites(t->ctx, t->value.p) == 1 ||
           refuse(t, "is no list of ciphers of TLS 1.3", "\"TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384\"");
}

static bool groups(struct task *t) {
    return SSL_CTX_set1_groups_list(t->ctx, t->value.p) == 1 ||
           refuse(t, "has a group that this library does not know", "\"X25519:P-256:P-384\"");
}

static bool use_parameters(SSL_CTX *ctx, BIO *bio) {
#ifdef HAVE_TLS_DH_PKEY
    EVP_PKEY *parameters = PEM_read_bio_Parameters(bio, NULL);
    if (parameters && SSL_CTX_set0_tmp_dh_pkey(ctx, parameters) == 1) return true;
    EVP_PKEY_free(parameters);
    return false;
#else
    DH *parameters = PEM_read_bio_DHparams(bio, NULL, NULL, NULL);
    bool ok = parameters && SSL_CTX_set_tmp_dh(ctx, parameters) == 1;
    DH_free(parameters);
    return ok;
#endif
}

static bool dh_parameters(struct task *t) {
    struct span pem, why;
    static char text[160];
    if (!inputs_file(t->inputs, t->value.p, &pem, &why)) {
        snprintf(text, sizeof text, "cannot be read: %.*s", SPAN_ARG(why));
        return refuse(t, text, NULL);
    }
    BIO *bio = BIO_new_mem_buf(pem.p, (int)pem.n);
    bool ok = bio && use_parameters(t->ctx, bio);
    SSL_CTX_set_dh_auto(t->ctx, 0); /* they would come first */
    BIO_free(bio);
    return ok || refuse(t, "has no usable parameters (-----BEGIN DH PARAMETERS-----)", "openssl dhparam makes some");
}

static bool security_level(struct task *t) {
    uint64_t level;
    if (!number_parse(t->value, 5, &level)) return refuse(t, "is no level", "a number from 0 to 5");
#ifdef HAVE_TLS_SECURITY_LEVEL
    SSL_CTX_set_security_level(t->ctx, (int)level);
    return true;
#else
    return level == 1 || refuse(t, "cannot be set: this library has no security levels", NULL);
#endif
}

/* ---- options ---------------------------------------------------------------------------------- */

#ifndef SSL_OP_PRIORITIZE_CHACHA
#define SSL_OP_PRIORITIZE_CHACHA 0
#endif
#ifndef SSL_OP_NO_ENCRYPT_THEN_MAC
#define SSL_OP_NO_ENCRYPT_THEN_MAC 0
#endif
#ifndef SSL_OP_NO_EXTENDED_MASTER_SECRET
#define SSL_OP_NO_EXTENDED_MASTER_SECRET 0
#endif
#ifndef SSL_OP_ALLOW_NO_DHE_KEX
#define SSL_OP_ALLOW_NO_DHE_KEX 0
#endif
#ifndef SSL_OP_ENABLE_MIDDLEBOX_COMPAT
#define SSL_OP_ENABLE_MIDDLEBOX_COMPAT 0
#endif
#ifdef HAVE_TLS_KTLS
#define KTLS SSL_OP_ENABLE_KTLS
#else
#define KTLS 0
#endif

/* 0 has no effect: renegotiation stays off whatever is said, and what the library lacks is off as well. */
static const struct option {
    const char *name;
    uint64_t bit;
    bool inverse; /* the bit switches it off */
} options[] = {{"SessionTicket", SSL_OP_NO_TICKET, true},
               {"ServerPreference", SSL_OP_CIPHER_SERVER_PREFERENCE, false},
               {"PrioritizeChaCha", SSL_OP_PRIORITIZE_CHACHA, false},
               {"Compression", 0, false},
               {"EncryptThenMac", SSL_OP_NO_ENCRYPT_THEN_MAC, true},
               {"ExtendedMasterSecret", SSL_OP_NO_EXTENDED_MASTER_SECRET, true},
               {"AllowNoDHEKEX", SSL_OP_ALLOW_NO_DHE_KEX, false},
               {"MiddleboxCompat", SSL_OP_ENABLE_MIDDLEBOX_COMPAT, false},
               {"KTLS", KTLS, false},
               {"Bugs", 0, false},
               {"EmptyFragments", 0, false},
               {"DHSingle", 0, false},
               {"ECDHSingle", 0, false},
               {"AntiReplay", 0, false},
               {"CANames", 0, false},
               {"NoRenegotiation", 0, false},
               {"NoResumptionOnRenegotiation", 0, false},
               {"UnsafeLegacyRenegotiation", 0, false},
               {"UnsafeLegacyServerConnect", 0, false}};

enum { OPTIONS = sizeof options / sizeof *options };

static const char *option_name(void *arg, size_t i) {
    (void)arg;
    return i < OPTIONS ? options[i].name : NULL;
}

static bool set_option(struct task *t, struct span word) {
    static char text[96], hint[HINT_BYTES];
    bool minus = span_starts(word, SPAN("-"));
    if (minus || span_starts(word, SPAN("+"))) word = span_from(word, 1);
    for (size_t i = 0; i < OPTIONS; i++) {
        if (!span_is_ci(word, span_of(options[i].name))) continue;
        if (options[i].inverse == minus) SSL_CTX_set_options(t->ctx, options[i].bit);
        else SSL_CTX_clear_options(t->ctx, options[i].bit);
        return true;
    }
    snprintf(text, sizeof text, "has an unknown option \"%.*s\"", word.n < 40 ? (int)word.n : 40, word.p);
    return refuse(t, text, hint_near(hint, did_you_mean(word, option_name, NULL), "\"-SessionTicket\", "
                                     "\"ServerPreference\", \"KTLS\" …"));
}

static bool set_options(struct task *t) {
    struct span rest = t->value, word;
    while (span_next(&rest, ',', &word))
        if (span_trim(word).n && !set_option(t, span_trim(word))) return false;
    return true;
}

/* ---- keys that the library carries out itself, and all of them --------------------------------- */

static const struct command {
    const char *name;
    bool (*set)(struct task *t); /* NULL: SSL_CONF_cmd() */
} commands[] = {
    {"Protocol", protocol},         {"MinProtocol", min_protocol},
    {"MaxProtocol", max_protocol},  {"CipherString", cipher_string},
    {"Ciphersuites", ciphersuites}, {"Curves", groups},
    {"Groups", groups},             {"DHParameters", dh_parameters},
    {"Options", set_options},       {"SecurityLevel", security_level},
    {"SignatureAlgorithms", NULL},  {"ClientSignatureAlgorithms", NULL},
    {"RecordPadding", NULL},        {"NumTickets", NULL},
};

enum { COMMANDS = sizeof commands / sizeof *commands };

static const char *command_name(void *arg, size_t i) {
    (void)arg;
    return i < COMMANDS ? commands[i].name : NULL;
}

static bool set_by_library(struct task *t, const char *name) {
#ifdef HAVE_TLS_CONF
    SSL_CONF_CTX *conf = SSL_CONF_CTX_new();
    if (!conf) return refuse(t, "cannot be set: out of memory", NULL);
    SSL_CONF_CTX_set_flags(conf, SSL_CONF_FLAG_FILE | SSL_CONF_FLAG_SERVER);
    SSL_CONF_CTX_set_ssl_ctx(conf, t->ctx);
    int result = SSL_CONF_cmd(conf, name, t->value.p);
    SSL_CONF_CTX_finish(conf);
    SSL_CONF_CTX_free(conf);
    if (result > 0) return true;
    return refuse(t, result == -2 ? "cannot be set: this library does not know the key" : "is refused by the library",
                  NULL);
#else
    (void)name;
    return refuse(t, "cannot be set: this library does not know the key", NULL);
#endif
}

static void complain_key(const struct element *e, struct complaints *c) {
    char hint[HINT_BYTES];
    bool file = span_is_ci(e->key, SPAN("Certificate")) || span_is_ci(e->key, SPAN("PrivateKey"));
    const char *near = file ? NULL : did_you_mean(e->key, command_name, NULL);
    complain(c, COMPLAINT_ERROR, e->key_place, e->key.n + 2,
             hint_near(hint, near, file ? "write ssl.pemfile and ssl.privkey" : NULL),
             "\"%.*s\" is no key of ssl.openssl.ssl-conf-cmd", SPAN_ARG(e->key));
}

static void apply(SSL_CTX *ctx, const struct element *e, struct inputs *inputs, struct complaints *c) {
    struct task t = {ctx, inputs, e->value.string, NULL, NULL};
    const struct command *command = NULL;
    for (size_t i = 0; i < COMMANDS && !command; i++)
        if (span_is_ci(e->key, span_of(commands[i].name))) command = &commands[i];
    if (!command) {
        complain_key(e, c);
        return;
    }
    bool ok = command->set ? command->set(&t) : set_by_library(&t, command->name);
    ERR_clear_error();
    if (!ok)
        complain(c, COMPLAINT_ERROR, e->value.place, t.value.n + 2, t.hint, "%s: \"%.*s\" %s", command->name,
                 SPAN_ARG(t.value), t.wrong);
}

void commands_apply(SSL_CTX *ctx, const struct value *list, struct inputs *inputs, struct complaints *c) {
    for (size_t i = 0; i < list->count; i++) apply(ctx, &list->elements[i], inputs, c);
}
