/* codec.c - what a CGI program gets on standard input and says on standard output (RFC 3875 4.2, 6) */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "modules/cgi/cgi.h"

struct state {
    struct cgi_head head;
    bool head_done;
    uint64_t body_bytes;
};

/* Variables were given to the program when it was started. */
static int begin(struct message_pair *p, struct chunks *out) {
    (void)p, (void)out;
    return 0;
}

static uint64_t body(struct message_pair *p, struct chunks *out, struct chunks *from, uint64_t max) {
    uint64_t n = from->bytes < max ? from->bytes : max;
    (void)p;
    if (n) chunks_take(out, from, n);
    return n;
}

/* What a program says beyond its Content-Length is not the response's. */
static struct span within_length(const struct message_pair *p, const struct state *s, struct span bytes) {
    if (p->length < 0 || p->is_tunnel) return bytes;
    uint64_t left = (uint64_t)p->length > s->body_bytes ? (uint64_t)p->length - s->body_bytes : 0;
    return bytes.n > left ? span_upto(bytes, (size_t)left) : bytes;
}

static enum take take(struct message_pair *p, struct span *in) {
    struct state *s = p->state;
    if (!s->head_done) {
        enum take word = cgi_head_take(&s->head, p, in);
        s->head_done = word == TAKE_HEAD;
        return word;
    }
    struct span bytes = within_length(p, s, *in);
    cgi_body(p, bytes);
    s->body_bytes += bytes.n;
    *in = span_from(*in, in->n);
    return cgi_is_whole(p) && !p->is_tunnel ? TAKE_END : TAKE_MORE;
}

bool cgi_is_whole(const struct message_pair *p) {
    const struct state *s = p->state;
    if (!s->head_done) return false;
    return p->is_tunnel || !cgi_has_body(p) || (p->length >= 0 && s->body_bytes >= (uint64_t)p->length);
}

static enum take eof(struct message_pair *p) {
    struct state *s = p->state;
    char room[64];
    if (!s->head_done) {
        enum take word = cgi_head_eof(&s->head, p);
        p->why = arena_printf(&p->r->arena, "%.*s%s", SPAN_ARG(p->why), cgi_end_text(p, room));
        return word;
    }
    if (cgi_is_whole(p) || (p->length < 0 && !cgi_was_killed(p))) return TAKE_END;
    p->why = arena_printf(&p->r->arena, "it ended after %llu bytes of its response%s",
                          (unsigned long long)s->body_bytes, cgi_end_text(p, room));
    return TAKE_BROKEN;
}

const struct codec cgi_codec = {.name = "cgi",
                                .state_bytes = sizeof(struct state),
                                .begin = begin,
                                .body = body,
                                .take = take,
                                .eof = eof,
                                .half_closes = true,
                                .needs_length = true};
