/* response.c - HTTP/1.x responses of a backend (RFC 9112) */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "h1/response.h"

#include "http/length.h"

/* Where it stands; zero is the beginning. */
enum { IN_HEAD, IN_SIZED, IN_CHUNKS, IN_TRAILERS, UNTIL_END, AT_END, BROKEN };

static enum h1_response_word broken(struct h1_response *x, const char *why) {
    x->state = BROKEN;
    x->why = why;
    return H1_RESPONSE_BROKEN;
}

/* ---- lines ------------------------------------------------------------------------------------ */

/* Position behind the empty line that ends a head (or trailers, which may be nothing else); 0: it has not come. */
static size_t head_end(struct span in, size_t from) {
    for (size_t i = scan_newline(in, from); i < in.n; i = scan_newline(in, i + 1)) {
        size_t line = i > 0 && in.p[i - 1] == '\r' ? i - 1 : i;
        if (line == 0 || in.p[line - 1] == '\n') return i + 1;
    }
    return 0;
}

/* The next line of a head, without its end, and where its first colon stands. False: it holds what no line may, or
 * its end has not come. */
static bool next_line(struct span *head, struct span *line, size_t *colon) {
    size_t end = scan_line(*head, 0, ':', colon);
    if (end == head->n) return false;
    *line = span_upto(*head, end);
    if (*colon == head->n) *colon = end;
    if (head->p[end] == '\r') end++;
    if (end == head->n || head->p[end] != '\n') return false;
    *head = span_from(*head, end + 1);
    return true;
}

/* ---- the status line and fields --------------------------------------------------------------- */

/* "HTTP/1.1 200 OK"; the reason is nobody's business, and the space before it is often left out. */
static const char *read_status(struct h1_response *x, struct span line) {
    static const char *const why = "its answer does not begin with a status line of HTTP/1";
    if (line.n < 12 || memcmp(line.p, "HTTP/1.", 7) != 0 || !ascii_is_digit(line.p[7]) || line.p[8] != ' ')
        return why;
    x->version = line.p[7] == '0' ? 10 : 11;
    x->status = 0;
    for (size_t i = 9; i < 12; i++) {
        if (!ascii_is_digit(line.p[i])) return why;
        x->status = x->status * 10 + (line.p[i] - '0');
    }
    if (line.n > 12 && line.p[12] != ' ') return why;
    return x->status < 100 ? "its status is below 100" : NULL;
}

/* What the fields say of the message itself. */
struct framing {
    bool has_coding, other_coding, chunked_before, close, keep_alive;
};

static void note_codings(struct h1_response *x, struct framing *f, struct span list) {
    struct span coding;
    f->has_coding = true;
    while (list_next(&list, &coding)) {
        if (!span_is_ci(coding, SPAN("chunked"))) f->other_coding = true;
        f->chunked_before |= x->chunked;
        x->chunked = true;
    }
}

static void note_connection(struct h1_response *x, struct framing *f, struct span list) {
    struct span all = list, option;
    while (list_next(&list, &option)) {
        f->close |= span_is_ci(option, SPAN("close"));
        f->keep_alive |= span_is_ci(option, SPAN("keep-alive"));
    }
    if (x->connection.n) x->connection = arena_printf(x->arena, "%.*s, %.*s", SPAN_ARG(x->connection), SPAN_ARG(all));
    else x->connection = arena_copy(x->arena, all);
}

/* Of a field that is about the message itself: is it kept? */
static bool note(struct h1_response *x, struct framing *f, const struct field *field, const char **why) {
    switch (field->id) {
    case HEADER_CONTENT_LENGTH:
        if (length_note(field->value, &x->length, NULL))
            *why = "its Content-Length is no length, or two of them differ";
        return false;
    case HEADER_TRANSFER_ENCODING: note_codings(x, f, field->value); return false;
    case HEADER_CONNECTION: note_connection(x, f, field->value); return true;
    default: return true;
    }
}

static const char *split_field(struct span line, size_t colon, struct field *field) {
    if (line.p[0] == ' ' || line.p[0] == '\t') return "a field is folded";
    if (colon == line.n) return "a field has no colon";
    field->name = span_upto(line, colon);
    field->value = span_trim(span_from(line, colon + 1));
    field->id = header_find(field->name);
    if (field->id == HEADER_OTHER && !is_token(field->name)) return "the name of a field is no token";
    return NULL;
}

/* Fields off *head, with the empty line. f: NULL for trailers. */
static const char *read_fields(struct h1_response *x, struct span *head, struct fields *into, struct framing *f) {
    const char *why = NULL;
    struct span line;
    struct field field;
    size_t colon;
    for (;;) {
        if (!next_line(head, &line, &colon)) return "there is a control character in its head";
        if (line.n == 0) return NULL;
        if ((why = split_field(line, colon, &field))) return why;
        if (into->count == H1_RESPONSE_FIELDS_MAX) return "it has too many fields";
        if (f && !note(x, f, &field, &why)) {
            if (why) return why;
            continue;
        }
        if (!f && header_flags(field.id) & HEADER_NO_TRAILER) continue;
        x->flags |= header_flags(field.id);
        fields_append(into, x->arena, field.id, field.name, field.value);
    }
}

/* ---- what follows the head (RFC 9112 6.3) ----------------------------------------------------- */

static void expect(struct h1_response *x, uint8_t state) {
    x->state = state;
    x->held = NULL;
    x->held_bytes = x->held_room = x->seen = 0;
}

static const char *decide_body(struct h1_response *x, const struct framing *f) {
    bool tunnel = (x->status == 101 && x->may_switch) || (x->to_connect && x->status >= 200 && x->status < 300);
    x->persists = x->version >= 11 ? !f->close : f->keep_alive && !f->close;
    if (f->has_coding && x->length >= 0) return "it has a Content-Length beside Transfer-Encoding";
    if (f->has_coding && x->version < 11) return "Transfer-Encoding is not of HTTP/1.0";
    if (f->other_coding || f->chunked_before) return "its Transfer-Encoding is not chunked alone";
    x->is_tunnel = tunnel;
    if (tunnel) {
        expect(x, UNTIL_END);
        x->persists = false;
    } else if (x->to_head || x->status == 204 || x->status == 304) {
        expect(x, AT_END);
    } else if (x->chunked) {
        expect(x, IN_CHUNKS);
        x->chunks = (struct h1_chunked){0};
    } else if (x->length >= 0) {
        expect(x, x->length ? IN_SIZED : AT_END);
        x->left = (uint64_t)x->length;
    } else {
        expect(x, UNTIL_END);
        x->persists = false;
    }
    return NULL;
}

/* Status line and fields off *head, with the empty line; what is wrong, or NULL. */
static const char *read_head(struct h1_response *x, struct span *head, struct framing *f) {
    struct span line;
    size_t colon;
    x->fields = (struct fields){0};
    x->flags = 0;
    x->length = -1;
    x->chunked = false;
    x->connection = (struct span){NULL, 0};
    if (!next_line(head, &line, &colon)) return "there is a control character in its status line";
    const char *why = read_status(x, line);
    return why ? why : read_fields(x, head, &x->fields, f);
}

/* A head is read. */
static enum h1_response_word take_note(struct h1_response *x, const struct framing *f) {
    if (x->status < 200 && x->status != 101) {
        expect(x, IN_HEAD);
        if (x->interims++ == H1_INTERIM_MAX) return broken(x, "it has nothing but interim responses to say");
        return H1_RESPONSE_INTERIM;
    }
    if (x->status == 101 && !x->may_switch) return broken(x, "it changes the protocol, which nobody asked for");
    const char *why = decide_body(x, f);
    return why ? broken(x, why) : H1_RESPONSE_HEAD;
}

/* ---- heads and trailers, which may come in pieces --------------------------------------------- */

/* Adds to what is held; bounded. */
static void hold(struct h1_response *x, struct span bytes) {
    if (x->held_bytes + bytes.n > x->held_room) {
        size_t room = x->held_room ? x->held_room * 2 : 1024;
        while (room < x->held_bytes + bytes.n) room *= 2;
        char *more = arena_bytes(x->arena, room);
        if (x->held_bytes) memcpy(more, x->held, x->held_bytes);
        x->held = more;
        x->held_room = room;
    }
    memcpy(x->held + x->held_bytes, bytes.p, bytes.n);
    x->held_bytes += bytes.n;
}

/* Takes bytes until the empty line. 1: *head, in the arena, is whole; 0: more; -1: too large. */
static int take_head(struct h1_response *x, struct span *in, struct span *head) {
    size_t before = x->held_bytes, take = in->n;
    if (take > H1_RESPONSE_HEAD_MAX + 1 - before) take = H1_RESPONSE_HEAD_MAX + 1 - before;
    hold(x, span_upto(*in, take));
    struct span held = {x->held, x->held_bytes};
    size_t end = head_end(held, x->seen);
    x->seen = held.n;
    if ((end ? end : held.n) > H1_RESPONSE_HEAD_MAX) return -1;
    *in = span_from(*in, end ? end - before : take);
    *head = span_upto(held, end);
    return end ? 1 : 0;
}

/* The fields lie in `from`, which does not last: into the arena with them. */
static void move_fields(struct h1_response *x, struct span from) {
    const char *to = arena_copy(x->arena, from).p;
    for (uint32_t i = 0; i < x->fields.count; i++) {
        struct field *f = &x->fields.list[i];
        f->name.p = to + (f->name.p - from.p);
        f->value.p = to + (f->value.p - from.p);
    }
}

/* Mostly a head comes as a whole, and all is well: then it is read where it lies. */
static bool read_at_once(struct h1_response *x, struct span *in, struct framing *f) {
    struct span rest = *in;
    if (x->held_bytes || read_head(x, &rest, f) || in->n - rest.n > H1_RESPONSE_HEAD_MAX) return false;
    move_fields(x, span_upto(*in, in->n - rest.n));
    *in = rest;
    return true;
}

static enum h1_response_word next_head(struct h1_response *x, struct span *in) {
    struct framing framing = {0};
    struct span head;
    if (read_at_once(x, in, &framing)) return take_note(x, &framing);
    framing = (struct framing){0};
    int came = take_head(x, in, &head);
    if (came < 0) return broken(x, "its head is larger than 64 KiB");
    if (!came) return H1_RESPONSE_MORE;
    const char *why = read_head(x, &head, &framing);
    return why ? broken(x, why) : take_note(x, &framing);
}

static enum h1_response_word next_trailers(struct h1_response *x, struct span *in) {
    struct span head;
    int came = take_head(x, in, &head);
    if (came < 0) return broken(x, "its trailers are larger than 64 KiB");
    if (!came) return H1_RESPONSE_MORE;
    const char *why = read_fields(x, &head, &x->trailers, NULL);
    if (why) x->trailers = (struct fields){0};
    if (why) return broken(x, why);
    x->state = AT_END;
    return H1_RESPONSE_END;
}

/* ---- bodies ----------------------------------------------------------------------------------- */

static enum h1_response_word next_sized(struct h1_response *x, struct span *in, struct span *data) {
    size_t n = in->n < x->left ? in->n : (size_t)x->left;
    *data = span_upto(*in, n);
    *in = span_from(*in, n);
    x->left -= n;
    if (x->left == 0) x->state = AT_END;
    return H1_RESPONSE_DATA;
}

static enum h1_response_word next_chunk(struct h1_response *x, struct span *in, struct span *data) {
    int result = h1_chunked_next(&x->chunks, in, data);
    if (result == CHUNKED_DATA) return H1_RESPONSE_DATA;
    if (result == CHUNKED_MORE) return H1_RESPONSE_MORE;
    if (result != CHUNKED_TRAILERS) return broken(x, "its chunked coding is malformed");
    expect(x, IN_TRAILERS);
    return in->n ? next_trailers(x, in) : H1_RESPONSE_MORE;
}

enum h1_response_word h1_response_next(struct h1_response *x, struct span *in, struct span *data) {
    if (x->state == AT_END) return H1_RESPONSE_END;
    if (x->state == BROKEN) return H1_RESPONSE_BROKEN;
    if (in->n == 0) return H1_RESPONSE_MORE;
    switch (x->state) {
    case IN_HEAD: return next_head(x, in);
    case IN_SIZED: return next_sized(x, in, data);
    case IN_CHUNKS: return next_chunk(x, in, data);
    case IN_TRAILERS: return next_trailers(x, in);
    default: break;
    }
    *data = *in;
    *in = span_from(*in, in->n);
    return H1_RESPONSE_DATA;
}

enum h1_response_word h1_response_eof(struct h1_response *x) {
    switch (x->state) {
    case AT_END: return H1_RESPONSE_END;
    case UNTIL_END: x->state = AT_END; return H1_RESPONSE_END;
    case BROKEN: return H1_RESPONSE_BROKEN;
    case IN_HEAD:
        return broken(x, x->held_bytes ? "it closed the connection within its head" : "it closed the connection");
    default: return broken(x, "it closed the connection before its answer was whole");
    }
}
