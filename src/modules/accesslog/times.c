/* times.c - %t, %T and %D of the access log: when a request was, and how long it took */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <time.h>

#include "modules/accesslog/pieces.h"

/* strftime() looks at the time zone's rules; once a second is often enough. */
static void write_text(struct piece *p, int64_t s, struct buf *line) {
    struct time_piece *t = &p->time;
    if (t->text_s != s) {
        time_t seconds = (time_t)s;
        struct tm tm;
        t->text_n = localtime_r(&seconds, &tm) ? strftime(t->text, sizeof t->text, p->argument.p, &tm) : 0;
        t->text_s = s;
    }
    buf_add(line, (struct span){t->text, t->text_n});
}

static void add_padded(struct buf *line, uint64_t number, unsigned digits) {
    char *at = buf_room(line, digits);
    for (unsigned i = digits; i-- > 0; number /= 10) at[i] = (char)('0' + number % 10);
    line->n += digits;
}

void piece_time(struct piece *p, const struct access_facts *f, struct buf *line) {
    const struct time_piece *t = &p->time;
    if (t->form == TIME_TEXT) {
        int64_t begun_s = f->request->begun_s;
        write_text(p, t->is_begin && begun_s ? begun_s : f->now_s, line);
        return;
    }
    uint64_t ns = (uint64_t)f->now_s * 1000000000u + f->now_ns;
    if (t->is_begin && f->elapsed_ns <= ns) ns -= f->elapsed_ns;
    if (t->form == TIME_WHOLE) buf_add_number(line, ns / t->unit_ns);
    else add_padded(line, ns % 1000000000u / t->unit_ns, t->unit_ns == 1000000 ? 3 : t->unit_ns == 1000 ? 6 : 9);
}

void piece_duration(struct piece *p, const struct access_facts *f, struct buf *line) {
    buf_add_number(line, f->elapsed_ns / p->time.unit_ns);
}
