/* status.h - what the pages of mod_status share */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_STATUS_STATUS_H
#define GOLDCREST_STATUS_STATUS_H

#include "base/buf.h"
#include "http/uri.h"
#include "server/counters.h"

enum { HISTORY_POINTS = 60, HISTORY_STEP_S = 5 };

/* view - the sums, and what follows from them; one for each page */
struct view {
    struct counters_sum *sum;
    struct span host, tag, version;   /* of the request; of the server */
    int64_t now_s;
    uint64_t now_ms, uptime_s;
    double requests_s, out_s, in_s;   /* of the last five seconds */
    double history[3][HISTORY_POINTS]; /* requests, bytes out, bytes in; a second; the oldest first */
    bool is_sortable;
};
void view_make(struct view *v);
void view_done(struct view *v);

/* ---- text.c: as lighttpd has them ------------------------------------------------------------- */
void status_text(struct buf *out, const struct view *v);
void status_json(struct buf *out, const struct view *v);
void status_statistics(struct buf *out, const struct view *v);

/* ---- metrics.c -------------------------------------------------------------------------------- */
void status_metrics(struct buf *out, const struct view *v, bool openmetrics);

/* ---- page.c: the dashboard -------------------------------------------------------------------- */
void status_page(struct buf *out, const struct view *v);
/* The same parts by the id of their element, as JSON: what the page's script asks for. */
void status_parts(struct buf *out, const struct view *v);

/* ---- style.c ---------------------------------------------------------------------------------- */
extern const char status_style[], status_script[];
/* What the page may load: nothing but what it has in it. */
void status_policy(struct buf *out);

/* ---- draw.c, machine.c, tables.c: parts of the page ------------------------------------------- */
void draw_history(struct buf *out, const double *points, bool is_bytes, const char *name);
void draw_times(struct buf *out, const struct histogram *h);
void draw_conn_machine(struct buf *out, const struct counters_sum *sum);
void draw_request_machine(struct buf *out, const struct counters_sum *sum);
void table_answers(struct buf *out, const struct view *v);
void table_vhosts(struct buf *out, const struct view *v);
void table_backends(struct buf *out, const struct view *v);
void table_clients(struct buf *out, const struct view *v);
void table_requests(struct buf *out, const struct view *v);
void list_cache(struct buf *out, const struct view *v);
void list_tls(struct buf *out, const struct view *v);
void list_limits(struct buf *out, const struct view *v);
void list_kinds(struct buf *out, const struct view *v);
void list_server(struct buf *out, const struct view *v);

/* ---- format.c --------------------------------------------------------------------------------- */
void put_text(struct buf *out, const char *text); /* escaped */
void put_count(struct buf *out, uint64_t n);      /* 12,345 */
void put_rate(struct buf *out, double n);         /* 0.2, 17, 12.3k */
void put_bytes(struct buf *out, double n);        /* 12.3 MiB */
void put_time(struct buf *out, uint64_t ns);      /* 1.2 ms */
void put_age(struct buf *out, uint64_t s);        /* 3 d 4 h */
void put_share(struct buf *out, uint64_t part, uint64_t whole); /* 12.3 % */

#endif
