# gc_sockets.m4 - what the system's sockets and files can do, found out by use
# SPDX-License-Identifier: BSD-3-Clause

# GC_SENDFILE
# -----------
# Defines one of GC_SENDFILE_MOVES_OFFSET, _COUNTS_SENT and _CHANGES_LENGTH by the signature that compiles; sets
# gc_sendfile.
AC_DEFUN([GC_SENDFILE], [
AC_ARG_ENABLE([sendfile],
  [AS_HELP_STRING([--disable-sendfile], [send files by read and write, even where the system has sendfile])],
  [], [enable_sendfile=yes])
gc_sendfile=no
AS_IF([test "x$enable_sendfile" != xno], [
  AC_SEARCH_LIBS([sendfile], [sendfile])
  GC_SENDFILE_KIND([MOVES_OFFSET], [sendfile(out, in, &offset, n), as Linux and Solaris have it],
    [[#include <sys/types.h>
#include <sys/sendfile.h>]], [[off_t at = 0; return (int)sendfile(1, 0, &at, 1);]])
  GC_SENDFILE_KIND([COUNTS_SENT], [sendfile(file, socket, at, n, headers, &sent, flags), as FreeBSD has it],
    [[#include <sys/types.h>
#include <sys/socket.h>
#include <sys/uio.h>]], [[off_t sent; return sendfile(0, 1, (off_t)0, (size_t)1, (struct sf_hdtr *)0, &sent, 0);]])
  GC_SENDFILE_KIND([CHANGES_LENGTH], [sendfile(file, socket, at, &n, headers, flags), as macOS has it],
    [[#include <sys/types.h>
#include <sys/socket.h>
#include <sys/uio.h>]], [[off_t n = 1; return sendfile(0, 1, (off_t)0, &n, (struct sf_hdtr *)0, 0);]])])
])

# GC_SENDFILE_KIND([NAME], [SIGNATURE], [INCLUDES], [BODY])
AC_DEFUN([GC_SENDFILE_KIND], [
AS_IF([test "$gc_sendfile" = no], [
  AC_CACHE_CHECK([for $2], [gc_cv_sendfile_$1],
    [AC_LINK_IFELSE([AC_LANG_PROGRAM([$3], [$4])], [gc_cv_sendfile_$1=yes], [gc_cv_sendfile_$1=no])])
  AS_IF([test "$gc_cv_sendfile_$1" = yes], [gc_sendfile=yes
    AC_DEFINE([GC_SENDFILE_$1], [1], [Define to 1 for $2.])])])
])

# GC_WIDTHS
# ---------
# An error where times or sizes of files still have 32 bits after all that was tried for more.
AC_DEFUN([GC_WIDTHS], [
AC_CACHE_CHECK([whether time_t and off_t have 64 bits], [gc_cv_widths],
  [AC_COMPILE_IFELSE([AC_LANG_PROGRAM([[#include <time.h>
#include <sys/types.h>
typedef char times_have_64_bits[sizeof(time_t) >= 8 ? 1 : -1];
typedef char sizes_have_64_bits[sizeof(off_t) >= 8 ? 1 : -1];]], [])], [gc_cv_widths=yes], [gc_cv_widths=no])])
AS_IF([test "$gc_cv_widths" = no], [AC_MSG_ERROR(m4_normalize([time_t or off_t has less than 64 bits here: dates
  would end in 2038, files at 2 GiB. On a 32-bit Linux that takes glibc 2.34 or musl 1.2]))])
])

# GC_SOCKETS
# ----------
# Sockets: the libraries that they are in, descriptors in messages, and whether SO_REUSEPORT balances.
AC_DEFUN([GC_SOCKETS], [
AC_REQUIRE([GC_MESSAGES])
AC_ARG_ENABLE([reuseport],
  [AS_HELP_STRING([--enable-reuseport], [each worker has a socket of its own on each address, with SO_REUSEPORT, even
     where nothing tells that the kernel spreads connections over them; --disable-reuseport: never])],
  [], [enable_reuseport=auto])
dnl What balances cannot be compiled. These options make sense only where it does: SO_REUSEPORT_LB is the balancing
dnl one of two (FreeBSD); a program can be attached to a group that it chooses from (Linux); a socket in the group
dnl belongs to a processor (DragonFly). Elsewhere all connections go to one socket.
gc_reuseport=no
AS_IF([test "x$enable_reuseport" = xauto], [
  m4_foreach([gc_pair], [[SO_REUSEPORT_LB, SO_REUSEPORT_LB], [SO_REUSEPORT, SO_ATTACH_REUSEPORT_CBPF],
    [SO_REUSEPORT, SO_CPUHINT]], [GC_REUSEPORT(gc_pair)])])
AS_IF([test "x$enable_reuseport" = xyes], [GC_REUSEPORT([SO_REUSEPORT_LB], [SO_REUSEPORT_LB])
  GC_REUSEPORT([SO_REUSEPORT], [SO_REUSEPORT])
  AS_IF([test "$gc_reuseport" = no], [AC_MSG_ERROR([--enable-reuseport: there is no SO_REUSEPORT here])])])
AS_IF([test "$gc_reuseport" != no],
  [AC_DEFINE_UNQUOTED([GC_BALANCING_OPTION], [$gc_reuseport], [The socket option with which the kernel balances.])])
AC_ARG_ENABLE([ipv6],
  [AS_HELP_STRING([--disable-ipv6], [no IPv6: neither listening nor connecting, as on a kernel without it])],
  [], [enable_ipv6=yes])
AS_IF([test "x$enable_ipv6" = xno], [gc_ipv6=0], [gc_ipv6=1])
AC_DEFINE_UNQUOTED([GC_IPV6], [$gc_ipv6], [1, or 0 in a build that makes no sockets of IPv6.])
AC_CHECK_MEMBERS([struct stat.st_mtim, struct stat.st_mtimespec], [], [], [[#include <sys/stat.h>]])
])

# GC_REUSEPORT([OPTION], [SIGN])
AC_DEFUN([GC_REUSEPORT], [
AS_IF([test "$gc_reuseport" = no], [
  AC_MSG_CHECKING([whether $1 balances, by $2])
  AC_LINK_IFELSE([AC_LANG_PROGRAM([[#include <sys/types.h>
#include <sys/socket.h>]], [[int on = 1; return setsockopt(0, SOL_SOCKET, $1, &on, sizeof on) + $2;]])],
    [gc_reuseport=$1; AC_MSG_RESULT([yes])], [AC_MSG_RESULT([no])])])
])

# GC_MESSAGES
# -----------
# Descriptors travel in msg_control. illumos and Solaris have it only for programs that ask for X/Open's sockets, and
# declare everything else all the same because of __EXTENSIONS__; on the BSDs asking would hide half of the system,
# which is why it is done only where it is needed.
AC_DEFUN([GC_MESSAGES], [
AC_REQUIRE([AC_USE_SYSTEM_EXTENSIONS])
AC_SEARCH_LIBS([socket], [socket network])
AC_SEARCH_LIBS([inet_ntop], [nsl])
AC_SEARCH_LIBS([getaddrinfo], [nsl])
AC_CACHE_CHECK([what shows msg_control], [gc_cv_msg_control], [
  gc_cv_msg_control=no
  gc_saved_CPPFLAGS=$CPPFLAGS
  gc_saved_LIBS=$LIBS
  for gc_try in "nothing else" -D_XOPEN_SOURCE=600 -D_XOPEN_SOURCE=700 \
      "-D_XOPEN_SOURCE=600 -lxnet" "-D_XOPEN_SOURCE=700 -lxnet"; do
    GC_TAKE_FLAGS([$gc_try])
    AC_LINK_IFELSE([AC_LANG_PROGRAM([[#include <sys/types.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <grp.h>
#include <unistd.h>]], [[union { char bytes[CMSG_SPACE(sizeof(int))]; struct cmsghdr align; } room;
struct msghdr message;
struct cmsghdr *c;
memset(&message, 0, sizeof message);
message.msg_control = room.bytes;
message.msg_controllen = sizeof room.bytes;
c = CMSG_FIRSTHDR(&message);
c->cmsg_len = CMSG_LEN(sizeof(int));
c->cmsg_type = SCM_RIGHTS;
return sendmsg(0, &message, 0) < 0 || setgroups(0, 0) < 0 || chroot("/") < 0 || TCP_NODELAY < 0;]])],
      [gc_cv_msg_control=$gc_try])
    CPPFLAGS=$gc_saved_CPPFLAGS
    LIBS=$gc_saved_LIBS
    test "x$gc_cv_msg_control" = xno || break
  done])
AS_IF([test "x$gc_cv_msg_control" = xno],
  [AC_MSG_ERROR([descriptors cannot be sent over a socket here: there is no msg_control in struct msghdr])])
GC_TAKE_FLAGS([$gc_cv_msg_control])
])

# GC_RANDOM
# ---------
# Defines HAVE_GETENTROPY; without it /dev/urandom is read.
AC_DEFUN([GC_RANDOM], [
AC_CHECK_HEADERS([sys/random.h])
AC_CACHE_CHECK([for getentropy], [gc_cv_use_getentropy],
  [AC_LINK_IFELSE([AC_LANG_PROGRAM([[#include <sys/types.h>
#include <unistd.h>
#ifdef HAVE_SYS_RANDOM_H
#include <sys/random.h>
#endif]], [[char bytes[16]; return getentropy(bytes, sizeof bytes);]])],
    [gc_cv_use_getentropy=yes], [gc_cv_use_getentropy=no])])
AS_IF([test "$gc_cv_use_getentropy" = yes],
  [AC_DEFINE([HAVE_GETENTROPY], [1], [Define to 1 if you have getentropy.])])

# Defines HAVE_FEXECVE: a program that is open can be executed; by it an upgrade that fails late has a way back.
AC_CACHE_CHECK([for fexecve], [gc_cv_use_fexecve],
  [AC_LINK_IFELSE([AC_LANG_PROGRAM([[#include <unistd.h>]],
    [[char *none[1] = {0}; return fexecve(-1, none, none) == 0;]])],
    [gc_cv_use_fexecve=yes], [gc_cv_use_fexecve=no])])
AS_IF([test "$gc_cv_use_fexecve" = yes],
  [AC_DEFINE([HAVE_FEXECVE], [1], [Define to 1 if you have fexecve.])])
])

# GC_TAKE_FLAGS([WORDS])
# ----------------------
# -D goes to CPPFLAGS, -l to LIBS, other words nowhere.
AC_DEFUN([GC_TAKE_FLAGS], [
for gc_word in $1; do
  AS_CASE([$gc_word], [-D*], [CPPFLAGS="$CPPFLAGS $gc_word"], [-l*], [LIBS="$gc_word $LIBS"])
done
])
