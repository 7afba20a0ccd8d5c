/* test_gateway_health.c - the life of a backend: found again, named and not any more, down, up, asked for its name */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <check.h>
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "gateways.h"
#include "net/connect.h"

enum { NOW = 5000 };

static struct trial trial;
static char logged[64 * 1024];
static int log_end;

/* What was said since the last call. */
static const char *said(void) {
    ssize_t n = read(log_end, logged, sizeof logged - 1);
    logged[n > 0 ? n : 0] = '\0';
    return logged;
}


static struct backend *begin(const char *options) {
    char conf[1024];
    snprintf(conf, sizeof conf, "p.server = ( \"\" => ( ( %s ) ) )\n", options);
    trial_begin(&trial, &gateways, conf);
    return gateways_of(&trial)->p->rules[0].hosts[0].backend;
}

static void attempt(struct backend *b, enum outcome o, int error, uint64_t now_ms) {
    backend_began(b, now_ms);
    backend_ended(b, o, error, now_ms);
}

/* ---- found again ----------------------------------------------------------------------------------------------- */

START_TEST(what_is_known_survives_a_reload) {
    struct trial next;
    struct backend *b = begin("\"host\" => \"192.0.2.1\"");
    b->served = 42;
    trial_begin(&next, &gateways,
                "p.server = ( \"/x\" => ( ( \"host\" => \"http://192.0.2.1\", \"weight\" => 9 ) ) )\n");
    const struct gateway_host *h = &gateways_of(&next)->p->rules[0].hosts[0];
    ck_assert_ptr_eq(h->backend, b);
    ck_assert_ptr_eq(b->host, h);
    ck_assert_uint_eq(b->configured, 2);
    trial_end(&next); /* the new one is refused after all */
    ck_assert_ptr_eq(b->host, &gateways_of(&trial)->p->rules[0].hosts[0]);
    ck_assert_uint_eq(gateways_closed, 0);
    trial_end(&trial);
    ck_assert_uint_eq(gateways_closed, 1);
    ck_assert_ptr_null(backends_next(NULL));
}
END_TEST

static const char *const others[] = {
    "\"host\" => \"192.0.2.2\"", "\"host\" => \"192.0.2.1\", \"port\" => 81", "\"host\" => \"h2c://192.0.2.1\"",
    "\"host\" => \"https://192.0.2.1:80\"", "\"socket\" => \"/192.0.2.1\"",
    "\"host\" => \"192.0.2.1\", \"proxy-protocol\" => \"v1\"",
};

START_TEST(another_is_another) {
    char conf[256];
    struct trial next;
    struct backend *b = begin("\"host\" => \"192.0.2.1\"");
    snprintf(conf, sizeof conf, "p.server = ( \"\" => ( ( %s ) ) )\n", others[_i]);
    trial_begin(&next, &gateways, conf);
    ck_assert_ptr_ne(gateways_of(&next)->p->rules[0].hosts[0].backend, b);
    trial_end(&next);
    trial_end(&trial);
}
END_TEST

static const char *const checked_otherwise[] = {
    "\"tls-name\" => \"b\"", "\"tls-verify\" => \"disable\"", "\"tls-ca-file\" => \"/b\"",
    "\"tls-cert-file\" => \"/b\"", "\"tls-key-file\" => \"/b\"",
};

START_TEST(who_checks_certificates_otherwise_is_another) {
    struct trial next;
    char conf[256];
    struct backend *b = begin("\"host\" => \"https://192.0.2.1\"");
    snprintf(conf, sizeof conf, "p.server = ( \"\" => ( ( \"host\" => \"https://192.0.2.1\", %s ) ) )\n",
             checked_otherwise[_i]);
    trial_begin_warned(&next, &gateways, conf);
    ck_assert_ptr_ne(gateways_of(&next)->p->rules[0].hosts[0].backend, b);
    trial_end(&next);
    trial_end(&trial);
}
END_TEST

START_TEST(it_lives_while_somebody_is_at_it) {
    struct backend *b = backend_hold(begin("\"host\" => \"192.0.2.1\""));
    trial_end(&trial);
    ck_assert_ptr_eq(backends_next(NULL), b);
    ck_assert_ptr_null(b->host);
    attempt(b, OUTCOME_REFUSED, ECONNREFUSED, NOW); /* must do without a host's options */
    backend_drop(b);
    ck_assert_ptr_null(backends_next(NULL));
}
END_TEST

/* ---- down and up ----------------------------------------------------------------------------------------------- */

START_TEST(a_refusal_makes_it_rest) {
    struct backend *b = begin("\"host\" => \"192.0.2.1\", \"disable-time\" => 3");
    said();
    attempt(b, OUTCOME_REFUSED, ECONNREFUSED, NOW);
    ck_assert_ptr_nonnull(strstr(said(), "backend 192.0.2.1:80 does not answer: Connection refused: nobody listens"));
    ck_assert_int_eq(backend_state(b, NOW + 2999), BACKEND_RESTS);
    ck_assert_int_eq(backend_state(b, NOW + 3000), BACKEND_UP);
    attempt(b, OUTCOME_REFUSED, ECONNREFUSED, NOW + 3000);
    ck_assert_str_eq(said(), ""); /* once */
    ck_assert_int_eq(backend_state(b, NOW + 5999), BACKEND_RESTS);
    attempt(b, OUTCOME_REFUSED, ETIMEDOUT, NOW + 6000);
    ck_assert_ptr_nonnull(strstr(said(), "firewall")); /* something else is the matter now */
    attempt(b, OUTCOME_GOOD, 0, NOW + 9000);
    ck_assert_ptr_nonnull(strstr(said(), "backend 192.0.2.1:80 answers again, after 9 s"));
    ck_assert_uint_eq(b->up_since_ms, NOW + 9000);
    ck_assert_uint_eq(b->fails, 0);
    attempt(b, OUTCOME_GOOD, 0, NOW + 9001);
    ck_assert_str_eq(said(), "");
    ck_assert_uint_eq(b->up_since_ms, NOW + 9000);
    ck_assert_uint_eq(b->served, 2);
    ck_assert_uint_eq(b->failed, 3);
    trial_end(&trial);
}
END_TEST

START_TEST(max_fails_are_counted_in_a_row) {
    struct backend *b = begin("\"host\" => \"192.0.2.1\", \"max-fails\" => 3");
    for (int i = 0; i < 10; i++) attempt(b, i % 3 == 2 ? OUTCOME_GOOD : OUTCOME_REFUSED, ECONNREFUSED, NOW);
    ck_assert_int_eq(backend_state(b, NOW), BACKEND_UP);
    for (int i = 0; i < 2; i++) attempt(b, OUTCOME_REFUSED, ECONNREFUSED, NOW);
    ck_assert_int_eq(backend_state(b, NOW), BACKEND_RESTS);
    trial_end(&trial);
}
END_TEST

START_TEST(never_means_never) {
    struct backend *b = begin("\"host\" => \"192.0.2.1\", \"max-fails\" => 0");
    for (int i = 0; i < 10; i++) attempt(b, OUTCOME_REFUSED, ECONNREFUSED, NOW);
    ck_assert_int_eq(backend_state(b, NOW), BACKEND_UP);
    trial_end(&trial);
}
END_TEST

/* A request that kills a process of the backend must not take the backend away from everybody. */
START_TEST(one_broken_answer_means_little) {
    struct backend *b = begin("\"host\" => \"192.0.2.1\"");
    said();
    attempt(b, OUTCOME_BROKEN, 0, NOW);
    attempt(b, OUTCOME_TIMED_OUT, 0, NOW);
    ck_assert_int_eq(backend_state(b, NOW), BACKEND_UP);
    attempt(b, OUTCOME_TIMED_OUT, 0, NOW);
    ck_assert_int_eq(backend_state(b, NOW), BACKEND_RESTS);
    ck_assert(b->rests_softly);
    ck_assert_ptr_nonnull(strstr(said(), "says nothing in time"));
    attempt(b, OUTCOME_REFUSED, ECONNREFUSED, NOW); /* now it is worse */
    ck_assert(!b->rests_softly);
    attempt(b, OUTCOME_TIMED_OUT, 0, NOW);
    ck_assert(!b->rests_softly);
    trial_end(&trial);
}
END_TEST

static const struct {
    enum outcome outcome;
    int error;
} innocent[] = {{OUTCOME_GONE, 0}, {OUTCOME_REFUSED, EMFILE}, {OUTCOME_REFUSED, ENFILE}, {OUTCOME_REFUSED, ENOBUFS},
                {OUTCOME_REFUSED, EADDRNOTAVAIL}};

START_TEST(what_is_not_its_fault) {
    struct backend *b = begin("\"host\" => \"192.0.2.1\"");
    said();
    attempt(b, innocent[_i].outcome, innocent[_i].error, NOW);
    ck_assert_int_eq(backend_state(b, NOW), BACKEND_UP);
    ck_assert_uint_eq(b->failed, 0);
    ck_assert_uint_eq(b->active, 0);
    const char *text = said();
    if (innocent[_i].error) ck_assert_ptr_nonnull(strstr(text, strerror(innocent[_i].error)));
    else ck_assert_str_eq(text, "");
    trial_end(&trial);
}
END_TEST

/* Requests fail, and nothing rests: the log has to tell why, but not for each of them. */
START_TEST(failures_without_a_rest_are_not_silent) {
    static const struct {
        const char *options;
        int error;
    } table[] = {{"\"max-fails\" => 0", ECONNREFUSED}, {"\"max-fails\" => 1000", ECONNREFUSED}, {"", EMFILE}};
    char options[128];
    snprintf(options, sizeof options, "\"host\" => \"192.0.2.1\", %s", table[_i].options);
    struct backend *b = begin(options);
    said();
    attempt(b, OUTCOME_REFUSED, table[_i].error, NOW);
    const char *text = said();
    ck_assert_ptr_nonnull(strstr(text, "backend 192.0.2.1:80: a connection to it has failed: "));
    ck_assert_ptr_nonnull(strstr(text, strerror(table[_i].error)));
    for (int i = 0; i < 10; i++) attempt(b, i & 1 ? OUTCOME_GOOD : OUTCOME_REFUSED, table[_i].error, NOW + 100);
    ck_assert_str_eq(said(), "");
    attempt(b, OUTCOME_REFUSED, table[_i].error, NOW + 60000);
    ck_assert_ptr_nonnull(strstr(said(), "has failed"));
    ck_assert_uint_eq(b->up_since_ms, 0); /* it was never away */
    trial_end(&trial);
}
END_TEST

/* ---- active checks --------------------------------------------------------------------------------------------- */

#define CHECKED "\"host\" => \"192.0.2.1\", \"check\" => ( \"rise\" => 2, \"fall\" => 3 )"

START_TEST(checks_take_it_out_and_back) {
    struct backend *b = begin(CHECKED);
    said();
    health_checked(b, NULL, NOW);
    ck_assert_uint_eq(b->up_since_ms, 0); /* it was never away */
    health_checked(b, "it answers the check with 500", NOW + 1);
    health_checked(b, "it answers the check with 500", NOW + 2);
    health_checked(b, NULL, NOW + 3);
    health_checked(b, "no", NOW + 4);
    health_checked(b, "no", NOW + 5);
    ck_assert_int_eq(backend_state(b, NOW), BACKEND_UP);
    ck_assert_str_eq(said(), "");
    health_checked(b, "it answers the check with 500", NOW + 6);
    ck_assert_int_eq(backend_state(b, NOW), BACKEND_UNFIT);
    ck_assert_ptr_nonnull(strstr(said(), "backend 192.0.2.1:80 is not fit: it answers the check with 500"));
    health_checked(b, "no", NOW + 7);
    health_checked(b, NULL, NOW + 8);
    ck_assert_int_eq(backend_state(b, NOW), BACKEND_UNFIT);
    ck_assert_str_eq(said(), "");
    health_checked(b, NULL, NOW + 2006);
    ck_assert_int_eq(backend_state(b, NOW), BACKEND_UP);
    ck_assert_ptr_nonnull(strstr(said(), "answers again, after 2 s"));
    ck_assert_uint_eq(b->up_since_ms, NOW + 2006);
    trial_end(&trial);
}
END_TEST

START_TEST(who_is_not_checked_any_more_is_not_unfit) {
    struct trial next;
    struct backend *b = begin(CHECKED);
    struct fdevents *events = gateways_events();
    backends_begin(events);
    health_checked(b, "no", NOW);
    trial_begin(&next, &gateways, "p.server = ( \"\" => ( ( \"host\" => \"192.0.2.1\" ) ) )\n");
    backends_begin(events);
    ck_assert_int_eq(backend_state(b, NOW), BACKEND_UNFIT); /* requests still hold the old configuration */
    trial_end(&trial);
    ck_assert_int_eq(backend_state(b, NOW), BACKEND_UP);
    backends_end();
    trial_end(&next);
    fdevents_drop(events);
}
END_TEST

START_TEST(the_first_check_counts_at_once) {
    struct backend *b = begin(CHECKED);
    ck_assert_int_eq(backend_state(b, NOW), BACKEND_UP);
    health_checked(b, "no", NOW);
    ck_assert_int_eq(backend_state(b, NOW), BACKEND_UNFIT);
    trial_end(&trial);
}
END_TEST

START_TEST(a_check_ends_a_rest_but_no_soft_one) {
    struct backend *b = begin(CHECKED);
    attempt(b, OUTCOME_REFUSED, ECONNREFUSED, NOW);
    health_checked(b, NULL, NOW);
    ck_assert_int_eq(backend_state(b, NOW), BACKEND_UP);
    for (int i = 0; i < 3; i++) attempt(b, OUTCOME_BROKEN, 0, NOW);
    health_checked(b, NULL, NOW);
    ck_assert_int_eq(backend_state(b, NOW), BACKEND_RESTS);
    trial_end(&trial);
}
END_TEST

/* It connects, and that is all such a check finds out: what it says to requests is counted as before. */
START_TEST(checks_hide_no_broken_answers) {
    struct backend *b = begin(CHECKED);
    for (int i = 0; i < 3; i++) {
        health_checked(b, NULL, NOW);
        attempt(b, OUTCOME_BROKEN, 0, NOW);
    }
    ck_assert_int_eq(backend_state(b, NOW), BACKEND_RESTS);
    ck_assert(b->rests_softly);
    trial_end(&trial);
}
END_TEST

static const struct {
    const char *head;
    int status;
} heads[] = {
    {"", -1}, {"HT", -1}, {"HTTP/1.1 20", -1}, {"HTTP/1.1 200 OK", -1}, {"HTTP/1.1 200 OK\r\n", 200},
    {"HTTP/1.0 404\r\n", 404}, {"HTTP/1.1 503 \n", 503}, {"HTTP/1.1 2000 OK\r\n", 0}, {"HTTP/1.1 20 OK\r\n", 0},
    {"HTTP/2 200\r\n", 0}, {"SSH-2.0", 0}, {"X", 0}, {"HTTP/1.1\n", 0}, {"HTTP/1.1 2x0 OK\r\n", 0},
};

START_TEST(what_a_check_is_told) {
    ck_assert_int_eq(check_status(span_of(heads[_i].head)), heads[_i].status);
}
END_TEST

/* ---- names ----------------------------------------------------------------------------------------------------- */

static const struct {
    const char *answer;
    unsigned count, ttl;
    const char *why;
} answers[] = {
    {"ttl 77\n192.0.2.1\n2001:db8::1\n", 2, 77, NULL},
    {"ttl 1\n192.0.2.1\n", 1, RESOLVE_TTL_MIN_S, NULL},
    {"ttl 86400\n192.0.2.1\n", 1, RESOLVE_TTL_MAX_S, NULL},
    {"192.0.2.1", 1, RESOLVE_TTL_S, NULL},
    {"ttl x\nnonsense\n192.0.2.1\n300.1.1.1\n\n", 1, RESOLVE_TTL_S, NULL},
    {"1.1.1.1\n1.1.1.2\n1.1.1.3\n1.1.1.4\n1.1.1.5\n1.1.1.6\n1.1.1.7\n1.1.1.8\n1.1.1.9\n1.1.1.10\n1.1.1.11\n1.1.1.12\n"
     "1.1.1.13\n1.1.1.14\n1.1.1.15\n1.1.1.16\n1.1.1.17\n1.1.1.18\n", ADDRESSES_MAX, RESOLVE_TTL_S, NULL},
    {"!no such name", 0, RESOLVE_TTL_S, "no such name"},
    {"", 0, RESOLVE_TTL_S, "nobody has answered in time"},
    {NULL, 0, RESOLVE_TTL_S, "nobody has answered in time"},
};

START_TEST(what_an_answer_says) {
    struct resolution r;
    resolution_read(&r, span_of(answers[_i].answer), 8080);
    ck_assert_uint_eq(r.count, answers[_i].count);
    ck_assert_uint_eq(r.ttl_s, answers[_i].ttl);
    if (answers[_i].why) ck_assert(span_is(r.why, span_of(answers[_i].why)));
    struct addr a;
    if (!r.count) return;
    addr_from(&a, &r.addresses[0]);
    ck_assert_uint_eq(addr_port(&a), 8080);
}
END_TEST

START_TEST(a_job_knows_localhost) {
    struct buf answer = {0};
    struct resolution r;
    resolve_job.run(SPAN("localhost"), &answer);
    resolution_read(&r, buf_span(&answer), 80);
    ck_assert_msg(r.count >= 1, "%s", buf_text(&answer));
    buf_clear(&answer);
    resolve_job.run(SPAN("no-such-name.invalid"), &answer);
    ck_assert(answer.n > 1 && answer.p[0] == '!');
    buf_done(&answer);
}
END_TEST

/* fe80::1%eth0: it is an address only together with its interface. */
START_TEST(a_job_keeps_the_interface) {
    struct buf answer = {0};
    struct resolution r;
    char name[64], interface[IF_NAMESIZE];
    if (!if_indextoname(1, interface)) return;
    snprintf(name, sizeof name, "fe80::1%%%s", interface);
    resolve_job.run(span_of(name), &answer);
    resolution_read(&r, buf_span(&answer), 80);
    ck_assert_msg(r.count == 1, "%s", buf_text(&answer));
    ck_assert_uint_eq(((struct sockaddr_in6 *)&r.addresses[0].storage)->sin6_scope_id, 1);
    resolution_read(&r, SPAN("fe80::1%\nfe80::1%x\n192.0.2.1%1\nfe80::2\n"), 80);
    ck_assert_uint_eq(r.count, 1);
    ck_assert_uint_eq(((struct sockaddr_in6 *)&r.addresses[0].storage)->sin6_scope_id, 0);
    buf_done(&answer);
}
END_TEST

static unsigned woken;

static void wake(void *arg) {
    (void)arg;
    woken++;
}

START_TEST(a_name_is_asked_for) {
    struct backend *b = begin("\"host\" => \"a.example\"");
    struct fdevents *events = gateways_events();
    const struct gateway_rule *rule = &gateways_of(&trial)->p->rules[0];
    struct backend_waiter waiter = {.wake = wake}, other = {.wake = wake};
    said();
    ck_assert_int_eq(backend_state(b, NOW), BACKEND_UNRESOLVED);
    ck_assert_ptr_null(backend_address(b));
    ck_assert_ptr_null(gateway_pending(rule));
    backends_begin(events);
    backends_begin(events); /* a reload that changes nothing */
    ck_assert_uint_eq(gateways_asked, 1);
    ck_assert_str_eq(gateways_job->question, "a.example");
    ck_assert_ptr_eq(gateway_pending(rule), b);
    backend_wait(b, &waiter);
    backend_wait(b, &other);
    backend_wait_no_more(&other);
    gateways_answer("!no such name");
    ck_assert_uint_eq(woken, 1);
    ck_assert_ptr_null(gateway_pending(rule));
    ck_assert_ptr_nonnull(strstr(said(), "backend a.example:80: its name is not found (no such name)"));
    for (unsigned i = 0, pause = 1; i < 8; i++) { /* 1 2 4 8 16 32 60 60 */
        gateways_pass(events, pause * 1000 - 100);
        ck_assert_ptr_null(gateways_job);
        gateways_pass(events, 300);
        gateways_answer("!no such name");
        pause = pause * 2 > 60 ? 60 : pause * 2;
    }
    ck_assert_str_eq(said(), "");
    gateways_pass(events, 60200);
    gateways_answer("ttl 20\n192.0.2.1\n192.0.2.2\n");
    ck_assert_ptr_nonnull(strstr(said(), "is found again"));
    ck_assert_int_eq(backend_state(b, NOW), BACKEND_UP);
    backends_end();
    trial_end(&trial);
    fdevents_drop(events);
}
END_TEST

START_TEST(an_old_address_is_asked_for_again_when_it_is_used) {
    struct backend *b = begin("\"host\" => \"a.example\"");
    struct fdevents *events = gateways_events();
    backends_begin(events);
    gateways_answer("ttl 20\n192.0.2.1\n");
    gateways_pass(events, 20200); /* nobody was there */
    ck_assert_uint_eq(gateways_asked, 1);
    gateways_pass(events, 1000000);
    ck_assert_uint_eq(gateways_asked, 1);
    attempt(b, OUTCOME_GOOD, 0, NOW);
    ck_assert_uint_eq(gateways_asked, 2);
    attempt(b, OUTCOME_GOOD, 0, NOW);
    ck_assert_uint_eq(gateways_asked, 2);
    gateways_answer("ttl 20\n192.0.2.7\n");
    attempt(b, OUTCOME_GOOD, 0, NOW);
    gateways_pass(events, 19900);
    ck_assert_uint_eq(gateways_asked, 2);
    gateways_pass(events, 300);
    ck_assert_uint_eq(gateways_asked, 3);
    said();
    gateways_answer("!timeout");
    ck_assert_ptr_nonnull(strstr(said(), "the addresses it had go on to be used"));
    ck_assert_uint_eq(b->address_count, 1);
    ck_assert_int_eq(backend_state(b, NOW), BACKEND_UP);
    backends_end();
    trial_end(&trial);
    fdevents_drop(events);
}
END_TEST

START_TEST(addresses_in_turn_the_bad_ones_last) {
    struct backend *b = begin("\"host\" => \"a.example\"");
    struct fdevents *events = gateways_events();
    backends_begin(events);
    gateways_answer("192.0.2.1\n192.0.2.2\n192.0.2.3\n");
    const struct addr_room *x = backend_address(b), *y = backend_address(b), *z = backend_address(b);
    ck_assert(x != y && y != z && x != z);
    ck_assert_ptr_eq(backend_address(b), x);
    backend_address_failed(b, y);
    ck_assert_ptr_eq(backend_address(b), z);
    ck_assert_ptr_eq(backend_address(b), x);
    ck_assert_ptr_eq(backend_address(b), z);
    backend_address_failed(b, x);
    backend_address_failed(b, z);
    ck_assert_ptr_nonnull(backend_address(b)); /* all are bad: all are tried again */
    ck_assert_uint_eq(b->bad_addresses, 0);
    backends_end();
    trial_end(&trial);
    fdevents_drop(events);
}
END_TEST

/* One of its machines is down, and does not even refuse: the others go on, and are asked. */
START_TEST(one_silent_address_makes_no_rest) {
    struct backend *b = begin("\"host\" => \"a.example\"");
    struct fdevents *events = gateways_events();
    backends_begin(events);
    gateways_answer("192.0.2.1\n192.0.2.2\n");
    backend_address_failed(b, &b->addresses[0]);
    said();
    attempt(b, OUTCOME_REFUSED, ETIMEDOUT, NOW);
    ck_assert_int_eq(backend_state(b, NOW), BACKEND_UP);
    ck_assert_ptr_nonnull(strstr(said(), "backend a.example:80: a connection to it has failed"));
    ck_assert_ptr_eq(backend_address(b), &b->addresses[1]);
    backend_address_failed(b, &b->addresses[1]);
    attempt(b, OUTCOME_REFUSED, ETIMEDOUT, NOW);
    ck_assert_int_eq(backend_state(b, NOW), BACKEND_RESTS);
    backends_end();
    trial_end(&trial);
    fdevents_drop(events);
}
END_TEST

/* The name means other machines now: connections to the former ones are not kept for further requests. */
START_TEST(it_has_moved) {
    begin("\"host\" => \"a.example\", \"check\" => \"enable\"");
    struct fdevents *events = gateways_events();
    static const struct {
        const char *answer;
        unsigned closed;
    } table[] = {{"ttl 10\n127.0.0.8\n", 0}, {"ttl 10\n127.0.0.9\n127.0.0.8\n", 0}, {"!no", 0},
                 {"ttl 10\n127.0.0.8\n127.0.0.9\n", 0}, {"ttl 10\n127.0.0.9\n", 1}};
    backends_begin(events);
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        for (int k = 0; k < 100 && !gateways_job; k++) gateways_pass(events, 1000);
        gateways_closed = 0;
        gateways_answer(table[i].answer);
        ck_assert_msg(gateways_closed == table[i].closed, "%zu", i);
    }
    backends_end();
    trial_end(&trial);
    fdevents_drop(events);
}
END_TEST

START_TEST(nobody_names_it_while_it_is_asked_for) {
    begin("\"host\" => \"a.example\"");
    struct fdevents *events = gateways_events();
    backends_begin(events);
    trial_end(&trial);
    ck_assert_ptr_null(gateways_job);
    ck_assert_ptr_null(backends_next(NULL));
    gateways_pass(events, 100000);
    backends_end();
    fdevents_drop(events);
}
END_TEST

#define COUNT(table) (int)(sizeof table / sizeof *table)

static TCase *life(void) {
    TCase *tc = tcase_create("life");
    tcase_add_test(tc, what_is_known_survives_a_reload);
    tcase_add_loop_test(tc, another_is_another, 0, COUNT(others));
    tcase_add_loop_test(tc, who_checks_certificates_otherwise_is_another, 0, COUNT(checked_otherwise));
    tcase_add_test(tc, it_lives_while_somebody_is_at_it);
    tcase_add_test(tc, a_refusal_makes_it_rest);
    tcase_add_test(tc, max_fails_are_counted_in_a_row);
    tcase_add_test(tc, never_means_never);
    tcase_add_test(tc, one_broken_answer_means_little);
    tcase_add_loop_test(tc, what_is_not_its_fault, 0, COUNT(innocent));
    tcase_add_loop_test(tc, failures_without_a_rest_are_not_silent, 0, 3);
    return tc;
}

static TCase *checks(void) {
    TCase *tc = tcase_create("checks");
    tcase_add_test(tc, checks_take_it_out_and_back);
    tcase_add_test(tc, who_is_not_checked_any_more_is_not_unfit);
    tcase_add_test(tc, the_first_check_counts_at_once);
    tcase_add_test(tc, a_check_ends_a_rest_but_no_soft_one);
    tcase_add_loop_test(tc, what_a_check_is_told, 0, COUNT(heads));
    tcase_add_test(tc, checks_hide_no_broken_answers);
    return tc;
}

static TCase *names(void) {
    TCase *tc = tcase_create("names");
    tcase_add_loop_test(tc, what_an_answer_says, 0, COUNT(answers));
    tcase_add_test(tc, a_job_knows_localhost);
    tcase_add_test(tc, a_job_keeps_the_interface);
    tcase_add_test(tc, a_name_is_asked_for);
    tcase_add_test(tc, an_old_address_is_asked_for_again_when_it_is_used);
    tcase_add_test(tc, addresses_in_turn_the_bad_ones_last);
    tcase_add_test(tc, one_silent_address_makes_no_rest);
    tcase_add_test(tc, it_has_moved);
    tcase_add_test(tc, nobody_names_it_while_it_is_asked_for);
    return tc;
}

int main(void) {
    char path[128];
    snprintf(path, sizeof path, "%s/log", trial_directory());
    log_set_main(log_open(span_of(path)));
    FILE *f = fopen(path, "r");
    log_end = fileno(f);
    Suite *suite = suite_create("gateway health");
    suite_add_tcase(suite, life());
    suite_add_tcase(suite, checks());
    suite_add_tcase(suite, names());
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    fclose(f);
    return failed != 0;
}
