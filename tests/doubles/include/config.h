/* config.h - in place of what configure finds: a system with other kernel interfaces, named by the compiler's line */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif
