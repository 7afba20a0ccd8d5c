/* escape.c - text made safe for HTML and JSON; which bytes are UTF-8 */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "base/json.h"
#include "http/uri.h"

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
