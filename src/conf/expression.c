/* expression.c - values: strings, numbers, variables, arrays, and their sums */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <stdio.h>

#include "conf/inputs.h"
#include "conf/parser.h"

static const char *const unquoted_words[] = {"enable", "enabled", "disable", "disabled", "true",
                                             "false",  "on",      "off",     "yes",      "no"};

/* Only \" is an escape. The copy has a NUL behind it. */
static struct span unescaped(struct parser *p, struct span raw) {
    char *copy = arena_bytes(&p->tree->arena, raw.n + 1), *to = copy;
    for (size_t i = 0; i < raw.n; i++) {
        if (raw.p[i] == '\\' && i + 1 < raw.n && raw.p[i + 1] == '"') i++;
        *to++ = raw.p[i];
    }
    *to = '\0';
    return span_between(copy, to);
}

static struct value string_value(struct span text, struct place at) {
    return (struct value){.type = VALUE_STRING, .place = at, .string = text};
}

static enum parsed parse_environment(struct parser *p, struct token t, struct value *v) {
    char room[64];
    struct span name = arena_copy(&p->tree->arena, span_from(t.text, 4)), text;
    advance(p);
    if (inputs_env(p->inputs, name.p, &text)) {
        *v = string_value(arena_copy(&p->tree->arena, text), place_of(p, t));
        return PARSED;
    }
    complain(p->complaints, COMPLAINT_ERROR, place_of(p, t), t.length, NULL,
             "the environment variable %.*s is not set", SPAN_ARG(shortened(name, room)));
    return POISONED;
}

static bool should_be_quoted(struct span word) {
    for (size_t i = 0; i < sizeof unquoted_words / sizeof *unquoted_words; i++)
        if (span_is_ci(word, span_of(unquoted_words[i]))) return true;
    return false;
}

static void complain_undefined(struct parser *p, struct token t) {
    char hint[192], name[64];
    struct span word = shortened(t.text, name);
    const char *near = suggest_key(p, t.text);
    bool number = t.text.p[0] == '-' && t.text.n > 1 && ascii_is_digit(t.text.p[1]);
    if (number) snprintf(hint, sizeof hint, "there are no negative numbers in this language");
    else if (should_be_quoted(t.text))
        snprintf(hint, sizeof hint, "text goes in double quotes: \"%.*s\"", SPAN_ARG(word));
    else if (near) snprintf(hint, sizeof hint, "did you mean %s?", near);
    else
        snprintf(hint, sizeof hint,
                 "a variable has to be assigned before it is used; text goes in double quotes");
    complain(p->complaints, COMPLAINT_ERROR, place_of(p, t), t.length, hint, "%.*s is not defined",
             SPAN_ARG(word));
}

static enum parsed parse_variable(struct parser *p, struct value *v) {
    struct token t = p->now.token;
    size_t behind = t.offset + t.length, ignored;
    struct span text = p->now.lexer.text;
    if (behind < text.n && text.p[behind] == '"') {
        complain_token(p, t, NULL, "the opening quote of this string is missing");
        return BROKEN;
    }
    if (span_starts(t.text, SPAN("env."))) return parse_environment(p, t, v);
    struct span key = key_name(p, t.text);
    const struct assignment *a = key_visible(p, key);
    advance(p);
    if (a) {
        *v = a->value;
        v->place = place_of(p, t);
        return PARSED;
    }
    if (!index_get(&p->poisoned, 0, key, &ignored)) complain_undefined(p, t);
    return POISONED;
}

/* The key in front of "=>" (or of the "=" that somebody wrote for it) becomes text. */
static bool element_key(struct parser *p, struct element *e, struct value *key) {
    e->key_place = key->place;
    if (key->type == VALUE_INT) e->key = int_text(p, key->number);
    if (key->type == VALUE_STRING) e->key = key->string;
    if (key->type != VALUE_ARRAY) return true;
    complain(p->complaints, COMPLAINT_ERROR, key->place, 1, NULL,
             "a key has to be a string or a number, not an array");
    return false;
}

/* A key without its quotes looks like a variable that nobody has heard of. */
static bool is_bare_key(struct parser *p) {
    struct token t = p->now.token;
    enum token_type next = t.type == TOKEN_KEY ? peek(p).type : TOKEN_END;
    if (next != TOKEN_ASSIGN && next != TOKEN_ARROW) return false;
    if (span_starts(t.text, SPAN("env.")) || key_visible(p, key_name(p, t.text))) return false;
    char hint[96], room[64];
    snprintf(hint, sizeof hint, "write \"%.*s\" => ...", SPAN_ARG(shortened(t.text, room)));
    complain_token(p, t, hint, "a key in an array stands in double quotes");
    return true;
}

static enum parsed parse_element(struct parser *p, struct value *array) {
    struct element e = {.key = {NULL, 0}};
    struct token key = p->now.token;
    bool bare = is_bare_key(p);
    enum parsed left = POISONED, right = PARSED;
    if (bare) advance(p);
    else left = parse_expression(p, &e.value);
    if (left == BROKEN) return BROKEN;
    if (p->now.token.type == TOKEN_ASSIGN || p->now.token.type == TOKEN_ARROW) {
        if (p->now.token.type == TOKEN_ASSIGN && !bare)
            complain_token(p, p->now.token, "write \"key\" => value",
                           "in an array a key is assigned with =>, not with =");
        advance(p);
        if (array_ends_here(p)) return POISONED;
        struct value v = e.value;
        if (left == PARSED && !element_key(p, &e, &v)) left = POISONED;
        right = parse_expression(p, &e.value);
        if (right == BROKEN) return BROKEN;
    }
    if (left == POISONED || right == POISONED) return POISONED;
    size_t at;
    if (e.key.p && array_has(array, e.key, &at)) {
        char room[64];
        complain(p->complaints, COMPLAINT_ERROR, e.key_place, key.length, NULL,
                 "the key \"%.*s\" is in this array already", SPAN_ARG(shortened(e.key, room)));
        complain(p->complaints, COMPLAINT_NOTE, array->elements[at].key_place, key.length, NULL,
                 "it is here first");
        return POISONED;
    }
    return array_add(p, array, e) ? PARSED : POISONED;
}

static void complain_unclosed(struct parser *p, struct token open) {
    complain(p->complaints, COMPLAINT_ERROR, place_of(p, open), 1, NULL,
             "the ) that closes this ( is missing");
    if (p->now.token.type != TOKEN_END)
        complain(p->complaints, COMPLAINT_NOTE, place_of(p, p->now.token), p->now.token.length,
                 NULL, "it has to stand before this");
}

/* After a broken element: to the next one. Somebody has complained already. */
static void skip_element(struct parser *p, unsigned depth) {
    while (!array_ends_here(p)) {
        bool close = p->now.token.type == TOKEN_PAREN_CLOSE && p->now.lexer.parens < depth;
        bool comma = p->now.token.type == TOKEN_COMMA && p->now.lexer.parens == depth;
        if (close || comma) return;
        advance(p);
    }
}

/* Between two elements stands a comma. Complains of what else stands there. */
static bool check_separator(struct parser *p, unsigned depth) {
    struct token t = p->now.token;
    if (t.type == TOKEN_COMMA || t.type == TOKEN_PAREN_CLOSE || array_ends_here(p)) return true;
    if (t.type == TOKEN_STRING && p->now.last.type == TOKEN_STRING)
        complain_token(p, t, "put a comma between them, or a + to join them",
                       "two strings in a row");
    else
        expected(p, "a comma or )",
                 t.type == TOKEN_BAD ? NULL : "a comma separates the elements of an array");
    bool value = t.type == TOKEN_STRING || t.type == TOKEN_INT || t.type == TOKEN_KEY ||
                 t.type == TOKEN_PAREN_OPEN;
    if (!value) skip_element(p, depth);
    return false;
}

/* An array inside this one was not closed, was complained of, and took this one with it. */
static bool gave_up(const struct parser *p, unsigned depth) {
    return p->now.lexer.parens < depth && p->now.token.type != TOKEN_PAREN_CLOSE;
}

static enum parsed parse_elements(struct parser *p, struct token open, unsigned depth,
                                  struct value *array) {
    enum parsed result = PARSED;
    while (p->now.token.type != TOKEN_PAREN_CLOSE) {
        if (gave_up(p, depth)) return POISONED;
        if (p->now.token.type == TOKEN_COMMA) {
            advance(p);
            continue;
        }
        if (array_ends_here(p)) {
            if (result != BROKEN) complain_unclosed(p, open);
            p->now.lexer.parens = 0;
            return POISONED;
        }
        enum parsed element = parse_element(p, array);
        if (p->stopped) return POISONED;
        if (element != PARSED && result != BROKEN) result = element;
        if (element == BROKEN) skip_element(p, depth);
        else if (!gave_up(p, depth) && !check_separator(p, depth) && result == PARSED)
            result = POISONED;
    }
    advance(p);
    return result == PARSED ? PARSED : POISONED;
}

static enum parsed parse_array(struct parser *p, struct value *v) {
    struct token open = p->now.token;
    *v = (struct value){.type = VALUE_ARRAY, .place = place_of(p, open)};
    if (p->nesting == DEEPEST_NESTING) {
        stop(p, place_of(p, open), 1, "arrays are nested deeper than 64 levels here");
        return BROKEN;
    }
    unsigned depth = p->now.lexer.parens;
    advance(p);
    p->nesting++;
    enum parsed result = parse_elements(p, open, depth, v);
    p->nesting--;
    return result;
}

static enum parsed parse_operand(struct parser *p, struct value *v) {
    struct token t = p->now.token;
    switch (t.type) {
    case TOKEN_KEY: return parse_variable(p, v);
    case TOKEN_PAREN_OPEN: return parse_array(p, v);
    case TOKEN_STRING: *v = string_value(unescaped(p, t.text), place_of(p, t)); break;
    case TOKEN_INT:
        *v = (struct value){.type = VALUE_INT, .place = place_of(p, t), .number = t.number};
        break;
    default:
        expected(p, "a value", "a value is a \"string\", a number, a variable or a ( list )");
        if (!token_is_value_like(t)) return BROKEN;
        advance(p);
        return POISONED;
    }
    advance(p);
    return PARSED;
}

void skip_line_break(struct parser *p) {
    if (p->now.token.type != TOKEN_EOL) return;
    struct lexer ahead = p->now.lexer;
    struct token next = lexer_next(&ahead);
    bool value =
        next.type == TOKEN_STRING || next.type == TOKEN_INT || next.type == TOKEN_PAREN_OPEN;
    if (next.type == TOKEN_KEY) value = !token_is_assigning(lexer_next(&ahead).type);
    if (value) advance(p);
}

enum parsed parse_expression(struct parser *p, struct value *v) {
    enum parsed result = parse_operand(p, v);
    while (result != BROKEN && p->now.token.type == TOKEN_PLUS) {
        struct token plus = p->now.token;
        struct value more;
        advance(p);
        skip_line_break(p);
        if (p->now.lexer.parens > 0 && array_ends_here(p)) return POISONED;
        enum parsed right = parse_operand(p, &more);
        if (right == BROKEN) return BROKEN;
        if (result == PARSED && right == PARSED && merge(p, v, &more, place_of(p, plus), 1))
            continue;
        result = POISONED;
    }
    return result;
}
