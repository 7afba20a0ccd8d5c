/* conftests.c - runs the tests that stand in a configuration */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "server/conftests.h"

#include <errno.h>

#include "base/clock.h"
#include "server/plan.h"
#include "server/rehearsal.h"

enum { LINES_MAX = 32 };

/* checking - one request on its way */
struct checking {
    const struct conf_check *check;
    struct rehearsal x;
    struct complaints *complaints;
    struct arena arena;
    bool failed; /* its reason is told once */
};

/* ---- what is asked ---------------------------------------------------------------------------- */

static const char request_form[] = "such as \"GET https://example.com/x from 192.0.2.1 with Cookie: a=b\"";

/* Where the next " from ", " by " or " with Name:" begins. */
static size_t next_part(struct span text) {
    static const struct span words[] = {SPAN_INIT(" from "), SPAN_INIT(" by "), SPAN_INIT(" with ")};
    for (size_t at = 0; at < text.n; at++) {
        struct span rest = span_from(text, at);
        for (size_t i = 0; i < 3; i++) {
            if (!span_starts(rest, words[i])) continue;
            struct span behind = span_from(rest, words[i].n);
            size_t colon = span_find(behind, ':'), blank = span_find(behind, ' ');
            if (i < 2 || (colon < behind.n && colon < blank)) return at;
        }
    }
    return text.n;
}

/* False: there are too many fields. */
static bool split_request(struct span text, struct rehearsal_question *q, struct span lines[LINES_MAX]) {
    size_t at = next_part(text);
    rehearsal_split(span_upto(text, at), q);
    q->lines = lines;
    while (at < text.n) {
        struct span rest = span_from(text, at + 1);
        size_t word = span_find(rest, ' ') + 1, end = next_part(span_from(rest, word));
        struct span value = span_trim(span_upto(span_from(rest, word), end));
        if (rest.p[0] == 'f') q->from = value;
        else if (rest.p[0] == 'b') q->socket = value;
        else if (q->line_count == LINES_MAX) return false;
        else lines[q->line_count++] = value;
        text = span_from(rest, word);
        at = end;
    }
    return true;
}

/* ---- what came -------------------------------------------------------------------------------- */

static struct span answer_of(struct checking *c) {
    const struct rehearsal *x = &c->x;
    struct span location = rehearsal_field(x, SPAN("Location"));
    switch (x->end) {
    case REHEARSAL_BACKEND: return arena_printf(&c->arena, "a backend: %.*s", SPAN_ARG(x->backend));
    case REHEARSAL_DEPENDS: return arena_printf(&c->arena, "somebody outside: %.*s", SPAN_ARG(x->why));
    case REHEARSAL_BROKEN: return arena_printf(&c->arena, "nothing: %.*s", SPAN_ARG(x->why));
    case REHEARSAL_INVALID: return arena_printf(&c->arena, "nothing: %.*s", SPAN_ARG(x->why));
    case REHEARSAL_ANSWERED: break;
    }
    if (location.n) return arena_printf(&c->arena, "%d %.*s", x->status, SPAN_ARG(location));
    return arena_printf(&c->arena, "%d", x->status);
}

/* The last step before the answer is made is the decisive one; not each has a line of the configuration. */
static void tell_step(struct checking *c) {
    const struct rehearsal_note *last = NULL;
    for (size_t i = 0; i < c->x.note_count; i++) {
        const struct rehearsal_note *n = &c->x.notes[i];
        bool decides = n->kind == NOTE_DECISION || (n->kind == NOTE_DETAIL && n->at.source);
        if (decides && n->phase >= PHASE_URI_RAW && n->phase <= PHASE_SUBREQUEST_START) last = n;
    }
    if (!last) return;
    complain(c->complaints, COMPLAINT_NOTE, last->at.source ? last->at : c->check->request.place, 1, NULL,
             "this decides: %s: %.*s", last->module ? last->module : "core", SPAN_ARG(last->text));
}

static void fail(struct checking *c, const struct value *expected, struct span what, struct span came) {
    const struct conf_check *check = c->check;
    complain(c->complaints, COMPLAINT_ERROR, expected->place, expected->string.n + 2, NULL,
             "test \"%.*s\": %.*s: expected %.*s, got %.*s", SPAN_ARG(check->test), SPAN_ARG(check->request.string),
             SPAN_ARG(what), SPAN_ARG(came));
    if (!c->failed) tell_step(c);
    c->failed = true;
}

/* ---- what is expected ------------------------------------------------------------------------- */

/* "301", "30x", "2xx" */
static bool is_status(struct span word) {
    if (word.n != 3 || word.p[0] < '1' || word.p[0] > '5') return false;
    for (size_t i = 1; i < 3; i++)
        if (!ascii_is_digit(word.p[i]) && word.p[i] != 'x') return false;
    return true;
}

static bool status_fits(const struct rehearsal *x, struct span word) {
    int status = x->status;
    char digits[3] = {(char)('0' + status / 100 % 10), (char)('0' + status / 10 % 10), (char)('0' + status % 10)};
    if (x->end != REHEARSAL_ANSWERED) return false;
    for (size_t i = 0; i < 3; i++)
        if (word.p[i] != 'x' && word.p[i] != digits[i]) return false;
    return true;
}

/* "/b" is also the absolute URL of it on the same host. */
static bool location_fits(struct checking *c, struct span wanted) {
    struct span location = rehearsal_field(&c->x, SPAN("Location"));
    struct span origin = arena_printf(&c->arena, "%s://%.*s", c->x.is_tls ? "https" : "http", SPAN_ARG(c->x.host));
    if (span_is(location, wanted)) return true;
    return wanted.n && wanted.p[0] == '/' && span_starts(location, origin) &&
           span_is(span_from(location, origin.n), wanted);
}

static void check_status(struct checking *c, const struct value *v) {
    struct span word = span_upto(v->string, span_find(v->string, ' '));
    struct span location = span_trim(span_from(v->string, word.n));
    if (!status_fits(&c->x, word) || (location.n && !location_fits(c, location))) fail(c, v, v->string, answer_of(c));
}

/* "Name: value"; "no Name": it is not there. */
static void check_field(struct checking *c, const struct value *v, struct span name, struct span value, bool there) {
    struct span came = rehearsal_field(&c->x, name);
    if (there ? came.p && span_is(came, value) : !came.p) return;
    struct span found = came.p ? arena_printf(&c->arena, "%.*s: %.*s", SPAN_ARG(name), SPAN_ARG(came))
                               : arena_printf(&c->arena, "no %.*s", SPAN_ARG(name));
    fail(c, v, v->string, c->x.end == REHEARSAL_ANSWERED ? found : answer_of(c));
}

/* A word, and what it is about. */
static bool check_word(struct checking *c, const struct value *v) {
    const struct rehearsal *x = &c->x;
    struct span word = span_upto(v->string, span_find(v->string, ' '));
    struct span rest = span_trim(span_from(v->string, word.n));
    struct span handler = span_of(x->module ? x->module : "");
    const struct {
        struct span word, came;
    } words[] = {{SPAN("handler"), handler}, {SPAN("file"), x->path}, {SPAN("url"), x->url}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (!span_is(word, words[i].word) || rest.n == 0) continue;
        if (!span_is(rest, words[i].came))
            fail(c, v, v->string, words[i].came.n ? words[i].came : answer_of(c));
        return true;
    }
    if (span_is(word, SPAN("backend"))) {
        if (x->end != REHEARSAL_BACKEND || (rest.n && span_search(x->backend, rest) == x->backend.n))
            fail(c, v, v->string, answer_of(c));
        return true;
    }
    if (!span_is(word, SPAN("no")) || rest.n == 0) return false;
    check_field(c, v, rest, SPAN(""), false);
    return true;
}

static void check_one(struct checking *c, const struct value *v) {
    struct span text = v->string, word = span_upto(text, span_find(text, ' '));
    size_t colon = span_find(text, ':');
    if (is_status(word)) check_status(c, v);
    else if (check_word(c, v)) return;
    else if (colon && colon < text.n && colon < span_find(text, ' '))
        check_field(c, v, span_upto(text, colon), span_trim(span_from(text, colon + 1)), true);
    else
        complain(c->complaints, COMPLAINT_ERROR, v->place, text.n + 2,
                 "such as \"200\", \"30x /new\", \"Name: value\", \"no Name\", \"handler mod_x\", \"backend\", "
                 "\"file /path\", \"url /x\"",
                 "test \"%.*s\": this is nothing that can be expected", SPAN_ARG(c->check->test));
}

/* ---- all of them ------------------------------------------------------------------------------ */

static void run_check(struct stage *stage, const struct conf_check *check, struct complaints *complaints) {
    struct checking c = {.check = check, .complaints = complaints};
    struct rehearsal_question q = {.line_count = 0};
    struct span lines[LINES_MAX];
    bool understood = split_request(check->request.string, &q, lines);
    if (understood) rehearse(stage, &q, &c.x);
    if (!understood || c.x.end == REHEARSAL_INVALID) {
        complain(complaints, COMPLAINT_ERROR, check->request.place, check->request.string.n + 2, request_form,
                 "test \"%.*s\": this is no request that can be made: %.*s", SPAN_ARG(check->test),
                 SPAN_ARG(understood ? c.x.why : SPAN("it has too many fields")));
    } else if (check->expected.type == VALUE_STRING) {
        check_one(&c, &check->expected);
    } else {
        for (size_t i = 0; i < check->expected.count; i++) check_one(&c, &check->expected.elements[i].value);
    }
    if (understood) rehearsal_done(&c.x);
    arena_done(&c.arena);
}

static bool is_late(int64_t begun_s, const struct conf_check *check, struct complaints *complaints) {
    clock_update();
    if (clock_now_s() - begun_s < CONF_TESTS_SECONDS) return false;
    complain(complaints, COMPLAINT_ERROR, check->request.place, check->request.string.n + 2, NULL,
             "the tests take longer than %d seconds: from here on they are not run", CONF_TESTS_SECONDS);
    return true;
}

void conf_tests_run(struct conf *conf, struct complaints *complaints) {
    const struct conf_tree *tree = conf->tree;
    if (tree->check_count == 0 || complaints_errors(complaints)) return;
    if (conf->core->chroot.n) { /* paths mean something else there */
        complain(complaints, COMPLAINT_WARNING, tree->checks[0].request.place, 1, NULL,
                 "tests are not run with server.chroot");
        return;
    }
    struct stage *stage = stage_make(conf);
    if (!stage) {
        complain(complaints, COMPLAINT_ERROR, tree->checks[0].request.place, 1, NULL, "tests cannot be run: %s",
                 strerror(errno));
        return;
    }
    clock_update();
    int64_t begun_s = clock_now_s();
    for (size_t i = 0; i < tree->check_count && !is_late(begun_s, &tree->checks[i], complaints); i++)
        run_check(stage, &tree->checks[i], complaints);
    stage_drop(stage);
    plans_forget(conf);
}
