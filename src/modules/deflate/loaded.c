/* loaded.c - the coders are a library: who compresses nothing has none of theirs in memory */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "base/build.h"
#include "base/library.h"
#include "modules/deflate/coder.h"

const struct coders *coders_find(const char **why) {
    return library_part("coders", "goldcrest_coders", GOLDCREST_BUILD, why);
}
