/* base64.h - base64 as strictly as RFC 4648 has it */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_AUTH_BASE64_H
#define GOLDCREST_AUTH_BASE64_H

#include <stdbool.h>

#include "base/buf.h"

/* Appends what it stands for. False, and nothing is appended, where it is not canonical: another letter, padding
 * missing or elsewhere than at the end, bits behind the last byte (RFC 4648 3.2, 3.3, 3.5). */
bool base64_decode(struct span encoded, struct buf *out);

#endif
