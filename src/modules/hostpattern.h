/* hostpattern.h - paths made of host names, as in evhost.path-pattern */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_MODULES_HOSTPATTERN_H
#define GOLDCREST_MODULES_HOSTPATTERN_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/span.h"
#include "conf/complain.h"

/*
 *   of www.example.org:81     %_  www.example.org     %1  org        %3      www        %%      %
 *                             %0  example.org         %2  example    %{2.1}  e          %{3.0}  www
 *
 * A label that is not there is empty. IPv6 literals have no labels.
 */
struct host_pattern;

/* compile and discard of a directive (conf/directive.h). The value must outlive the pattern. */
void *host_pattern_make(const struct value *v, struct complaints *c);
void host_pattern_drop(void *pattern);

/* Appends. `host` is without its port. */
void host_pattern_expand(const struct host_pattern *pattern, struct span host, struct buf *out);

/* May it be part of a path? Not if it is empty, has empty labels ("..") or bytes that mean something there. */
bool host_is_name(struct span host);

#endif
