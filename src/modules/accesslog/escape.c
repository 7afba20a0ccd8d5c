/* escape.c - values in a line of the access log, made harmless */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "base/json.h"
#include "http/uri.h"
#include "modules/accesslog/format.h"

void access_escape_default(struct buf *out, struct span s) {
    for (;;) {
        size_t n = json_plain_length(s);
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
    size_t n = json_plain_length(s);
    buf_add(out, span_upto(s, n));
    if (n < s.n) json_escape(out, span_from(s, n));
}
