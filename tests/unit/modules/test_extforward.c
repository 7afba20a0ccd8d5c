/* test_extforward.c - extforward.*: who is believed, what chains of proxies say, what stays a stranger's word */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <arpa/inet.h>
#include <check.h>
#include <stdlib.h>

#include "modules/extforward/chain.h"
#include "modules/extforward/trust.h"
#include "trial.h"

extern const struct module mod_extforward;

/* ---- what the server would say ------------------------------------------------------------------------------- */

static struct addr peer;
static const char *socket_name = "0.0.0.0:80";
static int lines_expected, tls_trusted, forwarders;
static bool is_named;

const struct addr *request_peer(const struct request *r) {
    (void)r;
    return &peer;
}

bool request_peer_is_named(const struct request *r) {
    (void)r;
    return is_named;
}

struct span request_socket(const struct request *r) {
    (void)r;
    return span_of(socket_name);
}

void request_peer_forwards(struct request *r) {
    (void)r;
    forwarders++;
}

void request_expect_proxy_line(struct request *r, bool trust_tls) {
    (void)r;
    lines_expected++;
    tls_trusted = trust_tls;
}

/* ---- nodes and chains ---------------------------------------------------------------------------------------- */

static const char *text_of(const struct addr *a) {
    static char text[ADDR_TEXT_BYTES];
    addr_format(a, text);
    return text;
}

START_TEST(nodes) {
    static const struct {
        const char *node, *addr; /* NULL: none */
    } table[] = {
        {"192.0.2.1", "192.0.2.1"},
        {"192.0.2.1:80", "192.0.2.1"},
        {"2001:db8::1", "2001:db8::1"},
        {"[2001:db8::1]", "2001:db8::1"},
        {"[2001:db8::1]:4711", "2001:db8::1"},
        {"::ffff:192.0.2.1", "192.0.2.1"},
        {"unknown", NULL},
        {"_hidden", NULL},
        {"_SEVKISEK", NULL},
        {"", NULL},
        {"[", NULL},
        {"[]", NULL},
        {"[2001:db8::1", NULL},
        {"[2001:db8::1]80", NULL},
        {"[192.0.2.1]", NULL},
        {"192.0.2.1:", NULL},
        {"192.0.2.1:65536", NULL},
        {"192.0.2.1:80:80", NULL},
        {"192.0.2.1:_port", NULL},
        {"192.0.2.256", NULL},
        {"192.0.2.1 ", NULL},
        {"localhost", NULL},
        {"1", NULL},
        {"[::1]:x", NULL},
        {"0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000", NULL},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct addr a;
        bool is_one = node_address(span_of(table[i].node), &a);
        ck_assert_msg(is_one == (table[i].addr != NULL), "%s", table[i].node);
        if (is_one) ck_assert_str_eq(text_of(&a), table[i].addr);
    }
}
END_TEST

/* Hops as "node|proto|host|user, …". */
static const char *chain_text(const struct chain *chain, struct buf *out) {
    buf_clear(out);
    for (unsigned i = 0; i < chain->count; i++) {
        const struct hop *h = &chain->hops[i];
        buf_printf(out, "%s%.*s|%.*s|%.*s|%.*s", i ? ", " : "", SPAN_ARG(h->node), SPAN_ARG(h->proto),
                   SPAN_ARG(h->host), SPAN_ARG(h->user));
    }
    return buf_text(out);
}

START_TEST(forwarded_fields) {
    static const struct {
        const char *value, *hops; /* NULL: malformed */
    } table[] = {
        {"for=192.0.2.43", "192.0.2.43|||"},
        {"for=192.0.2.43, for=198.51.100.17", "192.0.2.43|||, 198.51.100.17|||"},
        {"For=\"[2001:db8:cafe::17]:4711\"", "[2001:db8:cafe::17]:4711|||"},
        {"for=192.0.2.60;proto=http;by=203.0.113.43", "192.0.2.60|http||"},
        {"for=_a ; PROTO=https ; host=\"a.b:80\";remote_user=eva", "_a|https|a.b:80|eva"},
        {"for=\"_q\\\"uo\\\\te\"", "_q\"uo\\te|||"},
        {"for=[::1]:80;host=a.b:80", "[::1]:80||a.b:80|"}, /* not quoted as they ought to be */
        {", ,for=a,,for=b;;,", "a|||, b|||"},
        {"secret=x", "|||"},
        {"", ""},
        {"for=\"a, for=b\"", "a, for=b|||"},
        {"for=\"a", NULL},
        {"for=\"a\\\"", NULL},
        {"for=\"a, for=192.0.2.1;by=\"b\"", NULL}, /* a client's open quote ahead of a proxy's quoted word */
        {"for=a b", NULL},
        {"for=", NULL},
        {"for", NULL},
        {"=a", NULL},
        {"for =a", NULL},
        {"for=\"a\"b", NULL},
        {"for=a\"b\"", NULL},
        {"for=\"a\x01\"", NULL},
    };
    struct buf out = {0};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct chain chain;
        struct arena a = {0};
        bool ok = chain_of_forwarded(&chain, span_of(table[i].value), &a);
        ck_assert_msg(ok == (table[i].hops != NULL), "%s", table[i].value);
        if (ok) ck_assert_str_eq(chain_text(&chain, &out), table[i].hops);
        arena_done(&a);
    }
    buf_done(&out);
}
END_TEST

/* However long a chain is, its end is what counts. */
START_TEST(long_chains) {
    struct buf list = {0}, forwarded = {0};
    struct chain chain;
    struct arena a = {0};
    for (int i = 0; i < 10000; i++) buf_printf(&list, "10.0.0.%d,", i % 256);
    for (int i = 0; i < 10000; i++) buf_printf(&forwarded, "for=10.0.0.%d,", i % 256);
    buf_add(&list, SPAN("192.0.2.1"));
    buf_add(&forwarded, SPAN("for=192.0.2.1"));
    chain_of_list(&chain, buf_span(&list));
    ck_assert_uint_eq(chain.count, HOPS_MAX);
    ck_assert(span_is(chain.hops[HOPS_MAX - 1].node, SPAN("192.0.2.1")));
    ck_assert(span_is(chain.hops[HOPS_MAX - 2].node, SPAN("10.0.0.15")));
    ck_assert(chain_of_forwarded(&chain, buf_span(&forwarded), &a));
    ck_assert(chain.count >= HOPS_MAX / 2 && chain.count <= HOPS_MAX);
    ck_assert(span_is(chain.hops[chain.count - 1].node, SPAN("192.0.2.1")));
    ck_assert(span_is(chain.hops[0].node, chain.hops[0].node) && chain.hops[0].node.n > 0);
    buf_done(&list);
    buf_done(&forwarded);
    arena_done(&a);
}
END_TEST

/* ---- requests ------------------------------------------------------------------------------------------------ */

#define TRUST "extforward.forwarder = (\"10.0.0.0/8\" => \"trust\", \"10.9.9.9\" => \"untrusted\")\n"
#define FORWARDED TRUST "extforward.headers = (\"Forwarded\", \"X-Forwarded-For\")\n"
#define PARAMS FORWARDED "extforward.params = (\"host\" => \"enable\", \"remote_user\" => \"enable\")\n"

static void set_peer(const char *text) {
    memset(&peer, 0, sizeof peer);
    if (!node_address(span_of(text), &peer)) peer.is.any.sa_family = AF_UNIX;
}

static const struct {
    const char *conf, *peer, *field, *value, *proto, *client;
    bool is_tls;
    const char *host, *user;
} requests[] = {
    {TRUST, "10.0.0.1", "X-Forwarded-For", "192.0.2.1", "https", "192.0.2.1", true, "a.example", ""},
    {TRUST, "10.0.0.1", "X-Forwarded-For", "192.0.2.1", NULL, "192.0.2.1", false, "a.example", ""},
    {TRUST, "10.0.0.1", "Forwarded-For", "192.0.2.1:80", NULL, "192.0.2.1", false, "a.example", ""},
    {TRUST, "10.0.0.1", "Forwarded", "for=192.0.2.1", NULL, "10.0.0.1", false, "a.example", ""}, /* not in headers */
    /* strangers are not believed */
    {TRUST, "192.0.2.9", "X-Forwarded-For", "192.0.2.1", "https", "192.0.2.9", false, "a.example", ""},
    {TRUST, "10.9.9.9", "X-Forwarded-For", "192.0.2.1", "https", "10.9.9.9", false, "a.example", ""},
    {TRUST, "::1", "X-Forwarded-For", "192.0.2.1", "https", "::1", false, "a.example", ""},
    {TRUST, "a socket", "X-Forwarded-For", "192.0.2.1", "https", "unix", false, "a.example", ""},
    /* from the right to the left */
    {TRUST, "10.0.0.1", "X-Forwarded-For", "203.0.113.7, 192.0.2.1, 10.0.0.2,10.0.0.3", NULL, "192.0.2.1", false,
     "a.example", ""},
    {TRUST, "10.0.0.1", "X-Forwarded-For", "203.0.113.7, 10.9.9.9, 10.0.0.2", NULL, "10.9.9.9", false, "a.example",
     ""},
    {TRUST, "10.0.0.1", "X-Forwarded-For", "203.0.113.7, unknown, 10.0.0.2", NULL, "10.0.0.2", false, "a.example",
     ""},
    {TRUST, "10.0.0.1", "X-Forwarded-For", "203.0.113.7, unknown", "https", "10.0.0.1", false, "a.example", ""},
    {TRUST, "10.0.0.1", "X-Forwarded-For", "10.0.0.3, 10.0.0.2", NULL, "10.0.0.3", false, "a.example", ""},
    {TRUST, "10.0.0.1", "X-Forwarded-For", "\"203.0.113.7, 192.0.2.1", NULL, "192.0.2.1", false, "a.example", ""},
    {TRUST, "10.0.0.1", "X-Forwarded-For", ", ,", NULL, "10.0.0.1", false, "a.example", ""},
    {TRUST, "10.0.0.1", "X-Forwarded-For", "[2001:db8::1]:99", NULL, "2001:db8::1", false, "a.example", ""},
    {TRUST, "::ffff:10.0.0.1", "X-Forwarded-For", "192.0.2.1", NULL, "192.0.2.1", false, "a.example", ""},
    /* a list of protocols stands for the same hops */
    {TRUST, "10.0.0.1", "X-Forwarded-For", "192.0.2.1, 10.0.0.2", "https, http", "192.0.2.1", true, "a.example", ""},
    {TRUST, "10.0.0.1", "X-Forwarded-For", "192.0.2.1", "https, http", "192.0.2.1", false, "a.example", ""},
    {TRUST, "10.0.0.1", "X-Forwarded-For", "192.0.2.1, 10.0.0.2", "https", "192.0.2.1", true, "a.example", ""},
    {TRUST, "10.0.0.1", "X-Forwarded-For", "192.0.2.1", "ftp", "192.0.2.1", false, "a.example", ""},
    /* "all" trusts whoever connects, but not whomever they name */
    {"extforward.forwarder = (\"all\" => \"trust\")\n", "192.0.2.9", "X-Forwarded-For", "203.0.113.7, 192.0.2.1",
     NULL, "192.0.2.1", false, "a.example", ""},
    {"extforward.forwarder = (\"all\" => \"trust\", \"192.0.2.9\" => \"no\")\n", "192.0.2.9", "X-Forwarded-For",
     "192.0.2.1", NULL, "192.0.2.9", false, "a.example", ""},
    {"extforward.forwarder = (\"all\" => \"untrusted\")\n", "192.0.2.9", "X-Forwarded-For", "192.0.2.1", NULL,
     "192.0.2.9", false, "a.example", ""},
    {"extforward.forwarder = (\"/run/front.sock\" => \"trust\")\n", "a socket", "X-Forwarded-For", "192.0.2.1", NULL,
     "192.0.2.1", false, "a.example", ""},
    {"extforward.forwarder = (\"/run/other.sock\" => \"trust\")\n", "a socket", "X-Forwarded-For", "192.0.2.1", NULL,
     "unix", false, "a.example", ""},
    /* RFC 7239 */
    {FORWARDED, "10.0.0.1", "Forwarded", "for=203.0.113.7, for=192.0.2.1;proto=https, For=10.0.0.2;proto=http", NULL,
     "192.0.2.1", true, "a.example", ""},
    {FORWARDED, "10.0.0.1", "Forwarded", "for=203.0.113.7, for=_hidden, for=10.0.0.2", NULL, "10.0.0.2", false,
     "a.example", ""},
    {FORWARDED, "10.0.0.1", "Forwarded", "for=192.0.2.1;host=b.example;remote_user=eva", NULL, "192.0.2.1", false,
     "a.example", ""},
    {PARAMS, "10.0.0.1", "Forwarded", "for=192.0.2.1;host=\"B.example:80\";remote_user=eva", NULL, "192.0.2.1", false,
     "b.example:80", "eva"},
    {PARAMS, "10.0.0.1", "Forwarded", "for=192.0.2.1;host=b.example, for=10.0.0.2;host=c.example;remote_user=x", NULL,
     "192.0.2.1", false, "b.example", ""},
    {PARAMS, "192.0.2.9", "Forwarded", "for=192.0.2.1;host=b.example;remote_user=eva", NULL, "192.0.2.9", false,
     "a.example", ""},
    {FORWARDED, "10.0.0.1", "X-Forwarded-For", "192.0.2.1", NULL, "192.0.2.1", false, "a.example", ""},
};

static void begin_request(struct trial *t, const char *from) {
    set_peer(from);
    trial_request(t, "a.example", "/");
    t->r.client = peer;
    socket_name = "/run/front.sock";
}

START_TEST(who_asks) {
    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
        struct trial t;
        trial_begin_warned(&t, &mod_extforward, requests[i].conf);
        begin_request(&t, requests[i].peer);
        fields_add_named(&t.r.in.fields, &t.r.arena, span_of(requests[i].field), span_of(requests[i].value));
        if (requests[i].proto)
            fields_add_named(&t.r.in.fields, &t.r.arena, SPAN("X-Forwarded-Proto"), span_of(requests[i].proto));
        ck_assert_int_eq(trial_run(&t, PHASE_CLIENT), HANDLER_GO_ON);
        ck_assert_msg(strcmp(text_of(&t.r.client), requests[i].client) == 0, "%zu: %s", i, text_of(&t.r.client));
        ck_assert_msg(t.r.is_tls == requests[i].is_tls, "%zu", i);
        ck_assert_msg(span_is(t.r.in.authority, span_of(requests[i].host)), "%zu", i);
        ck_assert_msg(span_is(t.r.user, span_of(requests[i].user)), "%zu", i);
        trial_end(&t);
    }
}
END_TEST

/* Whom a PROXY line names is a proxy if the list has his address, and in no other way. */
START_TEST(named_peers) {
    static const struct {
        const char *conf, *peer, *client;
    } table[] = {
        {"extforward.forwarder = (\"all\" => \"trust\")\n", "192.0.2.9", "192.0.2.9"},
        {"extforward.forwarder = (\"/run/front.sock\" => \"trust\")\n", "a socket", "unix"},
        {TRUST, "10.0.0.1", "203.0.113.7"},
        {TRUST, "10.9.9.9", "10.9.9.9"},
    };
    is_named = true;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct trial t;
        trial_begin(&t, &mod_extforward, table[i].conf);
        begin_request(&t, table[i].peer);
        fields_add_named(&t.r.in.fields, &t.r.arena, SPAN("X-Forwarded-For"), SPAN("203.0.113.7"));
        ck_assert_int_eq(trial_run(&t, PHASE_CLIENT), HANDLER_GO_ON);
        ck_assert_msg(strcmp(text_of(&t.r.client), table[i].client) == 0, "%zu: %s", i, text_of(&t.r.client));
        trial_end(&t);
    }
    is_named = false;
}
END_TEST

START_TEST(what_is_refused) {
    static const char *const table[] = {"for=\"192.0.2.1", "for=192.0.2.1;host=\"a b\"", "for=192.0.2.1;host=a/b",
                                        "for=192.0.2.1;host=\"\""};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct trial t;
        trial_begin(&t, &mod_extforward, PARAMS);
        begin_request(&t, "10.0.0.1");
        fields_add_named(&t.r.in.fields, &t.r.arena, SPAN("Forwarded"), span_of(table[i]));
        ck_assert_msg(trial_run(&t, PHASE_CLIENT) == HANDLER_FINISHED && t.r.status == 400, "%s", table[i]);
        begin_request(&t, "192.0.2.9"); /* a stranger's nonsense is nobody's business */
        fields_add_named(&t.r.in.fields, &t.r.arena, SPAN("Forwarded"), span_of(table[i]));
        ck_assert_msg(trial_run(&t, PHASE_CLIENT) == HANDLER_GO_ON, "%s", table[i]);
        trial_end(&t);
    }
}
END_TEST

/* Several lines of one field are one list; what was before is kept for logs and gateways. */
START_TEST(lines_and_variables) {
    struct trial t;
    trial_begin(&t, &mod_extforward, TRUST);
    begin_request(&t, "10.0.0.1");
    fields_add_named(&t.r.in.fields, &t.r.arena, SPAN("X-Forwarded-For"), SPAN("192.0.2.1"));
    fields_add_named(&t.r.in.fields, &t.r.arena, SPAN("x-forwarded-for"), SPAN("10.0.0.2"));
    fields_add_named(&t.r.in.fields, &t.r.arena, SPAN("X-Forwarded-Proto"), SPAN("https"));
    ck_assert_int_eq(trial_run(&t, PHASE_CLIENT), HANDLER_GO_ON);
    ck_assert_str_eq(text_of(&t.r.client), "192.0.2.1");
    ck_assert(span_is(fields_get_named(&t.r.env, &t.r.arena, SPAN("_L_EXTFORWARD_ACTUAL_FOR")), SPAN("10.0.0.1")));
    ck_assert(span_is(fields_get_named(&t.r.env, &t.r.arena, SPAN("_L_EXTFORWARD_ACTUAL_PROTO")), SPAN("http")));
    ck_assert_int_eq(t.r.lasting, LASTS);
    trial_end(&t);
}
END_TEST

START_TEST(proxy_lines) {
    static const struct {
        const char *conf, *peer;
        int expected, tls;
    } table[] = {
        {TRUST "extforward.hap-PROXY = \"enable\"\n", "10.0.0.1", 1, 0},
        {TRUST "extforward.hap-PROXY = \"enable\"\nextforward.hap-PROXY-ssl-client-verify = \"enable\"\n", "10.0.0.1",
         1, 1},
        {TRUST "extforward.hap-PROXY = \"enable\"\n", "192.0.2.9", 0, 0},
        {TRUST, "10.0.0.1", 0, 0},
        {"extforward.hap-PROXY = \"enable\"\n", "10.0.0.1", 0, 0},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct trial t;
        trial_begin(&t, &mod_extforward, table[i].conf);
        begin_request(&t, table[i].peer);
        lines_expected = tls_trusted = 0;
        ck_assert_int_eq(trial_run(&t, PHASE_ACCEPT), HANDLER_GO_ON);
        ck_assert_msg(lines_expected == table[i].expected && tls_trusted == table[i].tls, "%zu", i);
        trial_end(&t);
    }
}
END_TEST

START_TEST(complaints) {
    static const struct {
        const char *conf, *says;
    } table[] = {
        {"extforward.forwarder = (\"proxy.example\" => \"trust\")\n", "no address or prefix"},
        {"extforward.forwarder = (\"10.0.0.1\" => \"yes\")\n", "is taken for \"untrusted\""},
        {"extforward.headers = (\"X Forwarded\")\n", "no name of a header field"},
        {"extforward.params = (\"proto\" => \"enable\")\n", "has no effect"},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        char *said = trial_messages(&mod_extforward, table[i].conf);
        ck_assert_msg(strstr(said, table[i].says) != NULL, "%s", said);
        free(said);
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("extforward");
    TCase *all = tcase_create("all");
    tcase_add_test(all, nodes);
    tcase_add_test(all, forwarded_fields);
    tcase_add_test(all, long_chains);
    tcase_add_test(all, who_asks);
    tcase_add_test(all, named_peers);
    tcase_add_test(all, what_is_refused);
    tcase_add_test(all, lines_and_variables);
    tcase_add_test(all, proxy_lines);
    tcase_add_test(all, complaints);
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
