/* page.h - a listing as a page for people, and as JSON */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_DIRLISTING_PAGE_H
#define GOLDCREST_DIRLISTING_PAGE_H

#include "base/buf.h"
#include "modules/dirlisting/listing.h"

/* page - what is shown around the entries; all spans are borrowed */
struct page {
    struct span path;     /* of the URL, decoded; starts and ends with "/" */
    struct span site;     /* what the root is called: the host's name, or empty */
    struct span encoding; /* of names, as HTTP calls it */
    struct span css, js;  /* URLs in place of the style, and of a script; or empty */
    struct span header, readme; /* HTML, ready */
    struct span footer;   /* HTML, ready */
    struct wish wish;
    bool is_sortable;
    bool has_layout;      /* the frame: <html>, <head>, <body> */
};

void page_write(struct buf *out, const struct page *page, const struct listing *l);
void page_write_json(struct buf *out, const struct listing *l);

extern const struct span listing_style;

/* Parts, for the page and its tests. */
void page_add_text(struct buf *out, struct span name, bool is_utf8); /* bytes that cannot be shown are replaced */
void page_add_link(struct buf *out, const struct entry *e); /* relative; "./" before what looks like a scheme */
void page_add_size(struct buf *out, uint64_t bytes);                 /* "1.4 MiB" */
void page_add_grouped(struct buf *out, uint64_t number);             /* "1,474,560" */

#endif
