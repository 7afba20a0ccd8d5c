/* test_conditions.c - random blocks within blocks and else-chains: the groups against one block after the other */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <arpa/inet.h>
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "base/regex.h"
#include "server/plan.h"

enum { CONFIGURATIONS = 100, REQUESTS = 40, DEPTH_MAX = 4, BLOCKS_MAX = 200 };

static unsigned below(unsigned n) {
    static uint32_t state = 2463534242u;
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return (state >> 3) % n;
}

#define ANY(table) ((table)[below(sizeof(table) / sizeof *(table))])

static const char *const hosts[] = {
    "", "a", "one.example", "ONE.Example", "one.example:80", "One.example:8080", "two.example", "www.one.example",
    "two.example:80", "h1.example", "h2.example", "h3.example", "h4.example", "[::1]", "[::1]:80",
    "[2001:db8::1]:8080", "one.example:123456", "example", ".example", "k\xc3\xb6ln.example"};
static const char *const paths[] = {"/", "", "/a", "/one", "/ONE", "/one/two", "/one/two.php", "/two.php",
                                    "/index.html", "/one/\xff\xfe.php", "/a/b/c/d", "/one two", ".php", "/one/"};
static const char *const queries[] = {"", "a=b", "A=B", "a=b&c=d", "page=1", "one"};
static const char *const methods[] = {"GET", "POST", "HEAD"};
static const char *const clients[] = {"192.0.2.1", "192.0.2.77", "10.1.2.3", "10.1.0.0"};
static const char *const values[] = {"", "value", "VALUE", "some value", "a, b", "value2", "k\xc3\xb6ln"};
static const char *const sockets[] = {"0.0.0.0:80", "0.0.0.0:81", "[::1]:80", "/run/socket"};
static const char *const nets[] = {"192.0.2.1", "192.0.2.0/24", "10.0.0.0/8", "0.0.0.0/0", "fd00::/8", "10.1.2.3"};
static const char *const patterns[] = {
    "", "one", "^/one", "\\.php$", "^/(one|two)", "(?i)one", "(?i)WWW", "^(www\\.)?one\\.example$",
    "example(:\\d+)?$", "[\\E]x]one", "one{|}two", "[\\c]]one",
    "^$", ".", "^.*two", "a=b", "value|some", "[a-c]=", "^192\\.0\\.2\\.", "\\d", "[^/]+/two", "K\\x{f6}", "GET|HEAD",
    "one.{0,3}two", "(?=.*one)two", "\xc3\xb6ln", "h[12]\\.example", "example:80{1,2}", "(one){0}two"};

static void add_value(struct buf *out, const char *kind, bool is_regex, bool is_equal) {
    const char *value = ANY(values);
    if (strstr(kind, "remote") && is_equal) value = ANY(nets);
    else if (strstr(kind, "remote") && !is_regex) value = ANY(clients);
    else if (strstr(kind, "\"host\"")) value = ANY(hosts);
    else if (strstr(kind, "url")) value = ANY(paths);
    else if (strstr(kind, "query")) value = ANY(queries);
    else if (strstr(kind, "method")) value = ANY(methods);
    else if (strstr(kind, "socket")) value = ANY(sockets);
    else if (strstr(kind, "scheme")) value = below(2) ? "http" : "https";
    buf_add_text(out, is_regex ? ANY(patterns) : value);
}

static unsigned favourite; /* of a configuration: the kind of most conditions, so that they are enough for an index */

/* Few kinds and few values, so that much stands there twice. */
static void add_condition(struct buf *out) {
    static const char *const kinds[] = {
        "HTTP[\"host\"]", "HTTP[\"host\"]", "HTTP[\"host\"]", "HTTP[\"url\"]", "HTTP[\"url\"]",
        "HTTP[\"querystring\"]", "HTTP[\"query-string\"]", "HTTP[\"remoteip\"]", "HTTP[\"remote-ip\"]",
        "HTTP[\"request-method\"]", "HTTP[\"scheme\"]", "HTTP[\"cookie\"]", "REQUEST_HEADER[\"Cookie\"]",
        "REQUEST_HEADER[\"X-Own\"]", "REQUEST_HEADER[\"x-oWN\"]", "SERVER[\"socket\"]"};
    static const char *const operators[] = {"==", "==", "==", "!=", "=^", "=$", "=~", "!~"};
    const char *kind = below(4) ? kinds[favourite % (sizeof kinds / sizeof *kinds)] : ANY(kinds);
    const char *operator = operators[below(regex_is_built() ? 8 : 6)];
    buf_printf(out, "$%s %s \"", kind, operator);
    add_value(out, kind, strchr(operator, '~'), operator[1] == '=' && operator[0] != '~');
    buf_add_text(out, "\" {\n");
}

static void add_settings(struct buf *out) {
    static const char *const all[] = {
        "server.tag := \"%u\"", "server.max-read-idle := %u", "setenv.add-response-header := ( \"X\" => \"%u\" )",
        "alias.url := ( \"/%u\" => \"/x\" )", "url.access-deny := ( \"%u\" )", "index-file.names := ( \"%u\" )"};
    for (unsigned n = below(3); n > 0; n--) {
        buf_printf(out, ANY(all), below(1000) + 1);
        buf_add_char(out, '\n');
    }
}

static void add_blocks(struct buf *out, unsigned depth, unsigned *left) {
    static const unsigned most[] = {30, 6, 4, 3};
    for (unsigned n = below(most[depth]) + (depth == 0); n > 0 && *left > 0; n--) {
        unsigned chain = below(2) ? 0 : below(depth ? 4 : 20);
        for (unsigned i = 0; i <= chain; i++, *left -= *left > 0) {
            bool is_last = i > 0 && i == chain && below(2);
            if (i > 0) buf_add_text(out, "else ");
            if (is_last) buf_add_text(out, "{\n");
            else add_condition(out);
            add_settings(out);
            if (depth + 1 < DEPTH_MAX && below(3) == 0) add_blocks(out, depth + 1, left);
            buf_add_text(out, i < chain ? "} " : "}\n");
        }
    }
}

static struct conf *random_conf(struct buf *text) {
    struct complaints *complaints = complaints_make();
    struct inputs *inputs = inputs_none();
    struct buf said = {0};
    unsigned left = BLOCKS_MAX;
    favourite = below(1000);
    buf_add_text(text, "server.document-root = \"/r\"\nserver.tag = \"global\"\n"
                       "server.modules += ( \"mod_alias\", \"mod_setenv\", \"mod_access\" )\n");
    if (below(2)) buf_add_text(text, "index-file.names = ( \"i\" )\nalias.url = ( \"/g\" => \"/h\" )\n");
    add_blocks(text, 0, &left);
    inputs_put(inputs, INPUT_FILE, "test.conf", buf_span(text));
    struct conf *conf = conf_load(inputs, "test.conf", complaints);
    complaints_print(complaints, &said);
    ck_assert_msg(complaints_errors(complaints) == 0, "%.2000s\n%.1000s", buf_text(text), buf_text(&said));
    buf_done(&said);
    complaints_drop(complaints);
    return conf;
}

static void random_request(struct request *r) {
    memset(r, 0, sizeof *r);
    r->in.method_text = span_of(ANY(methods));
    r->in.authority = span_of(ANY(hosts));
    r->in.uri.path = span_of(ANY(paths));
    r->in.uri.query = span_of(ANY(queries));
    r->is_tls = below(2);
    r->client.is.any.sa_family = AF_INET;
    ck_assert_int_eq(inet_pton(AF_INET, ANY(clients), &r->client.is.v4.sin_addr), 1);
    for (unsigned n = below(3); n > 0; n--) {
        fields_add(&r->in.fields, &r->arena, HEADER_COOKIE, span_of(ANY(values)));
        fields_add_named(&r->in.fields, &r->arena, SPAN("X-Own"), span_of(ANY(values)));
    }
}

/* What doc/ and conf/tree.h say of a block, and no more. */
static void evaluate_simply(const struct conf *conf, struct request *r, struct span socket, bool *applies) {
    for (unsigned i = 0; i < conf->conditions.count; i++) {
        char room[ADDR_TEXT_BYTES];
        const struct condition *x = &conf->conditions.list[i];
        const struct block *b = x->block;
        applies[i] = !b->parent || applies[b->parent->number];
        for (const struct block *p = b->previous; p; p = p->previous) applies[i] &= !applies[p->number];
        applies[i] = applies[i] && condition_holds(x, r, condition_operand_text(x, r, socket, room));
    }
}

/* A plan has the settings that merging everything anew gives, and their hooks. */
static void check_plan(const struct conf *conf, const struct plan *p) {
    struct arena a = {0};
    ck_assert(memcmp(p->core, conf_merge(conf, 0, p->words, &a), conf->modules[0]->settings_size) == 0);
    unsigned counts[PHASE_COUNT] = {0};
    for (unsigned m = 1; m < conf->module_count; m++) {
        const struct module *module = conf->modules[m];
        const void *settings = conf_merge(conf, m, p->words, &a);
        bool is_active = !module->is_active || module->is_active(settings);
        ck_assert_msg(is_active == (p->settings[m] != NULL), "%s", module->name);
        if (!is_active) continue;
        ck_assert_msg(memcmp(p->settings[m], settings, module->settings_size) == 0, "%s", module->name);
        for (const struct hook *h = module->hooks; h->run; h++) {
            const struct planned_hook *planned = &p->hooks[h->phase][counts[h->phase]++];
            ck_assert(counts[h->phase] <= p->hook_count[h->phase]);
            ck_assert(planned->run == h->run && planned->settings == p->settings[m] && planned->module == m);
        }
    }
    for (unsigned i = 0; i < PHASE_COUNT; i++) ck_assert_uint_eq(counts[i], p->hook_count[i]);
    arena_done(&a);
}

static void check_request(struct conf *conf, const char *text) {
    static bool applies[4 * BLOCKS_MAX];
    struct request r;
    random_request(&r);
    struct span socket = span_of(ANY(sockets));
    ck_assert_uint_le(conf->conditions.count, sizeof applies);
    evaluate_simply(conf, &r, socket, applies);
    const struct plan *p = plan_for(conf, &r, socket);
    for (unsigned i = 0; i < conf->conditions.count; i++)
        ck_assert_msg((p->words[i >> 6] >> (i & 63) & 1) == applies[i],
                      "%.2000s\nblock %u, %.*s: host %.*s, path %.*s, query %.*s, socket %.*s", text, i,
                      SPAN_ARG(conf->tree->blocks[i]->text), SPAN_ARG(r.in.authority), SPAN_ARG(r.in.uri.path),
                      SPAN_ARG(r.in.uri.query), SPAN_ARG(socket));
    check_plan(conf, p);
    arena_done(&r.arena);
}

START_TEST(groups_change_nothing) {
    for (unsigned i = 0; i < CONFIGURATIONS; i++) {
        struct buf text = {0};
        struct conf *conf = random_conf(&text);
        for (unsigned k = 0; k < REQUESTS; k++) check_request(conf, buf_text(&text));
        conf_drop(conf);
        buf_done(&text);
    }
}
END_TEST

int main(void) {
    if (!regex_is_built()) puts("SKIP: conditions with =~: PCRE2 is not in this build");
    Suite *suite = suite_create("conditions");
    TCase *all = tcase_create("all");
    tcase_set_timeout(all, 300);
    tcase_add_test(all, groups_change_nothing);
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
