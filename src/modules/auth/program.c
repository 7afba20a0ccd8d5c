/* program.c - goldcrest-authn-ldap, goldcrest-authn-pam: a question is read, its answer is written */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <errno.h>
#include <unistd.h>

#include "base/fd.h"
#include "modules/auth/outside.h"

enum { QUESTION_BYTES_MAX = 64 * 1024 };

int main(void) {
    struct buf question = {0}, answer = {0};
    ssize_t n;
    do {
        n = read(0, buf_room(&question, 4096), 4096);
        if (n > 0) question.n += (size_t)n;
    } while ((n > 0 && question.n <= QUESTION_BYTES_MAX) || (n < 0 && errno == EINTR));
    if (n != 0 || !question.n) return 1;
    outside_answer(buf_span(&question), &answer);
    int status = fd_write_all(1, answer.p, answer.n) == 0 ? 0 : 1;
    memset(question.p, 0, question.n);
    buf_done(&question);
    buf_done(&answer);
    return status;
}
