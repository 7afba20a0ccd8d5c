/* nginx.c - reads nginx's syntax: words, quotes, blocks, files that are included */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "commands/import/nginx.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/memory.h"

/* reading - where we are in one text */
struct reading {
    struct nginx_tree *tree;
    struct span name, text;
    size_t at;
    unsigned line;
    size_t line_start;
    unsigned includes; /* how deep */
    size_t *bytes;     /* of all texts together */
};

enum token_type { TOKEN_WORD, TOKEN_SEMICOLON, TOKEN_OPEN, TOKEN_CLOSE, TOKEN_END, TOKEN_BROKEN };

/* token - a word, or one of ; { } or the end */
struct token {
    enum token_type type;
    struct span word;
    unsigned line, column;
};

static void wrong(struct reading *r, unsigned line, unsigned column, const char *what, struct span word) {
    buf_printf(&r->tree->wrong, "%.*s:%u:%u: %s%s%.*s\n", SPAN_ARG(r->name), line, column, what, word.n ? ": " : "",
               SPAN_ARG(word));
}

/* ---- tokens ----------------------------------------------------------------------------------- */

static bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void step(struct reading *r) {
    if (r->text.p[r->at++] != '\n') return;
    r->line++;
    r->line_start = r->at;
}

static void skip_blanks(struct reading *r) {
    while (r->at < r->text.n) {
        if (r->text.p[r->at] == '#')
            while (r->at < r->text.n && r->text.p[r->at] != '\n') r->at++;
        else if (is_blank(r->text.p[r->at])) step(r);
        else return;
    }
}

/* What a backslash and this character stand for; two characters where that is nothing special. */
static void add_escaped(struct buf *out, char c) {
    static const char from[] = "\"'\\trn", to[] = "\"'\\\t\r\n";
    const char *found = c ? strchr(from, c) : NULL;
    if (!found) buf_add_char(out, '\\');
    buf_add_char(out, found ? to[found - from] : c);
}

static struct span kept(struct reading *r, struct buf *word) {
    struct span s = arena_copy(&r->tree->arena, word->n ? buf_span(word) : SPAN(""));
    buf_done(word);
    return s;
}

static bool may_follow_quotes(const struct reading *r) {
    if (r->at >= r->text.n) return true;
    char c = r->text.p[r->at];
    return is_blank(c) || c == ';' || c == '{' || c == ')';
}

static struct token quoted(struct reading *r, struct token t) {
    char quote = r->text.p[r->at++];
    struct buf word = {0};
    while (r->at < r->text.n && r->text.p[r->at] != quote) {
        if (r->text.p[r->at] == '\\' && r->at + 1 < r->text.n) {
            add_escaped(&word, r->text.p[r->at + 1]);
            step(r);
        } else {
            buf_add_char(&word, r->text.p[r->at]);
        }
        step(r);
    }
    bool closed = r->at < r->text.n;
    r->at += closed;
    t.word = kept(r, &word);
    t.type = closed && may_follow_quotes(r) ? TOKEN_WORD : TOKEN_BROKEN;
    if (!closed) wrong(r, t.line, t.column, "the closing quote is missing", SPAN(""));
    else if (t.type == TOKEN_BROKEN) wrong(r, t.line, t.column, "something sticks to the closing quote", t.word);
    return t;
}

/* "${name}" in a word is no block. */
static struct token bare(struct reading *r, struct token t) {
    struct buf word = {0};
    bool after_dollar = false;
    while (r->at < r->text.n) {
        char c = r->text.p[r->at];
        if (is_blank(c) || c == ';' || (c == '{' && !after_dollar)) break;
        after_dollar = c == '$';
        if (c == '\\' && r->at + 1 < r->text.n) {
            step(r);
            add_escaped(&word, r->text.p[r->at]);
        } else {
            buf_add_char(&word, c);
        }
        step(r);
    }
    t.type = TOKEN_WORD;
    t.word = kept(r, &word);
    return t;
}

static struct token next(struct reading *r) {
    static const struct {
        char c;
        enum token_type type;
    } signs[] = {{';', TOKEN_SEMICOLON}, {'{', TOKEN_OPEN}, {'}', TOKEN_CLOSE}};
    skip_blanks(r);
    struct token t = {TOKEN_END, {NULL, 0}, r->line, (unsigned)(r->at - r->line_start) + 1};
    if (r->at >= r->text.n) return t;
    char c = r->text.p[r->at];
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++) {
        if (signs[i].c != c) continue;
        r->at++;
        t.type = signs[i].type;
        return t;
    }
    return c == '"' || c == '\'' ? quoted(r, t) : bare(r, t);
}

/* ---- directives ------------------------------------------------------------------------------- */

struct span nginx_word(const struct nginx_directive *d, size_t at) {
    return at < d->count ? d->words[at] : SPAN("");
}

bool nginx_is(const struct nginx_directive *d, const char *name) {
    return d->count && span_is(d->words[0], span_of(name));
}

static struct nginx_directive *add_directive(struct reading *r, struct nginx_directive *parent, struct token first) {
    struct nginx_directive *d = arena_zeroed(&r->tree->arena, sizeof *d);
    d->file = r->name;
    d->line = first.line;
    d->column = first.column;
    d->parent = parent;
    if (parent->last) parent->last->next = d;
    else parent->first = d;
    parent->last = d;
    return d;
}

static void take_out_last(struct nginx_directive *parent) {
    struct nginx_directive *before = NULL;
    for (struct nginx_directive *d = parent->first; d != parent->last; d = d->next) before = d;
    parent->last = before;
    if (before) before->next = NULL;
    else parent->first = NULL;
}

static void add_word(struct reading *r, struct nginx_directive *d, struct span word) {
    size_t count = d->count;
    if ((count & (count - 1)) == 0) { /* room for 1, 2, 4 … */
        struct span *more = arena_get(&r->tree->arena, (count ? 2 * count : 1) * sizeof *more);
        if (count) memcpy(more, d->words, count * sizeof *more);
        d->words = more;
    }
    d->words[d->count++] = word;
}

static void parse_text(struct reading *r, struct nginx_directive *parent);

static bool read_file(struct reading *r, const char *path, struct buf *text) {
    int fd = fd_open(path, O_RDONLY, 0);
    if (fd < 0) return false;
    int result = fd_read_all(fd, text, NGINX_MOST_BYTES);
    int error = errno;
    close(fd);
    errno = error;
    (void)r;
    return result == 0;
}

static void include_file(struct reading *r, const struct nginx_directive *d, const char *path) {
    struct nginx_directive *into = d->parent;
    struct buf text = {0};
    if (!read_file(r, path, &text)) {
        wrong(r, d->line, d->column, strerror(errno), span_of(path));
    } else {
        struct reading inner = {.tree = r->tree, .line = 1, .includes = r->includes + 1, .bytes = r->bytes};
        inner.name = arena_copy(&r->tree->arena, span_of(path));
        inner.text = arena_copy(&r->tree->arena, text.n ? buf_span(&text) : SPAN(""));
        *r->bytes += text.n;
        r->tree->files++;
        if (inner.includes > NGINX_DEEPEST_INCLUDE) wrong(r, d->line, d->column, "included too deep", inner.name);
        else if (*r->bytes > NGINX_MOST_BYTES) wrong(r, d->line, d->column, "more than 32 MiB of text", inner.name);
        else parse_text(&inner, into);
    }
    buf_done(&text);
}

/* Names are relative to the directory of the main file; a pattern may match nothing. The directive itself is taken
 * out: what it brings stands in its place. */
static void include(struct reading *r, struct nginx_directive *d) {
    struct span name = nginx_word(d, 1);
    struct nginx_directive copy = *d;
    take_out_last(d->parent);
    if (copy.count != 2) {
        wrong(r, copy.line, copy.column, "include takes one name", SPAN(""));
        return;
    }
    if (name.p[0] != '/') name = arena_join(&r->tree->arena, r->tree->directory, name);
    if (!strpbrk(name.p, "*?[")) {
        include_file(r, &copy, name.p);
        return;
    }
    glob_t found;
    if (glob(name.p, 0, NULL, &found) == 0)
        for (size_t i = 0; i < found.gl_pathc; i++) include_file(r, &copy, found.gl_pathv[i]);
    globfree(&found);
}

static unsigned depth_of(const struct nginx_directive *d) {
    unsigned depth = 0;
    for (; d; d = d->parent) depth++;
    return depth;
}

/* From the first word to ";" or "{". False: what follows cannot be understood. */
static bool parse_directive(struct reading *r, struct nginx_directive *parent, struct token t, bool *opened) {
    struct nginx_directive *d = add_directive(r, parent, t);
    for (; t.type == TOKEN_WORD; t = next(r)) add_word(r, d, t.word);
    *opened = d->is_block = t.type == TOKEN_OPEN;
    if (t.type == TOKEN_OPEN && depth_of(d) > NGINX_DEEPEST_BLOCK)
        wrong(r, t.line, t.column, "blocks are nested too deep", SPAN(""));
    else if (t.type == TOKEN_OPEN) return true;
    else if (t.type == TOKEN_SEMICOLON && nginx_is(d, "include")) include(r, d);
    else if (t.type == TOKEN_CLOSE || t.type == TOKEN_END)
        wrong(r, t.line, t.column, "the \";\" or \"{\" is missing of", d->words[0]);
    return t.type == TOKEN_SEMICOLON;
}

static void parse_text(struct reading *r, struct nginx_directive *parent) {
    struct nginx_directive *top = parent;
    for (struct token t = next(r); t.type != TOKEN_END; t = next(r)) {
        bool opened = false;
        if (t.type == TOKEN_WORD) {
            if (!parse_directive(r, parent, t, &opened)) return;
            if (opened) parent = parent->last;
        } else if (t.type == TOKEN_CLOSE && parent != top) {
            parent = parent->parent;
        } else {
            if (t.type != TOKEN_BROKEN) wrong(r, t.line, t.column, "a \"}\", \"{\" or \";\" too many", SPAN(""));
            return;
        }
    }
    if (parent != top) wrong(r, parent->line, parent->column, "the \"}\" is missing of", parent->words[0]);
}

static struct nginx_tree *make_tree(struct span directory) {
    struct nginx_tree *tree = memory_zeroed(1, sizeof *tree);
    tree->directory = arena_copy(&tree->arena, directory);
    tree->root.is_block = true;
    return tree;
}

struct nginx_tree *nginx_parse(const char *name, struct span text, const char *directory) {
    struct nginx_tree *tree = make_tree(span_of(directory));
    size_t bytes = text.n;
    struct reading r = {.tree = tree, .line = 1, .bytes = &bytes};
    r.name = arena_copy(&tree->arena, span_of(name));
    r.text = arena_copy(&tree->arena, text);
    tree->files = 1;
    parse_text(&r, &tree->root);
    return tree;
}

struct nginx_tree *nginx_read(const char *path) {
    struct span name = span_of(path);
    size_t slash = span_find_last(name, '/');
    struct nginx_tree *tree = make_tree(slash < name.n ? span_upto(name, slash + 1) : SPAN(""));
    size_t bytes = 0;
    struct reading nowhere = {.tree = tree, .name = name, .bytes = &bytes};
    struct nginx_directive here = {.parent = &tree->root, .file = name};
    struct buf text = {0};
    if (!read_file(&nowhere, path, &text)) buf_printf(&tree->wrong, "%s: %s\n", path, strerror(errno));
    else include_file(&nowhere, &here, path);
    buf_done(&text);
    return tree;
}

void nginx_drop(struct nginx_tree *tree) {
    if (!tree) return;
    arena_done(&tree->arena);
    buf_done(&tree->wrong);
    free(tree);
}
