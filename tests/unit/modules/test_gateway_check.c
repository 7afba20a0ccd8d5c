/* test_gateway_check.c - active checks that run: what is asked, and what an answer means, or none */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "gateways.h"
#include "net/connect.h"

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

START_TEST(a_check_asks_and_is_answered) {
    char path[128], conf[512], head[512];
    struct addr_room room;
    snprintf(path, sizeof path, "%s/s", trial_directory());
    int listener = socket(AF_UNIX, SOCK_STREAM, 0);
    ck_assert(addr_of_path(span_of(path), &room));
    ck_assert_int_eq(bind(listener, (struct sockaddr *)&room.storage, room.len), 0);
    ck_assert_int_eq(listen(listener, 5), 0);
    snprintf(conf, sizeof conf,
             "\"socket\" => \"%s\", \"check\" => ( \"path\" => \"/h\", \"fall\" => 1, \"rise\" => 1 )", path);
    struct backend *b = begin(conf);
    struct fdevents *events = gateways_events();
    backends_begin(events);
    gateways_pass(events, 100);
    int fd = accept(listener, NULL, NULL);
    fdevents_turn(events, 0);
    ssize_t n = read(fd, head, sizeof head - 1);
    ck_assert_int_gt(n, 0);
    head[n] = '\0';
    ck_assert_str_eq(head, "GET /h HTTP/1.1\r\nHost: localhost\r\nUser-Agent: goldcrest (health check)\r\n"
                           "Connection: close\r\n\r\n");
    ck_assert_int_eq(write(fd, "HTTP/1.1 500 No\r\n", 17), 17);
    fdevents_turn(events, 0);
    ck_assert_int_eq(backend_state(b, gateways_ms), BACKEND_UNFIT);
    close(fd);
    gateways_pass(events, 5100); /* the next one hangs: it is found out after two seconds */
    fd = accept(listener, NULL, NULL);
    ck_assert_int_ge(fd, 0);
    fdevents_turn(events, 0);
    ck_assert_int_eq(write(fd, "HTTP/1.1 200 OK\r\n", 17), 17);
    fdevents_turn(events, 0);
    ck_assert_int_eq(backend_state(b, gateways_ms), BACKEND_UP);
    close(fd);
    gateways_pass(events, 5100);
    fd = accept(listener, NULL, NULL);
    said();
    gateways_pass(events, 2100);
    ck_assert_ptr_nonnull(strstr(said(), "has not answered the check in 2 s"));
    ck_assert_int_eq(backend_state(b, gateways_ms), BACKEND_UNFIT);
    close(fd);
    gateways_pass(events, 5100); /* in the middle of this one it ends */
    backends_end();
    trial_end(&trial);
    fdevents_drop(events);
    close(listener);
}
END_TEST

static int listen_on(const char *host, uint16_t *port) {
    struct addr_room room;
    socklen_t length = sizeof room.storage;
    struct addr a;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert(addr_of_literal(span_of(host), *port, &room));
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&room.storage, room.len), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&room.storage, &length), 0);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    ck_assert_int_eq(listen(fd, 5), 0);
    room.len = length;
    addr_from(&a, &room);
    *port = addr_port(&a);
    return fd;
}

/* "localhost" is ::1, too, but most backends listen on 127.0.0.1 alone. */
START_TEST(a_check_tries_all_addresses) {
    char conf[256];
    uint16_t port = 0;
    int listener = listen_on("127.0.0.1", &port);
    snprintf(conf, sizeof conf, "\"host\" => \"a.example\", \"port\" => %u, \"check\" => \"enable\"", port);
    struct backend *b = begin(conf);
    struct fdevents *events = gateways_events();
    backends_begin(events);
    gateways_pass(events, 100); /* a check has no address yet */
    gateways_answer("127.0.0.2\n127.0.0.3\n127.0.0.1\n");
    gateways_pass(events, 100);
    for (int i = 0; i < 10; i++) fdevents_turn(events, 0);
    int fd = accept(listener, NULL, NULL);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, "HTTP/1.1 200 OK\r\n", 17), 17);
    for (int i = 0; i < 10; i++) fdevents_turn(events, 0);
    ck_assert_int_eq(backend_state(b, gateways_ms), BACKEND_UP);
    ck_assert(!b->is_new);
    ck_assert_uint_ne(b->bad_addresses, 0);
    close(fd);
    close(listener);
    gateways_pass(events, 5100);
    for (int i = 0; i < 10; i++) fdevents_turn(events, 0);
    ck_assert_uint_eq(b->checks_bad, 1); /* all of them are tried, and then it is one failure */
    backends_end();
    trial_end(&trial);
    fdevents_drop(events);
}
END_TEST

/* The first address says nothing at all: its queue is full (or it refuses, where that is how it is said). */
START_TEST(a_check_does_not_wait_for_a_silent_address) {
    char conf[256];
    uint16_t port = 0;
    bool done;
    struct addr_room silent;
    int listener = listen_on("127.0.0.1", &port), full = listen_on("127.0.0.2", &port), fds[8];
    ck_assert_int_eq(listen(full, 0), 0);
    ck_assert(addr_of_literal(SPAN("127.0.0.2"), port, &silent));
    for (int i = 0; i < 8; i++) fds[i] = connect_to(&silent, &done);
    snprintf(conf, sizeof conf, "\"host\" => \"a.example\", \"port\" => %u, \"check\" => \"enable\"", port);
    struct backend *b = begin(conf);
    struct fdevents *events = gateways_events();
    backends_begin(events);
    gateways_answer("127.0.0.1\n127.0.0.2\n"); /* the second one's turn is first */
    gateways_pass(events, 100);
    fdevents_turn(events, 0);
    gateways_pass(events, 2100);
    for (int i = 0; i < 10; i++) fdevents_turn(events, 0);
    int fd = accept(listener, NULL, NULL);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, "HTTP/1.1 200 OK\r\n", 17), 17);
    for (int i = 0; i < 10; i++) fdevents_turn(events, 0);
    ck_assert(!b->is_new && !b->is_unfit);
    ck_assert_uint_eq(b->bad_addresses, 2);
    close(fd);
    for (int i = 0; i < 8; i++) close(fds[i]);
    close(full);
    close(listener);
    backends_end();
    trial_end(&trial);
    fdevents_drop(events);
}
END_TEST

START_TEST(a_check_of_nobody) {
    struct backend *b = begin("\"socket\" => \"/nowhere/at/all\", \"check\" => \"enable\"");
    struct fdevents *events = gateways_events();
    said();
    backends_begin(events);
    gateways_pass(events, 100);
    ck_assert_int_eq(backend_state(b, gateways_ms), BACKEND_UNFIT);
    ck_assert_ptr_nonnull(strstr(said(), "there is no directory /nowhere"));
    backends_end();
    ck_assert_int_eq(backend_state(b, gateways_ms), BACKEND_UP); /* nobody looks any more */
    trial_end(&trial);
    fdevents_drop(events);
}
END_TEST

/* We have no descriptor left: that is no reason to ask nobody any more. */
START_TEST(a_check_that_we_cannot_make) {
    struct backend *b = begin("\"socket\" => \"/nowhere/at/all\", \"check\" => \"enable\"");
    struct fdevents *events = gateways_events();
    struct rlimit was, none;
    said();
    backends_begin(events);
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &was), 0);
    none = (struct rlimit){0, was.rlim_max};
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
    gateways_pass(events, 100);
    setrlimit(RLIMIT_NOFILE, &was);
    ck_assert_int_eq(backend_state(b, gateways_ms), BACKEND_UP);
    ck_assert_uint_eq(b->checks_bad, 0);
    ck_assert_ptr_nonnull(strstr(said(), strerror(EMFILE)));
    gateways_pass(events, 5100); /* the next one */
    ck_assert_int_eq(backend_state(b, gateways_ms), BACKEND_UNFIT);
    backends_end();
    trial_end(&trial);
    fdevents_drop(events);
}
END_TEST

int main(void) {
    char path[128];
    snprintf(path, sizeof path, "%s/log", trial_directory());
    log_set_main(log_open(span_of(path)));
    FILE *f = fopen(path, "r");
    log_end = fileno(f);
    Suite *suite = suite_create("gateway checks");
    TCase *tc = tcase_create("all");
    tcase_add_test(tc, a_check_asks_and_is_answered);
    tcase_add_test(tc, a_check_tries_all_addresses);
    tcase_add_test(tc, a_check_does_not_wait_for_a_silent_address);
    tcase_add_test(tc, a_check_of_nobody);
    tcase_add_test(tc, a_check_that_we_cannot_make);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    fclose(f);
    return failed != 0;
}
