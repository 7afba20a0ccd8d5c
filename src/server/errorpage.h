/* errorpage.h - the server's own page for an error status */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_ERRORPAGE_H
#define GOLDCREST_ERRORPAGE_H

#include "base/buf.h"

/* A whole HTML page, light and dark, without outside resources; tag stands at its foot unless it is empty. */
void error_page(struct buf *page, int status, struct span tag);

#endif
