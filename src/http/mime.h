/* mime.h - a media type from a file name */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_HTTP_MIME_H
#define GOLDCREST_HTTP_MIME_H

#include <stddef.h>

#include "base/span.h"

struct mime_table; /* suffix => type, in any case; immutable */

/* Made from `count` pairs (suffixes as configured: ".tar.gz", "README", ""); the spans are borrowed. */
struct mime_table *mime_make(const struct span *suffixes, const struct span *types, size_t count);
void mime_drop(struct mime_table *table);

/* The built-in table (about 90 types); not to be dropped. */
const struct mime_table *mime_builtin(void);

/* As lighttpd looks: the whole base name, then the longest suffix from a dot ".a.b", ".b", then "".
 * Empty if nothing fits. */
struct span mime_find(const struct mime_table *table, struct span path);

#endif
