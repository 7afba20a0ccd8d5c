# gc_confine.m4 - what the system has for a process that gives up what it will not need
# SPDX-License-Identifier: BSD-3-Clause

# GC_CONFINE
# ----------
# Defines HAVE_LANDLOCK, HAVE_SECCOMP, HAVE_PLEDGE, HAVE_UNVEIL, HAVE_SETPPRIV, HAVE_PROCCTL_NO_NEW_PRIVS for what can
# be used; sets gc_confine to their names.
AC_DEFUN([GC_CONFINE], [
gc_confine=
GC_CONFINE_USE([LANDLOCK], [Landlock], [[#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>]], [[return (int)syscall(SYS_landlock_create_ruleset, (void *)0, 0, 1) +
  (int)syscall(SYS_landlock_add_rule, 0, 1, (void *)0, 0) + (int)syscall(SYS_landlock_restrict_self, 0, 0) +
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) + O_PATH;]])
GC_CONFINE_USE([SECCOMP], [seccomp], [[#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>]], [[struct sock_fprog program = {0, 0};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) + prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) +
    (int)SECCOMP_RET_ERRNO + SYS_execve;]])
GC_CONFINE_USE([PLEDGE], [pledge], [[#include <unistd.h>]], [[return pledge("stdio", (char *)0);]])
GC_CONFINE_USE([UNVEIL], [unveil], [[#include <unistd.h>]], [[return unveil("/", "r");]])
GC_CONFINE_USE([SETPPRIV], [privileges], [[#include <priv.h>]], [[priv_set_t *set = priv_allocset();
  priv_addset(set, PRIV_PROC_FORK);
  return setppriv(PRIV_OFF, PRIV_PERMITTED, set);]])
GC_CONFINE_USE([PROCCTL_NO_NEW_PRIVS], [procctl], [[#include <sys/types.h>
#include <sys/procctl.h>
#include <unistd.h>]], [[int yes = PROC_NO_NEW_PRIVS_ENABLE;
  return procctl(P_PID, getpid(), PROC_NO_NEW_PRIVS_CTL, &yes);]])
AS_IF([test -z "$gc_confine"], [gc_confine=" none"])
])

# GC_CONFINE_USE([NAME], [WORD], [INCLUDES], [BODY])
AC_DEFUN([GC_CONFINE_USE], [
AC_CACHE_CHECK([for $2], [gc_cv_confine_$2],
  [AC_LINK_IFELSE([AC_LANG_PROGRAM([$3], [$4])], [gc_cv_confine_$2=yes], [gc_cv_confine_$2=no])])
AS_IF([test "$gc_cv_confine_$2" = yes], [gc_confine="$gc_confine $2"
  AC_DEFINE([HAVE_$1], [1], [Define to 1 if $2 can be used.])])
])
