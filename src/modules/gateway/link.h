/* link.h - connections to backends, kept between requests */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_GATEWAY_LINK_H
#define GOLDCREST_GATEWAY_LINK_H

struct backend;

/* Closes the connections that wait for a request; the others go on. */
void links_close_idle(struct backend *b);
void h2_links_close_idle(struct backend *b); /* link_h2.c: the same for HTTP/2; nobody joins the others any more */

#endif
