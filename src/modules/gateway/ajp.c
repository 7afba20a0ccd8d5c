/* ajp.c - AJP13, the protocol of Tomcat and its kin */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <stdio.h>

#include "base/number.h"
#include "http/length.h"
#include "modules/gateway/exchange.h"

/*
 * Packets, each of at most 8 KiB, numbers with their big end first:
 *
 *     to the container      12 34 | length (2) | FORWARD_REQUEST ..., or a piece of the body: bytes (2), bytes
 *     from the container    'A' 'B' | length (2) | SEND_HEADERS, SEND_BODY_CHUNK, GET_BODY_CHUNK, END_RESPONSE, CPONG
 *
 * A string is its length (2), its bytes and a NUL. The first piece of a body follows the request unasked; each other
 * one is asked for.
 */
enum { HEADER_BYTES = 4, PACKET_MAX = 8192, PIECE_HEADER_BYTES = 6, PIECE_MAX = PACKET_MAX - PIECE_HEADER_BYTES };
enum { FORWARD_REQUEST = 2, SEND_BODY_CHUNK, SEND_HEADERS, END_RESPONSE, GET_BODY_CHUNK, CPONG = 9 };
enum { STORED_METHOD = 0xff, ATTRIBUTES_END = 0xff, FIELDS_MAX = 400, INTERIMS_MAX = 16 };
enum attribute {
    REMOTE_USER = 3,
    AUTH_TYPE,
    QUERY_STRING,
    SSL_CERT = 7,
    SSL_CIPHER,
    SSL_SESSION,
    REQUEST_ATTRIBUTE,
    SSL_KEY_SIZE,
    METHOD_ATTRIBUTE = 13
};

enum part { PART_HEADER, PART_TYPE, PART_HEADERS, PART_SIZE, PART_BYTES, PART_SMALL, PART_REST };

struct state {
    uint8_t part;       /* enum part: of the packet at hand */
    uint8_t type, have; /* have: bytes in fixed */
    uint8_t interims;
    char fixed[HEADER_BYTES];
    uint16_t left;  /* bytes of the packet's content */
    uint16_t piece; /* of them, of the response's body */
    bool head_done, body_ended, is_over, can_reuse;
    uint64_t body_bytes;
    char *head; /* SEND_HEADERS, in r's arena */
    uint32_t head_bytes, head_have;
};

/* ---- the request -------------------------------------------------------------------------------- */

static void put_number(struct buf *b, unsigned number) {
    buf_add_char(b, (char)(number >> 8));
    buf_add_char(b, (char)number);
}

/* What is too long makes the packet too long, which is seen at the end. */
static void put_string(struct buf *b, struct span s) {
    put_number(b, (unsigned)s.n);
    buf_add(b, s);
    buf_add_char(b, '\0');
}

static void put_attribute(struct buf *b, enum attribute code, struct span value) {
    buf_add_char(b, (char)code);
    put_string(b, value);
}

static void put_named(struct buf *b, struct span name, struct span value) {
    put_attribute(b, REQUEST_ATTRIBUTE, name);
    put_string(b, value);
}

static unsigned method_code(enum method m) {
    static const uint8_t codes[METHOD_COUNT] = {
        [METHOD_OPTIONS] = 1,
        [METHOD_GET] = 2,
        [METHOD_HEAD] = 3,
        [METHOD_POST] = 4,
        [METHOD_PUT] = 5,
        [METHOD_DELETE] = 6,
        [METHOD_TRACE] = 7,
        [METHOD_PROPFIND] = 8,
        [METHOD_PROPPATCH] = 9,
        [METHOD_MKCOL] = 10,
        [METHOD_COPY] = 11,
        [METHOD_MOVE] = 12,
        [METHOD_LOCK] = 13,
        [METHOD_UNLOCK] = 14,
        [METHOD_ACL] = 15,
        [METHOD_REPORT] = 16,
        [METHOD_CHECKIN] = 18,
        [METHOD_CHECKOUT] = 19,
        [METHOD_UNCHECKOUT] = 20,
        [METHOD_SEARCH] = 21,
        [METHOD_UPDATE] = 23,
        [METHOD_LABEL] = 24,
        [METHOD_MERGE] = 25,
        [METHOD_MKACTIVITY] = 27,
        [METHOD_VERSION_CONTROL] = 17,
        [METHOD_MKWORKSPACE] = 22,
        [METHOD_BASELINE_CONTROL] = 26,
    };
    return codes[m] ? codes[m] : STORED_METHOD;
}

/* A field's name has a number, or is a string. */
static void put_field(struct buf *b, enum header id, struct span name, struct span value) {
    static const uint8_t codes[HEADER_COUNT] = {
        [HEADER_ACCEPT] = 1,          [HEADER_ACCEPT_CHARSET] = 2, [HEADER_ACCEPT_ENCODING] = 3,
        [HEADER_ACCEPT_LANGUAGE] = 4, [HEADER_AUTHORIZATION] = 5,  [HEADER_CONTENT_TYPE] = 7,
        [HEADER_CONTENT_LENGTH] = 8,  [HEADER_COOKIE] = 9,         [HEADER_HOST] = 11,
        [HEADER_PRAGMA] = 12,         [HEADER_REFERER] = 13,       [HEADER_USER_AGENT] = 14,
    };
    if (codes[id]) put_number(b, 0xa000u | codes[id]);
    else put_string(b, name);
    put_string(b, value);
}

/* Made anew, or of the connection. */
static bool is_left_out(const struct field *f, struct span connection) {
    return f->id == HEADER_HOST || f->id == HEADER_CONTENT_LENGTH || f->id == HEADER_EXPECT ||
           is_left_behind(f, connection);
}

static void put_fields(struct buf *b, const struct message_pair *p) {
    const struct fields *fields = &p->r->in.fields;
    struct span connection = fields_get(fields, &p->r->arena, HEADER_CONNECTION), authority = p->r->in.authority;
    size_t count_at = b->n;
    unsigned count = 0;
    put_number(b, 0);
    if (authority.n) {
        put_field(b, HEADER_HOST, SPAN("Host"), authority);
        count++;
    }
    if (p->body_bytes > 0 || fields_have(fields, HEADER_CONTENT_LENGTH)) {
        struct span length = arena_printf(&p->r->arena, "%lld", (long long)p->body_bytes);
        put_field(b, HEADER_CONTENT_LENGTH, SPAN("Content-Length"), length);
        count++;
    }
    for (uint32_t i = 0; i < fields->count; i++) {
        const struct field *f = &fields->list[i];
        if (is_left_out(f, connection)) continue;
        put_field(b, f->id, f->name, f->value);
        count++;
    }
    b->p[count_at] = (char)(count >> 8);
    b->p[count_at + 1] = (char)count;
}

static void put_tls(struct buf *b, struct request *r) {
    static const struct {
        struct span name;
        enum attribute code;
    } table[] = {{SPAN_INIT("SSL_CLIENT_CERT"), SSL_CERT},
                 {SPAN_INIT("SSL_CIPHER"), SSL_CIPHER},
                 {SPAN_INIT("SSL_SESSION_ID"), SSL_SESSION}};
    struct span name, value;
    uint64_t bits;
    unsigned at = 0;
    while (request_tls_variable(r, &at, &name, &value)) {
        for (size_t i = 0; i < sizeof table / sizeof *table; i++)
            if (span_is(name, table[i].name)) put_attribute(b, table[i].code, value);
        if (span_is(name, SPAN("SSL_PROTOCOL"))) put_named(b, SPAN("AJP_SSL_PROTOCOL"), value);
        if (!span_is(name, SPAN("SSL_CIPHER_USEKEYSIZE")) || !number_parse(value, 0xffff, &bits)) continue;
        buf_add_char(b, SSL_KEY_SIZE);
        put_number(b, (unsigned)bits);
    }
}

/* Variables of r->env stay here: a container refuses requests with attributes that it does not know. */
static void put_attributes(struct buf *b, struct request *r) {
    struct addr local;
    char text[ADDR_TEXT_BYTES];
    request_local_addr(r, &local);
    if (r->user.n) put_attribute(b, REMOTE_USER, r->user);
    struct span type = fields_get_named(&r->env, &r->arena, SPAN("AUTH_TYPE"));
    if (r->user.n && type.n) put_attribute(b, AUTH_TYPE, type);
    if (r->in.uri.query.p) put_attribute(b, QUERY_STRING, r->in.uri.query);
    put_tls(b, r);
    put_named(b, SPAN("AJP_REMOTE_PORT"), arena_printf(&r->arena, "%u", addr_port(&r->client)));
    put_named(b, SPAN("AJP_LOCAL_ADDR"), (struct span){text, addr_format(&local, text)});
    if (method_code(r->in.method) == STORED_METHOD) put_attribute(b, METHOD_ATTRIBUTE, r->in.method_text);
    buf_add_char(b, (char)ATTRIBUTES_END);
}

static void put_request(struct buf *b, const struct message_pair *p) {
    struct request *r = p->r;
    struct addr local;
    char text[ADDR_TEXT_BYTES];
    struct span client = {text, addr_format(&r->client, text)}, name = host_without_port(r->server_name);
    struct span target = r->in.uri.target;
    request_local_addr(r, &local);
    buf_add_char(b, FORWARD_REQUEST);
    buf_add_char(b, (char)method_code(r->in.method));
    put_string(b, r->in.version == 10 ? SPAN("HTTP/1.0") : SPAN("HTTP/1.1"));
    put_string(b, span_upto(target, span_find(target, '?')));
    put_string(b, client);
    put_string(b, client);
    put_string(b, name);
    put_number(b, addr_port(&local));
    buf_add_char(b, r->is_tls);
    put_fields(b, p);
    put_attributes(b, r);
}

static void put_header(char out[HEADER_BYTES], size_t n) {
    const char header[HEADER_BYTES] = {0x12, 0x34, (char)(n >> 8), (char)n};
    memcpy(out, header, HEADER_BYTES);
}

static int begin(struct message_pair *p, struct chunks *out) {
    static struct buf scratch; /* of the worker */
    if (p->body_bytes < 0) return 411;
    scratch.n = 0;
    buf_room(&scratch, HEADER_BYTES);
    scratch.n = HEADER_BYTES;
    put_request(&scratch, p);
    bool fits = scratch.n <= PACKET_MAX;
    put_header(scratch.p, scratch.n - HEADER_BYTES);
    if (fits) chunks_add_copy(out, buf_span(&scratch));
    else buf_done(&scratch);
    p->wanted = p->body_bytes ? PIECE_MAX : 0;
    return fits ? 0 : 431;
}

/* One piece for each time that it asks; an empty packet once there is no more. */
static uint64_t body(struct message_pair *p, struct chunks *out, struct chunks *from, uint64_t max) {
    const struct state *s = p->state;
    char header[PIECE_HEADER_BYTES];
    uint64_t n = from->bytes;
    if (n > max) n = max;
    if (n > p->wanted) n = p->wanted;
    if (n > PIECE_MAX) n = PIECE_MAX;
    if (p->wanted && !from->bytes && s->body_ended) {
        static const char empty[HEADER_BYTES] = {0x12, 0x34, 0, 0};
        chunks_add_constant(out, (struct span){empty, sizeof empty});
        p->wanted = 0;
    }
    if (!n) return 0;
    put_header(header, (size_t)n + 2);
    header[HEADER_BYTES] = (char)(n >> 8);
    header[HEADER_BYTES + 1] = (char)n;
    chunks_add_copy(out, (struct span){header, sizeof header});
    chunks_take(out, from, n);
    p->wanted = 0;
    return n;
}

static void end(struct message_pair *p, struct chunks *out) {
    struct state *s = p->state;
    struct chunks nothing = {0};
    s->body_ended = true;
    body(p, out, &nothing, UINT64_MAX);
}

/* ---- the response's head ------------------------------------------------------------------------ */

static enum take broken(struct message_pair *p, const char *format, unsigned long long number) {
    char text[96];
    int n = snprintf(text, sizeof text, format, number);
    p->why = arena_copy(&p->r->arena, (struct span){text, n > 0 ? (size_t)n : 0});
    return TAKE_BROKEN;
}

static bool take_number(struct span *s, unsigned *number) {
    if (s->n < 2) return false;
    *number = (unsigned)((unsigned char)s->p[0] << 8 | (unsigned char)s->p[1]);
    *s = span_from(*s, 2);
    return true;
}

static bool take_bytes(struct span *s, unsigned n, struct span *bytes) {
    if (n == 0xffff) { /* null */
        *bytes = (struct span){NULL, 0};
        return true;
    }
    if (s->n < (size_t)n + 1 || s->p[n] != '\0') return false;
    *bytes = span_upto(*s, n);
    *s = span_from(*s, (size_t)n + 1);
    return true;
}

static bool take_string(struct span *s, struct span *string) {
    unsigned n;
    return take_number(s, &n) && take_bytes(s, n, string);
}

static bool take_name(struct span *s, struct span *name) {
    static const struct span names[] = {
        SPAN_INIT("Content-Type"), SPAN_INIT("Content-Language"), SPAN_INIT("Content-Length"),
        SPAN_INIT("Date"),         SPAN_INIT("Last-Modified"),    SPAN_INIT("Location"),
        SPAN_INIT("Set-Cookie"),   SPAN_INIT("Set-Cookie2"),      SPAN_INIT("Servlet-Engine"),
        SPAN_INIT("Status"),       SPAN_INIT("WWW-Authenticate"),
    };
    unsigned n;
    if (!take_number(s, &n)) return false;
    if (n >> 8 != 0xa0) return take_bytes(s, n, name);
    n &= 0xff;
    if (n == 0 || n > sizeof names / sizeof *names) return false;
    *name = names[n - 1];
    return true;
}

static bool is_field_value(struct span s) {
    for (size_t i = 0; i < s.n; i++)
        if (!(char_class[(unsigned char)s.p[i]] & CHAR_FIELD)) return false;
    return true;
}

static bool take_field(struct span *s, struct message_pair *p, struct fields *fields) {
    struct span name, value;
    if (!take_name(s, &name) || !take_string(s, &value)) return false;
    value = span_trim(value);
    enum header id = header_find(name);
    if (!is_token(name) || !is_field_value(value)) return false;
    if (id == HEADER_CONTENT_LENGTH) return length_note(value, &p->length, NULL) == 0;
    if (id != HEADER_STATUS) fields_append(fields, &p->r->arena, id, name, value);
    return true;
}

static void keep_fields(struct message_pair *p, const struct fields *fields) {
    struct span connection = fields_get(fields, &p->r->arena, HEADER_CONNECTION);
    for (uint32_t i = 0; i < fields->count; i++) {
        const struct field *f = &fields->list[i];
        if (!is_hop_by_hop(f, connection)) fields_append(&p->fields, &p->r->arena, f->id, f->name, f->value);
    }
}

static enum take parse_head(struct message_pair *p, struct span s) {
    struct state *state = p->state;
    struct fields fields = {0};
    struct span message;
    unsigned status, count;
    p->length = -1;
    p->fields = (struct fields){0};
    if (!take_number(&s, &status) || !take_string(&s, &message) || !take_number(&s, &count))
        return broken(p, "its packet SEND_HEADERS is not whole", 0);
    if (status < 100 || status > 999 || status == 101) return broken(p, "its status is %llu", status);
    if (count > FIELDS_MAX) return broken(p, "its head has %llu fields", count);
    for (unsigned i = 0; i < count; i++)
        if (!take_field(&s, p, &fields)) return broken(p, "field %llu of its head is broken", i + 1);
    keep_fields(p, &fields);
    p->status = (int)status;
    p->is_interim = status < 200;
    if (p->is_interim && ++state->interims > INTERIMS_MAX)
        return broken(p, "it sends more than %llu interim responses", INTERIMS_MAX);
    state->head_done = status >= 200;
    return state->head_done ? TAKE_HEAD : TAKE_INTERIM;
}

/* ---- packets ------------------------------------------------------------------------------------ */

/* Fills s->fixed up to `bytes`; true once they are there. */
static bool gather(struct state *s, struct span *in, unsigned bytes) {
    size_t n = in->n < bytes - s->have ? in->n : bytes - s->have;
    memcpy(s->fixed + s->have, in->p, n);
    s->have = (uint8_t)(s->have + n);
    *in = span_from(*in, n);
    if (s->part != PART_HEADER) s->left = (uint16_t)(s->left - n);
    if (s->have < bytes) return false;
    s->have = 0;
    return true;
}

static unsigned fixed_number(const struct state *s, unsigned at) {
    return (unsigned)((unsigned char)s->fixed[at] << 8 | (unsigned char)s->fixed[at + 1]);
}

static enum take take_header(struct message_pair *p, struct span *in) {
    struct state *s = p->state;
    if (!gather(s, in, HEADER_BYTES)) return TAKE_MORE;
    if (s->fixed[0] != 'A' || s->fixed[1] != 'B') return broken(p, "it does not speak AJP13", 0);
    s->left = (uint16_t)fixed_number(s, 2);
    if (!s->left) return broken(p, "it sends an empty packet", 0);
    s->part = PART_TYPE;
    return TAKE_MORE;
}

static enum take take_type(struct message_pair *p, struct span *in) {
    struct state *s = p->state;
    if (!gather(s, in, 1)) return TAKE_MORE;
    s->type = (uint8_t)s->fixed[0];
    switch (s->type) {
    case SEND_HEADERS:
        if (s->head_done) return broken(p, "it sends a second head", 0);
        s->head = arena_bytes(&p->r->arena, s->left);
        s->head_bytes = s->left;
        s->head_have = 0;
        s->part = PART_HEADERS;
        return TAKE_MORE;
    case SEND_BODY_CHUNK:
        if (!s->head_done) return broken(p, "it sends a body before the head", 0);
        if (s->left < 2) break;
        s->part = PART_SIZE;
        return TAKE_MORE;
    case GET_BODY_CHUNK:
        if (s->left < 2) break;
        s->part = PART_SMALL;
        return TAKE_MORE;
    case END_RESPONSE:
        if (s->left < 1) break;
        s->part = PART_SMALL;
        return TAKE_MORE;
    case CPONG: s->part = PART_REST; return TAKE_MORE;
    default: return broken(p, "it sends a packet of type %llu", s->type);
    }
    return broken(p, "its packet of type %llu is too short", s->type);
}

static enum take take_headers(struct message_pair *p, struct span *in) {
    struct state *s = p->state;
    size_t n = in->n < s->left ? in->n : s->left;
    memcpy(s->head + s->head_have, in->p, n);
    s->head_have += (uint32_t)n;
    s->left = (uint16_t)(s->left - n);
    *in = span_from(*in, n);
    if (s->left) return TAKE_MORE;
    s->part = PART_REST;
    return parse_head(p, (struct span){s->head, s->head_bytes});
}

static enum take take_size(struct message_pair *p, struct span *in) {
    struct state *s = p->state;
    if (!gather(s, in, 2)) return TAKE_MORE;
    s->piece = (uint16_t)fixed_number(s, 0);
    if (s->piece > s->left)
        return broken(p, "a piece of its body has %llu bytes more than its packet", s->piece - s->left);
    s->part = PART_BYTES;
    return TAKE_MORE;
}

static enum take take_piece(struct message_pair *p, struct span *in) {
    struct state *s = p->state;
    size_t n = in->n < s->piece ? in->n : s->piece;
    cgi_body(p, span_upto(*in, n));
    s->body_bytes += n;
    s->left = (uint16_t)(s->left - n);
    s->piece = (uint16_t)(s->piece - n);
    *in = span_from(*in, n);
    if (!s->piece) s->part = PART_REST;
    return TAKE_MORE;
}

static enum take take_small(struct message_pair *p, struct span *in) {
    struct state *s = p->state;
    if (!gather(s, in, s->type == END_RESPONSE ? 1 : 2)) return TAKE_MORE;
    s->part = PART_REST;
    if (s->type == END_RESPONSE) {
        s->is_over = true;
        s->can_reuse = s->fixed[0] == 1;
    } else {
        p->wanted = fixed_number(s, 0);
    }
    return TAKE_MORE;
}

static enum take take_rest(struct message_pair *p, struct span *in) {
    struct state *s = p->state;
    size_t n = in->n < s->left ? in->n : s->left;
    *in = span_from(*in, n);
    s->left = (uint16_t)(s->left - n);
    if (s->left) return TAKE_MORE;
    s->part = PART_HEADER;
    if (!s->is_over) return TAKE_MORE;
    if (!s->head_done) return broken(p, "it ended without a response", 0);
    p->can_keep = s->can_reuse && p->host->keep_alive && (s->body_ended || p->body_bytes == 0);
    return TAKE_END;
}

/* Does nothing happen before more bytes come? */
static bool is_hungry(const struct state *s) {
    if (s->part == PART_BYTES) return s->piece;
    return (s->part != PART_REST && s->part != PART_HEADERS) || s->left;
}

static enum take take(struct message_pair *p, struct span *in) {
    static enum take (*const parts[])(struct message_pair *, struct span *) = {
        [PART_HEADER] = take_header, [PART_TYPE] = take_type,   [PART_HEADERS] = take_headers,
        [PART_SIZE] = take_size,     [PART_BYTES] = take_piece, [PART_SMALL] = take_small,
        [PART_REST] = take_rest};
    struct state *s = p->state;
    enum take word = TAKE_MORE;
    while (word == TAKE_MORE && (in->n || !is_hungry(s))) word = parts[s->part](p, in);
    return word;
}

static enum take eof(struct message_pair *p) {
    const struct state *s = p->state;
    if (!s->head_done) return broken(p, "it ended without a response", 0);
    return broken(p, "it ended after %llu bytes, without END_RESPONSE", s->body_bytes);
}

const struct codec ajp13_codec = {.name = "ajp13",
                                  .state_bytes = sizeof(struct state),
                                  .begin = begin,
                                  .body = body,
                                  .end = end,
                                  .take = take,
                                  .eof = eof,
                                  .needs_length = true};
