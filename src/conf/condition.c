/* condition.c - $HTTP["host"] == "a" { } else { }: finds or makes the block */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <stdio.h>

#include "conf/parser.h"

static const char *const operators[] = {
    [COND_EQ] = "==",      [COND_NE] = "!=",     [COND_MATCH] = "=~",
    [COND_NOMATCH] = "!~", [COND_PREFIX] = "=^", [COND_SUFFIX] = "=$",
};

bool block_is_scratch(const struct block *b) { return b->number >= FIRST_SCRATCH; }

struct block *scratch_block(struct parser *p) {
    struct block *b = arena_zeroed(&p->tree->arena, sizeof *b);
    b->number = FIRST_SCRATCH + p->scratch_blocks++;
    b->parent = p->block;
    return b;
}

static void add_quoted(struct buf *out, struct span text) {
    buf_add_char(out, '"');
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '"') buf_add_char(out, '\\');
        buf_add_char(out, text.p[i]);
    }
    buf_add_char(out, '"');
}

/* As it is shown, and what identifies the block among those with the same parent and predecessor.
 */
static struct span condition_text(struct parser *p, const struct block *b) {
    if (b->op == COND_NONE) return SPAN("else");
    struct buf *out = &p->scratch;
    buf_clear(out);
    buf_add_char(out, '$');
    buf_add(out, b->left);
    buf_add_char(out, '[');
    add_quoted(out, b->item);
    buf_printf(out, "] %s ", operators[b->op]);
    add_quoted(out, b->operand);
    return arena_copy(&p->tree->arena, buf_span(out));
}

static struct block *add_block(struct parser *p, const struct block *like) {
    struct conf_tree *tree = p->tree;
    struct block *b = arena_get(&tree->arena, sizeof *b);
    *b = *like;
    b->number = (unsigned)tree->block_count;
    tree->blocks = arena_grow(&tree->arena, tree->blocks, &tree->block_cap, tree->block_count,
                              sizeof(struct block *));
    tree->blocks[tree->block_count++] = b;
    return b;
}

/* The same condition at the same place of an else-chain under the same parent opens the same block
 * again. */
static struct block *open_block(struct parser *p, struct block *like) {
    like->parent = p->block;
    bool scratch =
        block_is_scratch(p->block) || (like->previous && block_is_scratch(like->previous));
    if (scratch) return scratch_block(p);
    like->text = condition_text(p, like);
    unsigned before = like->previous ? like->previous->number : 0;
    struct span identity = arena_printf(&p->tree->arena, "%u ", before);
    identity = arena_join(&p->tree->arena, identity, like->text);
    size_t number;
    if (index_get(&p->blocks, p->block->number, identity, &number)) return p->tree->blocks[number];
    struct block *b = add_block(p, like);
    index_put(&p->blocks, &p->tree->arena, p->block->number, identity, b->number);
    return b;
}

static bool is_name(struct span word) {
    for (size_t i = 0; i < word.n; i++) {
        char c = ascii_lower(word.p[i]);
        if (c != '_' && (c < 'a' || c > 'z')) return false;
    }
    return word.n > 0;
}

static enum parsed parse_left(struct parser *p, struct block *b) {
    struct token name = p->now.token;
    if (name.type != TOKEN_KEY || !is_name(name.text)) {
        expected(p, "the name of a condition after $",
                 "a condition looks like $HTTP[\"host\"] == \"example.org\" { }");
        return BROKEN;
    }
    b->left = arena_copy(&p->tree->arena, name.text);
    b->left_place = place_of(p, name);
    advance(p);
    if (p->now.token.type != TOKEN_BRACKET_OPEN) {
        char hint[96], room[64];
        snprintf(hint, sizeof hint, "write $%.*s[\"...\"]", SPAN_ARG(shortened(name.text, room)));
        expected(p, "[", hint);
        return BROKEN;
    }
    advance(p);
    return PARSED;
}

/* An expression that has to be a string. */
static enum parsed parse_text(struct parser *p, const char *what, struct span *text,
                              struct place *at) {
    struct token t = p->now.token;
    struct value v;
    *at = place_of(p, t);
    enum parsed result = parse_expression(p, &v);
    if (result != PARSED) return result;
    *text = v.string;
    if (v.type == VALUE_STRING) return PARSED;
    const char *hint = v.type == VALUE_INT ? "put it in double quotes" : NULL;
    complain(p->complaints, COMPLAINT_ERROR, *at, t.length, hint, "%s has to be a string", what);
    return POISONED;
}

static enum parsed parse_item(struct parser *p, struct block *b) {
    struct token t = p->now.token;
    enum parsed result = parse_text(p, "what stands in [ ]", &b->item, &b->item_place);
    if (result == BROKEN) return BROKEN;
    if (p->now.token.type == TOKEN_BRACKET_CLOSE) {
        advance(p);
        return result;
    }
    if (t.type == TOKEN_BAD && t.bad == BAD_RUNAWAY) return BROKEN;
    if (t.type == TOKEN_STRING && span_find(t.text, ']') < t.text.n)
        complain_token(p, t, NULL, "the closing quote of this string is missing before ]");
    else expected(p, "]", NULL);
    return BROKEN;
}

static enum parsed parse_operator(struct parser *p, struct block *b) {
    static const char all[] =
        "a condition compares with == != =~ !~ =^ (starts with) or =$ (ends with)";
    struct token t = p->now.token;
    if (token_is_operator(t.type)) {
        b->op = (enum cond_op)(COND_EQ + (t.type - TOKEN_EQ));
        advance(p);
        return PARSED;
    }
    if (t.type == TOKEN_ASSIGN)
        complain_token(p, t, "write ==", "= assigns, a condition compares with ==");
    else if (t.type == TOKEN_BAD && t.bad != BAD_NOT) complain_bad(p, t);
    else if (t.type == TOKEN_BAD)
        complain(p->complaints, COMPLAINT_ERROR, place_of(p, t), 1, all, "! compares nothing");
    else expected(p, "a comparison", all);
    return BROKEN;
}

/* A line break may stand before the "{". */
static enum parsed parse_brace(struct parser *p, const char *what) {
    if (p->now.token.type == TOKEN_EOL && peek(p).type == TOKEN_BRACE_OPEN) advance(p);
    if (p->now.token.type == TOKEN_BRACE_OPEN) return PARSED;
    expected(p, what, NULL);
    return BROKEN;
}

static enum parsed worse(enum parsed a, enum parsed b) { return a > b ? a : b; }

/* From behind the "$" to the "{". */
static enum parsed parse_header(struct parser *p, struct block *b) {
    enum parsed result = parse_left(p, b);
    if (result != BROKEN) result = worse(result, parse_item(p, b));
    if (result != BROKEN) result = worse(result, parse_operator(p, b));
    bool unclosed = false;
    if (result != BROKEN) {
        struct token operand = p->now.token;
        unclosed = operand.type == TOKEN_BAD && operand.bad == BAD_RUNAWAY;
        result = worse(result, parse_text(p, "what a condition compares with", &b->operand,
                                          &b->operand_place));
    }
    if (unclosed && result == POISONED && p->now.token.type != TOKEN_BRACE_OPEN) return BROKEN;
    return result == BROKEN ? BROKEN : worse(result, parse_brace(p, "{ after the condition"));
}

/* At the "$". Returns the block that was read; a scratch block if the condition is broken. */
static struct block *parse_condition(struct parser *p, struct block *previous) {
    struct block like = {.previous = previous, .place = place_of(p, p->now.token)}, *b;
    advance(p);
    enum parsed result = parse_header(p, &like);
    if (result == BROKEN) {
        recover(p);
        return scratch_block(p);
    }
    b = result == PARSED ? open_block(p, &like) : scratch_block(p);
    parse_body(p, b);
    return b;
}

static bool takes_else(struct parser *p) {
    enum token_type type = p->now.token.type;
    if (type == TOKEN_EOL) {
        type = peek(p).type;
        if (type == TOKEN_ELSE || type == TOKEN_ELSE_IF) advance(p);
    }
    return type == TOKEN_ELSE || type == TOKEN_ELSE_IF;
}

/* At the word. Returns the block behind it; *final if it had no condition. */
static struct block *parse_else(struct parser *p, struct block *previous, bool *final) {
    struct token word = p->now.token;
    advance(p);
    if (p->now.token.type == TOKEN_DOLLAR) return parse_condition(p, previous);
    if (word.type == TOKEN_ELSE_IF) {
        expected(p, "a condition", "write else { } for a block without one");
        recover(p);
        return scratch_block(p);
    }
    *final = true;
    if (parse_brace(p, "{ or a condition after else") == BROKEN) {
        recover(p);
        return scratch_block(p);
    }
    struct block like = {.previous = previous, .op = COND_NONE, .place = place_of(p, word)};
    struct block *b = open_block(p, &like);
    parse_body(p, b);
    return b;
}

void parse_conditions(struct parser *p) {
    struct block *b = parse_condition(p, NULL);
    bool final = false;
    while (!p->stopped && takes_else(p)) {
        if (final)
            complain_token(p, p->now.token, NULL,
                           "nothing can follow an else without a condition: it is never reached");
        b = parse_else(p, final ? scratch_block(p) : b, &final);
    }
}

void parse_stray_else(struct parser *p) {
    bool final = false;
    complain_token(p, p->now.token, NULL, "there is no condition before this else");
    struct block *b = scratch_block(p);
    do b = parse_else(p, b, &final);
    while (!p->stopped && takes_else(p));
}
