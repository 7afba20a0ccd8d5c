/* explain_text.c - an explanation for people: what is decided on the left, the line that says so on the right */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "commands/explain.h"
#include "conf/complain.h"
#include "conf/show.h"
#include "http/names.h"
#include "server/plan.h"

enum { PLACE_COLUMN = 72, VALUE_COLUMNS = 60, FEW_CONDITIONS = 40 };

enum look { PLAIN, STRONG, FAINT, GOOD, BAD, WARM };
static const char *const escapes[] = {"", "\033[1m", "\033[2m", "\033[32m", "\033[31m", "\033[33m"};

/* page - what is being written; cells of a row are put behind each other */
struct page {
    struct buf *out;
    bool has_colours, shows_all;
    size_t column;
};

/* ---- rows ------------------------------------------------------------------------------------- */

static void put(struct page *p, enum look look, struct span text) {
    if (p->has_colours && look) buf_add_text(p->out, escapes[look]);
    p->column += show_text(p->out, text);
    if (p->has_colours && look) buf_add_text(p->out, "\033[0m");
}

static void say(struct page *p, enum look look, const char *format, ...) __attribute__((format(printf, 3, 4)));
static void say(struct page *p, enum look look, const char *format, ...) {
    struct buf text = {0};
    va_list args;
    va_start(args, format);
    buf_vprintf(&text, format, args);
    va_end(args);
    put(p, look, buf_span(&text));
    buf_done(&text);
}

static void fill(struct page *p, size_t column) {
    size_t n = p->column < column ? column - p->column : 2;
    while (n-- > 0) {
        buf_add_char(p->out, ' ');
        p->column++;
    }
}

static void end_row(struct page *p, struct place at) {
    struct buf text = {0};
    explain_place(&text, at);
    if (text.n) fill(p, PLACE_COLUMN);
    if (text.n) put(p, FAINT, buf_span(&text));
    buf_done(&text);
    buf_add_char(p->out, '\n');
    p->column = 0;
}

static const struct place nowhere;

static void title(struct page *p, const char *text) {
    buf_add_char(p->out, '\n');
    put(p, STRONG, span_of(text));
    end_row(p, nowhere);
}

/* ---- the answer in short ---------------------------------------------------------------------- */

static enum look look_of(int status) {
    return status >= 400 ? BAD : status >= 300 ? WARM : GOOD;
}

static void say_answer(struct page *p, const struct rehearsal *x) {
    struct span reason = status_reason(x->status), location = rehearsal_field(x, SPAN("Location"));
    struct span type = rehearsal_field(x, SPAN("Content-Type"));
    fill(p, 2);
    say(p, look_of(x->status), "%d%s%.*s", x->status, reason.n ? " " : "", SPAN_ARG(reason));
    if (location.n) say(p, STRONG, "  %.*s", SPAN_ARG(location));
    if (x->body_bytes >= 0) say(p, PLAIN, "  %lld bytes", (long long)x->body_bytes);
    if (type.n && x->body_bytes != 0) say(p, PLAIN, ", %.*s", SPAN_ARG(type));
    end_row(p, nowhere);
}

static void say_end(struct page *p, const struct rehearsal *x) {
    if (x->end == REHEARSAL_ANSWERED) {
        say_answer(p, x);
        return;
    }
    fill(p, 2);
    if (x->end == REHEARSAL_BACKEND) say(p, STRONG, "a backend answers: %.*s", SPAN_ARG(x->backend));
    if (x->end == REHEARSAL_DEPENDS) say(p, WARM, "it depends: %.*s", SPAN_ARG(x->why));
    if (x->end == REHEARSAL_BROKEN) say(p, BAD, "%.*s", SPAN_ARG(x->why));
    if (x->end == REHEARSAL_INVALID) say(p, BAD, "that is no request: %.*s", SPAN_ARG(x->why));
    end_row(p, nowhere);
}

static void say_who(struct page *p, const struct rehearsal *x) {
    if (x->end == REHEARSAL_INVALID) return;
    fill(p, 2);
    if (strcmp(x->module, "core") == 0) say(p, PLAIN, "the server itself, %s", phase_name(x->phase));
    else say(p, PLAIN, "%s, %s", x->module, phase_name(x->phase));
    end_row(p, nowhere);
}

static void say_question(struct page *p, const struct rehearsal_question *q, const struct rehearsal *x) {
    say(p, STRONG, "%.*s %.*s", SPAN_ARG(q->method.n ? q->method : SPAN("GET")), SPAN_ARG(q->url));
    if (x->client.n) say(p, PLAIN, "  from %.*s", SPAN_ARG(x->client));
    end_row(p, nowhere);
    for (size_t i = 0; i < q->line_count; i++) {
        fill(p, 4);
        put(p, FAINT, q->lines[i]);
        end_row(p, nowhere);
    }
    buf_add_char(p->out, '\n');
}

/* ---- conditions ------------------------------------------------------------------------------- */

static unsigned depth_of(const struct block *b) {
    unsigned depth = 0;
    for (b = b->parent; b && b->number; b = b->parent) depth++;
    return depth;
}

static unsigned line_of(const struct block *b) {
    unsigned line = 0, column;
    if (b->place.source) place_line(b->place, &line, &column);
    return line;
}

static void say_condition(struct page *p, const struct rehearsal_note *n) {
    static const char *const words[] = {"yes", "no", "-", "-"};
    enum look look = n->truth == CONDITION_APPLIES ? GOOD : n->truth == CONDITION_FALSE ? PLAIN : FAINT;
    fill(p, 2);
    say(p, look, "%-4s", words[n->truth]);
    fill(p, 7 + 2 * depth_of(n->block));
    if (n->block->previous && n->block->op != COND_NONE) say(p, look, "else ");
    put(p, look, n->block->text);
    if (n->truth == CONDITION_ELSE) say(p, FAINT, "  not looked at: line %u applies", line_of(n->other));
    else if (n->truth == CONDITION_OUTSIDE) say(p, FAINT, "  not looked at: line %u does not", line_of(n->other));
    else if (n->block->op != COND_NONE) say(p, FAINT, "  it is \"%.*s\"", SPAN_ARG(n->text));
    end_row(p, n->at);
}

/* The first look at all of them; what a rewrite changes stands on the way. */
static size_t first_look(const struct rehearsal *x, size_t *end) {
    size_t i = 0;
    while (i < x->note_count && x->notes[i].kind != NOTE_CONDITION) i++;
    for (*end = i; *end < x->note_count && x->notes[*end].kind == NOTE_CONDITION;) ++*end;
    return i;
}

static bool is_worth_a_row(const struct page *p, const struct rehearsal_note *n, size_t count) {
    if (p->shows_all) return true;
    return n->truth != CONDITION_OUTSIDE && (n->truth == CONDITION_APPLIES || count <= FEW_CONDITIONS);
}

static void say_conditions(struct page *p, const struct rehearsal *x) {
    size_t end, from = first_look(x, &end), left_out = 0;
    if (from == end) return;
    title(p, "Conditions");
    for (size_t i = from; i < end; i++) {
        if (is_worth_a_row(p, &x->notes[i], end - from)) say_condition(p, &x->notes[i]);
        else left_out++;
    }
    if (!left_out) return;
    fill(p, 7);
    say(p, FAINT, "%zu that do not apply are left out (--all)", left_out);
    end_row(p, nowhere);
}

/* ---- the way ---------------------------------------------------------------------------------- */

static void say_step(struct page *p, const struct rehearsal_note *n) {
    if (n->kind == NOTE_CONDITION) {
        say_condition(p, n);
        return;
    }
    fill(p, 2);
    if (n->kind == NOTE_DECISION) {
        say(p, FAINT, "%-17s", phase_name(n->phase));
        say(p, PLAIN, "%-15s", strcmp(n->module, "core") == 0 ? "" : n->module);
        say(p, PLAIN, "%.*s", SPAN_ARG(n->text));
    } else {
        fill(p, 36);
        say(p, n->kind == NOTE_LOG && n->level != LOG_IS_NOTE ? WARM : FAINT, "%s%.*s",
            n->kind == NOTE_LOG ? "log: " : "", SPAN_ARG(n->text));
    }
    end_row(p, n->at);
}

static void say_connection(struct page *p, const struct rehearsal *x) {
    title(p, "Connection");
    for (size_t i = 0; i < x->note_count && x->notes[i].kind != NOTE_CONDITION; i++) {
        if (x->notes[i].phase != PHASE_ACCEPT) continue;
        fill(p, 2);
        put(p, PLAIN, x->notes[i].text);
        end_row(p, x->notes[i].at);
    }
    fill(p, 2);
    say(p, PLAIN, "host %.*s", SPAN_ARG(x->host.n ? x->host : SPAN("(none)")));
    end_row(p, nowhere);
}

static void say_way(struct page *p, const struct rehearsal *x) {
    size_t end, from = first_look(x, &end);
    bool has_title = false;
    for (size_t i = 0; i < x->note_count; i++) {
        const struct rehearsal_note *n = &x->notes[i];
        if ((i >= from && i < end) || (n->phase == PHASE_ACCEPT && n->kind != NOTE_LOG)) continue;
        if (n->kind == NOTE_CONDITION && n->truth == CONDITION_OUTSIDE && !p->shows_all) continue;
        if (!has_title) title(p, "On the way");
        has_title = true;
        say_step(p, n);
    }
}

/* ---- the path --------------------------------------------------------------------------------- */

static const char *kind_of(mode_t mode) {
    if (S_ISDIR(mode)) return "d";
    return S_ISREG(mode) ? "-" : "?";
}

static void say_component(struct page *p, const struct component *c) {
    static const char *const bits[] = {"---", "--x", "-w-", "-wx", "r--", "r-x", "rw-", "rwx"};
    fill(p, 2);
    if (c->error) {
        say(p, BAD, "%-34s", strerror(c->error));
    } else {
        say(p, c->may ? PLAIN : BAD, "%s%s%s%s%s %-22s", kind_of(c->mode), bits[(c->mode >> 6) & 7],
            bits[(c->mode >> 3) & 7], bits[c->mode & 7], c->mode & 01000 ? "t" : " ", c->owner);
    }
    fill(p, 36);
    say(p, c->may ? PLAIN : BAD, "%.*s", SPAN_ARG(c->name));
    if (c->link.n) say(p, FAINT, " -> %.*s", SPAN_ARG(c->link));
    if (!c->may && !c->error) say(p, BAD, c->is_last && !S_ISDIR(c->mode) ? "  may not read it" : "  may not pass");
    end_row(p, nowhere);
}

static void say_path(struct page *p, const struct rehearsal *x, const struct viewer *v) {
    struct component list[COMPONENTS_MAX];
    struct arena a = {0};
    if (!x->path.n || x->path.p[0] != '/') return;
    title(p, "File");
    fill(p, 2);
    say(p, PLAIN, "%.*s", SPAN_ARG(x->path));
    if (x->path_info.n) say(p, FAINT, "  (behind it: %.*s)", SPAN_ARG(x->path_info));
    end_row(p, nowhere);
    unsigned count = components_of(x->path, v, list, &a);
    for (unsigned i = 0; i < count; i++) say_component(p, &list[i]);
    fill(p, 2);
    if (v->is_us && v->name) say(p, FAINT, "looked at as %s, whom the workers run as", v->name);
    else if (v->is_us) say(p, FAINT, "looked at as uid %lu", (unsigned long)v->uid);
    else
        say(p, WARM, "looked at as uid %lu; what %s may, whom workers run as, was reckoned from modes",
            (unsigned long)geteuid(), v->name);
    end_row(p, nowhere);
    arena_done(&a);
}

/* ---- fields, settings, cache, limits ---------------------------------------------------------- */

static struct place place_of(const struct rehearsal *x, struct span directive) {
    const struct assignment *before, *a = x->plan ? plan_assignment(x->plan, directive, &before) : NULL;
    return a ? a->place : nowhere;
}

static void say_fields(struct page *p, const struct rehearsal *x) {
    if (x->end != REHEARSAL_ANSWERED) return;
    title(p, "Fields");
    for (uint32_t i = 0; i < x->fields.count; i++) {
        const struct field *f = &x->fields.list[i];
        const struct rehearsal_origin *o = rehearsal_origin(x, f);
        fill(p, 2);
        say(p, STRONG, "%.*s:", SPAN_ARG(f->name));
        say(p, PLAIN, " %.*s", SPAN_ARG(f->value));
        struct place at = o ? o->at : nowhere;
        if (!o && f->id == HEADER_SERVER) at = place_of(x, SPAN("server.tag"));
        if (o && strcmp(o->module, "core") != 0) fill(p, PLACE_COLUMN - 18);
        if (o && strcmp(o->module, "core") != 0) say(p, FAINT, "%s", o->module);
        end_row(p, at);
    }
}

static void say_settings(struct page *p, const struct rehearsal *x) {
    struct arena a = {0};
    struct in_force *list;
    size_t count = x->plan ? settings_in_force(x->plan, &list, &a) : 0;
    if (count) title(p, "Settings in force");
    for (size_t i = 0; i < count; i++) {
        struct buf value = {0};
        explain_value(&value, &list[i].set->value, VALUE_COLUMNS);
        fill(p, 2);
        say(p, PLAIN, "%.*s = %.*s", SPAN_ARG(list[i].set->key), SPAN_ARG(buf_span(&value)));
        end_row(p, list[i].set->place);
        buf_done(&value);
        if (!list[i].before) continue;
        fill(p, 4);
        say(p, FAINT, "in place of that of");
        end_row(p, list[i].before->place);
    }
    arena_done(&a);
}

static void say_cache(struct page *p, const struct rehearsal *x) {
    if (x->end != REHEARSAL_ANSWERED) return;
    title(p, "Reply cache");
    fill(p, 2);
    say(p, x->is_kept ? GOOD : PLAIN, "%s", x->is_kept ? "kept" : "not kept");
    say(p, PLAIN, x->is_kept ? " %.*s" : ": %.*s", SPAN_ARG(x->kept_why));
    if (x->lowered_by.n && !span_is(x->lowered_by, SPAN("core")))
        say(p, FAINT, "  (%.*s has said so)", SPAN_ARG(x->lowered_by));
    end_row(p, nowhere);
}

static void say_limits(struct page *p, const struct rehearsal *x) {
    struct span directive;
    uint32_t value;
    const char *unit;
    if (!x->plan) return;
    title(p, "Limits");
    for (size_t i = 0; explain_limit(x->plan->core, i, &directive, &value, &unit); i++) {
        struct place at = place_of(x, directive);
        fill(p, 2);
        say(p, PLAIN, "%-34.*s", SPAN_ARG(directive));
        if (value) say(p, PLAIN, "%lu %s", (unsigned long)value, unit);
        else say(p, PLAIN, "no limit");
        if (!at.source) say(p, FAINT, "%s(default)", value && !*unit ? "" : " ");
        end_row(p, at);
    }
}

void explain_text(struct buf *out, const struct rehearsal_question *q, const struct rehearsal *x,
                  const struct viewer *v, bool has_colours, bool shows_all) {
    struct page page = {.out = out, .has_colours = has_colours, .shows_all = shows_all}, *p = &page;
    say_question(p, q, x);
    say_end(p, x);
    if (x->end == REHEARSAL_INVALID) return;
    say_who(p, x);
    say_connection(p, x);
    say_conditions(p, x);
    say_way(p, x);
    say_path(p, x, v);
    say_fields(p, x);
    say_cache(p, x);
    say_settings(p, x);
    say_limits(p, x);
}
