/* forward.h - another server decides who may see what: auth.forward */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_AUTH_FORWARD_H
#define GOLDCREST_AUTH_FORWARD_H

#include "modules/gateway/http.h"

/* forward_rule - immutable, belongs to its rules */
struct forward_rule {
    struct http_settings http;  /* first: what codecs of HTTP see as their settings */
    struct span prefix, target; /* target: what is asked for there, "/verify" */
    struct span *sends, *takes; /* names of fields: of the request, of the answer */
    size_t send_count, take_count;
    struct span user; /* the answer's field that names the user */
    struct gateway_rules *gateway;
};

struct forward_rules;

/* gateway_kind.codec_of: the gateways' codecs, with another request. */
const struct codec *forward_codec(const struct gateway_host *h, const void *settings);

/* compile() and discard() of auth.forward. */
void *forward_rules_make(const struct value *v, struct complaints *c);
void forward_rules_drop(void *rules);
bool forward_rules_are_empty(const struct forward_rules *rules); /* accepts NULL */

/* The first whose prefix the path has, or NULL. */
const struct forward_rule *forward_rule_for(const struct forward_rules *rules, struct span path, bool any_case);

/*
 * For a hook; *slot is NULL at first. GO_ON: the answer was 2xx, its fields are among the request's, in the place
 * of those that the client has sent. FINISHED: its 401, 403 or redirect is ours; or nobody could tell (502, 503,
 * 504).
 */
enum handler forward_run(struct request *r, const struct forward_rule *rule, void **slot);

#endif
