/* directives.h - every directive of this program, for people and for programs */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_DIRECTIVES_H
#define GOLDCREST_DIRECTIVES_H

#include <stdbool.h>

/*
 * --help-config, --help-config=NAME and --help-config=table
 * what: NULL, all of them, for people; the beginning of a name: those that begin so; "table": all of them, a line for
 * each, with tabs between module ("server" is none), name, type, scope, default (empty: there is none, or none that a
 * word could say), state ("", "ignored", "deprecated"), help, and what to write today or why it has no effect. False:
 * no name begins so.
 */
bool directives_print(const char *what);

#endif
