/* lexer.c - text of a configuration becomes tokens */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "conf/lexer.h"

#include "conf/show.h"

static const struct {
    struct span text;
    enum token_type type;
} keywords[] = {
    {SPAN_INIT("include"), TOKEN_INCLUDE}, {SPAN_INIT("include_shell"), TOKEN_INCLUDE_SHELL},
    {SPAN_INIT("global"), TOKEN_GLOBAL},   {SPAN_INIT("else"), TOKEN_ELSE},
    {SPAN_INIT("elif"), TOKEN_ELSE_IF},    {SPAN_INIT("elsif"), TOKEN_ELSE_IF},
    {SPAN_INIT("elseif"), TOKEN_ELSE_IF},
};

/* Longest first. */
static const struct {
    struct span text;
    enum token_type type;
    enum bad_token bad;
} signs[] = {
    {SPAN_INIT("=="), TOKEN_EQ, BAD_BYTE},           {SPAN_INIT("!="), TOKEN_NE, BAD_BYTE},
    {SPAN_INIT("=~"), TOKEN_MATCH, BAD_BYTE},        {SPAN_INIT("!~"), TOKEN_NOMATCH, BAD_BYTE},
    {SPAN_INIT("=^"), TOKEN_PREFIX, BAD_BYTE},       {SPAN_INIT("=$"), TOKEN_SUFFIX, BAD_BYTE},
    {SPAN_INIT("=>"), TOKEN_ARROW, BAD_BYTE},        {SPAN_INIT("+="), TOKEN_APPEND, BAD_BYTE},
    {SPAN_INIT(":="), TOKEN_REPLACE, BAD_BYTE},      {SPAN_INIT("!^"), TOKEN_BAD, BAD_NOT_FIX},
    {SPAN_INIT("!$"), TOKEN_BAD, BAD_NOT_FIX},       {SPAN_INIT("="), TOKEN_ASSIGN, BAD_BYTE},
    {SPAN_INIT("+"), TOKEN_PLUS, BAD_BYTE},          {SPAN_INIT("("), TOKEN_PAREN_OPEN, BAD_BYTE},
    {SPAN_INIT(")"), TOKEN_PAREN_CLOSE, BAD_BYTE},   {SPAN_INIT("{"), TOKEN_BRACE_OPEN, BAD_BYTE},
    {SPAN_INIT("}"), TOKEN_BRACE_CLOSE, BAD_BYTE},   {SPAN_INIT("["), TOKEN_BRACKET_OPEN, BAD_BYTE},
    {SPAN_INIT("]"), TOKEN_BRACKET_CLOSE, BAD_BYTE}, {SPAN_INIT(","), TOKEN_COMMA, BAD_BYTE},
    {SPAN_INIT("$"), TOKEN_DOLLAR, BAD_BYTE},        {SPAN_INIT("!"), TOKEN_BAD, BAD_NOT},
    {SPAN_INIT(":"), TOKEN_BAD, BAD_COLON},          {SPAN_INIT(";"), TOKEN_BAD, BAD_SEMICOLON},
    {SPAN_INIT("\0"), TOKEN_BAD, BAD_NUL},
};

/* Quotes that are none here, and what closes them. */
static const struct {
    struct span open, close;
} wrong_quotes[] = {
    {SPAN_INIT("'"), SPAN_INIT("'")},
    {SPAN_INIT("`"), SPAN_INIT("`")},
    {SPAN_INIT("\xe2\x80\x98"),
     SPAN_INIT("\xe2\x80\x99")}, /* typographic single, double, low double */
    {SPAN_INIT("\xe2\x80\x9c"), SPAN_INIT("\xe2\x80\x9d")},
    {SPAN_INIT("\xe2\x80\x9d"), SPAN_INIT("\xe2\x80\x9d")},
    {SPAN_INIT("\xe2\x80\x9e"), SPAN_INIT("\xe2\x80\x9c")},
};

#define COUNT(array) (sizeof(array) / sizeof *(array))

struct lexer lexer_of(struct span text) {
    return (struct lexer){text, 0, 0, true};
}

bool token_is_operator(enum token_type type) { return type >= TOKEN_EQ && type <= TOKEN_SUFFIX; }

bool token_is_assigning(enum token_type type) {
    return type == TOKEN_ASSIGN || type == TOKEN_APPEND || type == TOKEN_REPLACE;
}

static struct span rest_of(const struct lexer *x) { return span_from(x->text, x->at); }

static bool is_key_char(char c) {
    return (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z') || ascii_is_digit(c) || c == '.' ||
           c == '_' || c == '-';
}

static bool ends_line(char c) { return c == '\n' || c == '\r'; }

static bool skip_blank(struct lexer *x) {
    struct span rest = rest_of(x);
    if (rest.n && (rest.p[0] == ' ' || rest.p[0] == '\t')) x->at++;
    else if (span_starts(rest, SPAN("\xc2\xa0")))
        x->at += 2; /* U+00A0, from pages one copies examples from */
    else return false;
    return true;
}

/* Skips blanks and comments, and line ends where they mean nothing or more of them may follow. */
static void skip_blanks(struct lexer *x, bool lines) {
    for (;;) {
        while (skip_blank(x)) continue;
        if (x->at == x->text.n) return;
        char c = x->text.p[x->at];
        if (c == '#') {
            while (x->at < x->text.n && !ends_line(x->text.p[x->at])) x->at++;
        } else if (lines && ends_line(c)) {
            x->at++;
            x->first = true;
        } else {
            return;
        }
    }
}

/* Takes n bytes off as a token. */
static struct token take(struct lexer *x, enum token_type type, size_t n) {
    struct token t = {
        .type = type, .first = x->first, .offset = (unsigned)x->at, .length = (unsigned)n};
    t.text = span_upto(rest_of(x), n);
    x->at += n;
    x->first = false;
    return t;
}

static struct token take_bad(struct lexer *x, enum bad_token bad, size_t n) {
    struct token t = take(x, TOKEN_BAD, n);
    t.bad = bad;
    return t;
}

/* Behind a closing quote: can the language go on like this? If not, it is the opening quote of the
 * next string. */
static bool may_follow_string(struct span rest) {
    return rest.n == 0 || memchr(" \t\r\n,)]+={}#;$", rest.p[0], 14) ||
           span_starts(rest, SPAN("\xc2\xa0"));
}

/*
 * A string without a closing quote swallows all up to the next opening one. The guess: it should
 * have ended on its first line, before what closes an array or opens a block there.
 */
static struct token take_runaway(struct lexer *x, size_t end) {
    struct span rest = rest_of(x);
    size_t n = 1;
    while (n < rest.n && !ends_line(rest.p[n])) n++;
    while (n > 1 && memchr(" \t),{", rest.p[n - 1], 5)) n--;
    unsigned suspect = end < rest.n ? (unsigned)(x->at + end) : 0;
    struct token t = take_bad(x, BAD_RUNAWAY, n);
    t.suspect = suspect;
    return t;
}

static struct token take_string(struct lexer *x) {
    struct span rest = rest_of(x);
    size_t n = 1;
    bool lines = false;
    for (; n < rest.n && rest.p[n] != '"'; n++) {
        if (rest.p[n] == '\\' && n + 1 < rest.n && rest.p[n + 1] == '"') n++;
        lines = lines || ends_line(rest.p[n]);
    }
    if (n >= rest.n) return take_runaway(x, rest.n);
    if (lines && !may_follow_string(span_from(rest, n + 1))) return take_runaway(x, n);
    struct token t = take(x, TOKEN_STRING, n + 1);
    t.text = (struct span){t.text.p + 1, n - 1};
    return t;
}

static struct token take_number(struct lexer *x) {
    struct span rest = rest_of(x);
    size_t n = 0;
    int64_t number = 0;
    for (; n < rest.n && ascii_is_digit(rest.p[n]); n++)
        if (number <= INT32_MAX) number = number * 10 + (rest.p[n] - '0');
    size_t word = n;
    while (word < rest.n && is_key_char(rest.p[word])) word++;
    if (word > n) return take_bad(x, BAD_NUMBER, word);
    if (number > INT32_MAX) return take_bad(x, BAD_OVERFLOW, n);
    struct token t = take(x, TOKEN_INT, n);
    t.number = (int32_t)number;
    return t;
}

/* `if` before a condition on the same line is decoration. */
static bool is_decoration(const struct lexer *x, struct span word) {
    if (!span_is(word, SPAN("if"))) return false;
    struct lexer ahead = *x;
    ahead.at += word.n;
    while (skip_blank(&ahead)) continue;
    return ahead.at < ahead.text.n && ahead.text.p[ahead.at] == '$';
}

static struct token take_word(struct lexer *x) {
    struct span word = rest_of(x);
    size_t n = 0;
    while (n < word.n && is_key_char(word.p[n])) n++;
    word.n = n;
    if (is_decoration(x, word)) {
        x->at += n;
        skip_blanks(x, false);
        return take(x, TOKEN_DOLLAR, 1);
    }
    for (size_t i = 0; i < COUNT(keywords); i++)
        if (span_is(word, keywords[i].text)) return take(x, keywords[i].type, n);
    return take(x, TOKEN_KEY, n);
}

static struct token take_sign(struct lexer *x, size_t i) {
    struct token t = take(x, signs[i].type, signs[i].text.n);
    t.bad = signs[i].bad;
    if (t.type == TOKEN_PAREN_OPEN) x->parens++;
    if (t.type == TOKEN_PAREN_CLOSE && x->parens) x->parens--;
    return t;
}

/* Quotes of another language, up to their end on the same line; or a byte that starts nothing. */
static struct token take_odd(struct lexer *x) {
    struct span rest = rest_of(x);
    struct span line = line_around(x->text, x->at);
    rest.n = (size_t)(line.p + line.n - rest.p);
    if (rest.n == 0) rest.n = 1;
    for (size_t i = 0; i < COUNT(wrong_quotes); i++) {
        size_t open = wrong_quotes[i].open.n;
        if (!span_starts(rest, wrong_quotes[i].open)) continue;
        size_t at = span_search(span_from(rest, open), wrong_quotes[i].close) + open;
        return take_bad(x, BAD_QUOTES, at < rest.n ? at + wrong_quotes[i].close.n : open);
    }
    size_t n = show_length(rest);
    return take_bad(x, BAD_BYTE, n ? n : 1);
}

struct token lexer_next(struct lexer *x) {
    skip_blanks(x, x->parens > 0);
    struct span rest = rest_of(x);
    if (rest.n == 0) return take(x, TOKEN_END, 0);
    if (ends_line(rest.p[0])) {
        struct token t = take(x, TOKEN_EOL, 1);
        x->first = true;
        skip_blanks(x, true);
        return t;
    }
    if (rest.p[0] == '"') return take_string(x);
    if (ascii_is_digit(rest.p[0])) return take_number(x);
    if (is_key_char(rest.p[0])) return take_word(x);
    for (size_t i = 0; i < COUNT(signs); i++)
        if (span_starts(rest, signs[i].text)) return take_sign(x, i);
    return take_odd(x);
}
