/* rules.c - return, rewrite and try_files; nginx's variables and patterns in our words */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "base/number.h"
#include "commands/import/import.h"

const char *const ending_keys[4] = {"url.rewrite-once", "url.rewrite-repeat", "url.redirect", "return.status"};

/* ---- variables -------------------------------------------------------------------------------- */

static const struct variable {
    const char *name, *ours;
} variables[] = {
    {"scheme", "${url.scheme}"},       {"host", "${url.authority.noport}"}, {"http_host", "${url.authority}"},
    {"request_uri", "${url.path}${qsa}"}, {"uri", "${url.path}"},           {"document_uri", "${url.path}"},
    {"args", "${url.query}"},          {"query_string", "${url.query}"},    {"server_port", "${url.port}"},
};

/* What setenv's templates know besides. */
static const struct variable field_variables[] = {
    {"request_uri", "${request.target}"}, {"remote_addr", "${client.ip}"},
    {"remote_port", "${client.port}"},    {"remote_user", "${client.user}"},
    {"server_addr", "${server.ip}"},      {"request_id", "${request.id}"},
    {"request_method", "${request.method}"}, {"document_root", "${document.root}"},
    {"ssl_protocol", "${tls:SSL_PROTOCOL}"}, {"ssl_cipher", "${tls:SSL_CIPHER}"},
    {"ssl_client_verify", "${tls:SSL_CLIENT_VERIFY}"}, {"ssl_client_s_dn", "${tls:SSL_CLIENT_S_DN}"},
    {"ssl_client_serial", "${tls:SSL_CLIENT_M_SERIAL}"},
};

struct span replaced_words(struct import *im, struct span text, const char *word, const char *by) {
    struct buf out = {0};
    struct span what = span_of(word);
    for (size_t at; (at = span_search(text, what)) < text.n; text = span_from(text, at + what.n)) {
        buf_add(&out, span_upto(text, at));
        buf_add_text(&out, by);
    }
    buf_add(&out, text);
    struct span kept = arena_copy(im->arena, out.n ? buf_span(&out) : SPAN(""));
    buf_done(&out);
    return kept;
}

static bool is_word_char(char c) {
    return (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z') || ascii_is_digit(c) || c == '_';
}

/* "$name" or "${name}" at the beginning of text; how many bytes it takes. */
static size_t variable_at(struct span text, struct span *name) {
    size_t from = text.n > 1 && text.p[1] == '{' ? 2 : 1, to = from;
    while (to < text.n && is_word_char(text.p[to])) to++;
    *name = span_between(text.p + from, text.p + to);
    return to + (from == 2 && to < text.n && text.p[to] == '}');
}

unsigned group_named(struct span regex, struct span name) {
    unsigned count = 0;
    for (size_t i = 0; i < regex.n; i++) {
        if (regex.p[i] == '\\') i++;
        else if (regex.p[i] == '(') {
            struct span rest = span_from(regex, i + 1);
            size_t open = rest.n > 2 && rest.p[0] == '?' ? (rest.p[1] == 'P' ? 3 : 2) : 0;
            bool is_named = open && rest.p[open - 1] == '<' && rest.n > open && is_word_char(rest.p[open]);
            if (rest.n && rest.p[0] == '?' && !is_named) continue;
            count++;
            if (is_named && span_starts(span_from(rest, open), name) && rest.p[open + name.n] == '>') return count;
        }
    }
    return 0;
}

static bool is_regex_location(const struct nginx_directive *d) {
    return nginx_is(d, "location") && d->count == 3 && nginx_word(d, 1).p[0] == '~';
}

/* Which group of the nearest condition with a regular expression has that name. Those further out are not seen by our
 * %1. */
static unsigned capture_of(const struct nginx_directive *at, struct span name) {
    for (; at; at = at->parent) {
        if (is_regex_location(at)) return group_named(nginx_word(at, 2), name);
        if (!nginx_is(at, "server")) continue;
        const struct nginx_directive *d = own(at, "server_name");
        for (size_t i = 1; d && i < d->count; i++)
            if (d->words[i].p[0] == '~') return group_named(d->words[i], name);
    }
    return 0;
}

static bool add_known(const struct variable *list, size_t count, struct span name, struct buf *out) {
    for (size_t i = 0; i < count; i++) {
        if (!span_is(name, span_of(list[i].name))) continue;
        buf_add_text(out, list[i].ours);
        return true;
    }
    return false;
}

static bool add_field(struct span name, struct buf *out) {
    if (!span_starts(name, SPAN("http_"))) return false;
    buf_add_text(out, "${header:");
    for (size_t i = 5; i < name.n; i++) buf_add_char(out, name.p[i] == '_' ? '-' : name.p[i]);
    buf_add_char(out, '}');
    return true;
}

static bool add_variable(const struct nginx_directive *at, struct span name, enum expanding where,
                         struct buf *out) {
    bool is_captured = span_starts(name, SPAN(CONDITION_CAPTURE));
    if (is_captured || (name.n == 1 && ascii_is_digit(name.p[0]))) {
        struct span group = is_captured ? span_from(name, sizeof CONDITION_CAPTURE - 1) : name;
        bool braces = group.n > 1;
        buf_printf(out, "%c%s%.*s%s", where == IN_RULE && !is_captured ? '$' : '%', braces ? "{" : "",
                   SPAN_ARG(group), braces ? "}" : "");
        return true;
    }
    if (where == IN_FIELD && add_known(field_variables, sizeof field_variables / sizeof *field_variables, name, out))
        return true;
    if (add_known(variables, sizeof variables / sizeof *variables, name, out)) return true;
    if (where == IN_FIELD && add_field(name, out)) return true;
    if (span_is(name, SPAN("server_name"))) {
        while (at && !nginx_is(at, "server")) at = at->parent;
        const struct nginx_directive *d = at ? own(at, "server_name") : NULL;
        if (d) buf_add(out, nginx_word(d, 1));
        return d && nginx_word(d, 1).p[0] != '~' && nginx_word(d, 1).p[0] != '*';
    }
    unsigned group = capture_of(at, name);
    if (group) buf_printf(out, "%%{%u}", group);
    return group != 0;
}

bool expand_variables(struct import *im, const struct nginx_directive *at, struct span text, enum expanding where,
                      struct span *result, struct span *why) {
    struct buf out = {0};
    bool ok = true;
    while (text.n && ok) {
        struct span name;
        if (span_starts(text, SPAN("$is_args$args"))) {
            buf_add_text(&out, "${qsa}");
            text = span_from(text, 13);
        } else if (text.p[0] == '$' && text.n > 1 && (is_word_char(text.p[1]) || text.p[1] == '{')) {
            size_t taken = variable_at(text, &name);
            ok = add_variable(at, name, where, &out);
            if (!ok) *why = joined(im, "there is no $%.*s here", SPAN_ARG(name));
            text = span_from(text, taken);
        } else {
            if (text.p[0] == '$' || text.p[0] == '%') buf_add_char(&out, text.p[0]);
            buf_add_char(&out, text.p[0]);
            text = span_from(text, 1);
        }
    }
    *result = arena_copy(im->arena, out.n ? buf_span(&out) : SPAN(""));
    buf_done(&out);
    return ok;
}

/* ---- patterns --------------------------------------------------------------------------------- */

/* nginx matches the path alone, ours see path and query as one: "." must not reach into the query, "$" may stand in
 * front of it. */
static struct span pattern_of(struct import *im, struct span regex) {
    struct buf out = {0};
    bool anchored = regex.n && regex.p[0] == '^' && span_find(regex, '|') == regex.n;
    if (!anchored) buf_add_text(&out, "^[^?]*?(?:");
    for (size_t i = 0; i < regex.n; i++) {
        char c = regex.p[i];
        if (c == '\\' && i + 1 < regex.n) {
            buf_add_char(&out, c);
            buf_add_char(&out, regex.p[++i]);
        } else if (c == '[') {
            bool negated = i + 1 < regex.n && regex.p[i + 1] == '^';
            buf_add_text(&out, negated ? "[^?" : "[");
            i += negated;
            do {
                if (i + 1 >= regex.n) break;
                buf_add_char(&out, regex.p[++i]);
                if (regex.p[i] == '\\' && i + 1 < regex.n) buf_add_char(&out, regex.p[++i]);
            } while (regex.p[i] != ']' || regex.p[i - 1] == '\\');
        } else if (c == '.') {
            buf_add_text(&out, "[^?]");
        } else if (c == '$') {
            buf_add_text(&out, "(?=\\?|$)");
        } else {
            buf_add_char(&out, c);
        }
    }
    if (!anchored) buf_add_char(&out, ')');
    struct span kept = arena_copy(im->arena, buf_span(&out));
    buf_done(&out);
    return kept;
}

/* Does a pattern match whatever there is? */
static bool matches_all(struct span regex) {
    static const char *const all[] = {"^", ".", ".*", "^.*", "^.*$", "^(.*)$", "^(.*)", "^/(.*)$", "^/(.*)", "^/",
                                      "^.+$", "^(.+)$", "^/(.+)$"};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (span_is(regex, span_of(all[i]))) return true;
    return false;
}

struct span regex_for_path(struct import *im, struct span regex, bool any_case) {
    return any_case ? arena_join(im->arena, SPAN("(?i)"), regex) : regex;
}

/* ---- return ----------------------------------------------------------------------------------- */

static void set_redirect(struct import *im, struct settings *s, struct span pattern, struct span to, unsigned code,
                         const struct nginx_directive *d) {
    settings_set(s, "url.redirect",
                 joined(im, "( %.*s => %.*s )", SPAN_ARG(quoted(im, pattern)), SPAN_ARG(quoted(im, to))), d);
    settings_set(s, "url.redirect-code", joined(im, "%u", code), d);
}

static void return_setting(struct import *im, struct nginx_directive *d, struct settings *s) {
    struct span text = nginx_word(d, d->count - 1), to, why = SPAN("");
    uint64_t code = 302;
    bool has_code = number_parse(nginx_word(d, 1), 999, &code), has_text = d->count > 2 || !has_code;
    if (!expand_variables(im, d, text, IN_URL, &to, &why)) {
        left(im, d, "%.*s", SPAN_ARG(why));
        return;
    }
    translated(im, d);
    if (has_text && text.n && text.p[0] == '/' && code < 400)
        note(im, d, "Location is relative, as it stands here; nginx makes it absolute");
    if (has_text && (code == 301 || code == 302 || code == 303 || code == 307 || code == 308)) {
        set_redirect(im, s, SPAN(""), to, (unsigned)code, d);
        return;
    }
    if (code < 200 || code > 599) left(im, d, "there is no such status");
    if (code < 200 || code > 599) return;
    settings_set(s, "return.status", joined(im, "%llu", (unsigned long long)code), d);
    if (!has_text) return;
    if (span_find(text, '$') < text.n) left(im, d, "the text of an answer has no variables here");
    settings_set(s, "return.body", quoted(im, text), d);
    struct nginx_directive *type = inherited(d->parent, "default_type");
    if (type) settings_set(s, "return.type", quoted(im, nginx_word(type, 1)), type);
}

/* ---- rewrite ---------------------------------------------------------------------------------- */

static bool is_url(struct span text) {
    return span_starts(text, SPAN("http://")) || span_starts(text, SPAN("https://")) ||
           span_starts(text, SPAN("$scheme"));
}

/* The new target: a "?" at its end keeps the query away, else it is appended. */
static bool replacement_of(struct import *im, struct nginx_directive *d, struct span *result) {
    struct span text = nginx_word(d, 2), why;
    bool drops = span_ends(text, SPAN("?"));
    if (!expand_variables(im, d, drops ? span_upto(text, text.n - 1) : text, IN_RULE, result, &why)) {
        left(im, d, "%.*s", SPAN_ARG(why));
        return false;
    }
    bool has_query = span_ends(*result, SPAN("${qsa}"));
    if (!drops && !has_query) *result = arena_join(im->arena, *result, SPAN("${qsa}"));
    return true;
}

/* rules - the lists as they grow, one for each directive of ours */
struct rules {
    struct buf rewrite, redirect;
    const struct nginx_directive *rewrite_from, *redirect_from;
    unsigned code;
};

static void add_rule(struct import *im, struct buf *list, struct span pattern, struct span to) {
    buf_add_text(list, list->n ? ",\n    " : "(\n    ");
    buf_add(list, quoted(im, pattern));
    buf_add_text(list, " => ");
    buf_add(list, quoted(im, to));
}

static void rewrite_rule(struct import *im, struct nginx_directive *d, struct rules *rules) {
    struct span flag = nginx_word(d, 3), to;
    bool permanent = span_is(flag, SPAN("permanent"));
    bool redirects = permanent || span_is(flag, SPAN("redirect")) || is_url(nginx_word(d, 2));
    if (d->fate == NGINX_TRANSLATED && span_is(flag, SPAN("break"))) return; /* by proxy.header */
    if (!replacement_of(im, d, &to)) return;
    translated(im, d);
    struct span pattern = pattern_of(im, nginx_word(d, 1));
    if (!redirects) {
        if (flag.n == 0 && next_named(d->next, "rewrite"))
            left(im, d, "it is translated, but the rules behind it are not tried for its result");
        add_rule(im, &rules->rewrite, pattern, to);
        if (!rules->rewrite_from) rules->rewrite_from = d;
        return;
    }
    unsigned code = permanent ? 301 : 302;
    if (rules->redirect.n && rules->code != code) {
        left(im, d, "permanent and temporary redirects cannot stand in one block (url.redirect-code)");
        return;
    }
    rules->code = code;
    add_rule(im, &rules->redirect, pattern, to);
    if (!rules->redirect_from) rules->redirect_from = d;
}

static struct span list_done(struct import *im, struct buf *list) {
    buf_add_text(list, "\n)");
    struct span kept = arena_copy(im->arena, buf_span(list));
    buf_done(list);
    return kept;
}

static void rewrites(struct import *im, struct nginx_directive *block, struct settings *s) {
    struct rules rules = {{NULL, 0, 0}, {NULL, 0, 0}, NULL, NULL, 0};
    bool in_server = nginx_is(block, "server") || (nginx_is(block, "if") && nginx_is(block->parent, "server"));
    for (struct nginx_directive *d = block->first; d; d = d->next) {
        if (nginx_is(d, "return")) break; /* what follows is never reached */
        if (nginx_is(d, "rewrite")) rewrite_rule(im, d, &rules);
        if (nginx_is(d, "break")) translated(im, d);
    }
    if (rules.rewrite.n)
        settings_set(s, in_server ? "url.rewrite-once" : "url.rewrite-repeat", list_done(im, &rules.rewrite),
                     rules.rewrite_from);
    if (!rules.redirect.n) return;
    settings_set(s, "url.redirect", list_done(im, &rules.redirect), rules.redirect_from);
    settings_set(s, "url.redirect-code", joined(im, "%u", rules.code), rules.redirect_from);
}

/* ---- try_files -------------------------------------------------------------------------------- */

static void try_files(struct import *im, struct nginx_directive *block, struct settings *s) {
    struct nginx_directive *d = own(block, "try_files");
    struct buf out = {0};
    struct span last, why;
    if (!d) return;
    translated(im, d);
    buf_add_text(&out, "( ");
    for (size_t i = 1; i + 1 < d->count; i++) {
        struct span word = d->words[i];
        bool only_uri = span_starts(word, SPAN("$uri")) && span_find(span_from(word, 4), '$') == word.n - 4;
        if (!only_uri && (word.p[0] != '/' || span_find(word, '$') < word.n))
            left(im, d, "files that are tried begin with $uri, or have no variables");
        else buf_printf(&out, "%.*s, ", SPAN_ARG(quoted(im, word)));
    }
    struct span end = d->words[d->count - 1];
    struct span plain = replaced_words(im, replaced_words(im, end, "?$args", "${qsa}"), "?$query_string", "${qsa}");
    plain = replaced_words(im, plain, "$is_args$args", "${qsa}");
    struct span bare = replaced_words(im, plain, "${qsa}", "");
    if (!expand_variables(im, d, bare, IN_URL, &last, &why)) left(im, d, "%.*s", SPAN_ARG(why));
    else if (span_ends(plain, SPAN("${qsa}"))) last = arena_join(im->arena, last, SPAN("${qsa}"));
    buf_printf(&out, "%.*s )", SPAN_ARG(quoted(im, last)));
    if (d->fate != NGINX_LEFT) settings_set(s, "url.try-files", arena_copy(im->arena, buf_span(&out)), d);
    buf_done(&out);
}

/* if (!-f $request_filename) { rewrite … } and !-e: said by the block itself. */
static bool file_test(struct import *im, struct nginx_directive *block, struct settings *s) {
    if (!nginx_is(block, "if") || !span_is(nginx_word(block, 2), SPAN("$request_filename)"))) return false;
    struct nginx_directive *d = own(block, "rewrite");
    struct span to;
    bool is_file = span_is(nginx_word(block, 1), SPAN("(!-f")), exists = span_is(nginx_word(block, 1), SPAN("(!-e"));
    if (!d || (!is_file && !exists) || !replacement_of(im, d, &to)) return false;
    translated(im, d);
    translated(im, block);
    if (is_file) {
        settings_set(s, "url.rewrite-if-not-file",
                     joined(im, "( %.*s => %.*s )", SPAN_ARG(quoted(im, pattern_of(im, nginx_word(d, 1)))),
                            SPAN_ARG(quoted(im, to))),
                     d);
        return true;
    }
    struct span target = nginx_word(d, 1);
    bool slash = span_starts(target, SPAN("^/("));
    to = replaced_words(im, to, "$1", slash ? "" : "${url.path}");
    to = replaced_words(im, to, "=${url.path}${qsa}", "=${url.path}${qsa}");
    if (!matches_all(target) || (slash && span_find(nginx_word(d, 2), '$') < nginx_word(d, 2).n))
        left(im, d, "the whole path is what url.try-files passes on (${url.path})");
    else
        settings_set(s, "url.try-files", joined(im, "( \"$uri\", \"$uri/\", %.*s )", SPAN_ARG(quoted(im, to))), d);
    return true;
}

bool ends_requests(const struct nginx_directive *block) {
    return own(block, "return") || own(block, "rewrite");
}

void rule_settings(struct import *im, struct nginx_directive *block, struct settings *s) {
    if (file_test(im, block, s)) return;
    rewrites(im, block, s);
    try_files(im, block, s);
    for (struct nginx_directive *d = next_named(block->first, "if"); d; d = next_named(d->next, "if")) {
        bool tests_file = span_is(nginx_word(d, 2), SPAN("$request_filename)"));
        if (tests_file) file_test(im, d, s); /* holds in the block around it */
    }
    struct nginx_directive *d = own(block, "return");
    if (d && !has_return_behind_ifs(block)) return_setting(im, d, s);
    for (size_t i = 0; i < 4; i++)
        if (nginx_is(block, "location") && settings_find(s, span_of(ending_keys[i]))) im->is_ended[i] = true;
}
