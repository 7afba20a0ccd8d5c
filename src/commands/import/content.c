/* content.c - fields, compression, passwords, logs, error pages, media types */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "base/number.h"
#include "commands/import/import.h"

/* pairs - the text of a map as it grows: ( "a" => "b", … ) */
struct pairs {
    struct buf text;
    size_t count;
    const struct nginx_directive *from;
};

static void add_pair(struct import *im, struct pairs *p, struct span key, struct span value,
                     const struct nginx_directive *from) {
    buf_add_text(&p->text, p->count++ ? ",\n    " : "(\n    ");
    buf_add(&p->text, quoted(im, key));
    buf_add_text(&p->text, " => ");
    buf_add(&p->text, quoted(im, value));
    if (!p->from) p->from = from;
}

static void set_pairs(struct import *im, struct settings *s, const char *key, struct pairs *p) {
    if (p->count) {
        buf_add_text(&p->text, "\n)");
        settings_set(s, key, arena_copy(im->arena, buf_span(&p->text)), p->from);
    }
    buf_done(&p->text);
}

/* ---- fields of responses ---------------------------------------------------------------------- */

static bool expires_of(struct import *im, struct span word, struct span *expire, struct span *control) {
    uint64_t seconds;
    *expire = *control = SPAN("");
    if (span_is(word, SPAN("off"))) return true;
    if (span_is(word, SPAN("epoch")) || (word.n && word.p[0] == '-')) *control = SPAN("no-cache");
    else if (span_is(word, SPAN("max"))) *expire = SPAN("access plus 10 years");
    else if (!seconds_of(word, &seconds)) return false;
    else if (seconds && seconds % 86400 == 0)
        *expire = joined(im, "access plus %llu days", (unsigned long long)(seconds / 86400));
    else *expire = joined(im, "access plus %llu seconds", (unsigned long long)seconds);
    return true;
}

/* Of words that only allow more, which stand beside the max-age of expires: one Cache-Control has both. */
static bool only_allows(struct span value) {
    struct span word;
    while (span_next(&value, ',', &word))
        if (!span_is_ci(span_trim(word), SPAN("public")) && !span_is_ci(span_trim(word), SPAN("immutable")))
            return false;
    return true;
}

static bool has_lifetime(const struct nginx_directive *block, uint64_t *seconds) {
    const struct nginx_directive *d = inherited(block, "expires");
    struct span word = d ? nginx_word(d, d->count - 1) : SPAN("");
    if (span_is(word, SPAN("max"))) *seconds = 315360000;
    return d && (span_is(word, SPAN("max")) || seconds_of(word, seconds));
}

/* fields - of responses: of all, and of those that are no errors */
struct response_fields {
    struct pairs always, success;
    bool has_lifetime; /* Cache-Control says what expires would have said */
};

static void add_header(struct import *im, struct nginx_directive *block, struct nginx_directive *d,
                       struct response_fields *f) {
    struct span name = nginx_word(d, 1), value = nginx_word(d, 2), made, why;
    bool always = span_is(nginx_word(d, 3), SPAN("always"));
    uint64_t seconds;
    translated(im, d);
    if (value.n == 0) return;
    if (span_is_ci(name, SPAN("Cache-Control")) && has_lifetime(block, &seconds) && only_allows(value)) {
        value = joined(im, "max-age=%llu, %.*s", (unsigned long long)seconds, SPAN_ARG(value));
        f->has_lifetime = true;
    }
    if (!expand_variables(im, d, value, IN_FIELD, &made, &why)) left(im, d, "%.*s", SPAN_ARG(why));
    else add_pair(im, always ? &f->always : &f->success, name, made, d);
}

static void expires_by_type(struct import *im, struct nginx_directive *map, struct nginx_directive *d,
                            struct settings *s) {
    struct pairs p = {{NULL, 0, 0}, 0, NULL};
    struct span expire, control;
    map_is_used(map);
    for (struct nginx_directive *e = map->first; e; e = e->next) {
        struct span type = nginx_word(e, 0);
        if (span_is(type, SPAN("default"))) type = SPAN("");
        if (type.n && type.p[0] == '~') type = span_from(type, type.n > 1 && type.p[1] == '*' ? 2 : 1);
        if (type.n && type.p[0] == '^') type = span_from(type, 1);
        if (!expires_of(im, nginx_word(e, 1), &expire, &control)) left(im, d, "a time of its map is not understood");
        else if (control.n) left(im, d, "epoch and times before now are not told by type");
        else if (expire.n) add_pair(im, &p, type, expire, d);
    }
    set_pairs(im, s, "expire.mimetypes", &p);
}

static void expires(struct import *im, struct nginx_directive *block, struct settings *s,
                    struct response_fields *f) {
    struct nginx_directive *d = inherited(block, "expires");
    struct span expire, control, word = d ? nginx_word(d, d->count - 1) : SPAN("off");
    struct nginx_directive *map = word.n && word.p[0] == '$' ? map_called(im, span_from(word, 1)) : NULL;
    if (!d) return;
    translated(im, d);
    if (map) expires_by_type(im, map, d, s);
    else if (!expires_of(im, word, &expire, &control) || word.p[0] == '$' || word.p[0] == '@')
        left(im, d, "only a time, off, max and epoch are understood");
    else if (expire.n && !f->has_lifetime)
        settings_set(s, "expire.url", joined(im, "( \"\" => \"%.*s\" )", SPAN_ARG(expire)), d);
    if (!map && control.n) add_pair(im, &f->success, SPAN("Cache-Control"), control, d);
}

/* What is hidden of a backend's answer; nginx itself hides some. */
static const char *const hiding[] = {"proxy_hide_header", "fastcgi_hide_header", "uwsgi_hide_header",
                                     "scgi_hide_header"};

static void hidden_fields(struct import *im, struct nginx_directive *block, struct settings *s) {
    struct pairs p = {{NULL, 0, 0}, 0, NULL};
    for (size_t i = 0; i < sizeof hiding / sizeof *hiding; i++) {
        const struct nginx_directive *level = level_of(block, hiding[i]);
        for (struct nginx_directive *d = level ? next_named(level->first, hiding[i]) : NULL; d;
             d = next_named(d->next, hiding[i])) {
            translated(im, d);
            if (d->count == 2) add_pair(im, &p, nginx_word(d, 1), SPAN(""), d);
        }
    }
    set_pairs(im, s, "setenv.set-response-header", &p);
}

static void fields(struct import *im, struct nginx_directive *block, struct settings *s) {
    struct response_fields f = {.has_lifetime = false};
    const struct nginx_directive *level = level_of(block, "add_header");
    struct nginx_directive *d = level ? next_named(level->first, "add_header") : NULL;
    for (; d; d = next_named(d->next, "add_header")) add_header(im, block, d, &f);
    expires(im, block, s, &f);
    set_pairs(im, s, "setenv.template-response-header", &f.always);
    set_pairs(im, s, "setenv.template-success-header", &f.success);
    hidden_fields(im, block, s);
}

/* ---- compression ------------------------------------------------------------------------------ */

static bool is_on(struct import *im, const struct nginx_directive *block, const char *name,
                  struct nginx_directive **d) {
    *d = inherited(block, name);
    if (*d) translated(im, *d);
    return *d && !span_is(nginx_word(*d, 1), SPAN("off"));
}

static void gzip_number(struct import *im, const struct nginx_directive *block, struct settings *s, const char *name,
                        const char *key) {
    struct nginx_directive *d = inherited(block, name);
    uint64_t n;
    if (!d) return;
    translated(im, d);
    if (bytes_of(nginx_word(d, 1), &n)) settings_set(s, key, joined(im, "%llu", (unsigned long long)n), d);
    else left(im, d, "this value is not understood");
}

/* The same type has more than one name; ours is not always the one that nginx has for a file. */
static struct span other_name(struct span type) {
    static const char *const pairs[][2] = {{"application/javascript", "text/javascript"},
                                           {"application/x-javascript", "text/javascript"},
                                           {"application/xml", "text/xml"},
                                           {"text/xml", "application/xml"}};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        if (span_is(type, span_of(pairs[i][0]))) return span_of(pairs[i][1]);
    return SPAN("");
}

static bool has_type(const struct span *words, size_t count, struct span type) {
    for (size_t i = 0; i < count; i++)
        if (span_is(words[i], type)) return true;
    return false;
}

static void gzip_types(struct import *im, const struct nginx_directive *block, struct settings *s) {
    struct nginx_directive *d = inherited(block, "gzip_types");
    struct span words[64] = {SPAN("text/html")};
    size_t count = 1;
    if (d) translated(im, d);
    for (size_t i = 1; d && i < d->count && count < 64; i++)
        if (!has_type(words, count, d->words[i])) words[count++] = d->words[i];
    for (size_t i = 0, named = count; i < named && count < 64; i++)
        if (other_name(words[i]).n && !has_type(words, count, other_name(words[i])))
            words[count++] = other_name(words[i]);
    if (d && span_is(nginx_word(d, 1), SPAN("*"))) words[0] = SPAN(""), count = 1;
    settings_set(s, "deflate.mimetypes", list_of(im, words, count), d);
}

static void compression(struct import *im, struct nginx_directive *block, struct settings *s) {
    static const struct span gzip = SPAN_INIT("gzip");
    struct nginx_directive *d;
    if (is_on(im, block, "gzip", &d)) {
        gzip_types(im, block, s);
        settings_set(s, "deflate.allowed-encodings", list_of(im, &gzip, 1), d);
        gzip_number(im, block, s, "gzip_min_length", "deflate.min-compress-size");
        gzip_number(im, block, s, "gzip_comp_level", "deflate.compression-level");
    }
    if (is_on(im, block, "gzip_static", &d)) settings_set(s, "static-file.precompressed", list_of(im, &gzip, 1), d);
}

/* ---- passwords -------------------------------------------------------------------------------- */

static void passwords(struct import *im, struct nginx_directive *block, struct settings *s) {
    struct nginx_directive *realm = inherited(block, "auth_basic"), *file = inherited(block, "auth_basic_user_file");
    if (file) translated(im, file);
    if (!realm) return;
    translated(im, realm);
    if (span_is(nginx_word(realm, 1), SPAN("off"))) return;
    if (!file) {
        left(im, realm, "there is no auth_basic_user_file beside it: what it guards would be open");
        file = realm;
    }
    settings_set(s, "auth.backend", SPAN("\"htpasswd\""), realm);
    settings_set(s, "auth.backend.htpasswd.userfile", quoted(im, beside_main(im, nginx_word(file, 1))), file);
    settings_set(s, "auth.require",
                 joined(im,
                        "( \"\" => ( \"method\" => \"basic\", \"realm\" => %.*s, "
                        "\"require\" => \"valid-user\" ) )",
                        SPAN_ARG(quoted(im, nginx_word(realm, 1)))),
                 realm);
}

/* ---- logs ------------------------------------------------------------------------------------- */

static const struct {
    const char *variable, *format;
} log_words[] = {
    {"$remote_addr", "%h"},        {"$remote_user", "%u"},       {"$time_local", "%t"},
    {"$request_time", "%{s}T"},    {"$request_uri", "%U%q"},     {"$request_method", "%m"},
    {"$request_length", "%I"},     {"$request", "%r"},           {"$status", "%>s"},
    {"$body_bytes_sent", "%b"},    {"$bytes_sent", "%O"},        {"$http_referer", "%{Referer}i"},
    {"$http_user_agent", "%{User-Agent}i"}, {"$http_x_forwarded_for", "%{X-Forwarded-For}i"},
    {"$http_host", "%{Host}i"},    {"$host", "%V"},              {"$server_name", "%v"},
    {"$server_port", "%p"},        {"$server_protocol", "%H"},   {"$uri", "%U"},
    {"$args", "%q"},               {"$connection_requests", "%k"}, {"$pid", "%P"},
    {"$ssl_protocol", "%{SSL_PROTOCOL}e"}, {"$ssl_cipher", "%{SSL_CIPHER}e"}, {"$msec", "%{msec}t"},
    {"$request_id", "%L"},         {"$remote_port", "%{remote}p"},
};

static struct span log_format(struct import *im, struct nginx_directive *format) {
    struct buf text = {0};
    for (size_t i = 2; i < format->count; i++) {
        bool is_option = i == 2 && span_starts(format->words[i], SPAN("escape="));
        if (!is_option) buf_add(&text, format->words[i]);
        else if (span_is(format->words[i], SPAN("escape=json")))
            left(im, format, "values are not escaped as JSON has it: server.log-format = \"json\" makes "
                             "whole objects");
    }
    struct span all = replaced_words(im, buf_span(&text), "%", "%%");
    buf_done(&text);
    all = replaced_words(im, all, "[$time_local]", "%t"); /* %t has brackets */
    for (size_t i = 0; i < sizeof log_words / sizeof *log_words; i++)
        all = replaced_words(im, all, log_words[i].variable, log_words[i].format);
    size_t dollar = span_find(all, '$');
    if (dollar < all.n) left(im, format, "access logs do not know %.*s", SPAN_ARG(span_from(all, dollar)));
    else translated(im, format);
    return all;
}

/* if=VALUE of an access_log: 0 and nothing are no; a variable is not known. */
static bool is_switched_off(struct import *im, struct nginx_directive *d) {
    for (size_t i = 2; i < d->count; i++) {
        if (!span_starts(d->words[i], SPAN("if="))) continue;
        struct span value = span_from(d->words[i], 3);
        if (span_find(value, '$') < value.n) left(im, d, "all requests are logged, whatever if= says");
        return value.n == 0 || span_is(value, SPAN("0"));
    }
    return false;
}

static void access_log(struct import *im, struct nginx_directive *block, struct settings *s) {
    const struct nginx_directive *level = level_of(block, "access_log");
    struct nginx_directive *d = level ? next_named(level->first, "access_log") : NULL;
    struct span name = d ? nginx_word(d, 1) : SPAN("");
    if (!d) return;
    translated(im, d);
    for (struct nginx_directive *more = next_named(d->next, "access_log"); more;
         more = next_named(more->next, "access_log"))
        left(im, more, "there is one access log for a request");
    if (span_is(name, SPAN("off")) || is_switched_off(im, d)) {
        settings_set(s, "accesslog.filename", SPAN("\"\""), d);
        return;
    }
    if (span_starts(name, SPAN("syslog:"))) settings_set(s, "accesslog.use-syslog", SPAN("\"enable\""), d);
    else if (span_find(name, '$') < name.n) left(im, d, "the name of a log has no variables here");
    else settings_set(s, "accesslog.filename", quoted(im, name), d);
    struct span wanted = span_find(nginx_word(d, 2), '=') < nginx_word(d, 2).n ? SPAN("") : nginx_word(d, 2);
    for (struct nginx_directive *f = next_named(im->http->first, "log_format"); f && wanted.n;
         f = next_named(f->next, "log_format"))
        if (span_is(nginx_word(f, 1), wanted))
            settings_set(s, "accesslog.format", quoted(im, log_format(im, f)), f);
    if (!settings_find(s, SPAN("accesslog.format"))) /* nginx's own "combined" */
        settings_set(s, "accesslog.format",
                     quoted(im, SPAN("%h - %u %t \"%r\" %>s %b \"%{Referer}i\" \"%{User-Agent}i\"")), d);
}

static void error_log(struct import *im, struct nginx_directive *block, struct settings *s) {
    struct nginx_directive *d = inherited(block, "error_log");
    struct span name = d ? nginx_word(d, 1) : SPAN("");
    if (!d) return;
    translated(im, d);
    if (span_is(name, SPAN("stderr"))) return;
    if (span_starts(name, SPAN("syslog:"))) settings_set(s, "server.errorlog-use-syslog", SPAN("\"enable\""), d);
    else settings_set(s, "server.errorlog", quoted(im, name), d);
}

/* ---- error pages ------------------------------------------------------------------------------ */

/* The location that a path leads to, if that is = or a prefix; else the block around. */
static struct nginx_directive *location_of(struct nginx_directive *block, struct span path) {
    struct nginx_directive *server = block, *best = NULL;
    size_t length = 0;
    while (server->parent && !nginx_is(server, "server")) server = server->parent;
    for (struct nginx_directive *d = next_named(server->first, "location"); d; d = next_named(d->next, "location")) {
        struct span at = nginx_word(d, d->count - 1);
        bool is_exact = d->count == 3 && span_is(nginx_word(d, 1), SPAN("="));
        if (is_exact && span_is(at, path)) return d;
        bool is_regex = d->count == 3 && nginx_word(d, 1).p[0] == '~';
        if (is_exact || is_regex || !span_starts(path, at) || at.n < length) continue;
        best = d;
        length = at.n;
    }
    return best ? best : server;
}

/* The file that a page is. Empty: a program or a backend answers there. */
static struct span page_file(struct import *im, struct nginx_directive *block, struct span page) {
    struct nginx_directive *at = location_of(block, page), *root = inherited(at, "root"), *alias = own(at, "alias");
    bool answers = own(at, "return") || own(at, "proxy_pass") || own(at, "fastcgi_pass") || own(at, "uwsgi_pass") ||
                   own(at, "scgi_pass");
    struct span base = alias ? nginx_word(alias, 1) : root ? nginx_word(root, 1) : SPAN("/usr/share/nginx/html");
    size_t dot = span_find_last(page, '.');
    if (answers || dot == page.n || span_is(span_from(page, dot), SPAN(".php")) || page.p[0] != '/') return SPAN("");
    if (span_find(base, '$') < base.n || base.p[0] != '/') return SPAN("");
    if (alias) page = span_from(page, nginx_word(at, at->count - 1).n);
    while (!alias && base.n > 1 && base.p[base.n - 1] == '/') base.n--;
    return joined(im, "%.*s%.*s", SPAN_ARG(base), SPAN_ARG(page));
}

/* Files are told by status; "= /page" for 404 is the error-handler. */
static void error_page(struct import *im, struct nginx_directive *block, struct settings *s,
                       struct nginx_directive *d, struct pairs *files) {
    struct span page = nginx_word(d, d->count - 1), before = nginx_word(d, d->count - 2);
    bool answers = d->count > 3 && before.n && before.p[0] == '=';
    bool keeps = !answers || span_is(span_from(before, 1), nginx_word(d, 1));
    struct span file = page_file(im, block, page);
    translated(im, d);
    if (answers && !keeps && d->count == 4 && span_is(nginx_word(d, 1), SPAN("404")) && page.p[0] == '/') {
        settings_set(s, "server.error-handler-404", quoted(im, page), d);
    } else if (keeps && file.n) {
        for (size_t i = 1; i + 1 + (size_t)answers < d->count; i++) add_pair(im, files, d->words[i], file, d);
    } else {
        left(im, d, "error pages are files, by their status (server.errorfiles), or one URL that answers for all "
                    "(server.error-handler)");
    }
}

static void error_pages(struct import *im, struct nginx_directive *block, struct settings *s) {
    const struct nginx_directive *level = level_of(block, "error_page");
    struct pairs files = {{NULL, 0, 0}, 0, NULL};
    if (!level) return;
    for (struct nginx_directive *d = next_named(level->first, "error_page"); d;
         d = next_named(d->next, "error_page"))
        error_page(im, block, s, d, &files);
    set_pairs(im, s, "server.errorfiles", &files);
}

/* ---- media types ------------------------------------------------------------------------------ */

/* The usual file of types says what the built-in table does. */
static bool is_usual(const struct nginx_directive *types) {
    return span_ends(types->file, SPAN("mime.types"));
}

static void media_types(struct import *im, struct nginx_directive *block, struct settings *s) {
    struct nginx_directive *types = inherited(block, "types"), *otherwise = inherited(block, "default_type");
    struct pairs p = {{NULL, 0, 0}, 0, NULL};
    if (!types) return;
    for (struct nginx_directive *d = types->first; d; d = d->next) {
        translated(im, d);
        for (size_t i = 1; i < d->count && !is_usual(types); i++)
            add_pair(im, &p, joined(im, ".%.*s", SPAN_ARG(d->words[i])), d->words[0], d);
    }
    if (is_usual(types)) unneeded(im, types);
    else translated(im, types);
    if (otherwise && !is_usual(types)) translated(im, otherwise);
    if (!is_usual(types))
        add_pair(im, &p, SPAN(""), otherwise ? nginx_word(otherwise, 1) : SPAN("text/plain"), types);
    set_pairs(im, s, "mimetype.assign", &p);
}

void content_settings(struct import *im, struct nginx_directive *block, struct settings *s) {
    fields(im, block, s);
    compression(im, block, s);
    passwords(im, block, s);
    access_log(im, block, s);
    error_log(im, block, s);
    error_pages(im, block, s);
    media_types(im, block, s);
}
