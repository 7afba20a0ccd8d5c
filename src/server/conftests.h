/* conftests.h - test "name" { … } of a configuration: rehearsed, and compared with what is expected */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_CONFTESTS_H
#define GOLDCREST_CONFTESTS_H

#include "server/settings.h"

/*
 * Rehearses each request of the tests, and complains of each answer that is not what is expected. Nothing is done
 * where there are no tests, or errors already. For processes that serve nobody: who checks, and the master. Bounded
 * in number (MOST_CHECKS) and in time (CONF_TESTS_SECONDS).
 */
void conf_tests_run(struct conf *conf, struct complaints *complaints);

enum { CONF_TESTS_SECONDS = 10 };

#endif
