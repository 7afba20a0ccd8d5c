/* landlock.c - Linux: which files are opened and which ports are connected to, by landlock(7) */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "base/confine_parts.h"

#ifdef HAVE_LANDLOCK

#include <errno.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The kernel's words, which headers older than the kernel do not have. */
enum {
    EXECUTE = 1, WRITE_FILE = 1 << 1, READ_FILE = 1 << 2, READ_DIR = 1 << 3, REMOVE_FILE = 1 << 5,
    MAKE_DIR = 1 << 7, MAKE_REG = 1 << 8, TRUNCATE = 1 << 14, IOCTL_DEV = 1 << 15,
    OF_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV
};
enum { BIND_TCP = 1, CONNECT_TCP = 2 };
enum { VERSION_WANTED = 1, PATH_BENEATH = 1, NET_PORT = 2 };

struct ruleset {
    uint64_t files, network;
};

struct path_beneath {
    uint64_t allowed;
    int32_t parent;
} __attribute__((packed));

struct net_port {
    uint64_t allowed, port;
};

/* What each version governs; a newer kernel is asked for no more than the last row. */
static const struct {
    uint64_t files, network;
} versions[] = {
    {0, 0},
    {(1 << 13) - 1, 0},
    {(1 << 14) - 1, 0},                      /* 2: links and renames between directories */
    {(1 << 15) - 1, 0},                      /* 3: truncate */
    {(1 << 15) - 1, BIND_TCP | CONNECT_TCP}, /* 4: TCP */
    {(1 << 16) - 1, BIND_TCP | CONNECT_TCP}, /* 5: ioctl of devices */
};
enum { NEWEST = sizeof versions / sizeof *versions - 1 };

unsigned landlock_version(void) {
    long version = syscall(SYS_landlock_create_ruleset, NULL, 0, VERSION_WANTED);
    return version > 0 ? (unsigned)version : 0;
}

static uint64_t rights_of(unsigned rights) {
    uint64_t all = 0;
    if (rights & CONFINE_READ) all |= READ_FILE | READ_DIR;
    if (rights & CONFINE_WRITE)
        all |= READ_FILE | READ_DIR | WRITE_FILE | REMOVE_FILE | MAKE_DIR | MAKE_REG | TRUNCATE;
    if (rights & CONFINE_DEVICE) all |= READ_FILE | WRITE_FILE | IOCTL_DEV;
    return all;
}

static int allow(int ruleset, const struct confine_rule *rule, uint64_t governed) {
    struct path_beneath p = {rights_of(rule->rights) & governed, open(rule->path, O_PATH | O_CLOEXEC)};
    struct stat st;
    if (p.parent < 0) return 0; /* not there, or not for us */
    if (fstat(p.parent, &st) == 0 && !S_ISDIR(st.st_mode)) p.allowed &= OF_FILES;
    int result = p.allowed ? (int)syscall(SYS_landlock_add_rule, ruleset, PATH_BENEATH, &p, 0) : 0;
    int error = errno;
    close(p.parent);
    errno = error;
    return result;
}

static int allow_all(int ruleset, const struct confinement *c, const struct ruleset *governed) {
    int result = 0;
    for (size_t i = 0; result == 0 && i < c->rule_count; i++) result = allow(ruleset, &c->rules[i], governed->files);
    for (size_t i = 0; result == 0 && governed->network && i < c->port_count; i++) {
        struct net_port port = {CONNECT_TCP, c->ports[i]};
        result = (int)syscall(SYS_landlock_add_rule, ruleset, NET_PORT, &port, 0);
    }
    return result;
}

unsigned landlock_enter(const struct confinement *c) {
    unsigned version = landlock_version();
    if (c->newest && version > c->newest) version = c->newest;
    if (version > NEWEST) version = NEWEST;
    struct ruleset governed = {versions[version].files, versions[version].network};
    size_t size = governed.network ? sizeof governed : sizeof governed.files;
    int ruleset = (int)syscall(SYS_landlock_create_ruleset, &governed, size, 0);
    if (ruleset < 0) return 0;
    int result = allow_all(ruleset, c, &governed);
    if (result == 0) result = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (result == 0) result = (int)syscall(SYS_landlock_restrict_self, ruleset, 0);
    int error = errno;
    close(ruleset);
    errno = error;
    if (result != 0) return 0;
    return governed.network ? CONFINE_FILES | CONFINE_PORTS : CONFINE_FILES;
}

#else

unsigned landlock_version(void) {
    return 0;
}

unsigned landlock_enter(const struct confinement *c) {
    (void)c;
    return 0;
}

#endif
