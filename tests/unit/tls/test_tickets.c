/* test_tickets.c - sessions that go on in another worker, and those that must not */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <check.h>
#include <openssl/err.h>
#include <stdlib.h>

#include "pair.h"

static struct identity authority, id, other, person;
static struct inputs *inputs;
static SSL_CTX *client;
static SSL_SESSION *session; /* the last one that the client was given */
static unsigned given;

static int on_session(SSL *ssl, SSL_SESSION *s) {
    (void)ssl;
    SSL_SESSION_free(session);
    session = s;
    given++;
    return 1;
}

static void set_up(void) {
    authority = issue(&(struct wish){.name = "Authority", .is_authority = true}, NULL);
    id = issue(&(struct wish){.name = "a.test"}, &authority);
    other = issue(&(struct wish){.name = "b.test"}, &authority);
    person = issue(&(struct wish){.name = "person"}, &authority);
    inputs = inputs_none();
    struct buf pem = {NULL, 0, 0};
    add_certificate(&pem, &authority);
    put_text(inputs, "ca.pem", &pem);
    put_identity(inputs, "a.pem", &id, NULL);
    put_identity(inputs, "b.pem", &other, NULL);
    client = make_client(NULL);
    SSL_CTX_set_session_cache_mode(client, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(client, on_session);
}

static void tear_down(void) {
    SSL_SESSION_free(session);
    session = NULL;
    SSL_CTX_free(client);
    inputs_drop(inputs);
    identity_done(&authority);
    identity_done(&id);
    identity_done(&other);
    identity_done(&person);
}

static struct tls_context *context_of(const char *pemfile, bool verifies) {
    struct tls_settings s = tls_defaults;
    s.pemfile = span_of(pemfile);
    s.verify_activate = verifies;
    s.verify_enforce = false;
    s.verify_ca_file = SPAN("ca.pem");
    return make_context(&s, inputs);
}

static struct tls_context *second; /* what the name "b.test" leads to */

static struct tls_context *select_second(void *arg, struct span name) {
    (void)arg;
    return span_is(name, SPAN("b.test")) ? second : NULL;
}

/* OpenSSL does not call on_session() for a ticket of TLS 1.2 that takes the place of another. */
static void take_renewed(SSL *ssl) {
    const unsigned char *before, *now;
    size_t before_n, now_n;
    SSL_SESSION *s = SSL_get1_session(ssl);
    SSL_SESSION_get0_ticket(session, &before, &before_n);
    SSL_SESSION_get0_ticket(s, &now, &now_n);
    bool same = before_n == now_n && memcmp(before, now, now_n) == 0;
    if (same) SSL_SESSION_free(s);
    else on_session(ssl, s);
}

/* Libraries without a callback for the ClientHello look at the ticket before the name: a session of the first context
 * then ends the connection if the name belongs to another, and one of a name's own context is not used. */
#ifdef HAVE_TLS_CLIENT_HELLO
enum { NAME_COMES_FIRST = 1 };
#else
enum { NAME_COMES_FIRST = 0 };
#endif

static bool refused;

static bool visit_version(struct tls_context *x, const char *name, int version) {
    struct pair p;
    char byte;
    given = 0;
    SSL_CTX_set_max_proto_version(client, version);
    pair_open(&p, x, select_second, NULL, client);
    if (session) SSL_set_session(p.client, session);
    if (name) SSL_set_tlsext_host_name(p.client, name);
    enum tls_progress end = pair_shake(&p);
    refused = end == TLS_FAILED && session && !NAME_COMES_FIRST;
    if (refused) {
        pair_close(&p);
        return false;
    }
    ck_assert_int_eq(end, TLS_DONE);
    ck_assert(p.client_done);
    ck_assert_int_eq(client_read(&p, &byte, 1), -1); /* takes the tickets of TLS 1.3 */
    bool resumed = SSL_session_reused(p.client);
    if (resumed && version == TLS1_2_VERSION) take_renewed(p.client);
    SSL_shutdown(p.client);
    pair_close(&p);
    return resumed;
}

static int version_of(int i) {
    return i ? TLS1_3_VERSION : TLS1_2_VERSION;
}

/* The keys of one process, as they reach another one. */
static void keep_keys(struct buf *keys) {
    buf_clear(keys);
    buf_add(keys, tls_tickets());
}

START_TEST(goes_on_elsewhere)
{
    struct tls_context *x = context_of("a.pem", false), *y = context_of("a.pem", false);
    struct buf keys = {NULL, 0, 0};
    ck_assert(!visit_version(x, NULL, version_of(_i)));
#if defined HAVE_TLS_NUM_TICKETS && defined HAVE_TLS_TICKET_EVP
    ck_assert_uint_eq(given, 1); /* OpenSSL 3 makes the one that it is asked for */
#endif
    if (_i && !given) return; /* LibreSSL has no tickets of TLS 1.3 */
    keep_keys(&keys);
    for (int i = 0; i < 5; i++) tls_tickets_rotate(); /* a process that has other keys */
    SSL_SESSION *first = session;
    SSL_SESSION_up_ref(first);
    ck_assert(!visit_version(y, NULL, version_of(_i)));
    SSL_SESSION_free(session);
    session = first;
    ck_assert(tls_tickets_set(buf_span(&keys)));
    ck_assert(visit_version(y, NULL, version_of(_i)));
    buf_done(&keys);
    tls_context_drop(x);
    tls_context_drop(y);
}
END_TEST

/* Three keys: a ticket lives through two rotations and gets renewed; after a third its key is forgotten. */
START_TEST(rotation)
{
    struct tls_context *x = context_of("a.pem", false);
    ck_assert(!visit_version(x, NULL, version_of(_i)));
    if (_i && !given) return;
    SSL_SESSION *first = session;
    SSL_SESSION_up_ref(first);
    ck_assert(visit_version(x, NULL, version_of(_i)));
    ck_assert_uint_eq(given, _i ? 1 : 0); /* TLS 1.3: a ticket is used once */
    tls_tickets_rotate();
    tls_tickets_rotate();
    ck_assert_uint_eq(tls_tickets().n, TLS_TICKET_KEYS * TLS_TICKET_KEY_BYTES);
    ck_assert(visit_version(x, NULL, version_of(_i)));
    ck_assert_uint_eq(given, 1); /* renewed with the newest key */
    tls_tickets_rotate();
    ck_assert(visit_version(x, NULL, version_of(_i)));
    SSL_SESSION_free(session);
    session = first;
    ck_assert(!visit_version(x, NULL, version_of(_i)));
    tls_context_drop(x);
}
END_TEST

START_TEST(keys_are_checked)
{
    char bytes[5 * TLS_TICKET_KEY_BYTES];
    static const struct {
        size_t n, used;
    } lengths[] = {{0, 0}, {79, 0}, {81, 0}, {80, 80}, {160, 160}, {240, 240}, {320, 240}, {400, 240}};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        memset(bytes, (int)i, sizeof bytes);
        bool ok = tls_tickets_set((struct span){bytes, lengths[i].n});
        ck_assert(ok == (lengths[i].used != 0));
        if (ok) ck_assert(span_is(tls_tickets(), (struct span){bytes, lengths[i].used}));
    }
    struct buf before = {NULL, 0, 0};
    keep_keys(&before);
    struct span after = tls_tickets_rotate();
    ck_assert(!span_is(span_upto(after, 80), span_upto(buf_span(&before), 80)));
    ck_assert(span_is(span_from(after, 80), span_upto(buf_span(&before), 160)));
    buf_done(&before);
}
END_TEST

START_TEST(keys_from_a_file)
{
    char bytes[92];
    struct buf before = {NULL, 0, 0};
    tls_tickets_rotate();
    keep_keys(&before);
    memset(bytes, 7, sizeof bytes);
    ck_assert(!tls_tickets_load((struct span){bytes, 92})); /* a format that nobody knows */
    ck_assert(!tls_tickets_load((struct span){bytes, 91}));
    ck_assert(!tls_tickets_load(SPAN("")));
    ck_assert(span_is(tls_tickets(), buf_span(&before)));
    memset(bytes, 0, 12); /* as lighttpd has it: those we have go on to decrypt */
    for (int i = 0; i < 2; i++) {
        ck_assert(tls_tickets_load((struct span){bytes, 92}));
        ck_assert(span_is(span_upto(tls_tickets(), 80), (struct span){bytes + 12, 80}));
        ck_assert(span_is(span_upto(span_from(tls_tickets(), 80), 80), span_upto(buf_span(&before), 80)));
    }
    ck_assert(tls_tickets_load((struct span){bytes + 12, 80})); /* a list of keys: these and no others */
    ck_assert_uint_eq(tls_tickets().n, 80);
    buf_done(&before);
}
END_TEST

/* A session is bound to the rules it was begun under: a client that was never asked for its certificate does not get
 * in where one is asked for, by whatever name it comes back. */
static const struct {
    const char *first, *then; /* names */
    bool resumed;
} crossings[] = {
    {"a.test", "a.test", true}, {"b.test", "b.test", true}, {"a.test", "b.test", false},
    {"b.test", "a.test", false}, {NULL, "b.test", false},    {"b.test", NULL, false},
};

START_TEST(not_across_contexts)
{
    for (int verifies = 0; verifies < 2; verifies++) {
        for (int v = 0; v < 2; v++) {
            struct tls_context *x = context_of("a.pem", false);
            second = context_of(verifies ? "a.pem" : "b.pem", verifies);
            ck_assert(!visit_version(x, crossings[_i].first, version_of(v)));
            bool asks = verifies && crossings[_i].then && crossings[_i].then[0] == 'b'; /* each time anew */
            bool may = crossings[_i].resumed && !asks && given;
            bool does = visit_version(x, crossings[_i].then, version_of(v));
            /* a session of TLS 1.2 goes on under the name that it was begun with */
            bool good = NAME_COMES_FIRST ? does == may : may || !does || v == 0;
            ck_assert(!refused || _i > 1); /* where the name is the same again */
            ck_assert_msg(good, "asks %d, version %d: %d", verifies, v, does);
            tls_context_drop(x);
            tls_context_drop(second);
            second = NULL;
            SSL_SESSION_free(session);
            session = NULL;
        }
    }
}
END_TEST

START_TEST(damaged_ticket)
{
    struct tls_context *x = context_of("a.pem", false);
    ck_assert(!visit_version(x, NULL, version_of(_i)));
    struct buf keys = {NULL, 0, 0};
    keep_keys(&keys);
    keys.p[16] = (char)(keys.p[16] ^ 1); /* the right name, another HMAC key */
    ck_assert(tls_tickets_set(buf_span(&keys)));
    ck_assert(!visit_version(x, NULL, version_of(_i)));
    buf_done(&keys);
    tls_context_drop(x);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("tickets");
    TCase *tests = tcase_create("all");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_loop_test(tests, goes_on_elsewhere, 0, 2);
    tcase_add_loop_test(tests, rotation, 0, 2);
    tcase_add_test(tests, keys_are_checked);
    tcase_add_test(tests, keys_from_a_file);
    tcase_add_loop_test(tests, not_across_contexts, 0, sizeof crossings / sizeof *crossings);
    tcase_add_loop_test(tests, damaged_ticket, 0, 2);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
