/* conditions.c - if, allow and deny become conditions */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "commands/import/import.h"

/* subject - what an if looks at */
struct subject {
    const char *variable, *ours;
};

static const struct subject subjects[] = {
    {"$host", "$HTTP[\"host\"]"},
    {"$http_host", "$HTTP[\"host\"]"},
    {"$scheme", "$HTTP[\"scheme\"]"},
    {"$request_method", "$HTTP[\"request-method\"]"},
    {"$uri", "$HTTP[\"url\"]"},
    {"$document_uri", "$HTTP[\"url\"]"},
    {"$request_uri", "$HTTP[\"url\"]"},
    {"$args", "$HTTP[\"querystring\"]"},
    {"$query_string", "$HTTP[\"querystring\"]"},
    {"$remote_addr", "$HTTP[\"remote-ip\"]"},
};

/* $http_user_agent is the field User-Agent: its words begin with capitals, for the eye alone. */
static struct span field_subject(struct import *im, struct span variable) {
    struct buf out = {0};
    bool start = true;
    buf_add_text(&out, "$REQUEST_HEADER[\"");
    for (size_t i = 6; i < variable.n; i++) {
        char c = variable.p[i];
        buf_add_char(&out, c == '_' ? '-' : start && c >= 'a' && c <= 'z' ? (char)(c - 32) : c);
        start = c == '_';
    }
    buf_add_text(&out, "\"]");
    struct span kept = arena_copy(im->arena, buf_span(&out));
    buf_done(&out);
    return kept;
}

struct span subject_of(struct import *im, struct span variable) {
    for (size_t i = 0; i < sizeof subjects / sizeof *subjects; i++)
        if (span_is(variable, span_of(subjects[i].variable))) return span_of(subjects[i].ours);
    return span_starts(variable, SPAN("$http_")) ? field_subject(im, variable) : SPAN("");
}

/* question - the words of an if without its parentheses */
struct question {
    struct span variable, op, value;
};

static bool question_of(struct import *im, const struct nginx_directive *d, struct question *q) {
    struct buf all = {0};
    for (size_t i = 1; i < d->count; i++) buf_printf(&all, "%s%.*s", i > 1 ? " " : "", SPAN_ARG(d->words[i]));
    struct span text = arena_copy(im->arena, buf_span(&all));
    buf_done(&all);
    if (text.n < 2 || text.p[0] != '(' || text.p[text.n - 1] != ')') return false;
    text = span_trim(span_upto(span_from(text, 1), text.n - 2));
    size_t blank = span_find(text, ' ');
    q->variable = span_upto(text, blank);
    q->op = q->value = SPAN("");
    if (blank == text.n) return true;
    text = span_trim(span_from(text, blank));
    blank = span_find(text, ' ');
    q->op = span_upto(text, blank);
    q->value = blank < text.n ? span_trim(span_from(text, blank)) : SPAN("");
    return true;
}

/* $arg_NAME and $cookie_NAME: a pattern for the whole. */
static struct span part_condition(struct import *im, const struct question *q) {
    bool is_cookie = span_starts(q->variable, SPAN("$cookie_"));
    struct span name = span_from(q->variable, is_cookie ? 8 : 5);
    bool is_negated = q->op.n && q->op.p[0] == '!', is_regex = span_find(q->op, '~') < q->op.n;
    struct span value = q->value;
    const char *before = is_regex && value.n && value.p[0] == '^' ? "" : is_regex ? "[^&;]*" : "";
    if (is_regex && value.n && value.p[0] == '^') value = span_from(value, 1);
    if (!q->op.n) value = SPAN("[^&;]");
    bool ends = is_regex ? span_ends(value, SPAN("$")) : q->op.n > 0;
    if (is_regex && ends) value.n--;
    struct span pattern = joined(im, "%s(?:^|%s)%.*s=%s%.*s%s", span_ends(q->op, SPAN("*")) ? "(?i)" : "",
                                 is_cookie ? "; *" : "&", SPAN_ARG(name), before, SPAN_ARG(value),
                                 !ends ? "" : is_cookie ? "(?:;|$)" : "(?:&|$)");
    return joined(im, "%s %s %.*s", is_cookie ? "$HTTP[\"cookie\"]" : "$HTTP[\"querystring\"]",
                  is_negated ? "!~" : "=~", SPAN_ARG(quoted(im, pattern)));
}

static struct span comparison(struct import *im, struct span subject, const struct question *q) {
    static const struct {
        const char *op, *ours;
        bool any_case;
    } ops[] = {{"=", "==", false}, {"!=", "!=", false}, {"~", "=~", false},
               {"~*", "=~", true}, {"!~", "!~", false}, {"!~*", "!~", true}};
    if (q->op.n == 0) return joined(im, "%.*s != \"\"", SPAN_ARG(subject));
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++)
        if (span_is(q->op, span_of(ops[i].op)))
            return joined(im, "%.*s %s %.*s", SPAN_ARG(subject), ops[i].ours,
                          SPAN_ARG(quoted(im, regex_for_path(im, q->value, ops[i].any_case))));
    return SPAN("");
}

struct span condition_of_if(struct import *im, struct nginx_directive *d) {
    struct question q;
    struct span result = SPAN("");
    if (!question_of(im, d, &q)) {
        left(im, d, "its condition is not understood");
        return SPAN("");
    }
    struct span subject = subject_of(im, q.variable);
    struct nginx_directive *map = q.variable.n ? map_called(im, span_from(q.variable, 1)) : NULL;
    if (map) result = condition_of_map(im, map, q.op, q.value);
    else if (span_is(q.variable, SPAN("$https"))) result = SPAN("$HTTP[\"scheme\"] == \"https\"");
    else if (span_is(q.variable, SPAN("$server_port")) && span_is(q.op, SPAN("=")))
        result = joined(im, "$SERVER[\"socket\"] =~ \":%.*s$\"", SPAN_ARG(q.value));
    else if (span_starts(q.variable, SPAN("$arg_")) || span_starts(q.variable, SPAN("$cookie_")))
        result = part_condition(im, &q);
    else if (subject.n && span_find(q.value, '$') < q.value.n && q.op.n && q.op.p[q.op.n - 1] == '=')
        subject = SPAN(""); /* another variable */
    else if (subject.n)
        result = comparison(im, subject, &q);
    if (result.n == 0) left(im, d, "conditions cannot look at %.*s here", SPAN_ARG(q.variable));
    return result;
}

/* ---- where ifs stand -------------------------------------------------------------------------- */

static bool is_file_test(const struct nginx_directive *d) {
    return span_is(nginx_word(d, 2), SPAN("$request_filename)"));
}

/* A return behind ifs that end requests becomes their else. */
bool has_return_behind_ifs(const struct nginx_directive *block) {
    bool seen = false;
    for (const struct nginx_directive *d = block->first; d; d = d->next) {
        seen |= nginx_is(d, "if") && ends_requests(d) && !is_file_test(d);
        if (nginx_is(d, "return")) return seen;
    }
    return false;
}

/* What locations have set would win over an if of the server where both hold: it is set back. */
static void reset_endings(struct import *im, const struct settings *s) {
    static const char *const nothing[] = {"()", "()", "()", "0"};
    for (size_t i = 0; i < 4; i++)
        if (im->is_ended[i] && !settings_find(s, span_of(ending_keys[i])))
            write_line(im, NULL, "%s = %s", ending_keys[i], nothing[i]);
}

bool is_ending_key(struct span key) {
    for (size_t i = 0; i < 4; i++)
        if (span_is(key, span_of(ending_keys[i]))) return true;
    return false;
}

static void write_if(struct import *im, struct nginx_directive *d, const struct settings *around, bool is_server) {
    struct settings s = {NULL, 0, 0};
    bool ended[4];
    memcpy(ended, im->is_ended, sizeof ended);
    settings_of(im, d, &s);
    memcpy(im->is_ended, ended, sizeof ended);
    for (size_t i = 0; i < around->count; i++) /* who answers stays, too */
        if (!settings_find(&s, around->list[i].key) && !is_ending_key(around->list[i].key))
            settings_set(&s, around->list[i].key.p, around->list[i].value, around->list[i].from);
    write_settings(im, &s, around);
    write_maps(im, d, &s);
    if (is_server && ends_requests(d)) reset_endings(im, &s);
    settings_done(&s);
}

static void write_return(struct import *im, struct nginx_directive *block, const struct settings *around) {
    struct nginx_directive *d = own(block, "return"), *rest = d->next, *first = block->first;
    struct settings s = {NULL, 0, 0};
    block->first = d; /* as if it stood alone */
    d->next = NULL;
    rule_settings(im, block, &s);
    d->next = rest;
    block->first = first;
    for (size_t i = 0; i < around->count; i++)
        if (!settings_find(&s, around->list[i].key))
            settings_set(&s, around->list[i].key.p, around->list[i].value, around->list[i].from);
    write_settings(im, &s, around);
    settings_done(&s);
}

/* Of those that end a request the first counts: they are one chain. */
void write_ifs(struct import *im, struct nginx_directive *block, const struct settings *around, bool is_server) {
    bool open = false;
    for (struct nginx_directive *d = block->first; d; d = d->next) {
        if (nginx_is(d, "return")) break;
        if (!nginx_is(d, "if") || is_file_test(d)) continue;
        struct span condition = condition_of_if(im, d);
        if (condition.n == 0) {
            settle_subtree(d, NGINX_LEFT, SPAN("it stands in an if that is not translated"));
            continue;
        }
        translated(im, d);
        bool ends = ends_requests(d);
        if (open) write_close(im, ends);
        write_open(im, open && ends, condition.p, d);
        write_if(im, d, around, is_server);
        open = ends;
        if (!ends) write_close(im, false);
    }
    if (open && has_return_behind_ifs(block)) {
        write_close(im, true);
        write_open(im, true, "", NULL);
        write_return(im, block, around);
    }
    if (open) write_close(im, false);
}

/* ---- allow, deny ------------------------------------------------------------------------------ */

static bool is_access(const struct nginx_directive *d) {
    return nginx_is(d, "allow") || nginx_is(d, "deny");
}

static const struct nginx_directive *first_access(const struct nginx_directive *block) {
    const struct nginx_directive *d = block->first;
    while (d && !is_access(d)) d = d->next;
    return d;
}

static bool has_access_around(const struct nginx_directive *block) {
    while ((block = block->parent))
        if (first_access(block)) return true;
    return false;
}

/* satisfy any: whoever is allowed needs no password, and whoever is not may have one. */
static bool is_either(const struct nginx_directive *block) {
    struct nginx_directive *satisfy = inherited(block, "satisfy"), *password = inherited(block, "auth_basic");
    bool guards = password && !span_is(nginx_word(password, 1), SPAN("off"));
    return guards && satisfy && span_is(nginx_word(satisfy, 1), SPAN("any"));
}

static const struct nginx_directive *level_of_access(const struct nginx_directive *block) {
    while (block && !first_access(block)) block = block->parent;
    return block;
}

static void write_either(struct import *im, struct nginx_directive *block) {
    const struct nginx_directive *level = level_of_access(block);
    bool open = false;
    if (!first_access(block) && !own(block, "satisfy") && !own(block, "auth_basic")) return; /* as around */
    if (level && has_access_around(block)) write_line(im, NULL, "url.access-deny = ()");
    for (struct nginx_directive *d = level ? level->first : NULL; d; d = d->next) {
        if (!is_access(d)) continue;
        bool all = span_is(nginx_word(d, 1), SPAN("all")), allows = nginx_is(d, "allow");
        translated(im, d);
        if (all && !allows) break;
        struct span condition = joined(im, "$HTTP[\"remote-ip\"] == %.*s", SPAN_ARG(quoted(im, nginx_word(d, 1))));
        if (open) write_close(im, true);
        if (!all || open) write_open(im, open, all ? "" : condition.p, d);
        if (allows) write_line(im, d, "auth.require = ()");
        open |= !all;
        if (all) break;
    }
    if (open) write_close(im, false);
}

/* The first that fits decides, so they are one chain; "all" is its else. */
void write_access(struct import *im, struct nginx_directive *block) {
    struct nginx_directive *satisfy = own(block, "satisfy");
    bool open = false;
    if (satisfy) translated(im, satisfy);
    if (is_either(block)) {
        write_either(im, block);
        return;
    }
    const struct nginx_directive *first = first_access(block);
    bool is_for_all = first && span_is(nginx_word(first, 1), SPAN("all"));
    if (first && !is_for_all && has_access_around(block)) write_line(im, NULL, "url.access-deny = ()");
    for (struct nginx_directive *d = block->first; d; d = d->next) {
        if (!is_access(d)) continue;
        struct span who = nginx_word(d, 1);
        bool all = span_is(who, SPAN("all")), denies = nginx_is(d, "deny");
        translated(im, d);
        if (open) write_close(im, true);
        struct span condition = joined(im, "$HTTP[\"remote-ip\"] == %.*s", SPAN_ARG(quoted(im, who)));
        if (all && !open) {
            write_line(im, d, "url.access-deny = %s", denies ? "( \"\" )" : "()");
            return;
        }
        write_open(im, open, all ? "" : condition.p, d);
        write_line(im, d, "url.access-deny = %s", denies ? "( \"\" )" : "()");
        open = true;
        if (all) break;
    }
    if (open) write_close(im, false);
}
