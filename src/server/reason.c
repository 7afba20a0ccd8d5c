/* reason.c - why a request is refused, and which line of the configuration wants it so: found once it is needed */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/clock.h"
#include "http/reply.h"
#include "server/conn.h"
#include "server/plan.h"
#include "server/reason.h"
#include "server/worker.h"

enum {
    TEXT_BYTES = 1024,   /* of a reason: paths and URLs are the client's */
    SHOWN_BYTES = 80,    /* of a value of the configuration */
    TARGET_BYTES = 256,
    BURST = 100,         /* refusals that are told at once; then one a second */
};

/* ---- the line that is to blame ----------------------------------------------------------------- */

/* Every spelling of a directive fills the same field. */
static bool find_directive(const struct conf *conf, struct span name, unsigned *module, const struct directive **d) {
    for (*module = 0; *module < conf->module_count; ++*module)
        for (*d = conf->modules[*module]->directives; (*d)->name; ++*d)
            if (span_is(name, span_of((*d)->name))) return true;
    return false;
}

static const struct setting *setting_in(const struct block_settings *b, unsigned module, size_t offset) {
    for (size_t i = b->count; i-- > 0;)
        if (b->list[i].module == module && b->list[i].cell.directive->offset == offset) return &b->list[i];
    return NULL;
}

/* The assignment that won: of the last block that applies to r and has one. */
static const struct setting *find_setting(const struct request *r, unsigned module, size_t offset,
                                          const struct block **in) {
    const struct conf *conf = r->conf;
    const uint64_t *words = r->plan ? r->plan->words : NULL;
    for (size_t i = conf->tree->block_count; i-- > 0;) {
        if (words ? !((words[i >> 6] >> (i & 63)) & 1) : i > 0) continue;
        const struct setting *s = setting_in(&conf->blocks[i], module, offset);
        *in = conf->tree->blocks[i];
        if (s) return s;
    }
    return NULL;
}

static void add_value(struct buf *text, const struct value *v) {
    if (v->type == VALUE_INT) buf_printf(text, " = %ld", (long)v->number);
    if (v->type == VALUE_STRING && v->string.n <= SHOWN_BYTES) buf_printf(text, " = \"%.*s\"", SPAN_ARG(v->string));
}

static void add_place(struct buf *text, struct place at) {
    unsigned line, column;
    place_line(at, &line, &column);
    buf_printf(text, " is set at %.*s:%u", SPAN_ARG(place_name(at)), line);
}

static struct span place_text(struct arena *a, struct place at) {
    unsigned line, column;
    if (!at.source) return SPAN("");
    place_line(at, &line, &column);
    return arena_printf(a, "%.*s:%u", SPAN_ARG(place_name(at)), line);
}

static void add_default(struct buf *text, const struct module *m, const struct directive *d) {
    const char *field = (const char *)m->defaults + d->offset;
    uint32_t number;
    bool yes;
    switch (d->compile ? DIRECTIVE_ANY : d->type) {
    case DIRECTIVE_BOOL:
        memcpy(&yes, field, sizeof yes);
        buf_printf(text, " = \"%s\" by default", yes ? "enable" : "disable");
        break;
    case DIRECTIVE_SHORT:
    case DIRECTIVE_INT:
        memcpy(&number, field, sizeof number);
        buf_printf(text, " = %u by default", number);
        break;
    default: buf_add_text(text, " is not set");
    }
}

/* *at: its place, where it is known already; afterwards the one that was found. */
static void add_blame(struct buf *text, const struct request *r, const char *directive, struct place *at) {
    const struct block *in = NULL;
    const struct directive *d;
    unsigned module;
    buf_printf(text, ": %s", directive);
    if (at->source) {
        add_place(text, *at);
        return;
    }
    if (!find_directive(r->conf, span_of(directive), &module, &d)) return;
    const struct setting *s = find_setting(r, module, d->offset, &in);
    if (!s || !s->cell.place.source) {
        add_default(text, r->conf->modules[module], d);
        return;
    }
    const struct assignment *a = block_find(in, span_of(s->cell.directive->name));
    if (a) add_value(text, &a->value);
    *at = s->cell.place;
    add_place(text, *at);
}

static const struct place nowhere;

/* ---- noting it --------------------------------------------------------------------------------- */

static void note(struct request *r, const char *directive, struct place at, const char *format, va_list args) {
    char said[TEXT_BYTES];
    struct buf text = {0};
    int n = vsnprintf(said, sizeof said, format, args);
    buf_add(&text, (struct span){said, n < 0 ? 0 : (size_t)n < sizeof said ? (size_t)n : sizeof said - 1});
    if (directive) add_blame(&text, r, directive, &at);
    struct reason *reason = arena_zeroed(&r->arena, sizeof *reason);
    reason->text = arena_copy(&r->arena, buf_span(&text));
    reason->directive = directive;
    reason->at = place_text(&r->arena, at);
    reason->after_handler = r->error_status ? r->reason : NULL;
    r->reason = reason;
    buf_done(&text);
    request_note(r, at, "%.*s", SPAN_ARG(reason->text));
}

void request_reason(struct request *r, const char *directive, const char *format, ...) {
    va_list args;
    va_start(args, format);
    note(r, directive, nowhere, format, args);
    va_end(args);
}

void request_reason_at(struct request *r, const char *directive, struct place at, const char *format, ...) {
    va_list args;
    va_start(args, format);
    note(r, directive, at, format, args);
    va_end(args);
}

enum handler request_refuse_for(struct request *r, int status, const char *directive, const char *format, ...) {
    va_list args;
    va_start(args, format);
    note(r, directive, nowhere, format, args);
    va_end(args);
    return request_refuse_with(r, status);
}

bool request_has_reason(const struct request *r) {
    return r->reason && !r->reason->status;
}

void request_reason_is_said(struct request *r) {
    if (r->reason) r->reason->is_said = true;
}

/* ---- what a status says by itself -------------------------------------------------------------- */

/* For whom a refusal is told: where clients err by the thousand, for those who ask for it (debug.log-*). */
enum telling { TOLD, TOLD_IF_MALFORMED_IS, TOLD_IF_NOT_FOUND_IS, TOLD_IF_TIMEOUTS_ARE, TOLD_IF_HANDLING_IS };

static const struct {
    int status;
    enum telling telling;
    const char *text;
} usual[] = {
    {400, TOLD_IF_MALFORMED_IS, "the request is malformed"},
    {401, TOLD_IF_HANDLING_IS, "nobody has logged in"},
    {403, TOLD, "it may not be seen"},
    {404, TOLD_IF_NOT_FOUND_IS, "it is not there"},
    {405, TOLD_IF_MALFORMED_IS, "the method is not for this URL"},
    {408, TOLD_IF_TIMEOUTS_ARE, "the request did not come in time"},
    {411, TOLD_IF_MALFORMED_IS, "the body has no length"},
    {413, TOLD, "the body is too large"},
    {414, TOLD, "the request line is too long"},
    {417, TOLD_IF_MALFORMED_IS, "it expects something else than 100-continue"},
    {426, TOLD_IF_MALFORMED_IS, "it wants an older version of the protocol"},
    {431, TOLD, "the head is too large"},
    {501, TOLD_IF_MALFORMED_IS, "nobody here knows the method"},
    {505, TOLD_IF_MALFORMED_IS, "it is no version of HTTP that is spoken here"},
    {412, TOLD, "a precondition of the client does not hold"},
    {416, TOLD, "the file has no such range"},
};
enum { USUAL = sizeof usual / sizeof *usual };

static const char *usual_text(int status) {
    for (unsigned i = 0; i < USUAL; i++)
        if (usual[i].status == status) return usual[i].text;
    return status >= 500 ? "nobody has said why" : "it is refused";
}

static bool is_told(const struct request *r) {
    const struct core_settings *core = request_core(r);
    enum telling telling = TOLD;
    for (unsigned i = 0; i < USUAL; i++)
        if (usual[i].status == r->status) telling = usual[i].telling;
    switch (telling) {
    case TOLD_IF_MALFORMED_IS: return r->reason->directive || core->log_request_head_on_error || core->log_requests;
    case TOLD_IF_NOT_FOUND_IS: return core->log_not_found;
    case TOLD_IF_TIMEOUTS_ARE: return core->log_timeouts;
    case TOLD_IF_HANDLING_IS: return core->log_requests;
    case TOLD: break;
    }
    return true;
}

/* ---- telling it -------------------------------------------------------------------------------- */

/* Nobody can fill the disk by errors: after a burst it is one line a second, and how many there were besides. */
static bool may_tell(const struct request *r) {
    static uint32_t told, untold;
    static int64_t last_s;
    int64_t now_s = clock_monotonic_s(), passed = now_s - last_s;
    if (passed > 0) {
        told = passed < told ? told - (uint32_t)passed : 0;
        last_s = now_s;
    }
    if (told >= BURST) {
        untold++;
        return false;
    }
    if (untold) request_say(r, LOG_IS_WARNING, "%u refusals were not written here: there were too many", untold);
    untold = 0;
    told++;
    return true;
}

static enum log_level level_of(const struct request *r) {
    return r->status >= 500 && r->status != 501 && r->status != 505 ? LOG_IS_ERROR : LOG_IS_NOTE;
}

static void tell(struct request *r) {
    const struct reason *reason = r->reason;
    const struct message *in = &r->in;
    struct log_fact facts[4] = {{"status", {NULL, 0}, (uint64_t)r->status}, {"reason", reason->text, 0}};
    struct span target = in->target_sent;
    struct buf text = {0};
    size_t n = 2;
    if (reason->directive) facts[n++] = (struct log_fact){"directive", span_of(reason->directive), 0};
    if (reason->at.n) facts[n++] = (struct log_fact){"place", reason->at, 0};
    if (target.n > TARGET_BYTES) target.n = TARGET_BYTES;
    buf_printf(&text, "%d: %.*s", r->status, SPAN_ARG(reason->text));
    if (target.n) buf_printf(&text, " (%.*s %.*s)", SPAN_ARG(in->method_text), SPAN_ARG(target));
    if (r->error_status) buf_add_text(&text, " from the error-handler");
    (void)request_id(r); /* it is part of the line */
    request_tell(r, level_of(r), buf_span(&text), facts, n);
    buf_done(&text);
}

void request_say_reason(struct request *r) {
    if (!request_has_reason(r)) request_reason(r, NULL, "%s", usual_text(r->status));
    r->reason->status = r->status;
    if (r->reason->is_said || request_is_rehearsed(r) || !is_told(r) || !may_tell(r)) return;
    r->reason->is_said = true;
    tell(r);
}

/* The error-handler was asked, and it does not matter what became of it. */
static const struct reason *first(const struct reason *reason) {
    while (reason->after_handler) reason = reason->after_handler;
    return reason;
}

struct span request_why(const struct request *r) {
    int status = request_sent_status(r);
    if (status < 400) return SPAN("");
    if (r->reason) return first(r->reason)->text;
    if (r->reply && r->reply->reason.n) return r->reply->reason;
    return status != r->status ? span_of(usual_text(status)) : SPAN("");
}
