/* assign.c - key = value, key += value, key := value: what they do to a block */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <stdio.h>

#include "conf/parser.h"

struct span key_name(struct parser *p, struct span word) {
    bool bare = span_find(word, '.') == word.n;
    return arena_join(&p->tree->arena, bare ? SPAN("var.") : SPAN(""), word);
}

struct span key_shown(struct span key) {
    if (!span_starts(key, SPAN("var."))) return key;
    struct span name = span_from(key, 4);
    return span_find(name, '.') == name.n ? name : key;
}

void poison(struct parser *p, struct span key) {
    size_t ignored;
    if (!index_get(&p->poisoned, 0, key, &ignored))
        index_put(&p->poisoned, &p->tree->arena, 0, key, 0);
}

static bool is_poisoned(const struct parser *p, struct span key) {
    size_t ignored;
    return index_get(&p->poisoned, 0, key, &ignored);
}

static struct assignment *key_in(struct parser *p, const struct block *block, struct span key) {
    size_t at;
    return index_get(&p->keys, block->number, key, &at) ? &block->assignments[at] : NULL;
}

struct assignment *key_visible(struct parser *p, struct span key) {
    for (const struct block *b = p->block; b; b = b->parent) {
        struct assignment *a = key_in(p, b, key);
        if (a) return a;
    }
    return NULL;
}

static void key_add(struct parser *p, struct span key, struct place at, const struct value *v) {
    struct block *b = p->block;
    struct arena *arena = &p->tree->arena;
    b->assignments = arena_grow(arena, b->assignments, &b->assignment_cap, b->assignment_count,
                                sizeof *b->assignments);
    index_put(&p->keys, arena, b->number, key, b->assignment_count);
    b->assignments[b->assignment_count++] = (struct assignment){key, at, *v};
}

void assign_built_in(struct parser *p, const char *key, struct value v) {
    key_add(p, span_of(key), (struct place){NULL, 0}, &v);
}

/* statement - `key op value` on its way into the block */
struct statement {
    struct token word, op;
    struct span key;
    struct value value;
};

/* The key as it was written there, with or without its "var.". */
static size_t key_width(const struct assignment *a) {
    struct span text = a->place.source->text;
    return span_starts(span_from(text, a->place.offset), a->key) ? a->key.n : key_shown(a->key).n;
}

static void complain_twice(struct parser *p, const struct statement *s,
                           const struct assignment *first) {
    char room[64];
    struct place at = place_of(p, s->word);
    struct span shown = shortened(s->word.text, room);
    if (!first->place.source) {
        complain(p->complaints, COMPLAINT_ERROR, at, s->word.length, NULL,
                 "%.*s is built in and cannot be assigned", SPAN_ARG(shown));
        return;
    }
    complain(p->complaints, COMPLAINT_ERROR, at, s->word.length,
             "to replace the value write :=, to add to it +=",
             "%.*s is assigned twice in the same block", SPAN_ARG(shown));
    complain(p->complaints, COMPLAINT_NOTE, first->place, key_width(first), NULL,
             "it is here first");
}

static bool append(struct parser *p, const struct statement *s, struct value *to) {
    return merge(p, to, &s->value, place_of(p, s->op), s->op.length);
}

static void assign(struct parser *p, const struct statement *s) {
    struct assignment *own = key_in(p, p->block, s->key);
    struct place at = place_of(p, s->word);
    if (!charge(p, value_weight(&s->value), at)) return;
    if (s->op.type == TOKEN_ASSIGN && own) {
        complain_twice(p, s, own);
    } else if (s->op.type == TOKEN_REPLACE && own) {
        *own = (struct assignment){own->key, at, s->value};
    } else if (s->op.type == TOKEN_APPEND && own) {
        append(p, s, &own->value);
    } else if (s->op.type == TOKEN_APPEND && key_visible(p, s->key)) {
        struct value inherited = key_visible(p, s->key)->value;
        if (append(p, s, &inherited)) key_add(p, s->key, at, &inherited);
        else poison(p, s->key);
    } else {
        key_add(p, s->key, at, &s->value);
    }
}

static const char *const statement_words[] = {"include", "include_shell", "global",
                                              "else",    "elseif",        NULL};

static const char *statement_word(void *arg, size_t i) {
    (void)arg;
    return statement_words[i];
}

/* The word is followed by something that assigns nothing. */
static void complain_operator(struct parser *p, struct token word) {
    struct token t = p->now.token;
    char hint[HINT_BYTES], message[128], room[64];
    struct span shown = shortened(word.text, room);
    const char *near = did_you_mean(word.text, statement_word, NULL);
    snprintf(hint, sizeof hint, "write %.*s = ...", SPAN_ARG(shown));
    if (near && (t.type == TOKEN_STRING || t.type == TOKEN_BRACE_OPEN || t.type == TOKEN_DOLLAR)) {
        hint_near(hint, near, NULL);
        snprintf(message, sizeof message, "%.*s is no statement", SPAN_ARG(shown));
        complain_token(p, word, hint, message);
        return;
    }
    snprintf(message, sizeof message, "expected = after %.*s, found a colon", SPAN_ARG(shown));
    if (t.type == TOKEN_BAD && t.bad == BAD_COLON)
        complain(p->complaints, COMPLAINT_ERROR, place_of(p, t), 1, hint, "%s", message);
    else if (t.type == TOKEN_EQ) complain_token(p, t, hint, "== compares, = assigns");
    else if (t.type == TOKEN_ARROW) complain_token(p, t, hint, "=> assigns inside ( ) only");
    else {
        snprintf(message, sizeof message, "= after %.*s", SPAN_ARG(shown));
        expected(p, message, hint);
    }
}

void finish_line(struct parser *p) {
    struct token t = p->now.token, last = p->now.last;
    bool both_words = t.type == TOKEN_KEY && last.type == TOKEN_KEY;
    if (p->stopped || t.first || t.type <= TOKEN_EOL || t.type == TOKEN_BRACE_CLOSE ||
        t.type == TOKEN_COMMA)
        return;
    if ((t.type == TOKEN_KEY && !both_words) || (t.type >= TOKEN_DOLLAR && t.type <= TOKEN_ELSE_IF))
        return;
    if (t.type == TOKEN_BAD && t.bad == BAD_SEMICOLON) {
        complain_bad(p, t);
        advance(p);
        return;
    }
    if (t.type == TOKEN_STRING && last.type == TOKEN_STRING)
        complain_token(p, t, "join them with +, or make a list of them: ( \"a\", \"b\" )",
                       "two strings in a row");
    else if (both_words) complain_token(p, t, "join values with +", "two names in a row");
    else if (t.type == TOKEN_PAREN_CLOSE)
        complain_token(p, t, NULL, "there is no ( that this ) closes");
    else expected(p, "the end of the line", NULL);
    recover(p);
}

void parse_assignment(struct parser *p) {
    struct statement s = {.word = p->now.token};
    s.key = key_name(p, s.word.text);
    advance(p);
    s.op = p->now.token;
    if (!token_is_assigning(s.op.type)) {
        complain_operator(p, s.word);
        poison(p, s.key);
        recover(p);
        return;
    }
    if (span_starts(s.key, SPAN("env.")))
        complain_token(p, s.word, "use a variable of your own",
                       "variables of the environment cannot be assigned");
    advance(p);
    skip_line_break(p);
    enum parsed result = parse_expression(p, &s.value);
    if (result == PARSED && !span_starts(s.key, SPAN("env.")) &&
        !(s.op.type == TOKEN_APPEND && is_poisoned(p, s.key)))
        assign(p, &s);
    else poison(p, s.key);
    if (result == BROKEN) recover(p);
    else finish_line(p);
}

/* naming - walks over the names that can be seen from a block */
struct naming {
    const struct block *block;
    size_t before; /* names in the blocks already left */
};

static const char *visible_name(void *arg, size_t i) {
    struct naming *n = arg;
    while (n->block && i - n->before >= n->block->assignment_count) {
        n->before += n->block->assignment_count;
        n->block = n->block->parent;
    }
    if (!n->block) return NULL;
    return key_shown(n->block->assignments[i - n->before].key).p;
}

const char *suggest_key(struct parser *p, struct span word) {
    struct naming n = {p->block, 0};
    return did_you_mean(key_shown(word), visible_name, &n); /* keys are followed by a NUL */
}
