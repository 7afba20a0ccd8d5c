/* parser.c - reads statements, from the first to the last one of a text */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "base/memory.h"
#include "conf/inputs.h"
#include "conf/parser.h"
#include "conf/show.h"

struct place place_of(const struct parser *p, struct token t) {
    return (struct place){p->now.source, t.offset};
}

void advance(struct parser *p) {
    p->now.last = p->now.token;
    p->now.token = lexer_next(&p->now.lexer);
}

struct token peek(const struct parser *p) {
    struct lexer ahead = p->now.lexer;
    return lexer_next(&ahead);
}

void stop(struct parser *p, struct place at, size_t width, const char *what) {
    if (!p->stopped) complain(p->complaints, COMPLAINT_ERROR, at, width, NULL, "%s", what);
    p->stopped = true;
}

/* Words that only look like statements, and everything else that starts none. */
static void complain_statement(struct parser *p) {
    static const char hint[] =
        "a line starts with a name, a condition, include, include_shell or global";
    struct token t = p->now.token;
    if (t.type == TOKEN_BRACE_OPEN) {
        complain_token(p, t, NULL, "there is no condition before this {");
        parse_body(p, scratch_block(p));
        return;
    }
    if (t.type == TOKEN_PAREN_CLOSE) complain_token(p, t, NULL, "there is no ( that this ) closes");
    else if (t.type == TOKEN_PLUS)
        complain_token(p, t, "put the + at the end of the line before",
                       "a line cannot start with +");
    else expected(p, "a statement", t.type == TOKEN_BAD ? NULL : hint);
    recover(p);
}

/* In another block than the current one, whatever it is. */
static void parse_global(struct parser *p) {
    advance(p);
    if (p->now.token.type == TOKEN_EOL && peek(p).type == TOKEN_BRACE_OPEN) advance(p);
    if (p->now.token.type == TOKEN_BRACE_OPEN) {
        parse_body(p, p->tree->blocks[0]);
        return;
    }
    expected(p, "{ after global", NULL);
    recover(p);
}

static void parse_statement(struct parser *p) {
    switch (p->now.token.type) {
    case TOKEN_EOL:
    case TOKEN_COMMA: advance(p); break;
    case TOKEN_KEY:
        if (starts_test(p)) parse_test(p);
        else parse_assignment(p);
        break;
    case TOKEN_DOLLAR: parse_conditions(p); break;
    case TOKEN_INCLUDE:
    case TOKEN_INCLUDE_SHELL: parse_include(p); break;
    case TOKEN_GLOBAL: parse_global(p); break;
    case TOKEN_ELSE:
    case TOKEN_ELSE_IF: parse_stray_else(p); break;
    default: complain_statement(p); break;
    }
}

/* To the end of the text, or to the "}" of the innermost block. */
static void parse_statements(struct parser *p) {
    while (!p->stopped && p->now.token.type != TOKEN_END) {
        struct token t = p->now.token;
        if (t.type != TOKEN_BRACE_CLOSE) {
            parse_statement(p);
            continue;
        }
        if (p->now.braces > 0) return;
        complain_token(p, t, NULL, "there is no { that this } closes");
        advance(p);
    }
}

static size_t indentation(struct span line) {
    size_t n = 0;
    while (n < line.n && (line.p[n] == ' ' || line.p[n] == '\t')) n++;
    return n;
}

/* The first "}" that stands under something else than the line of its "{" hints at the one that is
 * missing. */
static void note_misfit(struct parser *p, struct place open, struct token close) {
    if (p->now.misfit_open.source || !close.first || open.source != p->now.source) return;
    struct span text = p->now.source->text;
    struct span above = line_around(text, open.offset), here = line_around(text, close.offset);
    if (indentation(above) == indentation(here)) return;
    p->now.misfit_open = open;
    p->now.misfit_close = place_of(p, close);
}

static void complain_end(struct parser *p, struct place open) {
    if (p->now.end_told || p->stopped) return;
    p->now.end_told = true;
    complain(p->complaints, COMPLAINT_ERROR, open, 1, NULL, "the } that closes this { is missing");
    if (!p->now.misfit_open.source) return;
    complain(p->complaints, COMPLAINT_NOTE, p->now.misfit_open, 1, NULL,
             "or is it this one that is not closed?");
    complain(p->complaints, COMPLAINT_NOTE, p->now.misfit_close, 1, NULL,
             "this } closes it, but stands elsewhere");
}

void parse_inside(struct parser *p, struct block *block, struct place open) {
    struct block *outer = p->block;
    if (p->now.braces == DEEPEST_NESTING) {
        stop(p, open, 1, "blocks are nested deeper than 64 levels here");
        return;
    }
    p->block = block;
    p->now.braces++;
    parse_statements(p);
    p->now.braces--;
    p->block = outer;
    if (p->now.token.type == TOKEN_BRACE_CLOSE) {
        note_misfit(p, open, p->now.token);
        advance(p);
    } else {
        complain_end(p, open);
    }
}

void parse_body(struct parser *p, struct block *block) {
    struct place open = place_of(p, p->now.token);
    advance(p);
    parse_inside(p, block, open);
}

void parse_source(struct parser *p, struct span name, struct span text, struct place included_at) {
    struct reading outer = p->now;
    struct source_text *source = arena_get(&p->tree->arena, sizeof *source);
    if (span_starts(text, SPAN("\xef\xbb\xbf"))) text = span_from(text, 3); /* a byte order mark */
    *source = (struct source_text){name, text, included_at};
    p->now = (struct reading){.source = source, .lexer = lexer_of(text)};
    p->now.token = lexer_next(&p->now.lexer);
    parse_statements(p);
    p->now = outer;
}

static void add_built_ins(struct parser *p) {
    struct value pid = {.type = VALUE_INT, .number = inputs_pid(p->inputs)};
    struct value cwd = {.type = VALUE_STRING,
                        .string = arena_copy(&p->tree->arena, inputs_cwd(p->inputs))};
    assign_built_in(p, "var.PID", pid);
    assign_built_in(p, "var.CWD", cwd);
}

static void parse_main(struct parser *p, const char *name) {
    struct span text, why, shown = span_of(strcmp(name, "-") == 0 ? "stdin" : name);
    if (!inputs_file(p->inputs, name, &text, &why)) {
        complain(p->complaints, COMPLAINT_ERROR, (struct place){NULL, 0}, 0, NULL,
                 "cannot read %.*s: %.*s", SPAN_ARG(shown), SPAN_ARG(why));
        return;
    }
    struct arena *arena = &p->tree->arena;
    size_t slash = span_find_last(shown, '/');
    p->directory = arena_copy(arena, slash < shown.n ? span_upto(shown, slash + 1) : SPAN(""));
    p->text_bytes = text.n;
    parse_source(p, arena_copy(arena, shown), text, (struct place){NULL, 0});
}

struct conf_tree *conf_parse(struct inputs *inputs, struct complaints *complaints,
                             const char *name) {
    struct conf_tree *tree = memory_zeroed(1, sizeof *tree);
    struct parser p = {.inputs = inputs, .complaints = complaints, .tree = tree};
    p.block = arena_zeroed(&tree->arena, sizeof *p.block);
    p.block->text = SPAN("global");
    tree->blocks = arena_grow(&tree->arena, NULL, &tree->block_cap, 0, sizeof(struct block *));
    tree->blocks[tree->block_count++] = p.block;
    add_built_ins(&p);
    parse_main(&p, name);
    buf_done(&p.scratch);
    return tree;
}
