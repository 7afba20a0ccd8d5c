/* options.h - the values of deflate.* that are more than a number: checked and made ready at load */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_DEFLATE_OPTIONS_H
#define GOLDCREST_DEFLATE_OPTIONS_H

#include "conf/complain.h"
#include "conf/value.h"
#include "modules/deflate/coder.h"

/* All codings of this build, the preferred first. */
uint32_t options_all_codings(void);

/* The list itself, when there are coders for it. */
void *options_types(const struct value *v, struct complaints *c);

/* For struct directive: each gives memory for free(), or NULL after a complaint. */
void *options_codings(const struct value *v, struct complaints *c); /* uint32_t: see coding_offer() */
void *options_tuning(const struct value *v, struct complaints *c);  /* struct tuning */
void *options_load(const struct value *v, struct complaints *c);    /* double */

/* What deflate.params has, or the coders' own choice; level from 1 on counts where it says nothing. */
struct tuning options_merge(const struct tuning *params, unsigned level);

#endif
