/* page.c - the dashboard: its parts, as a page and as JSON for the script that brings them up to date */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <inttypes.h>

#include "modules/status/status.h"

/* ---- parts ------------------------------------------------------------------------------------ */

static void facts(struct buf *out, const struct view *v) {
    uint64_t generation = v->sum->tally.rows[COUNT_GENERATION];
    html_escape(out, v->tag.n ? v->tag : SPAN("goldcrest"));
    buf_add_text(out, " \xc2\xb7 up for ");
    put_age(out, v->uptime_s);
    buf_printf(out, " \xc2\xb7 %u worker%s", v->sum->workers, v->sum->workers == 1 ? "" : "s");
    if (generation) buf_printf(out, " \xc2\xb7 configuration %" PRIu64, generation);
    if (v->sum->tally.rows[COUNT_RELOADS_REFUSED])
        buf_printf(out, " \xc2\xb7 %" PRIu64 " reloads refused", v->sum->tally.rows[COUNT_RELOADS_REFUSED]);
    if (v->sum->tally.rows[COUNT_WORKERS_LOST])
        buf_printf(out, " \xc2\xb7 %" PRIu64 " workers lost", v->sum->tally.rows[COUNT_WORKERS_LOST]);
}

static void tile(struct buf *out, const char *name) {
    buf_printf(out, "<div class=\"tile\"><h2>%s</h2><p class=\"big\">", name);
}

static void tiles(struct buf *out, const struct view *v) {
    uint64_t conns = 0, hits = v->sum->tally.rows[COUNT_CACHE_HITS];
    for (unsigned i = 0; i < CONN_STATE_COUNT; i++) conns += v->sum->conns[i];
    tile(out, "Requests");
    put_rate(out, v->requests_s);
    buf_add_text(out, "<small>/s</small></p><p>");
    put_count(out, v->sum->answered);
    buf_add_text(out, " in all</p></div>");
    tile(out, "Out");
    put_bytes(out, v->out_s);
    buf_add_text(out, "<small>/s</small></p><p>");
    put_bytes(out, (double)v->sum->tally.rows[COUNT_WIRE_OUT]);
    buf_add_text(out, " in all</p></div>");
    tile(out, "Connections");
    put_count(out, conns);
    buf_add_text(out, "</p><p>");
    put_count(out, v->sum->tally.rows[COUNT_ACCEPTED]);
    buf_add_text(out, " accepted</p></div>");
    tile(out, "Median time");
    put_time(out, histogram_quantile(&v->sum->time, 0.5));
    buf_add_text(out, "</p><p>p99 ");
    put_time(out, histogram_quantile(&v->sum->time, 0.99));
    buf_add_text(out, "</p></div>");
    tile(out, "Server errors");
    put_count(out, v->sum->classes[5]);
    buf_add_text(out, "</p><p>");
    put_share(out, v->sum->classes[5], v->sum->answered);
    buf_add_text(out, " of answers</p></div>");
    tile(out, "Reply cache");
    put_share(out, hits, hits + v->sum->tally.rows[COUNT_CACHE_MISSES]);
    buf_add_text(out, "</p><p>hits</p></div>");
}

static void requests_history(struct buf *out, const struct view *v) {
    draw_history(out, v->history[0], false, "Requests a second");
}
static void bytes_history(struct buf *out, const struct view *v) {
    draw_history(out, v->history[1], true, "Bytes sent a second");
}
static void times(struct buf *out, const struct view *v) {
    draw_times(out, &v->sum->time);
}
static void conn_machine(struct buf *out, const struct view *v) {
    draw_conn_machine(out, v->sum);
}
static void request_machine(struct buf *out, const struct view *v) {
    draw_request_machine(out, v->sum);
}

/* part - an element of the page that changes; title NULL: it stands in the head of the page */
static const struct part {
    const char *id, *title, *class;
    void (*put)(struct buf *out, const struct view *v);
} parts[] = {
    {"facts", NULL, "", facts},
    {"tiles", NULL, "", tiles},
    {"rate", "Requests a second", "card", requests_history},
    {"bytes", "Sent a second", "card", bytes_history},
    {"times", "How long requests took", "card", times},
    {"requests-by-state", "Requests by state", "card", request_machine},
    {"conns", "Connections by state", "card", conn_machine},
    {"answers", "Answers", "card", table_answers},
    {"limits", "Connections and limits", "card", list_limits},
    {"kinds", "Versions and methods", "card", list_kinds},
    {"cache", "Reply cache", "card", list_cache},
    {"tls", "TLS and HTTP/2", "card", list_tls},
    {"server", "Server", "card", list_server},
    {"vhosts", "Hosts", "card all", table_vhosts},
    {"backends", "Backends", "card all", table_backends},
    {"clients", "Most frequent clients", "card all", table_clients},
    {"requests", "What it is at", "card all", table_requests},
};
enum { PARTS = sizeof parts / sizeof *parts, HEAD_PARTS = 2 };

static void legend(struct buf *out) {
    buf_add_text(out, "<p class=\"legend words\"><span><i class=\"k go\"></i>GO_ON</span>"
                      "<span><i class=\"k fin\"></i>FINISHED</span><span><i class=\"k back\"></i>COMEBACK</span>"
                      "<span><i class=\"k err\"></i>ERROR</span></p>");
}

/* ---- the page --------------------------------------------------------------------------------- */

static void put_head(struct buf *out, const struct view *v) {
    buf_add_text(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                      "<meta name=\"color-scheme\" content=\"light dark\">\n"
                      "<noscript><meta http-equiv=\"refresh\" content=\"10\"></noscript>\n<title>Status of ");
    html_escape(out, v->host);
    buf_printf(out, "</title>\n<style>%s</style>\n</head>\n<body%s>\n<header>\n<h1>", status_style,
               v->is_sortable ? " data-sort" : "");
    html_escape(out, v->host);
    buf_add_text(out, " <span id=\"live\"></span></h1>\n<p id=\"facts\">");
    parts[0].put(out, v);
    buf_add_text(out, "</p>\n</header>\n<main>\n<div id=\"tiles\">");
    parts[1].put(out, v);
    buf_add_text(out, "</div>\n<div class=\"cards\">\n");
}

void status_page(struct buf *out, const struct view *v) {
    put_head(out, v);
    for (unsigned i = HEAD_PARTS; i < PARTS; i++) {
        buf_printf(out, "<section class=\"%s c-%s\"><h2>%s</h2><div id=\"%s\">", parts[i].class, parts[i].id,
                   parts[i].title, parts[i].id);
        parts[i].put(out, v);
        buf_add_text(out, "</div>");
        if (parts[i].put == conn_machine || parts[i].put == request_machine) legend(out);
        buf_add_text(out, "</section>\n");
    }
    buf_printf(out, "</div>\n</main>\n<script>%s</script>\n</body>\n</html>\n", status_script);
}

void status_parts(struct buf *out, const struct view *v) {
    struct buf part = {0};
    buf_add_text(out, "{\"parts\":{");
    for (unsigned i = 0; i < PARTS; i++) {
        buf_clear(&part);
        parts[i].put(&part, v);
        buf_printf(out, "%s\"%s\":\"", i ? "," : "", parts[i].id);
        json_escape(out, buf_span(&part));
        buf_add_char(out, '"');
    }
    buf_add_text(out, "}}");
    buf_done(&part);
}
