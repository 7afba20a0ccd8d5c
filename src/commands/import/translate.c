/* translate.c - the whole of a translation: what is written, and what is told of it */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>

#include "commands/import/import.h"

/* ---- the head of what is written -------------------------------------------------------------- */

/* A module is needed if one of its directives stands in the text. */
static const struct {
    const char *key, *module;
} modules[] = {
    {"url.rewrite", "mod_rewrite"},     {"url.redirect", "mod_redirect"},    {"return.", "mod_return"},
    {"url.access-", "mod_access"},      {"auth.", "mod_auth"},               {"setenv.", "mod_setenv"},
    {"evhost.", "mod_evhost"},          {"alias.url", "mod_alias"},          {"url.try-files", "mod_tryfiles"},
    {"fastcgi.server", "mod_fastcgi"},  {"scgi.server", "mod_scgi"},         {"proxy.server", "mod_proxy"},
    {"limit.", "mod_limit"},            {"extforward.", "mod_extforward"},   {"status.", "mod_status"},
    {"expire.", "mod_expire"},          {"deflate.", "mod_deflate"},         {"accesslog.", "mod_accesslog"},
};

static void write_modules(struct import *im, struct buf *conf) {
    struct span text = buf_span(&im->out);
    size_t count = 0, from = conf->n;
    for (size_t i = 0; i < sizeof modules / sizeof *modules; i++) {
        struct span key = joined(im, " %s", modules[i].key);
        struct span first = joined(im, "\n%s", modules[i].key);
        if (span_search(text, key) == text.n && span_search(text, first) == text.n) continue;
        bool wraps = conf->n - from > 90;
        if (wraps) from = conf->n;
        buf_printf(conf, "%s%s\"%s\"", count++ ? "," : "server.modules = (", wraps ? "\n    " : " ",
                   modules[i].module);
    }
    if (count) buf_add_text(conf, " )\n");
}

/* ---- the report ------------------------------------------------------------------------------- */

static const struct span unknown_why = SPAN_INIT("nothing here is like it");

/* Each that is left, once; what stands in a block that is left as a whole is not told again. */
static size_t report_left(const struct nginx_directive *block, struct buf *out, const char *before) {
    size_t count = 0;
    for (const struct nginx_directive *d = block->first; d; d = d->next) {
        bool is_left = d->fate == NGINX_LEFT || d->fate == NGINX_UNSEEN;
        if (is_left)
            buf_printf(out, "%s%.*s:%u:%u: %.*s%s%.*s: %.*s\n", before, SPAN_ARG(d->file), d->line, d->column,
                       SPAN_ARG(nginx_word(d, 0)), d->count > 1 ? " " : "", SPAN_ARG(nginx_word(d, 1)),
                       SPAN_ARG(d->why.n ? d->why : unknown_why));
        count += is_left;
        if (!is_left || nginx_is(d, "if")) count += report_left(d, out, before);
    }
    return count;
}

static void report_unneeded(const struct nginx_directive *block, struct buf *out, size_t *count) {
    for (const struct nginx_directive *d = block->first; d; d = d->next) {
        bool is_plain = d->fate == NGINX_UNNEEDED && !d->is_block;
        if (is_plain)
            buf_printf(out, "%.*s:%u: %.*s: not needed\n", SPAN_ARG(d->file), d->line, SPAN_ARG(nginx_word(d, 0)));
        *count += is_plain;
        report_unneeded(d, out, count);
    }
}

/* What is translated, but is not quite the same. */
static void write_notes(const struct import *im, struct buf *conf) {
    struct span rest = buf_span(&im->notes), line;
    while (rest.n && span_next(&rest, '\n', &line))
        if (line.n) buf_printf(conf, "#   %.*s\n", SPAN_ARG(line));
}

/* ---- the translation -------------------------------------------------------------------------- */

static void settle_rest(struct import *im) {
    static const char *const rooms[] = {"mail", "stream"};
    for (size_t i = 0; i < 2; i++) {
        struct nginx_directive *d = own(&im->tree->root, rooms[i]);
        if (d) left(im, d, "there is HTTP alone");
    }
    settle_unneeded(im, &im->tree->root);
    for (struct nginx_directive *d = im->http->first; d; d = d->next) {
        if (nginx_is(d, "split_clients")) left(im, d, "there are no variables by chance");
        if ((nginx_is(d, "map") || nginx_is(d, "geo")) && d->fate == NGINX_UNSEEN) map_is_used(d); /* told there */
    }
}

size_t import_translate(struct nginx_tree *tree, struct buf *conf, struct buf *report) {
    struct import im = {.tree = tree, .arena = &tree->arena, .http = own(&tree->root, "http")};
    struct settings process = {NULL, 0, 0}, none = {NULL, 0, 0};
    struct buf unneeded = {0}, text = {0};
    size_t unneeded_count = 0;
    if (!im.http) im.http = &tree->root;
    else translated(&im, im.http);
    settle_variables(&im);
    process_settings(&im, &process);
    write_settings(&im, &process, &none);
    plain_settings(&im, im.http, &im.global);
    content_settings(&im, im.http, &im.global);
    if (!settings_find(&im.global, SPAN("server.document-root")))
        settings_set(&im.global, "server.document-root", SPAN("\"/usr/share/nginx/html\""), NULL);
    write_servers(&im);
    settle_rest(&im);
    size_t count = report_left(&tree->root, &text, "");
    buf_add(report, buf_span(&text));
    buf_add(report, buf_span(&im.notes));
    report_unneeded(&tree->root, &unneeded, &unneeded_count);
    buf_add(report, buf_span(&unneeded));
    buf_printf(conf, "# made by goldcrest %s import; comments behind lines say where they come from\n", VERSION);
    buf_printf(conf, "# %zu left untranslated, %zu not needed\n", count, unneeded_count);
    buf_clear(&text);
    report_left(&tree->root, &text, "#   left: ");
    buf_add(conf, buf_span(&text));
    write_notes(&im, conf);
    buf_add_char(conf, '\n');
    write_modules(&im, conf);
    buf_add(conf, buf_span(&im.out));
    buf_done(&text);
    buf_done(&unneeded);
    buf_done(&im.out);
    buf_done(&im.notes);
    free(im.uses);
    settings_done(&im.global);
    settings_done(&process);
    return count;
}
