/* names.h - methods, statuses and field names as numbers, from the tables method.def, status.def, header.def */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_HTTP_NAMES_H
#define GOLDCREST_HTTP_NAMES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

enum method {
    METHOD_OTHER, /* a token that is not in the table: the request keeps its text */
#define METHOD(id, text, flags) METHOD_##id,
#include "http/method.def"
#undef METHOD
    METHOD_COUNT
};

enum { METHOD_SAFE = 1, METHOD_IDEMPOTENT = 2 }; /* RFC 9110 9.2 */

enum method method_find(struct span text); /* case-sensitive (RFC 9110 9.1) */
struct span method_name(enum method m);    /* empty for METHOD_OTHER */
unsigned method_flags(enum method m);

/* The reason phrase of a status ("Not Found"), "" if the number has none. */
struct span status_reason(int status);
/* What went wrong, for a person: one sentence for the error page; "" where the table has none. */
struct span status_explanation(int status);

enum header {
    HEADER_OTHER, /* not in the table: compare the name's text */
#define HEADER(id, text, flags) HEADER_##id,
#include "http/header.def"
#undef HEADER
    HEADER_COUNT
};

enum {
    HEADER_SINGLE = 1,     /* not a list: a second one with another value is an error where it matters */
    HEADER_HOP_BY_HOP = 2, /* not forwarded (RFC 9110 7.6.1) */
    HEADER_NO_TRAILER = 4  /* not accepted in trailers (RFC 9110 6.5.1) */
};

enum header header_find(struct span name); /* in any case */
struct span header_name(enum header h);    /* "Content-Type"; empty for HEADER_OTHER */

extern const uint8_t header_flag_bits[HEADER_COUNT];
static inline unsigned header_flags(enum header h) {
    return header_flag_bits[h];
}

/* Where header_find() starts to look in its table of HEADER_SLOTS places; for the test that checks the table. */
enum { HEADER_SLOTS = 512 };
unsigned header_slot(struct span name);

/* Character classes, RFC 9110 5.6.2 and 5.5: bits of char_class[byte]. */
enum {
    CHAR_TOKEN = 1,
    CHAR_FIELD = 2,      /* VCHAR, obs-text, SP, HTAB */
    CHAR_TARGET = 4,     /* what a request target may hold */
    CHAR_UNRESERVED = 8, /* RFC 3986 2.3 */
    CHAR_PATH = 16,      /* pchar without "%", and "/" */
    CHAR_URI = 32,       /* stands in a normalised target as it is: pchar without "%", "/", "?", "[", "]" */
    CHAR_HOST = 64       /* stands in a normalised host name: lower-case letters, digits, "-", "_" */
};
extern const uint8_t char_class[256];
bool is_token(struct span s);

#endif
