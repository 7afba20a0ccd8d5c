/* h2_nghttp2.c - the server's header blocks, read by nghttp2 as well */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <nghttp2/nghttp2.h>
#include <stdlib.h>

#include "base/memory.h"
#include "h2_peer.h"

struct second_decoder {
    nghttp2_hd_inflater *inflater;
    struct buf lines;
};

struct second_decoder *second_make(void) {
    struct second_decoder *d = memory_zeroed(1, sizeof *d);
    if (nghttp2_hd_inflate_new(&d->inflater) != 0) abort();
    return d;
}

void second_drop(struct second_decoder *d) {
    nghttp2_hd_inflate_del(d->inflater);
    buf_done(&d->lines);
    free(d);
}

void second_resize(struct second_decoder *d, uint32_t bytes) {
    if (nghttp2_hd_inflate_change_table_size(d->inflater, bytes) != 0) abort();
}

const char *second_read(struct second_decoder *d, struct span block, struct span lines) {
    int flags = 0;
    buf_clear(&d->lines);
    do {
        nghttp2_nv field;
        flags = 0;
        ssize_t used =
            nghttp2_hd_inflate_hd2(d->inflater, &field, &flags, (const uint8_t *)block.p, block.n, 1);
        if (used < 0) return nghttp2_strerror((int)used);
        block = span_from(block, (size_t)used);
        if (!(flags & NGHTTP2_HD_INFLATE_EMIT)) continue;
        buf_add(&d->lines, (struct span){(const char *)field.name, field.namelen});
        buf_add(&d->lines, SPAN(": "));
        buf_add(&d->lines, (struct span){(const char *)field.value, field.valuelen});
        buf_add(&d->lines, SPAN("\r\n"));
    } while (!(flags & NGHTTP2_HD_INFLATE_FINAL) && (block.n || (flags & NGHTTP2_HD_INFLATE_EMIT)));
    nghttp2_hd_inflate_end_headers(d->inflater);
    if (block.n) return "nghttp2 stops before the end of the header block";
    return span_is(buf_span(&d->lines), lines) ? NULL : "nghttp2 reads other fields";
}
