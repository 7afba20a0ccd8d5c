/* explain_json.c - an explanation as one object of JSON on a line: for programs */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "commands/explain.h"
#include "conf/complain.h"
#include "http/uri.h"
#include "server/plan.h"

/* ---- pieces ----------------------------------------------------------------------------------- */

static void begin(struct buf *out, const char *name) {
    if (out->n && out->p[out->n - 1] != '{' && out->p[out->n - 1] != '[') buf_add_char(out, ',');
    if (name) buf_printf(out, "\"%s\":", name);
}

static void text(struct buf *out, const char *name, struct span value) {
    begin(out, name);
    if (!value.p) {
        buf_add_text(out, "null");
        return;
    }
    buf_add_char(out, '"');
    json_escape(out, value);
    buf_add_char(out, '"');
}

static void number(struct buf *out, const char *name, int64_t value) {
    begin(out, name);
    buf_printf(out, "%lld", (long long)value);
}

static void truth(struct buf *out, const char *name, bool value) {
    begin(out, name);
    buf_add_text(out, value ? "true" : "false");
}

static void open_as(struct buf *out, const char *name, char bracket) {
    begin(out, name);
    buf_add_char(out, bracket);
}

static void place(struct buf *out, struct place at) {
    unsigned line, column;
    if (!at.source) return;
    place_line(at, &line, &column);
    text(out, "file", place_name(at));
    number(out, "line", line);
}

/* ---- parts ------------------------------------------------------------------------------------ */

static void add_fields(struct buf *out, const struct rehearsal *x) {
    open_as(out, "fields", '[');
    for (uint32_t i = 0; i < x->fields.count; i++) {
        const struct field *f = &x->fields.list[i];
        const struct rehearsal_origin *o = rehearsal_origin(x, f);
        open_as(out, NULL, '{');
        text(out, "name", f->name);
        text(out, "value", f->value);
        text(out, "module", span_of(o ? o->module : "core"));
        if (o) place(out, o->at);
        buf_add_char(out, '}');
    }
    buf_add_char(out, ']');
}

static void add_notes(struct buf *out, const struct rehearsal *x) {
    static const char *const kinds[] = {"condition", "decision", "detail", "log"};
    static const char *const truths[] = {"applies", "does not apply", "not looked at", "an earlier one applies"};
    open_as(out, "notes", '[');
    for (size_t i = 0; i < x->note_count; i++) {
        const struct rehearsal_note *n = &x->notes[i];
        open_as(out, NULL, '{');
        text(out, "kind", span_of(kinds[n->kind]));
        text(out, "phase", span_of(phase_name(n->phase)));
        text(out, "module", span_of(n->module));
        if (n->block) text(out, "condition", n->block->text);
        if (n->block) text(out, "result", span_of(truths[n->truth]));
        text(out, n->block ? "operand" : "text", n->text);
        place(out, n->at);
        buf_add_char(out, '}');
    }
    buf_add_char(out, ']');
}

static void add_settings(struct buf *out, const struct rehearsal *x) {
    struct arena a = {0};
    struct in_force *list;
    size_t count = settings_in_force(x->plan, &list, &a);
    open_as(out, "settings", '[');
    for (size_t i = 0; i < count; i++) {
        struct buf value = {0};
        open_as(out, NULL, '{');
        text(out, "name", list[i].set->key);
        explain_value(&value, &list[i].set->value, 0);
        text(out, "value", (struct span){buf_text(&value), value.n});
        place(out, list[i].set->place);
        if (list[i].before) {
            open_as(out, "overrides", '{');
            place(out, list[i].before->place);
            buf_add_char(out, '}');
        }
        buf_add_char(out, '}');
        buf_done(&value);
    }
    buf_add_char(out, ']');
    arena_done(&a);
}

static void add_path(struct buf *out, const struct rehearsal *x, const struct viewer *v) {
    struct component list[COMPONENTS_MAX];
    struct arena a = {0};
    unsigned count = components_of(x->path, v, list, &a);
    open_as(out, "components", '[');
    for (unsigned i = 0; i < count; i++) {
        open_as(out, NULL, '{');
        text(out, "path", list[i].path);
        if (list[i].error) text(out, "error", span_of(strerror(list[i].error)));
        else text(out, "owner", span_of(list[i].owner));
        if (!list[i].error) number(out, "mode", list[i].mode & 07777);
        if (list[i].link.n) text(out, "link", list[i].link);
        truth(out, "may", list[i].may);
        buf_add_char(out, '}');
    }
    buf_add_char(out, ']');
    arena_done(&a);
}

const char *explain_end_name(enum rehearsal_end end) {
    static const char *const names[] = {"answered", "backend", "depends", "broken", "invalid"};
    return names[end];
}

static void add_answer(struct buf *out, const struct rehearsal *x) {
    text(out, "end", span_of(explain_end_name(x->end)));
    number(out, "status", x->status);
    if (x->error_status) number(out, "error", x->error_status);
    number(out, "length", x->body_bytes);
    text(out, "module", span_of(x->module));
    text(out, "phase", span_of(phase_name(x->phase)));
    text(out, "backend", x->backend);
    text(out, "why", x->why);
}

static void add_request(struct buf *out, const struct rehearsal_question *q, const struct rehearsal *x) {
    text(out, "asked", q->url);
    text(out, "method", x->method);
    text(out, "url", x->url);
    text(out, "socket", x->socket);
    text(out, "host", x->host);
    text(out, "client", x->client);
    text(out, "user", x->user);
    truth(out, "tls", x->is_tls);
    text(out, "certificate", x->certificate);
}

static void add_cache(struct buf *out, const struct rehearsal *x) {
    open_as(out, "cache", '{');
    truth(out, "kept", x->is_kept);
    text(out, "why", x->kept_why);
    text(out, "by", x->lowered_by);
    buf_add_char(out, '}');
}

void explain_json(struct buf *out, const struct rehearsal_question *q, const struct rehearsal *x,
                  const struct viewer *v) {
    buf_add_char(out, '{');
    add_answer(out, x);
    add_request(out, q, x);
    text(out, "docroot", x->docroot);
    text(out, "path", x->path);
    text(out, "path_info", x->path_info);
    if (x->path.n) add_path(out, x, v);
    add_fields(out, x);
    add_cache(out, x);
    add_notes(out, x);
    if (x->plan) add_settings(out, x);
    buf_add_text(out, "}\n");
}
