/* test_directive.c - values and the fields they become */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <check.h>
#include <stdlib.h>

#include "base/memory.h"
#include "conf/directive.h"
#include "conf/inputs.h"
#include "conf/tree.h"
#include "conf_text.h"

struct settings {
    bool on;
    uint32_t port, size;
    struct span tag;
    const struct value *list, *map, *table, *any;
    const void *compiled;
};

static int living; /* compiled things that nobody has freed yet */

static void *compile(const struct value *v, struct complaints *c) {
    if (v->string.n > 0) {
        living++;
        return span_dup(v->string);
    }
    complain(c, COMPLAINT_ERROR, v->place, 2, NULL, "nothing to compile");
    return NULL;
}

static void discard(void *compiled) {
    living--;
    free(compiled);
}

#define ROW(name, type, field)                                                                     \
    { name, type, SCOPE_ANY, offsetof(struct settings, field), "Says it.", NULL, NULL, 0, NULL }

static const struct directive directives[] = {
    ROW("t.on", DIRECTIVE_BOOL, on),
    ROW("t.port", DIRECTIVE_SHORT, port),
    ROW("t.size", DIRECTIVE_INT, size),
    ROW("t.tag", DIRECTIVE_STRING, tag),
    ROW("t.list", DIRECTIVE_LIST, list),
    ROW("t.map", DIRECTIVE_MAP, map),
    ROW("t.table", DIRECTIVE_TABLE, table),
    ROW("t.any", DIRECTIVE_ANY, any),
    {"t.compiled", DIRECTIVE_STRING, SCOPE_ANY, offsetof(struct settings, compiled), "Is compiled.",
     compile, discard, 0, NULL},
    {"t.old", DIRECTIVE_BOOL, SCOPE_ANY, offsetof(struct settings, on), "Was t.on.", NULL, NULL,
     DIRECTIVE_DEPRECATED, "t.on"},
    {"t.gone", DIRECTIVE_BOOL, SCOPE_ANY, offsetof(struct settings, on), "Is gone.", NULL, NULL,
     DIRECTIVE_IGNORED, NULL},
    DIRECTIVE_END,
};

/* One assignment of a directive, converted and applied; the messages go to out. */
static bool use(const char *text, struct settings *settings, struct buf *out,
                void (*look)(const struct settings *)) {
    struct inputs *in = text_inputs(span_of(text));
    struct complaints *c = complaints_make();
    struct conf_tree *tree = conf_parse(in, c, "t.conf");
    struct cell cell;
    const struct directive *d = directives;
    const struct assignment *a = NULL;
    for (; d->name && !a; d++) a = block_find(tree->blocks[0], span_of(d->name));
    ck_assert_msg(a && complaints_errors(c) == 0, "%s", text);
    bool ok = directive_convert(d - 1, &a->value, a->place, &cell, c);
    if (ok) directive_apply(&cell, settings);
    if (ok && look) look(settings);
    directive_discard(&cell);
    directive_discard(&cell);
    ck_assert(ok == (complaints_errors(c) == 0));
    complaints_print(c, out);
    conf_tree_drop(tree);
    complaints_drop(c);
    inputs_drop(in);
    return ok;
}

static void is_on(const struct settings *s) { ck_assert(s->on); }
static void is_off(const struct settings *s) { ck_assert(!s->on); }
static void is_80(const struct settings *s) { ck_assert_uint_eq(s->port, 80); }
static void is_zero(const struct settings *s) { ck_assert_uint_eq(s->port, 0); }
static void is_most(const struct settings *s) { ck_assert_uint_eq(s->port, 65535); }
static void is_large(const struct settings *s) { ck_assert_uint_eq(s->size, 2147483647); }
static void is_tag(const struct settings *s) {
    ck_assert(span_is(s->tag, SPAN("x y")) && s->tag.p[3] == '\0');
}
static void is_two(const struct settings *s) {
    ck_assert(s->list->count == 2 && s->list->elements[1].value.string.p[0] == 'b');
}
static void is_empty(const struct settings *s) { ck_assert(s->list->count == 0); }
static void is_map(const struct settings *s) {
    ck_assert(span_is(value_at(s->map, SPAN("k"))->string, SPAN("v")));
}
static void is_table(const struct settings *s) {
    ck_assert(value_at(s->table, SPAN("k"))->type == VALUE_ARRAY);
}
static void is_any(const struct settings *s) { ck_assert(s->any->number == 7); }
static void is_compiled(const struct settings *s) { ck_assert_str_eq(s->compiled, "pattern"); }

static const struct {
    const char *text;
    void (*look)(const struct settings *);
} good[] = {
    {"t.on = \"enable\"", is_on},
    {"t.on = \"Enabled\"", is_on},
    {"t.on = \"TRUE\"", is_on},
    {"t.on = \"1\"", is_on},
    {"t.on = 1", is_on},
    {"t.on = \"disable\"", is_off},
    {"t.on = \"disabled\"", is_off},
    {"t.on = \"false\"", is_off},
    {"t.on = \"0\"", is_off},
    {"t.on = 0", is_off},
    {"t.port = 80", is_80},
    {"t.port = \"80\"", is_80},
    {"t.port = \"0080\"", is_80},
    {"t.port = 0", is_zero},
    {"t.port = 65535", is_most},
    {"t.size = 2147483647", is_large},
    {"t.size = \"2147483647\"", is_large},
    {"t.tag = \"x y\"", is_tag},
    {"t.list = (\"a\", \"b\")", is_two},
    {"t.list = ()", is_empty},
    {"t.map = (\"k\" => \"v\")", is_map},
    {"t.table = (\"k\" => (1), \"l\" => 2)", is_table},
    {"t.any = 7", is_any},
    {"t.compiled = \"pattern\"", is_compiled},
};

START_TEST(accepted)
{
    struct settings settings = {.on = !strstr(good[_i].text, "enable") && good[_i].look == is_off};
    struct buf out = {NULL, 0, 0};
    ck_assert(use(good[_i].text, &settings, &out, good[_i].look));
    ck_assert_uint_eq(out.n, 0);
    ck_assert_int_eq(living, 0);
    buf_done(&out);
}
END_TEST

static const struct {
    const char *text, *messages;
} bad[] = {
    {"t.on = \"on\"",
     "t.conf:1:8: error: t.on: expected \"enable\" or \"disable\", found \"on\"\n  t.on = \"on\"\n"
     "         ^~~~\n  write t.on = \"enable\"\n"},
    {"t.on = 2",
     "t.conf:1:8: error: t.on: expected \"enable\" or \"disable\", found 2\n  t.on = 2\n"
     "         ^\n  write t.on = \"enable\"\n"},
    {"t.port = 65536", "t.conf:1:10: error: t.port: expected a number from 0 to 65535, found "
                       "65536\n  t.port = 65536\n"
                       "           ^~~~~\n  write t.port = 80\n"},
    {"t.port = \"8o\"", "t.conf:1:10: error: t.port: expected a number from 0 to 65535, found "
                        "\"8o\"\n  t.port = \"8o\"\n"
                        "           ^~~~\n  write t.port = 80\n"},
    {"t.port = \"-1\"", "t.conf:1:10: error: t.port: expected a number from 0 to 65535, found "
                        "\"-1\"\n  t.port = \"-1\"\n"
                        "           ^~~~\n  write t.port = 80\n"},
    {"t.size = \"2147483648\"",
     "t.conf:1:10: error: t.size: expected a number from 0 to 2147483647, found \"2147483648\"\n"
     "  t.size = \"2147483648\"\n           ^~~~~~~~~~~~\n  write t.size = 80\n"},
    {"t.tag = 80", "t.conf:1:9: error: t.tag: expected a string, found 80\n  t.tag = 80\n          "
                   "^~\n  write t.tag = \"80\"\n"},
    {"t.list = \"a\"", "t.conf:1:10: error: t.list: expected a list of strings, found \"a\"\n  "
                       "t.list = \"a\"\n           ^~~\n"
                       "  write t.list = ( \"a\" )\n"},
    {"t.list = (\"a\", 1)",
     "t.conf:1:16: error: t.list: expected a list of strings, found a number in it\n"
     "  t.list = (\"a\", 1)\n                 ^\n  write t.list = ( \"...\", \"...\" )\n"},
    {"t.list = (\"a\" => \"b\")",
     "t.conf:1:11: error: t.list: expected a list of strings, found an element with a key\n"
     "  t.list = (\"a\" => \"b\")\n            ^~~\n  write t.list = ( \"...\", \"...\" )\n"},
    {"t.map = (\"a\")",
     "t.conf:1:10: error: t.map: expected a list of \"key\" => \"value\", found an element without "
     "a key\n"
     "  t.map = (\"a\")\n           ^~~\n  write t.map = ( \"...\" => \"...\" )\n"},
    {"t.map = (\"a\" => (\"b\"))",
     "t.conf:1:17: error: t.map: expected a list of \"key\" => \"value\", found an array in it\n"
     "  t.map = (\"a\" => (\"b\"))\n                  ^\n  write t.map = ( \"...\" => \"...\" )\n"},
    {"t.table = 1", "t.conf:1:11: error: t.table: expected a list of \"key\" => value, found 1\n  "
                    "t.table = 1\n            ^\n"
                    "  write t.table = ( \"...\" => ... )\n"},
    {"t.compiled = 1", "t.conf:1:14: error: t.compiled: expected a string, found 1\n  t.compiled = "
                       "1\n               ^\n"
                       "  write t.compiled = \"1\"\n"},
    {"t.compiled = \"\"",
     "t.conf:1:14: error: nothing to compile\n  t.compiled = \"\"\n               ^~\n"},
};

START_TEST(refused)
{
    struct settings settings = {.on = true};
    struct buf out = {NULL, 0, 0};
    ck_assert(!use(bad[_i].text, &settings, &out, NULL));
    ck_assert_str_eq(buf_text(&out), bad[_i].messages);
    ck_assert_int_eq(living, 0);
    buf_done(&out);
}
END_TEST

START_TEST(deprecated)
{
    struct settings settings = {.on = false};
    struct buf out = {NULL, 0, 0};
    ck_assert(use("t.old = 1", &settings, &out, is_on));
    ck_assert(use("t.gone = (\"what\", \"ever\")", &settings, &out, is_on));
    ck_assert_str_eq(
        buf_text(&out),
        "t.conf:1:1: warning: t.old is deprecated\n  t.old = 1\n  ^~~~~\n  use t.on instead\n"
        "t.conf:1:1: warning: t.gone has no effect\n  t.gone = (\"what\", \"ever\")\n  "
        "^~~~~~\n");
    buf_done(&out);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("directive");
    TCase *tcase = tcase_create("directive");
    tcase_add_loop_test(tcase, accepted, 0, (int)(sizeof good / sizeof *good));
    tcase_add_loop_test(tcase, refused, 0, (int)(sizeof bad / sizeof *bad));
    tcase_add_test(tcase, deprecated);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
