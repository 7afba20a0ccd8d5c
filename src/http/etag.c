/* etag.c - entity tags: made from a file's state, compared, taken off a list */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "http/etag.h"

/* Spreads every bit over the whole word, so that neighbouring inodes and times have tags that tell nothing. */
static uint64_t mixed(uint64_t x) {
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

size_t etag_make(char out[ETAG_MAX_BYTES], uint64_t inode, uint64_t size, int64_t mtime_s, uint32_t mtime_ns) {
    static const uint64_t step = UINT64_C(0x9e3779b97f4a7c15);
    const uint64_t parts[] = {inode, size, (uint64_t)mtime_s, mtime_ns};
    uint64_t hash = 0;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        hash = mixed(hash + step + mixed(parts[i] + (i + 1) * step));

    size_t n = 0;
    out[n++] = '"';
    for (int shift = 60; shift >= 0; shift -= 4) out[n++] = "0123456789abcdef"[(hash >> shift) & 15];
    out[n++] = '"';
    return n;
}

bool etag_is_weak(struct span tag) {
    return span_starts(tag, SPAN("W/"));
}

/* etagc: %x21, %x23-7E, obs-text (RFC 9110 8.8.3) */
static bool is_etag_char(char c) {
    unsigned char byte = (unsigned char)c;
    return byte > 0x20 && byte != '"' && byte != 0x7f;
}

static struct span without_commas(struct span s) {
    while (s.n > 0 && (s.p[0] == ',' || s.p[0] == ' ' || s.p[0] == '\t')) s = span_from(s, 1);
    return s;
}

bool etag_next(struct span *rest, struct span *tag) {
    struct span s = without_commas(*rest);
    size_t i = etag_is_weak(s) ? 2 : 0;
    if (i >= s.n || s.p[i++] != '"') return false;
    while (i < s.n && is_etag_char(s.p[i])) i++;
    if (i == s.n || s.p[i++] != '"') return false;

    *tag = span_upto(s, i);
    *rest = span_trim(span_from(s, i));
    return rest->n == 0 || rest->p[0] == ',';
}

static bool is_same(struct span a, struct span b, bool weak) {
    if (!weak) return !etag_is_weak(a) && span_is(a, b);
    if (etag_is_weak(a)) a = span_from(a, 2);
    if (etag_is_weak(b)) b = span_from(b, 2);
    return span_is(a, b);
}

bool etag_list_has(struct span list, struct span tag, bool weak) {
    struct span element;
    if (span_is(span_trim(list), SPAN("*"))) return true;
    if (tag.n == 0) return false;
    while (etag_next(&list, &element))
        if (is_same(element, tag, weak)) return true;
    return false;
}
