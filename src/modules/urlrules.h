/* urlrules.h - pattern lists applied to a request's target */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_MODULES_URLRULES_H
#define GOLDCREST_MODULES_URLRULES_H

#include "modules/keyvalue.h"
#include "server/module.h"

enum rules_word {
    RULES_NO_MATCH,
    RULES_STOP, /* a rule without a replacement matched: nothing is to be done */
    RULES_REPLACED
};

/*
 * Patterns see path and query as one, encoded. set_in: the block where the rules were set (for %N).
 * *result lives as long as the request.
 */
enum rules_word request_apply_rules(struct request *r, const struct rules *rules, const struct block *set_in,
                                    struct span *result);

/* What a template takes from the request's URL; spans live as long as the request. */
struct url_parts request_url_parts(struct request *r);

/* For %N: the captures of the condition around `set_in`, if the template wants them. */
void request_template_captures(struct request *r, const struct template *t, const struct block *set_in,
                               struct captures *captures, struct template_inputs *in);

#endif
