/* template.h - the replacement language of url.redirect, url.rewrite and setenv.template-* */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_MODULES_TEMPLATE_H
#define GOLDCREST_MODULES_TEMPLATE_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/regex.h"
#include "base/span.h"
#include "conf/complain.h"

/*
 *   $0…$9  ${0}…${19}   what the rule's own pattern captured       $$  a dollar
 *   %0…%9  %{0}…%{19}   what the condition around it captured      %%  a percent sign
 *   ${url.path}         a part of the request's URL; the same as %{url.path}
 *   ${qsa}              "?" or "&" and the query, if there is one
 *   ${esc:url.path}     any number of prefixes: first base64, then the letters' case, then escapes
 *
 * Anything else is itself. What is not there is empty.
 *
 * A module may know more names, template_more tells which: ${client.ip}.
 */
struct template;

/* template_more - names of a module's own */
struct template_more {
    bool (*knows)(struct span name);
    struct span (*value)(void *arg, struct span name); /* lives at least as long as the expansion */
};

/* url_parts - what a request's URL is made of; path and query as in the target, still encoded */
struct url_parts {
    struct span scheme, authority, authority_noport, port, path, query;
};

struct template_inputs {
    const struct captures *rule;
    const struct captures *condition; /* NULL: there is none */
    bool condition_is_decoded;        /* its captures are of the decoded path: %N is encoded again */
    struct url_parts url;
    void *more;                       /* for template_more.value */
};

/* Complains (as a warning) of what it does not know; that then expands to nothing. `v` must outlive the template. */
struct template *template_make(const struct value *v, struct complaints *c);
/* `more` outlives the template, too; NULL: none. */
struct template *template_make_knowing(const struct value *v, const struct template_more *more,
                                       struct complaints *c);
void template_drop(struct template *t);

bool template_is_empty(const struct template *t);
bool template_uses_condition(const struct template *t);
bool template_uses_more(const struct template *t);

/* Appends. The result may hold any bytes that the inputs hold. */
void template_expand(const struct template *t, const struct template_inputs *in, struct buf *out);

/* Appends a URL in the form that a field may hold: whatever is not visible ASCII is percent-encoded. */
void location_encode(struct buf *out, struct span url);

#endif
