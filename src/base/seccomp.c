/* seccomp.c - Linux: system calls that a process which serves has no use for, refused by a filter */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "base/confine_parts.h"

#ifdef HAVE_SECCOMP

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

/*
 * A list of what is refused, not of what is allowed: which calls a function of a library makes differs between
 * processors, libraries and their versions, and a server that stops with the next one would have its filter switched
 * off. Numbers are the headers' own. What a call says by its arguments alone (clone, socket) has a row below.
 */

/* The kernel's name of the processor that this was compiled for. Numbers of another are not answered at all. */
#if defined __x86_64__
#define ARCH AUDIT_ARCH_X86_64
#elif defined __i386__
#define ARCH AUDIT_ARCH_I386
#elif defined __aarch64__ && !defined __AARCH64EB__ && defined __LP64__
#define ARCH AUDIT_ARCH_AARCH64
#elif defined __arm__ && !defined __ARMEB__
#define ARCH AUDIT_ARCH_ARM
#elif defined __s390x__
#define ARCH AUDIT_ARCH_S390X
#elif defined __riscv && __riscv_xlen == 64
#define ARCH AUDIT_ARCH_RISCV64
#elif defined __powerpc64__ && defined __LITTLE_ENDIAN__
#define ARCH AUDIT_ARCH_PPC64LE
#elif defined __powerpc64__
#define ARCH AUDIT_ARCH_PPC64
#elif defined __loongarch64
#define ARCH AUDIT_ARCH_LOONGARCH64
#else
#define ARCH 0
#endif

#if defined __x86_64__
enum { X32_BIT = 0x40000000 };
#if defined __ILP32__
enum { FIRST_FOREIGN = 0 };
#else
enum { FIRST_FOREIGN = X32_BIT };
#endif
#else
enum { FIRST_FOREIGN = 0 };
#endif

#if defined __s390x__
enum { CLONE_FLAGS_AT = 1 };
#else
enum { CLONE_FLAGS_AT = 0 };
#endif

#if defined __SANITIZE_ADDRESS__
enum { HAS_SANITIZER = 1 };
#elif defined GC_SANITIZERS
enum { HAS_SANITIZER = 1 };
#else
enum { HAS_SANITIZER = 0 };
#endif

#ifdef SECCOMP_RET_KILL_PROCESS
enum { KILL = (int)SECCOMP_RET_KILL_PROCESS };
#else
enum { KILL = (int)SECCOMP_RET_KILL };
#endif

/* call - name and number as text: digits where the headers have it, else the name of the missing word */
struct call {
    const char *name, *number;
    unsigned action;
};

#define TEXT_OF(word) #word
#define TEXT(word) TEXT_OF(word)
#define DEADLY(name) {#name, TEXT(SYS_##name), (unsigned)KILL},
#define REFUSED(name) {#name, TEXT(SYS_##name), SECCOMP_RET_ERRNO | EPERM},
#define ABSENT(name) {#name, TEXT(SYS_##name), SECCOMP_RET_ERRNO | ENOSYS},

static const struct call calls[] = {
#include "base/seccomp.def"
};
enum { CALLS = sizeof calls / sizeof *calls };
enum { PROGRAM_MAX = 4 * CALLS + 64, RUN = 4, CLONE_THREAD_BIT = 0x10000 };

struct rule {
    unsigned number, action;
};

struct program {
    struct sock_filter code[PROGRAM_MAX];
    unsigned short length;
};

/* "59", "(0 + 11)", "(4000 + 59)": the sum. False: there is a letter in it. */
static bool number_of(const char *text, unsigned *number) {
    unsigned sum = 0, part = 0;
    for (; *text; text++) {
        if (*text >= '0' && *text <= '9') part = part * 10 + (unsigned)(*text - '0');
        else if ((*text >= 'a' && *text <= 'z') || (*text >= 'A' && *text <= 'Z')) return false;
        else sum += part, part = 0;
    }
    *number = sum + part;
    return true;
}

static int by_number(const void *a, const void *b) {
    const struct rule *x = a, *y = b;
    return x->number < y->number ? -1 : x->number > y->number;
}

static void emit(struct program *p, unsigned code, unsigned k, unsigned yes, unsigned no) {
    p->code[p->length++] = (struct sock_filter){(uint16_t)code, (uint8_t)yes, (uint8_t)no, k};
}

static void emit_return(struct program *p, unsigned action) {
    emit(p, BPF_RET | BPF_K, action, 0, 0);
}

static void emit_load(struct program *p, size_t offset) {
    emit(p, BPF_LD | BPF_W | BPF_ABS, (unsigned)offset, 0, 0);
}

/* The lower half of an argument. */
static void emit_load_argument(struct program *p, unsigned n) {
    const union {
        uint16_t word;
        uint8_t first;
    } probe = {1};
    emit_load(p, offsetof(struct seccomp_data, args) + 8 * n + (probe.first ? 0 : 4));
}

/* Halves, and short runs at their ends: a number is found in some eight steps. */
static void emit_search(struct program *p, const struct rule *rules, unsigned from, unsigned to) {
    if (to - from > RUN) {
        unsigned middle = from + (to - from) / 2, at = p->length;
        emit(p, BPF_JMP | BPF_JGE | BPF_K, rules[middle].number, 0, 0);
        emit_search(p, rules, from, middle);
        p->code[at].jt = (uint8_t)(p->length - at - 1);
        emit_search(p, rules, middle, to);
        return;
    }
    for (unsigned i = from; i < to; i++) {
        emit(p, BPF_JMP | BPF_JEQ | BPF_K, rules[i].number, 0, 1);
        emit_return(p, rules[i].action);
    }
    emit_return(p, SECCOMP_RET_ALLOW);
}

/* A thread is let through, a process is not. */
static void emit_clone(struct program *p) {
#ifdef SYS_clone
    emit(p, BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 0, 4);
    emit_load_argument(p, CLONE_FLAGS_AT);
    emit(p, BPF_JMP | BPF_JSET | BPF_K, CLONE_THREAD_BIT, 0, 1);
    emit_return(p, SECCOMP_RET_ALLOW);
    emit_return(p, SECCOMP_RET_ERRNO | EPERM);
#endif
}

static void emit_socket(struct program *p) {
#ifdef SYS_socket
    static const unsigned families[] = {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK};
    enum { FAMILIES = sizeof families / sizeof *families };
    emit(p, BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 0, FAMILIES + 3);
    emit_load_argument(p, 0);
    for (unsigned i = 0; i < FAMILIES; i++)
        emit(p, BPF_JMP | BPF_JEQ | BPF_K, families[i], FAMILIES - i, 0);
    emit_return(p, SECCOMP_RET_ERRNO | EAFNOSUPPORT);
    emit_return(p, SECCOMP_RET_ALLOW);
#endif
}

static bool make(struct program *p) {
    struct rule rules[CALLS];
    unsigned count = 0;
    for (unsigned i = 0; i < CALLS; i++) {
        if (!number_of(calls[i].number, &rules[count].number)) continue;
        rules[count++].action = calls[i].action;
    }
    if (count < CALLS / 4) return false; /* these headers do not say numbers as we read them */
    qsort(rules, count, sizeof *rules, by_number);
    p->length = 0;
    emit_load(p, offsetof(struct seccomp_data, arch));
    emit(p, BPF_JMP | BPF_JEQ | BPF_K, ARCH, 1, 0);
    emit_return(p, (unsigned)KILL);
    emit_load(p, offsetof(struct seccomp_data, nr));
    if (FIRST_FOREIGN) {
        emit(p, BPF_JMP | BPF_JGE | BPF_K, FIRST_FOREIGN, 0, 1);
        emit_return(p, SECCOMP_RET_ERRNO | ENOSYS);
    }
    emit_clone(p);
    emit_socket(p);
    emit_search(p, rules, 0, count);
    return true;
}

bool seccomp_is_there(void) {
    return ARCH != 0 && !HAS_SANITIZER && prctl(PR_GET_SECCOMP, 0, 0, 0, 0) >= 0;
}

bool seccomp_enter(void) {
    static struct program p;
    if (!make(&p)) {
        errno = ENOSYS;
        return false;
    }
    struct sock_fprog program = {p.length, p.code};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return false;
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0;
}

#else

bool seccomp_is_there(void) {
    return false;
}

bool seccomp_enter(void) {
    return false;
}

#endif
