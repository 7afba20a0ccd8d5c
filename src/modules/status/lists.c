/* lists.c - lists of the dashboard: names and numbers */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "modules/status/status.h"

static void item(struct buf *out, const char *name) {
    buf_printf(out, "<div><dt>%s</dt><dd>", name);
}

static void item_count(struct buf *out, const char *name, uint64_t n) {
    item(out, name);
    put_count(out, n);
    buf_add_text(out, "</dd></div>");
}

void list_cache(struct buf *out, const struct view *v) {
    const uint64_t *rows = v->sum->tally.rows;
    uint64_t hits = rows[COUNT_CACHE_HITS], asked = hits + rows[COUNT_CACHE_MISSES];
    buf_add_text(out, "<dl>");
    item(out, "Hits");
    put_share(out, hits, asked);
    buf_add_text(out, "</dd></div>");
    item(out, "Memory");
    put_bytes(out, (double)rows[COUNT_CACHE_BYTES]);
    buf_add_text(out, " of ");
    put_bytes(out, (double)rows[COUNT_CACHE_ROOM]);
    buf_add_text(out, "</dd></div>");
    item_count(out, "Replies", rows[COUNT_CACHE_ENTRIES]);
    item_count(out, "Open files", rows[COUNT_CACHE_FILES]);
    item_count(out, "Evictions", rows[COUNT_CACHE_EVICTED]);
    buf_add_text(out, "</dl>");
}

void list_tls(struct buf *out, const struct view *v) {
    const uint64_t *rows = v->sum->tally.rows;
    uint64_t good = rows[COUNT_TLS_FULL] + rows[COUNT_TLS_RESUMED];
    buf_add_text(out, "<dl>");
    item_count(out, "TLS handshakes", good);
    item(out, "resumed");
    put_share(out, rows[COUNT_TLS_RESUMED], good);
    buf_add_text(out, "</dd></div>");
    item_count(out, "failed", rows[COUNT_TLS_FAILED]);
    item(out, "TLS 1.3");
    put_share(out, rows[COUNT_TLS_13], good);
    buf_add_text(out, "</dd></div>");
    item_count(out, "HTTP/2 streams", rows[COUNT_H2_STREAMS]);
    item_count(out, "HTTP/2 resets", rows[COUNT_H2_RESETS_IN] + rows[COUNT_H2_RESETS_OUT]);
    item(out, "on kept connections");
    put_share(out, rows[COUNT_REUSED], v->sum->answered);
    buf_add_text(out, "</dd></div></dl>");
}

/* All of one family, by the label. */
void list_limits(struct buf *out, const struct view *v) {
    const uint64_t *rows = v->sum->tally.rows;
    buf_add_text(out, "<dl>");
    item_count(out, "Accepted", rows[COUNT_ACCEPTED]);
    item_count(out, "Room for", rows[COUNT_CONNECTIONS_ROOM]);
    item_count(out, "Run-time errors", rows[COUNT_RUN_TIME_ERRORS]);
    for (unsigned i = 0; i < COUNTERS; i++) {
        char name[32];
        const char *label = counter_rows[i].label;
        if (strcmp(counter_rows[i].family, "limits_reached") != 0 || !rows[i]) continue;
        snprintf(name, sizeof name, "%.*s limit", (int)(strlen(label) - 8), label + 7); /* limit="NAME" */
        item_count(out, name, rows[i]);
    }
    buf_add_text(out, "</dl>");
}

void list_kinds(struct buf *out, const struct view *v) {
    const uint64_t *rows = v->sum->tally.rows, *methods = v->sum->tally.methods;
    enum { METHODS_SHOWN = 5 };
    unsigned shown = 0;
    buf_add_text(out, "<dl>");
    item_count(out, "HTTP/1.0", rows[COUNT_REQUESTS_10]);
    item_count(out, "HTTP/1.1", rows[COUNT_REQUESTS_11]);
    item_count(out, "HTTP/2", rows[COUNT_REQUESTS_20]);
    for (unsigned i = 1; i < METHOD_COUNT && shown < METHODS_SHOWN; i++) {
        if (!methods[i]) continue;
        item_count(out, method_name((enum method)i).p, methods[i]);
        shown++;
    }
    if (methods[METHOD_OTHER]) item_count(out, "other methods", methods[METHOD_OTHER]);
    buf_add_text(out, "</dl>");
}

void list_server(struct buf *out, const struct view *v) {
    const uint64_t *rows = v->sum->tally.rows;
    buf_add_text(out, "<dl>");
    item_count(out, "Workers", v->sum->workers);
    item_count(out, "Workers lost", rows[COUNT_WORKERS_LOST]);
    item_count(out, "Reloads", rows[COUNT_RELOADS]);
    item_count(out, "Reloads refused", rows[COUNT_RELOADS_REFUSED]);
    item_count(out, "Helper jobs", rows[COUNT_JOBS]);
    item_count(out, "without an answer", rows[COUNT_JOBS_LOST]);
    item_count(out, "Programs started", rows[COUNT_PROGRAMS]);
    buf_add_text(out, "</dl>");
}
