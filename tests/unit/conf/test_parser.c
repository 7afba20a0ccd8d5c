/* test_parser.c - configurations and the trees they become */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "conf/complain.h"
#include "conf/inputs.h"
#include "conf/tree.h"
#include "conf_text.h"

static const struct {
    const char *text, *tree; /* without the line "# block 0" */
} cases[] = {
    {"", ""},
    {"a = 1", "var.a = 1\n"},
    {"a = \"x\\\"y\\n\"", "var.a = \"x\\\"y\\n\"\n"},
    {"a = 1, b = 2 c = \"x\" d = (1)", "var.a = 1\nvar.b = 2\nvar.c = \"x\"\nvar.d = (1)\n"},
    {"a =\n 1\nb = 1 +\n 2\n", "var.a = 1\nvar.b = 3\n"},
    {"a = 1 + \"x\"\nb = \"x\" + 1\nc = 1 + 2\nd = \"x\" + \"y\" + 1 + 2",
     "var.a = \"1x\"\nvar.b = \"x1\"\nvar.c = 3\nvar.d = \"xy12\"\n"},
    {"a = (1, \"b\") + (3)\nb = a\na += (4)\nb += (5)",
     "var.a = (1, \"b\", 3, 4)\nvar.b = (1, \"b\", 3, 5)\n"},
    {"a = ()\nb = (,)\nc = (,\"x\",,\"y\",)", "var.a = ()\nvar.b = ()\nvar.c = (\"x\", \"y\")\n"},
    {"a = (1 => \"x\", \"k\" + 1 => 1 + 1, 3)",
     "var.a = (\n    \"1\" => \"x\",\n    \"k1\" => 2,\n    3,\n)\n"},
    {"a = (\".php\" => ((\"port\" => 1), (\"port\" => 2)))",
     "var.a = (\n    \".php\" => (\n        (\n            \"port\" => 1,\n        ),\n        (\n"
     "            \"port\" => 2,\n        ),\n    ),\n)\n"},
    {"a = (\"x\" => 1)\na += (\"x\" => 1, \"y\" => 2)",
     "var.a = (\n    \"x\" => 1,\n    \"y\" => 2,\n)\n"},
    {"a = 1\na := \"x\"\na += \"y\"", "var.a = \"xy\"\n"},
    {"a += (\"x\")\nb += 3\na += a", "var.a = (\"x\", \"x\")\nvar.b = 3\n"},
    {"server.port = 80\nx = server.port + 1\nvar.y = var.x\nz = y",
     "server.port = 80\nvar.x = 81\nvar.y = 81\nvar.z = 81\n"},
    {"a = env.SET\nb = var.PID + 0\nc = var.CWD + \"/x\"\nd = CWD",
     "var.a = \"from outside\"\nvar.b = 42\nvar.c = \"/where/x\"\nvar.d = \"/where\"\n"},
    {"a = (\"x\")\n$HTTP[\"host\"] == \"h\" { a += (\"y\") b = a }\nc = a",
     "var.a = (\"x\")\nvar.c = (\"x\")\n\n$HTTP[\"host\"] == \"h\" {\n    # block 1\n    var.a = "
     "(\"x\", \"y\")\n"
     "    var.b = (\"x\", \"y\")\n}\n"},
    {"$HTTP[\"host\"] == \"h\"\n{\n a = 1\n}\nelse\n{\n a = 2\n}\n",
     "\n$HTTP[\"host\"] == \"h\" {\n    # block 1\n    var.a = 1\n} else {\n    # block 2\n    "
     "var.a = 2\n}\n"},
    {"$HTTP[\"host\"] == \"a\" { x = 1 }\n# between\n\nelse $HTTP[\"url\"] =~ \"b\" { x = 2 } elif "
     "$HTTP[\"url\"] !~ \"c\" { } "
     "elsif $SERVER[\"socket\"] != \"d\" { } elseif $REQUEST_HEADER[\"X-Y\"] =^ \"e\" { } else if "
     "$HTTP[\"url\"] =$ \"f\" { }",
     "\n$HTTP[\"host\"] == \"a\" {\n    # block 1\n    var.x = 1\n} else $HTTP[\"url\"] =~ \"b\" "
     "{\n    # block 2\n    var.x = 2\n"
     "} else $HTTP[\"url\"] !~ \"c\" {\n    # block 3\n} else $SERVER[\"socket\"] != \"d\" {\n    "
     "# block 4\n"
     "} else $REQUEST_HEADER[\"X-Y\"] =^ \"e\" {\n    # block 5\n} else $HTTP[\"url\"] =$ \"f\" "
     "{\n    # block 6\n}\n"},
    {"$HTTP[\"host\"] == \"a\" { x = 1 }\n$HTTP[\"host\"] == \"b\" { x = 1 }\n$HTTP [ \"ho\" + "
     "\"st\" ] == \"a\" { y = x }",
     "\n$HTTP[\"host\"] == \"a\" {\n    # block 1\n    var.x = 1\n    var.y = "
     "1\n}\n\n$HTTP[\"host\"] == \"b\" {\n"
     "    # block 2\n    var.x = 1\n}\n"},
    {"if $HTTP[\"a\"] == \"1\" { if $HTTP[\"a\"] == \"1\" { x = 1 } } x = 2",
     "var.x = 2\n\n$HTTP[\"a\"] == \"1\" {\n    # block 1\n\n    $HTTP[\"a\"] == \"1\" {\n        "
     "# block 2\n        var.x = 1\n"
     "    }\n}\n"},
    {"$A[\"a\"] == \"1\" { } else { x = 1 } $A[\"a\"] == \"1\" { } else { y = 1 } $A[\"a\"] == "
     "\"1\" { } else $B[\"b\"] == \"2\" { z = 1 }",
     "\n$A[\"a\"] == \"1\" {\n    # block 1\n} else {\n    # block 2\n    var.x = 1\n    var.y = "
     "1\n}\n\n"
     "$A[\"a\"] == \"1\" {} else $B[\"b\"] == \"2\" {\n    # block 3\n    var.z = 1\n}\n"},
    {"$A[\"a\"] == \"1\" { global { x = 1 $B[\"b\"] == \"2\" { y = x } } }",
     "var.x = 1\n\n$A[\"a\"] == \"1\" {\n    # block 1\n}\n\n$B[\"b\"] == \"2\" {\n    # block 2\n "
     "   var.y = 1\n}\n"},
    {"global\n{\n x = 1\n}\n", "var.x = 1\n"},
    {"f = \"in\" include f + \".conf\" a = 1", "var.f = \"in\"\nserver.tag = \"in\"\nvar.a = 1\n"},
    {"$A[\"a\"] == \"1\" { include \"in.conf\" }",
     "\n$A[\"a\"] == \"1\" {\n    # block 1\n    server.tag = \"in\"\n}\n"},
    {"include \"deep/*.conf\"\ninclude \"none/*.conf\"", "var.included = 1\n"},
    {"include_shell \"say \" + 80", "var.said = 80\n"},
    {"a = \"one\ntwo\"\nb = 2", "var.a = \"one\ntwo\"\nvar.b = 2\n"},
    {"\xef\xbb\xbf"
     "a = 1\r\nb = (\r\n\"x\"\r\n)\r\n",
     "var.a = 1\nvar.b = (\"x\")\n"},
};

START_TEST(trees)
{
    struct span text = span_of(cases[_i].text);
    char *tree = text_tree(text), *messages = text_messages(text);
    ck_assert_ptr_null(strstr(messages, "error: "));
    ck_assert_ptr_eq(strstr(tree, "# block 0\n"), tree);
    ck_assert_str_eq(tree + 10, cases[_i].tree);
    free(tree);
    free(messages);
}
END_TEST

/* What is printed is a configuration, and means the same. */
START_TEST(printed_again)
{
    char *once = text_tree(span_of(cases[_i].text)), *messages = text_messages(span_of(once));
    char *twice = text_tree(span_of(once));
    ck_assert_str_eq(messages, "");
    ck_assert_str_eq(twice, once);
    free(once);
    free(twice);
    free(messages);
}
END_TEST

static struct conf_tree *parse(struct inputs *in, size_t *errors) {
    struct complaints *c = complaints_make();
    struct conf_tree *tree = conf_parse(in, c, "t.conf");
    *errors = complaints_errors(c);
    complaints_drop(c);
    return tree;
}

START_TEST(block_fields)
{
    static const char text[] = "x = 1\n$HTTP[\"host\"] == \"a\" {\n  y = 2\n} else {\n}\n";
    struct inputs *in = text_inputs(span_of(text));
    size_t errors;
    unsigned line, column;
    struct conf_tree *tree = parse(in, &errors);
    ck_assert_uint_eq(errors, 0);
    ck_assert_uint_eq(tree->block_count, 3);
    const struct block *a = tree->blocks[1], *rest = tree->blocks[2];
    ck_assert(span_is(a->left, SPAN("HTTP")) && span_is(a->item, SPAN("host")) &&
              span_is(a->operand, SPAN("a")));
    ck_assert(span_is(a->text, SPAN("$HTTP[\"host\"] == \"a\"")) && a->op == COND_EQ);
    ck_assert(a->parent == tree->blocks[0] && !a->previous && rest->previous == a &&
              rest->op == COND_NONE);
    place_line(a->operand_place, &line, &column);
    ck_assert(line == 2 && column == 18);
    place_line(rest->place, &line, &column);
    ck_assert(line == 4 && column == 3);
    const struct assignment *y = block_find(a, SPAN("var.y"));
    ck_assert(y && y->value.number == 2 && !block_find(a, SPAN("var.x")));
    place_line(y->place, &line, &column);
    ck_assert(line == 3 && column == 3 && span_is(place_name(y->place), SPAN("t.conf")));
    conf_tree_drop(tree);
    inputs_drop(in);
}
END_TEST

/* a += a, often: refused before it eats the memory. */
START_TEST(growth_is_bounded)
{
    static const char *const starts[] = {"a = \"0123456789\"\n", "a = (1, 2, 3)\n", "a = (1)\n"};
    static const char *const steps[] = {"a += a\n", "a += a\n", "a := (a, a)\n"};
    for (size_t i = 0; i < 3; i++) {
        struct buf text = {NULL, 0, 0};
        size_t errors;
        buf_add_text(&text, starts[i]);
        for (int n = 0; n < 60; n++) buf_add_text(&text, steps[i]);
        struct inputs *in = text_inputs(buf_span(&text));
        struct conf_tree *tree = parse(in, &errors);
        ck_assert_uint_eq(errors, 1);
        conf_tree_drop(tree);
        inputs_drop(in);
        buf_done(&text);
    }
}
END_TEST

static void add_large(struct buf *text) {
    buf_add_text(text, "alias.url = (\n");
    for (int i = 0; i < 10000; i++) buf_printf(text, "  \"/a%d\" => \"/b%d\",\n", i, i);
    buf_add_text(text, ")\n");
    for (int i = 0; i < 10000; i++) buf_printf(text, "more += ( \"/a%d\" => \"/b%d\" )\n", i, i);
    for (int i = 0; i < 1000; i++) {
        buf_printf(text, "$HTTP[\"host\"] == \"h%d.example.org\" {\n", i);
        for (int n = 0; n < 20; n++) buf_printf(text, "  server.x%d = \"value of %d\"\n", n, i);
        buf_add_text(text, "}\n");
    }
}

START_TEST(large_one_is_quick)
{
    struct buf text = {NULL, 0, 0};
    size_t errors;
    add_large(&text);
    struct inputs *in = text_inputs(buf_span(&text));
    clock_t start = clock();
    struct conf_tree *tree = parse(in, &errors);
    double seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
    ck_assert_uint_eq(errors, 0);
    ck_assert_uint_eq(tree->block_count, 1001);
    ck_assert_uint_eq(block_find(tree->blocks[0], SPAN("var.more"))->value.count, 10000);
    ck_assert_msg(seconds < 2, "%.2f s",
                  seconds); /* far more than it takes; far less than anything quadratic */
    conf_tree_drop(tree);
    inputs_drop(in);
    buf_done(&text);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("parser");
    TCase *tcase = tcase_create("parser");
    int count = (int)(sizeof cases / sizeof *cases);
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, trees, 0, count);
    tcase_add_loop_test(tcase, printed_again, 0, count);
    tcase_add_test(tcase, block_fields);
    tcase_add_test(tcase, growth_is_bounded);
    tcase_add_test(tcase, large_one_is_quick);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
