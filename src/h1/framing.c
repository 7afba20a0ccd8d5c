/* framing.c - what the fields of a head say about the message: its length, its host, its connection */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "h1/framing.h"

#include "http/length.h"
#include "http/why.h"

static void note_codings(struct h1_framing *framing, struct span list) {
    struct span coding;
    framing->has_coding = true;
    while (list_next(&list, &coding)) {
        if (framing->chunked_last) framing->chunked_twice_or_early = true;
        framing->chunked_last = span_is_ci(coding, SPAN("chunked"));
        if (!framing->chunked_last) framing->other_coding = true;
    }
}

static void note_connection(struct h1_framing *framing, struct span list) {
    struct span option;
    while (list_next(&list, &option)) {
        if (span_is_ci(option, SPAN("close"))) framing->close = true;
        else if (span_is_ci(option, SPAN("keep-alive"))) framing->keep_alive = true;
    }
}

static void note_expect(struct h1_framing *framing, struct span list) {
    struct span expectation;
    while (list_next(&list, &expectation)) {
        if (span_is_ci(expectation, SPAN("100-continue"))) framing->expect_continue = true;
        else framing->expect_other = true;
    }
}

bool h1_framing_note(struct h1_framing *framing, struct field *field, int *status) {
    bool first = true;
    struct span said;
    *status = 0;
    switch (field->id) {
    case HEADER_HOST:
        if (framing->has_host) *status = http_refuse(400, "a second Host");
        framing->has_host = true;
        framing->host = field->value;
        break;
    case HEADER_CONTENT_LENGTH:
        first = framing->length < 0;
        *status = length_note(field->value, &framing->length, &said);
        if (!*status) field->value = said;
        break;
    case HEADER_TRANSFER_ENCODING:
        note_codings(framing, field->value);
        break;
    case HEADER_CONNECTION:
        note_connection(framing, field->value);
        break;
    case HEADER_EXPECT:
        note_expect(framing, field->value);
        break;
    default:
        break;
    }
    return first;
}

/* Contradictions between the two ways to frame a body are refused, not resolved: they are how
 * requests are smuggled. */
static int finish_body(struct message *m, const struct h1_framing *framing, unsigned options) {
    if (framing->has_coding) {
        if (m->version == 10 || framing->length >= 0 || framing->chunked_twice_or_early || !framing->chunked_last)
            return http_refuse(400, "Transfer-Encoding with a length, of HTTP/1.0, or without chunked at its end");
        if (framing->other_coding) return http_refuse(501, "a transfer coding beside chunked");
        m->chunked = true;
        m->body_bytes = BODY_UNKNOWN;
    } else if (framing->length > 0) {
        m->body_bytes = framing->length;
    }
    if (options & PARSE_METHOD_GET_BODY || m->body_bytes == 0) return 0;
    if (m->method != METHOD_GET && m->method != METHOD_HEAD) return 0;
    return http_refuse(400, "GET or HEAD with a body (server.http-parseopts: method-get-body)");
}

/* The target's authority stands above the Host field (RFC 9112 3.2.2), for what looks at the field too. */
static int use_absolute(struct message *m, struct span *target, unsigned options, struct arena *a) {
    struct span scheme;
    if (!uri_absolute(m->target_sent, &scheme, &m->authority, target))
        return http_refuse(400, "the target is neither a path nor a URL");
    if (span_is_ci(scheme, SPAN("http"))) m->scheme = SPAN("http");
    else if (span_is_ci(scheme, SPAN("https"))) m->scheme = SPAN("https");
    else return http_refuse(400, "the target's scheme is neither http nor https");
    if (target->n == 0) *target = m->method == METHOD_OPTIONS ? SPAN("*") : SPAN("/"); /* RFC 9112 3.2.4 */
    else if (target->p[0] == '?') *target = arena_join(a, SPAN("/"), *target);
    if (m->authority.n == 0) return http_refuse(400, "the target has no host"); /* RFC 9110 4.2.1 */
    if (host_parse(&m->authority, options, a)) return 400;
    fields_set(&m->fields, a, HEADER_HOST, m->authority);
    return 0;
}

/* CONNECT has host:port and nothing else; whoever answers sees an authority and an empty path (RFC 9112 3.2.3). */
static int use_authority(struct message *m, unsigned options, struct arena *a) {
    size_t port = host_without_port(m->target_sent).n + 1;
    if (port >= m->target_sent.n) return http_refuse(400, "CONNECT without a port");
    m->authority = m->target_sent;
    return host_parse(&m->authority, options | PARSE_HOST_STRICT, a);
}

static int finish_target(struct message *m, const struct h1_framing *framing, unsigned options, struct arena *a) {
    struct span target = m->target_sent;
    int status = 0;
    m->authority = framing->host;
    if (!framing->has_host && m->version >= 11) return http_refuse(400, "no Host");
    if (framing->has_host) status = host_parse(&m->authority, options, a);
    if (status) return status;
    if (m->method == METHOD_CONNECT) return use_authority(m, options, a);
    if (target.p[0] != '/' && !span_is(target, SPAN("*"))) status = use_absolute(m, &target, options, a);
    if (status) return status;
    if (target.p[0] == '*' && m->method != METHOD_OPTIONS)
        return http_refuse(400, "the target \"*\" with another method than OPTIONS");
    return uri_parse(&m->uri, target, options, a);
}

int h1_framing_finish(struct message *m, const struct h1_framing *framing, unsigned options, struct arena *a) {
    int status = finish_target(m, framing, options, a);
    if (!status) status = finish_body(m, framing, options);
    if (status) return status;

    bool persists = m->version >= 11 ? !framing->close : framing->keep_alive && !framing->close;
    if (m->version >= 11 && framing->expect_other) {
        m->keep_alive = persists && m->body_bytes == 0 && m->method != METHOD_CONNECT; /* will the body come? */
        return http_refuse(417, "Expect has something else than 100-continue");
    }
    m->keep_alive = persists && m->method != METHOD_CONNECT; /* refused, what follows was meant for the tunnel */
    m->expect_continue = m->version >= 11 && framing->expect_continue && m->body_bytes != 0;
    return 0;
}
