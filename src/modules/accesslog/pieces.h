/* pieces.h - what a compiled access log format consists of */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_ACCESSLOG_PIECES_H
#define GOLDCREST_ACCESSLOG_PIECES_H

#include "http/names.h"
#include "modules/accesslog/format.h"

enum { TIME_TEXT_BYTES = 96 };

enum time_form { TIME_TEXT, TIME_WHOLE, TIME_FRACTION };

/* time_piece - of %t and %T */
struct time_piece {
    enum time_form form;
    bool is_begin;
    uint32_t unit_ns;            /* WHOLE, FRACTION, and %T: a second, a millisecond … */
    int64_t text_s;              /* the second that `text` was written for */
    size_t text_n;
    char text[TIME_TEXT_BYTES];
};

/* piece - literal text, or a conversion */
struct piece {
    void (*write)(struct piece *p, const struct access_facts *f, struct buf *line);
    struct span argument; /* with a NUL behind it */
    enum header header;
    bool masked, remote, reason;
    struct time_piece time;
};

/* conversion - a letter of the format language, and what stands for it in a line */
struct conversion {
    char letter;
    enum { TAKES_NOTHING, TAKES_WORD, TAKES_TIME, TAKES_NAME } takes; /* NAME: has to have one */
    void (*write)(struct piece *p, const struct access_facts *f, struct buf *line);
};

extern const struct conversion conversions[];
extern const size_t conversion_count;

void piece_literal(struct piece *p, const struct access_facts *f, struct buf *line);
void piece_time(struct piece *p, const struct access_facts *f, struct buf *line);
void piece_duration(struct piece *p, const struct access_facts *f, struct buf *line);

#endif
