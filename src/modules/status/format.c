/* format.c - numbers as people read them */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "modules/status/status.h"

static const char *const no_unit = "\xe2\x80\x93"; /* en dash */

void put_text(struct buf *out, const char *text) {
    html_escape(out, span_of(text));
}

void put_count(struct buf *out, uint64_t n) {
    char digits[24];
    int length = snprintf(digits, sizeof digits, "%" PRIu64, n);
    for (int i = 0; i < length; i++) {
        if (i && (length - i) % 3 == 0) buf_add_char(out, ',');
        buf_add_char(out, digits[i]);
    }
}

/* Three digits that count. */
static void put_three(struct buf *out, double n) {
    buf_printf(out, n < 9.995 && n != 0 ? "%.2f" : n < 99.95 && n != 0 ? "%.1f" : "%.0f", n);
}

void put_rate(struct buf *out, double n) {
    static const char *const units[] = {"", "k", "M", "G"};
    unsigned i = 0;
    while (n >= 9999.5 && i < 3) {
        n /= 1000;
        i++;
    }
    if (i == 0 && (n >= 100 || n == 0)) buf_printf(out, "%.0f", n);
    else put_three(out, n);
    buf_add_text(out, units[i]);
}

void put_bytes(struct buf *out, double n) {
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
    unsigned i = 0;
    while (n >= 999.5 && i < 5) {
        n /= 1024;
        i++;
    }
    if (i == 0) buf_printf(out, "%.0f", n);
    else put_three(out, n);
    buf_printf(out, " %s", units[i]);
}

void put_time(struct buf *out, uint64_t ns) {
    double us = (double)ns / 1000;
    if (ns == 0) {
        buf_add_text(out, no_unit);
        return;
    }
    if (us < 999.5) put_three(out, us);
    else if (us < 999500) put_three(out, us / 1000);
    else put_three(out, us / 1e6);
    buf_add_text(out, us < 999.5 ? " \xc2\xb5s" : us < 999500 ? " ms" : " s");
}

void put_age(struct buf *out, uint64_t s) {
    if (s < 60) buf_printf(out, "%" PRIu64 " s", s);
    else if (s < 3600) buf_printf(out, "%" PRIu64 " min %" PRIu64 " s", s / 60, s % 60);
    else if (s < 86400) buf_printf(out, "%" PRIu64 " h %" PRIu64 " min", s / 3600, s / 60 % 60);
    else buf_printf(out, "%" PRIu64 " d %" PRIu64 " h", s / 86400, s / 3600 % 24);
}

void put_share(struct buf *out, uint64_t part, uint64_t whole) {
    if (whole) buf_printf(out, "%.1f %%", 100.0 * (double)part / (double)whole);
    else buf_add_text(out, no_unit);
}

/* ---- the view --------------------------------------------------------------------------------- */

static double per_second(uint64_t a, uint64_t b, double s) {
    return b > a ? (double)(b - a) / s : 0;
}

void view_make(struct view *v) {
    enum { RECENT_S = 5 };
    counters_look();
    counters_refresh();
    v->sum = counters_sum();
    v->now_s = clock_now_s();
    v->now_ms = clock_monotonic_ns() / 1000000;
    v->uptime_s = v->now_s > counters_started_s() ? (uint64_t)(v->now_s - counters_started_s()) : 0;
    struct sample now = counters_at(v->now_ms), before = counters_at(v->now_ms - RECENT_S * 1000);
    v->requests_s = per_second(before.requests, now.requests, RECENT_S);
    v->out_s = per_second(before.sent_bytes, now.sent_bytes, RECENT_S);
    v->in_s = per_second(before.received_bytes, now.received_bytes, RECENT_S);
    for (unsigned i = HISTORY_POINTS; i-- > 0; now = before) {
        uint64_t back = (uint64_t)(HISTORY_POINTS - i) * HISTORY_STEP_S * 1000;
        before = counters_at(v->now_ms > back ? v->now_ms - back : 0);
        v->history[0][i] = per_second(before.requests, now.requests, HISTORY_STEP_S);
        v->history[1][i] = per_second(before.sent_bytes, now.sent_bytes, HISTORY_STEP_S);
        v->history[2][i] = per_second(before.received_bytes, now.received_bytes, HISTORY_STEP_S);
    }
}

void view_done(struct view *v) {
    free(v->sum);
}
