/* test_backends.c - we are the client: who a backend has to be, what is said if it is not, sessions that go on */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <check.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "pair.h"
#include "tls/client.h"

static struct identity authority, unknown, ids[8];
static struct inputs *inputs;

enum who { APP, OLD, EARLY, STRANGER, ITSELF, MANY, ADDRESS, MEMBER };

static void set_up(void) {
    struct buf pem = {NULL, 0, 0};
    char keys[TLS_TICKET_KEY_BYTES] = "a key of tickets";
    static const char *const files[] = {"app.pem",    "old.pem",  "early.pem",   "stranger.pem",
                                        "itself.pem", "many.pem", "address.pem", "member.pem"};
    authority = issue(&(struct wish){.name = "Authority", .is_authority = true}, NULL);
    unknown = issue(&(struct wish){.name = "Unknown", .is_authority = true}, NULL);
    ids[APP] = issue(&(struct wish){.name = "app.test"}, &authority);
    ids[OLD] = issue(&(struct wish){.name = "app.test", .from_s = -1000, .until_s = -10}, &authority);
    ids[EARLY] = issue(&(struct wish){.name = "app.test", .from_s = 1000, .until_s = 2000}, &authority);
    ids[STRANGER] = issue(&(struct wish){.name = "app.test"}, &unknown);
    ids[ITSELF] = issue(&(struct wish){.name = "app.test"}, NULL);
    ids[MANY] = issue(&(struct wish){.name = "x", .san = "DNS:*.b.test,DNS:p*.c.test,IP:127.0.0.2"}, &authority);
    ids[ADDRESS] = issue(&(struct wish){.name = "127.0.0.1", .san = "IP:127.0.0.1,IP:::1"}, &authority);
    ids[MEMBER] = issue(&(struct wish){.name = "member"}, &authority);
    inputs = inputs_none();
    for (int i = 0; i < 8; i++) put_identity(inputs, files[i], &ids[i], NULL);
    add_certificate(&pem, &authority);
    put_text(inputs, "ca.pem", &pem);
    add_certificate(&pem, &ids[ITSELF]);
    add_certificate(&pem, &ids[STRANGER]);
    put_text(inputs, "pinned.pem", &pem);
    ck_assert(tls_tickets_set((struct span){keys, sizeof keys}));
    clock_update();
}

static void tear_down(void) {
    inputs_drop(inputs);
    identity_done(&authority);
    identity_done(&unknown);
    for (int i = 0; i < 8; i++) identity_done(&ids[i]);
}

static struct tls_client_options options(const char *name) {
    return (struct tls_client_options){
        .verify = true, .name = span_of(name), .ca_file = SPAN("ca.pem")};
}

/* The client, and what was complained about; freed by the caller. */
static struct tls_client *make(const struct tls_client_options *o, char **text) {
    struct complaints *c = complaints_make();
    struct buf b = {NULL, 0, 0};
    struct tls_client *x = tls_client_make(o, inputs, (struct place){NULL, 0}, c);
    complaints_print(c, &b);
    ck_assert_int_eq(x != NULL, complaints_errors(c) == 0);
    ck_assert_queue_empty();
    if (text) *text = span_dup(buf_span(&b));
    else ck_assert_msg(x && !b.n, "%s", buf_text(&b));
    buf_done(&b);
    complaints_drop(c);
    return x;
}

static struct tls_context *serve(const char *pemfile, bool h2, bool asks) {
    struct tls_settings s = tls_defaults;
    struct complaints *c = complaints_make();
    s.pemfile = span_of(pemfile);
    s.h2 = h2;
    s.verify_activate = s.verify_enforce = asks;
    s.verify_ca_file = SPAN("ca.pem");
    struct tls_context *x = tls_context_make(&s, inputs, (struct place){NULL, 0}, c);
    ck_assert_ptr_nonnull(x); /* warnings are expected */
    complaints_drop(c);
    return x;
}

/* talk - both ends are ours */
struct talk {
    int fds[2];
    struct tls *client, *server;
    enum tls_progress progress, of_server;
};

static void talk_open(struct talk *k, struct tls_client *client, struct tls_context *server) {
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, k->fds), 0);
    fd_set_nonblocking(k->fds[0], true);
    fd_set_nonblocking(k->fds[1], true);
    k->client = tls_connect(client, k->fds[0]);
    k->server = server ? tls_open(server, k->fds[1], NULL, NULL) : NULL;
    ck_assert_ptr_nonnull(k->client);
}

static void talk_shake(struct talk *k) {
    k->progress = k->of_server = TLS_WANT_IN;
    for (int i = 0; i < 20; i++) {
        if (k->progress != TLS_FAILED) k->progress = tls_handshake(k->client);
        ck_assert_queue_empty();
        if (k->of_server != TLS_FAILED) k->of_server = tls_handshake(k->server);
        ck_assert_queue_empty();
    }
}

static void talk_close(struct talk *k) {
    tls_drop(k->client);
    tls_drop(k->server);
    close(k->fds[0]);
    if (k->fds[1] >= 0) close(k->fds[1]);
}

static void say(struct tls *t, const char *text) {
    struct chunks q = {0};
    chunks_add_copy(&q, span_of(text));
    ck_assert_int_eq(tls_flush(t, &q, UINT64_MAX), WIRE_SENT);
    chunks_clear(&q);
}

static void ck_assert_hears(struct tls *t, const char *text) {
    char bytes[256];
    ssize_t n = tls_receive(t, bytes, sizeof bytes);
    ck_assert_int_eq(n, (ssize_t)strlen(text));
    ck_assert_mem_eq(bytes, text, (size_t)n);
}

/* ---- who it has to be ------------------------------------------------------------------------- */

static const struct {
    const char *pemfile, *name, *ca_file, *why; /* why: NULL if all is well; its beginning */
} visits[] = {
    {"app.pem", "app.test", "ca.pem", NULL},
    {"app.pem", "APP.test.", "ca.pem", NULL},
    {"app.pem", "other.test", "ca.pem", "the certificate of other.test is for app.test (tls-name)"},
    {"app.pem", "127.0.0.1", "ca.pem", "the certificate of 127.0.0.1 is for app.test (tls-name)"},
    {"old.pem", "app.test", "ca.pem", "the certificate of CN=app.test,O=Tests has expired on "},
    {"early.pem", "app.test", "ca.pem", "the certificate of CN=app.test,O=Tests is not valid before "},
    {"stranger.pem", "app.test", "ca.pem",
     "the certificate of app.test is signed by an unknown authority: CN=Unknown,O=Tests (tls-ca-file)"},
    {"stranger.pem", "app.test", "pinned.pem", NULL},
    {"stranger.pem", "other.test", "pinned.pem", "the certificate of other.test is for app.test (tls-name)"},
    {"app.pem", "app.test", "",
     "the certificate of app.test is signed by an unknown authority: CN=Authority,O=Tests (tls-ca-file)"},
    {"itself.pem", "app.test", "ca.pem", "the certificate of app.test is signed by itself (tls-ca-file)"},
    {"itself.pem", "app.test", "pinned.pem", NULL},
    {"many.pem", "a.b.test", "ca.pem", NULL},
    {"many.pem", "127.0.0.2", "ca.pem", NULL},
    {"many.pem", "a.a.b.test", "ca.pem",
     "the certificate of a.a.b.test is for *.b.test, p*.c.test, 127.0.0.2 (tls-name)"},
    {"many.pem", "b.test", "ca.pem", "the certificate of b.test is for *.b.test"},
    {"many.pem", "pa.c.test", "ca.pem", "the certificate of pa.c.test is for "}, /* RFC 9525 6.3: no parts */
    {"many.pem", "x", "ca.pem", "the certificate of x is for "},                 /* … nor the common name */
    {"address.pem", "127.0.0.1", "ca.pem", NULL},
    {"address.pem", "[::1]", "ca.pem", NULL},
    {"address.pem", "::2", "ca.pem", "the certificate of ::2 is for 127.0.0.1, ::1 (tls-name)"},
};

START_TEST(visit)
{
    for (int verify = 0; verify < 2; verify++) {
        struct tls_client_options o = options(visits[_i].name);
        struct talk k;
        bool noise = true;
        o.ca_file = span_of(visits[_i].ca_file);
        o.verify = verify;
        struct tls_client *client = make(&o, NULL);
        struct tls_context *server = serve(visits[_i].pemfile, false, false);
        talk_open(&k, client, server);
        talk_shake(&k);
        if (verify && visits[_i].why) {
            ck_assert_int_eq(k.progress, TLS_FAILED);
            ck_assert_msg(span_starts(span_of(tls_why(k.client, &noise)), span_of(visits[_i].why)), "%s",
                          tls_why(k.client, &noise));
            ck_assert(!noise);
            ck_assert_int_eq(k.of_server, TLS_FAILED);
        } else {
            ck_assert_msg(k.progress == TLS_DONE, "%s", tls_why(k.client, &noise));
            ck_assert_int_eq(k.of_server, TLS_DONE);
            say(k.client, "GET");
            ck_assert_hears(k.server, "GET");
            say(k.server, "200");
            ck_assert_hears(k.client, "200");
        }
        bool is_name = !strchr(visits[_i].name, ':') && visits[_i].name[0] != '1';
        if (k.of_server == TLS_DONE) ck_assert_int_eq(tls_name(k.server).n > 0, is_name);
        talk_close(&k);
        tls_context_drop(server);
        tls_client_drop(client);
    }
}
END_TEST

/* A certificate is asked for: nobody has one, the wrong one, the right one. */
static const struct {
    const char *cert_file, *why;
} members[] = {{"member.pem", NULL},
               {"", "the backend asks for a certificate (alert 116; tls-cert-file)"},
               {"stranger.pem", "the backend does not know the authority of our certificate (alert 48)"}};

START_TEST(demanded)
{
    struct tls_client_options o = options("app.test");
    struct talk k;
    char byte;
    o.cert_file = span_of(members[_i].cert_file);
    struct tls_client *client = make(&o, NULL);
    struct tls_context *server = serve("app.pem", false, true);
    talk_open(&k, client, server);
    talk_shake(&k);
    ck_assert_int_eq(k.of_server, members[_i].why ? TLS_FAILED : TLS_DONE);
    if (members[_i].why) {
        ck_assert_int_eq(tls_receive(k.client, &byte, 1), WIRE_BROKEN);
        ck_assert_str_eq(tls_why(k.client, NULL), members[_i].why);
    } else {
        say(k.server, "200");
        ck_assert_hears(k.client, "200");
    }
    talk_close(&k);
    tls_context_drop(server);
    tls_client_drop(client);
}
END_TEST

/* "h2" is demanded where it is wanted. */
START_TEST(protocols)
{
    for (int wanted = 0; wanted < 2; wanted++) {
        for (int offered = 0; offered < 2; offered++) {
            struct tls_client_options o = options("app.test");
            struct talk k;
            o.h2 = wanted;
            struct tls_client *client = make(&o, NULL);
            struct tls_context *server = serve("app.pem", offered, false);
            talk_open(&k, client, server);
            talk_shake(&k);
            if (wanted && !offered) ck_assert_str_ne(tls_why(k.client, NULL), "");
            ck_assert_int_eq(k.progress, wanted && !offered ? TLS_FAILED : TLS_DONE);
            ck_assert(k.progress != TLS_DONE || tls_is_h2(k.client) == wanted);
            talk_close(&k);
            tls_context_drop(server);
            tls_client_drop(client);
        }
    }
}
END_TEST

/* ---- what is no TLS --------------------------------------------------------------------------- */

static const struct {
    const char *bytes, *why;
} nonsense[] = {
    {"HTTP/1.1 400 Bad Request\r\n\r\n", "the backend speaks no TLS on this port"},
    {"220 mail.test ESMTP\r\n", "the backend speaks no TLS on this port"},
    {"", "the backend closed the connection during the handshake of TLS"},
};

START_TEST(no_tls)
{
    struct tls_client_options o = options("app.test");
    struct talk k;
    bool noise = true;
    struct tls_client *client = make(&o, NULL);
    talk_open(&k, client, NULL);
    ck_assert_int_eq(tls_handshake(k.client), TLS_WANT_IN);
    struct span bytes = span_of(nonsense[_i].bytes);
    ck_assert_int_eq(write(k.fds[1], bytes.p, bytes.n), (ssize_t)bytes.n);
    shutdown(k.fds[1], SHUT_WR);
    ck_assert_int_eq(tls_handshake(k.client), TLS_FAILED);
    ck_assert_str_eq(tls_why(k.client, &noise), nonsense[_i].why);
    ck_assert(!noise);
    talk_close(&k);
    tls_client_drop(client);
}
END_TEST

/* ---- the end ---------------------------------------------------------------------------------- */

START_TEST(ends)
{
    struct tls_client_options o = options("app.test");
    struct tls_client *client = make(&o, NULL);
    struct tls_context *server = serve("app.pem", false, false);
    for (int politely = 0; politely < 2; politely++) {
        struct talk k;
        char byte;
        talk_open(&k, client, server);
        talk_shake(&k);
        say(k.server, "cut?");
        if (politely) ck_assert_int_eq(tls_end(k.server), WIRE_SENT);
        close(k.fds[1]);
        k.fds[1] = -1;
        ck_assert_hears(k.client, "cut?");
        ck_assert_int_eq(tls_receive(k.client, &byte, 1), 0);
        ck_assert_int_eq(tls_has_said_end(k.client), politely);
        ck_assert_queue_empty();
        talk_close(&k);
    }
    tls_context_drop(server);
    tls_client_drop(client);
}
END_TEST

/* ---- sessions --------------------------------------------------------------------------------- */

static SSL_CTX *old_server(int version) {
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    SSL_CTX_use_certificate(ctx, ids[APP].x);
    SSL_CTX_use_PrivateKey(ctx, ids[APP].key);
    SSL_CTX_set_max_proto_version(ctx, version);
    return ctx;
}

/* One connection; whether it went on with a session. */
static bool meet(struct tls_client *client, SSL_CTX *ctx, bool reads) {
    struct talk k;
    char byte;
    SSL *server = SSL_new(ctx);
    talk_open(&k, client, NULL);
    SSL_set_fd(server, k.fds[1]);
    SSL_set_accept_state(server);
    for (int i = 0; i < 10; i++) {
        k.progress = tls_handshake(k.client);
        SSL_do_handshake(server);
        ERR_clear_error();
    }
    ck_assert_int_eq(k.progress, TLS_DONE);
    ck_assert_int_eq(SSL_write(server, "x", 1), 1);
    if (reads) ck_assert_int_eq(tls_receive(k.client, &byte, 1), 1);
    bool resumed = tls_is_resumed(k.client);
    ck_assert_int_eq(resumed, SSL_session_reused(server));
    talk_close(&k); /* without a word */
    SSL_free(server);
    ERR_clear_error();
    return resumed;
}

START_TEST(resumed)
{
    int version = _i ? TLS1_3_VERSION : TLS1_2_VERSION;
    struct tls_client_options o = options("app.test");
    struct tls_client *client = make(&o, NULL);
    SSL_CTX *server = old_server(version);
    ck_assert(!meet(client, server, true));
    for (int i = 0; i < 20; i++) ck_assert(meet(client, server, true));
    clock_set(clock_now_s() + 7200); /* too old: the certificate is looked at again */
    ck_assert(!meet(client, server, true));
    ck_assert(meet(client, server, true));
    tls_client_drop(client);
    SSL_CTX_free(server);
}
END_TEST

/* A ticket of TLS 1.3 is used once; a server gives two at first. */
START_TEST(used_once)
{
    struct tls_client_options o = options("app.test");
    struct tls_client *client = make(&o, NULL);
    SSL_CTX *server = old_server(TLS1_3_VERSION);
    ck_assert(!meet(client, server, true));
    ck_assert(meet(client, server, false)); /* the new ticket is not read */
    ck_assert(meet(client, server, false));
    ck_assert(!meet(client, server, false));
    tls_client_drop(client);
    SSL_CTX_free(server);
}
END_TEST

/* A server that knows nothing of ALPN chooses nothing: that is HTTP/1.1, and not HTTP/2. */
START_TEST(without_alpn)
{
    for (int h2 = 0; h2 < 2; h2++) {
        struct tls_client_options o = options("app.test");
        struct talk k;
        o.h2 = h2;
        struct tls_client *client = make(&o, NULL);
        SSL_CTX *ctx = old_server(TLS1_3_VERSION);
        SSL *server = SSL_new(ctx);
        talk_open(&k, client, NULL);
        SSL_set_fd(server, k.fds[1]);
        SSL_set_accept_state(server);
        for (int i = 0; i < 10; i++) {
            k.progress = tls_handshake(k.client);
            SSL_do_handshake(server);
            ERR_clear_error();
        }
        ck_assert_int_eq(k.progress, h2 ? TLS_FAILED : TLS_DONE);
        ck_assert_str_eq(tls_why(k.client, NULL), h2 ? "the backend does not offer HTTP/2 (ALPN)" : "");
        talk_close(&k);
        SSL_free(server);
        SSL_CTX_free(ctx);
        tls_client_drop(client);
        ERR_clear_error();
    }
}
END_TEST

/* A connection lives on when the configuration that named its client is gone. */
START_TEST(outlives)
{
    struct tls_client_options o = options("app.test");
    struct talk k;
    struct tls_client *client = make(&o, NULL);
    struct tls_context *server = serve("app.pem", false, false);
    talk_open(&k, tls_client_hold(client), server);
    tls_client_drop(client);
    tls_client_drop(client);
    talk_shake(&k);
    ck_assert_int_eq(k.progress, TLS_DONE);
    ck_assert_ptr_null(tls_context_of(k.client));
    say(k.server, "200");
    ck_assert_hears(k.client, "200");
    talk_close(&k);
    tls_context_drop(server);
}
END_TEST

/* ---- complaints ------------------------------------------------------------------------------- */

static const struct {
    const char *name, *ca_file, *cert_file, *key_file, *text;
} mistakes[] = {
    {"", "ca.pem", "", "", "tls-name is not set"},
    {".", "ca.pem", "", "", "tls-name is not set"},
    {"app.test", "none.pem", "", "", "tls-ca-file: none.pem cannot be read: "},
    {"app.test", "empty.pem", "", "", "tls-ca-file: empty.pem: no certificate"},
    {"app.test", "ca.pem", "none.pem", "", "tls-cert-file: none.pem cannot be read: "},
    {"app.test", "ca.pem", "member.pem", "app.pem", "tls-cert-file: member.pem: the private key does not belong"},
    {"app.test", "ca.pem", "", "app.pem", "tls-key-file: app.pem: a key without a certificate (tls-cert-file)"},
    {"app.test", "ca.pem", "ca.pem", "", "tls-cert-file: ca.pem: no private key"},
};

START_TEST(mistake)
{
    struct tls_client_options o = options(mistakes[_i].name);
    char *text;
    inputs_put(inputs, INPUT_FILE, "empty.pem", SPAN("nothing"));
    o.ca_file = span_of(mistakes[_i].ca_file);
    o.cert_file = span_of(mistakes[_i].cert_file);
    o.key_file = span_of(mistakes[_i].key_file);
    ck_assert_ptr_null(make(&o, &text));
    ck_assert_msg(strstr(text, mistakes[_i].text) != NULL, "%s", text);
    free(text);
}
END_TEST

#define ROWS(table) (sizeof table / sizeof *table)

int main(void) {
    Suite *suite = suite_create("backends");
    TCase *tests = tcase_create("all");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_loop_test(tests, visit, 0, ROWS(visits));
    tcase_add_loop_test(tests, demanded, 0, ROWS(members));
    tcase_add_test(tests, protocols);
    tcase_add_loop_test(tests, no_tls, 0, ROWS(nonsense));
    tcase_add_test(tests, ends);
    tcase_add_loop_test(tests, resumed, 0, 2);
    tcase_add_test(tests, used_once);
    tcase_add_test(tests, without_alpn);
    tcase_add_test(tests, outlives);
    tcase_add_loop_test(tests, mistake, 0, ROWS(mistakes));
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
