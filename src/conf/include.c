/* include.c - include, include_shell: other texts become part of this one */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <stdio.h>

#include "conf/inputs.h"
#include "conf/parser.h"

/* inclusion - a statement on its way */
struct inclusion {
    struct place place; /* of the operand */
    size_t width;
    struct span operand;
};

static bool is_set_apart(struct span name) {
    if (name.n == 0) return false;
    bool drive = name.n > 2 && name.p[1] == ':' && name.p[2] == '/';
    return name.p[0] == '/' || name.p[0] == '\\' || drive || span_starts(name, SPAN("./")) ||
           span_starts(name, SPAN("../"));
}

static bool is_pattern(struct span name) {
    for (size_t i = 0; i < name.n; i++)
        if (memchr("*?[]{}\\", name.p[i], 7)) return true;
    return false;
}

/* The directory before a pattern is no pattern. */
static struct span escaped(struct parser *p, struct span directory) {
    struct buf *out = &p->scratch;
    buf_clear(out);
    for (size_t i = 0; i < directory.n; i++) {
        if (memchr("*?[]{}\\", directory.p[i], 7)) buf_add_char(out, '\\');
        buf_add_char(out, directory.p[i]);
    }
    return arena_copy(&p->tree->arena, buf_span(out));
}

/* a -> b -> a */
static struct span chain_of(struct parser *p, struct span name) {
    struct buf *out = &p->scratch;
    struct span names[DEEPEST_INCLUDE + 1];
    size_t n = 0;
    for (const struct source_text *s = p->now.source; s && n < DEEPEST_INCLUDE;
         s = s->included_at.source)
        names[n++] = s->name;
    buf_clear(out);
    while (n > 0) {
        buf_add(out, names[--n]);
        buf_add_text(out, " -> ");
    }
    buf_add(out, name);
    return arena_copy(&p->tree->arena, buf_span(out));
}

/* Would this text include itself, or go too deep? */
static bool may_include(struct parser *p, const struct inclusion *in, struct span name) {
    unsigned depth = 0;
    for (const struct source_text *s = p->now.source; s; s = s->included_at.source) {
        depth++;
        if (!span_is(s->name, name)) continue;
        complain(p->complaints, COMPLAINT_ERROR, in->place, in->width, chain_of(p, name).p,
                 "%.*s includes itself", SPAN_ARG(name));
        return false;
    }
    if (depth <= DEEPEST_INCLUDE) return true;
    complain(p->complaints, COMPLAINT_ERROR, in->place, in->width, chain_of(p, name).p,
             "files are included deeper than %d levels here", DEEPEST_INCLUDE);
    p->stopped = true;
    return false;
}

static void parse_text_of(struct parser *p, const struct inclusion *in, struct span name,
                          struct span text) {
    p->text_bytes += text.n;
    if (p->text_bytes > MOST_TEXT_BYTES) {
        stop(p, in->place, in->width,
             "the files of this configuration are larger than 32 MiB together");
        return;
    }
    parse_source(p, name, text, in->place);
}

static void include_file(struct parser *p, const struct inclusion *in, struct span name) {
    struct span text, why;
    if (!may_include(p, in, name)) return;
    if (inputs_file(p->inputs, name.p, &text, &why)) {
        parse_text_of(p, in, name, text);
        return;
    }
    const char *hint =
        is_set_apart(in->operand) ? NULL : "paths are relative to the directory of the main file";
    complain(p->complaints, COMPLAINT_ERROR, in->place, in->width, hint, "cannot read %.*s: %.*s",
             SPAN_ARG(name), SPAN_ARG(why));
}

static void include(struct parser *p, const struct inclusion *in) {
    struct arena *arena = &p->tree->arena;
    struct span directory = is_set_apart(in->operand) ? SPAN("") : p->directory, names, why, name;
    if (!is_pattern(in->operand)) {
        include_file(p, in, arena_join(arena, directory, in->operand));
        return;
    }
    struct span pattern = arena_join(arena, escaped(p, directory), in->operand);
    if (!inputs_glob(p->inputs, pattern.p, &names, &why)) {
        complain(p->complaints, COMPLAINT_ERROR, in->place, in->width, NULL,
                 "cannot list %.*s: %.*s", SPAN_ARG(pattern), SPAN_ARG(why));
        return;
    }
    while (names.n > 0 && !p->stopped) {
        name = span_upto(names, span_find(names, '\0'));
        include_file(p, in, name);
        names = span_from(names, name.n + (name.n < names.n));
    }
}

static void include_shell(struct parser *p, const struct inclusion *in) {
    struct span output, why,
        name = arena_printf(&p->tree->arena, "include_shell \"%.*s\"", SPAN_ARG(in->operand));
    const char *directory = arena_copy(&p->tree->arena, p->directory).p;
    if (!may_include(p, in, name)) return;
    if (inputs_shell(p->inputs, directory, in->operand.p, &output, &why))
        parse_text_of(p, in, name, output);
    else
        complain(p->complaints, COMPLAINT_ERROR, in->place, in->width, NULL,
                 "the command failed: %.*s", SPAN_ARG(why));
}

static bool operand_of(struct parser *p, struct inclusion *in, const struct value *v, bool shell) {
    in->operand = v->type == VALUE_INT ? int_text(p, v->number) : v->string;
    const char *what = shell ? "a command" : "the name of a file";
    if (v->type == VALUE_ARRAY)
        complain(p->complaints, COMPLAINT_ERROR, in->place, in->width, NULL,
                 "%s has to be a string", what);
    else if (in->operand.n == 0)
        complain(p->complaints, COMPLAINT_ERROR, in->place, in->width, NULL, "%s cannot be empty",
                 what);
    else if (memchr(in->operand.p, '\0', in->operand.n))
        complain(p->complaints, COMPLAINT_ERROR, in->place, in->width, NULL,
                 "%s cannot have a NUL byte in it", what);
    else return true;
    return false;
}

void parse_include(struct parser *p) {
    bool shell = p->now.token.type == TOKEN_INCLUDE_SHELL;
    struct value v;
    advance(p);
    struct inclusion in = {.place = place_of(p, p->now.token), .width = p->now.token.length};
    enum parsed result = parse_expression(p, &v);
    if (result == BROKEN) {
        recover(p);
        return;
    }
    if (result == PARSED && operand_of(p, &in, &v, shell)) {
        if (shell) include_shell(p, &in);
        else include(p, &in);
    }
    if (!p->stopped) finish_line(p);
}
