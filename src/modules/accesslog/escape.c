/* escape.c - values in a line of the access log, made harmless */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "http/uri.h"
#include "modules/accesslog/format.h"

/* How many bytes from the start are printable ASCII without quote and backslash. Sixteen at a time, in a form that
 * compilers turn into a few vector instructions: user agents are long. */
static size_t plain_length(struct span s) {
    size_t n = 0;
    for (; s.n - n >= 16; n += 16) {
        unsigned char odd = 0;
        for (unsigned i = 0; i < 16; i++) {
            unsigned char c = (unsigned char)s.p[n + i];
            odd |= (unsigned char)((c < 0x20) | (c > 0x7e) | (c == '"') | (c == '\\'));
        }
        if (odd) break;
    }
    for (; n < s.n; n++) {
        unsigned char c = (unsigned char)s.p[n];
        if (c < 0x20 || c > 0x7e || c == '"' || c == '\\') break;
    }
    return n;
}

void access_escape_default(struct buf *out, struct span s) {
    for (;;) {
        size_t n = plain_length(s);
        buf_add(out, span_upto(s, n));
        if (n == s.n) return;
        unsigned char c = (unsigned char)s.p[n];
        char *at = buf_room(out, 4);
        *at++ = '\\';
        if (c == '"' || c == '\\') {
            *at = (char)c;
            out->n += 2;
        } else {
            *at++ = 'x';
            *at++ = "0123456789ABCDEF"[c >> 4];
            *at = "0123456789ABCDEF"[c & 15];
            out->n += 4;
        }
        s = span_from(s, n + 1);
    }
}

void access_escape_json(struct buf *out, struct span s) {
    size_t n = plain_length(s);
    buf_add(out, span_upto(s, n));
    if (n < s.n) json_escape(out, span_from(s, n));
}
