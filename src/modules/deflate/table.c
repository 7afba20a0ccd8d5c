/* table.c - the coders of this build */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "base/build.h"
#include "modules/deflate/coder.h"

/* GC_CODER_TABLE(X) comes from configure: a row for each coder whose library is there, the quicker first. */
#define X(name) extern const struct coder coder_##name;
GC_CODER_TABLE(X)
#undef X

static const struct coder *const list[] = {
#define X(name) &coder_##name,
    GC_CODER_TABLE(X)
#undef X
    NULL};

const struct coders goldcrest_coders = {GOLDCREST_BUILD, list};
