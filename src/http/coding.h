/* coding.h - content codings: which a client takes, which it gets (RFC 9110 8.4.1, 12.5.3) */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_HTTP_CODING_H
#define GOLDCREST_HTTP_CODING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/span.h"
#include "http/fields.h"

enum coding { CODING_IDENTITY, CODING_GZIP, CODING_BR, CODING_ZSTD, CODING_DEFLATE, CODING_COUNT };

/* As Content-Encoding has it; what such a file's name ends with (".gz"), empty where nobody writes such files. */
struct span coding_name(enum coding coding);
struct span coding_suffix(enum coding coding);

/* By its name, in any case; "x-gzip" is gzip (RFC 9110 8.4.1.3). CODING_COUNT: none of ours. */
enum coding coding_find(struct span name);

/*
 * What a client accepts: four bits for each coding, from the lowest on, in the order of the enum. 0: it is not to be
 * sent; else its rank among the others, by q: the higher the more welcome. Only the order of the q values counts.
 */
uint32_t coding_accepts(const struct fields *request);

/* What is offered: four bits for each coding, the most preferred in the lowest; 0 ends the list. */
uint32_t coding_offer(uint32_t offered, enum coding coding); /* with one more behind it, unless it is there */
bool coding_is_offered(uint32_t offered, enum coding coding);
bool coding_next(uint32_t *offered, enum coding *coding); /* takes the first off the list; false at its end */

/* The offered coding that the client wants most; of equals the first, before identity. CODING_IDENTITY if none is
 * acceptable: then also for a client that refuses identity, since something is better than nothing. */
enum coding coding_choose(uint32_t accepts, uint32_t offered);

/*
 * choices - what was decided by Accept-Encoding on a response's way; zeroed memory: nothing
 * The response is right for all clients for which the same would have been decided.
 */
enum { CHOICES_MAX = 2 };
struct choices {
    struct {
        uint32_t offered;
        uint8_t chosen; /* enum coding */
    } list[CHOICES_MAX];
    uint8_t count;
};

/* Notes one more. False if there is no room: then the response is for this client alone. */
bool choices_add(struct choices *c, uint32_t offered, enum coding chosen);

/* Would they be the same for this client? */
bool choices_hold(const struct choices *c, const struct fields *request);

/* Adds Accept-Encoding to Vary (RFC 9110 12.5.5), unless it is there. */
void coding_vary(struct fields *response, struct arena *a);

/* The entity tag of a coded representation, from that of the plain one: "a" becomes "a-gzip", or W/"a-gzip" where the
 * same bytes need not come out twice (RFC 9110 8.8.3.3). Empty stays empty. */
struct span coding_etag(struct span etag, enum coding coding, bool weak, struct arena *a);

#endif
