/* test_handshake.c - who is shown what: names (SNI), protocols (ALPN), challenges, stapling; and how it fails */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <check.h>
#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "pair.h"

static struct identity authority, a, b;
static struct inputs *inputs;
static SSL_CTX *client;

static void set_up_identities(void) {
    authority = issue(&(struct wish){.name = "Authority", .is_authority = true}, NULL);
    a = issue(&(struct wish){.name = "a.test"}, &authority);
    b = issue(&(struct wish){.name = "b.test", .kind = KEY_RSA}, &authority);
}

static void tear_down_identities(void) {
    identity_done(&authority);
    identity_done(&a);
    identity_done(&b);
}

static void set_up(void) {
    inputs = inputs_none();
    put_identity(inputs, "a.pem", &a, NULL);
    put_identity(inputs, "b.pem", &b, NULL);
    client = make_client(&authority);
}

static void tear_down(void) {
    SSL_CTX_free(client);
    inputs_drop(inputs);
}

static struct tls_settings settings_for(const char *pemfile) {
    struct tls_settings s = tls_defaults;
    s.engine = true;
    s.pemfile = span_of(pemfile);
    return s;
}

static struct tls_context *context_for(const char *pemfile) {
    struct tls_settings s = settings_for(pemfile);
    return make_context(&s, inputs);
}

static bool shows(const struct pair *p, const struct identity *id) {
    X509 *x = SSL_get_peer_certificate(p->client);
    bool same = x && X509_cmp(x, id->x) == 0;
    X509_free(x);
    return same;
}

/* chooser - stands for the server: two contexts, and what it was asked */
struct chooser {
    struct tls_context *a, *b;
    char asked[300];
    unsigned count;
};

static struct tls_context *choose(void *arg, struct span name) {
    struct chooser *c = arg;
    snprintf(c->asked, sizeof c->asked, "%.*s", SPAN_ARG(name));
    c->count++;
    return span_is(name, SPAN("b.test")) ? c->b : NULL;
}

static const struct {
    const char *said, *asked; /* NULL: no SNI at all */
    bool is_b;
} names[] = {
    {NULL, "", false},
    {"a.test", "a.test", false},
    {"b.test", "b.test", true},
    {"B.TeSt", "b.test", true},
    {"b.test.", "b.test", true},
    {"c.test", "c.test", false},
    {"b.test/", "", false},
    {"..b.test", "", false},
    {"b\ntest", "", false},
    {"xn--bcher-kva.test", "xn--bcher-kva.test", false},
};

START_TEST(name_selects)
{
    struct chooser c = {context_for("a.pem"), context_for("b.pem"), "", 0};
    struct pair p;
    int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
    for (size_t v = 0; v < 2; v++) {
        c.count = 0;
        SSL_CTX_set_max_proto_version(client, versions[v]);
        pair_open(&p, c.a, choose, &c, client);
        if (names[_i].said) SSL_set_tlsext_host_name(p.client, names[_i].said);
        ck_assert_int_eq(pair_shake(&p), TLS_DONE);
        ck_assert(p.client_done);
        ck_assert_uint_eq(c.count, 1);
        ck_assert_str_eq(c.asked, names[_i].asked);
        ck_assert(span_is(tls_name(p.server), span_of(names[_i].asked)));
        ck_assert(shows(&p, names[_i].is_b ? &b : &a));
        ck_assert_ptr_eq(tls_context_of(p.server), names[_i].is_b ? c.b : c.a);
        pair_close(&p);
    }
    tls_context_drop(c.a);
    tls_context_drop(c.b);
}
END_TEST

static const struct {
    const char *offer; /* with lengths */
    bool h2;
    const char *chosen; /* NULL: the handshake is refused */
} protocols[] = {
    {"\x02h2\x08http/1.1", true, "h2"},
    {"\x08http/1.1\x02h2", true, "h2"},
    {"\x02h2\x08http/1.1", false, "http/1.1"},
    {"\x08http/1.0", true, "http/1.0"},
    {"", true, ""},
    {"\x03" "foo\x08http/1.1", true, "http/1.1"},
    {"\x03" "foo", true, NULL},
    {"\x02h2", false, NULL},
    {"\x0a" "acme-tls/1", true, NULL},
};

START_TEST(protocol)
{
    struct tls_settings s = settings_for("a.pem");
    s.h2 = protocols[_i].h2;
    struct tls_context *x = make_context(&s, inputs);
    struct pair p;
    const unsigned char *chosen;
    unsigned length;
    pair_open(&p, x, NULL, NULL, client);
    if (protocols[_i].offer[0])
        SSL_set_alpn_protos(p.client, (const unsigned char *)protocols[_i].offer,
                            (unsigned)strlen(protocols[_i].offer));
    enum tls_progress progress = pair_shake(&p);
    SSL_get0_alpn_selected(p.client, &chosen, &length);
    if (protocols[_i].chosen) {
        ck_assert_int_eq(progress, TLS_DONE);
        ck_assert(span_is((struct span){(const char *)chosen, length}, span_of(protocols[_i].chosen)));
        ck_assert(tls_is_h2(p.server) == (strcmp(protocols[_i].chosen, "h2") == 0));
    } else {
        bool noise;
        ck_assert_int_eq(progress, TLS_FAILED);
        ck_assert_str_eq(tls_why(p.server, &noise), "no application protocol (ALPN) in common with the client");
        ck_assert(noise);
        ck_assert_int_eq(p.client_error, SSL_R_TLSV1_ALERT_NO_APPLICATION_PROTOCOL);
    }
    pair_close(&p);
    tls_context_drop(x);
}
END_TEST

/* ---- challenges of an authority --------------------------------------------------------------- */

static void write_to(const char *directory, const char *name, struct buf *text) {
    char path[256];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(text->p, 1, text->n, file), text->n);
    fclose(file);
    buf_done(text);
    *text = (struct buf){NULL, 0, 0};
}

static const struct {
    const char *name; /* SNI */
    bool answered;
} challenges[] = {{"b.test", true}, {"B.test", true}, {"missing.test", false}, {NULL, false}, {"../b.test", false}};

START_TEST(challenge)
{
    char directory[] = "/tmp/gc-acme-XXXXXX", path[256];
    struct tls_settings s = settings_for("a.pem");
    struct buf text = {NULL, 0, 0};
    struct pair p;
    ck_assert_ptr_nonnull(mkdtemp(directory));
    add_certificate(&text, &b);
    write_to(directory, "b.test.crt.pem", &text);
    add_key(&text, &b);
    write_to(directory, "b.test.key.pem", &text);
    s.acme_dir = span_of(directory);
    struct tls_context *x = make_context(&s, inputs);
    pair_open(&p, x, NULL, NULL, client);
    SSL_set_alpn_protos(p.client, (const unsigned char *)"\x0a" "acme-tls/1", 11);
    if (challenges[_i].name) SSL_set_tlsext_host_name(p.client, challenges[_i].name);
    ck_assert_int_eq(pair_shake(&p), challenges[_i].answered ? TLS_DONE : TLS_FAILED);
    ck_assert(tls_is_acme(p.server) == challenges[_i].answered);
    if (challenges[_i].answered) ck_assert(shows(&p, &b));
    pair_close(&p);
    pair_open(&p, x, NULL, NULL, client); /* everybody else gets the usual one */
    SSL_set_tlsext_host_name(p.client, "b.test");
    ck_assert_int_eq(pair_shake(&p), TLS_DONE);
    ck_assert(shows(&p, &a) && !tls_is_acme(p.server));
    pair_close(&p);
    tls_context_drop(x);
    snprintf(path, sizeof path, "%s/b.test.crt.pem", directory);
    unlink(path);
    snprintf(path, sizeof path, "%s/b.test.key.pem", directory);
    unlink(path);
    rmdir(directory);
}
END_TEST

/* ---- stapling --------------------------------------------------------------------------------- */

static long staple_of(struct tls_context *x, const unsigned char **der) {
    struct pair p;
    pair_open(&p, x, NULL, NULL, client);
    SSL_set_tlsext_status_type(p.client, TLSEXT_STATUSTYPE_ocsp);
    ck_assert_int_eq(pair_shake(&p), TLS_DONE);
    long n = SSL_get_tlsext_status_ocsp_resp(p.client, der);
    pair_close(&p);
    return n;
}

START_TEST(stapled_while_valid)
{
    struct tls_settings s = settings_for("chain.pem");
    struct buf der = {NULL, 0, 0};
    const unsigned char *got;
    put_identity(inputs, "chain.pem", &a, &authority);
    make_response(&der, &a, &authority, V_OCSP_CERTSTATUS_GOOD, -60, 3600);
    size_t length = der.n;
    put_text(inputs, "a.ocsp", &der);
    s.stapling_file = SPAN("a.ocsp");
    clock_update();
    struct tls_context *x = make_context(&s, inputs);
    ck_assert_int_eq(staple_of(x, &got), (long)length);
    clock_set(clock_now_s() + 4000);
    ck_assert_int_le(staple_of(x, &got), 0);
    tls_context_drop(x);
}
END_TEST

/* ---- failures --------------------------------------------------------------------------------- */

static const struct {
    const char *bytes, *why;
    bool plain_http;
} nonsense[] = {
    {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "plain HTTP on a TLS port", true},
    {"HEAD / HTTP/1.0\r\n\r\n", "plain HTTP on a TLS port", true},
    {"CONNECT a:443 HTTP/1.1\r\n\r\n", "a request for a proxy (CONNECT) on a TLS port", false},
    {"SSH-2.0-OpenSSH_9.2\r\n", "what the client sent is not TLS", false},
    {"\x16\x03\x01\x00\x04\x01\x00\xff\xff", NULL, false},
    {"\x15\x03\x01\x00\x02\x02\x28", NULL, false},
};

START_TEST(not_tls)
{
    struct tls_context *x = context_for("a.pem");
    struct pair p;
    bool noise = false;
    size_t n = _i < 4 ? strlen(nonsense[_i].bytes) : _i == 4 ? 9 : 7;
    pair_open(&p, x, NULL, NULL, NULL);
    ck_assert_int_eq(tls_handshake(p.server), TLS_WANT_IN);
    ck_assert_int_eq(write(p.client_fd, nonsense[_i].bytes, n), (ssize_t)n);
    enum tls_progress progress = tls_handshake(p.server);
    if (_i == 4) { /* it waits for the rest of a message that is announced too long, or refuses it at once */
        shutdown(p.client_fd, SHUT_WR);
        progress = tls_handshake(p.server);
    }
    ck_assert_int_eq(progress, TLS_FAILED);
    ck_assert_queue_empty();
    if (nonsense[_i].why) ck_assert_str_eq(tls_why(p.server, &noise), nonsense[_i].why);
    else tls_why(p.server, &noise);
    ck_assert(noise);
    ck_assert(tls_is_plain_http(p.server) == nonsense[_i].plain_http);
    ck_assert_int_eq(tls_handshake(p.server), TLS_FAILED);
    ck_assert_int_eq(tls_end(p.server), WIRE_SENT);
    pair_close(&p);
    tls_context_drop(x);
}
END_TEST

START_TEST(client_distrusts)
{
    struct tls_context *x = context_for("a.pem");
    struct identity other = issue(&(struct wish){.name = "Other", .is_authority = true}, NULL);
    SSL_CTX *stranger = make_client(&other);
    struct pair p;
    char byte;
    bool noise;
    SSL_CTX_set_max_proto_version(stranger, _i ? TLS1_3_VERSION : TLS1_2_VERSION);
    pair_open(&p, x, NULL, NULL, stranger);
    enum tls_progress progress = pair_shake(&p);
    if (progress == TLS_DONE) ck_assert_int_eq(tls_receive(p.server, &byte, 1), WIRE_BROKEN);
    ck_assert_str_eq(tls_why(p.server, &noise), "the client does not know the certificate authority (alert 48)");
    ck_assert(noise);
    ck_assert_queue_empty();
    pair_close(&p);
    SSL_CTX_free(stranger);
    identity_done(&other);
    tls_context_drop(x);
}
END_TEST

START_TEST(old_client)
{
    struct tls_context *x = context_for("a.pem");
    struct pair p;
    bool noise;
    SSL_CTX_set_security_level(client, 0);
    SSL_CTX_set_min_proto_version(client, TLS1_VERSION);
    SSL_CTX_set_max_proto_version(client, TLS1_1_VERSION);
    pair_open(&p, x, NULL, NULL, client);
    ck_assert_int_eq(pair_shake(&p), TLS_FAILED);
    ck_assert_str_eq(tls_why(p.server, &noise), "the client speaks no version of TLS that is enabled here");
    ck_assert_int_eq(p.client_error, SSL_R_TLSV1_ALERT_PROTOCOL_VERSION);
    pair_close(&p);
    tls_context_drop(x);
}
END_TEST

/* The peer goes away in the middle: nothing to say. */
START_TEST(gone)
{
    struct tls_context *x = context_for("a.pem");
    struct pair p;
    bool noise = false;
    pair_open(&p, x, NULL, NULL, client);
    SSL_do_handshake(p.client);
    if (_i) ck_assert_int_eq(tls_handshake(p.server), TLS_WANT_IN);
    close(p.client_fd);
    p.client_fd = -1;
    enum tls_progress progress;
    do progress = tls_handshake(p.server);
    while (progress == TLS_WANT_IN);
    ck_assert_int_eq(progress, TLS_FAILED);
    ck_assert_str_eq(tls_why(p.server, &noise), "");
    ck_assert(noise);
    ck_assert_queue_empty();
    pair_close(&p);
    tls_context_drop(x);
}
END_TEST

/* ---- slowly ----------------------------------------------------------------------------------- */

/* Moves what one side has sent to the other, a byte at a time, and lets our side run after each. */
static enum tls_progress trickle(struct pair *p, SSL *ssl, BIO *to_server, int wire) {
    char bytes[4096], back[4096];
    enum tls_progress progress = TLS_WANT_IN;
    for (int round = 0; round < 10; round++) {
        int n;
        SSL_do_handshake(ssl);
        while ((n = BIO_read(to_server, bytes, sizeof bytes)) > 0) {
            for (int i = 0; i < n; i++) {
                ck_assert_int_eq(write(wire, bytes + i, 1), 1);
                progress = tls_handshake(p->server);
                ck_assert_int_ne(progress, TLS_FAILED);
            }
        }
        ssize_t got = read(wire, back, sizeof back);
        if (got > 0) BIO_write(SSL_get_rbio(ssl), back, (int)got);
        if (progress == TLS_DONE) break;
    }
    return progress;
}

START_TEST(byte_by_byte)
{
    struct tls_context *x = context_for("a.pem");
    struct pair p;
    char text[16];
    SSL_CTX_set_max_proto_version(client, _i ? TLS1_3_VERSION : TLS1_2_VERSION);
    pair_open(&p, x, NULL, NULL, NULL);
    SSL *ssl = SSL_new(client);
    BIO *in = BIO_new(BIO_s_mem()), *out = BIO_new(BIO_s_mem());
    SSL_set_bio(ssl, in, out);
    SSL_set_connect_state(ssl);
    ck_assert_int_eq(trickle(&p, ssl, out, p.client_fd), TLS_DONE);
    SSL_do_handshake(ssl);
    ck_assert_int_eq(SSL_write(ssl, "hello", 5), 5);
    char bytes[256];
    int n = BIO_read(out, bytes, sizeof bytes);
    for (int i = 0; i < n; i++) {
        ck_assert_int_eq(tls_receive(p.server, text, sizeof text), WIRE_LATER);
        ck_assert_int_eq(write(p.client_fd, bytes + i, 1), 1);
    }
    ck_assert_int_eq(tls_receive(p.server, text, sizeof text), 5);
    SSL_free(ssl);
    pair_close(&p);
    tls_context_drop(x);
    ERR_clear_error();
}
END_TEST

/* Our answer does not fit into the socket: the handshake waits for room, and goes on. */
START_TEST(narrow_socket)
{
    struct tls_context *x = context_for("b.pem");
    struct pair p;
    char junk[4096] = {0};
    pair_open(&p, x, NULL, NULL, client);
    int size = 2048;
    setsockopt(p.server_fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    SSL_do_handshake(p.client);
    size_t filled = 0;
    for (ssize_t n; (n = send(p.server_fd, junk, sizeof junk, MSG_DONTWAIT)) > 0;) filled += (size_t)n;
    ck_assert_uint_gt(filled, 0);
    ck_assert_int_eq(tls_handshake(p.server), TLS_WANT_OUT);
    ck_assert(tls_has_unsent(p.server));
    ck_assert_int_eq(tls_handshake(p.server), TLS_WANT_OUT);
    while (filled > 0) {
        ssize_t n = read(p.client_fd, junk, filled < sizeof junk ? filled : sizeof junk);
        ck_assert_int_gt(n, 0);
        filled -= (size_t)n;
    }
    ck_assert_int_eq(pair_shake(&p), TLS_DONE);
    ck_assert(p.client_done && !tls_has_unsent(p.server));
    pair_close(&p);
    tls_context_drop(x);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("handshake");
    TCase *tests = tcase_create("all");
    tcase_add_unchecked_fixture(tests, set_up_identities, tear_down_identities); /* once: RSA takes its time */
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_loop_test(tests, name_selects, 0, sizeof names / sizeof *names);
    tcase_add_loop_test(tests, protocol, 0, sizeof protocols / sizeof *protocols);
    tcase_add_loop_test(tests, challenge, 0, sizeof challenges / sizeof *challenges);
    tcase_add_test(tests, stapled_while_valid);
    tcase_add_loop_test(tests, not_tls, 0, sizeof nonsense / sizeof *nonsense);
    tcase_add_loop_test(tests, client_distrusts, 0, 2);
    tcase_add_test(tests, old_client);
    tcase_add_loop_test(tests, gone, 0, 2);
    tcase_add_loop_test(tests, byte_by_byte, 0, 2);
    tcase_add_test(tests, narrow_socket);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
