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

#endif
