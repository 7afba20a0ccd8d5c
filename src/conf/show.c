/* show.c - bytes of a configuration made fit to be read */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "conf/show.h"

enum { WINDOW_BYTES = 100, WINDOW_BEFORE = 50 };

static bool is_tail(char c) { return ((unsigned char)c & 0xc0) == 0x80; }

/* RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF; C1 controls are not
 * printable. */
static size_t utf8_length(struct span s) {
    unsigned char a = (unsigned char)s.p[0], b = s.n > 1 ? (unsigned char)s.p[1] : 0;
    size_t n = a >= 0xf0 ? 4 : a >= 0xe0 ? 3 : 2;
    if (a < 0xc2 || a > 0xf4 || s.n < n) return 0;
    for (size_t i = 1; i < n; i++)
        if (!is_tail(s.p[i])) return 0;
    if ((a == 0xc2 && b < 0xa0) || (a == 0xe0 && b < 0xa0) || (a == 0xed && b > 0x9f)) return 0;
    if ((a == 0xf0 && b < 0x90) || (a == 0xf4 && b > 0x8f)) return 0;
    return n;
}

size_t show_length(struct span s) {
    unsigned char c = (unsigned char)s.p[0];
    if (c >= 0x80) return utf8_length(s);
    return (c >= 0x20 && c != 0x7f) || c == '\t';
}

size_t show_text(struct buf *out, struct span text) {
    size_t columns = 0;
    while (text.n) {
        size_t n = show_length(text);
        if (n == 0) {
            buf_printf(out, "\\x%02x", (unsigned char)text.p[0]);
            columns += 4;
            n = 1;
        } else {
            if (text.p[0] == '\t') buf_add_char(out, ' ');
            else buf_add(out, span_upto(text, n));
            columns++;
        }
        text = span_from(text, n);
    }
    return columns;
}

static bool ends_line(char c) { return c == '\n' || c == '\r'; }

struct span line_around(struct span text, size_t at) {
    if (at > text.n) at = text.n;
    size_t from = at, to = at;
    while (from > 0 && !ends_line(text.p[from - 1])) from--;
    while (to < text.n && !ends_line(text.p[to])) to++;
    return span_between(text.p + from, text.p + to);
}

/* A part of the line that holds byte `at` of it, cut between characters. */
static struct span window_around(struct span line, size_t at) {
    if (line.n <= WINDOW_BYTES) return line;
    size_t from = at > WINDOW_BEFORE ? at - WINDOW_BEFORE : 0;
    if (line.n - from < WINDOW_BYTES) from = line.n - WINDOW_BYTES;
    size_t to = from + WINDOW_BYTES;
    for (int i = 0; i < 3 && from > 0 && is_tail(line.p[from]); i++) from--;
    for (int i = 0; i < 3 && to < line.n && is_tail(line.p[to]); i++) to++;
    return span_between(line.p + from, line.p + to);
}

static void add_many(struct buf *out, char c, size_t n) {
    while (n-- > 0) buf_add_char(out, c);
}

void show_line(struct buf *out, struct span text, size_t at, size_t width) {
    struct span line = line_around(text, at);
    size_t column = (size_t)(text.p + at - line.p);
    struct span part = window_around(line, column);
    size_t skipped = (size_t)(part.p - line.p), left = part.n - (column - skipped);
    struct buf ignored = {NULL, 0, 0};
    struct span before = span_upto(part, column - skipped);
    struct span under = {text.p + at, width < left ? width : left};

    buf_add_text(out, "  ");
    if (skipped) buf_add_text(out, "...");
    show_text(out, part);
    if (part.p + part.n < line.p + line.n) buf_add_text(out, "...");
    buf_add_text(out, "\n  ");
    add_many(out, ' ', (skipped ? 3 : 0) + show_text(&ignored, before));
    buf_add_char(out, '^');
    size_t columns = show_text(&ignored, under);
    if (columns > 1) add_many(out, '~', columns - 1);
    buf_add_char(out, '\n');
    buf_done(&ignored);
}
