/* within.c - runs a program in a process group of its own, and ends the group when its time is over */
/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/*
 * within SECONDS FILE PROGRAM ARGUMENT…
 *
 * The status is the program's, 128 and the signal's number if one ended it, 124 if its time was over. With a FILE
 * other than "-" a line "seconds status program" is added to that. It ends with whoever started it, and takes what it
 * started along. Only what every system has is used: this is compiled before anything is known of the system.
 */
enum { TIME_OVER = 124, NOT_STARTED = 127, MERCY_S = 5, STEP_US = 50000 };

static volatile sig_atomic_t told_to_end;

static void note(int signo) {
    told_to_end = signo;
}

static void catch(int signo) {
    struct sigaction action;

    memset(&action, 0, sizeof action);
    action.sa_handler = note;
    sigaction(signo, &action, NULL);
}

static void nap(void) {
    struct timeval step = {0, STEP_US};

    select(0, NULL, NULL, NULL, &step);
}

/* The wall clock: no system lacks it, and none needs a library for it. */
static double now(void) {
    struct timeval t;

    gettimeofday(&t, NULL);
    return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

static int run(char **argv) {
    static const int signals[] = {SIGHUP, SIGINT, SIGTERM, SIGQUIT, SIGPIPE};
    size_t i;

    for (i = 0; i < sizeof signals / sizeof signals[0]; i++) signal(signals[i], SIG_DFL);
    setpgid(0, 0);
    execvp(argv[0], argv);
    fprintf(stderr, "within: %s: %s\n", argv[0], strerror(errno));
    _exit(NOT_STARTED);
}

/* Waits until the child is gone or it is time; true if it is gone. */
static int gone_by(pid_t child, double until, pid_t parent, int *status) {
    while (!told_to_end && getppid() == parent && now() < until) {
        pid_t got = waitpid(child, status, WNOHANG);

        if (got == child || (got < 0 && errno != EINTR)) return 1;
        nap();
    }
    return 0;
}

/* The group is asked, then forced. Its number is nobody else's while a member or an unfetched child has it. */
static void end_group(pid_t group) {
    double until = now() + (double)MERCY_S;
    int status;

    kill(-group, SIGTERM);
    while (now() < until) {
        waitpid(group, &status, WNOHANG);
        if (kill(-group, 0) < 0 && errno == ESRCH) return;
        nap();
    }
    kill(-group, SIGKILL);
    waitpid(group, &status, 0);
}

static void record(const char *path, double seconds, int status, const char *program) {
    FILE *f = strcmp(path, "-") ? fopen(path, "a") : NULL;

    if (!f) return;
    fprintf(f, "%.1f %d %s\n", seconds, status, program);
    fclose(f);
}

int main(int argc, char **argv) {
    pid_t parent = getppid(), child;
    double begun = now();
    int status = 0, result;

    if (argc < 4) return 2;
    catch(SIGHUP);
    catch(SIGINT);
    catch(SIGTERM);
    child = fork();
    if (child < 0) return NOT_STARTED;
    if (child == 0) run(argv + 3);
    setpgid(child, child);
    if (gone_by(child, begun + atof(argv[1]), parent, &status)) {
        result = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    } else {
        end_group(child);
        result = told_to_end ? 128 + told_to_end : TIME_OVER;
    }
    record(argv[2], now() - begun, result, argv[argc - 1]);
    if (result == TIME_OVER) printf("within: ended after %s seconds: %s\n", argv[1], argv[argc - 1]);
    return result;
}
