/* question.c - lists of texts as bytes */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "modules/auth/question.h"

#include <stdarg.h>
#include <stdint.h>

enum { LENGTH_BYTES = sizeof(uint32_t) }; /* both ends are one program on one machine */

void texts_add(struct buf *out, struct span text) {
    uint32_t n = (uint32_t)text.n;
    buf_add(out, (struct span){(const char *)&n, LENGTH_BYTES});
    buf_add(out, text);
}

bool texts_next(struct span *rest, struct span *text) {
    uint32_t n;
    *text = SPAN("");
    if (rest->n < LENGTH_BYTES) return false;
    memcpy(&n, rest->p, LENGTH_BYTES);
    if (rest->n - LENGTH_BYTES < n) return false;
    *text = span_upto(span_from(*rest, LENGTH_BYTES), n);
    *rest = span_from(*rest, LENGTH_BYTES + n);
    return true;
}

static void begin(struct buf *answer, enum verdict verdict) {
    char letter = (char)verdict;
    buf_clear(answer);
    texts_add(answer, (struct span){&letter, 1});
}

void answer_passed(struct buf *answer, bool in_group, struct span user, struct span secret) {
    begin(answer, VERDICT_PASSED);
    texts_add(answer, in_group ? SPAN("1") : SPAN("0"));
    texts_add(answer, user);
    texts_add(answer, secret);
}

void answer_wrong(struct buf *answer) {
    begin(answer, VERDICT_WRONG);
}

void answer_broken(struct buf *answer, const char *format, ...) {
    struct buf text = {0};
    va_list args;
    va_start(args, format);
    buf_vprintf(&text, format, args);
    va_end(args);
    begin(answer, VERDICT_BROKEN);
    texts_add(answer, buf_span(&text));
    buf_done(&text);
}
