/* conf_text.c - for tests: a configuration as text goes in, text comes out */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "conf_text.h"

#include "conf/complain.h"
#include "conf/inputs.h"
#include "conf/tree.h"

static const struct {
    const char *name, *text;
} files[] = {
    {"in.conf", "server.tag = \"in\"\n"},
    {"deep/one.conf", "included = 1\n"},
    {"loop.conf", "include \"loop.conf\"\n"},
    {"half.conf", "$HTTP[\"host\"] == \"a\" {\n"},
    {"brace.conf", "}\n"},
};

struct inputs *text_inputs(struct span text) {
    struct inputs *in = inputs_none();
    inputs_put(in, INPUT_FILE, "t.conf", text);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        inputs_put(in, INPUT_FILE, files[i].name, span_of(files[i].text));
    inputs_put(in, INPUT_GLOB, "deep/*.conf", (struct span){"deep/one.conf", 14});
    inputs_put(in, INPUT_GLOB, "none/*.conf", SPAN(""));
    inputs_put(in, INPUT_SHELL, "say 80", SPAN("said = 80\n"));
    inputs_put(in, INPUT_SHELL, "bad", SPAN("said = \n"));
    inputs_put(in, INPUT_ENV, "SET", SPAN("from outside"));
    inputs_put(in, INPUT_CWD, "", SPAN("/where"));
    inputs_put(in, INPUT_PID, "", SPAN("42"));
    return in;
}

static char *evaluate(struct span text, bool messages) {
    struct inputs *in = text_inputs(text);
    struct complaints *c = complaints_make();
    struct buf out = {NULL, 0, 0};
    struct conf_tree *tree = conf_parse(in, c, "t.conf");
    if (messages) complaints_print(c, &out);
    else conf_print(tree, &out);
    conf_tree_drop(tree);
    complaints_drop(c);
    inputs_drop(in);
    char *copy = span_dup(buf_span(&out));
    buf_done(&out);
    return copy;
}

char *text_messages(struct span text) { return evaluate(text, true); }

char *text_tree(struct span text) { return evaluate(text, false); }
