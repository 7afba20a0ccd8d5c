/* why.c - why a parser refuses */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "http/why.h"

const char *http_why;
const char http_too_many_fields[] = "too many fields";
