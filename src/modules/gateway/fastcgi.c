/* fastcgi.c - FastCGI 1.0 */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <stdio.h>

#include "modules/gateway/exchange.h"

/*
 * Everything is records; each connection carries one request, which is number 1:
 *
 *     version 1 | type | request (2) | content length (2) | padding length | 0     then content and padding
 *
 * We say BEGIN_REQUEST, PARAMS, an empty PARAMS, STDIN, an empty STDIN; the answer is STDOUT and STDERR in any order
 * and of any size, then END_REQUEST.
 */
enum { FCGI_VERSION = 1, REQUEST = 1, HEADER_BYTES = 8, BEGIN_BYTES = 16, END_BYTES = 8 };
enum {
    RECORD_MAX = 65528, /* content of one record: the largest that needs no padding */
    STDERR_LINE_MAX = 800,
    STDERR_BYTES_MAX = 64 * 1024 /* for each request; the rest is not logged */
};
enum record { BEGIN_REQUEST = 1, ABORT_REQUEST, END_REQUEST, PARAMS, STDIN, STDOUT, STDERR };
enum { RESPONDER = 1, AUTHORIZER = 2, KEEP_CONNECTION = 1 };
enum { REQUEST_COMPLETE, CANNOT_MULTIPLEX, OVERLOADED, UNKNOWN_ROLE };

enum part { PART_HEADER, PART_CONTENT, PART_PADDING };

struct state {
    struct cgi_head head;
    bool head_done, stdin_ended, is_refused;
    uint8_t part; /* enum part: of the record at hand */
    uint8_t type, padding;
    uint16_t left;            /* bytes of its content */
    uint8_t have;             /* bytes in fixed */
    char fixed[HEADER_BYTES]; /* a record's header, or END_REQUEST's content */
    uint64_t body_bytes;
    uint32_t line_bytes, stderr_bytes;
    char *line; /* of STDERR, as far as it has come; in r's arena */
};

static void put_header(char out[HEADER_BYTES], enum record type, size_t content) {
    const char header[HEADER_BYTES] = {FCGI_VERSION,         (char)type,    0, REQUEST,
                                       (char)(content >> 8), (char)content, 0, 0};
    memcpy(out, header, HEADER_BYTES);
}

/* ---- the request -------------------------------------------------------------------------------- */

static char *put_length(char *out, size_t n) {
    if (n < 128) {
        *out = (char)n;
        return out + 1;
    }
    out[0] = (char)(n >> 24 | 0x80);
    out[1] = (char)(n >> 16);
    out[2] = (char)(n >> 8);
    out[3] = (char)n;
    return out + 4;
}

static void put_variable(void *arg, struct span name, struct span value) {
    struct buf *b = arg;
    char *out = buf_room(b, 8 + name.n + value.n);
    out = put_length(put_length(out, name.n), value.n);
    if (name.n) memcpy(out, name.p, name.n);
    if (value.n) memcpy(out + name.n, value.p, value.n);
    b->n = (size_t)(out - b->p) + name.n + value.n;
}

static char role_of(const struct gateway_host *host) {
    return host->is_authorizer ? AUTHORIZER : RESPONDER;
}

static void put_begin(char out[BEGIN_BYTES], const struct gateway_host *host) {
    put_header(out, BEGIN_REQUEST, BEGIN_BYTES - HEADER_BYTES);
    memset(out + HEADER_BYTES, 0, BEGIN_BYTES - HEADER_BYTES);
    out[HEADER_BYTES + 1] = role_of(host);
    out[HEADER_BYTES + 2] = host->keep_alive ? KEEP_CONNECTION : 0;
}

/* More than one record has room for: moves the second and later ones up, to make room for their headers. */
static void split_params(struct buf *b, size_t from) {
    size_t bytes = b->n - from, more = (bytes - 1) / RECORD_MAX;
    buf_room(b, more * HEADER_BYTES);
    for (size_t i = more; i > 0; i--) {
        char *part = b->p + from + i * RECORD_MAX;
        size_t n = i == more ? bytes - i * RECORD_MAX : RECORD_MAX;
        memmove(part + i * HEADER_BYTES, part, n);
        put_header(part + (i - 1) * HEADER_BYTES, PARAMS, n);
    }
    b->n += more * HEADER_BYTES;
}

/* All of it lies in one piece, so that it is one part of a write. */
static int begin(struct message_pair *p, struct chunks *out) {
    static struct buf scratch; /* of the worker: its size is what the largest request before has needed */
    enum { PARAMS_AT = BEGIN_BYTES + HEADER_BYTES };
    struct state *s = p->state;
    const struct environment_sink sink = {put_variable, &scratch};
    char ends[2 * HEADER_BYTES];
    buf_room(&scratch, PARAMS_AT);
    scratch.n = PARAMS_AT;
    environment_each(p, &sink);
    size_t params = scratch.n - PARAMS_AT;
    put_begin(scratch.p, p->host);
    put_header(scratch.p + BEGIN_BYTES, PARAMS, params < RECORD_MAX ? params : RECORD_MAX);
    if (params > RECORD_MAX) split_params(&scratch, PARAMS_AT);
    s->stdin_ended = p->body_bytes == 0 && !p->is_upgrade;
    put_header(ends, PARAMS, 0);
    put_header(ends + HEADER_BYTES, STDIN, 0);
    buf_add(&scratch, (struct span){ends, s->stdin_ended ? sizeof ends : HEADER_BYTES});
    chunks_add_copy(out, buf_span(&scratch));
    buf_reuse(&scratch);
    return 0;
}

static uint64_t body(struct message_pair *p, struct chunks *out, struct chunks *from, uint64_t max) {
    static const char full[HEADER_BYTES] = {FCGI_VERSION,     STDIN, 0, REQUEST, (char)(RECORD_MAX >> 8),
                                            (char)RECORD_MAX, 0,     0};
    const struct state *s = p->state;
    uint64_t taken = 0;
    if (max > p->wanted) max = p->wanted;
    while (!s->stdin_ended && from->bytes && taken < max) {
        uint64_t n = from->bytes < max - taken ? from->bytes : max - taken;
        if (n > RECORD_MAX) n = RECORD_MAX;
        char header[HEADER_BYTES];
        put_header(header, STDIN, (size_t)n);
        if (n == RECORD_MAX) chunks_add_constant(out, (struct span){full, sizeof full});
        else chunks_add_copy(out, (struct span){header, sizeof header});
        chunks_take(out, from, n);
        taken += n;
    }
    return taken;
}

static void end(struct message_pair *p, struct chunks *out) {
    static const char empty[HEADER_BYTES] = {FCGI_VERSION, STDIN, 0, REQUEST, 0, 0, 0, 0};
    struct state *s = p->state;
    if (!s->stdin_ended) chunks_add_constant(out, (struct span){empty, sizeof empty});
    s->stdin_ended = true;
}

static void abort_request(struct message_pair *p, struct chunks *out) {
    static const char record[HEADER_BYTES] = {FCGI_VERSION, ABORT_REQUEST, 0, REQUEST, 0, 0, 0, 0};
    (void)p;
    chunks_add_constant(out, (struct span){record, sizeof record});
}

/* ---- STDERR: to the log ------------------------------------------------------------------------- */

static void say_line(struct message_pair *p) {
    struct state *s = p->state;
    struct span line = span_trim((struct span){s->line, s->line_bytes});
    if (line.n && line.p[line.n - 1] == '\r') line.n--;
    if (line.n) request_say(p->r, LOG_IS_ERROR, "fastcgi: %.*s: %.*s", SPAN_ARG(p->r->in.uri.path), SPAN_ARG(line));
    s->line_bytes = 0;
}

static void take_stderr(struct message_pair *p, struct span bytes) {
    struct state *s = p->state;
    if (!s->line) s->line = arena_bytes(&p->r->arena, STDERR_LINE_MAX);
    for (size_t i = 0; i < bytes.n && s->stderr_bytes < STDERR_BYTES_MAX; i++) {
        s->stderr_bytes++;
        if (bytes.p[i] != '\n') s->line[s->line_bytes++] = bytes.p[i];
        if (bytes.p[i] == '\n' || s->line_bytes == STDERR_LINE_MAX) say_line(p);
        if (s->stderr_bytes < STDERR_BYTES_MAX) continue;
        say_line(p);
        request_say(p->r, LOG_IS_WARNING, "fastcgi: %.*s: what it says to STDERR beyond 64 KiB is not logged",
                    SPAN_ARG(p->r->in.uri.path));
    }
}

/* ---- the response ------------------------------------------------------------------------------- */

static enum take broken(struct message_pair *p, const char *format, unsigned long long number) {
    char text[96];
    int n = snprintf(text, sizeof text, format, number);
    p->why = arena_copy(&p->r->arena, (struct span){text, n > 0 ? (size_t)n : 0});
    return TAKE_BROKEN;
}

/* Fills s->fixed up to `bytes`; true once they are there. */
static bool gather(struct state *s, struct span *in, unsigned bytes) {
    size_t n = in->n < bytes - s->have ? in->n : bytes - s->have;
    memcpy(s->fixed + s->have, in->p, n);
    s->have = (uint8_t)(s->have + n);
    *in = span_from(*in, n);
    return s->have == bytes;
}

static enum take take_header(struct message_pair *p, struct span *in) {
    struct state *s = p->state;
    if (!gather(s, in, HEADER_BYTES)) return TAKE_MORE;
    const unsigned char *h = (const unsigned char *)s->fixed;
    unsigned request = (unsigned)(h[2] << 8 | h[3]);
    bool is_ours = h[1] == END_REQUEST || h[1] == STDOUT || h[1] == STDERR;
    s->have = 0;
    s->type = h[1];
    s->left = (uint16_t)(h[4] << 8 | h[5]);
    s->padding = h[6];
    if (h[0] != FCGI_VERSION) return broken(p, "it does not speak FastCGI 1 (its first byte is %llu)", h[0]);
    if (is_ours && request != REQUEST) return broken(p, "it answers request %llu, which nobody has sent", request);
    if (h[1] == END_REQUEST && s->left < END_BYTES) return broken(p, "its END_REQUEST has %llu bytes", s->left);
    s->part = PART_CONTENT;
    return TAKE_MORE;
}

/* It has said nothing yet, and says that it cannot: as if it had said 503. */
static enum take refuse(struct message_pair *p) {
    struct state *s = p->state;
    s->head_done = s->is_refused = true;
    p->status = 503;
    p->length = -1;
    p->fields = (struct fields){0};
    request_say(p->r, LOG_IS_WARNING, "fastcgi: the application is overloaded (more requests than it takes at once)");
    return TAKE_HEAD;
}

static enum take take_end(struct message_pair *p) {
    struct state *s = p->state;
    unsigned status = (unsigned char)s->fixed[4];
    if (s->line_bytes) say_line(p);
    if (s->is_refused) return TAKE_END;
    if (status == UNKNOWN_ROLE)
        return broken(p, "it does not know the role (%llu) that it is asked in", (unsigned char)role_of(p->host));
    if (status != REQUEST_COMPLETE && s->head_done) return broken(p, "it gave up (protocol status %llu)", status);
    if (status != REQUEST_COMPLETE) return refuse(p);
    if (!s->head_done) return cgi_head_eof(&s->head, p);
    p->can_keep = p->host->keep_alive && s->stdin_ended;
    return TAKE_END;
}

static enum take take_stdout(struct message_pair *p, struct span *part) {
    struct state *s = p->state;
    if (!s->head_done) {
        enum take word = cgi_head_take(&s->head, p, part);
        s->head_done = word == TAKE_HEAD;
        return word;
    }
    cgi_body(p, *part);
    s->body_bytes += part->n;
    *part = span_from(*part, part->n);
    return TAKE_MORE;
}

static enum take take_content(struct message_pair *p, struct span *in) {
    struct state *s = p->state;
    struct span part = span_upto(*in, in->n < s->left ? in->n : s->left);
    size_t n = part.n;
    enum take word = TAKE_MORE;
    if (s->type == STDOUT && n) word = take_stdout(p, &part);
    else if (s->type == END_REQUEST && s->have < END_BYTES) gather(s, &part, END_BYTES);
    else {
        if (s->type == STDERR) take_stderr(p, part);
        part = span_from(part, n);
    }
    n -= part.n;
    *in = span_from(*in, n);
    s->left = (uint16_t)(s->left - n);
    if (s->left == 0) s->part = PART_PADDING;
    return word;
}

static enum take take_padding(struct message_pair *p, struct span *in) {
    struct state *s = p->state;
    size_t n = in->n < s->padding ? in->n : s->padding;
    *in = span_from(*in, n);
    s->padding = (uint8_t)(s->padding - n);
    if (s->padding) return TAKE_MORE;
    if (s->type == END_REQUEST) return take_end(p);
    s->part = PART_HEADER;
    return TAKE_MORE;
}

/* Does nothing happen before more bytes come? What ends where the bytes end is done at once. */
static bool is_hungry(const struct state *s) {
    return s->part == PART_HEADER || (s->part == PART_CONTENT ? s->left : s->padding);
}

static enum take take(struct message_pair *p, struct span *in) {
    static enum take (*const parts[])(struct message_pair *, struct span *) = {
        [PART_HEADER] = take_header, [PART_CONTENT] = take_content, [PART_PADDING] = take_padding};
    struct state *s = p->state;
    enum take word = TAKE_MORE;
    while (word == TAKE_MORE && (in->n || !is_hungry(s))) word = parts[s->part](p, in);
    return word;
}

/* Some applications close without END_REQUEST: well, if all was there that was announced. */
static enum take eof(struct message_pair *p) {
    struct state *s = p->state;
    if (s->line_bytes) say_line(p);
    if (!s->head_done) return cgi_head_eof(&s->head, p);
    if (!cgi_has_body(p) || (p->length >= 0 && s->body_bytes == (uint64_t)p->length)) return TAKE_END;
    return broken(p, "it ended after %llu bytes, without END_REQUEST", s->body_bytes);
}

const struct codec fastcgi_codec = {.name = "fastcgi",
                                    .state_bytes = sizeof(struct state),
                                    .begin = begin,
                                    .body = body,
                                    .end = end,
                                    .take = take,
                                    .eof = eof,
                                    .abort = abort_request,
                                    .needs_length = true,
                                    .holds_process = true};
