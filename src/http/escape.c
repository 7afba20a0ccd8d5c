/* escape.c - text made safe for HTML and JSON; which bytes are UTF-8 */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "http/uri.h"

/*
 * How many bytes the character at s has, 0 if it is not UTF-8 (RFC 3629):
 *   00-7F | C2-DF t | E0 A0-BF t | E1-EC t t | ED 80-9F t | EE-EF t t | F0 90-BF t t | F1-F3 t t t | F4 80-8F t t
 * where t is 80-BF. The narrower second bytes shut out overlong forms, surrogates and what is beyond U+10FFFF.
 */
static size_t utf8_length(struct span s) {
    const unsigned char *p = (const unsigned char *)s.p;
    unsigned low = 0x80, high = 0xbf;
    size_t n;
    if (p[0] < 0x80) return 1;
    if (p[0] < 0xc2 || p[0] > 0xf4) return 0;
    n = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
    if (s.n < n) return 0;
    if (p[0] == 0xe0) low = 0xa0;
    if (p[0] == 0xed) high = 0x9f;
    if (p[0] == 0xf0) low = 0x90;
    if (p[0] == 0xf4) high = 0x8f;
    if (p[1] < low || p[1] > high) return 0;
    for (size_t i = 2; i < n; i++)
        if (p[i] < 0x80 || p[i] > 0xbf) return 0;
    return n;
}

bool utf8_is_valid(struct span s) {
    while (s.n > 0) {
        size_t n = utf8_length(s);
        if (n == 0) return false;
        s = span_from(s, n);
    }
    return true;
}

void html_escape(struct buf *out, struct span s) {
    for (size_t i = 0; i < s.n; i++) {
        switch (s.p[i]) {
        case '&': buf_add_text(out, "&amp;"); break;
        case '<': buf_add_text(out, "&lt;"); break;
        case '>': buf_add_text(out, "&gt;"); break;
        case '"': buf_add_text(out, "&quot;"); break;
        case '\'': buf_add_text(out, "&#39;"); break;
        default: buf_add_char(out, s.p[i]);
        }
    }
}

void json_escape(struct buf *out, struct span s) {
    while (s.n > 0) {
        size_t n = utf8_length(s);
        char c = s.p[0];
        if (n == 0) buf_add_text(out, "\xef\xbf\xbd");
        else if (c == '"' || c == '\\') buf_printf(out, "\\%c", c);
        else if ((unsigned char)c < 0x20 || c == 0x7f) buf_printf(out, "\\u%04x", (unsigned)c);
        else buf_add(out, span_upto(s, n));
        s = span_from(s, n ? n : 1);
    }
}
