/* answer.h - the end of an answer, by its head alone: status and length */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_BENCH_ANSWER_H
#define GOLDCREST_BENCH_ANSWER_H

#include <stddef.h>
#include <stdint.h>

enum { ANSWER_HEAD_BYTES = 2048 };

enum answer_state {
    ANSWER_IN_HEAD,
    ANSWER_IN_BODY,
    ANSWER_WHOLE,
    ANSWER_NONE /* not HTTP/1.1, without a length, or with too long a head */
};

/* answer - one that is being received; its body's bytes are counted and not kept */
struct answer {
    enum answer_state state;
    unsigned status;
    uint64_t body_bytes, left_bytes;
    size_t head_bytes;
    char head[ANSWER_HEAD_BYTES]; /* what has come of it, if it has not come at once */
};

void answer_begin(struct answer *a);

/* Takes as many of the bytes as belong to it, and says how many. */
size_t answer_take(struct answer *a, const char *p, size_t n);

#endif
