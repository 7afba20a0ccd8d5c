/* settings.c - settings of a block, and how they are written */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "commands/import/import.h"

enum { INDENT = 4, COMMENT_COLUMN = 72 };

void settings_set(struct settings *s, const char *key, struct span value, const struct nginx_directive *from) {
    for (size_t i = 0; i < s->count; i++) {
        if (!span_is(s->list[i].key, span_of(key))) continue;
        s->list[i].value = value;
        s->list[i].from = from;
        return;
    }
    s->list = memory_grow(s->list, &s->cap, s->count + 1, sizeof *s->list);
    s->list[s->count++] = (struct setting){span_of(key), value, from};
}

const struct setting *settings_find(const struct settings *s, struct span key) {
    for (size_t i = 0; s && i < s->count; i++)
        if (span_is(s->list[i].key, key)) return &s->list[i];
    return NULL;
}

void settings_done(struct settings *s) {
    free(s->list);
    *s = (struct settings){NULL, 0, 0};
}

/* ---- values ----------------------------------------------------------------------------------- */

struct span joined(struct import *im, const char *format, ...) {
    struct buf text = {0};
    va_list args;
    va_start(args, format);
    buf_vprintf(&text, format, args);
    va_end(args);
    struct span kept = arena_copy(im->arena, text.n ? buf_span(&text) : SPAN(""));
    buf_done(&text);
    return kept;
}

struct span quoted(struct import *im, struct span text) {
    struct buf out = {0};
    buf_add_char(&out, '"');
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '"') buf_add_char(&out, '\\');
        buf_add_char(&out, text.p[i]);
    }
    buf_add_char(&out, '"');
    struct span kept = arena_copy(im->arena, buf_span(&out));
    buf_done(&out);
    return kept;
}

struct span list_of(struct import *im, const struct span *words, size_t count) {
    struct buf out = {0};
    buf_add_text(&out, "( ");
    for (size_t i = 0; i < count; i++) {
        if (i) buf_add_text(&out, ", ");
        buf_add(&out, quoted(im, words[i]));
    }
    buf_add_text(&out, count ? " )" : ")");
    struct span kept = arena_copy(im->arena, buf_span(&out));
    buf_done(&out);
    return kept;
}

/* ---- writing ---------------------------------------------------------------------------------- */

static void indent(struct import *im) {
    for (unsigned i = 0; i < im->level * INDENT; i++) buf_add_char(&im->out, ' ');
}

static size_t line_start(const struct buf *out) {
    size_t at = out->n;
    while (at > 0 && out->p[at - 1] != '\n') at--;
    return at;
}

static void end_line(struct import *im, const struct nginx_directive *from) {
    if (from && from->line) {
        size_t width = im->out.n - line_start(&im->out);
        do buf_add_char(&im->out, ' ');
        while (++width < COMMENT_COLUMN);
        size_t slash = span_find_last(from->file, '/');
        struct span name = slash < from->file.n ? span_from(from->file, slash + 1) : from->file;
        buf_printf(&im->out, "# %.*s:%u", SPAN_ARG(name), from->line);
    }
    buf_add_char(&im->out, '\n');
}

void write_line(struct import *im, const struct nginx_directive *from, const char *format, ...) {
    va_list args;
    va_start(args, format);
    indent(im);
    buf_vprintf(&im->out, format, args);
    va_end(args);
    end_line(im, from);
}

/* A value of several lines: each is indented as its statement is. */
static void write_setting(struct import *im, struct span key, struct span value, const struct nginx_directive *from,
                          bool again) {
    struct span line;
    bool first = true;
    indent(im);
    buf_printf(&im->out, "%.*s %s ", SPAN_ARG(key), again && im->level == 0 ? ":=" : "=");
    while (span_next(&value, '\n', &line)) {
        if (!first) {
            buf_add_char(&im->out, '\n');
            indent(im);
        }
        buf_add(&im->out, line);
        first = false;
    }
    end_line(im, from);
}

/* What means nothing where its companion is not set, or has to be something. */
static bool needs_no_reset(struct span key) {
    static const char *const keys[] = {"server.document-root", "ssl.pemfile", "ssl.privkey", "accesslog.format",
                                       "url.redirect-code", "return.type", "return.body", "auth.backend",
                                       "auth.backend.htpasswd.userfile", "deflate.allowed-encodings",
                                       "deflate.min-compress-size", "deflate.compression-level", "proxy.header",
                                       "proxy.balance", "fastcgi.balance", "scgi.balance", "scgi.protocol",
                                       "limit.status", "server.name", "extforward.headers"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (span_is(key, span_of(keys[i]))) return true;
    return false;
}

/* Of what type the directive is can be seen from the value that it had. */
static struct span nothing_instead_of(const struct setting *was) {
    static const struct {
        const char *key, *value;
    } resets[] = {{"dir-listing.activate", "\"disable\""}, {"server.follow-symlink", "\"enable\""},
                  {"static-file.etags", "\"enable\""},    {"server.error-intercept", "\"disable\""},
                  {"return.type", "\"text/plain\""},    {"limit.log-only", "\"disable\""},
                  {"extforward.hap-PROXY", "\"disable\""}};
    for (size_t i = 0; i < sizeof resets / sizeof *resets; i++)
        if (span_is(was->key, span_of(resets[i].key))) return span_of(resets[i].value);
    if (was->value.n && was->value.p[0] == '(') return SPAN("()");
    return was->value.n && was->value.p[0] == '"' ? SPAN("\"\"") : SPAN("0");
}

void write_settings(struct import *im, const struct settings *s, const struct settings *around) {
    for (size_t i = 0; i < s->count; i++) {
        const struct setting *x = &s->list[i], *outer = settings_find(around, x->key);
        if (!outer || !span_is(outer->value, x->value)) write_setting(im, x->key, x->value, x->from, outer != NULL);
    }
    for (size_t i = 0; around && i < around->count; i++)
        if (!settings_find(s, around->list[i].key) && !needs_no_reset(around->list[i].key))
            write_setting(im, around->list[i].key, nothing_instead_of(&around->list[i]), NULL, true);
}

void write_open(struct import *im, bool is_else, const char *condition, const struct nginx_directive *from) {
    if (!is_else) indent(im);
    buf_printf(&im->out, "%s%s%s{", is_else ? "else " : "", condition, *condition ? " " : "");
    end_line(im, from);
    im->level++;
}

/* goes_on: an else follows on this line. */
void write_close(struct import *im, bool goes_on) {
    im->level--;
    indent(im);
    buf_add_text(&im->out, goes_on ? "} " : "}\n");
}
