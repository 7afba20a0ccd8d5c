/* fuzz_uri.c - targets under every combination of options; the first two bytes choose them */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "tests/fuzz/fuzz.h"
#include "http/uri.h"

static void check_path(struct span path) {
    FUZZ_ASSERT(path.n > 0 && (path.p[0] == '/' || span_is(path, SPAN("*"))));
    FUZZ_ASSERT(span_find(path, '\0') == path.n);
    FUZZ_ASSERT(span_search(path, SPAN("/../")) == path.n && !span_ends(path, SPAN("/..")));
    FUZZ_ASSERT(span_search(path, SPAN("//")) == path.n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct arena arena = {NULL, NULL, NULL};
    struct uri uri, again;
    if (size < 2) return 0;
    unsigned options = (unsigned)data[0] << 8 | data[1];
    struct span input = {(const char *)data + 2, size - 2}, host = input, parts[3];
    if (uri_parse(&uri, input, options, &arena) == 0) {
        check_path(uri.path);
        if (uri_parse(&again, uri.target, options, &arena) == 0) FUZZ_ASSERT(span_is(uri.path, again.path));
        else FUZZ_ASSERT(!(options & PARSE_URL_NORMALIZE));
    }
    if (host_parse(&host, options, &arena) == 0)
        FUZZ_ASSERT(host.n <= input.n && span_find(host, '/') == host.n && span_find(host, '@') == host.n);
    if (uri_absolute(input, &parts[0], &parts[1], &parts[2]))
        FUZZ_ASSERT(parts[0].n + parts[1].n + parts[2].n + 3 == input.n);
    arena_done(&arena);
    return 0;
}
