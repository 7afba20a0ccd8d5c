/* question.h - what is asked of the processes that check passwords, and what they say */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_AUTH_QUESTION_H
#define GOLDCREST_AUTH_QUESTION_H

#include <stdbool.h>

#include "base/buf.h"

/*
 * A question is a list of texts, and so is an answer:
 *   question   what each backend wants to know; the file, the directory and the password are all in it
 *   answer     a verdict (one letter)
 *              PASSED: "1" if the user is in one of the groups that were asked for, else "0"; the user's name; for
 *              Digest H(user:realm:password)
 *              BROKEN: a sentence for the log
 */
enum verdict {
    VERDICT_PASSED = 'p',
    VERDICT_WRONG = 'w', /* no such user, or another password */
    VERDICT_BROKEN = 'b' /* nobody can tell */
};

/* Each text is its length in four bytes, then its bytes. */
void texts_add(struct buf *out, struct span text);
/* False when there is none, or what is there is damaged; text is empty then. */
bool texts_next(struct span *rest, struct span *text);

void answer_passed(struct buf *answer, bool in_group, struct span user, struct span secret);
void answer_wrong(struct buf *answer);
void answer_broken(struct buf *answer, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
