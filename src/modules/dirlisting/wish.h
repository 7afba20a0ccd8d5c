/* wish.h - how a client wants a listing: order and form */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_DIRLISTING_WISH_H
#define GOLDCREST_DIRLISTING_WISH_H

#include <stdbool.h>

#include "base/span.h"

enum listing_column { BY_NAME, BY_TIME, BY_SIZE };

struct wish {
    enum listing_column by;
    bool descending;
    bool json; /* the query asks for it */
};

/* "C=N|M|S", "O=A|D" and "json", between "&" or ";" ; everything else in the query is for somebody else. */
struct wish wish_from_query(struct span query);

/* Does this Accept field (RFC 9110 12.5.1) prefer JSON to a page for people? Only who names application/json gets
 * it. */
bool accept_prefers_json(struct span accept);

#endif
