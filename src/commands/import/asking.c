/* asking.c - auth_request becomes auth.forward: another server says who may come in */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "commands/import/import.h"

static bool says_anywhere(const struct nginx_directive *block, const char *name) {
    for (const struct nginx_directive *d = block->first; d; d = d->next)
        if (nginx_is(d, name) || says_anywhere(d, name)) return true;
    return false;
}

/* What somebody else has to allow is not open because he cannot be asked. */
static void close_unasked(struct import *im, struct nginx_directive *d, struct settings *s) {
    left(im, d, "it does not lead to a location with a proxy_pass to one server, which could be asked: 403 for all");
    if (says_anywhere(im->http, "allow") || says_anywhere(im->http, "deny"))
        settings_set(s, "return.status", SPAN("403"), d);
    else settings_set(s, "url.access-deny", SPAN("( \"\" )"), d);
}

/* ---- auth_request_set $user $upstream_http_x_user --------------------------------------------- */

static const struct span answer_word = SPAN_INIT("$upstream_http_");

static bool is_taken(const struct nginx_directive *d) {
    return nginx_is(d, "auth_request_set") && d->count == 3 && nginx_word(d, 1).n > 1 &&
           span_starts(nginx_word(d, 2), answer_word);
}

/* What is copied from the answer is a field of the request from then on. */
static void settle_answers_of(struct import *im, struct nginx_directive *block) {
    for (struct nginx_directive *d = block->first; d; d = d->next) {
        settle_answers_of(im, d);
        if (!is_taken(d)) continue;
        struct span field = joined(im, "$http_%.*s", SPAN_ARG(span_from(nginx_word(d, 2), answer_word.n)));
        translated(im, d);
        put_everywhere(im, d->parent->first, span_from(nginx_word(d, 1), 1), field);
    }
}

void settle_answers(struct import *im) {
    settle_answers_of(im, im->http);
}

static struct span field_name(struct import *im, struct span variable) {
    struct buf out = {0};
    bool start = true;
    for (size_t i = answer_word.n; i < variable.n; i++) {
        char c = variable.p[i];
        buf_add_char(&out, c == '_' ? '-' : start && c >= 'a' && c <= 'z' ? (char)(c - 32) : c);
        start = c == '_';
    }
    struct span kept = arena_copy(im->arena, buf_span(&out));
    buf_done(&out);
    return kept;
}

static void add_copied(struct import *im, const struct nginx_directive *block, struct buf *out) {
    const struct nginx_directive *level = level_of(block, "auth_request_set");
    unsigned count = 0;
    for (const struct nginx_directive *d = level ? level->first : NULL; d; d = d->next)
        if (is_taken(d))
            buf_printf(out, "%s%.*s", count++ ? ", " : ",\n    \"copy-response\" => ( ",
                       SPAN_ARG(quoted(im, field_name(im, nginx_word(d, 2)))));
    if (count) buf_add_text(out, " )");
}

/* ---- auth_request /where ---------------------------------------------------------------------- */

static struct nginx_directive *location_at(const struct nginx_directive *block, struct span path) {
    while (block->parent && !nginx_is(block, "server")) block = block->parent;
    for (struct nginx_directive *d = next_named(block->first, "location"); d; d = next_named(d->next, "location"))
        if (span_is(nginx_word(d, d->count - 1), path) && nginx_word(d, 1).p[0] != '~') return d;
    return NULL;
}

/* The authority of an upstream is its only server. Empty: there is not just one. */
static struct span authority_of(struct import *im, struct span name) {
    struct nginx_directive *upstream = upstream_of(im, name);
    if (!upstream) return name;
    struct nginx_directive *d = next_named(upstream->first, "server");
    return d && !next_named(d->next, "server") ? nginx_word(d, 1) : SPAN("");
}

void forward_settings(struct import *im, struct nginx_directive *block, struct settings *s) {
    struct nginx_directive *d = inherited(block, "auth_request");
    struct span path = d ? nginx_word(d, 1) : SPAN("off");
    struct nginx_directive *at = d ? location_at(block, path) : NULL, *pass = at ? own(at, "proxy_pass") : NULL;
    struct buf copied = {0};
    if (d) translated(im, d);
    if (span_is(path, SPAN("off")) || at == block) return;
    struct target t = target_of(pass ? nginx_word(pass, 1) : SPAN(""));
    struct span authority = authority_of(im, t.authority);
    bool is_one = pass && authority.n && span_find(nginx_word(pass, 1), '$') == nginx_word(pass, 1).n;
    if (!is_one || span_starts(authority, SPAN("unix:"))) {
        close_unasked(im, d, s);
        return;
    }
    settle_subtree(at, NGINX_TRANSLATED, SPAN(""));
    add_copied(im, block, &copied);
    struct span url = joined(im, "%.*s://%.*s%.*s", SPAN_ARG(t.scheme), SPAN_ARG(authority),
                             SPAN_ARG(t.uri.p ? t.uri : path));
    settings_set(s, "auth.forward",
                 joined(im, "( \"\" => ( \"url\" => %.*s%.*s ) )", SPAN_ARG(quoted(im, url)),
                        SPAN_ARG(copied.n ? buf_span(&copied) : SPAN(""))), d);
    note(im, d, "who is asked gets Cookie, Authorization, Accept, X-Requested-With and User-Agent, and what "
                "nginx calls X-Original-URI, not all fields of the request");
    buf_done(&copied);
}
