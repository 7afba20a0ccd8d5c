/* input.c - one piece of memory for what is read */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "modules/gateway/input.h"

enum { READ_BYTES = 64 * 1024, READ_ROOM_LEAST = 16 * 1024 };

static struct {
    struct blob *blob;
    size_t used;
} input;

char *input_room(struct blob **blob, size_t *room) {
    if (input.blob && input.blob->refs == 1) input.used = 0;
    if (input.blob && input.blob->n - input.used < READ_ROOM_LEAST) input_forget();
    if (!input.blob) {
        input.blob = blob_make(READ_BYTES);
        input.used = 0;
    }
    *blob = input.blob;
    *room = input.blob->n - input.used;
    return input.blob->p + input.used;
}

void input_used(size_t n) {
    input.used += n;
}

void input_forget(void) {
    blob_drop(input.blob);
    input.blob = NULL;
}
