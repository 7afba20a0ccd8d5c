/* rehearsal_notes.c - what a rehearsal writes down: conditions, what each hook has changed, what modules say of it */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <stdarg.h>

#include "base/memory.h"
#include "server/rehearsal_parts.h"

const char *phase_name(enum phase phase) {
    static const char *const names[PHASE_COUNT] = {
        [PHASE_ACCEPT] = "accept",
        [PHASE_PEER] = "peer",
        [PHASE_CLIENT] = "client",
        [PHASE_ADMIT] = "admit",
        [PHASE_URI_RAW] = "uri raw",
        [PHASE_URI_CLEAN] = "uri clean",
        [PHASE_DOCROOT] = "docroot",
        [PHASE_PHYSICAL] = "physical",
        [PHASE_SUBREQUEST_START] = "subrequest start",
        [PHASE_RESPONSE_START] = "response start",
        [PHASE_REQUEST_DONE] = "request done",
        [PHASE_REQUEST_RESET] = "request reset"};
    return phase < PHASE_COUNT && names[phase] ? names[phase] : "in the end";
}

/* ---- notes ------------------------------------------------------------------------------------ */

static struct rehearsal_note *add(struct stage *s, enum rehearsal_kind kind, enum phase phase, const char *module,
                                  struct span text) {
    struct rehearsal *x = s->at;
    x->notes = memory_grow(x->notes, &x->note_cap, x->note_count + 1, sizeof *x->notes);
    struct rehearsal_note *n = &x->notes[x->note_count++];
    *n = (struct rehearsal_note){.kind = kind, .phase = phase, .module = module};
    n->text = arena_copy(&x->arena, text);
    return n;
}

/* What was told within a hook waits for its name: where those begin. */
static size_t first_nameless(const struct rehearsal *x) {
    size_t i = x->note_count;
    while (i > 0 && !x->notes[i - 1].module) i--;
    return i;
}

void rehearsal_name_notes(struct stage *s, enum phase phase, const char *module) {
    for (size_t i = first_nameless(s->at); i < s->at->note_count; i++) {
        s->at->notes[i].module = module;
        s->at->notes[i].phase = phase;
    }
}

/* The decision stands in front of what was told on the way to it. */
static void add_decision(struct stage *s, enum phase phase, const char *module, struct place at, struct span text) {
    struct rehearsal *x = s->at;
    size_t first = first_nameless(x);
    struct rehearsal_note n = *add(s, NOTE_DECISION, phase, module, text);
    n.at = at;
    memmove(x->notes + first + 1, x->notes + first, (x->note_count - 1 - first) * sizeof n);
    x->notes[first] = n;
}

void rehearsal_say(struct stage *s, enum phase phase, struct place at, const char *format, ...) {
    struct buf text = {0};
    va_list args;
    va_start(args, format);
    buf_vprintf(&text, format, args);
    va_end(args);
    add_decision(s, phase, "core", at, buf_span(&text));
    buf_done(&text);
}

/* The error log names the client in front. */
void rehearsal_capture(void *stage, enum log_level level, struct span text) {
    struct stage *s = stage;
    char client[ADDR_TEXT_BYTES];
    struct request *r = s->conn.request;
    size_t n = r ? addr_format(&r->client, client) : 0;
    if (n && span_starts(text, (struct span){client, n}) && text.n > n + 2) text = span_from(text, n + 2);
    add(s, NOTE_LOG, PHASE_COUNT, NULL, text)->level = level;
}

/* ---- conditions ------------------------------------------------------------------------------- */

static bool applies(const struct plan *plan, const struct block *b) {
    return (plan->words[b->number >> 6] >> (b->number & 63)) & 1;
}

static enum rehearsal_truth truth_of(const struct plan *plan, const struct block *b, const struct block **other) {
    *other = b->parent;
    if (applies(plan, b)) return CONDITION_APPLIES;
    if (!applies(plan, b->parent)) return CONDITION_OUTSIDE;
    for (*other = b->previous; *other; *other = (*other)->previous)
        if (applies(plan, *other)) return CONDITION_ELSE;
    return CONDITION_FALSE;
}

/* What was told before conditions are written down belongs to the decision behind them. */
static void move_to_end(struct rehearsal *x, size_t from, size_t count) {
    if (count == 0) return;
    size_t bytes = count * sizeof *x->notes, behind = x->note_count - from - count;
    struct rehearsal_note *moved = memcpy(arena_get(&x->arena, bytes), x->notes + from, bytes);
    memmove(x->notes + from, x->notes + from + count, behind * sizeof *x->notes);
    memcpy(x->notes + from + behind, moved, bytes);
}

/* After a rewrite those that have changed alone. */
static void note_conditions(struct stage *s, struct request *r) {
    const struct conditions *all = &r->conf->conditions;
    size_t told = first_nameless(s->at), told_count = s->at->note_count - told;
    for (unsigned i = 1; i < all->count; i++) {
        char room[ADDR_TEXT_BYTES];
        const struct condition *c = &all->list[i];
        const struct block *other;
        enum rehearsal_truth truth = truth_of(r->plan, c->block, &other);
        if (s->truths[i] == truth + 1) continue;
        s->truths[i] = (uint8_t)(truth + 1);
        struct span is = condition_operand_text(c, r, s->listening.name, room);
        struct rehearsal_note *n = add(s, NOTE_CONDITION, PHASE_URI_RAW, "core", is);
        n->at = c->block->place;
        n->block = c->block;
        n->other = truth == CONDITION_ELSE || truth == CONDITION_OUTSIDE ? other : NULL;
        n->truth = truth;
    }
    move_to_end(s->at, told, told_count);
}

/* ---- what has changed ------------------------------------------------------------------------- */

static struct field *copy_fields(struct stage *s, const struct fields *f) {
    size_t n = f->count * sizeof *f->list;
    return n ? memcpy(arena_get(&s->at->arena, n), f->list, n) : NULL;
}

void snapshot_take(struct stage *s, const struct request *r) {
    s->before = (struct snapshot){.target = r->in.uri.target,
                                  .docroot = r->physical.docroot,
                                  .path = r->physical.path,
                                  .path_info = r->physical.path_info,
                                  .user = r->user,
                                  .host = r->in.authority,
                                  .client = r->client,
                                  .out = copy_fields(s, &r->out),
                                  .in = copy_fields(s, &r->in.fields),
                                  .out_count = r->out.count,
                                  .in_count = r->in.fields.count,
                                  .env_count = r->env.count,
                                  .status = r->status,
                                  .comebacks = r->comebacks,
                                  .lasting = r->lasting,
                                  .is_tls = r->is_tls,
                                  .has_handler = r->handler != NULL};
}

static void part(struct buf *out, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void part(struct buf *out, const char *format, ...) {
    va_list args;
    if (out->n) buf_add_text(out, "; ");
    va_start(args, format);
    buf_vprintf(out, format, args);
    va_end(args);
}

static void text_changed(struct buf *out, const char *what, struct span before, struct span now) {
    if (!span_is(before, now) && now.n) part(out, "%s %.*s", what, SPAN_ARG(now));
}

static bool has_field(const struct field *list, uint32_t count, const struct field *f, bool with_value) {
    for (uint32_t i = 0; i < count; i++)
        if (span_is_ci(list[i].name, f->name) && (!with_value || span_is(list[i].value, f->value))) return true;
    return false;
}

static void request_changed(struct buf *out, const struct snapshot *b, const struct fields *now) {
    for (uint32_t i = 0; i < now->count; i++) {
        const struct field *f = &now->list[i];
        if (!has_field(b->in, b->in_count, f, true))
            part(out, "request field %.*s: %.*s", SPAN_ARG(f->name), SPAN_ARG(f->value));
    }
    for (uint32_t i = 0; i < b->in_count; i++)
        if (!has_field(now->list, now->count, &b->in[i], false))
            part(out, "request field %.*s is taken away", SPAN_ARG(b->in[i].name));
}

/* What comes into the response has an origin; what goes, and where a redirect leads, is a decision. */
static void response_changed(struct buf *out, const struct snapshot *b, const struct fields *now) {
    for (uint32_t i = 0; i < now->count; i++) {
        const struct field *f = &now->list[i];
        if (f->id == HEADER_LOCATION && !has_field(b->out, b->out_count, f, true))
            part(out, "to %.*s", SPAN_ARG(f->value));
    }
    for (uint32_t i = 0; i < b->out_count; i++)
        if (!has_field(now->list, now->count, &b->out[i], false))
            part(out, "%.*s is taken away", SPAN_ARG(b->out[i].name));
}

static void client_changed(struct buf *out, const struct snapshot *b, const struct request *r) {
    char was[ADDR_TEXT_BYTES], is[ADDR_TEXT_BYTES];
    struct span before = {was, addr_format(&b->client, was)}, now = {is, addr_format(&r->client, is)};
    text_changed(out, "the client is", before, now);
    text_changed(out, "the host is", b->host, r->in.authority);
    text_changed(out, "the user is", b->user, r->user);
    if (b->is_tls != r->is_tls) part(out, "the scheme is %s", r->is_tls ? "https" : "http");
}

static void describe(struct buf *out, const struct snapshot *b, const struct request *r, enum phase phase) {
    bool is_at_file = phase != PHASE_RESPONSE_START;
    client_changed(out, b, r);
    text_changed(out, "the URL is", b->target, r->in.uri.target);
    if (is_at_file) text_changed(out, "document root", b->docroot, r->physical.docroot);
    if (is_at_file) text_changed(out, "path", b->path, r->physical.path);
    if (is_at_file) text_changed(out, "path info", b->path_info, r->physical.path_info);
    request_changed(out, b, &r->in.fields);
    if (b->env_count < r->env.count) part(out, "%u variables for programs", (unsigned)(r->env.count - b->env_count));
    if (!b->has_handler && r->handler) part(out, "takes it over");
    if (b->status != r->status && r->status) {
        struct span reason = status_reason(r->status);
        part(out, "%d %.*s", r->status, SPAN_ARG(reason));
    }
    response_changed(out, b, &r->out);
}

void rehearsal_note_lasting(struct stage *s, const struct request *r, const char *module) {
    if (r->lasting > s->before.lasting) s->at->lowered_by = arena_copy(&s->at->arena, span_of(module));
    s->at->lasting = r->lasting;
}

/* The only line that says something to this module, if it is one. */
static struct place place_of(const struct plan *plan, unsigned module) {
    const struct conf *conf = plan->conf;
    struct place found = {NULL, 0};
    const char *name = NULL;
    for (size_t b = 0; conf_next_block(plan->words, conf->tree->block_count, &b); b++) {
        for (size_t i = 0; i < conf->blocks[b].count; i++) {
            const struct setting *x = &conf->blocks[b].list[i];
            if (x->module != module) continue;
            if (name && strcmp(name, x->cell.directive->name) != 0) return (struct place){NULL, 0};
            name = x->cell.directive->name;
            found = x->cell.place;
        }
    }
    return found;
}

/* A map of the module that has the field's name as a key: mod_setenv, and whoever does the same. */
static struct place place_of_key(const struct plan *plan, unsigned module, struct span name) {
    const struct conf *conf = plan->conf;
    struct place found = {NULL, 0};
    for (size_t b = 0; conf_next_block(plan->words, conf->tree->block_count, &b); b++) {
        for (size_t i = 0; i < conf->blocks[b].count; i++) {
            const struct setting *x = &conf->blocks[b].list[i];
            if (x->module != module) continue;
            const struct assignment *a = block_find(conf->tree->blocks[b], span_of(x->cell.directive->name));
            bool is_array = a && a->value.type == VALUE_ARRAY;
            for (size_t e = 0; is_array && e < a->value.count; e++)
                if (span_is_ci(a->value.elements[e].key, name)) found = a->value.elements[e].key_place;
        }
    }
    return found;
}

static void add_origins(struct stage *s, const struct request *r, const struct planned_hook *h, struct place at) {
    struct rehearsal *x = s->at;
    for (uint32_t i = 0; i < r->out.count; i++) {
        const struct field *f = &r->out.list[i];
        if (has_field(s->before.out, s->before.out_count, f, true)) continue;
        x->origins = memory_grow(x->origins, &x->origin_cap, x->origin_count + 1, sizeof *x->origins);
        struct rehearsal_origin *o = &x->origins[x->origin_count++];
        struct place key = h && r->plan ? place_of_key(r->plan, h->module, f->name) : at;
        *o = (struct rehearsal_origin){arena_copy(&x->arena, f->name), arena_copy(&x->arena, f->value), NULL, at};
        o->module = h ? r->conf->modules[h->module]->name : "core";
        if (key.source) o->at = key;
        else if (x->note_count && !x->notes[x->note_count - 1].module && x->notes[x->note_count - 1].at.source)
            o->at = x->notes[x->note_count - 1].at; /* what the module has just told */
    }
}

/* ---- settings --------------------------------------------------------------------------------- */

static const struct directive *find_row(const struct conf *conf, struct span name, unsigned *module) {
    for (unsigned m = 0; m < conf->module_count; m++)
        for (const struct directive *d = conf->modules[m]->directives; d->name; d++)
            if (span_is(name, span_of(d->name))) {
                *module = m;
                return d;
            }
    return NULL;
}

/* Old and new spellings have the same field. */
const struct assignment *plan_assignment(const struct plan *plan, struct span directive,
                                         const struct assignment **before) {
    const struct conf *conf = plan->conf;
    const struct assignment *found = NULL;
    unsigned module = 0;
    const struct directive *d = find_row(conf, directive, &module);
    *before = NULL;
    for (size_t b = 0; d && conf_next_block(plan->words, conf->tree->block_count, &b); b++) {
        for (size_t i = 0; i < conf->blocks[b].count; i++) {
            const struct setting *x = &conf->blocks[b].list[i];
            if (x->module != module || x->cell.directive->offset != d->offset) continue;
            if (found) *before = found;
            found = block_find(conf->tree->blocks[b], span_of(x->cell.directive->name));
        }
    }
    return found;
}

/* ---- the watcher ------------------------------------------------------------------------------ */

static const char *module_name(const struct request *r, const struct planned_hook *h) {
    return h ? r->conf->modules[h->module]->name : "core";
}

static void stepped(struct request *r, enum phase phase, const struct planned_hook *h, enum handler word) {
    struct stage *s = stage_of(r);
    struct buf text = {0};
    const char *module = module_name(r, h);
    if (phase == PHASE_URI_RAW && !h && r->plan) note_conditions(s, r);
    describe(&text, &s->before, r, phase);
    struct place at = h && r->plan ? place_of(r->plan, h->module) : (struct place){NULL, 0};
    add_origins(s, r, h, at);
    if (text.n) add_decision(s, phase, module, at, buf_span(&text));
    rehearsal_name_notes(s, phase, module);
    if (word == HANDLER_WAIT_FOR_EVENT || word == HANDLER_FINISHED || word == HANDLER_ERROR ||
        (r->handler && !s->before.has_handler)) {
        s->at->module = module;
        s->at->phase = phase;
    }
    rehearsal_note_lasting(s, r, module);
    snapshot_take(s, r);
    buf_done(&text);
}

static void noted(struct request *r, struct place at, struct span text) {
    struct stage *s = stage_of(r);
    add(s, NOTE_DETAIL, PHASE_COUNT, NULL, text)->at = at;
}

const struct watcher rehearsal_watcher = {stepped, noted};
