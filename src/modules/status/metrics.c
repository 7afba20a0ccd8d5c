/* metrics.c - the sums for Prometheus and its kin: OpenMetrics 1.0, or the text that came before it */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "modules/status/status.h"

/* page - one that is being written */
struct page {
    struct buf *out;
    bool openmetrics;
};

/* The two forms differ in what a counter's family is called: without "_total", or with it. */
static void family(const struct page *p, const char *name, const char *type, const char *help) {
    const char *total = strcmp(type, "counter") == 0 && !p->openmetrics ? "_total" : "";
    buf_printf(p->out, "# TYPE goldcrest_%s%s %s\n# HELP goldcrest_%s%s %s\n", name, total, type, name, total, help);
}

/* The same in both: backslash, quote and newline are escaped. */
static void put_value(struct buf *out, struct span s) {
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '\n') buf_add_text(out, "\\n");
        else if (s.p[i] == '"' || s.p[i] == '\\') buf_printf(out, "\\%c", s.p[i]);
        else buf_add_char(out, s.p[i]);
    }
}

static void sample(const struct page *p, const char *name, const char *suffix, const char *label, struct span value,
                   uint64_t n) {
    buf_printf(p->out, "goldcrest_%s%s", name, suffix);
    if (label) {
        buf_printf(p->out, "{%s=\"", label);
        put_value(p->out, value);
        buf_add_text(p->out, "\"}");
    }
    buf_printf(p->out, " %" PRIu64 "\n", n);
}

/* ---- the tables ------------------------------------------------------------------------------- */

static void rows(const struct page *p, const struct tally *t) {
    const char *last = "";
    for (unsigned i = 0; i < COUNTERS; i++) {
        const struct counter_row *row = &counter_rows[i];
        if (strcmp(last, row->family) != 0) family(p, row->family, row->is_gauge ? "gauge" : "counter", row->help);
        last = row->family;
        buf_printf(p->out, "goldcrest_%s%s%s%s%s %" PRIu64 "\n", row->family, row->is_gauge ? "" : "_total",
                   *row->label ? "{" : "", row->label, *row->label ? "}" : "", t->rows[i]);
    }
}

static void states(const struct page *p, const struct counters_sum *sum) {
    family(p, "connections_open", "gauge", "Connections in each state of their machine.");
    for (unsigned i = 0; i < CONN_STATE_COUNT; i++)
        sample(p, "connections_open", "", "state", span_of(conn_state_name((enum conn_state)i)), sum->conns[i]);
    family(p, "requests_open", "gauge", "Requests in each state of their machine.");
    for (unsigned i = 0; i < REQUEST_STATE_COUNT; i++)
        sample(p, "requests_open", "", "state", span_of(request_state_name((enum request_state)i)), sum->requests[i]);
}

static void numbers(const struct page *p, const struct tally *t) {
    char status[8];
    family(p, "responses", "counter", "Responses, by status.");
    for (unsigned i = 0; i < STATUSES; i++) {
        int n = snprintf(status, sizeof status, "%u", STATUS_FIRST + i);
        if (t->status[i]) sample(p, "responses", "_total", "status", (struct span){status, (size_t)n}, t->status[i]);
    }
    family(p, "requests", "counter", "Requests that were answered, by method.");
    for (unsigned i = 0; i < METHOD_COUNT; i++)
        if (t->methods[i])
            sample(p, "requests", "_total", "method", i ? method_name((enum method)i) : SPAN("other"), t->methods[i]);
}

/* ---- times ------------------------------------------------------------------------------------ */

enum { POWER_FIRST = 6, POWER_LAST = 26 /* 64 us … 67 s */ };

static void histogram(const struct page *p, const char *name, const char *label, const char *value,
                      const struct histogram *h) {
    struct span text = span_of(value);
    for (unsigned power = POWER_FIRST; power <= POWER_LAST; power++) {
        buf_printf(p->out, "goldcrest_%s_bucket{%s=\"", name, label);
        put_value(p->out, text);
        buf_printf(p->out, "\",le=\"%.6f\"} %" PRIu64 "\n", (double)(UINT64_C(1) << power) / 1e6,
                   histogram_up_to(h, power));
    }
    uint64_t total = histogram_total(h);
    buf_printf(p->out, "goldcrest_%s_bucket{%s=\"", name, label);
    put_value(p->out, text);
    buf_printf(p->out, "\",le=\"+Inf\"} %" PRIu64 "\ngoldcrest_%s_sum{%s=\"", total, name, label);
    put_value(p->out, text);
    buf_printf(p->out, "\"} %.9f\n", (double)h->sum_ns / 1e9);
    sample(p, name, "_count", label, text, total);
}

/* ---- hosts and backends ----------------------------------------------------------------------- */

static void vhosts(const struct page *p, const struct counters_sum *sum) {
    static const char *const classes[] = {"none", "1xx", "2xx", "3xx", "4xx", "5xx"};
    static const struct {
        const char *name, *help;
        size_t at;
    } columns[] = {
        {"vhost_received_bytes", "Bytes of requests, by host.", offsetof(struct vhost_counts, received_bytes)},
        {"vhost_sent_bytes", "Bytes of responses, by virtual host.", offsetof(struct vhost_counts, sent_bytes)},
    };
    family(p, "vhost_responses", "counter", "Responses, by virtual host and class of status.");
    for (uint32_t i = 0; i < sum->vhost_count; i++)
        for (unsigned k = 0; k < 6; k++) {
            const struct vhost_counts *v = &sum->vhosts[i];
            if (k != 2 && !v->classes[k]) continue;
            buf_add_text(p->out, "goldcrest_vhost_responses_total{vhost=\"");
            put_value(p->out, span_of(v->name));
            buf_printf(p->out, "\",class=\"%s\"} %" PRIu64 "\n", classes[k], v->classes[k]);
        }
    for (unsigned c = 0; c < sizeof columns / sizeof *columns; c++) {
        family(p, columns[c].name, "counter", columns[c].help);
        for (uint32_t i = 0; i < sum->vhost_count; i++) {
            uint64_t n;
            memcpy(&n, (const char *)&sum->vhosts[i] + columns[c].at, sizeof n);
            sample(p, columns[c].name, "_total", "vhost", span_of(sum->vhosts[i].name), n);
        }
    }
    family(p, "request_duration_seconds", "histogram",
           "From a request's first byte until its response is queued, by virtual host.");
    for (uint32_t i = 0; i < sum->vhost_count; i++)
        histogram(p, "request_duration_seconds", "vhost", sum->vhosts[i].name, &sum->vhosts[i].time);
}

static void backends(const struct page *p, const struct counters_sum *sum) {
    static const struct {
        const char *name, *type, *help;
        size_t at;
    } columns[] = {
#define COLUMN(name, type, field, help) {name, type, help, offsetof(struct backend_counts, field)}
        COLUMN("backend_requests", "counter", requests, "Attempts, by backend."),
        COLUMN("backend_errors", "counter", errors, "Attempts that failed, by backend."),
        COLUMN("backend_connects", "counter", connects, "Connections that were begun, by backend."),
        COLUMN("backend_connect_errors", "counter", connect_errors, "Connections that did not come about."),
        COLUMN("backend_connections_reused", "counter", reused, "Requests on a kept connection, by backend."),
        COLUMN("backend_active_requests", "gauge", active, "Requests that it is at."),
#undef COLUMN
    };
    for (unsigned c = 0; c < sizeof columns / sizeof *columns; c++) {
        bool counts = *columns[c].type == 'c';
        family(p, columns[c].name, columns[c].type, columns[c].help);
        for (uint32_t i = 1; i < sum->backend_count; i++) {
            uint64_t n;
            memcpy(&n, (const char *)&sum->backends[i] + columns[c].at, sizeof n);
            sample(p, columns[c].name, counts ? "_total" : "", "backend", span_of(sum->backends[i].name), n);
        }
    }
    family(p, "backend_up", "gauge", "1: all workers that know it would ask it.");
    for (uint32_t i = 1; i < sum->backend_count; i++)
        if (sum->backends[i].state)
            sample(p, "backend_up", "", "backend", span_of(sum->backends[i].name), sum->backends[i].state == 1);
    family(p, "backend_response_seconds", "histogram", "From the choice of a backend until its response's head.");
    for (uint32_t i = 1; i < sum->backend_count; i++)
        histogram(p, "backend_response_seconds", "backend", sum->backends[i].name, &sum->backends[i].time);
}

void status_metrics(struct buf *out, const struct view *v, bool openmetrics) {
    const struct page p = {out, openmetrics};
    family(&p, "build_info", "gauge", "1; the version is a label.");
    sample(&p, "build_info", "", "version", v->version, 1);
    family(&p, "start_time_seconds", "gauge", "Seconds since 1970 when the server was started.");
    sample(&p, "start_time_seconds", "", NULL, SPAN(""), (uint64_t)counters_started_s());
    family(&p, "workers", "gauge", "Worker processes.");
    sample(&p, "workers", "", NULL, SPAN(""), v->sum->workers);
    rows(&p, &v->sum->tally);
    states(&p, v->sum);
    numbers(&p, &v->sum->tally);
    vhosts(&p, v->sum);
    backends(&p, v->sum);
    if (openmetrics) buf_add_text(out, "# EOF\n");
}
