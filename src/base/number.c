/* number.c - decimal numbers from and to bytes */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "base/number.h"

bool number_parse(struct span s, uint64_t max, uint64_t *number) {
    bool may_overflow = s.n >= NUMBER_BYTES;
    uint64_t value = 0;
    if (s.n == 0) return false;
    for (size_t i = 0; i < s.n; i++) {
        if (!ascii_is_digit(s.p[i])) return false;
        uint64_t digit = (uint64_t)(s.p[i] - '0');
        if (may_overflow && (digit > max || value > (max - digit) / 10)) return false;
        value = value * 10 + digit;
    }
    if (value <= max) *number = value;
    return value <= max;
}

size_t number_format(char out[NUMBER_BYTES], uint64_t number) {
    char digits[NUMBER_BYTES];
    size_t at = NUMBER_BYTES;
    do digits[--at] = (char)('0' + number % 10);
    while (number /= 10);
    memcpy(out, digits + at, NUMBER_BYTES - at);
    return NUMBER_BYTES - at;
}
