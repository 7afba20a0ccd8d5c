/* machine.c - the two machines of states.h, drawn from their tables: who stands where, and which ways are taken */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <inttypes.h>

#include "modules/status/status.h"

enum { WIDTH = 380, ROW = 31, BOX_HEIGHT = 24, BOX_WIDTH = 152, NEAR = 20, FAR = 27 };

/* machine - either of the two */
struct machine {
    const char *name;
    unsigned states;
    const char *const *names, *const *says;
    const uint8_t (*next)[WORDS];
    const uint64_t (*said)[WORDS];
    const uint64_t *now;
};

static const char *const words[WORDS] = {"GO_ON", "FINISHED", "COMEBACK", "ERROR"};
static const char *const classes[WORDS] = {"go", "fin", "back", "err"};

static double middle(unsigned state) {
    return 2 + (double)(state * ROW) + (double)BOX_HEIGHT / 2;
}

/* Wider, the more often it was taken. */
static double width_of(uint64_t n) {
    double w = 1;
    for (; n >= 10; n /= 10) w += 0.25;
    return w < 3 ? w : 3;
}

/* A bow to the right; the farther it goes, the wider it is. Each word leaves and arrives beside the others. */
static void put_way(struct buf *out, const struct machine *m, unsigned from, unsigned word) {
    unsigned to = m->next[from][word], span = to > from ? to - from : from - to;
    uint64_t n = m->said[from][word];
    double y1 = middle(from) - 6 + word * 4, y2 = middle(to) - 6 + word * 4, x = BOX_WIDTH, d = NEAR + FAR * span;
    if (to >= m->states) return;
    buf_printf(out,
               "<g class=\"way %s%s\"><path d=\"M%.1f %.1fC%.1f %.1f %.1f %.1f %.1f %.1f\" stroke-width=\"%.2f\"/>"
               "<path class=\"head\" d=\"M%.1f %.1fl6 -3v6z\"/><title>%s, %s: %s, ",
               classes[word], n ? "" : " never", x, y1, x + d, y1, x + d, y2, x + 5, y2, width_of(n), x, y2,
               m->names[from], words[word], m->names[to]);
    put_count(out, n);
    buf_add_text(out, "</title></g>");
}

static void put_box(struct buf *out, const struct machine *m, unsigned state) {
    double y = middle(state) - (double)BOX_HEIGHT / 2;
    buf_printf(out,
               "<g class=\"box%s\"><rect x=\"1\" y=\"%.1f\" width=\"%d\" height=\"%d\" rx=\"5\"/>"
               "<text x=\"10\" y=\"%.1f\">%s</text><text class=\"n\" x=\"%d\" y=\"%.1f\" text-anchor=\"end\">",
               m->now[state] ? " some" : "", y, BOX_WIDTH - 1, BOX_HEIGHT, y + 16, m->names[state], BOX_WIDTH - 8,
               y + 16);
    put_count(out, m->now[state]);
    buf_printf(out, "</text><title>%s</title></g>", m->says[state]);
}

static void draw(struct buf *out, const struct machine *m) {
    buf_printf(out, "<svg viewBox=\"0 0 %d %u\" role=\"img\" aria-label=\"%s\">", WIDTH, m->states * ROW, m->name);
    for (unsigned seen = 0; seen < 2; seen++) /* ways that were taken lie above those that were not */
        for (unsigned s = 0; s < m->states; s++)
            for (unsigned w = 0; w < WORDS; w++)
                if ((m->said[s][w] > 0) == (seen == 1)) put_way(out, m, s, w);
    for (unsigned s = 0; s < m->states; s++) put_box(out, m, s);
    buf_add_text(out, "</svg>");
}

/* ---- the tables ------------------------------------------------------------------------------- */

#define ROW_OF(state, ...) #state,
static const char *const conn_names[] = {CONN_STATES(ROW_OF)};
static const char *const request_names[] = {REQUEST_STATES(ROW_OF)};
#undef ROW_OF
#define ROW_OF(state, step, limit, go_on, finished, comeback, error, says) says,
static const char *const conn_says[] = {CONN_STATES(ROW_OF)};
static const char *const request_says[] = {REQUEST_STATES(ROW_OF)};
#undef ROW_OF
#define ROW_OF(state, step, limit, go_on, finished, comeback, error, says) \
    {CONN_##go_on, CONN_##finished, CONN_##comeback, CONN_##error},
static const uint8_t conn_next[][WORDS] = {CONN_STATES(ROW_OF)};
#undef ROW_OF
#define ROW_OF(state, step, limit, go_on, finished, comeback, error, says) \
    {REQUEST_##go_on, REQUEST_##finished, REQUEST_##comeback, REQUEST_##error},
static const uint8_t request_next[][WORDS] = {REQUEST_STATES(ROW_OF)};
#undef ROW_OF

void draw_conn_machine(struct buf *out, const struct counters_sum *sum) {
    draw(out, &(struct machine){"Connections by state", CONN_STATE_COUNT, conn_names, conn_says, conn_next,
                                (const uint64_t(*)[WORDS])sum->tally.conns.said, sum->conns});
}

void draw_request_machine(struct buf *out, const struct counters_sum *sum) {
    draw(out, &(struct machine){"Requests by state", REQUEST_STATE_COUNT, request_names, request_says, request_next,
                                (const uint64_t(*)[WORDS])sum->tally.requests.said, sum->requests});
}
