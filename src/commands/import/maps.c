/* maps.c - set, map and geo: variables of one's own become what they stand for, and conditions that tell which */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "commands/import/import.h"

/* ---- words with a variable in it -------------------------------------------------------------- */

static bool is_word_char(char c) {
    return (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z') || ascii_is_digit(c) || c == '_';
}

/* Where "$name" or "${name}" begins in a word, and how long that is; text.n: it is not there. */
static size_t find_variable(struct span text, struct span name, size_t *length) {
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] != '$') continue;
        bool braces = i + 1 < text.n && text.p[i + 1] == '{';
        struct span rest = span_from(text, i + 1 + braces);
        if (!span_starts(rest, name)) continue;
        char behind = rest.n > name.n ? rest.p[name.n] : '\0';
        if (braces ? behind != '}' : is_word_char(behind)) continue;
        *length = 1 + name.n + 2 * (size_t)braces;
        return i;
    }
    return text.n;
}

static struct span with_value(struct import *im, struct span text, struct span name, struct span value) {
    struct buf out = {0};
    size_t length = 0;
    for (size_t at; (at = find_variable(text, name, &length)) < text.n; text = span_from(text, at + length)) {
        buf_add(&out, span_upto(text, at));
        buf_add(&out, value);
    }
    buf_add(&out, text);
    struct span kept = arena_copy(im->arena, out.n ? buf_span(&out) : SPAN(""));
    buf_done(&out);
    return kept;
}

static bool mentions(const struct nginx_directive *d, struct span name) {
    size_t length;
    for (size_t i = 1; i < d->count; i++)
        if (find_variable(d->words[i], name, &length) < d->words[i].n) return true;
    return false;
}

/* New words; the old ones stay as they are. */
static void put_value(struct import *im, struct nginx_directive *d, const struct span *words, struct span name,
                      struct span value) {
    struct span *put = arena_get(im->arena, d->count * sizeof *put);
    put[0] = words[0];
    for (size_t i = 1; i < d->count; i++) put[i] = with_value(im, words[i], name, value);
    d->words = put;
}

/* ---- set -------------------------------------------------------------------------------------- */

static unsigned count_sets(const struct nginx_directive *block, struct span variable) {
    unsigned count = 0;
    for (const struct nginx_directive *d = block->first; d; d = d->next)
        count += (nginx_is(d, "set") && span_is(nginx_word(d, 1), variable)) + count_sets(d, variable);
    return count;
}

void put_everywhere(struct import *im, struct nginx_directive *d, struct span name, struct span value) {
    for (; d; d = d->next) {
        if (mentions(d, name)) put_value(im, d, d->words, name, value);
        put_everywhere(im, d->first, name, value);
    }
}

/* The number of the group that "$1" or "$name" is in a regular expression; 0: it is no group. */
static unsigned group_at(struct span text, struct span regex, size_t *length) {
    *length = 1;
    while (*length < text.n && is_word_char(text.p[*length])) ++*length;
    struct span name = span_between(text.p + 1, text.p + *length);
    if (!name.n || !ascii_is_digit(name.p[0])) return name.n ? group_named(regex, name) : 0;
    *length = 2;
    return (unsigned)(name.p[0] - '0');
}

/* What an if or a map has captured is $1 in its set or value, and something else in the rewrite that comes behind. */
static struct span as_captured(struct import *im, struct span value, struct span regex) {
    struct buf out = {0};
    size_t length;
    for (size_t i = 0; i < value.n; i += length) {
        unsigned group = value.p[i] == '$' ? group_at(span_from(value, i), regex, &length) : 0;
        if (value.p[i] != '$') length = 1;
        if (group) buf_printf(&out, "${" CONDITION_CAPTURE "%u}", group);
        else buf_add(&out, span_upto(span_from(value, i), length));
    }
    struct span kept = arena_copy(im->arena, out.n ? buf_span(&out) : SPAN(""));
    buf_done(&out);
    return kept;
}

/* A variable that is set once has one value where that counts: behind it, in the same block and all within. */
static void settle_sets(struct import *im, struct nginx_directive *server, struct nginx_directive *block) {
    for (struct nginx_directive *d = block->first; d; d = d->next) {
        settle_sets(im, server, d);
        if (!nginx_is(d, "set") || d->count != 3 || nginx_word(d, 1).n < 2) continue;
        if (count_sets(server, nginx_word(d, 1)) > 1) {
            left(im, d, "it has one value in a server, or is told apart by conditions, not by being set again");
            continue;
        }
        translated(im, d);
        put_everywhere(im, d->next, span_from(nginx_word(d, 1), 1), as_captured(im, nginx_word(d, 2), SPAN("")));
    }
}

/* ---- map and geo ------------------------------------------------------------------------------ */

static bool is_map(const struct nginx_directive *d) {
    return d->is_block && (nginx_is(d, "map") || nginx_is(d, "geo")) && d->count > 1;
}

static struct span name_of(const struct nginx_directive *map) {
    struct span word = nginx_word(map, map->count - 1);
    return word.n && word.p[0] == '$' ? span_from(word, 1) : SPAN("");
}

/* What it looks at, in nginx's words. */
static struct span looks_at(const struct nginx_directive *map) {
    return nginx_is(map, "geo") && map->count == 2 ? SPAN("$remote_addr") : nginx_word(map, 1);
}

struct nginx_directive *map_called(struct import *im, struct span name) {
    for (struct nginx_directive *d = im->http->first; d; d = d->next)
        if (is_map(d) && name.n && span_is(name_of(d), name)) return d;
    return NULL;
}

static bool is_default(const struct nginx_directive *entry) {
    return nginx_is(entry, "default");
}

static bool is_entry(const struct nginx_directive *entry) {
    return entry->count == 2 && !is_default(entry) && !nginx_is(entry, "include");
}

static bool is_pattern(const struct nginx_directive *entry) {
    return entry->words[0].n && entry->words[0].p[0] == '~';
}

static struct span key_of(const struct nginx_directive *entry) {
    struct span key = entry->words[0];
    return key.n && key.p[0] == '\\' ? span_from(key, 1) : key; /* "\default" */
}

struct span map_default(const struct nginx_directive *map) {
    for (const struct nginx_directive *e = map->first; e; e = e->next)
        if (is_default(e)) return nginx_word(e, 1);
    return SPAN("");
}

void map_is_used(struct nginx_directive *map) {
    map->fate = map->fate == NGINX_LEFT ? NGINX_LEFT : NGINX_TRANSLATED;
    for (struct nginx_directive *e = map->first; e; e = e->next) e->fate = NGINX_TRANSLATED;
}

static void add_literal(struct buf *out, struct span text) {
    for (size_t i = 0; i < text.n; i++) {
        if (memchr("\\.[](){}*+?|^$", text.p[i], 14)) buf_add_char(out, '\\');
        buf_add_char(out, text.p[i]);
    }
}

/* "*.example.org", ".example.org", "www.*" with `hostnames`, else as it is; as a regular expression without case. */
static void add_plain(struct buf *out, const struct nginx_directive *map, struct span key) {
    bool has_port = span_is(looks_at(map), SPAN("$host")) || span_is(looks_at(map), SPAN("$http_host"));
    bool hosts = own(map, "hostnames") != NULL;
    bool star = hosts && span_starts(key, SPAN("*.")), dot = hosts && key.n && key.p[0] == '.';
    bool open = hosts && span_ends(key, SPAN(".*"));
    if (star) key = span_from(key, 1);
    if (dot) key = span_from(key, 1);
    if (open) key = span_upto(key, key.n - 1);
    buf_add_text(out, star ? "" : dot ? "(?:^|\\.)" : "^");
    add_literal(out, key);
    buf_add_text(out, open ? "" : has_port ? "(?::\\d+)?$" : "$");
}

static void add_pattern(struct buf *out, struct span key) {
    bool any_case = span_starts(key, SPAN("~*"));
    buf_add_text(out, any_case ? "(?i:" : "(?:");
    buf_add(out, span_from(key, 1 + (size_t)any_case));
    buf_add_char(out, ')');
}

/* ---- the conditions of a map ------------------------------------------------------------------ */

struct case_of_map {
    struct span condition, value;
    struct nginx_directive *from;
};

struct cases {
    struct case_of_map *list;
    size_t count, cap;
};

static void add_case(struct cases *all, struct span condition, struct span value, struct nginx_directive *from) {
    all->list = memory_grow(all->list, &all->cap, all->count + 1, sizeof *all->list);
    all->list[all->count++] = (struct case_of_map){condition, value, from};
}

/* Of plain keys with one value. Keys of a map have no case; hosts, methods and figures have none here either. */
static void plain_case(struct import *im, const struct nginx_directive *map, struct span subject,
                       struct nginx_directive *first, struct cases *all) {
    struct buf pattern = {0};
    unsigned count = 0;
    for (struct nginx_directive *e = first; e; e = e->next) {
        if (!is_entry(e) || is_pattern(e) || !span_is(e->words[1], first->words[1])) continue;
        if (count++) buf_add_char(&pattern, '|');
        add_plain(&pattern, map, key_of(e));
    }
    bool exact = count == 1 && !own(map, "hostnames");
    bool is_empty = exact && key_of(first).n == 0;
    struct span condition =
        is_empty ? joined(im, "%.*s == \"\"", SPAN_ARG(subject))
                 : joined(im, "%.*s =~ %.*s", SPAN_ARG(subject),
                          SPAN_ARG(quoted(im, joined(im, "(?i)%.*s", SPAN_ARG(buf_span(&pattern))))));
    if (exact && span_is(subject, SPAN("$HTTP[\"host\"]")))
        condition = joined(im, "%.*s == %.*s", SPAN_ARG(subject), SPAN_ARG(quoted(im, key_of(first))));
    add_case(all, condition, first->words[1], first);
    buf_done(&pattern);
}

static bool is_first_of_value(const struct nginx_directive *map, const struct nginx_directive *entry) {
    for (const struct nginx_directive *e = map->first; e != entry; e = e->next)
        if (is_entry(e) && !is_pattern(e) && span_is(e->words[1], entry->words[1])) return false;
    return true;
}

static unsigned bits_of(struct span network) {
    size_t slash = span_find(network, '/');
    return slash < network.n ? (unsigned)strtoul(network.p + slash + 1, NULL, 10) : 128;
}

/* The longest prefix first. */
static void geo_cases(struct import *im, struct nginx_directive *map, struct cases *all) {
    for (struct nginx_directive *e = map->first; e; e = e->next) {
        if (!is_entry(e)) continue;
        add_case(all, joined(im, "$HTTP[\"remote-ip\"] == %.*s", SPAN_ARG(quoted(im, e->words[0]))), e->words[1], e);
        size_t at = all->count - 1;
        struct case_of_map last = all->list[at];
        for (; at > 0 && bits_of(all->list[at - 1].from->words[0]) < bits_of(e->words[0]); at--)
            all->list[at] = all->list[at - 1];
        all->list[at] = last;
    }
}

/* As nginx looks them up: plain keys, then patterns in their order. */
static void map_cases(struct import *im, struct nginx_directive *map, struct span subject, struct cases *all) {
    for (struct nginx_directive *e = map->first; e; e = e->next)
        if (is_entry(e) && !is_pattern(e) && is_first_of_value(map, e)) plain_case(im, map, subject, e, all);
    for (struct nginx_directive *e = map->first; e; e = e->next) {
        struct buf pattern = {0};
        if (!is_entry(e) || !is_pattern(e)) continue;
        bool any_case = span_starts(e->words[0], SPAN("~*"));
        struct span text = span_from(e->words[0], 1 + (size_t)any_case);
        buf_printf(&pattern, "%s%.*s", any_case ? "(?i)" : "", SPAN_ARG(text));
        add_case(all, joined(im, "%.*s =~ %.*s", SPAN_ARG(subject), SPAN_ARG(quoted(im, buf_span(&pattern)))),
                 e->words[1], e);
        buf_done(&pattern);
    }
}

/* False: conditions cannot look at that. */
static bool cases_of(struct import *im, struct nginx_directive *map, struct cases *all) {
    struct span subject = subject_of(im, looks_at(map));
    if (!subject.n) return false;
    if (nginx_is(map, "geo")) geo_cases(im, map, all);
    else map_cases(im, map, subject, all);
    return true;
}

/* ---- if ($variable) --------------------------------------------------------------------------- */

static bool is_true(struct span value) {
    return value.n && !span_is(value, SPAN("0"));
}

/* Does the entry's value make the question true? An empty op asks whether it is anything. */
static bool fits(struct span value, struct span op, struct span wanted) {
    if (!op.n) return is_true(value);
    bool same = span_is(value, wanted);
    return op.p[0] == '!' ? !same : same;
}

static void add_key(struct buf *out, const struct nginx_directive *map, const struct nginx_directive *e) {
    if (is_pattern(e)) add_pattern(out, e->words[0]);
    else {
        buf_add_text(out, "(?i:");
        add_plain(out, map, key_of(e));
        buf_add_char(out, ')');
    }
}

/* One pattern for all keys that fit, or for all that do not where the default does; those that are looked up before
 * one and say otherwise are excluded. */
struct span condition_of_map(struct import *im, struct nginx_directive *map, struct span op, struct span wanted) {
    struct span subject = subject_of(im, looks_at(map));
    bool otherwise = fits(map_default(map), op, wanted);
    struct buf pattern = {0}, before = {0};
    if (!subject.n || nginx_is(map, "geo") || (op.n && span_find(op, '~') < op.n)) return SPAN("");
    for (int patterns = 0; patterns < 2; patterns++)
        for (const struct nginx_directive *e = map->first; e; e = e->next) {
            if (!is_entry(e) || is_pattern(e) != (patterns == 1)) continue;
            bool counts = fits(e->words[1], op, wanted) != otherwise;
            struct buf *out = counts ? &pattern : &before;
            if (out->n) buf_add_char(out, '|');
            if (counts && patterns && before.n) buf_printf(out, "^(?!.*(?:%.*s)).*", SPAN_ARG(buf_span(&before)));
            add_key(out, map, e);
        }
    struct span result = SPAN("");
    if (pattern.n)
        result = joined(im, "%.*s %s %.*s", SPAN_ARG(subject), otherwise ? "!~" : "=~",
                        SPAN_ARG(quoted(im, buf_span(&pattern))));
    if (pattern.n) map_is_used(map);
    buf_done(&pattern);
    buf_done(&before);
    return result;
}

/* ---- where variables of maps are used --------------------------------------------------------- */

/* use - a directive with the variable of a map, which stands for the map's default meanwhile */
struct map_use {
    struct nginx_directive *at, *map;
    const struct span *words;
};

static bool is_looked_up_elsewhere(const struct nginx_directive *d) {
    return d->is_block || nginx_is(d, "limit_req_zone") || nginx_is(d, "limit_conn_zone");
}

static void find_uses(struct import *im, struct nginx_directive *block) {
    for (struct nginx_directive *d = block->first; d; d = d->next) {
        if (is_map(d) || nginx_is(d, "types")) continue;
        find_uses(im, d);
        if (is_looked_up_elsewhere(d)) continue;
        for (struct nginx_directive *map = im->http->first; map; map = map->next) {
            if (!is_map(map) || !mentions(d, name_of(map))) continue;
            if (nginx_is(d, "expires") && span_is(looks_at(map), SPAN("$sent_http_content_type"))) continue;
            im->uses = memory_grow(im->uses, &im->use_cap, im->use_count + 1, sizeof *im->uses);
            im->uses[im->use_count++] = (struct map_use){d, map, d->words};
            put_value(im, d, d->words, name_of(map), map_default(map));
        }
    }
}

/* map $http_upgrade $connection_upgrade { … } is what tunnels need everywhere, and have here. */
static void settle_upgrade(struct import *im) {
    for (struct nginx_directive *d = im->http->first; d; d = d->next)
        if (is_map(d) && span_is(nginx_word(d, 1), SPAN("$http_upgrade"))) {
            put_everywhere(im, im->http->first, name_of(d), SPAN("upgrade"));
            map_is_used(d);
        }
}

void settle_variables(struct import *im) {
    settle_upgrade(im);
    settle_answers(im);
    for (struct nginx_directive *s = next_named(im->http->first, "server"); s; s = next_named(s->next, "server"))
        settle_sets(im, s, s);
    find_uses(im, im->http);
}

static bool concerns(const struct map_use *use, const struct nginx_directive *block) {
    return use->at->parent == block || (nginx_is(block, "server") && use->at->parent == block->parent);
}

static void bind(struct import *im, const struct nginx_directive *block, struct nginx_directive *map,
                 struct span value) {
    for (size_t i = 0; i < im->use_count; i++)
        if (im->uses[i].map == map && concerns(&im->uses[i], block))
            put_value(im, im->uses[i].at, im->uses[i].words, name_of(map), value);
}

static bool differs(const struct settings *a, const struct settings *b) {
    if (a->count != b->count) return true;
    for (size_t i = 0; i < a->count; i++) {
        const struct setting *x = settings_find(b, a->list[i].key);
        if (!x || !span_is(x->value, a->list[i].value)) return true;
    }
    return false;
}

/* One block for each case in which the settings are others. */
static void write_cases(struct import *im, struct nginx_directive *block, struct nginx_directive *map,
                        const struct cases *all, const struct settings *s) {
    bool open = false;
    for (size_t i = 0; i < all->count; i++) {
        struct settings inner = {NULL, 0, 0};
        struct span regex = is_pattern(all->list[i].from) ? all->list[i].from->words[0] : SPAN("");
        bind(im, block, map, as_captured(im, all->list[i].value, regex));
        settings_of(im, block, &inner);
        for (size_t k = 0; k < s->count; k++) /* what the block around is given besides stays */
            if (!settings_find(&inner, s->list[k].key) && is_ending_key(s->list[k].key))
                settings_set(&inner, s->list[k].key.p, s->list[k].value, s->list[k].from);
        if (open) write_close(im, true);
        write_open(im, open, all->list[i].condition.p, all->list[i].from);
        if (differs(&inner, s)) write_settings(im, &inner, s);
        settings_done(&inner);
        open = true;
    }
    if (open) write_close(im, false);
    bind(im, block, map, map_default(map));
}

static unsigned maps_of(const struct import *im, const struct nginx_directive *at) {
    unsigned count = 0;
    for (size_t i = 0; i < im->use_count; i++) count += im->uses[i].at == at;
    return count;
}

void write_maps(struct import *im, struct nginx_directive *block, const struct settings *s) {
    for (size_t i = 0; i < im->use_count; i++) {
        const struct map_use *use = &im->uses[i];
        bool seen = !concerns(use, block);
        for (size_t k = 0; k < i && !seen; k++) seen = im->uses[k].map == use->map && concerns(&im->uses[k], block);
        if (seen) continue;
        struct cases all = {NULL, 0, 0};
        if (maps_of(im, use->at) > 1) left(im, use->at, "it has variables of more than one map");
        else if (!cases_of(im, use->map, &all))
            left(im, use->at, "conditions cannot look at %.*s, as its map does", SPAN_ARG(looks_at(use->map)));
        else write_cases(im, block, use->map, &all, s);
        if (all.count) map_is_used(use->map);
        free(all.list);
    }
}
