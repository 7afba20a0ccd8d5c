/* fuzz_date.c - a date that is read is written and read again as the same */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "tests/fuzz/fuzz.h"
#include "http/date.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const int64_t now = 1780000000;
    char text[HTTP_DATE_BYTES];
    int64_t t, again;
    if (size >= sizeof t) { /* any number is a date to write */
        memcpy(&t, data, sizeof t);
        date_format(t, text);
        FUZZ_ASSERT(date_parse((struct span){text, sizeof text}, now, &again));
    }
    if (!date_parse((struct span){(const char *)data, size}, now, &t)) return 0;
    date_format(t, text);
    FUZZ_ASSERT(date_parse((struct span){text, sizeof text}, now, &again));
    FUZZ_ASSERT(again == t || t == INT64_C(253402300800)); /* the leap second of the last year */
    return 0;
}
