/* fuzz_authorization.c - any bytes in Authorization: Basic, Digest, and what is said in return */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "modules/auth/credentials.h"
#include "tests/fuzz/fuzz.h"

static void try_basic(struct span rest, struct arena *a) {
    struct span user, password;
    if (!basic_parse(rest, a, &user, &password)) return;
    FUZZ_ASSERT(user.n + password.n + 1 <= rest.n / 4 * 3);
    FUZZ_ASSERT(span_find(user, ':') == user.n);
    for (size_t i = 0; i < password.n; i++) FUZZ_ASSERT((unsigned char)password.p[i] >= ' ');
}

static void try_digest(struct span rest, struct arena *a) {
    struct auth_rule rule = {.realm = SPAN("r"), .nonce_secret = SPAN("s")};
    struct digest d;
    char response[HASH_HEX_MAX];
    if (!digest_parse(rest, a, &d)) return;
    FUZZ_ASSERT(d.algorithm && d.username.n && d.nc.n == 8 && d.response.n == 2 * hash_bytes_of(d.algorithm->hash));
    FUZZ_ASSERT(digest_response(&d, SPAN("GET"), SPAN("secret"), response) == d.response.n);
    FUZZ_ASSERT(nonce_check(&rule, d.nonce, 0) != NONCE_GOOD || d.nonce.n == 48);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct span value = {(const char *)data, size}, rest;
    struct arena a = {NULL, NULL, NULL};
    if (credentials_are(value, SPAN("Basic"), &rest)) try_basic(rest, &a);
    if (credentials_are(value, SPAN("Digest"), &rest)) try_digest(rest, &a);
    arena_done(&a);
    return 0;
}
