/* test_renewal.c - files of ssl.* that change while the server runs, and keys of tickets (src/server/renewal) */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "authority.h"
#include "base/log.h"
#include "server/renewal.h"
#include "tls/context.h"

static char directory[64], path_room[128];
static struct renewal renewal;

static const char *path(const char *name) {
    snprintf(path_room, sizeof path_room, "%s/%s", directory, name);
    return path_room;
}

static void write_file(const char *name, struct span text) {
    FILE *file = fopen(path("new"), "w");
    char from[128];
    snprintf(from, sizeof from, "%s", path("new"));
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(text.p, 1, text.n, file), text.n);
    ck_assert_int_eq(fclose(file), 0);
    ck_assert_int_eq(rename(from, path(name)), 0);
}

static void write_certificate(const char *name) {
    struct identity id = issue(&(struct wish){.name = name}, NULL);
    struct buf pem = {NULL, 0, 0};
    add_certificate(&pem, &id);
    add_key(&pem, &id);
    write_file("cert.pem", buf_span(&pem));
    buf_done(&pem);
    identity_done(&id);
}

static void set_up(void) {
    snprintf(directory, sizeof directory, "/tmp/gc-renewal-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(directory));
    write_certificate("a.test");
}

static void tear_down(void) {
    renewal_done(&renewal);
    unlink(path("cert.pem"));
    unlink(path("keys"));
    rmdir(directory);
}

static struct conf *load(struct inputs *inputs) {
    struct complaints *c = complaints_make();
    struct conf *conf = conf_load(inputs, "t.conf", c);
    if (complaints_errors(c)) {
        conf_drop(conf);
        conf = NULL;
    }
    complaints_drop(c);
    return conf;
}

static struct conf *load_text(const char *more) {
    struct inputs *inputs = inputs_record();
    struct buf text = {NULL, 0, 0};
    buf_printf(&text, "server.document-root = \"/r\"\nserver.port = 0\nssl.pemfile = \"%s\"\n", path("cert.pem"));
    buf_add_text(&text, more);
    inputs_put(inputs, INPUT_FILE, "t.conf", buf_span(&text));
    buf_done(&text);
    return load(inputs);
}

static const char tls_on[] = "ssl.engine = \"enable\"\n";

/* A minute has passed. */
static struct inputs *look(const struct conf *conf) {
    ck_assert(!renewal_is_due(&renewal));
    ck_assert_ptr_null(renewal_inputs(&renewal, conf)); /* not yet */
    renewal.look_s = 1;
    ck_assert(renewal_is_due(&renewal));
    ck_assert_int_eq(renewal_wait_s(&renewal), 1);
    return renewal_inputs(&renewal, conf);
}

START_TEST(certificate)
{
    struct conf *conf = load_text(tls_on), *renewed;
    struct inputs *inputs;
    ck_assert_ptr_nonnull(conf);
    renewal_watch(&renewal, conf);
    int64_t wait = renewal_wait_s(&renewal);
    ck_assert(wait > 50 && wait <= 60);
    ck_assert_ptr_null(look(conf));
    write_certificate("b.test");
    ck_assert_ptr_nonnull(inputs = look(conf));
    ck_assert_ptr_nonnull(renewed = load(inputs));
    renewal_watch(&renewal, renewed);
    conf_drop(conf);
    ck_assert_ptr_null(look(renewed));
    ck_assert_ptr_null(look(renewed));
    unlink(path("cert.pem")); /* for a moment */
    ck_assert_ptr_null(look(renewed));
    write_file("cert.pem", SPAN("half of i"));
    ck_assert_ptr_nonnull(inputs = look(renewed));
    ck_assert_ptr_null(load(inputs)); /* said once */
    ck_assert_ptr_null(look(renewed));
    write_certificate("c.test");
    ck_assert_ptr_nonnull(inputs = look(renewed));
    conf_drop(renewed);
    ck_assert_ptr_nonnull(renewed = load(inputs));
    conf_drop(renewed);
}
END_TEST

static void write_part(const char *name, const struct identity *id,
                       void (*add)(struct buf *pem, const struct identity *id)) {
    struct buf pem = {NULL, 0, 0};
    add(&pem, id);
    write_file(name, buf_span(&pem));
    buf_done(&pem);
}

/* Copied in two steps, with a look between them. */
START_TEST(key_after_certificate)
{
    struct identity first = issue(&(struct wish){.name = "a.test"}, NULL);
    struct identity second = issue(&(struct wish){.name = "b.test"}, NULL);
    struct buf more = {NULL, 0, 0};
    write_part("cert.pem", &first, add_certificate);
    write_part("key.pem", &first, add_key);
    buf_printf(&more, "%sssl.privkey = \"%s\"\n", tls_on, path("key.pem"));
    struct conf *conf = load_text(buf_text(&more));
    ck_assert_ptr_nonnull(conf);
    renewal_watch(&renewal, conf);
    ck_assert_ptr_null(look(conf));
    write_part("cert.pem", &second, add_certificate);
    ck_assert_ptr_null(load(look(conf)));
    ck_assert_ptr_null(look(conf)); /* said once */
    write_part("key.pem", &second, add_key);
    struct conf *renewed = load(look(conf));
    ck_assert_ptr_nonnull(renewed);
    conf_drop(renewed);
    conf_drop(conf);
    unlink(path("key.pem"));
    buf_done(&more);
    identity_done(&first);
    identity_done(&second);
}
END_TEST

/* One of two is broken: the other one can be had alone. */
START_TEST(one_of_two)
{
    struct identity id = issue(&(struct wish){.name = "b.test"}, NULL);
    struct buf more = {NULL, 0, 0}, both = {NULL, 0, 0};
    add_certificate(&both, &id);
    add_key(&both, &id);
    write_file("other.pem", buf_span(&both));
    buf_printf(&more, "%s$HTTP[\"host\"] == \"b.test\" { ssl.pemfile = \"%s\" }\n", tls_on, path("other.pem"));
    struct conf *conf = load_text(buf_text(&more));
    ck_assert_ptr_nonnull(conf);
    renewal_watch(&renewal, conf);
    ck_assert_ptr_null(look(conf));
    write_file("other.pem", SPAN("nothing"));
    write_certificate("c.test");
    ck_assert_ptr_null(load(look(conf)));
    struct conf *renewed = load(renewal_inputs_of(&renewal, conf, 0));
    ck_assert_ptr_nonnull(renewed);
    ck_assert_ptr_null(load(renewal_inputs_of(&renewal, conf, 1)));
    renewal_watch(&renewal, renewed);
    ck_assert_ptr_null(look(renewed)); /* the broken one is not tried again and again */
    conf_drop(renewed);
    conf_drop(conf);
    unlink(path("other.pem"));
    buf_done(&more);
    buf_done(&both);
    identity_done(&id);
}
END_TEST

/* What was renewed between the load and the first look is seen, too. */
START_TEST(at_once)
{
    struct conf *conf = load_text(tls_on);
    write_certificate("b.test");
    renewal_watch(&renewal, conf);
    struct inputs *inputs = look(conf);
    ck_assert_ptr_nonnull(inputs);
    inputs_drop(inputs);
    conf_drop(conf);
}
END_TEST

START_TEST(nothing_to_do)
{
    struct conf *conf = load_text("");
    renewal_watch(&renewal, conf);
    ck_assert_int_eq(renewal_wait_s(&renewal), 0);
    ck_assert(!renewal_is_due(&renewal));
    conf_drop(conf);
    conf = load_text("ssl.engine = \"enable\"\nserver.feature-flags = ( \"ssl.refresh-certs\" => \"disable\" )\n");
    renewal_watch(&renewal, conf);
    ck_assert_int_gt(renewal_wait_s(&renewal), 3600); /* the keys alone */
    conf_drop(conf);
}
END_TEST

START_TEST(own_keys)
{
    struct conf *conf = load_text(tls_on);
    struct span keys;
    char first[TLS_TICKET_KEY_BYTES];
    renewal_watch(&renewal, conf);
    memcpy(first, tls_tickets().p, sizeof first);
    ck_assert(!renewal_keys(&renewal, &keys));
    renewal_watch(&renewal, conf); /* a reload changes nothing */
    ck_assert(!renewal_keys(&renewal, &keys));
    ck_assert(memcmp(tls_tickets().p, first, sizeof first) == 0);
    renewal.rotate_s = 1;
    ck_assert(renewal_is_due(&renewal));
    ck_assert(renewal_keys(&renewal, &keys));
    ck_assert_uint_ge(keys.n, 2 * TLS_TICKET_KEY_BYTES);
    ck_assert(memcmp(keys.p, first, sizeof first) != 0);
    ck_assert(memcmp(keys.p + TLS_TICKET_KEY_BYTES, first, sizeof first) == 0);
    ck_assert(!renewal_is_due(&renewal));
    conf_drop(conf);
}
END_TEST

START_TEST(keys_of_a_file)
{
    char text[192], bytes[2 * TLS_TICKET_KEY_BYTES];
    struct span keys;
    snprintf(text, sizeof text, "%sssl.stek-file = \"%s\"\n", tls_on, path("keys"));
    memset(bytes, 1, sizeof bytes);
    write_file("keys", (struct span){bytes, sizeof bytes});
    struct conf *conf = load_text(text);
    renewal_watch(&renewal, conf);
    ck_assert(span_is(tls_tickets(), (struct span){bytes, sizeof bytes}));
    ck_assert_int_eq(renewal.rotate_s, 0);
    ck_assert(!renewal_keys(&renewal, &keys));
    memset(bytes, 2, TLS_TICKET_KEY_BYTES);
    write_file("keys", (struct span){bytes, sizeof bytes});
    ck_assert(renewal_keys(&renewal, &keys) && span_is(keys, (struct span){bytes, sizeof bytes}));
    write_file("keys", SPAN("short"));
    ck_assert(!renewal_keys(&renewal, &keys) && span_is(keys, (struct span){bytes, sizeof bytes}));
    conf_drop(conf);
    conf = load_text(tls_on); /* the directive is gone: our own again, with the old ones behind them in time */
    renewal_watch(&renewal, conf);
    ck_assert_int_gt(renewal.rotate_s, 0);
    conf_drop(conf);
}
END_TEST

/* It is said, and there are keys all the same. */
START_TEST(missing_key_file)
{
    char text[192];
    snprintf(text, sizeof text, "%sssl.stek-file = \"%s\"\n", tls_on, path("keys"));
    struct conf *conf = load_text(text);
    renewal_watch(&renewal, conf);
    ck_assert_uint_gt(tls_tickets().n, 0);
    ck_assert_int_gt(renewal.rotate_s, 0);
    conf_drop(conf);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("renewal");
    TCase *tests = tcase_create("all");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, certificate);
    tcase_add_test(tests, key_after_certificate);
    tcase_add_test(tests, one_of_two);
    tcase_add_test(tests, at_once);
    tcase_add_test(tests, nothing_to_do);
    tcase_add_test(tests, own_keys);
    tcase_add_test(tests, keys_of_a_file);
    tcase_add_test(tests, missing_key_file);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
