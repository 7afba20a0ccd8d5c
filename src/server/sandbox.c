/* sandbox.c - what the workers of a configuration need: from tables of directives, compared, told */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "server/sandbox.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/confine.h"
#include "base/memory.h"

/* ---- gathering -------------------------------------------------------------------------------- */

static struct sandbox_item *add(struct sandbox *s, enum need_kind kind, struct span text, const char *directive,
                                struct span at) {
    s->list = memory_grow(s->list, &s->cap, s->count + 1, sizeof *s->list);
    struct sandbox_item *item = &s->list[s->count++];
    text = arena_copy(&s->arena, text);
    *item = (struct sandbox_item){.is = {.kind = kind, .text = text, .directive = directive}, .beneath = text};
    item->at = at;
    return item;
}

static struct span place_text(struct sandbox *s, struct place place) {
    unsigned line, column;
    if (!place.source) return SPAN("built in");
    place_line(place, &line, &column);
    return arena_printf(&s->arena, "%.*s:%u", SPAN_ARG(place_name(place)), line);
}

/* "/srv/%_/htdocs" is known up to the "%", and surely a directory up to the "/" before it. */
static void go_on(struct sandbox *s, struct sandbox_item *item) {
    struct span text = item->is.text;
    size_t percent = span_find(text, '%');
    item->goes_on = true;
    if (percent == text.n) return;
    item->is.text = arena_copy(&s->arena, span_upto(text, percent));
    size_t slash = span_find_last(item->is.text, '/');
    item->beneath = arena_copy(&s->arena, span_upto(text, slash < percent ? slash + 1 : 0));
}

static const struct {
    unsigned flag;
    enum need_kind kind;
} flag_kinds[] = {{DIRECTIVE_READS, NEED_READ},  {DIRECTIVE_READS_IN, NEED_READ}, {DIRECTIVE_WRITES, NEED_WRITE},
                  {DIRECTIVE_KEEPS, NEED_KEEP},  {DIRECTIVE_ASKS, NEED_ASK},      {DIRECTIVE_RUNS, NEED_RUN},
                  {DIRECTIVE_LOG, NEED_APPEND}};

static void add_text(struct sandbox *s, const struct directive *d, struct span text, struct place place) {
    if (text.n == 0) return;
    if (d->flags & DIRECTIVE_LOG && (text.p[0] == '|' || span_starts(text, SPAN("syslog:")))) return;
    for (size_t i = 0; i < sizeof flag_kinds / sizeof *flag_kinds; i++) {
        if (!(d->flags & flag_kinds[i].flag)) continue;
        struct sandbox_item *item = add(s, flag_kinds[i].kind, text, d->name, place_text(s, place));
        if (d->flags & DIRECTIVE_READS_IN) go_on(s, item);
    }
}

/* Homes that are not below /home: those that the system's own list names, whether they have that directory by now or
 * will have it. */
static void add_homes(struct sandbox *s, const struct directive *d, struct span below, struct place place) {
    char line[1024];
    struct span at = place_text(s, place);
    add(s, NEED_READ, SPAN("/home"), d->name, at);
    FILE *f = fopen("/etc/passwd", "r");
    while (f && fgets(line, sizeof line, f)) {
        struct span rest = span_of(line), part = rest;
        for (unsigned i = 0; i < 6 && span_next(&rest, ':', &part); i++) {}
        if (part.n < 2 || part.p[0] != '/' || span_starts(part, SPAN("/home/"))) continue;
        struct span home = arena_printf(&s->arena, "%.*s/%.*s", SPAN_ARG(part), SPAN_ARG(below));
        add(s, NEED_READ, home, d->name, at);
    }
    if (f) fclose(f);
}

/* Does the module say elsewhere where homes lie? */
static bool knows_homes(const struct block_settings *b, unsigned module) {
    for (size_t i = 0; i < b->count; i++)
        if (b->list[i].module == module && b->list[i].cell.directive->flags & DIRECTIVE_READS) return true;
    return false;
}

static void add_setting(struct sandbox *s, const struct conf *conf, size_t block, const struct setting *setting) {
    const struct directive *d = setting->cell.directive;
    const struct assignment *a = block_find(conf->tree->blocks[block], span_of(d->name));
    if (!a) return;
    if (d->flags & DIRECTIVE_HOMES) {
        if (!knows_homes(&conf->blocks[block], setting->module) && !knows_homes(conf->blocks, setting->module))
            add_homes(s, d, a->value.string, a->place);
        return;
    }
    if (a->value.type == VALUE_STRING) add_text(s, d, a->value.string, a->value.place);
    for (size_t i = 0; a->value.type == VALUE_ARRAY && i < a->value.count; i++) {
        const struct value *v = &a->value.elements[i].value;
        if (v->type == VALUE_STRING) add_text(s, d, v->string, v->place);
    }
}

/* Where bodies go without server.upload-dirs (net/spool). */
static void add_upload_dirs(struct sandbox *s, const struct conf *conf) {
    const char *tmp = getenv("TMPDIR");
    if (conf->core->upload_dirs && conf->core->upload_dirs->count) return;
    if (tmp && *tmp) add(s, NEED_WRITE, span_of(tmp), "TMPDIR", SPAN("built in"));
    add(s, NEED_WRITE, SPAN("/var/tmp"), "server.upload-dirs", SPAN("built in"));
    add(s, NEED_WRITE, SPAN("/tmp"), "server.upload-dirs", SPAN("built in"));
}

struct sandbox *sandbox_make(const struct conf *conf) {
    struct sandbox *s = memory_zeroed(1, sizeof *s);
    s->mode = conf->core->sandbox ? *conf->core->sandbox : SANDBOX_ON;
    s->chroot = arena_copy(&s->arena, conf->core->chroot);
    for (size_t b = 0; b < conf->tree->block_count; b++)
        for (size_t i = 0; i < conf->blocks[b].count; i++) add_setting(s, conf, b, &conf->blocks[b].list[i]);
    for (size_t i = 0; i < conf->needs.count; i++) {
        const struct need *n = &conf->needs.list[i];
        struct sandbox_item *item = add(s, n->kind, n->text, n->directive, place_text(s, n->place));
        item->is.number = n->number;
    }
    add_upload_dirs(s, conf);
    return s;
}

void sandbox_drop(struct sandbox *s) {
    if (!s) return;
    free(s->list);
    arena_done(&s->arena);
    free(s);
}

/* ---- comparing -------------------------------------------------------------------------------- */

static struct span without_slash(struct span path) {
    while (path.n > 1 && path.p[path.n - 1] == '/') path.n--;
    return path;
}

bool path_is_beneath(struct span path, struct span directory) {
    directory = without_slash(directory);
    if (!span_starts(path, directory)) return false;
    return path.n == directory.n || directory.p[directory.n - 1] == '/' || path.p[directory.n] == '/';
}

static bool reads(const struct sandbox_item *item, struct span path) {
    return item->is.kind == NEED_READ && item->is.text.n &&
           (path_is_beneath(path, item->is.text) || (item->goes_on && span_starts(path, item->is.text)));
}

/* What the helper does is not the worker's. */
static bool is_workers(const struct sandbox_item *item) {
    return item->is.kind < NEED_RUN;
}

static bool has_item(const struct sandbox *has, const struct sandbox_item *wanted) {
    for (size_t i = 0; i < has->count; i++) {
        const struct sandbox_item *item = &has->list[i];
        if (wanted->is.kind == NEED_READ && (!wanted->goes_on || item->goes_on) && reads(item, wanted->is.text))
            return true;
        if (item->is.kind == wanted->is.kind && item->is.number == wanted->is.number &&
            span_is(item->is.text, wanted->is.text) && item->goes_on == wanted->goes_on)
            return true;
    }
    return false;
}

bool sandbox_covers(const struct sandbox *has, const struct sandbox *wants) {
    if (has->mode != wants->mode) return false;
    for (size_t i = 0; has->mode != SANDBOX_OFF && i < wants->count; i++)
        if (is_workers(&wants->list[i]) && !has_item(has, &wants->list[i])) return false;
    return true;
}

static void look(const struct sandbox *s, const struct sandbox_item *item, struct stat *st) {
    struct buf path = {0};
    buf_printf(&path, "%.*s%.*s", SPAN_ARG(s->chroot), SPAN_ARG(item->is.text));
    if (stat(buf_text(&path), st) != 0) *st = (struct stat){.st_ino = 0};
    buf_done(&path);
}

bool sandbox_remember(struct sandbox *s) {
    struct buf how = {0};
    bool any = false, holds = s->mode != SANDBOX_OFF && confine_possible(false, &how) & CONFINE_FILES;
    buf_done(&how);
    for (size_t i = 0; holds && i < s->count; i++) {
        struct sandbox_item *item = &s->list[i];
        struct stat st;
        if (item->is.kind != NEED_KEEP) continue;
        look(s, item, &st);
        item->device = st.st_dev;
        item->inode = st.st_ino;
        any = true;
    }
    return any;
}

bool sandbox_is_stale(const struct sandbox *s) {
    for (size_t i = 0; s->mode != SANDBOX_OFF && i < s->count; i++) {
        const struct sandbox_item *item = &s->list[i];
        struct stat st;
        if (item->is.kind != NEED_KEEP) continue;
        look(s, item, &st);
        if (item->device != st.st_dev || item->inode != st.st_ino) return true;
    }
    return false;
}

static bool climbs(struct span path) {
    struct span rest = path, part;
    while (span_next(&rest, '/', &part))
        if (span_is(part, SPAN(".."))) return true;
    return false;
}

bool sandbox_holds(const struct sandbox *s, const char *real_path) {
    for (size_t i = 0; i < s->count; i++) {
        if (s->list[i].is.kind != NEED_READ) continue;
        char *real = realpath(s->list[i].beneath.p, NULL);
        bool yes = real && path_is_beneath(span_of(real_path), span_of(real));
        free(real);
        if (yes) return true;
    }
    return false;
}

/* A file right in a directory that files are made in. */
static bool makes(const struct sandbox_item *item, struct span path) {
    struct span directory = without_slash(item->is.text);
    if (item->is.kind != NEED_WRITE || directory.n == 0 || !path_is_beneath(path, directory)) return false;
    struct span name = span_from(path, directory.n);
    while (name.n && name.p[0] == '/') name = span_from(name, 1);
    return name.n && span_find(name, '/') == name.n;
}

bool sandbox_lets(const struct sandbox *s, const char *path, int flags) {
    struct span text = span_of(path);
    const int log = O_WRONLY | O_CREAT | O_APPEND;
    bool is_log = (flags & (O_ACCMODE | O_CREAT | O_APPEND | O_TRUNC | O_EXCL)) == log;
    bool is_making = (flags & (O_ACCMODE | O_CREAT | O_APPEND | O_TRUNC | O_EXCL)) == SANDBOX_MAKES;
    bool is_reading = (flags & (O_ACCMODE | O_CREAT | O_TRUNC)) == O_RDONLY;
    if (text.n == 0 || climbs(text)) return false;
    for (size_t i = 0; i < s->count; i++) {
        const struct sandbox_item *item = &s->list[i];
        if (is_log && item->is.kind == NEED_APPEND && span_is(item->is.text, text)) return true;
        if (is_making && makes(item, text)) return true;
        if (is_reading && reads(item, text)) return true;
    }
    return is_reading && sandbox_holds(s, path); /* where a root leads to now, named so (X-Sendfile) */
}

/* ---- telling ---------------------------------------------------------------------------------- */

static const char *const kind_names[] = {
    [NEED_READ] = "reads", [NEED_WRITE] = "makes files in", [NEED_KEEP] = "keeps files in",
    [NEED_APPEND] = "appends to", [NEED_CONNECT] = "connects to TCP port", [NEED_SOCKET] = "connects to",
    [NEED_RUN] = "runs", [NEED_ASK] = "reads"};

static void show_item(const struct sandbox_item *item, struct buf *out) {
    size_t begin = out->n;
    buf_printf(out, "  %-20s ", kind_names[item->is.kind]);
    if (item->is.kind == NEED_CONNECT) buf_add_number(out, item->is.number);
    else buf_add(out, item->is.text);
    if (item->goes_on) buf_add_text(out, "…");
    while (out->n - begin < 60) buf_add_char(out, ' ');
    buf_printf(out, " %.*s (%s)\n", SPAN_ARG(item->at), item->is.directive);
}

static bool is_shown_before(const struct sandbox *s, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (s->list[i].is.kind == s->list[n].is.kind && s->list[i].is.number == s->list[n].is.number &&
            span_is(s->list[i].is.text, s->list[n].is.text))
            return true;
    return false;
}

static void show_kinds(const struct sandbox *s, enum need_kind from, enum need_kind to, struct buf *out) {
    for (enum need_kind kind = from; kind < to; kind++)
        for (size_t i = 0; i < s->count; i++)
            if (s->list[i].is.kind == kind && !is_shown_before(s, i)) show_item(&s->list[i], out);
}

static const char *const modes[] = {[SANDBOX_OFF] = "disable", [SANDBOX_ON] = "enable", [SANDBOX_STRICT] = "strict"};

static void show_kernel(const struct sandbox *s, struct buf *out) {
    struct buf how = {0};
    unsigned bits = confine_possible(s->mode == SANDBOX_STRICT, &how);
    buf_printf(out, "server.sandbox = \"%s\"; this kernel has %s\n", modes[s->mode],
               how.n ? buf_text(&how) : "nothing for it");
    buf_printf(out, "  files: %s\n", !(bits & CONFINE_FILES) ? "not confined, but by user and mode"
                                     : s->mode == SANDBOX_STRICT
                                         ? "confined to what follows; links that lead out of it are refused"
                                         : "confined to what follows, and what links in it lead to");
    buf_printf(out, "  TCP: %s\n", bits & CONFINE_PORTS ? "only those ports are connected to, none is bound"
                                                        : "not confined");
    buf_printf(out, "  system calls: %s\n",
               bits & CONFINE_CALLS   ? "no programs, no processes, no changes of rights"
               : bits & CONFINE_GAINS ? "not confined, but no program gives more rights"
                                      : "not confined");
    buf_done(&how);
}

void sandbox_show(const struct sandbox *s, const struct conf *conf, struct buf *out) {
    show_kernel(s, out);
    if (s->mode == SANDBOX_OFF) buf_add_text(out, "It is switched off: nothing of this is enforced.\n");
    if (s->chroot.n) buf_printf(out, "All paths are beneath server.chroot, %.*s.\n", SPAN_ARG(s->chroot));
    buf_add_text(out, "\nmaster: not confined; reads the configuration and what ssl.* names, opens listeners, serves"
                      " nobody\n");
    buf_printf(out, "\nworker%s%s%.*s: serves\n", conf->core->max_worker > 1 ? "s" : "",
               conf->core->username.n ? ", as " : "", SPAN_ARG(conf->core->username));
    show_kinds(s, NEED_READ, NEED_RUN, out);
    buf_add_text(out, "  and what libraries read: the system's libraries, time zones, names, certificates it trusts\n"
                      "\nhelper: not confined, but by user and mode; there where a module needs it\n");
    show_kinds(s, NEED_RUN, NEED_KINDS, out);
}

void sandbox_say(const struct sandbox *s) {
    struct buf how = {0};
    unsigned bits = s->mode == SANDBOX_OFF ? 0 : confine_possible(s->mode == SANDBOX_STRICT, &how);
    if (s->mode == SANDBOX_OFF) say_note("server.sandbox is off: workers may do what their user may");
    else if (!bits) say_note("server.sandbox: this system has nothing that could confine workers");
    else
        say_note("workers are confined to what the configuration needs, by %s%s%s%s", buf_text(&how),
                 bits & CONFINE_FILES ? "" : "; not in the files that they open",
                 bits & CONFINE_PORTS ? "" : "; not in the ports that they connect to",
                 bits & CONFINE_CALLS ? "" : "; not in their system calls");
    buf_done(&how);
}
