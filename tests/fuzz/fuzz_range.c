/* fuzz_range.c - ranges lie within the length, apart from each other; the first eight bytes are the length */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <string.h>

#include "tests/fuzz/fuzz.h"
#include "http/etag.h"
#include "http/range.h"

static uint64_t length_of(const uint8_t *data) {
    uint64_t length = 0;
    for (int i = 0; i < 8; i++) length = length << 8 | data[i];
    return length;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct byte_range r[RANGES_MAX];
    unsigned count = 0;
    if (size < 8) return 0;
    uint64_t length = length_of(data);
    struct span input = {(const char *)data + 8, size - 8}, rest = input, tag;
    enum range_result result = ranges_parse(input, length, r, &count);
    FUZZ_ASSERT(count <= RANGES_MAX && (result == RANGE_OK) == (count > 0));
    for (unsigned i = 0; i < count; i++) {
        FUZZ_ASSERT(r[i].first <= r[i].last && r[i].last < length);
        for (unsigned j = 0; j < i; j++) FUZZ_ASSERT(r[i].last + 1 < r[j].first || r[j].last + 1 < r[i].first);
    }
    while (etag_next(&rest, &tag)) FUZZ_ASSERT(tag.n >= 2 && etag_list_has(input, tag, true));
    return 0;
}
