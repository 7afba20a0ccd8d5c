/* complain.h - errors that explain themselves: file:line:column, the line, a caret, what was expected */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_CONF_COMPLAIN_H
#define GOLDCREST_CONF_COMPLAIN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/span.h"
#include "conf/value.h"

/*
 *   lighttpd.conf:12:1: error: server.prot is not a directive
 *     server.prot = 80
 *     ^~~~~~~~~~~
 *     did you mean server.port?
 */
struct complaints; /* collects messages until they are printed */

enum complaint_kind { COMPLAINT_ERROR, COMPLAINT_WARNING, COMPLAINT_NOTE };

struct complaints *complaints_make(void);
void complaints_drop(struct complaints *c);

/* At a place, underlining `width` bytes (0: a caret only); hint (may be NULL) is printed under the caret. */
void complain(struct complaints *c, enum complaint_kind kind, struct place at, size_t width, const char *hint,
              const char *format, ...) __attribute__((format(printf, 6, 7)));

/* Where compile() of a directive reads files from, so that they are part of the configuration's record; set by
 * whoever loads it. NULL: there is none. */
struct inputs;
void complaints_set_inputs(struct complaints *c, struct inputs *in);
struct inputs *complaints_inputs(const struct complaints *c);
/* Where need() collects (needs.h); NULL: nowhere. */
struct needs;
void complaints_set_needs(struct complaints *c, struct needs *needs);
struct needs *complaints_needs(const struct complaints *c);

size_t complaints_errors(const struct complaints *c);
size_t complaints_warnings(const struct complaints *c);

/* All messages, in order of their making, as text with a newline behind each line. */
void complaints_print(const struct complaints *c, struct buf *out);

/* line and column (both from 1; a column is a byte) of a place; "vhost.conf:12" for messages elsewhere. */
void place_line(struct place at, unsigned *line, unsigned *column);
struct span place_name(struct place at); /* the source's name; "(built in)" for nowhere */

/* The candidate nearest to `word` by edit distance (case-insensitive), if it is near enough to be a slip; or NULL. */
const char *did_you_mean(struct span word, const char *(*candidate)(void *arg, size_t i), void *arg);

/* For complain(): "did you mean NEAR?" written to hint, or `otherwise` (may be NULL) where near is NULL. */
enum { HINT_BYTES = 160 };
const char *hint_near(char hint[HINT_BYTES], const char *near, const char *otherwise);

#endif
