/* tables.c - tables and lists of the dashboard */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "modules/status/status.h"
#include "net/addr.h"

enum { CLIENTS_SHOWN = 15 };

/* Columns: "left", or "n" for numbers; with "+" in front only where there is room. */
static void begin(struct buf *out, const char *id, const char *const *columns) {
    buf_printf(out, "<div class=\"scroll\"><table id=\"t-%s\"><thead><tr>", id);
    for (; columns[0]; columns += 2) {
        bool is_wide = *columns[1] == '+';
        buf_printf(out, "<th class=\"%s%s\">%s</th>", columns[1] + is_wide, is_wide ? " wide" : "", columns[0]);
    }
    buf_add_text(out, "</tr></thead><tbody>");
}

static void end(struct buf *out, bool is_empty, const char *say) {
    buf_add_text(out, "</tbody></table></div>");
    if (is_empty) buf_printf(out, "<p class=\"none\">%s</p>", say);
}

/* What sorting looks at stands in data-v. */
static void cell(struct buf *out, const char *class, double sort) {
    buf_printf(out, "</td><td class=\"%s\" data-v=\"%.0f\">", class, sort);
}

static void cell_count(struct buf *out, const char *class, uint64_t n) {
    cell(out, class, (double)n);
    put_count(out, n);
}

static void cell_bytes(struct buf *out, const char *class, uint64_t n) {
    cell(out, class, (double)n);
    put_bytes(out, (double)n);
}

static void cell_time(struct buf *out, const char *class, const struct histogram *h, double share) {
    uint64_t ns = histogram_quantile(h, share);
    cell(out, class, (double)ns);
    put_time(out, ns);
}

/* ---- what was answered ------------------------------------------------------------------------ */

static int by_count(const void *a, const void *b) {
    const uint64_t *x = a, *y = b;
    return x[1] < y[1] ? 1 : x[1] > y[1] ? -1 : 0;
}

void table_answers(struct buf *out, const struct view *v) {
    static const char *const columns[] = {"Status", "left", "Meaning", "left", "Answers", "n", "Share", "n", NULL};
    enum { ANSWERS_SHOWN = 11 };
    uint64_t list[STATUSES][2];
    unsigned count = 0;
    for (unsigned i = 0; i < STATUSES; i++) {
        if (!v->sum->tally.status[i]) continue;
        list[count][0] = STATUS_FIRST + i;
        list[count++][1] = v->sum->tally.status[i];
    }
    qsort(list, count, sizeof *list, by_count);
    begin(out, "answers", columns);
    for (unsigned i = 0; i < count && i < ANSWERS_SHOWN; i++) {
        buf_printf(out, "<tr><td><span class=\"s s%" PRIu64 "\">%" PRIu64 "</span></td><td class=\"cut\">",
                   list[i][0] / 100, list[i][0]);
        html_escape(out, status_reason((int)list[i][0]));
        cell_count(out, "n", list[i][1]);
        cell(out, "n", (double)list[i][1]);
        put_share(out, list[i][1], v->sum->answered);
        buf_add_text(out, "</td></tr>");
    }
    end(out, count == 0, "Nothing yet.");
}

/* ---- hosts ------------------------------------------------------------------------------------ */

void table_vhosts(struct buf *out, const struct view *v) {
    static const char *const columns[] = {"Host", "left", "Requests", "n", "2xx", "+n", "3xx", "+n", "4xx", "+n",
                                          "5xx", "n", "In", "+n", "Out", "n", "p50", "+n", "p90", "+n", "p99", "n",
                                          NULL};
    unsigned shown = 0;
    begin(out, "vhosts", columns);
    for (uint32_t i = 0; i < v->sum->vhost_count; i++) {
        const struct vhost_counts *h = &v->sum->vhosts[i];
        uint64_t requests = histogram_total(&h->time);
        if (!requests) continue;
        shown++;
        buf_add_text(out, "<tr><td class=\"name\">");
        put_text(out, h->name);
        cell_count(out, "n", requests);
        for (unsigned k = 2; k < 5; k++) cell_count(out, "n wide", h->classes[k]);
        cell_count(out, h->classes[5] ? "n bad" : "n", h->classes[5]);
        cell_bytes(out, "n wide", h->received_bytes);
        cell_bytes(out, "n", h->sent_bytes);
        cell_time(out, "n wide", &h->time, 0.5);
        cell_time(out, "n wide", &h->time, 0.9);
        cell_time(out, "n", &h->time, 0.99);
        buf_add_text(out, "</td></tr>");
    }
    end(out, shown == 0, "Nobody has asked yet.");
}

/* ---- backends --------------------------------------------------------------------------------- */

void table_backends(struct buf *out, const struct view *v) {
    static const char *const columns[] = {"Backend", "left", "State", "left", "Active", "+n", "Requests", "n",
                                          "Errors", "n", "Connections", "+n", "Reused", "+n", "p50", "+n", "p99", "n",
                                          NULL};
    static const char *const states[] = {"gone", "up", "unresolved", "resting", "unfit"};
    unsigned shown = 0;
    begin(out, "backends", columns);
    for (uint32_t i = 0; i < v->sum->backend_count; i++) {
        const struct backend_counts *b = &v->sum->backends[i];
        unsigned state = b->state < 5 ? (unsigned)b->state : 0;
        if (!b->requests && !state) continue;
        shown++;
        buf_add_text(out, "<tr><td class=\"name\">");
        put_text(out, b->name);
        buf_printf(out, "</td><td><span class=\"s %s\">%s</span>", state == 1 ? "s2" : state ? "s5" : "s1",
                   states[state]);
        cell_count(out, "n wide", b->active);
        cell_count(out, "n", b->requests);
        cell_count(out, b->errors ? "n bad" : "n", b->errors);
        cell_count(out, "n wide", b->connects);
        cell(out, "n wide", (double)b->reused);
        put_share(out, b->reused, b->requests);
        cell_time(out, "n wide", &b->time, 0.5);
        cell_time(out, "n", &b->time, 0.99);
        buf_add_text(out, "</td></tr>");
    }
    end(out, shown == 0, "No backend is configured.");
}

/* ---- clients ---------------------------------------------------------------------------------- */

static void put_address(struct buf *out, const unsigned char key[16]) {
    static const unsigned char mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}, none[16];
    char text[INET6_ADDRSTRLEN];
    bool is_v4 = memcmp(key, mapped, 12) == 0;
    bool is_none = memcmp(key, none, 16) == 0; /* of a unix socket */
    if (is_none || !inet_ntop(is_v4 ? AF_INET : AF_INET6, is_v4 ? key + 12 : key, text, sizeof text)) {
        buf_add_text(out, "local");
        return;
    }
    put_text(out, text);
    if (!is_v4) buf_add_text(out, "/64");
}

void table_clients(struct buf *out, const struct view *v) {
    static const char *const columns[] = {"Client", "left", "Requests", "n", "Share", "n", "Out", "n", NULL};
    const struct toplist *t = &v->sum->clients;
    begin(out, "clients", columns);
    for (unsigned i = 0; i < t->used && i < CLIENTS_SHOWN; i++) {
        const struct toplist_entry *e = &t->list[i];
        if (e->error * 2 > e->count) continue; /* more guess than count */
        buf_add_text(out, "<tr><td class=\"name\">");
        put_address(out, e->key);
        cell(out, "n", (double)e->count);
        if (e->error) buf_add_text(out, "\xe2\x89\xa4 ");
        put_count(out, e->count);
        cell(out, "n", (double)e->count);
        put_share(out, e->count, v->sum->answered);
        cell_bytes(out, "n", e->bytes);
        buf_add_text(out, "</td></tr>");
    }
    end(out, t->used == 0, "Nobody has asked yet.");
}

/* ---- what it is at ---------------------------------------------------------------------------- */

static void put_part(struct buf *out, uint64_t done, uint64_t whole) {
    cell(out, "n wide", (double)done);
    put_bytes(out, (double)done);
    if (whole) {
        buf_add_text(out, " / ");
        put_bytes(out, (double)whole);
    }
}

static void put_shown(struct buf *out, const struct shown *s, uint64_t now_ms) {
    const char *state = request_state_name((enum request_state)s->request_state);
    bool waits = s->is_kept_alive && s->conn_state == CONN_SERVE;
    if (s->request_state >= REQUEST_STATE_COUNT)
        state = waits ? "keep-alive" : conn_state_name((enum conn_state)s->conn_state);
    buf_add_text(out, "<tr><td class=\"name\">");
    put_text(out, s->client);
    buf_printf(out, "</td><td>%s", state);
    uint64_t ms = now_ms > s->since_ms ? now_ms - s->since_ms : 0;
    cell(out, "n", (double)ms);
    buf_printf(out, "%.1f s", (double)ms / 1000);
    buf_printf(out, "</td><td class=\"wide\">%s%s</td><td class=\"cut\">", s->is_h2 ? "2" : "1",
               s->is_tls ? " TLS" : "");
    put_text(out, s->host);
    buf_add_text(out, "</td><td class=\"cut\">");
    put_text(out, s->uri);
    put_part(out, s->received_bytes, s->received_of);
    put_part(out, s->sent_bytes, s->sent_of);
    buf_add_text(out, "</td><td class=\"cut wide\">");
    put_text(out, s->file);
    buf_add_text(out, "</td></tr>");
}

void table_requests(struct buf *out, const struct view *v) {
    static const char *const columns[] = {"Client", "left", "State", "left", "Time", "n", "HTTP", "+left",
                                          "Host", "left", "URL", "left", "Read", "+n", "Written", "+n",
                                          "File", "+left", NULL};
    enum { RECENT_MS = 3000 };
    unsigned shown = 0, late = 0;
    struct shown *one = memory_get(sizeof *one);
    begin(out, "requests", columns);
    for (const struct counters *c = counters_next(NULL); c; c = counters_next(c)) {
        if (c->shown_ms + RECENT_MS < v->now_ms) {
            late++;
            continue;
        }
        for (uint32_t i = 0; i < c->shown_count && i < SHOWN_ROOM; i++) {
            *one = c->shown[i]; /* the worker may be writing: each text ends within its room in any case */
            one->client[sizeof one->client - 1] = one->host[sizeof one->host - 1] = '\0';
            one->uri[sizeof one->uri - 1] = one->file[sizeof one->file - 1] = '\0';
            put_shown(out, one, v->now_ms);
            shown++;
        }
    }
    free(one);
    end(out, shown == 0, "Nobody is here.");
    if (late)
        buf_printf(out, "<p class=\"none\">%u worker%s %s no connections, or will tell within a second.</p>", late,
                   late == 1 ? "" : "s", late == 1 ? "has" : "have");
}
