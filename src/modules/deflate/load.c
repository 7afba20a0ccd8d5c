/* load.c - how busy the machine is, where getloadavg() tells */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "modules/deflate/load.h"

#include GC_LOADAVG_HEADER

double load_average(void) {
    double load;
    return getloadavg(&load, 1) == 1 ? load : 0;
}
