/* span.c - comparing and cutting borrowed bytes */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "base/span.h"

#include <stdint.h>

#include "base/memory.h"

bool span_is_ci(struct span a, struct span b) {
    if (a.n != b.n) return false;
    for (size_t i = 0; i < a.n; i++)
        if (ascii_lower(a.p[i]) != ascii_lower(b.p[i])) return false;
    return true;
}

bool span_starts_ci(struct span s, struct span prefix) {
    return s.n >= prefix.n && span_is_ci(span_upto(s, prefix.n), prefix);
}

bool span_ends_ci(struct span s, struct span suffix) {
    return s.n >= suffix.n && span_is_ci(span_from(s, s.n - suffix.n), suffix);
}

size_t span_find(struct span s, char c) {
    const char *at = s.n ? memchr(s.p, c, s.n) : NULL;
    return at ? (size_t)(at - s.p) : s.n;
}

size_t span_find_last(struct span s, char c) {
    for (size_t i = s.n; i > 0; i--)
        if (s.p[i - 1] == c) return i - 1;
    return s.n;
}

size_t span_search(struct span s, struct span what) {
    if (what.n == 0) return 0;
    for (size_t i = 0; i + what.n <= s.n; i++) {
        const char *at = memchr(s.p + i, what.p[0], s.n - what.n - i + 1);
        if (!at) break;
        i = (size_t)(at - s.p);
        if (memcmp(at, what.p, what.n) == 0) return i;
    }
    return s.n;
}

static uint64_t eight_bytes(const char *p) {
    uint64_t word;
    memcpy(&word, p, sizeof word);
    return word;
}

/* Four to seven bytes, some of them twice. */
static uint64_t few_bytes(struct span s) {
    uint32_t first, last;
    memcpy(&first, s.p, sizeof first);
    memcpy(&last, s.p + s.n - sizeof last, sizeof last);
    return (uint64_t)first << 32 | last;
}

/* Not 0 if one of eight bytes is below 0x20, or is 0x7f. */
static uint64_t controls_in(uint64_t word) {
    const uint64_t ones = UINT64_C(0x0101010101010101);
    uint64_t del = word ^ (ones * 0x7f);
    return (((word - ones * 0x20) & ~word) | ((del - ones) & ~del)) & (ones * 0x80);
}

bool span_has_control(struct span s) {
    uint64_t found = 0;
    if (s.n < 4) {
        for (size_t i = 0; i < s.n; i++) found |= (unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7f;
        return found;
    }
    if (s.n < sizeof found) return controls_in(few_bytes(s));
    for (size_t i = 0; i + sizeof found <= s.n; i += sizeof found) found |= controls_in(eight_bytes(s.p + i));
    return found | controls_in(eight_bytes(s.p + s.n - sizeof found)); /* the rest, and some of them once more */
}

bool span_next(struct span *rest, char sep, struct span *part) {
    if (!rest->p) return false;
    size_t at = span_find(*rest, sep);
    *part = span_upto(*rest, at);
    *rest = at < rest->n ? span_from(*rest, at + 1) : (struct span){NULL, 0};
    return true;
}

int span_compare(struct span a, struct span b) {
    size_t n = a.n < b.n ? a.n : b.n;
    int order = n ? memcmp(a.p, b.p, n) : 0;
    return order ? order : (a.n > b.n) - (a.n < b.n);
}

char *span_dup(struct span s) {
    char *text = memory_get(s.n + 1);
    if (s.n) memcpy(text, s.p, s.n);
    text[s.n] = '\0';
    return text;
}
