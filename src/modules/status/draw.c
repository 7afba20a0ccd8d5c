/* draw.c - charts of the dashboard, as SVG: how it went, and how long things took */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <inttypes.h>

#include "modules/status/status.h"

/* The plot within a picture of WIDTH x HEIGHT units, which are about as large as a pixel on desk and phone. */
static const int WIDTH = 380, HEIGHT = 160, LEFT = 52, RIGHT = 364, TOP = 12, BOTTOM = 132;

static void begin(struct buf *out, const char *name) {
    buf_printf(out, "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s\">", WIDTH, HEIGHT, name);
}

static void text(struct buf *out, double x, double y, const char *anchor) {
    buf_printf(out, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">", x, y, anchor);
}

static void line(struct buf *out, const char *class, double x1, double y1, double x2, double y2) {
    buf_printf(out, "<line class=\"%s\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>", class, x1, y1, x2, y2);
}

/* What stands at a line of the grid: no digits more than it needs. */
static void put_step(struct buf *out, double n, bool is_bytes) {
    static const char *const bytes[] = {" B", " KiB", " MiB", " GiB", " TiB"};
    static const char *const counts[] = {"", "k", "M", "G", "T"};
    double unit = is_bytes ? 1024 : 1000;
    unsigned i = 0;
    for (; n >= unit && i < 4; n /= unit) i++;
    buf_printf(out, "%.4g%s", n, is_bytes ? bytes[i] : counts[i]);
}

/* ---- how it went ------------------------------------------------------------------------------ */

/* 1, 2 or 5 times a power of ten; of bytes, times one of 1024. */
static double round_up(double most, bool is_bytes) {
    static const double steps[] = {1, 2, 5, 10};
    double unit = 1, ten = 1;
    while (is_bytes && most / unit >= 1000) unit *= 1024;
    while (most / unit > ten * 10) ten *= 10;
    if (!is_bytes && most < 1) return 1;
    for (unsigned i = 0; i < 4; i++)
        if (most <= steps[i] * ten * unit) return steps[i] * ten * unit;
    return 10 * ten * unit;
}

static double x_of(unsigned i) {
    return LEFT + (RIGHT - LEFT) * (i + 1.0) / (double)HISTORY_POINTS;
}

static void put_curve(struct buf *out, const double *points, double most) {
    for (unsigned i = 0; i < HISTORY_POINTS; i++)
        buf_printf(out, "%s%.1f %.1f", i ? "L" : "M", x_of(i), BOTTOM - (BOTTOM - TOP) * points[i] / most);
}

void draw_history(struct buf *out, const double *points, bool is_bytes, const char *name) {
    double most = is_bytes ? 1024 : 1;
    for (unsigned i = 0; i < HISTORY_POINTS; i++) most = points[i] > most ? points[i] : most;
    most = round_up(most, is_bytes);
    begin(out, name);
    for (unsigned i = 0; i <= 2; i++) {
        double y = BOTTOM - i / 2.0 * (BOTTOM - TOP);
        line(out, i ? "grid" : "axis", LEFT, y, RIGHT, y);
        text(out, LEFT - 6, y + 4, "end");
        put_step(out, most * i / 2, is_bytes);
        buf_add_text(out, "</text>");
    }
    for (unsigned m = 0; m <= 5; m++) {
        double x = RIGHT - m / 5.0 * (RIGHT - LEFT);
        line(out, "axis", x, BOTTOM, x, BOTTOM + 4);
        text(out, x, BOTTOM + 18, "middle");
        if (m) buf_printf(out, "\xe2\x88\x92%u min</text>", m);
        else buf_add_text(out, "now</text>");
    }
    buf_add_text(out, "<path class=\"area\" d=\"");
    put_curve(out, points, most);
    buf_printf(out, "L%d %dL%.1f %dZ\"/><path class=\"curve\" d=\"", RIGHT, BOTTOM, x_of(0), BOTTOM);
    put_curve(out, points, most);
    buf_add_text(out, "\"/></svg>");
}

/* ---- how long things took --------------------------------------------------------------------- */

/* To a thousandth, which is finer than a pixel: no library for it. */
static double ten_log(double x) {
    double log = 0;
    for (; x >= 10; x /= 10) log++;
    for (; x < 1; x *= 10) log--;
    for (double bit = 0.5; bit > 0.0005; bit /= 2) {
        x *= x;
        if (x < 10) continue;
        x /= 10;
        log += bit;
    }
    return log;
}

static double ten_to(int power) {
    double x = 1;
    for (; power > 0; power--) x *= 10;
    return x;
}

/* The power of ten that is not above us; or the one that is not below it. */
static int power_below(uint64_t us) {
    int power = 0;
    for (; us >= 10; us /= 10) power++;
    return power;
}
static int power_above(uint64_t us) {
    int power = power_below(us);
    return ten_to(power) < (double)us ? power + 1 : power;
}

/* scale - logarithmic: from 10^first to 10^last microseconds */
struct scale {
    int first, last;
};

static double log_x(const struct scale *s, double us) {
    double part = (ten_log(us < 0.5 ? 0.5 : us) - s->first) / (s->last - s->first);
    return LEFT + (RIGHT - LEFT) * (part < 0 ? 0 : part > 1 ? 1 : part);
}

/* At least two decades around what there is. */
static struct scale scale_of(const struct histogram *h) {
    struct scale s = {2, 4};
    bool any = false;
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
        if (!h->count[i]) continue;
        uint64_t end = i + 1 < HISTOGRAM_BUCKETS ? histogram_end_us(i) : UINT64_C(1) << 29;
        int from = i ? power_below(histogram_end_us(i - 1)) : 0, to = power_above(end);
        if (!any) s = (struct scale){from, to};
        any = true;
        if (to > s.last) s.last = to;
    }
    if (s.last - s.first < 2) s.last = s.first + 2;
    return s;
}

static void put_bars(struct buf *out, const struct histogram *h, const struct scale *s, double most) {
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
        if (!h->count[i]) continue;
        double from = log_x(s, i ? (double)histogram_end_us(i - 1) : 0.5);
        double to = log_x(s, i + 1 < HISTOGRAM_BUCKETS ? (double)histogram_end_us(i) : 1e9);
        double height = (BOTTOM - TOP) * (double)h->count[i] / most;
        if (height < 1) height = 1;
        if (to - from < 1.5) to = from + 1.5;
        buf_printf(out, "<rect class=\"bar\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>", from + 0.25,
                   BOTTOM - height, to - from - 0.5, height);
    }
}

static void put_marks(struct buf *out, const struct histogram *h, const struct scale *s) {
    static const struct {
        double share;
        const char *class;
    } marks[] = {{0.5, "mark p50"}, {0.9, "mark p90"}, {0.99, "mark p99"}};
    for (unsigned i = 0; i < 3 && histogram_total(h); i++) {
        double x = log_x(s, (double)histogram_quantile(h, marks[i].share) / 1000);
        line(out, marks[i].class, x, TOP - 4, x, BOTTOM);
    }
}

static void put_quantile(struct buf *out, const struct histogram *h, const char *name, double share,
                         const char *class) {
    buf_printf(out, "<span><i class=\"%s\"></i>%s <b>", class, name);
    put_time(out, histogram_quantile(h, share));
    buf_add_text(out, "</b></span>");
}

void draw_times(struct buf *out, const struct histogram *h) {
    struct scale s = scale_of(h);
    double most = 1;
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) most = (double)h->count[i] > most ? (double)h->count[i] : most;
    double top = round_up(most, false);
    begin(out, "How long requests took");
    for (unsigned i = 0; i <= 2; i++) {
        double y = BOTTOM - i / 2.0 * (BOTTOM - TOP);
        line(out, i ? "grid" : "axis", LEFT, y, RIGHT, y);
        text(out, LEFT - 6, y + 4, "end");
        put_step(out, top * i / 2, false);
        buf_add_text(out, "</text>");
    }
    for (int d = s.first; d <= s.last; d++) {
        double x = log_x(&s, ten_to(d));
        line(out, "axis", x, BOTTOM, x, BOTTOM + 4);
        text(out, x, BOTTOM + 18, "middle");
        buf_printf(out, "%.0f %s</text>", ten_to(d % 3), d < 3 ? "\xc2\xb5s" : d < 6 ? "ms" : "s");
    }
    put_bars(out, h, &s, top);
    put_marks(out, h, &s);
    buf_add_text(out, "</svg><p class=\"legend\">");
    put_quantile(out, h, "p50", 0.5, "k p50");
    put_quantile(out, h, "p90", 0.9, "k p90");
    put_quantile(out, h, "p99", 0.99, "k p99");
    put_quantile(out, h, "p99.9", 0.999, "k");
    buf_add_text(out, "</p>");
}
