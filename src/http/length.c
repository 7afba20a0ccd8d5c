/* length.c - Content-Length */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "http/length.h"

#include "base/number.h"
#include "http/why.h"

/* 1*DIGIT */
static int parse(struct span digits, int64_t *length) {
    uint64_t number;
    if (digits.n == 0) return http_refuse(400, "an empty Content-Length");
    for (size_t i = 0; i < digits.n; i++)
        if (!ascii_is_digit(digits.p[i])) return http_refuse(400, "Content-Length is no number");
    if (!number_parse(digits, INT64_MAX, &number)) return http_refuse(413, "Content-Length is larger than 63 bits");
    *length = (int64_t)number;
    return 0;
}

int length_note(struct span value, int64_t *length, struct span *first) {
    struct span element, said = {NULL, 0};
    uint64_t only;
    if (*length < 0 && number_parse(value, INT64_MAX, &only)) { /* nearly always */
        *length = (int64_t)only;
        if (first) *first = value;
        return 0;
    }
    while (span_next(&value, ',', &element)) {
        int64_t one;
        element = span_trim(element);
        int status = parse(element, &one);
        if (status) return status;
        if (*length >= 0 && *length != one) return http_refuse(400, "two different lengths");
        *length = one;
        if (!said.p) said = element;
    }
    if (first) *first = said;
    return said.p ? 0 : http_refuse(400, "an empty Content-Length");
}
