/* mod_accesslog.c - a line for each request: accesslog.* */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <syslog.h>

#include "base/clock.h"
#include "base/log.h"
#include "modules/accesslog/format.h"
#include "server/module.h"

struct settings {
    struct log *log;
    struct access_format *format; /* NULL: the default */
    access_escape *const *escape;
    bool use_syslog;
    uint32_t syslog_level;
};

static access_escape *const as_text = access_escape_default, *const as_json = access_escape_json;

static const struct settings defaults = {NULL, NULL, &as_text, false, LOG_INFO};

/* ---- directives ------------------------------------------------------------------------------- */

static void *compile_format(const struct value *v, struct complaints *c) {
    return access_format_make(v, c);
}

static void discard_format(void *format) {
    access_format_drop(format);
}

static void *compile_escaping(const struct value *v, struct complaints *c) {
    static const struct {
        struct span name;
        access_escape *const *escape;
    } table[] = {{SPAN_INIT("default"), &as_text}, {SPAN_INIT("json"), &as_json}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        void *compiled;
        if (!span_is_ci(v->string, table[i].name)) continue;
        memcpy(&compiled, &table[i].escape, sizeof compiled); /* a constant, in the form that directives want */
        return compiled;
    }
    complain(c, COMPLAINT_ERROR, v->place, v->string.n + 2, "write \"default\" or \"json\"",
             "accesslog.escaping: \"%.*s\" is no way of escaping", SPAN_ARG(v->string));
    return NULL;
}

#define FIELD(field) offsetof(struct settings, field)

static const struct directive directives[] = {
    {"accesslog.filename", DIRECTIVE_STRING, SCOPE_ANY, FIELD(log),
     "Where a line for each request is written: a file or \"|program\".", NULL, NULL, DIRECTIVE_LOG, NULL},
    {"accesslog.format", DIRECTIVE_STRING, SCOPE_ANY, FIELD(format),
     "What a line holds: text with conversions like %h, %r and %{User-Agent}i.", compile_format, discard_format, 0,
     NULL},
    {"accesslog.use-syslog", DIRECTIVE_BOOL, SCOPE_ANY, FIELD(use_syslog), "The lines go to syslog.", NULL, NULL, 0,
     NULL},
    {"accesslog.syslog-level", DIRECTIVE_SHORT, SCOPE_ANY, FIELD(syslog_level),
     "The level of the lines in syslog; 6 is LOG_INFO.", NULL, NULL, 0, NULL},
    {"accesslog.escaping", DIRECTIVE_STRING, SCOPE_ANY, FIELD(escape),
     "How values are written: \"default\" (\\xHH) or \"json\".", compile_escaping, NULL, 0, NULL},
    DIRECTIVE_END};

static bool is_active(const void *settings) {
    const struct settings *s = settings;
    return s->log || s->use_syslog;
}

/* ---- the line --------------------------------------------------------------------------------- */

static struct access_format *default_format(void) {
    static const struct value text = {.type = VALUE_STRING, .string = SPAN_INIT(ACCESS_FORMAT_DEFAULT)};
    static struct access_format *format;
    if (!format) format = access_format_make(&text, NULL);
    return format;
}

/* Opened when the first line is due; there is one facility for the whole process. */
static struct log *syslog_log(const struct request *r, uint32_t level) {
    static struct log *log;
    struct span facility = request_core(r)->syslog_facility;
    if (facility.n == 0) facility = SPAN("daemon");
    if (!log || !span_is(span_from(log_target(log), 7), facility)) {
        struct buf target = {0};
        buf_printf(&target, "syslog:%.*s", SPAN_ARG(facility));
        log_drop(log);
        log = log_open(buf_span(&target));
        buf_done(&target);
    }
    if (log) log_set_syslog_level(log, level <= LOG_DEBUG ? (int)level : LOG_INFO);
    return log;
}

static struct access_facts facts_of(struct request *r, access_escape *escape, bool is_timing) {
    struct access_facts f = {
        .request = r,
        .escape = escape,
        .server_name = r->server_name,
        .peer = request_peer(r),
        .local_addr = request_local_addr,
        .id = request_id,
        .why = request_why,
        .sent_bytes = request_sent_bytes(r),
        .sent_body_bytes = request_sent_body_bytes(r),
        .now_s = clock_now_s(),
        .now_ns = clock_now_ns(),
        .keep_alive_count = request_keep_alive_count(r),
        .status = request_sent_status(r),
        .is_complete = request_is_complete(r),
    };
    if (is_timing && r->begun_ns) f.elapsed_ns = clock_monotonic_ns() - r->begun_ns;
    return f;
}

static struct span tls_version(struct request *r) {
    struct span name, value;
    unsigned at = 0;
    while (request_tls_variable(r, &at, &name, &value))
        if (span_is(name, SPAN("SSL_PROTOCOL"))) return value;
    return SPAN("");
}

static void write_json(struct request *r, struct buf *line) {
    const struct access_facts facts = facts_of(r, NULL, true);
    const struct access_more more = {request_cache_word(r), r->is_tls ? tls_version(r) : SPAN("")};
    access_json_write(&facts, &more, line);
}

static void write_text(struct request *r, const struct settings *s, struct buf *line) {
    struct access_format *format = s->format ? s->format : default_format();
    const struct access_facts facts = facts_of(r, *s->escape, access_format_is_timing(format));
    access_format_write(format, &facts, line);
}

static enum handler write_line(struct request *r, const void *settings) {
    static struct buf line; /* of the worker: grows to the longest line */
    const struct settings *s = settings;
    struct log *log = s->use_syslog ? syslog_log(r, s->syslog_level) : s->log;
    if (!log) return HANDLER_GO_ON;
    buf_clear(&line);
    if (logs_are_json() && !s->format) write_json(r, &line);
    else write_text(r, s, &line);
    log_line(log, buf_span(&line));
    return HANDLER_GO_ON;
}

static const struct hook hooks[] = {{PHASE_REQUEST_DONE, write_line, LASTS}, {PHASE_COUNT, NULL, LASTS}};

const struct module mod_accesslog = {MODULE_ABI, "mod_accesslog", directives, hooks, sizeof(struct settings),
                                     &defaults, is_active, NULL};
