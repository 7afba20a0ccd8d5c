/* parser.h - what the parts of the parser share; nobody else includes this */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_CONF_PARSER_H
#define GOLDCREST_CONF_PARSER_H

#include <limits.h>

#include "conf/complain.h"
#include "conf/index.h"
#include "conf/lexer.h"
#include "conf/tree.h"

/*
 * One mistake, one message. A part that found a mistake says so, then returns
 *   POISONED  the text is understood but the value is unusable: go on, and be silent about what
 * follows from it BROKEN    the rest of the line is not understood: recover() finds the place to go
 * on Names that got no value are remembered as poisoned, and a block whose condition is broken is
 * read into a scratch block, which is not in the tree.
 */
enum parsed { PARSED, POISONED, BROKEN };

enum {
    DEEPEST_INCLUDE = 32,
    DEEPEST_NESTING = 64,                /* of ( ) and of { } */
    MOST_TEXT_BYTES = 32 * 1024 * 1024,  /* read, all files together */
    MOST_MADE_BYTES = 128 * 1024 * 1024, /* made by + and += */
    FIRST_SCRATCH = INT_MAX              /* numbers of scratch blocks start here */
};

/* reading - where the parser is in one source; saved and restored around an include */
struct reading {
    const struct source_text *source;
    struct lexer lexer;
    struct token token;       /* the one to be looked at */
    struct token last;        /* the one before it */
    unsigned braces;          /* open ones */
    bool end_told;            /* the missing brace was complained of */
    struct place misfit_open; /* the innermost { whose } stands under something else, and that } */
    struct place misfit_close;
    size_t closes_at; /* array_ends_here() found a ")" there, the one that leaves this many open */
    unsigned closes_to;
};

struct parser {
    struct inputs *inputs;
    struct complaints *complaints;
    struct conf_tree *tree;
    struct block *block;   /* where assignments go */
    struct span directory; /* of the main file, with the slash; empty: the working directory */
    struct reading now;
    struct index keys;     /* block number, key: index of the assignment */
    struct index blocks;   /* parent, "previous text": index of the block */
    struct index poisoned; /* 0, key */
    struct buf scratch;
    size_t text_bytes, made_bytes;
    unsigned scratch_blocks;
    unsigned nesting; /* of arrays */
    bool stopped;     /* a limit was hit: no more is read */
};

/* parser.c */
struct place place_of(const struct parser *p, struct token t);
void advance(struct parser *p);
struct token peek(const struct parser *p); /* the token after p->now.token */
void parse_source(struct parser *p, struct span name, struct span text, struct place included_at);
void parse_body(struct parser *p, struct block *block); /* at its "{", to behind its "}" */
void parse_inside(struct parser *p, struct block *block,
                  struct place open); /* the same, from behind the "{" */
void stop(struct parser *p, struct place at, size_t width, const char *what);

/* mistake.c: each complains once, of the token to be looked at */
void expected(struct parser *p, const char *what, const char *hint);
void complain_token(struct parser *p, struct token t, const char *hint, const char *message);
bool token_is_value_like(struct token t); /* bad, but it stands for a value */
void complain_bad(struct parser *p, struct token t);
struct span shortened(struct span word, char room[static 64]); /* for messages */

/* recover.c */
bool array_ends_here(
    struct parser *p); /* in ( ): what comes belongs to the next statement, so a ")" is missing */
void recover(struct parser *p); /* to the end of the line or to the "}" in it; reads a block that
                                   starts there */

/* expression.c */
enum parsed parse_expression(struct parser *p, struct value *v);
void skip_line_break(struct parser *p); /* behind "=" and "+" a value may stand on the next line */

/* merge.c */
bool array_add(struct parser *p, struct value *array, struct element e);
bool array_has(const struct value *array, struct span key, size_t *at);
bool merge(struct parser *p, struct value *a, const struct value *b, struct place at, size_t width);
bool charge(struct parser *p, size_t bytes, struct place at);
struct span int_text(struct parser *p, int32_t number);
size_t value_weight(const struct value *v); /* bytes it takes when printed, about */
unsigned value_depth(const struct value *v);

/* assign.c */
struct assignment *key_visible(struct parser *p, struct span key);
struct span key_name(struct parser *p, struct span word); /* "x" is var.x */
struct span key_shown(struct span key);                   /* and the other way round */
void poison(struct parser *p, struct span key);
void parse_assignment(struct parser *p);
void finish_line(struct parser *p); /* complains of what cannot follow a statement on its line */
void assign_built_in(struct parser *p, const char *key, struct value v);
const char *suggest_key(struct parser *p,
                        struct span word); /* a name that can be seen from here, or NULL */

/* condition.c */
bool block_is_scratch(const struct block *b);
struct block *scratch_block(struct parser *p);
void parse_conditions(struct parser *p);
void parse_stray_else(struct parser *p);

/* test.c */
bool starts_test(struct parser *p);
void parse_test(struct parser *p);

/* include.c */
void parse_include(struct parser *p);

#endif
