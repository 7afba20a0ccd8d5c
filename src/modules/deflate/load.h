/* load.h - how busy the machine is */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_DEFLATE_LOAD_H
#define GOLDCREST_DEFLATE_LOAD_H

/* The load average of the last minute; 0 where the system does not tell. */
double load_average(void);

#endif
