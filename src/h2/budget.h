/* budget.h - what a peer may make us do beside its requests: budgets.def says what and how much */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_H2_BUDGET_H
#define GOLDCREST_H2_BUDGET_H

#include <stdbool.h>
#include <stdint.h>

enum budget {
#define BUDGET(id, start, price, why) BUDGET_##id,
#include "h2/budgets.def"
#undef BUDGET
    BUDGETS
};

/* Units of useful work. */
enum { BUDGET_RESPONSE = 8, BUDGET_DATA = 1, BUDGET_SECOND = 1 };

enum { BUDGET_DATA_BYTES = 1024 }; /* of a received DATA frame that counts as useful */
enum { TINY_INCREMENT = 256 }; /* bytes of a WINDOW_UPDATE below which it costs */

/* budgets - of one session; work is one addition, the rest is reckoned when something is spent */
struct budgets {
    uint32_t worked;              /* units; wraps around */
    uint32_t seen[BUDGETS];       /* of `worked`, when something was last spent */
    uint16_t spent[BUDGETS];
};

static inline void budget_worked(struct budgets *b, uint32_t units) {
    b->worked += units;
}

/* Takes the price of one. NULL; or why the budget is used up: the connection is to end. */
const char *budget_spend(struct budgets *b, enum budget which);

#endif
