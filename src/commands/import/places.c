/* places.c - locations become chains of conditions on the path, in the order in which nginx looks them up */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <stdlib.h>

#include "base/memory.h"
#include "base/regex.h"
#include "commands/import/import.h"

enum match { MATCH_EXACT, MATCH_FIRST, MATCH_REGEX, MATCH_PREFIX, MATCH_NAMED }; /* FIRST: ^~ */

/* place - a location on its way into a chain */
struct place {
    struct nginx_directive *at;
    enum match match;
    bool any_case;
    struct span path;
    bool adds_slash; /* its path without the slash, which is redirected */
    bool is_front; /* a prefix that has to be looked at before regular expressions */
    struct span index; /* a folder whose index file is answered by another location: what is tried in it */
};

struct places {
    struct place *list;
    size_t count, cap;
};


/* ---- settings of a block ---------------------------------------------------------------------- */

static void set_alias(struct import *im, struct nginx_directive *block, struct settings *s) {
    struct nginx_directive *d = own(block, "alias");
    if (!d) return;
    struct span to = nginx_word(d, 1), from = nginx_word(block, block->count - 1);
    bool is_regex = block->count == 3 && nginx_word(block, 1).p[0] == '~';
    translated(im, d);
    if (is_regex || span_find(to, '$') < to.n) left(im, d, "an alias has a prefix and no variables (alias.url)");
    else
        settings_set(s, "alias.url",
                     joined(im, "( %.*s => %.*s )", SPAN_ARG(quoted(im, from)), SPAN_ARG(quoted(im, to))), d);
}

static void certificates(struct import *im, struct nginx_directive *block, struct settings *s) {
    static const struct {
        const char *name, *key;
    } files[] = {{"ssl_certificate", "ssl.pemfile"},
                 {"ssl_certificate_key", "ssl.privkey"},
                 {"ssl_stapling_file", "ssl.stapling-file"},
                 {"ssl_client_certificate", "ssl.verifyclient.ca-file"},
                 {"ssl_crl", "ssl.verifyclient.ca-crl-file"}};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        struct nginx_directive *d = inherited(block, files[i].name);
        if (!d) continue;
        translated(im, d);
        settings_set(s, files[i].key, quoted(im, beside_main(im, nginx_word(d, 1))), d);
    }
    struct nginx_directive *d = inherited(block, "ssl_verify_client"), *depth = inherited(block, "ssl_verify_depth");
    if (depth) translated(im, depth);
    if (!d) return;
    translated(im, d);
    bool on = span_is(nginx_word(d, 1), SPAN("on"));
    if (!on && !span_is(nginx_word(d, 1), SPAN("optional"))) return;
    settings_set(s, "ssl.verifyclient.activate", SPAN("\"enable\""), d);
    settings_set(s, "ssl.verifyclient.enforce", span_of(on ? "\"enable\"" : "\"disable\""), d);
    if (depth) settings_set(s, "ssl.verifyclient.depth", nginx_word(depth, 1), depth);
}

/* Error pages are read as files, without a request; whoever else leads to it is one, and would get nothing. */
static bool is_led_to(const struct nginx_directive *block, struct span path, struct regex *re) {
    for (const struct nginx_directive *d = block->first; d; d = d->next) {
        bool leads = nginx_is(d, "try_files") || nginx_is(d, "rewrite") || nginx_is(d, "index");
        bool handles = nginx_is(d, "error_page") && d->count > 3 && span_starts(d->words[d->count - 2], SPAN("="));
        for (size_t i = 1; i < d->count && (leads || handles); i++) {
            struct span target = span_upto(d->words[i], span_find(d->words[i], '$'));
            target = span_upto(target, span_find(target, '?'));
            if (re ? regex_match(re, target, NULL) : span_starts(target, path)) return true;
        }
        if (is_led_to(d, path, re)) return true;
    }
    return false;
}

static void keep_internal(struct import *im, struct nginx_directive *block, struct settings *s) {
    struct nginx_directive *d = own(block, "internal");
    struct span path = nginx_word(block, block->count - 1);
    const struct nginx_directive *server = block;
    bool is_regex = block->count == 3 && nginx_word(block, 1).p[0] == '~';
    char why[128];
    size_t offset;
    if (!d) return;
    while (server->parent && !nginx_is(server, "server")) server = server->parent;
    struct regex *re = is_regex ? regex_make(path, why, &offset) : NULL;
    translated(im, d);
    if ((is_regex && !re) || is_led_to(server, path, re))
        left(im, d, "other requests are led here, so that clients can ask for it, too");
    else settings_set(s, "return.status", SPAN("404"), d);
    regex_drop(re);
}

static void status_page(struct import *im, struct nginx_directive *block, struct settings *s) {
    struct nginx_directive *d = own(block, "stub_status");
    struct span path = nginx_word(block, block->count - 1);
    if (!d) return;
    translated(im, d);
    if (nginx_is(block, "location") && path.n && path.p[0] == '/')
        settings_set(s, "status.status-url", quoted(im, path), d);
    else left(im, d, "the status page has a path (status.status-url)");
}

void settings_of(struct import *im, struct nginx_directive *block, struct settings *s) {
    plain_settings(im, block, s);
    certificates(im, block, s);
    set_alias(im, block, s);
    gateway_settings(im, block, s);
    rule_settings(im, block, s);
    content_settings(im, block, s);
    client_settings(im, block, s);
    status_page(im, block, s);
    keep_internal(im, block, s);
}

/* ---- places ----------------------------------------------------------------------------------- */

static struct place place_of(struct nginx_directive *d) {
    static const struct {
        const char *word;
        enum match match;
        bool any_case;
    } modifiers[] = {{"=", MATCH_EXACT, false}, {"^~", MATCH_FIRST, false}, {"~", MATCH_REGEX, false},
                     {"~*", MATCH_REGEX, true}};
    struct place p = {d, MATCH_PREFIX, false, nginx_word(d, d->count - 1), false, false, {NULL, 0}};
    for (size_t i = 0; i < sizeof modifiers / sizeof *modifiers; i++) {
        struct span word = nginx_word(d, 1), modifier = span_of(modifiers[i].word);
        bool stuck = d->count == 2 && span_starts(word, modifier); /* location =/x */
        if (!(d->count == 3 && span_is(word, modifier)) && !stuck) continue;
        p.match = modifiers[i].match;
        p.any_case = modifiers[i].any_case;
        if (stuck) p.path = span_from(word, modifier.n);
    }
    if (p.match == MATCH_PREFIX && p.path.n && p.path.p[0] == '@') p.match = MATCH_NAMED;
    return p;
}

static void add_place(struct places *all, struct place p) {
    all->list = memory_grow(all->list, &all->cap, all->count + 1, sizeof *all->list);
    all->list[all->count++] = p;
}

static bool is_prefix(const struct place *p) {
    return p->match == MATCH_FIRST || p->match == MATCH_PREFIX;
}

static bool has_places(const struct nginx_directive *block) {
    return next_named(block->first, "location") != NULL;
}

static bool has_regexes(const struct places *all) {
    for (size_t i = 0; i < all->count; i++)
        if (all->list[i].match == MATCH_REGEX) return true;
    return false;
}

/* ^~ comes before regular expressions, and so has to do every prefix with something to be looked up inside, and all
 * that is longer than such a one. */
static void find_front(struct places *all) {
    bool regexes = has_regexes(all);
    for (size_t i = 0; i < all->count; i++) {
        struct place *p = &all->list[i];
        p->is_front = p->match == MATCH_FIRST || (p->match == MATCH_PREFIX && regexes && has_places(p->at));
    }
    for (size_t i = 0; i < all->count; i++)
        for (size_t k = 0; k < all->count; k++)
            if (is_prefix(&all->list[i]) && is_prefix(&all->list[k]) && all->list[k].is_front && i != k &&
                span_starts(all->list[i].path, all->list[k].path) && all->list[k].path.n < all->list[i].path.n)
                all->list[i].is_front = true;
}

/* The order of a chain; within it the longer prefix comes first, and regular expressions stay as they are. */
static int turn_of(const struct place *p) {
    if (p->match == MATCH_NAMED) return 0;
    if (p->match == MATCH_EXACT) return 1;
    if (is_prefix(p)) return p->is_front ? 2 : 4;
    return 3;
}

static bool comes_before(const struct place *a, const struct place *b) {
    int x = turn_of(a), y = turn_of(b);
    return x != y ? x < y : is_prefix(a) && is_prefix(b) && a->path.n > b->path.n;
}

/* Stable, and they are few. */
static void sort_places(struct places *all) {
    for (size_t i = 1; i < all->count; i++) {
        struct place p = all->list[i];
        size_t at = i;
        for (; at > 0 && comes_before(&p, &all->list[at - 1]); at--) all->list[at] = all->list[at - 1];
        all->list[at] = p;
    }
}

static bool has_exact(const struct places *all, struct span path) {
    for (size_t i = 0; i < all->count; i++)
        if (all->list[i].match == MATCH_EXACT && span_is(all->list[i].path, path)) return true;
        else if (is_prefix(&all->list[i]) && span_is(all->list[i].path, path)) return true;
    return false;
}

/* "/app" leads to a location "/app/" that a backend answers. */
static void add_slashes(struct places *all) {
    size_t count = all->count;
    for (size_t i = 0; i < count; i++) {
        struct place p = all->list[i];
        bool passes = own(p.at, "proxy_pass") || own(p.at, "fastcgi_pass") || own(p.at, "uwsgi_pass") ||
                      own(p.at, "scgi_pass");
        if (!is_prefix(&p) || !passes || p.path.n < 2 || p.path.p[p.path.n - 1] != '/') continue;
        p.path.n--;
        p.match = MATCH_EXACT;
        p.adds_slash = true;
        if (!has_exact(all, p.path)) add_place(all, p);
    }
}

/* ---- index files ------------------------------------------------------------------------------ */

static bool passes_path(struct import *im, const struct place *p, struct span path) {
    size_t offset;
    char why[128];
    if (p->match == MATCH_EXACT && !p->adds_slash && p->at->first && span_is(p->path, path)) return true;
    if (p->adds_slash || !(own(p->at, "fastcgi_pass") || own(p->at, "uwsgi_pass") || own(p->at, "scgi_pass") ||
                           own(p->at, "proxy_pass")))
        return false;
    if (p->match == MATCH_EXACT) return span_is(p->path, path);
    if (p->match != MATCH_REGEX || suffix_of(im, p->at).n) return false; /* whose ending is known everywhere */
    struct regex *re = regex_make(regex_for_path(im, p->path, p->any_case), why, &offset);
    bool matches = re && regex_match(re, path, NULL);
    regex_drop(re);
    return matches;
}

static bool is_passed(struct import *im, const struct places *all, size_t count, struct span path) {
    for (size_t i = 0; i < count; i++)
        if (passes_path(im, &all->list[i], path)) return true;
    return false;
}

/* The location of the folder: what it asks for (a password) is asked for first. NULL: somebody else answers. */
static struct nginx_directive *home_of(const struct places *all, size_t count, struct nginx_directive *block,
                                       struct span folder) {
    const struct place *best = NULL;
    for (size_t i = 0; i < count; i++) {
        const struct place *p = &all->list[i];
        if (p->match == MATCH_EXACT && span_is(p->path, folder)) return NULL;
        if (is_prefix(p) && span_starts(folder, p->path) && (!best || p->path.n > best->path.n)) best = p;
    }
    struct nginx_directive *at = best ? best->at : block;
    bool answers = own(at, "return") || own(at, "rewrite") || own(at, "alias") || own(at, "proxy_pass") ||
                   own(at, "fastcgi_pass") || own(at, "uwsgi_pass") || own(at, "scgi_pass");
    return answers || has_places(at) != (at == block) ? NULL : at;
}

/* nginx looks the index file up as a path of its own: location = /index.php { fastcgi_pass … } answers for "/". */
static void add_index(struct import *im, struct nginx_directive *block, struct places *all, size_t count,
                      struct span folder) {
    struct nginx_directive *home = home_of(all, count, block, folder), *d = home ? inherited(home, "index") : NULL;
    struct buf tries = {0};
    for (size_t i = 1; d && i < d->count; i++) {
        struct span path = joined(im, "%.*s%.*s", SPAN_ARG(folder), SPAN_ARG(d->words[i]));
        bool is_last = is_passed(im, all, count, path);
        buf_printf(&tries, "%s%.*s", tries.n ? ", " : "",
                   SPAN_ARG(quoted(im, is_last ? joined(im, "%.*s${qsa}", SPAN_ARG(path)) : path)));
        if (!is_last) continue;
        struct place p = {home, MATCH_EXACT, false, folder, false, false,
                          joined(im, "( %.*s )", SPAN_ARG(buf_span(&tries)))};
        if (span_find(path, '$') == path.n) add_place(all, p);
        break;
    }
    buf_done(&tries);
}

static void add_indexes(struct import *im, struct nginx_directive *block, struct places *all) {
    size_t count = all->count;
    add_index(im, block, all, count, SPAN("/"));
    for (size_t i = 0; i < count; i++) {
        struct span path = all->list[i].path, folder = span_upto(path, span_find_last(path, '/') + 1);
        bool is_known = folder.n < 2 || all->list[i].match != MATCH_EXACT || folder.n >= path.n;
        for (size_t k = count; k < all->count; k++) is_known |= span_is(all->list[k].path, folder);
        if (!is_known) add_index(im, block, all, count, folder);
    }
}

static void collect(struct import *im, struct nginx_directive *block, const struct places *outer,
                    struct places *all) {
    for (struct nginx_directive *d = next_named(block->first, "location"); d; d = next_named(d->next, "location"))
        add_place(all, place_of(d));
    add_slashes(all);
    if (nginx_is(block, "server")) add_indexes(im, block, all);
    for (size_t i = 0; outer && i < outer->count; i++)
        if (outer->list[i].match == MATCH_REGEX) add_place(all, outer->list[i]);
    find_front(all);
    sort_places(all);
}

/* ---- writing ---------------------------------------------------------------------------------- */

static void condition_of(struct import *im, const struct place *p, struct span *condition) {
    static const char *const forms[] = {"$HTTP[\"url\"] == ", "$HTTP[\"url\"] =^ ", "$HTTP[\"url\"] =~ ",
                                        "$HTTP[\"url\"] =^ ", "$HTTP[\"fallback\"] == "};
    struct span text = p->match == MATCH_REGEX ? regex_for_path(im, p->path, p->any_case) : p->path;
    *condition = joined(im, "%s%.*s", forms[p->match], SPAN_ARG(quoted(im, text)));
}

static void write_chain(struct import *im, struct nginx_directive *block, const struct places *outer,
                        const struct settings *around);

/* What a server rewrites and redirects holds in its locations, in front of what they say themselves. */
static void keep_rules(struct import *im, struct settings *s) {
    for (size_t i = 0; im->server && i < 4; i++) {
        const struct setting *outer = settings_find(im->server, span_of(ending_keys[i]));
        const struct setting *inner = settings_find(s, span_of(ending_keys[i]));
        if (!outer) continue;
        const struct setting *code = settings_find(im->server, SPAN("url.redirect-code"));
        bool joins = inner && outer->value.p[0] == '(' && !span_is(outer->value, inner->value);
        if (!inner) settings_set(s, ending_keys[i], outer->value, outer->from);
        if (!inner && code && i == 2) settings_set(s, "url.redirect-code", code->value, code->from);
        if (!joins) continue;
        struct span first = span_upto(outer->value, outer->value.n - 2), rest = span_from(inner->value, 1);
        settings_set(s, ending_keys[i], joined(im, "%.*s,%.*s", SPAN_ARG(first), SPAN_ARG(rest)), inner->from);
    }
}

static void write_place(struct import *im, struct nginx_directive *at, const struct places *outer,
                        const struct settings *around, struct span index) {
    struct settings s = {NULL, 0, 0};
    translated(im, at);
    settings_of(im, at, &s);
    if (index.n) settings_set(&s, "url.try-files", index, inherited(at, "index"));
    keep_rules(im, &s);
    write_settings(im, &s, around);
    write_maps(im, at, &s);
    write_access(im, at);
    if (!index.n) write_chain(im, at, outer, &s);
    if (!nginx_is(at, "server")) write_ifs(im, at, &s, false); /* those of a server are behind all */
    settings_done(&s);
}

static bool is_everything(const struct place *p) {
    return p->match == MATCH_PREFIX && span_is(p->path, SPAN("/"));
}

static void write_chain(struct import *im, struct nginx_directive *block, const struct places *outer,
                        const struct settings *around) {
    struct places all = {NULL, 0, 0};
    collect(im, block, outer, &all);
    for (size_t i = 0; i < all.count; i++) {
        const struct place *p = &all.list[i];
        struct span condition;
        bool last = is_everything(p);
        condition_of(im, p, &condition);
        if (i) write_close(im, true);
        if (i || !last) write_open(im, i > 0, last ? "" : condition.p, p->at);
        if (p->adds_slash) {
            write_line(im, p->at, "url.redirect = ( \"\" => \"%.*s/${qsa}\" )", SPAN_ARG(p->path));
            write_line(im, p->at, "url.redirect-code = 301");
        } else write_place(im, p->at, p->is_front && p->match != MATCH_FIRST ? &all : NULL, around, p->index);
        if (i + 1 == all.count && (i || !last)) write_close(im, false);
    }
    free(all.list);
}

/* Settings of the block are written; what is in it follows. */
void write_inside(struct import *im, struct nginx_directive *block, const struct settings *around) {
    struct nginx_directive *d = own(block, "return");
    memset(im->is_ended, 0, sizeof im->is_ended);
    im->server = around;
    write_access(im, block);
    if (!d) write_chain(im, block, NULL, around);
    write_ifs(im, block, around, true);
    for (d = d ? block->first : NULL; d; d = d->next) /* nothing comes so far */
        if (nginx_is(d, "location")) settle_subtree(d, NGINX_UNNEEDED, SPAN("the return of its server answers"));
}
