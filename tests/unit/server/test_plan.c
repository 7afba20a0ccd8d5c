/* test_plan.c - conditions and what they lead to: else-chains, nesting, merging, scopes, bits */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <arpa/inet.h>
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "base/regex.h"
#include "server/plan.h"

static struct conf *load(const char *text, unsigned errors, const char *complaint) {
    struct complaints *complaints = complaints_make();
    struct inputs *inputs = inputs_none();
    struct buf said = {0};
    inputs_put(inputs, INPUT_FILE, "test.conf", span_of(text));
    struct conf *conf = conf_load(inputs, "test.conf", complaints);
    complaints_print(complaints, &said);
    ck_assert_msg(complaints_errors(complaints) == errors, "%s", buf_text(&said));
    if (complaint) ck_assert_msg(strstr(buf_text(&said), complaint), "%s", buf_text(&said));
    else ck_assert_str_eq(buf_text(&said), "");
    buf_done(&said);
    complaints_drop(complaints);
    return conf;
}

/* A request as the parser would leave it. */
static void ask(struct request *r, const char *host, const char *path, const char *query, const char *ip) {
    memset(r, 0, sizeof *r);
    r->in.method = METHOD_GET;
    r->in.method_text = SPAN("GET");
    r->in.authority = span_of(host);
    r->in.uri.path = span_of(path);
    r->in.uri.query = span_of(query);
    r->client.is.any.sa_family = AF_INET;
    ck_assert_int_eq(inet_pton(AF_INET, ip, &r->client.is.v4.sin_addr), 1);
    fields_add(&r->in.fields, &r->arena, HEADER_USER_AGENT, SPAN("Agent/1.0"));
    fields_add_named(&r->in.fields, &r->arena, SPAN("X-Own"), SPAN("value"));
}

#define ROOT "server.document-root = \"/r\"\n"

START_TEST(a_condition_holds_or_not) {
    static const struct {
        const char *condition;
        bool holds;
    } table[] = {
        {"$HTTP[\"host\"] == \"example.com\"", true},
        {"$HTTP[\"host\"] == \"EXAMPLE.com:8080\"", true},
        {"$HTTP[\"host\"] == \"example.co\"", false},
        {"$HTTP[\"host\"] != \"example.com\"", false},
        {"$HTTP[\"host\"] =^ \"Example\"", true},
        {"$HTTP[\"host\"] =$ \".COM:8080\"", true},
        {"$HTTP[\"url\"] == \"/path/file.txt\"", true},
        {"$HTTP[\"url\"] == \"/Path/file.txt\"", false},
        {"$HTTP[\"url\"] =^ \"/path/\"", true},
        {"$HTTP[\"url\"] =^ \"/PATH/\"", false},
        {"$HTTP[\"url\"] =$ \".txt\"", true},
        {"$HTTP[\"querystring\"] == \"a=b\"", true},
        {"$HTTP[\"query-string\"] =^ \"a\"", true},
        {"$HTTP[\"scheme\"] == \"http\"", true},
        {"$HTTP[\"scheme\"] == \"https\"", false},
        {"$HTTP[\"request-method\"] == \"GET\"", true},
        {"$HTTP[\"request-method\"] != \"GET\"", false},
        {"$HTTP[\"remote-ip\"] == \"192.0.2.0/24\"", true},
        {"$HTTP[\"remoteip\"] == \"192.0.2.9\"", false},
        {"$HTTP[\"remoteip\"] != \"192.0.2.9\"", true},
        {"$HTTP[\"useragent\"] =^ \"Agent\"", true},
        {"$HTTP[\"referer\"] == \"\"", true},
        {"$HTTP[\"cookie\"] != \"\"", false},
        {"$REQUEST_HEADER[\"x-OWN\"] == \"value\"", true},
        {"$REQUEST_HEADER[\"X-Other\"] == \"value\"", false},
        {"$SERVER[\"socket\"] == \":80\"", true},
        {"$SERVER[\"socket\"] == \"0.0.0.0:81\"", false},
        {"$HTTP[\"url\"] =~ \"^/p(.*)\\.txt$\"", true},
        {"$HTTP[\"url\"] !~ \"\\.txt$\"", false},
        {"$HTTP[\"host\"] =~ \"(^|\\.)example\\.com\"", true},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        char text[256];
        uint64_t words[1];
        struct request r;
        bool is_regex = strstr(table[i].condition, "~ ") != NULL;
        if (is_regex && !regex_is_built()) continue;
        snprintf(text, sizeof text, ROOT "%s { server.tag = \"x\" }\n", table[i].condition);
        struct conf *conf = load(text, 0, NULL);
        ask(&r, "example.com:8080", "/path/file.txt", "a=b", "192.0.2.1");
        conditions_evaluate(&conf->conditions, &r, SPAN("0.0.0.0:80"), words);
        ck_assert_msg((words[0] >> 1 & 1) == table[i].holds, "%s", table[i].condition);
        ck_assert_uint_eq(words[0] & 1, 1);
        arena_done(&r.arena);
        conf_drop(conf);
    }
}
END_TEST

START_TEST(only_one_of_a_chain) {
    static const struct {
        const char *host, *path, *tag;
    } table[] = {
        {"one", "/", "1"},   {"two", "/", "2"},       {"three", "/", "else"}, {"one", "/deep", "1-deep"},
        {"two", "/deep", "2-deep"}, {"two", "/other", "2-else"}, {"three", "/deep", "else"},
    };
    struct conf *conf = load(ROOT "server.tag = \"0\"\n"
                                  "$HTTP[\"host\"] == \"one\" { server.tag = \"1\"\n"
                                  "  $HTTP[\"url\"] == \"/deep\" { server.tag = \"1-deep\" } }\n"
                                  "else $HTTP[\"host\"] =^ \"t\" { $HTTP[\"host\"] == \"two\" {\n"
                                  "    $HTTP[\"url\"] == \"/deep\" { server.tag = \"2-deep\" }\n"
                                  "    else $HTTP[\"url\"] == \"/\" { server.tag = \"2\" }\n"
                                  "    else { server.tag = \"2-else\" } }\n"
                                  "  else { server.tag = \"else\" } }\n"
                                  "else { server.tag = \"never\" }\n",
                             0, NULL);
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct request r;
        ask(&r, table[i].host, table[i].path, "", "192.0.2.1");
        const struct plan *p = plan_for(conf, &r, SPAN("0.0.0.0:80"));
        ck_assert_msg(span_is(p->core->tag, span_of(table[i].tag)), "%s%s: %.*s", table[i].host, table[i].path,
                      SPAN_ARG(p->core->tag));
        ck_assert_ptr_eq(plan_for(conf, &r, SPAN("0.0.0.0:80")), p);
        arena_done(&r.arena);
    }
    ck_assert(span_is(plan_global(conf)->core->tag, SPAN("0")));
    conf_drop(conf);
}
END_TEST

START_TEST(the_later_block_wins) {
    struct conf *conf = load(ROOT "server.tag = \"global\"\nserver.name = \"global\"\nserver.max-read-idle = 7\n"
                                  "$HTTP[\"host\"] == \"a\" { server.tag = \"first\" server.name = \"first\" }\n"
                                  "$HTTP[\"url\"] =^ \"/\" { server.tag = \"second\" }\n",
                             0, NULL);
    struct request r;
    ask(&r, "a", "/", "", "192.0.2.1");
    const struct plan *p = plan_for(conf, &r, SPAN("x"));
    r.plan = p;
    ck_assert_ptr_eq(request_core(&r), p->core);
    ck_assert(span_is(p->core->tag, SPAN("second")));
    ck_assert(span_is(p->core->name, SPAN("first")));
    ck_assert_uint_eq(p->core->max_read_idle_s, 7);
    ck_assert_uint_eq(p->core->max_write_idle_s, core_defaults.max_write_idle_s);
    arena_done(&r.arena);
    conf_drop(conf);
}
END_TEST

START_TEST(scopes_are_kept) {
    static const struct {
        const char *text, *complaint;
    } table[] = {
        {"$HTTP[\"host\"] == \"a\" { server.max-fds = 9 }\n", "setting of the whole server"},
        {"$HTTP[\"host\"] == \"a\" { server.listen-backlog = 9 }\n", "belongs in the global scope or in $SERVER"},
        {"$SERVER[\"socket\"] == \":81\" { server.listen-backlog = 9 }\n", NULL},
        {"$SERVER[\"socket\"] == \":81\" { server.port = 9 }\n", "setting of the whole server"},
        {"server.tga = \"x\"\n", "did you mean server.tag?"},
        {"server.modules = ( \"mod_nonsense\" )\n", "there is no such module"},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        char text[256];
        snprintf(text, sizeof text, ROOT "%s", table[i].text);
        struct conf *conf = load(text, 0, table[i].complaint);
        ck_assert_uint_eq(conf->core->max_fds, 0);
        ck_assert_uint_eq(conf->core->port, 80);
        conf_drop(conf);
    }
}
END_TEST

START_TEST(what_is_no_condition) {
    static const struct {
        const char *text, *complaint;
    } table[] = {
        {ROOT "$HTTP[\"hots\"] == \"a\" { server.tag = \"x\" }\n", "did you mean host?"},
        {ROOT "$HTTP[\"remote-ip\"] == \"10.0.0.0/99\" { server.tag = \"x\" }\n", "no address or prefix"},
        {ROOT "$HTTP[\"url\"] =~ \"(\" { server.tag = \"x\" }\n", "regular expression"},
        {"server.port = 80\n", "server.document-root is not set"},
        {ROOT "server.max-request-field-size = 255\n", "less than 256"},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) conf_drop(load(table[i].text, 1, table[i].complaint));
}
END_TEST

/* Bits stand for what is no function of listener, host and target: they are part of a kept reply's key. */
START_TEST(others_have_bits) {
    struct conf *conf = load(ROOT "$HTTP[\"host\"] == \"a\" { server.tag = \"1\" }\n"
                                  "$HTTP[\"remote-ip\"] == \"192.0.2.1\" { server.tag = \"2\" }\n"
                                  "$HTTP[\"url\"] == \"/\" { server.tag = \"3\" }\n"
                                  "$REQUEST_HEADER[\"X-Own\"] == \"value\" { server.tag = \"4\" }\n"
                                  "$HTTP[\"request-method\"] == \"POST\" { server.tag = \"5\" }\n",
                             0, NULL);
    struct request r;
    ck_assert_uint_eq(conf->conditions.other_count, 3);
    ask(&r, "b", "/x", "", "192.0.2.1");
    ck_assert_uint_eq(conditions_others(&conf->conditions, &r), 1 | 2);
    r.in.method_text = SPAN("POST");
    ck_assert_uint_eq(conditions_others(&conf->conditions, &r), 1 | 2 | 4);
    arena_done(&r.arena);
    ask(&r, "a", "/", "", "192.0.2.2");
    ck_assert_uint_eq(conditions_others(&conf->conditions, &r), 2);
    arena_done(&r.arena);
    conf_drop(conf);
}
END_TEST

START_TEST(listeners_are_found) {
    struct conf *conf = load(ROOT "server.port = 8000\n$SERVER[\"socket\"] == \"[::1]:81\" { server.tag = \"x\" }\n"
                                  "$SERVER[\"socket\"] == \":8000\" { server.tag = \"y\" }\n"
                                  "$SERVER[\"socket\"] == \"0.0.0.0:81\" { server.listen-backlog = 5 }\n",
                             0, NULL);
    ck_assert_uint_eq(conf->listen_count, 3);
    ck_assert(span_is(conf->listen[0].name, SPAN("[::1]:81")));
    ck_assert(span_is(conf->listen[1].name, SPAN("0.0.0.0:8000")));
    ck_assert(span_is(conf->listen[2].name, SPAN("0.0.0.0:81")));
    ck_assert_uint_eq(conf->listen[2].core->listen_backlog, 5);
    conf_drop(conf);
}
END_TEST

START_TEST(features_are_flags) {
    struct conf *conf = load(ROOT "server.feature-flags = ( \"server.absolute-dir-redirect\" => \"enable\",\n"
                                  "  \"server.http-pathinfo\" => \"disable\",\n"
                                  "  \"server.graceful-shutdown-timeout\" => 5 )\n",
                             0, NULL);
    ck_assert(feature_flag(conf->core, SPAN("server.absolute-dir-redirect"), false));
    ck_assert(!feature_flag(conf->core, SPAN("server.http-pathinfo"), true));
    ck_assert(feature_flag(conf->core, SPAN("c"), true));
    ck_assert_uint_eq(feature_number(conf->core, SPAN("server.graceful-shutdown-timeout"), 1), 5);
    ck_assert_uint_eq(feature_number(conf->core, SPAN("m"), 1), 1);
    conf_drop(conf);
}
END_TEST

START_TEST(what_guards_is_not_left_out) {
    conf_drop(load(ROOT "auth.require = ( \"/\" => ( \"method\" => \"basic\" ) )\n", 1, "open to everybody"));
    conf_drop(load(ROOT "$SERVER[\"socket\"] == \":443\" { ssl.engine = \"enable\" }\n", 1, "ssl.pemfile"));
    conf_drop(load(ROOT "ssl.engine = \"disable\"\n", 0, NULL));
    conf_drop(load(ROOT "auth.require = ()\n", 0, "mod_auth is not used"));
}
END_TEST

/* 1,000 conditions of a kind: what a request costs is counted in comparisons. */
enum { HOSTS = 1000 };

static void check_growth(const char *begin, const char *end, const char *joint, unsigned long most) {
    struct buf text = {0};
    char host[32], tag[16];
    bool is_regex = strchr(begin, '~') != NULL;
    buf_add_text(&text, ROOT);
    for (unsigned i = 0; i < HOSTS; i++)
        buf_printf(&text, "%s$HTTP[\"host\"] %sh%u%s.example%s { server.tag = \"%u\" }", i ? joint : "", begin, i,
                   is_regex ? "\\" : "", end, i);
    buf_add_char(&text, '\n');
    struct conf *conf = load(buf_text(&text), 0, NULL);
    for (unsigned i = 0; i < HOSTS; i += 37) {
        struct request r;
        snprintf(host, sizeof host, is_regex ? "h%u.example" : "H%u.example:8080", i);
        snprintf(tag, sizeof tag, "%u", i);
        ask(&r, host, "/", "", "192.0.2.1");
        conditions_compared = 0;
        const struct plan *p = plan_for(conf, &r, SPAN("0.0.0.0:80"));
        ck_assert_msg(span_is(p->core->tag, span_of(tag)), "%s: %.*s", host, SPAN_ARG(p->core->tag));
        ck_assert_msg(conditions_compared <= most, "%s%s: %lu comparisons", begin, host, conditions_compared);
        ck_assert_ptr_eq(p->settings[1], plan_global(conf)->settings[1]); /* nothing of it differs */
        arena_done(&r.arena);
    }
    conf_drop(conf);
    buf_done(&text);
}

START_TEST(a_thousand_hosts_cost_what_a_few_do) {
    check_growth("== \"", "\"", "\n", 12);
    check_growth("== \"", "\"", " else ", 12);
    check_growth("=^ \"", "\"", "\n", 12);
    if (regex_is_built()) check_growth("=~ \"^(www\\.)?", "$\"", "\n", 12);
    if (regex_is_built()) check_growth("=~ \"^(www\\.)?", "$\"", " else ", 12);
}
END_TEST

/* Conditions of a chain that look at different things, and two chains that begin alike. */
START_TEST(chains_keep_their_order) {
    static const struct {
        const char *host, *path, *tags;
    } table[] = {
        {"aa", "/", "12"}, {"bb", "/", "3-"},  {"cc", "/p", "45"},
        {"cc", "/", "6-"},  {"dd", "/q", "-7"}, {"bb", "/p", "35"},
    };
    struct conf *conf = load(ROOT "server.tag = \"-\"\nserver.name = \"-\"\n"
                                  "$HTTP[\"host\"] == \"aa\" { server.tag = \"1\" server.name = \"2\" }\n"
                                  "else $HTTP[\"host\"] == \"bb\" { server.tag = \"3\" }\n"
                                  "else $HTTP[\"url\"] =^ \"/p\" { server.tag = \"4\" }\n"
                                  "else $HTTP[\"host\"] == \"cc\" { server.tag = \"6\" }\n"
                                  "$HTTP[\"host\"] == \"aa\" { }\n"
                                  "else $HTTP[\"url\"] == \"/p\" { server.name = \"5\" }\n"
                                  "else $HTTP[\"url\"] == \"/q\" { server.name = \"7\" }\n",
                             0, NULL);
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct request r;
        ask(&r, table[i].host, table[i].path, "", "192.0.2.1");
        const struct plan *p = plan_for(conf, &r, SPAN("0.0.0.0:80"));
        ck_assert_msg(p->core->tag.p[0] == table[i].tags[0] && p->core->name.p[0] == table[i].tags[1], "%s%s: %s %s",
                      table[i].host, table[i].path, p->core->tag.p, p->core->name.p);
        arena_done(&r.arena);
    }
    conf_drop(conf);
}
END_TEST

int main(void) {
    if (!regex_is_built()) puts("SKIP: conditions with =~: PCRE2 is not in this build");
    Suite *suite = suite_create("plan");
    TCase *all = tcase_create("all");
    tcase_add_test(all, a_condition_holds_or_not);
    tcase_add_test(all, only_one_of_a_chain);
    tcase_add_test(all, the_later_block_wins);
    tcase_add_test(all, scopes_are_kept);
    tcase_add_test(all, what_is_no_condition);
    tcase_add_test(all, others_have_bits);
    tcase_add_test(all, listeners_are_found);
    tcase_add_test(all, features_are_flags);
    tcase_add_test(all, a_thousand_hosts_cost_what_a_few_do);
    tcase_add_test(all, chains_keep_their_order);
    tcase_add_test(all, what_guards_is_not_left_out);
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
