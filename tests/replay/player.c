/* player.c - plays scenario files against the server's core; see README */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fdevents/fdevent.h"
#include "player.h"
#include "server/counters.h"

enum { SKIPPED = 77, SECONDS_MAX = 600 };

const char *const mode_names[MODE_COUNT] = {"plain", "bytes", "refuse"};

/* options - what the command line asks for */
struct options {
    const char *backend;
    enum mode mode;
    bool covers; /* all scenarios are here: together they must see both tables whole */
};

static int usage(void) {
    fputs("usage: player [-c] [-b BACKEND] [-m plain|bytes|refuse] FILE…\n"
          "       player -l              list the backends that are built in\n",
          stderr);
    return 2;
}

static int list_backends(void) {
    for (const char *const *name = fdevents_backends(); *name; name++) puts(*name);
    return 0;
}

/* In a process of its own: what it breaks is its own. */
/* Whoever came to a state of the two machines has gone from it, too. */
static bool states_are_empty(const char *name) {
    struct counters_sum *sum = counters_sum();
    uint64_t left = 0;
    for (unsigned i = 0; i < CONN_STATE_COUNT; i++) left += sum->conns[i];
    for (unsigned i = 0; i < REQUEST_STATE_COUNT; i++) left += sum->requests[i];
    free(sum);
    if (left) fprintf(stderr, "%s: nobody is left, but the counters have somebody in some state\n", name);
    return left == 0;
}

static int play_file(const struct options *o, struct coverage *coverage, const char *name) {
    struct script script;
    struct stage stage = {.scenario = name, .mode = o->mode, .backend = o->backend};
    alarm(SECONDS_MAX);
    signal(SIGPIPE, SIG_IGN);
    script_read(&script, name);
    stage_build(&stage);
    doubles_refuse(o->mode == MODE_REFUSE);
    bool played = play(&stage, &script);
    coverage_note(coverage, stage_read(&stage, "error.log"));
    stage_strike(&stage);
    script_done(&script);
    if (!states_are_empty(name)) return 1;
    return played ? 0 : SKIPPED;
}

static int play_apart(const struct options *o, struct coverage *coverage, const char *name) {
    int status = 0;
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) exit(play_file(o, coverage, name));
    if (pid < 0 || waitpid(pid, &status, 0) < 0) {
        perror("fork");
        return 1;
    }
    if (WIFSIGNALED(status))
        fprintf(stderr, "%s: [%s %s] signal %d\n", name, o->backend, mode_names[o->mode], WTERMSIG(status));
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

static int play_all(const struct options *o, char **names) {
    unsigned passed = 0, failed = 0, skipped = 0;
    struct coverage *coverage = coverage_make();
    for (; *names; names++) {
        int result = play_apart(o, coverage, *names);
        if (result == 0) passed++;
        else if (result == SKIPPED) skipped++;
        else failed++;
    }
    if (o->covers && skipped) puts("SKIP: coverage: not every scenario was played");
    else if (o->covers) failed += coverage_check(coverage);
    printf("%s, %s: %u passed, %u failed", o->backend, mode_names[o->mode], passed, failed);
    if (skipped) printf(", %u skipped", skipped);
    putchar('\n');
    return failed ? 1 : 0;
}

static bool find_mode(const char *name, enum mode *mode) {
    for (unsigned i = 0; i < MODE_COUNT; i++) {
        if (strcmp(name, mode_names[i]) != 0) continue;
        *mode = (enum mode)i;
        return true;
    }
    return false;
}

int main(int argc, char **argv) {
    struct options o = {.backend = fdevents_backends()[0]};
    int option;
    while ((option = getopt(argc, argv, "lcb:m:")) != -1) {
        if (option == 'l') return list_backends();
        if (option == 'c') o.covers = true;
        else if (option == 'b') o.backend = fdevents_backend_by_name(optarg);
        else if (option != 'm' || !find_mode(optarg, &o.mode)) return usage();
    }
    if (!o.backend || optind == argc) return usage();
    if (o.mode == MODE_REFUSE && !doubles_are_here) {
        puts("refuse: not on this system");
        return 0;
    }
    return play_all(&o, argv + optind);
}
