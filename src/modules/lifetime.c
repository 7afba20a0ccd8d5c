/* lifetime.c - how long a response stays fresh: "access plus 2 hours 30 minutes" */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "modules/lifetime.h"

#include "base/number.h"

enum { MINUTE = 60, HOUR = 60 * MINUTE, DAY = 24 * HOUR };

static const struct {
    struct span name; /* without "s" */
    int64_t seconds;
} units[] = {
    {SPAN_INIT("second"), 1},       {SPAN_INIT("minute"), MINUTE}, {SPAN_INIT("hour"), HOUR},
    {SPAN_INIT("day"), DAY},        {SPAN_INIT("week"), 7 * DAY},  {SPAN_INIT("month"), 30 * DAY},
    {SPAN_INIT("year"), 365 * DAY},
};

static bool next_word(struct span *rest, struct span *word) {
    do
        if (!span_next(rest, ' ', word)) return false;
    while (word->n == 0);
    return true;
}

static int64_t unit_seconds(struct span word) {
    if (word.n > 1 && word.p[word.n - 1] == 's') word.n--;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (span_is(word, units[i].name)) return units[i].seconds;
    return 0;
}

static const char *parse_sum(struct span rest, struct span word, struct lifetime *l) {
    do {
        uint64_t number;
        struct span unit;
        if (!number_parse(word, LIFETIME_MAX_S, &number)) return "a number is expected";
        if (!next_word(&rest, &unit)) return "a unit is expected behind the number";
        int64_t seconds = unit_seconds(unit);
        if (seconds == 0) return "the units are seconds, minutes, hours, days, weeks, months and years";
        l->seconds += (int64_t)number * seconds;
        if (l->seconds > LIFETIME_MAX_S) return "that is more than 68 years";
    } while (next_word(&rest, &word));
    return NULL;
}

const char *lifetime_parse(struct span text, struct lifetime *l) {
    struct span rest = text, word;
    *l = (struct lifetime){LIFETIME_NONE, 0};
    if (!next_word(&rest, &word)) return NULL;
    if (span_is(word, SPAN("access")) || span_is(word, SPAN("now"))) l->from = LIFETIME_FROM_ACCESS;
    else if (span_is(word, SPAN("modification"))) l->from = LIFETIME_FROM_MODIFICATION;
    else return "it begins with \"access\" or \"modification\"";
    bool more = next_word(&rest, &word);
    if (more && span_is(word, SPAN("plus"))) more = next_word(&rest, &word);
    return more ? parse_sum(rest, word, l) : "a number and a unit are expected";
}

int64_t lifetime_end(const struct lifetime *l, int64_t now, int64_t modified) {
    int64_t end = (l->from == LIFETIME_FROM_MODIFICATION ? modified : now) + l->seconds;
    if (end < now) return now;
    return end - now > LIFETIME_MAX_S ? now + LIFETIME_MAX_S : end;
}
