/* test.c - test "name" { "GET /x" => "301 /y" }: what a configuration is to do, said in it */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "conf/parser.h"

static const char form[] = "write test \"name\" { \"GET /old\" => \"301 /new\" }";

/* Is this `test "…" {` or `test {`, and not a variable? */
bool starts_test(struct parser *p) {
    if (!span_is(p->now.token.text, SPAN("test"))) return false;
    enum token_type next = peek(p).type;
    return next == TOKEN_STRING || next == TOKEN_BRACE_OPEN;
}

static void add_check(struct parser *p, struct conf_check check) {
    struct conf_tree *tree = p->tree;
    if (tree->check_count == MOST_CHECKS) {
        stop(p, check.request.place, check.request.string.n + 2, "there are more than 1000 requests in tests");
        return;
    }
    if (tree->check_count == tree->check_cap) {
        size_t cap = tree->check_cap ? 2 * tree->check_cap : 16;
        struct conf_check *more = arena_get(&tree->arena, cap * sizeof *more);
        if (tree->check_count) memcpy(more, tree->checks, tree->check_count * sizeof *more);
        tree->checks = more;
        tree->check_cap = cap;
    }
    tree->checks[tree->check_count++] = check;
}

static bool is_expectation(const struct value *v) {
    if (v->type == VALUE_STRING) return v->string.n > 0;
    for (size_t i = 0; v->type == VALUE_ARRAY && i < v->count; i++)
        if (v->elements[i].key.p || v->elements[i].value.type != VALUE_STRING) return false;
    return v->type == VALUE_ARRAY && v->count > 0;
}

/* "GET /x" => "301 /y", or a list of such expectations. */
static enum parsed parse_check(struct parser *p, struct span name) {
    struct conf_check check = {.test = name};
    struct place at = place_of(p, p->now.token);
    size_t width = p->now.token.length;
    enum parsed result = parse_expression(p, &check.request);
    if (result == BROKEN) return BROKEN;
    if (p->now.token.type != TOKEN_ARROW) {
        expected(p, "=> behind the request", form);
        return BROKEN;
    }
    advance(p);
    struct place expected_at = place_of(p, p->now.token);
    size_t expected_width = p->now.token.length;
    enum parsed second = parse_expression(p, &check.expected);
    if (second == BROKEN) return BROKEN;
    if (result != PARSED || second != PARSED) return POISONED;
    if (check.request.type != VALUE_STRING)
        complain(p->complaints, COMPLAINT_ERROR, at, width, form, "a request is a text");
    else if (!is_expectation(&check.expected))
        complain(p->complaints, COMPLAINT_ERROR, expected_at, expected_width, form,
                 "what is expected is a text, or a list of texts");
    else add_check(p, check);
    return PARSED;
}

static void parse_checks(struct parser *p, struct span name, struct place open) {
    while (!p->stopped && p->now.token.type != TOKEN_BRACE_CLOSE) {
        if (p->now.token.type == TOKEN_END) {
            complain(p->complaints, COMPLAINT_ERROR, open, 1, NULL, "the } that closes this { is missing");
            return;
        }
        if (p->now.token.type == TOKEN_EOL || p->now.token.type == TOKEN_COMMA) {
            advance(p);
            continue;
        }
        if (parse_check(p, name) == BROKEN) recover(p);
        else if (p->now.token.type != TOKEN_EOL && p->now.token.type != TOKEN_COMMA &&
                 p->now.token.type != TOKEN_BRACE_CLOSE && p->now.token.type != TOKEN_END) {
            expected(p, "a comma or the end of the line", form);
            recover(p);
        }
    }
    if (!p->stopped) advance(p);
}

/* At the word. */
void parse_test(struct parser *p) {
    struct token word = p->now.token;
    struct span name = SPAN("");
    if (p->block->number != 0)
        complain_token(p, word, "tests are for the whole configuration",
                       "a test stands outside of all conditions");
    advance(p);
    if (p->now.token.type == TOKEN_STRING) {
        name = arena_copy(&p->tree->arena, p->now.token.text);
        advance(p);
    }
    if (p->now.token.type == TOKEN_EOL && peek(p).type == TOKEN_BRACE_OPEN) advance(p);
    if (p->now.token.type != TOKEN_BRACE_OPEN) {
        expected(p, "{ behind the name of the test", form);
        recover(p);
        return;
    }
    struct place open = place_of(p, p->now.token);
    advance(p);
    parse_checks(p, name, open);
}
