/* helper_process.h - from the helper's parent into the process */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_HELPER_PROCESS_H
#define GOLDCREST_HELPER_PROCESS_H

#include "server/helper.h"

enum { HELPER_IS_DONE = 'D' }; /* written to the control socket once the programs' sockets are bound */

_Noreturn void helper_run(const struct helping *s, struct kin *kin, int control_end);

#endif
