/* budget.c - what a peer may make us do beside its requests */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "h2/budget.h"

#include <stddef.h>

static const struct {
    uint16_t start, price;
    const char *why;
} rows[BUDGETS] = {
#define BUDGET(id, start, price, why) {start, price, why},
#include "h2/budgets.def"
#undef BUDGET
};

const char *budget_spend(struct budgets *b, enum budget which) {
    uint32_t back = b->worked - b->seen[which];
    b->seen[which] = b->worked;
    b->spent[which] = (uint16_t)(back < b->spent[which] ? b->spent[which] - back : 0);
    if (b->spent[which] + rows[which].price > rows[which].start) return rows[which].why;
    b->spent[which] = (uint16_t)(b->spent[which] + rows[which].price);
    return NULL;
}
