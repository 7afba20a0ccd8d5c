/* conf_text.h - for tests: a configuration as text goes in, text comes out */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_TESTS_CONF_TEXT_H
#define GOLDCREST_TESTS_CONF_TEXT_H

#include "base/span.h"

/* Inputs that know nothing but: t.conf (the main file), in.conf, deep/one.conf, loop.conf, env.SET,
 * the working directory /where, the process 42. */
struct inputs *text_inputs(struct span text);

/* What is complained of; what the tree looks like. To be freed. */
char *text_messages(struct span text);
char *text_tree(struct span text);

#endif
