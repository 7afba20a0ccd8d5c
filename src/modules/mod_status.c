/* mod_status.c - what the server does: a dashboard, lighttpd's texts, metrics: status.* */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "base/number.h"
#include "fdevents/fdevent.h"
#include "modules/status/status.h"
#include "server/module.h"

struct settings {
    struct span status_url, config_url, statistics_url, metrics_url;
    bool enable_sort;
};

static const struct settings defaults = {{NULL, 0}, {NULL, 0}, {NULL, 0}, {NULL, 0}, true};

#define ROW(name, type, field, help) \
    { name, DIRECTIVE_##type, SCOPE_ANY, offsetof(struct settings, field), help, NULL, NULL, 0, NULL }

static const struct directive directives[] = {
    ROW("status.status-url", STRING, status_url, "The path of the status page."),
    ROW("status.config-url", STRING, config_url, "The path of a page with the modules that are in use."),
    ROW("status.statistics-url", STRING, statistics_url, "The path of all counters as lines of text."),
    ROW("status.enable-sort", BOOL, enable_sort, "Whether tables of the status page can be sorted."),
    ROW("status.metrics-url", STRING, metrics_url, "The path of the metrics for Prometheus (OpenMetrics)."),
    DIRECTIVE_END};

static bool is_active(const void *settings) {
    const struct settings *s = settings;
    return s->status_url.n || s->config_url.n || s->statistics_url.n || s->metrics_url.n;
}

/* ---- what is answered ------------------------------------------------------------------------- */

/* It is for whoever may ask, now, and for nobody else: neither kept nor guessed at. */
static enum handler answer(struct request *r, struct buf *body, const char *type) {
    fields_set(&r->out, &r->arena, HEADER_CONTENT_TYPE, span_of(type));
    fields_set(&r->out, &r->arena, HEADER_CACHE_CONTROL, SPAN("no-store"));
    fields_add_named(&r->out, &r->arena, SPAN("X-Content-Type-Options"), SPAN("nosniff"));
    chunks_add_copy(&r->body, buf_span(body));
    buf_done(body);
    r->status = 200;
    return HANDLER_FINISHED;
}

static void begin(struct request *r, const struct settings *s, struct view *v) {
    v->host = r->in.authority.n ? r->in.authority : r->server_name;
    v->tag = request_core(r)->tag;
    v->version = SPAN(VERSION);
    v->is_sortable = s->enable_sort;
    view_make(v);
}

static enum handler answer_page(struct request *r, const struct view *v) {
    struct buf out = {0}, policy = {0};
    status_policy(&policy);
    fields_set(&r->out, &r->arena, HEADER_CONTENT_SECURITY_POLICY, arena_copy(&r->arena, buf_span(&policy)));
    fields_add_named(&r->out, &r->arena, SPAN("Referrer-Policy"), SPAN("no-referrer"));
    buf_done(&policy);
    status_page(&out, v);
    return answer(r, &out, "text/html; charset=utf-8");
}

/* ---- the status ------------------------------------------------------------------------------- */

/* "json", or "jsonp=name". The callback's name must be one: it is written into a script. */
static bool is_callback(struct span s) {
    for (size_t i = 0; i < s.n; i++)
        if (!(char_class[(unsigned char)s.p[i]] & CHAR_HOST) && s.p[i] != '.' && !(s.p[i] >= 'A' && s.p[i] <= 'Z'))
            return false;
    return s.n > 0 && !span_starts(s, SPAN("-"));
}

static enum handler answer_json(struct request *r, const struct view *v, struct span callback) {
    struct buf out = {0};
    bool wraps = is_callback(callback);
    if (wraps) buf_printf(&out, "%.*s(", SPAN_ARG(callback));
    status_json(&out, v);
    if (wraps) buf_add_text(&out, ");");
    return answer(r, &out, "application/javascript");
}

/* lighttpd's "?refresh=5". */
static void say_refresh(struct request *r, struct span seconds) {
    uint64_t n;
    if (number_parse(seconds, 86400, &n) && n) fields_add_named(&r->out, &r->arena, SPAN("Refresh"), seconds);
}

static enum handler show_status(struct request *r, const struct view *v) {
    struct span query = r->in.uri.query, rest = query, part;
    struct buf out = {0};
    while (span_next(&rest, '&', &part)) {
        if (span_is(part, SPAN("auto"))) {
            status_text(&out, v);
            return answer(r, &out, "text/plain");
        }
        if (span_is(part, SPAN("live"))) {
            status_parts(&out, v);
            return answer(r, &out, "application/json");
        }
        if (span_is(part, SPAN("json"))) return answer_json(r, v, SPAN(""));
        if (span_starts(part, SPAN("jsonp="))) return answer_json(r, v, span_from(part, 6));
        if (span_starts(part, SPAN("refresh="))) say_refresh(r, span_from(part, 8));
    }
    return answer_page(r, v);
}

static enum handler show_statistics(struct request *r, const struct view *v) {
    struct buf out = {0};
    status_statistics(&out, v);
    return answer(r, &out, "text/plain");
}

/* Prometheus names it first, and both forms say the same. */
static bool takes_openmetrics(struct span accept) {
    struct span part;
    while (span_next(&accept, ',', &part)) {
        while (part.n && part.p[0] == ' ') part = span_from(part, 1);
        if (span_starts_ci(part, SPAN("application/openmetrics-text"))) return true;
    }
    return false;
}

static enum handler show_metrics(struct request *r, const struct view *v) {
    struct buf out = {0};
    bool openmetrics = takes_openmetrics(fields_get(&r->in.fields, &r->arena, HEADER_ACCEPT));
    fields_set(&r->out, &r->arena, HEADER_VARY, SPAN("Accept"));
    status_metrics(&out, v, openmetrics);
    return answer(r, &out, openmetrics ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
                                       : "text/plain; version=0.0.4; charset=utf-8");
}

/* ---- the configuration ------------------------------------------------------------------------ */

static enum handler show_config(struct request *r, const struct view *v) {
    struct buf out = {0};
    buf_add_text(&out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                       "<meta name=\"color-scheme\" content=\"light dark\">\n<title>Status</title>\n</head>\n"
                       "<body>\n<h1>");
    html_escape(&out, v->tag);
    buf_printf(&out,
               "</h1>\n<table>\n<tr><th colspan=\"2\">Network Engine</th></tr>\n<tr><td><b>fd-Event-Handler</b></td>"
               "<td>%s</td></tr>\n<tr><th colspan=\"2\">Config-File-Settings</th></tr>\n"
               "<tr><td><b>Loaded Modules</b></td><td>",
               fdevents_name(request_events(r)));
    const char *name;
    for (unsigned i = 0; (name = request_module_name(r, i)); i++) {
        if (i) buf_add_text(&out, "<br>");
        put_text(&out, name);
    }
    buf_add_text(&out, "</td></tr>\n</table>\n</body>\n</html>\n");
    fields_set(&r->out, &r->arena, HEADER_CONTENT_SECURITY_POLICY, SPAN("default-src 'none'"));
    return answer(r, &out, "text/html; charset=utf-8");
}

/* ---- the hook --------------------------------------------------------------------------------- */

static enum handler show(struct request *r, const void *settings) {
    const struct settings *s = settings;
    const struct {
        struct span url;
        enum handler (*show)(struct request *r, const struct view *v);
    } pages[] = {{s->status_url, show_status},
                 {s->statistics_url, show_statistics},
                 {s->metrics_url, show_metrics},
                 {s->config_url, show_config}};
    for (unsigned i = 0; i < sizeof pages / sizeof *pages; i++) {
        struct view v;
        if (!pages[i].url.n || !span_is(r->in.uri.path, pages[i].url)) continue;
        request_lasts(r, LASTS_NOT);
        begin(r, s, &v);
        enum handler word = pages[i].show(r, &v);
        view_done(&v);
        return word;
    }
    return HANDLER_GO_ON;
}

static const struct hook hooks[] = {{PHASE_URI_CLEAN, show, LASTS}, {PHASE_COUNT, NULL, LASTS}};

const struct module mod_status = {MODULE_ABI, "mod_status", directives, hooks, sizeof(struct settings), &defaults,
                                  is_active,  NULL};
