/* span.h - borrowed bytes: a pointer and a length, never freed, never changed */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_SPAN_H
#define GOLDCREST_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* span - bytes that belong to somebody who lives at least as long; not terminated by NUL */
struct span {
    const char *p;
    size_t n;
};

#define SPAN(literal) ((struct span){"" literal, sizeof(literal) - 1}) /* of a string literal */
#define SPAN_INIT(literal) {"" literal, sizeof(literal) - 1}           /* the same as an initialiser */
#define SPAN_ARG(s) (int)(s).n, (s).p                                  /* for "%.*s" */

static inline struct span span_of(const char *text) {
    return (struct span){text, text ? strlen(text) : 0};
}

static inline struct span span_between(const char *from, const char *to) {
    return (struct span){from, (size_t)(to - from)};
}

static inline bool span_is(struct span a, struct span b) {
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static inline bool span_starts(struct span s, struct span prefix) {
    return s.n >= prefix.n && (prefix.n == 0 || memcmp(s.p, prefix.p, prefix.n) == 0);
}

static inline bool span_ends(struct span s, struct span suffix) {
    return s.n >= suffix.n && (suffix.n == 0 || memcmp(s.p + s.n - suffix.n, suffix.p, suffix.n) == 0);
}

/* Without the first (span_from) or only the first n bytes (span_upto); n is at most s.n. */
static inline struct span span_from(struct span s, size_t n) {
    return (struct span){s.p + n, s.n - n};
}

static inline struct span span_upto(struct span s, size_t n) {
    return (struct span){s.p, n};
}

/* ASCII only, whatever the locale. */
static inline char ascii_lower(char c) {
    return (c >= 'A' && c <= 'Z') ? (char)(c | 0x20) : c;
}

static inline bool ascii_is_digit(char c) {
    return c >= '0' && c <= '9';
}

/* The value of a hexadecimal digit, or -1. */
static inline int ascii_hex(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    c = ascii_lower(c);
    return (c >= 'a' && c <= 'f') ? c - 'a' + 10 : -1;
}

bool span_is_ci(struct span a, struct span b);
bool span_starts_ci(struct span s, struct span prefix);
bool span_ends_ci(struct span s, struct span suffix);

/* Position of the first or last c, or s.n. */
size_t span_find(struct span s, char c);
size_t span_find_last(struct span s, char c);

/* Position of the first occurrence of what, or s.n. */
size_t span_search(struct span s, struct span what);

/* Without the bytes of " \t" at both ends (OWS, RFC 9110 5.6.3). */
static inline struct span span_trim(struct span s) {
    for (; s.n > 0 && (s.p[0] == ' ' || s.p[0] == '\t'); s.n--) s.p++;
    while (s.n > 0 && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t')) s.n--;
    return s;
}

/* Is there a control character, HTAB included (00-1F, 7F)? */
bool span_has_control(struct span s);

/* Takes what stands before the next sep off *rest (all of it if there is no sep). False when *rest is used up. */
bool span_next(struct span *rest, char sep, struct span *part);

/* <0, 0, >0 as memcmp, shorter first. */
int span_compare(struct span a, struct span b);

/* A NUL-terminated copy, malloc'd; never NULL (memory is checked in base/memory). */
char *span_dup(struct span s);

#endif
