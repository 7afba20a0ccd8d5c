/* decode.h - for tests: content codings undone by the libraries that others use */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_TESTS_DECODE_H
#define GOLDCREST_TESTS_DECODE_H

#include <stdbool.h>

#include "base/buf.h"

enum decoded { DECODED_WHOLE, DECODED_PARTLY, DECODED_BROKEN };

/* Can this build code and decode it: "gzip", "deflate", "br", "zstd"? */
bool decode_can(struct span coding);

/* Appends what comes out. WHOLE: the coded bytes came to their own end, and nothing stands behind it. */
enum decoded decode(struct span coding, struct span bytes, struct buf *out);

#endif
