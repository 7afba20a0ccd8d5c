/* errorpage.h - the server's own page for an error status */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_ERRORPAGE_H
#define GOLDCREST_ERRORPAGE_H

#include "base/buf.h"
#include "conf/value.h"

/* A whole HTML page, light and dark, without outside resources; tag stands at its foot unless it is empty. */
void error_page(struct buf *page, int status, struct span tag);

/* Of server.errorfiles the first whose status fits; empty: none. `files` may be NULL. */
struct span error_file(const struct value *files, int status);

#endif
