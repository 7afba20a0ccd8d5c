/* format.c - accesslog.format: compiled once, written for each request */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "modules/accesslog/format.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/memory.h"
#include "conf/tree.h"
#include "modules/accesslog/pieces.h"

struct access_format {
    struct arena arena;
    struct piece *pieces;
    size_t count, cap;
    bool is_timing;
};

/* compiling - one that is going on */
struct compiling {
    struct access_format *format;
    const struct value *value;
    struct complaints *complaints;
    size_t at;    /* in the string */
    size_t start; /* where the conversion began */
};

/* ---- complaints ---------------------------------------------------------------------------------- */

/* The place of the i-th byte of a string, if it stands in the text as it is but for \" (and not put together by
 * "+"). */
static struct place place_within(const struct value *v, size_t i) {
    struct place place = v->place;
    if (!place.source) return place;
    struct span raw = place.source->text;
    size_t at = place.offset;
    if (at >= raw.n || raw.p[at++] != '"') return place;
    for (size_t k = 0; k <= i; k++, at++) {
        if (at + 1 < raw.n && raw.p[at] == '\\' && raw.p[at + 1] == '"') at++;
        if (k == i) break;
        if (at >= raw.n || raw.p[at] != v->string.p[k]) return place;
    }
    if (at < raw.n) place.offset = (unsigned)at;
    return place;
}

static bool refuse(const struct compiling *c, const char *hint, const char *what) {
    size_t width = c->at - c->start;
    struct span shown = {c->value->string.p + c->start, width};
    complain(c->complaints, COMPLAINT_ERROR, place_within(c->value, c->start), width, hint,
             "accesslog.format: %.*s %s", SPAN_ARG(shown), what);
    return false;
}

/* ---- words within braces ------------------------------------------------------------------------- */

static const struct {
    struct span word;
    enum time_form form;
    uint32_t unit_ns;
} time_words[] = {
    {SPAN_INIT("sec"), TIME_WHOLE, 1000000000},   {SPAN_INIT("msec"), TIME_WHOLE, 1000000},
    {SPAN_INIT("usec"), TIME_WHOLE, 1000},        {SPAN_INIT("nsec"), TIME_WHOLE, 1},
    {SPAN_INIT("msec_frac"), TIME_FRACTION, 1000000}, {SPAN_INIT("usec_frac"), TIME_FRACTION, 1000},
    {SPAN_INIT("nsec_frac"), TIME_FRACTION, 1},
};

static void take_time(struct piece *p, struct access_format *format) {
    struct span word = p->argument;
    struct time_piece *t = &p->time;
    t->is_begin = span_starts(word, SPAN("begin:"));
    if (t->is_begin) word = span_from(word, 6);
    else if (span_starts(word, SPAN("end:"))) word = span_from(word, 4);
    for (size_t i = 0; i < sizeof time_words / sizeof *time_words; i++) {
        if (!span_is(word, time_words[i].word)) continue;
        t->form = time_words[i].form;
        t->unit_ns = time_words[i].unit_ns;
        format->is_timing |= t->is_begin;
        return;
    }
    t->form = TIME_TEXT;
    t->text_s = INT64_MIN;
    p->argument = word.n ? word : SPAN("[%d/%b/%Y:%H:%M:%S %z]");
}

static bool take_unit(const struct compiling *c, struct piece *p, char letter) {
    struct span word = p->argument;
    c->format->is_timing = true;
    p->time.unit_ns = letter == 'D' ? 1000 : 1000000000;
    if (span_is(word, SPAN("ms")) || span_is(word, SPAN("msec"))) p->time.unit_ns = 1000000;
    else if (span_is(word, SPAN("us")) || span_is(word, SPAN("usec"))) p->time.unit_ns = 1000;
    else if (span_is(word, SPAN("s")) || span_is(word, SPAN("sec"))) p->time.unit_ns = 1000000000;
    else if (word.n)
        return refuse(c, "write %{ms}T, %{us}T or %{s}T", "has an unknown unit");
    return true;
}

static bool take_word(const struct compiling *c, struct piece *p, char letter) {
    struct span word = p->argument;
    if (letter == 'T' || letter == 'D') return take_unit(c, p, letter);
    if (word.n == 0) return true;
    if (letter == 'p') {
        p->remote = span_is(word, SPAN("remote"));
        if (p->remote || span_is(word, SPAN("local")) || span_is(word, SPAN("canonical"))) return true;
        return refuse(c, "write %{local}p or %{remote}p", "has an unknown word");
    }
    if (letter == 'L') {
        p->reason = span_is(word, SPAN("reason"));
        return p->reason || span_is(word, SPAN("id")) || refuse(c, "write %L or %{reason}L", "has an unknown word");
    }
    p->masked = span_is(word, SPAN("mask"));
    return p->masked || refuse(c, "write %{mask}a", "has an unknown word");
}

/* ---- compiling ----------------------------------------------------------------------------------- */

static struct piece *add_piece(struct access_format *f) {
    f->pieces = memory_grow(f->pieces, &f->cap, f->count + 1, sizeof *f->pieces);
    struct piece *p = &f->pieces[f->count++];
    memset(p, 0, sizeof *p);
    return p;
}

static void add_literal(struct access_format *f, struct span text) {
    if (text.n == 0) return;
    struct piece *p = add_piece(f);
    p->write = piece_literal;
    p->argument = arena_copy(&f->arena, text);
}

static const struct conversion *find(char letter) {
    for (size_t i = 0; i < conversion_count; i++)
        if (conversions[i].letter == letter) return &conversions[i];
    return NULL;
}

static bool add_conversion(const struct compiling *c, const struct conversion *conversion, struct span argument) {
    struct piece *p = add_piece(c->format);
    p->write = conversion->write;
    p->argument = arena_copy(&c->format->arena, argument);
    if (conversion->takes == TAKES_TIME) take_time(p, c->format);
    if (conversion->takes == TAKES_NAME && argument.n == 0)
        return refuse(c, "write %{NAME} and the letter", "needs a name");
    if (conversion->takes == TAKES_NAME) p->header = header_find(argument);
    if (conversion->takes == TAKES_WORD || conversion->letter == 'D') return take_word(c, p, conversion->letter);
    return true;
}

/*
 *   %  [<|>]  [{argument}]  [<|>]  letter
 * c->at stands behind the "%". Which of several internal requests is meant ("<", ">") makes no difference: there is
 * one.
 */
static bool compile_conversion(struct compiling *c) {
    static const char percent[] = "write %% for a percent sign";
    struct span s = c->value->string, argument = {NULL, 0};
    if (c->at < s.n && (s.p[c->at] == '<' || s.p[c->at] == '>')) c->at++;
    if (c->at < s.n && s.p[c->at] == '{') {
        size_t end = c->at + span_find(span_from(s, c->at), '}');
        if (end == s.n) {
            c->at = s.n;
            return refuse(c, NULL, "lacks its closing brace");
        }
        argument = (struct span){s.p + c->at + 1, end - c->at - 1};
        c->at = end + 1;
        if (c->at < s.n && (s.p[c->at] == '<' || s.p[c->at] == '>')) c->at++;
    }
    if (c->at == s.n) return refuse(c, percent, "is not complete");
    char letter = s.p[c->at++];
    const struct conversion *conversion = find(letter);
    if (!conversion) return refuse(c, percent, "is no conversion");
    return add_conversion(c, conversion, argument);
}

static bool compile(struct compiling *c) {
    struct span s = c->value->string;
    bool ok = true;
    while (c->at < s.n) {
        struct span rest = span_from(s, c->at);
        size_t n = span_find(rest, '%');
        add_literal(c->format, span_upto(rest, n));
        c->start = c->at += n;
        if (c->at == s.n) break;
        c->at++;
        if (c->at < s.n && s.p[c->at] == '%') {
            add_literal(c->format, SPAN("%"));
            c->at++;
        } else {
            ok &= compile_conversion(c);
        }
    }
    return ok;
}

struct access_format *access_format_make(const struct value *v, struct complaints *complaints) {
    struct access_format *format = memory_zeroed(1, sizeof *format);
    struct compiling c = {format, v, complaints, 0, 0};
    if (compile(&c)) return format;
    access_format_drop(format);
    return NULL;
}

void access_format_drop(struct access_format *format) {
    if (!format) return;
    free(format->pieces);
    arena_done(&format->arena);
    free(format);
}

bool access_format_is_timing(const struct access_format *format) {
    return format->is_timing;
}

void access_format_write(struct access_format *format, const struct access_facts *facts, struct buf *line) {
    for (size_t i = 0; i < format->count; i++) format->pieces[i].write(&format->pieces[i], facts, line);
}
