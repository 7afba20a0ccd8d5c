/* mistake.c - what is wrong with a token, in words */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <stdio.h>

#include "conf/parser.h"

static const struct {
    const char *message, *hint;
} bad_tokens[] = {
    [BAD_BYTE] = {"this character means nothing here", "text goes in double quotes: \"...\""},
    [BAD_NUL] = {"there is a NUL byte in the text", "is this really a configuration file?"},
    [BAD_SEMICOLON] = {"there is no ; in this language", "the end of the line ends an assignment"},
    [BAD_COLON] = {"there is no : in this language", "values are assigned with =, in ( ) with =>"},
    [BAD_NOT] = {"! means something only in != and !~", NULL},
    [BAD_NOT_FIX] = {"only == and =~ can be negated, as != and !~",
                     "write the opposite with =^ or =$ and an else block"},
    [BAD_NUMBER] = {"this is neither a number nor a name",
                    "a number has digits only; text goes in double quotes"},
    [BAD_OVERFLOW] = {"this number is too large", "the largest one is 2147483647"},
    [BAD_QUOTES] = {"strings stand in double quotes", "write \"...\""},
    [BAD_RUNAWAY] = {"the closing quote of this string is missing", NULL},
};

static const char *const token_names[] = {
    [TOKEN_END] = "the end of the file",
    [TOKEN_EOL] = "the end of the line",
    [TOKEN_STRING] = "a string",
    [TOKEN_INT] = "a number",
};

static bool starts_statement(enum token_type type) {
    return type == TOKEN_KEY || (type >= TOKEN_INCLUDE && type <= TOKEN_ELSE_IF);
}

/* Long ones are cut; quoted in messages, so no line break gets in. */
struct span shortened(struct span word, char room[static 64]) {
    if (word.n < 60) return word;
    memcpy(room, word.p, 56);
    memcpy(room + 56, "...", 3);
    return (struct span){room, 59};
}

bool token_is_value_like(struct token t) { return t.type == TOKEN_BAD && t.bad >= BAD_NUMBER; }

void complain_bad(struct parser *p, struct token t) {
    const char *hint = bad_tokens[t.bad].hint;
    complain(p->complaints, COMPLAINT_ERROR, place_of(p, t), t.length, hint, "%s",
             bad_tokens[t.bad].message);
    if (t.bad != BAD_RUNAWAY || !t.suspect) return;
    struct place at = {p->now.source, t.suspect};
    complain(p->complaints, COMPLAINT_NOTE, at, 1, NULL, "without it the string runs up to here");
}

void complain_token(struct parser *p, struct token t, const char *hint, const char *message) {
    if (t.type == TOKEN_BAD) complain_bad(p, t);
    else complain(p->complaints, COMPLAINT_ERROR, place_of(p, t), t.length, hint, "%s", message);
}

void expected(struct parser *p, const char *what, const char *hint) {
    struct token t = p->now.token;
    char message[160], room[64];
    if (t.type == TOKEN_BAD) {
        complain_bad(p, t);
        return;
    }
    struct span word = shortened(t.text, room);
    if (t.type <= TOKEN_INT)
        snprintf(message, sizeof message, "expected %s, found %s", what, token_names[t.type]);
    else if (starts_statement(t.type))
        snprintf(message, sizeof message, "expected %s, found the word %.*s", what, SPAN_ARG(word));
    else snprintf(message, sizeof message, "expected %s, found %.*s", what, SPAN_ARG(word));
    complain_token(p, t, hint, message);
}
