/* response.c - what the client got, read as strictly as can be */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "player.h"

/* The head with its empty line, or nothing. */
static struct span head_of(struct span in) {
    size_t end = span_search(in, SPAN("\r\n\r\n"));
    return end == in.n ? (struct span){NULL, 0} : span_upto(in, end + 4);
}

static bool next_line(struct span *rest, struct span *line) {
    size_t end = span_search(*rest, SPAN("\r\n"));
    if (end == rest->n) return false;
    *line = span_upto(*rest, end);
    *rest = span_from(*rest, end + 2);
    return true;
}

static bool find_field(struct span rest, struct span name, struct span *value) {
    struct span line;
    while (next_line(&rest, &line) && line.n) {
        size_t colon = span_find(line, ':');
        if (!span_is_ci(span_upto(line, colon), name)) continue;
        *value = span_trim(span_from(line, colon + 1));
        return true;
    }
    return false;
}

bool response_field(const struct response *r, struct span name, struct span *value) {
    struct span rest = r->head, line;
    return next_line(&rest, &line) && find_field(rest, name, value);
}

bool response_trailer(const struct response *r, struct span name, struct span *value) {
    return find_field(r->trailers, name, value);
}

static const char *check_lines(struct span rest) {
    struct span line;
    while (next_line(&rest, &line) && line.n) {
        size_t colon = span_find(line, ':');
        if (colon == 0 || colon == line.n) return "a line of the head is no field";
        for (size_t i = 0; i < line.n; i++)
            if ((unsigned char)line.p[i] < 0x20 || line.p[i] == 0x7f) return "a control character in the head";
    }
    return NULL;
}

static const char *check_fields(const struct response *r) {
    struct span rest = r->head, line, value;
    next_line(&rest, &line);
    const char *wrong = check_lines(rest);
    if (wrong) return wrong;
    if (r->status >= 200 && !response_field(r, SPAN("Date"), &value)) return "a response without Date";
    if (response_field(r, SPAN("Content-Length"), &value) && response_field(r, SPAN("Transfer-Encoding"), &value))
        return "a response with Content-Length and Transfer-Encoding";
    return NULL;
}

static bool parse_number(struct span digits, unsigned base, uint64_t *number) {
    *number = 0;
    for (size_t i = 0; i < digits.n; i++) {
        int digit = ascii_hex(digits.p[i]);
        if (digit < 0 || (unsigned)digit >= base) return false;
        *number = *number * base + (unsigned)digit;
    }
    return digits.n > 0;
}

/* Returns what is wrong; r->is_whole once the last chunk and the line behind it are there. */
static const char *read_chunks(struct response *r, struct span in, size_t *used) {
    struct span rest = in, line;
    while (next_line(&rest, &line)) {
        uint64_t n;
        if (!parse_number(line, 16, &n)) return "a chunk's size is no number";
        if (n == 0) {
            struct span trailers = rest;
            do if (!next_line(&rest, &line)) return NULL;
            while (line.n);
            r->trailers = span_between(trailers.p, line.p);
            r->is_whole = true;
            *used = (size_t)(rest.p - in.p);
            return check_lines(r->trailers);
        }
        if (rest.n < n) {
            buf_add(&r->body, rest);
            break;
        }
        buf_add(&r->body, span_upto(rest, (size_t)n));
        rest = span_from(rest, (size_t)n);
        if (rest.n >= 2 && !span_starts(rest, SPAN("\r\n"))) return "a chunk is longer than its size";
        if (rest.n < 2) break;
        rest = span_from(rest, 2);
    }
    *used = in.n;
    return NULL;
}

static const char *read_body(struct response *r, struct span in, bool is_end) {
    size_t used = in.n;
    struct span value;
    uint64_t length;
    const char *wrong = NULL;
    if (response_field(r, SPAN("Transfer-Encoding"), &value)) {
        if (!span_is(value, SPAN("chunked"))) return "an unknown transfer coding";
        if (!span_starts(r->head, SPAN("HTTP/1.1"))) return "chunked coding in HTTP/1.0";
        r->framing = FRAMING_CHUNKED;
        wrong = read_chunks(r, in, &used);
    } else if (response_field(r, SPAN("Content-Length"), &value)) {
        if (!parse_number(value, 10, &length)) return "Content-Length is no number";
        r->framing = FRAMING_LENGTH;
        r->is_whole = in.n >= length;
        if (r->is_whole) used = (size_t)length;
        buf_add(&r->body, span_upto(in, used));
    } else {
        r->framing = FRAMING_END;
        r->is_whole = is_end;
        buf_add(&r->body, in);
    }
    r->used = r->head.n + used;
    return wrong;
}

const char *response_read(struct response *r, struct span in, bool for_head, bool is_end) {
    uint64_t status;
    *r = (struct response){.head = head_of(in)};
    if (r->head.n == 0) return "";
    if (!span_starts(r->head, SPAN("HTTP/1.1 ")) && !span_starts(r->head, SPAN("HTTP/1.0 "))) return "no status line";
    if (!parse_number(span_upto(span_from(r->head, 9), 3), 10, &status)) return "no status";
    r->status = (int)status;
    const char *wrong = check_fields(r);
    if (wrong) return wrong;
    bool has_body = !for_head && status >= 200 && status != 204 && status != 304;
    if (has_body) return read_body(r, span_from(in, r->head.n), is_end);
    r->used = r->head.n;
    r->is_whole = true;
    return NULL;
}

void response_done(struct response *r) {
    buf_done(&r->body);
}
