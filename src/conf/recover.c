/* recover.c - goes on after a mistake, where what follows is likely to be right */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "conf/parser.h"
#include "conf/show.h"

enum { FAR_ENOUGH = 64 * 1024 }; /* bytes to look ahead for the ")" of an array */

/* Does a ")" come that closes the array we are in? Then its line `key = value` only took "=" for
 * "=>". */
static bool closes_later(struct parser *p) {
    struct lexer ahead = p->now.lexer;
    unsigned outside = ahead.parens - 1;
    if (p->now.token.offset < p->now.closes_at && p->now.closes_to == outside) return true;
    while (ahead.at - p->now.lexer.at < FAR_ENOUGH) {
        struct token t = lexer_next(&ahead);
        if (t.type == TOKEN_END || t.type == TOKEN_BRACE_OPEN || t.type == TOKEN_BRACE_CLOSE)
            return false;
        if (t.type != TOKEN_PAREN_CLOSE || ahead.parens != outside) continue;
        p->now.closes_at = t.offset;
        p->now.closes_to = outside;
        return true;
    }
    return false;
}

bool array_ends_here(struct parser *p) {
    struct token t = p->now.token;
    switch (t.type) {
    case TOKEN_END:
    case TOKEN_BRACE_OPEN:
    case TOKEN_BRACE_CLOSE: return true;
    case TOKEN_DOLLAR:
    case TOKEN_INCLUDE:
    case TOKEN_INCLUDE_SHELL:
    case TOKEN_GLOBAL:
    case TOKEN_ELSE:
    case TOKEN_ELSE_IF: return t.first;
    case TOKEN_KEY: return t.first && token_is_assigning(peek(p).type) && !closes_later(p);
    default: return false;
    }
}

/* leftover - what the rest of a broken line leaves open */
struct leftover {
    size_t end; /* where to go on */
    unsigned braces, parens;
};

/* Looks at bytes, not tokens: in a broken line nobody knows which quotes belong together. */
static struct leftover scan_line(struct span text, size_t at) {
    struct leftover left = {at, 0, 0};
    bool quoted = false;
    char final = 0;
    for (; left.end < text.n; left.end++) {
        char c = text.p[left.end];
        if (c == '\n' || c == '\r' || (c == '#' && !quoted)) break;
        if (c == '"' && (!quoted || text.p[left.end - 1] != '\\')) quoted = !quoted;
        if (c != ' ' && c != '\t') final = c;
        if (quoted) continue;
        if (c == '}' && left.braces == 0) return left;
        left.braces += c == '{';
        left.braces -= c == '}';
        left.parens += c == '(';
        left.parens -= c == ')' && left.parens;
    }
    if (quoted && final == '{') left.braces++;
    return left;
}

/* An array that starts in the broken line and goes on in the next ones. */
static void skip_array(struct parser *p) {
    do advance(p);
    while (p->now.lexer.parens > 0 && !array_ends_here(p));
    p->now.lexer.parens = 0;
    if (p->now.token.type == TOKEN_PAREN_CLOSE) advance(p);
}

void recover(struct parser *p) {
    struct place at = place_of(p, p->now.token);
    p->now.lexer.parens = 0;
    if (p->stopped || p->now.token.type == TOKEN_END || p->now.token.type == TOKEN_EOL) return;
    struct leftover left = scan_line(p->now.lexer.text, p->now.token.offset);
    p->now.lexer.at = left.end;
    p->now.lexer.parens = left.braces ? 0 : left.parens;
    if (p->now.lexer.parens) skip_array(p);
    else advance(p);
    for (unsigned i = 0; i < left.braces && i < DEEPEST_NESTING; i++)
        parse_inside(p, scratch_block(p), at);
}
