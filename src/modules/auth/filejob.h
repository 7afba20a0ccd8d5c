/* filejob.h - users in files: what is asked, and the answer */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_AUTH_FILEJOB_H
#define GOLDCREST_AUTH_FILEJOB_H

#include "modules/auth/backend.h"

enum file_format { FILE_PLAIN = 'p', FILE_HTPASSWD = 'h', FILE_HTDIGEST = 'd' };

/* groupfile: empty if there is none. */
void file_ask(enum file_format format, struct span userfile, struct span groupfile, const struct auth_login *l,
              struct buf *question);

/* struct job_kind's run(): reads the files, hashes, compares. */
void file_answer(struct span question, struct buf *answer);

#endif
