/* test_clients.c - client certificates: who is let in, and what is told of them */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <check.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdlib.h>

#include "pair.h"

/* Who comes: nobody (no certificate), a member, one whose certificate is revoked or has expired, one of another
 * authority, one of a second authority that is trusted but not announced. */
enum person { NOBODY, MEMBER, REVOKED, EXPIRED, STRANGER, SECOND, PERSONS };

static struct identity authority, second, unknown, server, persons[PERSONS];
static struct inputs *inputs;

static void put_pem(const char *file, const struct identity *a, const struct identity *b) {
    struct buf pem = {NULL, 0, 0};
    add_certificate(&pem, a);
    if (b) add_certificate(&pem, b);
    put_text(inputs, file, &pem);
}

static void set_up(void) {
    struct buf pem = {NULL, 0, 0};
    authority = issue(&(struct wish){.name = "Authority", .is_authority = true}, NULL);
    second = issue(&(struct wish){.name = "Second", .is_authority = true}, NULL);
    unknown = issue(&(struct wish){.name = "Unknown", .is_authority = true}, NULL);
    server = issue(&(struct wish){.name = "a.test"}, &authority);
    persons[MEMBER] = issue(&(struct wish){.name = "ada", .mail = "ada@a.test", .serial = 0xabcdef}, &authority);
    persons[REVOKED] = issue(&(struct wish){.name = "eve"}, &authority);
    persons[EXPIRED] = issue(&(struct wish){.name = "old", .from_s = -1000, .until_s = -10}, &authority);
    persons[STRANGER] = issue(&(struct wish){.name = "ada"}, &unknown);
    persons[SECOND] = issue(&(struct wish){.name = "sue"}, &second);
    inputs = inputs_none();
    put_identity(inputs, "a.pem", &server, NULL);
    put_pem("ca.pem", &authority, &second);
    put_pem("dn.pem", &authority, NULL);
    add_list(&pem, &authority, &persons[REVOKED]);
    add_list(&pem, &second, NULL);
    put_text(inputs, "crl.pem", &pem);
}

static void tear_down(void) {
    inputs_drop(inputs);
    identity_done(&authority);
    identity_done(&second);
    identity_done(&unknown);
    identity_done(&server);
    for (int i = MEMBER; i < PERSONS; i++) identity_done(&persons[i]);
}

static struct tls_settings settings(bool enforce) {
    struct tls_settings s = tls_defaults;
    s.pemfile = SPAN("a.pem");
    s.verify_activate = true;
    s.verify_enforce = enforce;
    s.verify_ca_file = SPAN("ca.pem");
    return s;
}

static SSL_CTX *client_of(enum person who, int version) {
    SSL_CTX *ctx = make_client(NULL);
    SSL_CTX_set_max_proto_version(ctx, version);
    if (who == NOBODY) return ctx;
    ck_assert_int_eq(SSL_CTX_use_certificate(ctx, persons[who].x), 1);
    ck_assert_int_eq(SSL_CTX_use_PrivateKey(ctx, persons[who].key), 1);
    return ctx;
}

/* value - of a variable that is exported; NULL if it is not */
static struct span exported(const struct tls *t, const char *wanted, struct arena *a) {
    struct span name, value;
    unsigned count = 0;
    for (unsigned at = 0; tls_export(t, &at, &name, &value, a); count++) {
        ck_assert_uint_lt(count, 100);
        if (span_is(name, span_of(wanted))) return value;
    }
    return (struct span){NULL, 0};
}

static bool exports(const struct tls *t, const char *name, const char *value, struct arena *a) {
    struct span got = exported(t, name, a);
    return value ? got.p && span_is(got, span_of(value)) : !got.p;
}

static const struct {
    enum person who;
    bool crl, dn;
    const char *verdict; /* SSL_CLIENT_VERIFY where it is not enforced */
    const char *why;     /* NULL: let in */
} visits[] = {
    {MEMBER, false, false, "SUCCESS", NULL},
    {MEMBER, true, true, "SUCCESS", NULL},
    {NOBODY, false, false, "NONE", "the client has no certificate, and needs one here"},
    {REVOKED, false, false, "SUCCESS", NULL},
    {REVOKED, true, false, "FAILED:certificate revoked",
     "the certificate of the client is refused: certificate revoked"},
    {EXPIRED, false, false, "FAILED:certificate has expired",
     "the certificate of the client is refused: certificate has expired"},
    {STRANGER, false, false, "FAILED:unable to verify the first certificate",
     "the certificate of the client is refused: unable to get local issuer certificate"},
    {SECOND, false, false, "SUCCESS", NULL},
    {SECOND, false, true, "FAILED:certificate rejected",
     "the certificate of the client is refused: certificate rejected"},
};

START_TEST(visit)
{
    for (int enforce = 0; enforce < 2; enforce++) {
        for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
            struct tls_settings s = settings(enforce);
            struct arena arena = {0};
            s.verify_username = SPAN("SSL_CLIENT_VERIFY"); /* odd, but only whoever is verified has a name */
            struct pair p;
            if (visits[_i].crl) s.verify_crl_file = SPAN("crl.pem");
            if (visits[_i].dn) s.verify_dn_file = SPAN("dn.pem");
            struct tls_context *x = make_context(&s, inputs);
            SSL_CTX *client = client_of(visits[_i].who, version);
            pair_open(&p, x, NULL, NULL, client);
            enum tls_progress progress = pair_shake(&p);
            bool good = strcmp(visits[_i].verdict, "SUCCESS") == 0;
            if (enforce && visits[_i].why) {
                ck_assert_int_eq(progress, TLS_FAILED);
                ck_assert_str_eq(tls_why(p.server, NULL), visits[_i].why);
            } else {
                ck_assert_int_eq(progress, TLS_DONE);
                ck_assert_msg(exports(p.server, "SSL_CLIENT_VERIFY", visits[_i].verdict, &arena), "%.*s",
                              SPAN_ARG(exported(p.server, "SSL_CLIENT_VERIFY", &arena)));
                ck_assert(exported(p.server, "SSL_CLIENT_S_DN_CN", &arena).n ? good : !good);
                ck_assert(span_is(tls_user(p.server, &arena), good ? SPAN("SUCCESS") : SPAN("")));
            }
            ck_assert_queue_empty();
            pair_close(&p);
            SSL_CTX_free(client);
            tls_context_drop(x);
            arena_done(&arena);
        }
    }
}
END_TEST

START_TEST(variables)
{
    struct tls_settings s = settings(true);
    struct arena arena = {0};
    struct pair p;
    s.verify_export = _i == 1;
    s.verify_username = SPAN("SSL_CLIENT_S_DN_emailAddress");
    struct tls_context *x = make_context(&s, inputs);
    SSL_CTX *client = client_of(MEMBER, TLS1_3_VERSION);
    pair_open(&p, x, NULL, NULL, client);
    ck_assert_int_eq(pair_shake(&p), TLS_DONE);
    ck_assert(exports(p.server, "SSL_PROTOCOL", "TLSv1.3", &arena));
    ck_assert(exports(p.server, "SSL_CIPHER", "TLS_AES_256_GCM_SHA384", &arena));
    ck_assert(exports(p.server, "SSL_CIPHER_USEKEYSIZE", "256", &arena));
    ck_assert(exports(p.server, "SSL_CIPHER_ALGKEYSIZE", "256", &arena));
    ck_assert(exports(p.server, "SSL_CLIENT_S_DN", "O = Tests, CN = ada, emailAddress = ada@a.test", &arena));
    ck_assert(exports(p.server, "SSL_CLIENT_S_DN_O", "Tests", &arena));
    ck_assert(exports(p.server, "SSL_CLIENT_S_DN_CN", "ada", &arena));
    ck_assert(exports(p.server, "SSL_CLIENT_S_DN_emailAddress", "ada@a.test", &arena));
    ck_assert(exports(p.server, "SSL_CLIENT_M_SERIAL", "ABCDEF", &arena));
    ck_assert(span_is(tls_user(p.server, &arena), SPAN("ada@a.test")));
    struct buf pem = {NULL, 0, 0};
    add_certificate(&pem, &persons[MEMBER]);
    ck_assert(exports(p.server, "SSL_CLIENT_CERT", s.verify_export ? buf_text(&pem) : NULL, &arena));
    buf_done(&pem);
    pair_close(&p);
    SSL_CTX_free(client);
    tls_context_drop(x);
    arena_done(&arena);
}
END_TEST

/* Nobody is asked: the connection's own variables alone. */
START_TEST(without_verification)
{
    struct tls_settings s = settings(true);
    struct arena arena = {0};
    struct pair p;
    s.verify_activate = false;
    s.verify_username = SPAN("SSL_CLIENT_S_DN_CN");
    struct tls_context *x = make_context(&s, inputs);
    SSL_CTX *client = client_of(MEMBER, TLS1_2_VERSION);
    pair_open(&p, x, NULL, NULL, client);
    ck_assert(!exported(p.server, "SSL_PROTOCOL", &arena).p); /* not before the handshake */
    ck_assert_int_eq(pair_shake(&p), TLS_DONE);
    ck_assert(exports(p.server, "SSL_PROTOCOL", "TLSv1.2", &arena));
    ck_assert(exports(p.server, "SSL_CLIENT_VERIFY", NULL, &arena));
    ck_assert(exports(p.server, "SSL_CLIENT_S_DN", NULL, &arena));
    ck_assert_uint_eq(tls_user(p.server, &arena).n, 0);
    pair_close(&p);
    SSL_CTX_free(client);
    tls_context_drop(x);
    arena_done(&arena);
}
END_TEST

/* The name leads to a context that asks, from one that does not. */
static struct tls_context *asking;

static struct tls_context *choose(void *arg, struct span name) {
    (void)arg;
    return span_is(name, SPAN("members.test")) ? asking : NULL;
}

START_TEST(asked_by_name)
{
    for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
        for (int who = NOBODY; who <= MEMBER; who++) {
            struct tls_settings s = settings(true);
            struct pair p;
            asking = make_context(&s, inputs);
            s.verify_activate = false;
            struct tls_context *open = make_context(&s, inputs);
            SSL_CTX *client = client_of((enum person)who, version);
            pair_open(&p, open, choose, NULL, client);
            SSL_set_tlsext_host_name(p.client, "members.test");
            ck_assert_int_eq(pair_shake(&p), who == NOBODY ? TLS_FAILED : TLS_DONE);
            if (who == MEMBER) ck_assert_int_eq(sk_X509_NAME_num(SSL_get_client_CA_list(p.client)), 2);
            pair_close(&p);
            pair_open(&p, open, choose, NULL, client);
            ck_assert_int_eq(pair_shake(&p), TLS_DONE);
            pair_close(&p);
            SSL_CTX_free(client);
            tls_context_drop(open);
            tls_context_drop(asking);
        }
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("clients");
    TCase *tests = tcase_create("all");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_loop_test(tests, visit, 0, sizeof visits / sizeof *visits);
    tcase_add_loop_test(tests, variables, 0, 2);
    tcase_add_test(tests, without_verification);
    tcase_add_test(tests, asked_by_name);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
