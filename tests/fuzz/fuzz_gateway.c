/* fuzz_gateway.c - what a backend says means the same at once and byte for byte: FastCGI, SCGI, AJP13 */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "tests/fuzz/fuzz.h"
#include "tests/unit/modules/pair.h"

static void promise(const struct message_pair *p, enum take word) {
    FUZZ_ASSERT(p->fields.count <= 400 && p->length >= -1);
    for (uint32_t i = 0; i < p->fields.count; i++) {
        const struct field *f = &p->fields.list[i];
        FUZZ_ASSERT(is_token(f->name));
        for (size_t j = 0; j < f->value.n; j++) FUZZ_ASSERT(char_class[(unsigned char)f->value.p[j]] & CHAR_FIELD);
        FUZZ_ASSERT(f->id != HEADER_CONTENT_LENGTH && f->id != HEADER_TRANSFER_ENCODING);
        FUZZ_ASSERT(f->id != HEADER_CONNECTION);
    }
    FUZZ_ASSERT(word != TAKE_END || (p->status >= (p->is_tunnel ? 101 : 200) && p->status <= 999));
}

/* The first byte: which codec (two bits), method HEAD, an upgrade is wanted. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const struct codec *const codecs[] = {&fastcgi_codec, &scgi_codec, &ajp13_codec, &uwsgi_codec};
    struct pair t;
    struct buf whole = {0};
    if (size == 0 || size > 1 << 17) return 0;
    struct span response = {(const char *)data + 1, size - 1};
    pair_begin(&t, codecs[data[0] & 3]);
    if (data[0] & 4) t.r.in.method = METHOD_HEAD;
    t.p.is_upgrade = data[0] & 8;
    pair_hear(&t, response, SIZE_MAX, true);
    buf_add(&whole, buf_span(&t.story));
    promise(&t.p, t.word);
    pair_anew(&t);
    pair_hear(&t, response, 1, true);
    FUZZ_ASSERT(span_is(buf_span(&whole), buf_span(&t.story)));
    buf_done(&whole);
    buf_done(&pair_log);
    pair_end(&t);
    return 0;
}
