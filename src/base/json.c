/* json.c - text and objects of JSON */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "base/json.h"

#include <stdbool.h>
#include <time.h>

/*
 *   00-7F | C2-DF t | E0 A0-BF t | E1-EC t t | ED 80-9F t | EE-EF t t | F0 90-BF t t | F1-F3 t t t | F4 80-8F t t
 * where t is 80-BF. The narrower second bytes shut out overlong forms, surrogates and what is beyond U+10FFFF.
 */
size_t utf8_length(struct span s) {
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

/* Sixteen at a time, in a form that compilers turn into a few vector instructions: user agents are long. */
size_t json_plain_length(struct span s) {
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

/* U+EF80 … U+EFFF: EE BE 80 … EE BF BF. They stand for bytes, so that their own have to be told from those. */
static bool stands_for_byte(struct span s) {
    return s.p[0] == '\xee' && (s.p[1] == '\xbe' || s.p[1] == '\xbf');
}

static void add_unit(struct buf *out, unsigned unit) {
    static const char digits[] = "0123456789abcdef";
    char text[] = {'\\', 'u', digits[unit >> 12], digits[unit >> 8 & 15], digits[unit >> 4 & 15], digits[unit & 15]};
    buf_add(out, (struct span){text, sizeof text});
}

static void add_control(struct buf *out, char c) {
    static const char short_of[] = "b\bf\fn\nr\rt\t";
    for (unsigned i = 1; i < sizeof short_of; i += 2) {
        if (short_of[i] != c) continue;
        buf_add_char(out, '\\');
        buf_add_char(out, short_of[i - 1]);
        return;
    }
    add_unit(out, (unsigned char)c);
}

void json_text(struct buf *out, struct span s) {
    for (;;) {
        size_t plain = json_plain_length(s);
        buf_add(out, span_upto(s, plain));
        s = span_from(s, plain);
        if (s.n == 0) return;
        unsigned char c = (unsigned char)s.p[0];
        size_t n = utf8_length(s);
        if (c == '"' || c == '\\') {
            buf_add_char(out, '\\');
            buf_add_char(out, (char)c);
        } else if (n == 1) {
            add_control(out, (char)c);
        } else if (n == 0 || (n == 3 && stands_for_byte(s))) {
            for (size_t i = 0; i < (n ? n : 1); i++) add_unit(out, 0xef00u + (unsigned char)s.p[i]);
        } else {
            buf_add(out, span_upto(s, n));
        }
        s = span_from(s, n ? n : 1);
    }
}

static void add_name(struct buf *out, const char *name) {
    if (out->n && out->p[out->n - 1] != '{') buf_add_char(out, ',');
    buf_add_char(out, '"');
    buf_add_text(out, name);
    buf_add(out, SPAN("\":"));
}

void json_add(struct buf *out, const char *name, struct span value) {
    add_name(out, name);
    buf_add_char(out, '"');
    json_text(out, value);
    buf_add_char(out, '"');
}

void json_add_number(struct buf *out, const char *name, uint64_t number) {
    add_name(out, name);
    buf_add_number(out, number);
}

static void add_padded(struct buf *out, unsigned number) {
    char text[] = {'.', (char)('0' + number / 100), (char)('0' + number / 10 % 10), (char)('0' + number % 10)};
    buf_add(out, (struct span){text, sizeof text});
}

void json_add_thousandths(struct buf *out, const char *name, uint64_t number) {
    json_add_number(out, name, number / 1000);
    add_padded(out, (unsigned)(number % 1000));
}

/* The text of a second is made once. */
void json_add_time(struct buf *out, const char *name, int64_t seconds, uint32_t ns) {
    static int64_t last_s = INT64_MIN;
    static char text[32];
    static size_t n;
    if (seconds != last_s) {
        time_t s = (time_t)seconds;
        struct tm tm;
        n = gmtime_r(&s, &tm) ? strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm) : 0;
        last_s = seconds;
    }
    add_name(out, name);
    buf_add_char(out, '"');
    buf_add(out, (struct span){text, n});
    add_padded(out, ns / 1000000 % 1000);
    buf_add(out, SPAN("Z\""));
}
