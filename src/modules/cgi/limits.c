/* limits.c - cgi.limits */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <signal.h>
#include <stdlib.h>

#include "base/memory.h"
#include "modules/cgi/cgi.h"

static const struct {
    const char *name;
    int signo;
} signals[] = {{"SIGTERM", SIGTERM}, {"SIGINT", SIGINT},   {"SIGHUP", SIGHUP},   {"SIGQUIT", SIGQUIT},
               {"SIGKILL", SIGKILL}, {"SIGUSR1", SIGUSR1}, {"SIGUSR2", SIGUSR2}, {"SIGPIPE", SIGPIPE}};

static const char *const keys[] = {"read-timeout", "write-timeout", "tcp-fin-propagate", "max-procs"};

static const char *key_name(void *arg, size_t i) {
    (void)arg;
    return i < sizeof keys / sizeof *keys ? keys[i] : NULL;
}

static int signal_of(const struct value *v) {
    int32_t number;
    for (size_t i = 0; v->type == VALUE_STRING && i < sizeof signals / sizeof *signals; i++) {
        struct span name = span_of(signals[i].name);
        if (span_is_ci(v->string, name) || span_is_ci(v->string, span_from(name, 3))) return signals[i].signo;
    }
    return value_as_int(v, &number) && number > 0 && number < NSIG ? (int)number : 0;
}

static bool take_number(const struct element *e, uint32_t *wanted, const char *unit, struct complaints *c) {
    int32_t number;
    if (value_as_int(&e->value, &number) && number >= 0) {
        *wanted = (uint32_t)number;
        return true;
    }
    complain(c, COMPLAINT_ERROR, e->value.place, 1, "write a number; 0 is no limit", "%.*s is a number of %s",
             SPAN_ARG(e->key), unit);
    return false;
}

static bool take_most(const struct element *e, uint32_t *most, struct complaints *c) {
    if (!take_number(e, most, "programs", c)) return false;
    if (*most == 0) *most = UINT32_MAX;
    return true;
}

static bool take_signal(const struct element *e, int *signo, struct complaints *c) {
    *signo = signal_of(&e->value);
    if (*signo) return true;
    complain(c, COMPLAINT_ERROR, e->value.place, 1, "write \"SIGTERM\", \"SIGINT\", \"SIGHUP\" …",
             "that is no signal");
    return false;
}

static bool take(const struct element *e, struct cgi_limits *l, struct complaints *c) {
    if (span_is(e->key, SPAN("read-timeout"))) return take_number(e, &l->read_s, "seconds", c);
    if (span_is(e->key, SPAN("write-timeout"))) return take_number(e, &l->write_s, "seconds", c);
    if (span_is(e->key, SPAN("tcp-fin-propagate"))) return take_signal(e, &l->signo, c);
    if (span_is(e->key, SPAN("max-procs"))) return take_most(e, &l->most, c);
    char hint[HINT_BYTES];
    complain(c, COMPLAINT_ERROR, e->key_place, e->key.n + 2,
             hint_near(hint, did_you_mean(e->key, key_name, NULL),
                       "there are \"read-timeout\", \"write-timeout\", \"tcp-fin-propagate\" and "
                       "\"max-procs\""),
             "\"%.*s\" is no limit of CGI programs", SPAN_ARG(e->key));
    return false;
}

void *cgi_limits_make(const struct value *v, struct complaints *c) {
    struct cgi_limits *l = memory_zeroed(1, sizeof *l);
    bool ok = true;
    l->signo = SIGTERM;
    l->most = CGI_PROGRAMS_MAX;
    for (size_t i = 0; i < v->count; i++) ok &= take(&v->elements[i], l, c);
    if (ok) return l;
    free(l);
    return NULL;
}
