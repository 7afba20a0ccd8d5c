/* fuzz.h - what the entries have in common: an input in, an abort where a promise is broken, no state between */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_FUZZ_H
#define GOLDCREST_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define FUZZ_ASSERT(promise)                                                     \
    do {                                                                         \
        if (!(promise)) {                                                        \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #promise); \
            abort();                                                             \
        }                                                                        \
    } while (0)

/* One for each entry; returns 0. Called by libFuzzer, or by replay_main.c with the files of a corpus. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
