/* head.c - a decoded header block becomes a message: what a request's head must and must not have (RFC 9113 8) */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "base/memory.h"
#include "h2/session.h"
#include "http/length.h"
#include "http/why.h"

enum { METHOD_BYTES_MAX = 32 };

/* head - what is noted while the fields come */
struct head {
    struct message *m;
    struct arena *arena;
    unsigned options;          /* enum parse_option */
    unsigned seen;             /* pseudo-header fields, a bit each */
    struct span path, host;
    int64_t length;            /* Content-Length, or -1 */
    bool has_regular, has_host, expect_continue, expect_other;
    bool is_clean;             /* :authority is what host_parse() would make of it */
    int status;                /* to refuse the request with */
    const char *malformed;     /* it is none (RFC 9113 8.1.1) */
};

#define SEEN(pseudo) (1u << ((pseudo) - PSEUDO_AUTHORITY))

/* ---- pseudo-header fields, RFC 9113 8.3 ------------------------------------------------------- */

static int note_method(struct message *m, struct span text) {
    m->method_text = text;
    m->method = method_find(text);
    if (m->method != METHOD_OTHER) return 0;
    if (!is_token(text)) return http_refuse(400, "the method is no token");
    return text.n > METHOD_BYTES_MAX ? http_refuse(501, "the method is longer than any") : 0;
}

static int note_scheme(struct message *m, struct span scheme) {
    if (scheme.n == 4 && memcmp(scheme.p, "http", 4) == 0) m->scheme = SPAN("http");
    else if (scheme.n == 5 && memcmp(scheme.p, "https", 5) == 0) m->scheme = SPAN("https");
    else if (span_is_ci(scheme, SPAN("http"))) m->scheme = SPAN("http");
    else if (span_is_ci(scheme, SPAN("https"))) m->scheme = SPAN("https");
    else return http_refuse(400, "the scheme is neither http nor https");
    return 0;
}

static void note_pseudo(struct head *h, struct h2_stream *st, const struct hpack_field *f) {
    unsigned bit = SEEN(f->id);
    if (h->has_regular) h->malformed = "a pseudo-header field behind another field";
    if (h->seen & bit) h->malformed = "a pseudo-header field that is there twice";
    h->seen |= bit;
    switch (f->id) {
    case PSEUDO_METHOD:
        h->status = note_method(h->m, f->value);
        break;
    case PSEUDO_PATH:
        h->path = h->m->target_sent = f->value;
        break;
    case PSEUDO_SCHEME:
        h->status = note_scheme(h->m, f->value);
        break;
    case PSEUDO_AUTHORITY:
        h->m->authority = f->value;
        h->is_clean = f->is_host;
        fields_add(&h->m->fields, h->arena, HEADER_HOST, f->value);
        break;
    case PSEUDO_PROTOCOL:
        st->protocol = h->m->protocol = f->value;
        break;
    default:
        h->malformed = "a pseudo-header field that no request has";
        break;
    }
}

/* NULL, or what is missing or too much. */
static const char *check_pseudo(const struct head *h, bool extended_connect) {
    unsigned target = SEEN(PSEUDO_SCHEME) | SEEN(PSEUDO_PATH);
    if (!(h->seen & SEEN(PSEUDO_METHOD))) return "no :method";
    if (h->seen & SEEN(PSEUDO_PROTOCOL)) { /* RFC 8441 4 */
        target |= SEEN(PSEUDO_AUTHORITY);
        if (!extended_connect || h->m->method != METHOD_CONNECT) return ":protocol where it cannot be";
        return (h->seen & target) == target ? NULL : "CONNECT for a protocol without its target";
    }
    if (h->m->method == METHOD_CONNECT) { /* RFC 9113 8.5 */
        if (h->seen & target) return "CONNECT with :scheme or :path";
        return h->seen & SEEN(PSEUDO_AUTHORITY) ? NULL : "CONNECT without :authority";
    }
    return (h->seen & target) == target ? NULL : "no :scheme or no :path";
}

/* ---- other fields ----------------------------------------------------------------------------- */

static void note_expect(struct head *h, struct span list) {
    struct span expectation;
    while (list_next(&list, &expectation)) {
        if (span_is_ci(expectation, SPAN("100-continue"))) h->expect_continue = true;
        else h->expect_other = true;
    }
}

/* Of :authority the field is made already. */
static bool note_host(struct head *h, struct span value) {
    if (h->has_host) h->status = http_refuse(400, "a second Host");
    h->has_host = true;
    h->host = value;
    return !(h->seen & SEEN(PSEUDO_AUTHORITY));
}

static void note_regular(struct head *h, const struct hpack_field *f) {
    bool keep = true;
    h->has_regular = true;
    switch (f->id) {
    case HEADER_TE: /* RFC 9113 8.2.2 */
        if (!span_is_ci(f->value, SPAN("trailers"))) h->malformed = "TE with more than trailers";
        break;
    case HEADER_HOST:
        keep = note_host(h, f->value);
        break;
    case HEADER_CONTENT_LENGTH:
        keep = h->length < 0;
        h->status = length_note(f->value, &h->length, NULL);
        break;
    case HEADER_EXPECT:
        note_expect(h, f->value);
        break;
    default:
        break;
    }
    if (h->options & PARSE_HEADER_STRICT && !f->is_visible)
        h->status = http_refuse(400, "a field value with control characters");
    if (keep) fields_append(&h->m->fields, h->arena, (enum header)f->id, f->name, f->value);
}

const char *head_check_field(const struct hpack_field *f) {
    if (f->is_sound) return NULL;
    if (!f->is_lower) return "a field name with upper case or other wrong characters";
    if (!f->is_clean) return "a field value with wrong characters or blanks around it";
    return "a field of HTTP/1's connections";
}

/* ---- the block -------------------------------------------------------------------------------- */

static bool keep_limits(struct h2_session *s, const struct hpack_field *f, struct limits *l) {
    l->fields++;
    l->bytes += f->name.n + f->value.n + HPACK_ENTRY_BYTES;
    if (l->bytes <= l->bytes_max) return true;
    session_fail(s, H2_ENHANCE_YOUR_CALM, "a header block becomes much too large");
    return false;
}

enum hpack_result head_next(struct h2_session *s, struct hpack_block *block, struct arena *a, struct limits *l,
                            struct hpack_field *f) {
    enum hpack_result result = hpack_next(&s->decoder, block, a, f);
    if (result == HPACK_BROKEN) session_fail(s, H2_COMPRESSION_ERROR, "a header block cannot be decoded");
    if (result != HPACK_FIELD) return result;
    return keep_limits(s, f, l) ? HPACK_FIELD : HPACK_BROKEN;
}

bool head_skip(struct h2_session *s, struct span whole) {
    struct hpack_block block = {.rest = whole};
    struct limits limits = {.bytes_max = block_decoded_max(s)};
    struct hpack_field f;
    enum hpack_result result;
    do result = head_next(s, &block, NULL, &limits, &f);
    while (result == HPACK_FIELD);
    return result == HPACK_END;
}

void head_forget_trailers(struct h2_session *s) {
    arena_done(&s->trailer_arena);
    s->trailer_arena = (struct arena){NULL, NULL, NULL};
    s->trailers = (struct fields){0};
}

/* RFC 9110 6.5.1: fields that frame, route or tell how to go on have been needed before. */
static void keep_trailer(struct h2_session *s, const struct hpack_field *f) {
    if (header_flags((enum header)f->id) & HEADER_NO_TRAILER || !f->is_visible) return;
    fields_append(&s->trailers, &s->trailer_arena, (enum header)f->id, f->name, f->value);
}

const char *head_read_trailers(struct h2_session *s, struct span whole) {
    struct hpack_block block = {.rest = whole};
    struct limits limits = {.bytes_max = block_decoded_max(s)};
    struct arena *a = &s->trailer_arena;
    struct hpack_field f;
    const char *why = NULL;
    while (head_next(s, &block, limits.bytes > s->options.head_bytes ? NULL : a, &limits, &f) == HPACK_FIELD) {
        if (limits.bytes > s->options.head_bytes || limits.fields > s->options.fields) why = "trailers too large";
        else if (f.id >= PSEUDO_AUTHORITY) why = "a pseudo-header field in trailers"; /* RFC 9113 8.1 */
        else if (!why) why = head_check_field(&f);
        if (!why) keep_trailer(s, &f);
    }
    if (why || s->has_failed) head_forget_trailers(s);
    return why;
}

static void note_field(struct h2_session *s, struct h2_stream *st, struct head *h, const struct hpack_field *f,
                       const struct limits *l) {
    if (l->bytes > s->options.head_bytes) h->status = http_refuse(431, NULL);
    else if (l->fields > s->options.fields) h->status = http_refuse(431, http_too_many_fields);
    else if (!f->is_sound) h->malformed = head_check_field(f);
    else if (f->id >= PSEUDO_AUTHORITY) note_pseudo(h, st, f);
    else note_regular(h, f);
}

/* What is too large, or wrong already, is decoded on without being stored. */
static void decode(struct h2_session *s, struct h2_stream *st, struct head *h) {
    struct hpack_block block = {.rest = s->block.whole};
    struct limits limits = {.bytes_max = block_decoded_max(s)};
    struct arena *a = h->arena;
    struct hpack_field room;
    while (block.rest.n) {
        const struct hpack_field *f = hpack_next_static(&block);
        if (f ? !keep_limits(s, f, &limits) : head_next(s, &block, a, &limits, &room) != HPACK_FIELD) return;
        if (a) note_field(s, st, h, f ? f : &room, &limits);
        if (h->malformed || h->status) a = NULL;
    }
}

/* ---- the message ------------------------------------------------------------------------------ */

static struct span without_default_port(struct span authority, struct span scheme) {
    struct span port = span_is(scheme, SPAN("https")) ? SPAN(":443") : SPAN(":80");
    return span_ends(authority, port) ? span_upto(authority, authority.n - port.n) : authority;
}

/* :authority, or Host without it; both must mean the same (RFC 9113 8.3.1). */
static int finish_authority(struct head *h) {
    struct message *m = h->m;
    bool has_pseudo = (h->seen & SEEN(PSEUDO_AUTHORITY)) != 0, has_both = has_pseudo && h->has_host;
    bool same = has_both && span_is(h->host, m->authority);
    if (!has_pseudo) {
        if (!h->has_host) return http_refuse(400, "neither :authority nor Host");
        m->authority = h->host;
    }
    if (!h->is_clean && host_parse(&m->authority, h->options, h->arena)) return 400;
    if (!has_both || same) return 0;
    if (host_parse(&h->host, h->options, h->arena)) return 400;
    if (!span_is(without_default_port(m->authority, m->scheme), without_default_port(h->host, m->scheme)))
        h->malformed = "Host is not what :authority is";
    return 0;
}

/* CONNECT has host:port and nothing else (RFC 9113 8.5). */
static int finish_connect(struct head *h) {
    struct message *m = h->m;
    m->target_sent = m->authority;
    if (host_without_port(m->authority).n + 1 >= m->authority.n)
        return http_refuse(400, "CONNECT without a port");
    return host_parse(&m->authority, h->options | PARSE_HOST_STRICT, h->arena);
}

static int finish_target(struct head *h) {
    struct message *m = h->m;
    struct span path = h->path;
    if (!(h->seen & SEEN(PSEUDO_PATH))) return finish_connect(h);
    bool asterisk = span_is(path, SPAN("*")) && m->method == METHOD_OPTIONS;
    if (path.n == 0 || (path.p[0] != '/' && !asterisk)) {
        h->malformed = ":path does not begin with a slash"; /* RFC 9113 8.3.1 */
        return 400;
    }
    for (size_t i = 0; i < path.n; i++)
        if (!(char_class[(unsigned char)path.p[i]] & CHAR_TARGET))
            return http_refuse(400, "a byte that no :path has");
    int status = finish_authority(h);
    return status ? status : uri_parse(&m->uri, path, h->options, h->arena);
}

static int finish_body(struct head *h, struct h2_stream *st) {
    struct message *m = h->m;
    m->body_bytes = h->length >= 0 ? h->length : st->ended_by_peer ? 0 : BODY_UNKNOWN;
    st->body_left = h->length >= 0 ? h->length : BODY_UNKNOWN;
    if (st->ended_by_peer && m->body_bytes > 0) h->malformed = "content-length without a body"; /* 8.1.1 */
    if (m->body_bytes == 0 || h->options & PARSE_METHOD_GET_BODY) return 0;
    if (m->method != METHOD_GET && m->method != METHOD_HEAD) return 0;
    return http_refuse(400, "GET or HEAD with a body (server.http-parseopts: method-get-body)");
}

static void finish(struct h2_session *s, struct h2_stream *st, struct head *h) {
    struct message *m = h->m;
    if ((h->malformed = check_pseudo(h, s->options.extended_connect))) return;
    st->is_connect = m->method == METHOD_CONNECT;
    int target = finish_target(h), body = finish_body(h, st);
    h->status = target ? target : body;
    if (h->status == 0 && h->expect_other)
        h->status = http_refuse(417, "Expect has something else than 100-continue");
    m->expect_continue = h->expect_continue && m->body_bytes != 0;
    if (!st->is_prioritized && fields_have(&m->fields, HEADER_PRIORITY)) {
        uint8_t urgency = H2_URGENCY_DEFAULT;
        bool incremental = false;
        priority_parse(fields_get(&m->fields, h->arena, HEADER_PRIORITY), &urgency, &incremental);
        priority_set(s, st, urgency, incremental);
    }
}

int h2_read_head(struct h2_session *s, struct h2_stream *st, struct message *m, struct arena *a) {
    struct head h = {.m = m, .arena = a, .options = s->options.parse, .length = -1};
    memory_clear(m, sizeof *m);
    m->version = 20;
    m->keep_alive = true;
    decode(s, st, &h);
    block_is_read(s);
    if (!s->has_failed && !h.malformed && !h.status) finish(s, st, &h);
    if (!s->has_failed && !h.malformed) return h.status;
    if (!s->has_failed) {
        struct h2_event unused;
        http_why = h.malformed;
        stream_fail(s, st, H2_PROTOCOL_ERROR, h.malformed, &unused);
    }
    stream_free(s, st);
    return -1;
}
