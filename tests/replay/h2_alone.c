/* h2_alone.c - no second implementation of HPACK is here to compare with */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "h2_peer.h"

struct second_decoder *second_make(void) {
    return NULL;
}

void second_drop(struct second_decoder *d) {
    (void)d;
}

void second_resize(struct second_decoder *d, uint32_t bytes) {
    (void)d, (void)bytes;
}

const char *second_read(struct second_decoder *d, struct span block, struct span lines) {
    (void)d, (void)block, (void)lines;
    return NULL;
}
