/* scgi.c - SCGI, and uwsgi, which differs in its head only */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <stdio.h>

#include "base/number.h"
#include "modules/gateway/exchange.h"

/*
 * SCGI: a netstring of "name\0value\0" pairs, CONTENT_LENGTH first, then "SCGI" "1"; then the body as it is.
 *     70:CONTENT_LENGTH\027\0SCGI\01\0 ... ,
 *
 * uwsgi: modifier 0 | bytes (2, little end first) | modifier 0, then each name and value with two bytes of length.
 *
 * Both answer as CGI programs do, and end the connection behind it.
 */
enum { UWSGI_HEADER_BYTES = 4, UWSGI_MAX = 0xffff };

struct state {
    struct cgi_head head;
    bool head_done;
    uint64_t body_bytes;
};

static struct buf scratch; /* of the worker: its size is what the largest request before has needed */

static int hand_over(struct chunks *out, int status) {
    if (!status) chunks_add_copy(out, buf_span(&scratch));
    buf_reuse(&scratch);
    return status;
}

/* ---- SCGI --------------------------------------------------------------------------------------- */

static void add_pair(struct buf *b, struct span name, struct span value) {
    buf_add(b, name);
    buf_add_char(b, '\0');
    buf_add(b, value);
    buf_add_char(b, '\0');
}

static void put_scgi(void *arg, struct span name, struct span value) {
    if (!span_is(name, SPAN("CONTENT_LENGTH")) && !span_is(name, SPAN("SCGI"))) add_pair(arg, name, value);
}

static int begin_scgi(struct message_pair *p, struct chunks *out) {
    const struct environment_sink sink = {put_scgi, &scratch};
    enum { ROOM = NUMBER_BYTES + 1 }; /* for the netstring's length, which is known at the end */
    char digits[NUMBER_BYTES];
    if (p->body_bytes < 0) return 411;
    buf_room(&scratch, ROOM);
    scratch.n = ROOM;
    add_pair(&scratch, SPAN("CONTENT_LENGTH"), (struct span){digits, number_format(digits, (uint64_t)p->body_bytes)});
    add_pair(&scratch, SPAN("SCGI"), SPAN("1"));
    environment_each(p, &sink);
    size_t n = number_format(digits, scratch.n - ROOM), skip = ROOM - n - 1;
    memcpy(scratch.p + skip, digits, n);
    scratch.p[ROOM - 1] = ':';
    buf_add_char(&scratch, ',');
    memmove(scratch.p, scratch.p + skip, scratch.n - skip);
    scratch.n -= skip;
    return hand_over(out, 0);
}

/* ---- uwsgi -------------------------------------------------------------------------------------- */

static void add_sized(struct buf *b, struct span s) {
    buf_add_char(b, (char)s.n);
    buf_add_char(b, (char)(s.n >> 8));
    buf_add(b, s);
}

/* What is too long for its length makes the whole too long, which is seen at the end. */
static void put_uwsgi(void *arg, struct span name, struct span value) {
    add_sized(arg, name);
    add_sized(arg, value);
}

static int begin_uwsgi(struct message_pair *p, struct chunks *out) {
    const struct environment_sink sink = {put_uwsgi, &scratch};
    if (p->body_bytes < 0) return 411;
    buf_room(&scratch, UWSGI_HEADER_BYTES);
    scratch.n = UWSGI_HEADER_BYTES;
    environment_each(p, &sink);
    size_t n = scratch.n - UWSGI_HEADER_BYTES;
    const char header[UWSGI_HEADER_BYTES] = {0, (char)n, (char)(n >> 8), 0};
    memcpy(scratch.p, header, sizeof header);
    return hand_over(out, n > UWSGI_MAX ? 431 : 0);
}

/* ---- both --------------------------------------------------------------------------------------- */

static uint64_t body(struct message_pair *p, struct chunks *out, struct chunks *from, uint64_t max) {
    uint64_t n = from->bytes < max ? from->bytes : max;
    if (n > p->wanted) n = p->wanted;
    if (n) chunks_take(out, from, n);
    return n;
}

static void end(struct message_pair *p, struct chunks *out) {
    (void)p, (void)out; /* CONTENT_LENGTH has told */
}

static enum take take(struct message_pair *p, struct span *in) {
    struct state *s = p->state;
    if (!s->head_done) {
        enum take word = cgi_head_take(&s->head, p, in);
        s->head_done = word == TAKE_HEAD;
        return word;
    }
    cgi_body(p, *in);
    s->body_bytes += in->n;
    *in = span_from(*in, in->n);
    return TAKE_MORE;
}

static enum take eof(struct message_pair *p) {
    struct state *s = p->state;
    if (!s->head_done) return cgi_head_eof(&s->head, p);
    if (!cgi_has_body(p) || p->length < 0 || s->body_bytes >= (uint64_t)p->length) return TAKE_END;
    p->why = arena_printf(&p->r->arena, "it ended after %llu of %lld bytes", (unsigned long long)s->body_bytes,
                          (long long)p->length);
    return TAKE_BROKEN;
}

const struct codec scgi_codec = {.name = "scgi",
                                 .state_bytes = sizeof(struct state),
                                 .begin = begin_scgi,
                                 .body = body,
                                 .end = end,
                                 .take = take,
                                 .eof = eof,
                                 .needs_length = true};

const struct codec uwsgi_codec = {.name = "uwsgi",
                                  .state_bytes = sizeof(struct state),
                                  .begin = begin_uwsgi,
                                  .body = body,
                                  .end = end,
                                  .take = take,
                                  .eof = eof,
                                  .needs_length = true};
