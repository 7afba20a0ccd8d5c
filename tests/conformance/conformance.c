/* conformance.c - one contract, every backend: runs the cases against each backend built in */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "tests/conformance/suite.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#ifdef SUITE_DOUBLE
#include "tests/doubles/facts.h"
#endif

enum {
    MAX_FDS = 200, /* NetBSD's select() holds 256 */
    LIMIT_S = 60,
    MOST_FDS = 20200,
    HANGS_AT_MOST = 3
};

struct fdevents *set;
const char *backend_name;

/* counts - of cases */
struct counts {
    unsigned passed, failed, skipped;
};

static const struct suite_case *const tables[] = {cases_readiness, cases_batch, cases_end, cases_life, cases_time};

enum { TABLES = sizeof tables / sizeof tables[0] };

static const char *case_name = "start", *only;
static const char *skip_reason;
static bool is_verbose, ends_at_once, has_failed, is_asking;
static unsigned limit_s = LIMIT_S, checks, hangs;
static sigjmp_buf way_out;

/* ---- what cases say -------------------------------------------------------------------------- */

static void say(const char *verdict, const char *why) {
    printf("%s %s: %s%s%s\n", verdict, backend_name, case_name, why ? ": " : "", why ? why : "");
    fflush(stdout);
}

bool suite_check(bool ok, const char *what, const char *file, int line) {
    checks++;
    if (ok) return true;
    has_failed = true;
    printf("FAIL %s: %s: %s (%s:%d)\n", backend_name, case_name, what, file, line);
    fflush(stdout);
    if (ends_at_once) _exit(1);
    return false;
}

void suite_skip(const char *why) {
    skip_reason = why;
}

enum { RUN, ABANDONED, HANGS };

void suite_abandon(void) {
    siglongjmp(way_out, ABANDONED);
}

/* ---- running --------------------------------------------------------------------------------- */

/* Wherever the case is: it is not waited for. */
static void on_alarm(int signo) {
    (void)signo;
    siglongjmp(way_out, HANGS);
}

static void guard(void) {
    struct sigaction action;

    memset(&action, 0, sizeof action);
    action.sa_handler = on_alarm;
    sigemptyset(&action.sa_mask);
    sigaction(SIGALRM, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
}

/* What a case that did not come to its end has left behind: descriptors. Its probes are gone, and so its set has to
 * be left alone. */
static void clear_up(int first) {
    child_forget();
    for (int fd = first; first >= 0 && fd < first + MOST_FDS; fd++) close(fd);
}

static int lowest_number(void) {
    int fd = socket_open(AF_INET, SOCK_STREAM, 0);

    if (fd >= 0) close(fd);
    return fd;
}

static void run_to_the_end(const struct suite_case *c) {
    const int first = lowest_number();

    switch (sigsetjmp(way_out, 1)) {
    case RUN: break;
    case HANGS:
        if (is_asking) skip_reason = "finding out whether this can be had here hangs";
        else has_failed = true;
        hangs += !is_asking;
        if (has_failed) say("FAIL", "hangs");
        if (has_failed && ends_at_once) _exit(1); /* fall through */
    default: clear_up(first); return;
    }
    alarm(limit_s);
    is_asking = true;
    skip_reason = suite_lacks(c->needs);
    is_asking = false;
    if (skip_reason) return;
    set = fdevents_make(backend_name, MAX_FDS);
    if (CHECK(set != NULL)) {
        c->run();
        fdevents_drop(set);
    }
}

static void run_case(const struct suite_case *c, struct counts *counts) {
    case_name = c->name;
    has_failed = false;
    skip_reason = NULL;
    run_to_the_end(c);
    alarm(0);
    if (has_failed) {
        counts->failed++;
    } else if (skip_reason) {
        counts->skipped++;
        say("SKIP", skip_reason);
    } else {
        counts->passed++;
        if (is_verbose) say("PASS", NULL);
    }
}

static bool is_chosen(const struct suite_case *c) {
    if (c->needs & ONLY_SELECT && strcmp(backend_name, "select") != 0) return false;
    for (const char *p = only; p && *p; p += strcspn(p, ","), p += *p == ',') {
        if (strncmp(c->name, p, strcspn(p, ",")) == 0) return true;
    }
    return !only;
}

static struct counts run_backend(const char *name) {
    struct counts counts = {0, 0, 0};

    backend_name = name;
    hangs = 0;
#ifdef SUITE_DOUBLE
    double_calls = 0;
#endif
    for (size_t i = 0; i < TABLES; i++) {
        for (const struct suite_case *c = tables[i]; c->name && hangs < HANGS_AT_MOST; c++) {
            if (is_chosen(c)) run_case(c, &counts);
        }
    }
    case_name = "the whole";
    if (hangs == HANGS_AT_MOST) say("FAIL", "too many cases hang, the rest was not run");
#ifdef SUITE_DOUBLE
    if (counts.passed && !CHECK(double_calls > 0)) counts.failed++;
#endif
    printf("%s: %u passed, %u failed, %u skipped\n", name, counts.passed, counts.failed, counts.skipped);
    return counts;
}

/* ---- the command ----------------------------------------------------------------------------- */

/* Many systems begin with 256 descriptors or less, and macOS does not take all that it says. */
static void raise_limit(void) {
    static const rlim_t wanted[] = {MOST_FDS, 10000, 4000, 1000};
    struct rlimit limit, more;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0) return;
    more = limit;
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0] && limit.rlim_cur < wanted[i]; i++) {
        more.rlim_cur = limit.rlim_max < wanted[i] ? limit.rlim_max : wanted[i];
        if (setrlimit(RLIMIT_NOFILE, &more) == 0) return;
    }
}

static int usage(const char *program) {
    fprintf(stderr,
            "usage: %s [-flv] [-b backend] [-c cases] [-t seconds] [-x names]\n"
            "  -c  those whose names begin so: 05,28 -l  lists the cases      -v  says what passes\n"
            "  -t  how long a case may take (%d)     -f  ends with the first failure\n"
            "  -x  without these: local,pipe,dup,files,null,fork,signals,limit, or a backend\n"
            "backends:",
            program, LIMIT_S);
    for (const char *const *names = fdevents_backends(); *names; names++) fprintf(stderr, " %s", *names);
    fprintf(stderr, "\n");
    return 2;
}

static int list(void) {
    for (size_t i = 0; i < TABLES; i++) {
        for (const struct suite_case *c = tables[i]; c->name; c++) printf("%s\n", c->name);
    }
    return 0;
}

static int run_all(const char *backend) {
    struct counts all = {0, 0, 0};
    unsigned backends = 0;

    for (const char *const *names = fdevents_backends(); *names; names++) {
        struct counts counts;

        if ((backend && strcmp(backend, *names) != 0) || suite_excluded(*names)) continue;
        counts = run_backend(*names);
        all.passed += counts.passed;
        all.failed += counts.failed;
        all.skipped += counts.skipped;
        backends++;
    }
    printf("%u passed, %u failed, %u skipped (%u backends, %u checks)\n", all.passed, all.failed, all.skipped,
           backends, checks);
    return all.failed || !all.passed;
}

int main(int argc, char **argv) {
    const char *backend = NULL;
    int option;

    while ((option = getopt(argc, argv, "b:c:flt:vx:")) != -1) {
        if (option == 'b') backend = optarg;
        else if (option == 'c') only = optarg;
        else if (option == 'f') ends_at_once = true, next_ms = 700;
        else if (option == 'l') return list();
        else if (option == 't') limit_s = (unsigned)strtoul(optarg, NULL, 10);
        else if (option == 'v') is_verbose = true;
        else if (option != 'x' || !suite_exclude(optarg)) return usage(argv[0]);
    }
    if (optind != argc || (backend && !fdevents_backend_by_name(backend))) return usage(argv[0]);
    guard();
    raise_limit();
    return run_all(backend);
}
