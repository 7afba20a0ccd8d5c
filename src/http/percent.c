/* percent.c - percent-encoding (RFC 3986 2.1), both ways */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "http/names.h"
#include "http/uri.h"

static bool is_escape(struct span s, size_t at) {
    return s.p[at] == '%' && at + 2 < s.n && ascii_hex(s.p[at + 1]) >= 0 && ascii_hex(s.p[at + 2]) >= 0;
}

size_t percent_decode(struct span s, char *out) {
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++) {
        if (is_escape(s, i)) {
            out[n++] = (char)(ascii_hex(s.p[i + 1]) << 4 | ascii_hex(s.p[i + 2]));
            i += 2;
        } else {
            out[n++] = s.p[i];
        }
    }
    return n;
}

static bool stays(struct span s, size_t at, enum percent_keep keep) {
    uint8_t class = char_class[(unsigned char)s.p[at]];
    switch (keep) {
    case PERCENT_PATH: return (class & CHAR_PATH) != 0;
    case PERCENT_COMPONENT: return (class & CHAR_UNRESERVED) != 0;
    case PERCENT_NO_DOUBLE: return (class & CHAR_UNRESERVED) || is_escape(s, at);
    case PERCENT_COMPONENT_SLASH: return (class & CHAR_UNRESERVED) || s.p[at] == '/' || is_escape(s, at);
    }
    return false;
}

void percent_encode(struct buf *out, struct span s, enum percent_keep keep) {
    char *at = buf_room(out, s.n * 3);
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (stays(s, i, keep)) {
            *at++ = s.p[i];
            continue;
        }
        *at++ = '%';
        *at++ = "0123456789ABCDEF"[c >> 4];
        *at++ = "0123456789ABCDEF"[c & 15];
    }
    out->n = (size_t)(at - out->p);
}
