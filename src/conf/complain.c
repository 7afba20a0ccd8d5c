/* complain.c - errors that explain themselves */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "conf/complain.h"

#include <stdarg.h>
#include <stdlib.h>

#include "base/memory.h"
#include "conf/show.h"
#include "conf/tree.h"

enum { MOST_SHOWN = 1000 }; /* a binary file read by mistake shall not fill the log */

struct complaints {
    struct buf text;
    size_t errors, warnings, shown, hidden;
    bool last_hidden; /* then its notes are, too */
    struct inputs *inputs;
    struct needs *needs;
};

void complaints_set_needs(struct complaints *c, struct needs *needs) {
    c->needs = needs;
}

struct needs *complaints_needs(const struct complaints *c) {
    return c->needs;
}

void complaints_set_inputs(struct complaints *c, struct inputs *in) {
    c->inputs = in;
}

struct inputs *complaints_inputs(const struct complaints *c) {
    return c->inputs;
}

static const char *const kind_words[] = {"error", "warning", "note"};

struct complaints *complaints_make(void) {
    return memory_zeroed(1, sizeof(struct complaints));
}

void complaints_drop(struct complaints *c) {
    if (!c) return;
    buf_done(&c->text);
    free(c);
}

static bool may_show(struct complaints *c, enum complaint_kind kind) {
    if (kind == COMPLAINT_NOTE) return !c->last_hidden;
    c->errors += kind == COMPLAINT_ERROR;
    c->warnings += kind == COMPLAINT_WARNING;
    c->last_hidden = c->shown >= MOST_SHOWN;
    c->shown += !c->last_hidden;
    c->hidden += c->last_hidden;
    return !c->last_hidden;
}

static void add_place(struct buf *out, struct place at) {
    if (!at.source) return;
    unsigned line, column;
    place_line(at, &line, &column);
    show_text(out, at.source->name);
    buf_printf(out, ":%u:%u: ", line, column);
}

static void add_hint(struct buf *out, const char *hint) {
    struct span rest = span_of(hint), line;
    while (span_next(&rest, '\n', &line)) {
        buf_add_text(out, "  ");
        show_text(out, line);
        buf_add_char(out, '\n');
    }
}

void complain(struct complaints *c, enum complaint_kind kind, struct place at, size_t width,
              const char *hint, const char *format, ...) {
    if (!may_show(c, kind)) return;
    struct buf message = {NULL, 0, 0};
    va_list args;
    va_start(args, format);
    buf_vprintf(&message, format, args);
    va_end(args);

    add_place(&c->text, at);
    buf_printf(&c->text, "%s: ", kind_words[kind]);
    show_text(&c->text, buf_span(&message));
    buf_add_char(&c->text, '\n');
    if (at.source) show_line(&c->text, at.source->text, at.offset, width);
    if (hint) add_hint(&c->text, hint);
    buf_done(&message);
}

size_t complaints_errors(const struct complaints *c) { return c->errors; }

size_t complaints_warnings(const struct complaints *c) { return c->warnings; }

void complaints_print(const struct complaints *c, struct buf *out) {
    buf_add(out, buf_span(&c->text));
    if (c->hidden) buf_printf(out, "(%zu more messages)\n", c->hidden);
}

void place_line(struct place at, unsigned *line, unsigned *column) {
    *line = *column = 1;
    if (!at.source) return;
    struct span text = at.source->text;
    size_t end = at.offset < text.n ? at.offset : text.n, start = 0;
    for (size_t i = 0; i < end; i++) {
        bool crlf = text.p[i] == '\r' && i + 1 < text.n && text.p[i + 1] == '\n';
        if ((text.p[i] != '\n' && text.p[i] != '\r') || crlf) continue;
        ++*line;
        start = i + 1;
    }
    *column = (unsigned)(end - start) + 1;
}

struct span place_name(struct place at) {
    return at.source ? at.source->name : SPAN("(built in)");
}
