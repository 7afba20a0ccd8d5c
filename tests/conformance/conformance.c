/* conformance.c - one contract, every backend: runs the cases against each backend built in */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "tests/conformance/suite.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#ifdef SUITE_DOUBLE
#include "tests/doubles/facts.h"
#endif

enum { MAX_FDS = 1000, LIMIT_S = 600 };

struct fdevents *set;
const char *backend_name;

static const char *case_name = "start";
static unsigned passed, failed, skipped;

bool suite_check(bool ok, const char *what, const char *file, int line) {
    if (ok) {
        passed++;
        return true;
    }
    failed++;
    printf("FAIL %s: %s: %s (%s:%d)\n", backend_name, case_name, what, file, line);
    fflush(stdout);
    return false;
}

void suite_skip(const char *why) {
    skipped++;
    printf("SKIP %s: %s: %s\n", backend_name, case_name, why);
}

static void run_cases(const struct suite_case *cases, const char *only) {
    for (; cases->name; cases++) {
        if (only && strncmp(cases->name, only, strlen(only)) != 0) continue;
        case_name = cases->name;
        set = fdevents_make(backend_name, MAX_FDS);
        if (!CHECK(set != NULL)) continue;
        cases->run();
        fdevents_drop(set);
    }
}

static void run_backend(const char *name, const char *only) {
    backend_name = name;
#ifdef SUITE_DOUBLE
    double_calls = 0;
#endif
    run_cases(cases_readiness, only);
    run_cases(cases_batch, only);
    run_cases(cases_end, only);
    run_cases(cases_life, only);
    run_cases(cases_time, only);
#ifdef SUITE_DOUBLE
    case_name = "the double was asked";
    CHECK(double_calls > 0);
#endif
}

static int usage(const char *program) {
    fprintf(stderr, "usage: %s [-b backend] [-c case]\nbackends:", program);
    for (const char *const *names = fdevents_backends(); *names; names++) fprintf(stderr, " %s", *names);
    fprintf(stderr, "\n");
    return 2;
}

int main(int argc, char **argv) {
    const char *backend = NULL, *only = NULL;
    unsigned ran = 0;
    int option;

    while ((option = getopt(argc, argv, "b:c:")) != -1) {
        if (option == 'b') backend = optarg;
        else if (option == 'c') only = optarg;
        else return usage(argv[0]);
    }
    signal(SIGPIPE, SIG_IGN);
    alarm(LIMIT_S); /* a backend that hangs is a failure, not a wait */
    for (const char *const *names = fdevents_backends(); *names; names++) {
        if (backend && strcmp(backend, *names) != 0) continue;
        run_backend(*names, only);
        ran++;
    }
    if (ran == 0) return usage(argv[0]);
    printf("%u passed, %u failed, %u skipped\n", passed, failed, skipped);
    return failed || passed == 0;
}
