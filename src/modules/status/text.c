/* text.c - the status as text and JSON, as lighttpd has it, for scripts that read that */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <inttypes.h>
#include <string.h>

#include "modules/status/status.h"

/* Letters of lighttpd's scoreboard, for a request in each state. */
static const char letters[REQUEST_STATE_COUNT + 1] = "rhhRhhsWSEC";

enum { BOARD_MAX = 65536 };

static uint64_t open_conns(const struct counters_sum *sum) {
    uint64_t n = 0;
    for (unsigned i = 0; i < CONN_STATE_COUNT; i++) n += sum->conns[i];
    return n;
}

static uint64_t idle_room(const struct counters_sum *sum) {
    uint64_t busy = open_conns(sum), room = sum->tally.rows[COUNT_CONNECTIONS_ROOM];
    return room > busy ? room - busy : 0;
}

static void put_letters(struct buf *out, char letter, uint64_t n) {
    if (n > BOARD_MAX) n = BOARD_MAX;
    if (n) memset(buf_room(out, (size_t)n), letter, (size_t)n);
    out->n += (size_t)n;
}

/* Connections that serve, and have no request just now, are kept alive. */
static void put_board(struct buf *out, const struct counters_sum *sum) {
    uint64_t requests = 0;
    for (unsigned i = 0; i < REQUEST_STATE_COUNT; i++) requests += sum->requests[i];
    for (unsigned i = 0; i < REQUEST_STATE_COUNT; i++) put_letters(out, letters[i], sum->requests[i]);
    put_letters(out, '.', sum->conns[CONN_HANDSHAKE]);
    if (sum->conns[CONN_SERVE] > requests) put_letters(out, 'k', sum->conns[CONN_SERVE] - requests);
    put_letters(out, 'C', sum->conns[CONN_LINGER] + sum->conns[CONN_CLOSE]);
    put_letters(out, '_', idle_room(sum));
}

void status_text(struct buf *out, const struct view *v) {
    buf_printf(out,
               "Total Accesses: %" PRIu64 "\nTotal kBytes: %" PRIu64 "\nUptime: %" PRIu64 "\nBusyServers: %" PRIu64
               "\nIdleServers: %" PRIu64 "\nScoreboard: ",
               v->sum->answered, v->sum->tally.rows[COUNT_WIRE_OUT] / 1024, v->uptime_s, open_conns(v->sum),
               idle_room(v->sum));
    put_board(out, v->sum);
    buf_add_char(out, '\n');
}

void status_json(struct buf *out, const struct view *v) {
    buf_printf(out,
               "{\n\t\"RequestsTotal\": %" PRIu64 ",\n\t\"TrafficTotal\": %" PRIu64 ",\n\t\"Uptime\": %" PRIu64
               ",\n\t\"BusyServers\": %" PRIu64 ",\n\t\"IdleServers\": %" PRIu64
               ",\n\t\"RequestAverage5s\":%.0f,\n\t\"TrafficAverage5s\":%.0f\n}",
               v->sum->answered, v->sum->tally.rows[COUNT_WIRE_OUT] / 1024, v->uptime_s, open_conns(v->sum),
               idle_room(v->sum), v->requests_s, v->out_s);
}

/* ---- counters --------------------------------------------------------------------------------- */

static void put_backend(struct buf *out, const struct backend_counts *b) {
    const struct {
        const char *name;
        uint64_t n;
    } lines[] = {{"0.connected", b->requests},      {"0.died", b->connect_errors}, {"0.disabled", b->state > 1},
                 {"0.load", b->active},             {"0.overloaded", 0},           {"load", b->active},
                 {"0.connects", b->connects},       {"0.errors", b->errors},       {"0.reused", b->reused}};
    for (unsigned i = 0; i < sizeof lines / sizeof *lines; i++)
        buf_printf(out, "gw.backend.%s.%s: %" PRIu64 "\n", b->name, lines[i].name, lines[i].n);
}

void status_statistics(struct buf *out, const struct view *v) {
    const struct counters_sum *sum = v->sum;
    uint64_t active = 0;
    for (uint32_t i = 0; i < sum->backend_count; i++) active += sum->backends[i].active;
    buf_printf(out, "gw.active-requests: %" PRIu64 "\n", active);
    for (uint32_t i = 1; i < sum->backend_count; i++) put_backend(out, &sum->backends[i]);
    for (unsigned i = 0; i < COUNTERS; i++) {
        const struct counter_row *row = &counter_rows[i];
        buf_printf(out, "%s%s%s%s: %" PRIu64 "\n", row->family, *row->label ? "{" : "", row->label,
                   *row->label ? "}" : "", sum->tally.rows[i]);
    }
}
