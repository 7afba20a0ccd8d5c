/* test_contexts.c - ssl.* that cannot work says why: files, keys, dates, chains, ssl-conf-cmd; and what agrees */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <check.h>
#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/pem.h>
#include <stdlib.h>

#include "conf/tree.h"
#include "pair.h"

static struct identity authority, middle, id, rsa, expired, future, weak;
static struct inputs *inputs;

enum { DAY_S = 24 * 3600 };

static void put(const char *file, const struct identity *a, const struct identity *b, const struct identity *key) {
    struct buf pem = {NULL, 0, 0};
    if (a) add_certificate(&pem, a);
    if (b) add_certificate(&pem, b);
    if (key) add_key(&pem, key);
    put_text(inputs, file, &pem);
}

static void put_locked_key(void) {
    BIO *bio = BIO_new(BIO_s_mem());
    char *bytes, secret[] = "secret";
    PEM_write_bio_PrivateKey(bio, id.key, EVP_aes_256_cbc(), NULL, 0, NULL, secret);
    long n = BIO_get_mem_data(bio, &bytes);
    inputs_put(inputs, INPUT_FILE, "locked.key", (struct span){bytes, (size_t)n});
    BIO_free(bio);
}

static void put_responses(void) {
    static const struct {
        const char *file;
        int status;
        long from_s, until_s;
    } responses[] = {{"good.ocsp", V_OCSP_CERTSTATUS_GOOD, -60, 3600},
                     {"old.ocsp", V_OCSP_CERTSTATUS_GOOD, -3600, -60},
                     {"revoked.ocsp", V_OCSP_CERTSTATUS_REVOKED, -60, 3600},
                     {"unknown.ocsp", V_OCSP_CERTSTATUS_UNKNOWN, -60, 3600}};
    for (size_t i = 0; i < sizeof responses / sizeof *responses; i++) {
        struct buf der = {NULL, 0, 0};
        make_response(&der, &id, &middle, responses[i].status, responses[i].from_s, responses[i].until_s);
        put_text(inputs, responses[i].file, &der);
    }
}

static void set_up(void) {
    authority = issue(&(struct wish){.name = "Authority", .is_authority = true}, NULL);
    middle = issue(&(struct wish){.name = "Middle", .is_authority = true}, &authority);
    id = issue(&(struct wish){.name = "a.test"}, &middle);
    rsa = issue(&(struct wish){.name = "r.test", .kind = KEY_RSA}, &middle);
    weak = issue(&(struct wish){.name = "w.test", .kind = KEY_RSA_WEAK}, &middle);
    expired = issue(&(struct wish){.name = "old.test", .from_s = -9L * DAY_S, .until_s = -2L * DAY_S}, &middle);
    future = issue(&(struct wish){.name = "new.test", .from_s = 2L * DAY_S, .until_s = 9L * DAY_S}, &middle);
    inputs = inputs_none();
    put("good.pem", &id, &middle, &id);
    put("rsa.pem", &rsa, &middle, &rsa);
    put("leaf.pem", &id, NULL, &id);
    put("middle.pem", &middle, NULL, NULL);
    put("nokey.pem", &id, &middle, NULL);
    put("wrongkey.pem", &id, &middle, &rsa);
    put("swapped.pem", &middle, &id, &id);
    put("strange.pem", &id, &authority, &id);
    put("expired.pem", &expired, &middle, &expired);
    put("future.pem", &future, &middle, &future);
    put("weak.pem", &weak, &middle, &weak);
    put("only.key", NULL, NULL, &id);
    put_locked_key();
    put_responses();
    inputs_put(inputs, INPUT_FILE, "empty.pem", SPAN(""));
    inputs_put(inputs, INPUT_FILE, "broken.pem",
               SPAN("-----BEGIN CERTIFICATE-----\nMIIB!!!!\n-----END CERTIFICATE-----\n"));
    inputs_put(inputs, INPUT_FILE, "text", SPAN("hello\n"));
}

static void tear_down(void) {
    inputs_drop(inputs);
    struct identity *all[] = {&authority, &middle, &id, &rsa, &expired, &future, &weak};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) identity_done(all[i]);
}

static const struct {
    const char *pemfile, *privkey, *staple, *says; /* NULL: nothing */
    bool made;
} files[] = {
    {"good.pem", NULL, NULL, NULL, true},
    {"rsa.pem", NULL, NULL, NULL, true},
    {"nokey.pem", "only.key", NULL, NULL, true},
    {"leaf.pem", NULL, NULL, NULL, true},
    {NULL, NULL, NULL, "error: ssl.engine needs a certificate: ssl.pemfile is not set", false},
    {"missing.pem", NULL, NULL, "error: ssl.pemfile: missing.pem cannot be read: ", false},
    {"nokey.pem", "missing.key", NULL, "error: ssl.privkey: missing.key cannot be read: ", false},
    {"empty.pem", NULL, NULL, "error: empty.pem: no certificate (-----BEGIN CERTIFICATE-----) is in it", false},
    {"text", NULL, NULL, "error: text: no certificate (-----BEGIN CERTIFICATE-----) is in it", false},
    {"broken.pem", NULL, NULL, "error: broken.pem: ", false},
    {"nokey.pem", NULL, NULL, "error: nokey.pem: no private key (-----BEGIN PRIVATE KEY-----) is in it", false},
    {"nokey.pem", "text", NULL, "error: text: no private key (-----BEGIN PRIVATE KEY-----) is in it", false},
    {"nokey.pem", "locked.key", NULL, "error: locked.key: the private key is locked with a passphrase", false},
    {"wrongkey.pem", NULL, NULL, "error: wrongkey.pem: the private key does not belong to the certificate", false},
    {"swapped.pem", NULL, NULL, "error: swapped.pem: the private key belongs to a later certificate of the file",
     false},
    {"strange.pem", NULL, NULL,
     "warning: strange.pem: CN=Authority,O=Tests stands behind CN=a.test,O=Tests, but has not issued it", true},
    {"expired.pem", NULL, NULL, "warning: expired.pem: the certificate of CN=old.test,O=Tests has expired on ", true},
    {"future.pem", NULL, NULL, "warning: future.pem: the certificate of CN=new.test,O=Tests is not valid before ",
     true},
    {"weak.pem", NULL, NULL, "weak.pem: ", false},
    {"good.pem", NULL, "good.ocsp", NULL, true},
    {"leaf.pem", NULL, "good.ocsp", NULL, true},
    {"good.pem", NULL, "old.ocsp", "warning: ssl.stapling-file: old.ocsp: it has expired", true},
    {"good.pem", NULL, "revoked.ocsp", "revoked.ocsp: it says that the certificate is revoked", true},
    {"good.pem", NULL, "unknown.ocsp", "it says that the authority does not know the certificate", true},
    {"rsa.pem", NULL, "good.ocsp", "good.ocsp: it is about another certificate", true},
    {"good.pem", NULL, "text", "text: it is no OCSP response (DER)", true},
    {"good.pem", NULL, "missing", "warning: ssl.stapling-file: missing: ", true},
};

START_TEST(file)
{
    struct tls_settings s = tls_defaults;
    bool made;
    if (files[_i].pemfile) s.pemfile = span_of(files[_i].pemfile);
    if (files[_i].privkey) s.privkey = span_of(files[_i].privkey);
    if (files[_i].staple) s.stapling_file = span_of(files[_i].staple);
    char *text = complaints_of(&s, inputs, &made);
    if (files[_i].says) ck_assert_msg(strstr(text, files[_i].says), "%s", text);
    else ck_assert_str_eq(text, "");
    if (files[_i].pemfile && strcmp(files[_i].pemfile, "weak.pem") != 0) ck_assert(made == files[_i].made);
    ck_assert(strstr(text, "secret") == NULL && strstr(text, "BEGIN EC") == NULL);
    free(text);
}
END_TEST

/* ssl.ca-file of old configurations completes the chain. */
START_TEST(old_chain)
{
    struct tls_settings s = tls_defaults;
    struct pair p;
    s.pemfile = SPAN("leaf.pem");
    s.ca_file = SPAN("middle.pem");
    struct tls_context *x = make_context(&s, inputs);
    SSL_CTX *client = make_client(&authority);
    pair_open(&p, x, NULL, NULL, client);
    ck_assert_int_eq(pair_shake(&p), TLS_DONE);
    ck_assert_int_eq(sk_X509_num(SSL_get_peer_cert_chain(p.client)), 2);
    pair_close(&p);
    SSL_CTX_free(client);
    tls_context_drop(x);
}
END_TEST

static const struct {
    const char *ca, *dn, *crl, *says;
} clients[] = {
    {"", "", "", "error: ssl.verifyclient.activate needs an authority: ssl.verifyclient.ca-file is not set"},
    {"middle.pem", "", "", NULL},
    {"missing", "", "", "error: ssl.verifyclient.ca-file: missing cannot be read: "},
    {"text", "", "", "error: ssl.verifyclient.ca-file: text: no certificate"},
    {"middle.pem", "text", "", "error: ssl.verifyclient.ca-dn-file: text: no certificate"},
    {"middle.pem", "", "text", "error: ssl.verifyclient.ca-crl-file: text: no list"},
    {"middle.pem", "", "missing", "error: ssl.verifyclient.ca-crl-file: missing cannot be read: "},
};

START_TEST(client_files)
{
    struct tls_settings s = tls_defaults;
    bool made;
    s.pemfile = SPAN("good.pem");
    s.verify_activate = true;
    s.verify_ca_file = span_of(clients[_i].ca);
    s.verify_dn_file = span_of(clients[_i].dn);
    s.verify_crl_file = span_of(clients[_i].crl);
    char *text = complaints_of(&s, inputs, &made);
    ck_assert(made == !clients[_i].says);
    if (clients[_i].says) ck_assert_msg(strstr(text, clients[_i].says), "%s", text);
    else ck_assert_str_eq(text, "");
    free(text);
}
END_TEST

/* ---- ssl.openssl.ssl-conf-cmd ------------------------------------------------------------------ */

static const struct {
    const char *list;
    int client_version; /* 0: any; what the client speaks alone */
    const char *agreed; /* version or cipher; NULL: nothing in common */
    const char *says;   /* NULL: no complaint */
} commands[] = {
    {"( )", TLS1_2_VERSION, "TLSv1.2", NULL},
    {"( )", TLS1_1_VERSION, NULL, NULL},
    {"( \"MinProtocol\" => \"TLSv1.3\" )", TLS1_2_VERSION, NULL, NULL},
    {"( \"MinProtocol\" => \"tlsv1.3\" )", TLS1_3_VERSION, "TLSv1.3", NULL},
    {"( \"MaxProtocol\" => \"TLSv1.2\" )", TLS1_3_VERSION, NULL, NULL},
    {"( \"MaxProtocol\" => \"None\", \"MinProtocol\" => \"None\" )", TLS1_3_VERSION, "TLSv1.3", NULL},
    {"( \"Protocol\" => \"-ALL, TLSv1.2\" )", TLS1_3_VERSION, NULL, NULL},
    {"( \"Protocol\" => \"-ALL, TLSv1.2\" )", TLS1_2_VERSION, "TLSv1.2", NULL},
    {"( \"Protocol\" => \"TLSv1.3\" )", TLS1_2_VERSION, NULL, NULL},
    {"( \"Protocol\" => \"ALL, -TLSv1.3, -SSLv3\" )", TLS1_3_VERSION, NULL, NULL},
    {"( \"Protocol\" => \"-ALL\" )", 0, NULL, "Protocol: \"-ALL\" leaves no version of TLS"},
    {"( \"Protocol\" => \"TLS\" )", 0, NULL, "Protocol: \"TLS\" has no list of versions of TLS"},
    {"( \"CipherString\" => \"ECDHE+AES256\" )", TLS1_2_VERSION, "ECDHE-ECDSA-AES256-GCM-SHA384", NULL},
    {"( \"CipherString\" => \"DHE-RSA-AES128-GCM-SHA256\" )", TLS1_2_VERSION, "DHE-RSA-AES128-GCM-SHA256", NULL},
    {"( \"cipherstring\" => \"nonsense\" )", 0, NULL, "CipherString: \"nonsense\" has no cipher"},
    {"( \"Ciphersuites\" => \"TLS_CHACHA20_POLY1305_SHA256\" )", TLS1_3_VERSION, "TLS_CHACHA20_POLY1305_SHA256",
     NULL},
    {"( \"Ciphersuites\" => \"TLS_NO\" )", 0, NULL, "Ciphersuites: \"TLS_NO\" is no list"},
    {"( \"Groups\" => \"P-256\" )", TLS1_3_VERSION, "TLSv1.3", NULL},
    {"( \"Curves\" => \"P-384:nonsense\" )", 0, NULL, "has a group that this library does not know"},
    {"( \"Options\" => \"-SessionTicket,ServerPreference\" )", TLS1_3_VERSION, "TLSv1.3", NULL},
    {"( \"Options\" => \"KTLS\" )", TLS1_3_VERSION, "TLSv1.3", NULL},
    {"( \"Options\" => \"SesionTicket\" )", 0, NULL, "did you mean SessionTicket?"},
#ifdef HAVE_TLS_SECURITY_LEVEL
    {"( \"SecurityLevel\" => \"2\" )", TLS1_3_VERSION, "TLSv1.3", NULL},
#else
    {"( \"SecurityLevel\" => \"2\" )", 0, NULL, "this library has no security levels"},
#endif
    {"( \"SecurityLevel\" => \"9\" )", 0, NULL, "SecurityLevel: \"9\" is no level"},
    {"( \"MinProtokol\" => \"TLSv1.2\" )", 0, NULL, "did you mean MinProtocol?"},
    {"( \"MinProtocol\" => \"1.2\" )", 0, NULL, "MinProtocol: \"1.2\" is no version of TLS"},
    {"( \"PrivateKey\" => \"x\" )", 0, NULL, "write ssl.pemfile and ssl.privkey"},
    {"( \"DHParameters\" => \"missing\" )", 0, NULL, "DHParameters: \"missing\" cannot be read: "},
    {"( \"DHParameters\" => \"text\" )", 0, NULL, "DHParameters: \"text\" has no usable parameters"},
#ifdef HAVE_TLS_CONF
    {"( \"SignatureAlgorithms\" => \"ECDSA+SHA256\" )", TLS1_2_VERSION, "TLSv1.2", NULL},
    {"( \"SignatureAlgorithms\" => \"nonsense\" )", 0, NULL, "SignatureAlgorithms: \"nonsense\" is refused"},
#else
    {"( \"SignatureAlgorithms\" => \"ECDSA+SHA256\" )", 0, NULL, "this library does not know the key"},
#endif
};

static void visit(struct tls_context *x, int version, const char *agreed) {
    SSL_CTX *client = make_client(NULL);
    struct pair p;
    if (version < TLS1_2_VERSION) SSL_CTX_set_security_level(client, 0);
    SSL_CTX_set_min_proto_version(client, version);
    SSL_CTX_set_max_proto_version(client, version);
    pair_open(&p, x, NULL, NULL, client);
    ck_assert_int_eq(pair_shake(&p), agreed ? TLS_DONE : TLS_FAILED);
    if (agreed)
        ck_assert(strcmp(SSL_get_version(p.client), agreed) == 0 || strcmp(SSL_get_cipher(p.client), agreed) == 0);
    pair_close(&p);
    SSL_CTX_free(client);
}

START_TEST(command)
{
    struct tls_settings s = tls_defaults;
    struct complaints *c = complaints_make();
    struct buf line = {NULL, 0, 0}, text = {NULL, 0, 0};
    buf_printf(&line, "x = %s\n", commands[_i].list);
    inputs_put(inputs, INPUT_FILE, "t.conf", buf_span(&line));
    struct conf_tree *tree = conf_parse(inputs, c, "t.conf");
    s.pemfile = strstr(commands[_i].list, "DHE-RSA") ? SPAN("rsa.pem") : SPAN("good.pem");
    s.conf_cmd = &block_find(tree->blocks[0], SPAN("var.x"))->value;
    struct tls_context *x = tls_context_make(&s, inputs, (struct place){NULL, 0}, c);
    complaints_print(c, &text);
    if (commands[_i].says) ck_assert_msg(strstr(buf_text(&text), commands[_i].says), "%s", buf_text(&text));
    else ck_assert_str_eq(buf_text(&text), "");
    ck_assert((x != NULL) == !commands[_i].says);
    ck_assert_queue_empty();
    if (x && commands[_i].client_version) visit(x, commands[_i].client_version, commands[_i].agreed);
    tls_context_drop(x);
    conf_tree_drop(tree);
    complaints_drop(c);
    buf_done(&line);
    buf_done(&text);
}
END_TEST

/* ---- the table, and what is alike -------------------------------------------------------------- */

START_TEST(table)
{
    unsigned count = 0;
    for (const struct directive *d = tls_directives; d->name; d++, count++) {
        ck_assert(strncmp(d->name, "ssl.", 4) == 0 || strcmp(d->name, "debug.log-ssl-noise") == 0);
        ck_assert_uint_gt(strlen(d->help), 0);
        ck_assert(d->help[strlen(d->help) - 1] == '.');
        if (d->flags & (DIRECTIVE_IGNORED | DIRECTIVE_DEPRECATED)) ck_assert_ptr_nonnull(d->instead);
    }
    ck_assert_uint_eq(count, 24);
    ck_assert(tls_is_there() && strncmp(tls_provider(), "none", 4) != 0 && strchr(tls_provider(), '.'));
}
END_TEST

START_TEST(agreement)
{
    struct tls_settings x = tls_defaults, y;
    x.pemfile = SPAN("good.pem");
    y = x;
    y.log_noise = !x.log_noise;
    y.verify_ca_file = SPAN("b"); /* not asked for */
    ck_assert(tls_settings_agree(&x, &y));
    y.verify_activate = true;
    ck_assert(!tls_settings_agree(&x, &y));
    x = y;
    ck_assert(tls_settings_agree(&x, &y));
    y.verify_ca_file = SPAN("c");
    ck_assert(!tls_settings_agree(&x, &y));
    y = x;
    y.verify_enforce = !x.verify_enforce;
    ck_assert(!tls_settings_agree(&x, &y));
    y = x;
    y.pemfile = SPAN("rsa.pem");
    ck_assert(!tls_settings_agree(&x, &y));
}
END_TEST

/* A context outlives the configuration it was made of. */
START_TEST(context_keeps_its_settings)
{
    char path[] = "good.pem";
    struct tls_settings s = tls_defaults;
    s.pemfile = span_of(path);
    struct tls_context *x = make_context(&s, inputs);
    path[0] = 'X';
    ck_assert(span_is(tls_context_settings(x)->pemfile, SPAN("good.pem")));
    tls_context_drop(x);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("contexts");
    TCase *tests = tcase_create("all");
    tcase_add_unchecked_fixture(tests, set_up, tear_down); /* once: RSA keys take their time */
    tcase_add_loop_test(tests, file, 0, sizeof files / sizeof *files);
    tcase_add_test(tests, old_chain);
    tcase_add_loop_test(tests, client_files, 0, sizeof clients / sizeof *clients);
    tcase_add_loop_test(tests, command, 0, sizeof commands / sizeof *commands);
    tcase_add_test(tests, table);
    tcase_add_test(tests, agreement);
    tcase_add_test(tests, context_keeps_its_settings);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
