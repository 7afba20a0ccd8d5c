/* warrant.c - what the helper process may start for workers */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "server/warrant.h"

#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "server/programs.h"
#include "server/sandbox.h"

/*
 * A warrant is rows: a byte that says what it is, and one or two strings with their NUL.
 */
enum row_kind {
    ANYTHING = 'a', /* server.sandbox is off: workers may start programs themselves */
    SCRIPTS = 's',  /* end of a file's name; interpreter, or "": the file is the program */
    COMMAND = 'c',  /* the words of a command */
    SERVED = 'r',   /* files lie beneath it */
    BEGINS = 'b',   /* paths of files begin so */
    WRITTEN = 'w',  /* workers write beneath it */
    VARIABLE = 'v'  /* name; value, or "": any */
};

struct row {
    char kind;
    struct span text, more;
};

/* ---- the master makes it ---------------------------------------------------------------------- */

static bool has_nul(struct span s) {
    return span_find(s, '\0') < s.n;
}

static void add(struct buf *out, enum row_kind kind, struct span text, struct span more) {
    if (has_nul(text) || has_nul(more)) return;
    buf_add_char(out, (char)kind);
    buf_add(out, text);
    buf_add_char(out, '\0');
    buf_add(out, more);
    buf_add_char(out, '\0');
}

static void add_files(const struct sandbox *s, struct buf *out) {
    for (size_t i = 0; i < s->count; i++) {
        const struct sandbox_item *item = &s->list[i];
        bool is_written = item->is.kind == NEED_WRITE || item->is.kind == NEED_KEEP;
        if (item->is.kind == NEED_READ) add(out, item->goes_on ? BEGINS : SERVED, item->is.text, SPAN(""));
        if (is_written) add(out, WRITTEN, item->is.text, SPAN(""));
    }
}

/* As gateways spell names of variables. */
static void add_variable(struct buf *out, struct span name, struct span value) {
    size_t at = out->n;
    add(out, VARIABLE, name, value);
    for (char *p = out->p + at + 1; at < out->n && *p; p++) {
        if (*p >= 'a' && *p <= 'z') *p = (char)(*p & ~0x20);
        else if (!(*p >= 'A' && *p <= 'Z') && !ascii_is_digit(*p)) *p = '_';
    }
}

static void add_setting(const struct directive *d, const struct value *v, struct buf *out) {
    for (size_t i = 0; v->type == VALUE_ARRAY && i < v->count; i++) {
        const struct element *e = &v->elements[i];
        if (e->value.type != VALUE_STRING) continue;
        if (d->flags & DIRECTIVE_RUNS) add(out, SCRIPTS, e->key, e->value.string);
        bool is_made = d->flags & DIRECTIVE_IN_BLOCK; /* for each request: a template */
        if (d->flags & DIRECTIVE_SETS) add_variable(out, e->key, is_made ? SPAN("") : e->value.string);
    }
}

static void add_block(const struct conf *conf, size_t block, struct buf *out) {
    const struct block_settings *settings = &conf->blocks[block];
    for (size_t i = 0; i < settings->count; i++) {
        const struct directive *d = settings->list[i].cell.directive;
        const struct assignment *a = block_find(conf->tree->blocks[block], span_of(d->name));
        if (a && d->flags & (DIRECTIVE_RUNS | DIRECTIVE_SETS)) add_setting(d, &a->value, out);
    }
}

void warrant_make(const struct conf *conf, struct buf *out) {
    struct sandbox *s = sandbox_make(conf);
    if (s->mode == SANDBOX_OFF) add(out, ANYTHING, SPAN(""), SPAN(""));
    for (size_t b = 0; b < conf->tree->block_count; b++) add_block(conf, b, out);
    for (size_t i = 0; i < conf->needs.count; i++)
        if (conf->needs.list[i].kind == NEED_RUN) add(out, COMMAND, conf->needs.list[i].text, SPAN(""));
    add_files(s, out);
    sandbox_drop(s);
}

/* ---- the helper reads it ---------------------------------------------------------------------- */

static bool take_string(struct span *rest, struct span *s) {
    size_t n = span_find(*rest, '\0');
    if (n == rest->n) return false;
    *s = span_upto(*rest, n);
    *rest = span_from(*rest, n + 1);
    return true;
}

static bool next(struct span *rest, struct row *row) {
    if (rest->n == 0) return false;
    row->kind = rest->p[0];
    *rest = span_from(*rest, 1);
    return take_string(rest, &row->text) && take_string(rest, &row->more);
}

static bool has_anything(struct span warrant) {
    return warrant.n && warrant.p[0] == ANYTHING;
}

static bool climbs(struct span path) {
    struct span part;
    while (span_next(&path, '/', &part))
        if (span_is(part, SPAN(".."))) return true;
    return false;
}

/* The longest row decides: a document root in /tmp is served, a directory for uploads in a document root is not. */
static bool is_served(struct span warrant, struct span path) {
    size_t served = 0, written = 0;
    struct row row;
    if (climbs(path)) return false;
    while (next(&warrant, &row)) {
        size_t *longest = row.kind == WRITTEN ? &written : &served;
        bool is_directory = row.kind == SERVED || row.kind == WRITTEN;
        bool fits = row.kind == BEGINS ? span_starts(path, row.text)
                                       : is_directory && path_is_beneath(path, row.text);
        if (fits && row.text.n > *longest) *longest = row.text.n;
    }
    return served && served >= written;
}

static bool is_in_own_directory(struct span path, const char *directory) {
    struct span own = span_upto(path, span_find_last(path, '/'));
    return span_is(span_of(directory), own.n ? own : SPAN("/"));
}

/* The script's path if that is what is asked for; {NULL, 0} if it is not. */
static struct span script_of(struct span warrant, const struct warrant_ask *a) {
    struct span first = span_of(a->argv[0]), rest = warrant;
    struct row row;
    while (next(&rest, &row)) {
        if (row.kind != SCRIPTS) continue;
        if (row.more.n && (!span_is(first, row.more) || !a->argv[1])) continue;
        char *const *path = row.more.n ? &a->argv[1] : &a->argv[0];
        if (path[1] || !span_ends(span_of(*path), row.text)) continue;
        if (is_served(warrant, span_of(*path)) && is_in_own_directory(span_of(*path), a->directory))
            return span_of(*path);
    }
    return (struct span){NULL, 0};
}

static bool is_command(struct span warrant, const struct warrant_ask *a) {
    struct row row;
    bool same = false;
    while (!same && next(&warrant, &row)) {
        char **words = row.kind == COMMAND ? command_words(row.text) : NULL;
        size_t i = 0;
        while (words && words[i] && a->argv[i] && strcmp(words[i], a->argv[i]) == 0) i++;
        same = words && !words[i] && !a->argv[i];
        free(words);
    }
    return same;
}

/* ---- variables -------------------------------------------------------------------------------- */

/*
 * What requests have. Any other may make a loader, a shell, an interpreter or a library do what its sender likes
 * (LD_PRELOAD, BASH_ENV, PERL5OPT, OPENSSL_CONF …), and nobody knows them all.
 */
static const char *const known[] = {
    "AUTH_TYPE",         "CONTENT_LENGTH",    "CONTENT_TYPE",      "GATEWAY_INTERFACE",
    "HTTPS",             "PATH_INFO",         "QUERY_STRING",      "REDIRECT_STATUS",
    "REDIRECT_URI",      "REMOTE_ADDR",       "REMOTE_PORT",       "REMOTE_USER",
    "REQUEST_ID",        "REQUEST_METHOD",    "REQUEST_SCHEME",    "REQUEST_URI",
    "SCRIPT_NAME",       "SERVER_ADDR",       "SERVER_NAME",       "SERVER_PORT",
    "SERVER_PROTOCOL",   "SERVER_SOFTWARE"};
static const char *const beginnings[] = {"HTTP_", "SSL_CLIENT_", "SSL_CIPHER", "SSL_PROTOCOL", "_L_EXTFORWARD_"};
static const char *const inherited[] = {"PATH", "LD_LIBRARY_PATH"}; /* with the helper's own value */

static bool is_known(struct span name) {
    if (span_is(name, SPAN("HTTP_PROXY"))) return false;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (span_is(name, span_of(known[i]))) return true;
    for (size_t i = 0; i < sizeof beginnings / sizeof *beginnings; i++)
        if (span_starts(name, span_of(beginnings[i]))) return true;
    return false;
}

static bool is_inherited(struct span name, struct span value) {
    for (size_t i = 0; i < sizeof inherited / sizeof *inherited; i++) {
        const char *own = span_is(name, span_of(inherited[i])) ? getenv(inherited[i]) : NULL;
        if (own && span_is(value, span_of(own))) return true;
    }
    return false;
}

static bool is_set(struct span warrant, struct span name, struct span value) {
    struct row row;
    while (next(&warrant, &row))
        if (row.kind == VARIABLE && span_is(row.text, name) && (row.more.n == 0 || span_is(row.more, value)))
            return true;
    return false;
}

/* PHP runs the file of SCRIPT_FILENAME, whatever its arguments are, or else of PATH_TRANSLATED. */
static bool may_have(struct span warrant, struct span script, struct span name, struct span value) {
    if (is_set(warrant, name, value)) return true;
    if (span_is(name, SPAN("SCRIPT_FILENAME"))) return script.p && span_is(value, script);
    if (span_is(name, SPAN("PATH_TRANSLATED"))) return is_served(warrant, value);
    if (span_is(name, SPAN("DOCUMENT_ROOT"))) return script.p && path_is_beneath(script, value);
    return is_known(name) || is_inherited(name, value);
}

static const char *strip(struct span warrant, struct span script, char **envp) {
    const char *left_out = NULL;
    char **kept = envp;
    for (; *envp; envp++) {
        struct span all = span_of(*envp), name = span_upto(all, span_find(all, '='));
        if (name.n < all.n && may_have(warrant, script, name, span_from(all, name.n + 1))) *kept++ = *envp;
        else if (!left_out) left_out = *envp;
    }
    *kept = NULL;
    return left_out;
}

static bool has_script_filename(char *const *envp) {
    while (*envp && strncmp(*envp, "SCRIPT_FILENAME=", 16) != 0) envp++;
    return *envp != NULL;
}

bool warrant_lets(struct span warrant, const struct warrant_ask *a, const char **left_out) {
    *left_out = NULL;
    if (has_anything(warrant)) return true;
    if (!a->argv[0]) return false;
    struct span script = script_of(warrant, a);
    if (!script.p && !is_command(warrant, a)) return false;
    *left_out = strip(warrant, script, a->envp);
    return !script.p || has_script_filename(a->envp);
}
