# gc_sockets.m4 - what the system's sockets and files can do, found out by use
# SPDX-License-Identifier: BSD-3-Clause

# GC_SENDFILE
# -----------
# Defines GC_SENDFILE_LINUX, _FREEBSD, _MACOS or _SOLARIS by the signature that compiles; sets gc_sendfile.
AC_DEFUN([GC_SENDFILE], [
AC_ARG_ENABLE([sendfile],
  [AS_HELP_STRING([--disable-sendfile], [send files by read and write, even where the system has sendfile])],
  [], [enable_sendfile=yes])
gc_sendfile=no
AS_IF([test "x$enable_sendfile" != xno], [
  AC_SEARCH_LIBS([sendfile], [sendfile])
  AC_MSG_CHECKING([for the kind of sendfile])
  AC_LINK_IFELSE([AC_LANG_PROGRAM([[#include <sys/types.h>
#include <sys/sendfile.h>]], [[off_t at = 0; return (int)sendfile(1, 0, &at, 1);]])],
    [AS_CASE([$host_os],
      [solaris*], [gc_sendfile=Solaris
        AC_DEFINE([GC_SENDFILE_SOLARIS], [1], [sendfile(out, in, &offset, n), as illumos has it.])],
      [gc_sendfile=Linux; AC_DEFINE([GC_SENDFILE_LINUX], [1], [sendfile(out, in, &offset, n).])])],
    [AC_LINK_IFELSE([AC_LANG_PROGRAM([[#include <sys/types.h>
#include <sys/socket.h>
#include <sys/uio.h>]],
      [[off_t n = 1; return sendfile(0, 1, (off_t)0, (size_t)1, (struct sf_hdtr *)0, &n, 0);]])],
      [gc_sendfile=FreeBSD
        AC_DEFINE([GC_SENDFILE_FREEBSD], [1], [sendfile(file, socket, at, n, headers, &sent, flags).])],
      [AC_LINK_IFELSE([AC_LANG_PROGRAM([[#include <sys/types.h>
#include <sys/socket.h>
#include <sys/uio.h>]],
        [[off_t n = 1; return sendfile(0, 1, (off_t)0, &n, (struct sf_hdtr *)0, 0);]])],
        [gc_sendfile=macOS
          AC_DEFINE([GC_SENDFILE_MACOS], [1], [sendfile(file, socket, at, &n, headers, flags).])])])])
  AC_MSG_RESULT([$gc_sendfile])])
])

# GC_SOCKETS
# ----------
# What cannot be found out by compiling is a fact of the kernel and asked by host: does SO_REUSEPORT balance; do
# accepted sockets inherit TCP_NODELAY from the listener.
AC_DEFUN([GC_SOCKETS], [
AC_REQUIRE([AC_CANONICAL_HOST])
AS_CASE([$host_os], [linux*|dragonfly*],
  [AC_DEFINE([GC_REUSEPORT_BALANCES], [1], [SO_REUSEPORT spreads connections over several sockets.])])
AS_CASE([$host_os], [linux*|freebsd*|netbsd*|openbsd*|dragonfly*],
  [AC_DEFINE([GC_NODELAY_INHERITED], [1], [Accepted sockets have TCP_NODELAY when the listener has it.])])
AC_CHECK_MEMBERS([struct stat.st_mtim, struct stat.st_mtimespec], [], [], [[#include <sys/stat.h>]])
])
