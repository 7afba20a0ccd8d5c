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

static void expires(struct import *im, struct nginx_directive *block, struct settings *s, struct pairs *fields) {
    struct nginx_directive *d = inherited(block, "expires");
    struct span expire, control, word = d ? nginx_word(d, d->count - 1) : SPAN("off");
    if (!d) return;
    translated(im, d);
    if (!expires_of(im, word, &expire, &control) || word.p[0] == '$' || word.p[0] == '@')
        left(im, d, "only a time, off, max and epoch are understood");
    else if (expire.n)
        settings_set(s, "expire.url", joined(im, "( \"\" => \"%.*s\" )", SPAN_ARG(expire)), d);
    if (control.n) add_pair(im, fields, SPAN("Cache-Control"), control, d);
}

/* Beside a time, which would not be said otherwise: a second Cache-Control that allows more. */
static bool only_allows(struct span value) {
    struct span word;
    while (span_next(&value, ',', &word))
        if (!span_is_ci(span_trim(word), SPAN("public")) && !span_is_ci(span_trim(word), SPAN("immutable")))
            return false;
    return true;
}

static bool has_lifetime(struct import *im, const struct nginx_directive *block) {
    const struct nginx_directive *d = inherited(block, "expires");
    struct span expire = SPAN(""), control;
    return d && expires_of(im, nginx_word(d, d->count - 1), &expire, &control) && expire.n;
}

static void add_headers(struct import *im, struct nginx_directive *block, struct pairs *fields) {
    const struct nginx_directive *level = level_of(block, "add_header");
    if (!level) return;
    for (struct nginx_directive *d = next_named(level->first, "add_header"); d;
         d = next_named(d->next, "add_header")) {
        struct span value = nginx_word(d, 2);
        translated(im, d);
        if (span_find(value, '$') < value.n)
            left(im, d, "fields of responses have no variables here (setenv.add-response-header)");
        else if (span_is_ci(nginx_word(d, 1), SPAN("Cache-Control")) && has_lifetime(im, block) && only_allows(value))
            left(im, d, "there is one Cache-Control: the max-age of expires");
        else if (value.n) add_pair(im, fields, nginx_word(d, 1), value, d);
    }
}

static void fields(struct import *im, struct nginx_directive *block, struct settings *s) {
    struct pairs p = {{NULL, 0, 0}, 0, NULL};
    add_headers(im, block, &p);
    expires(im, block, s, &p);
    set_pairs(im, s, "setenv.add-response-header", &p);
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
};

static struct span log_format(struct import *im, struct nginx_directive *format) {
    struct buf text = {0};
    for (size_t i = 2; i < format->count; i++) buf_add(&text, format->words[i]);
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

static void access_log(struct import *im, struct nginx_directive *block, struct settings *s) {
    struct nginx_directive *d = inherited(block, "access_log");
    struct span name = d ? nginx_word(d, 1) : SPAN("");
    if (!d) return;
    translated(im, d);
    if (span_is(name, SPAN("off"))) {
        settings_set(s, "accesslog.filename", SPAN("\"\""), d);
        return;
    }
    if (span_starts(name, SPAN("syslog:"))) settings_set(s, "accesslog.use-syslog", SPAN("\"enable\""), d);
    else if (span_find(name, '$') < name.n) left(im, d, "the name of a log has no variables here");
    else settings_set(s, "accesslog.filename", quoted(im, name), d);
    struct span wanted = nginx_word(d, 2);
    for (struct nginx_directive *f = next_named(im->http->first, "log_format"); f && wanted.n;
         f = next_named(f->next, "log_format"))
        if (span_is(nginx_word(f, 1), wanted))
            settings_set(s, "accesslog.format", quoted(im, log_format(im, f)), f);
    if (!settings_find(s, SPAN("accesslog.format"))) /* nginx's own "combined" */
        settings_set(s, "accesslog.format",
                     quoted(im, SPAN("%h - %u %t \"%r\" %>s %b \"%{Referer}i\" \"%{User-Agent}i\"")), d);
    for (size_t i = 3; i < d->count; i++)
        if (span_starts(d->words[i], SPAN("if="))) left(im, d, "all requests are logged, whatever if= says");
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

/* /errors/404.html for 404 is a file of server.errorfile-prefix; "= /page" for 404 alone the error-handler. */
static void error_page(struct import *im, struct nginx_directive *block, struct settings *s,
                       struct nginx_directive *d) {
    struct span page = nginx_word(d, d->count - 1), code = nginx_word(d, 1);
    bool answers = d->count > 3 && span_is(nginx_word(d, d->count - 2), SPAN("="));
    struct nginx_directive *root = inherited(block, "root");
    struct span own_name = joined(im, "%.*s.html", SPAN_ARG(code));
    translated(im, d);
    if (answers && span_is(code, SPAN("404")) && page.p[0] == '/')
        settings_set(s, "server.error-handler-404", quoted(im, page), d);
    else if (d->count == 3 && root && page.p[0] == '/' && span_ends(page, own_name))
        settings_set(s, "server.errorfile-prefix",
                     quoted(im, joined(im, "%.*s%.*s", SPAN_ARG(nginx_word(root, 1)),
                                       SPAN_ARG(span_upto(page, page.n - own_name.n)))),
                     d);
    else
        left(im, d, "error pages are files named by their status (server.errorfile-prefix), or one page for all "
                    "(server.error-handler)");
}

static void error_pages(struct import *im, struct nginx_directive *block, struct settings *s) {
    const struct nginx_directive *level = level_of(block, "error_page");
    if (!level) return;
    for (struct nginx_directive *d = next_named(level->first, "error_page"); d;
         d = next_named(d->next, "error_page"))
        error_page(im, block, s, d);
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
