/* chunked.c - decodes chunked coding (RFC 9112 7.1) */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "h1/h1.h"
#include "http/why.h"

enum { DIGITS_MAX = 16, EXTENSION_MAX = 256 };

/*
 *   +-> SIZE --BWS--> BLANK --";"--> EXTENSION --CR--> SIZE_LF --LF--> DATA --all of it--> DATA_CR --> DATA_LF --+
 *   |    | | `----------";"----------->'              ^     `-- size 0 --> END                                   |
 *   |    | `-----------------CR-----------------------'                                                          |
 *   +------------------------------------------------------------------------------------------------------------+
 * LF alone ends no line, blanks stand nowhere else: what two parsers could read differently is refused.
 */
enum state { SIZE, BLANK, EXTENSION, SIZE_LF, DATA, DATA_CR, DATA_LF, END };

static int take_digit(struct h1_chunked *c, int digit) {
    if (c->digits++ == DIGITS_MAX) return http_refuse(400, "a chunk size of more digits than any number has");
    c->left = c->left << 4 | (unsigned)digit;
    return 0;
}

/* Returns 0 or a status. */
static int size_byte(struct h1_chunked *c, char byte) {
    int digit = ascii_hex(byte);
    if (digit >= 0) return take_digit(c, digit);
    if (c->digits == 0) return http_refuse(400, "a chunk without a size");
    if (c->left > INT64_MAX) return http_refuse(413, "a chunk larger than 63 bits");
    c->extension = 0;
    if (byte == '\r') c->state = SIZE_LF;
    else if (byte == ';') c->state = EXTENSION;
    else if (byte == ' ' || byte == '\t') c->state = BLANK;
    else return http_refuse(400, "a chunk size ends with neither CR nor \";\"");
    return 0;
}

static int extension_byte(struct h1_chunked *c, char byte) {
    if (byte == '\r' && c->state == EXTENSION) {
        c->state = SIZE_LF;
        return 0;
    }
    if (c->extension++ == EXTENSION_MAX) return http_refuse(400, "a chunk extension is too long");
    if (c->state == EXTENSION && char_class[(unsigned char)byte] & CHAR_FIELD) return 0;
    if (c->state == EXTENSION) return http_refuse(400, "a control character in a chunk extension");
    if (byte == ';') c->state = EXTENSION;
    else if (byte != ' ' && byte != '\t') return http_refuse(400, "a chunk size ends with neither CR nor \";\"");
    return 0;
}

static int framing_byte(struct h1_chunked *c, char byte) {
    switch (c->state) {
    case SIZE:
        return size_byte(c, byte);
    case BLANK:
    case EXTENSION:
        return extension_byte(c, byte);
    case SIZE_LF:
        c->state = c->left ? DATA : END;
        return byte == '\n' ? 0 : http_refuse(400, "a CR without its LF between chunks");
    case DATA_CR:
        c->state = DATA_LF;
        return byte == '\r' ? 0 : http_refuse(400, "a chunk is longer than its size");
    default: /* DATA_LF */
        c->state = SIZE;
        c->digits = 0;
        return byte == '\n' ? 0 : http_refuse(400, "a CR without its LF between chunks");
    }
}

static int take_data(struct h1_chunked *c, struct span *in, struct span *data) {
    size_t n = in->n < c->left ? in->n : (size_t)c->left;
    *data = span_upto(*in, n);
    *in = span_from(*in, n);
    c->left -= n;
    if (c->left == 0) c->state = DATA_CR;
    return CHUNKED_DATA;
}

int h1_chunked_next(struct h1_chunked *c, struct span *in, struct span *data) {
    while (c->state != END && in->n > 0) {
        if (c->state == DATA) return take_data(c, in, data);
        int status = framing_byte(c, in->p[0]);
        if (status) return status;
        *in = span_from(*in, 1);
    }
    return c->state == END ? CHUNKED_TRAILERS : CHUNKED_MORE;
}

void h1_chunked_give_back(struct h1_chunked *c, size_t n) {
    c->left += n;
    if (n) c->state = DATA;
}
