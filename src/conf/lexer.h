/* lexer.h - text of a configuration becomes tokens */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_CONF_LEXER_H
#define GOLDCREST_CONF_LEXER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

enum token_type {
    TOKEN_END,
    TOKEN_EOL, /* one for a run of line ends, blanks and comments; none inside ( ) */
    TOKEN_STRING,
    TOKEN_INT,
    TOKEN_KEY,
    TOKEN_ASSIGN,  /* =  */
    TOKEN_APPEND,  /* += */
    TOKEN_REPLACE, /* := */
    TOKEN_PLUS,
    TOKEN_ARROW, /* => */
    TOKEN_EQ,    /* ==, and the others in the order of enum cond_op */
    TOKEN_NE,
    TOKEN_MATCH,
    TOKEN_NOMATCH,
    TOKEN_PREFIX,
    TOKEN_SUFFIX,
    TOKEN_PAREN_OPEN,
    TOKEN_PAREN_CLOSE,
    TOKEN_BRACE_OPEN,
    TOKEN_BRACE_CLOSE,
    TOKEN_BRACKET_OPEN,
    TOKEN_BRACKET_CLOSE,
    TOKEN_COMMA,
    TOKEN_DOLLAR,
    TOKEN_INCLUDE,
    TOKEN_INCLUDE_SHELL,
    TOKEN_GLOBAL,
    TOKEN_ELSE,
    TOKEN_ELSE_IF,
    TOKEN_BAD
};

enum bad_token {
    BAD_BYTE, /* a byte that starts nothing */
    BAD_NUL,
    BAD_SEMICOLON,
    BAD_COLON,
    BAD_NOT,     /* "!" without "=" or "~" */
    BAD_NOT_FIX, /* "!^", "!$" */
    BAD_NUMBER,  /* 80abc, 10.0.0.1 */
    BAD_OVERFLOW,
    BAD_QUOTES, /* 'single' or typographic quotes; the token holds both */
    BAD_RUNAWAY /* a string whose closing quote is missing */
};

/* token - borrowed bytes of the text; `text` of a string is what stands between the quotes, escapes
 * and all */
struct token {
    enum token_type type;
    enum bad_token bad;
    bool first; /* nothing but blanks before it on its line */
    unsigned offset;
    unsigned length; /* with the quotes */
    struct span text;
    int32_t number;
    unsigned suspect; /* BAD_RUNAWAY: where it would end, the next opening quote; 0: nowhere */
};

/* lexer - small, and copied to look further ahead */
struct lexer {
    struct span text;
    size_t at;
    unsigned parens; /* open ones */
    bool first;
};

struct lexer lexer_of(struct span text); /* at most 32 MiB */
struct token lexer_next(struct lexer *lexer);

bool token_is_operator(enum token_type type);  /* == != =~ !~ =^ =$ */
bool token_is_assigning(enum token_type type); /* = += := */

#endif
