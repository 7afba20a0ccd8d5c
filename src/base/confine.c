/* confine.c - a process gives up what it will not need: what each system has for it */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "base/confine.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#ifdef HAVE_PROCCTL_NO_NEW_PRIVS
#include <sys/procctl.h>
#endif
#ifdef HAVE_SETPPRIV
#include <priv.h>
#endif

#include "base/confine_parts.h"
#include "base/log.h"

/* ---- system calls: pledge(2), privileges(7), procctl(2) ----------------------------------------------------------- */

#if defined HAVE_PLEDGE

static const char *calls_name(void) {
    return "pledge";
}

enum { CALLS = CONFINE_CALLS };

/* "error": what is not promised fails, as elsewhere, and does not end the process; "prot_exec": PCRE2 compiles. */
static int drop_calls(void) {
    return pledge("stdio rpath wpath cpath inet unix dns getpw sendfd recvfd prot_exec error", NULL);
}

#elif defined HAVE_SETPPRIV

static const char *calls_name(void) {
    return "privileges";
}

enum { CALLS = CONFINE_CALLS };

static int drop_calls(void) {
    static const char *const names[] = {PRIV_PROC_FORK,     PRIV_PROC_EXEC,       PRIV_PROC_INFO,
                                        PRIV_PROC_SESSION,  PRIV_FILE_LINK_ANY};
    priv_set_t *set = priv_allocset();
    int result = 0;
    if (!set) return -1;
    priv_emptyset(set);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) priv_addset(set, names[i]);
    if (setppriv(PRIV_OFF, PRIV_LIMIT, set) != 0 || setppriv(PRIV_OFF, PRIV_INHERITABLE, set) != 0 ||
        setppriv(PRIV_OFF, PRIV_PERMITTED, set) != 0)
        result = -1;
    priv_freeset(set);
    return result;
}

#elif defined HAVE_PROCCTL_NO_NEW_PRIVS

static const char *calls_name(void) {
    return "procctl (no new privileges)";
}

enum { CALLS = CONFINE_GAINS };

static int drop_calls(void) {
    int no_new = PROC_NO_NEW_PRIVS_ENABLE;
    return procctl(P_PID, getpid(), PROC_NO_NEW_PRIVS_CTL, &no_new);
}

#else

static const char *calls_name(void) {
    return NULL;
}

enum { CALLS = 0 };

static int drop_calls(void) {
    errno = ENOSYS;
    return -1;
}

#endif

/* ---- files: unveil(2) --------------------------------------------------------------------------------------------- */

#if defined HAVE_UNVEIL

static const char *files_name(void) {
    return "unveil";
}

static const char *rights_text(unsigned rights) {
    if (rights & CONFINE_WRITE) return "rwc";
    if (rights & CONFINE_APPEND) return "wc";
    return rights & (CONFINE_DEVICE | CONFINE_CONNECT) ? "rw" : "r";
}

static int hide_files(const struct confinement *c) {
    for (size_t i = 0; i < c->rule_count; i++) {
        const struct confine_rule *r = &c->rules[i];
        if (unveil(r->path, rights_text(r->rights)) != 0 && errno != ENOENT && errno != EACCES) return -1;
    }
    return unveil(NULL, NULL);
}

#else

static const char *files_name(void) {
    return NULL;
}

static int hide_files(const struct confinement *c) {
    (void)c;
    errno = ENOSYS;
    return -1;
}

#endif

/* ---- all ---------------------------------------------------------------------------------------------------------- */

unsigned confine_possible(bool hides_files, struct buf *out) {
    unsigned version = landlock_version(), bits = 0;
    const char *files = hides_files ? files_name() : NULL;
    const char *calls = seccomp_is_there() ? "seccomp" : calls_name();
    if (version) {
        buf_printf(out, "Landlock %u", version);
        bits = version >= 4 ? CONFINE_FILES | CONFINE_PORTS : CONFINE_FILES;
    } else if (files) {
        buf_add_text(out, files);
        bits = CONFINE_FILES | CONFINE_HIDES;
    }
    if (!calls) return bits;
    buf_printf(out, "%s%s", bits ? ", " : "", calls);
    return bits | (seccomp_is_there() ? CONFINE_CALLS : CALLS);
}

unsigned confine_files(const struct confinement *c) {
    unsigned bits = 0;
    const char *name = landlock_version() ? "Landlock" : files_name();
    if (landlock_version()) bits = landlock_enter(c);
    else if (name && c->hides_files) bits = hide_files(c) == 0 ? CONFINE_FILES | CONFINE_HIDES : 0;
    else return 0;
    if (!bits) say_warning("server.sandbox: files are not confined: %s: %s", name, strerror(errno));
    return bits;
}

unsigned confine_calls(void) {
    bool filter = seccomp_is_there();
    const char *name = filter ? "seccomp" : calls_name();
    if (!name) return 0;
    if (filter ? seccomp_enter() : drop_calls() == 0) return filter ? CONFINE_CALLS : CALLS;
    say_warning("server.sandbox: system calls are not confined: %s: %s", name, strerror(errno));
    return 0;
}
