# gc_fdevents.m4 - which kernel interfaces for readiness are here, found out by use
# SPDX-License-Identifier: BSD-3-Clause

# GC_FDEVENTS_BACKEND(NAME, INCLUDES, BODY)
# -----------------------------------------
# Adds NAME to gc_fdevents_here if BODY compiles and links. Nothing is run: cross builds and
# containers lie, and the library tries each backend out when it starts.
AC_DEFUN([GC_FDEVENTS_BACKEND], [
  AC_CACHE_CHECK([for $1], [gc_cv_fdevent_$1],
    [AC_LINK_IFELSE([AC_LANG_PROGRAM([$2], [$3])],
      [gc_cv_fdevent_$1=yes], [gc_cv_fdevent_$1=no])])
  AS_IF([test "x$gc_cv_fdevent_$1" = xyes], [gc_fdevents_here="$gc_fdevents_here $1"])
])

# GC_FDEVENTS_USE(MACRO, WHAT, INCLUDES, BODY)
# --------------------------------------------
# Defines MACRO if BODY compiles and links.
AC_DEFUN([GC_FDEVENTS_USE], [
  AC_CACHE_CHECK([for $2], [gc_cv_use_$1],
    [AC_LINK_IFELSE([AC_LANG_PROGRAM([$3], [$4])], [gc_cv_use_$1=yes], [gc_cv_use_$1=no])])
  AS_IF([test "x$gc_cv_use_$1" = xyes], [AC_DEFINE([$1], [1], [Define to 1 if you have $2.])])
])

# GC_FDEVENTS
# -----------
# Implements --with-fdevents=auto|LIST. Defines GC_FDEVENT_* and GC_FDEVENT_ORDER, sets
# gc_fdevents_list for the summary and the conditional GC_DOUBLES.
AC_DEFUN([GC_FDEVENTS], [
AC_REQUIRE([AC_CANONICAL_HOST])
AC_ARG_WITH([fdevents],
  [AS_HELP_STRING([--with-fdevents=LIST],
    [event backends to build, comma separated, the first is the default: epoll, kqueue, ports,
     devpoll, poll, select @<:@auto: all that this system has, best first@:>@])],
  [], [with_fdevents=auto])

GC_FDEVENTS_USE([HAVE_ACCEPT4], [accept4],
  [[#include <sys/types.h>
    #include <sys/socket.h>]],
  [[return accept4(0, 0, 0, SOCK_NONBLOCK | SOCK_CLOEXEC);]])
GC_FDEVENTS_USE([HAVE_PACCEPT], [paccept],
  [[#include <sys/types.h>
    #include <signal.h>
    #include <sys/socket.h>]],
  [[return paccept(0, 0, 0, (const sigset_t *)0, SOCK_NONBLOCK | SOCK_CLOEXEC);]])
GC_FDEVENTS_USE([HAVE_PIPE2], [pipe2],
  [[#include <fcntl.h>
    #include <unistd.h>]],
  [[int fds[2]; return pipe2(fds, O_NONBLOCK | O_CLOEXEC);]])
GC_FDEVENTS_USE([HAVE_SOCK_CLOEXEC], [SOCK_NONBLOCK and SOCK_CLOEXEC],
  [[#include <sys/types.h>
    #include <sys/socket.h>]],
  [[return socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);]])
GC_FDEVENTS_USE([HAVE_MSG_NOSIGNAL], [MSG_NOSIGNAL],
  [[#include <sys/types.h>
    #include <sys/socket.h>]],
  [[return (int)send(0, "", 1, MSG_NOSIGNAL);]])
AC_CHECK_HEADERS([sys/filio.h])
AC_CHECK_DECLS([FIONREAD], [], [], [[
#include <sys/ioctl.h>
#ifdef HAVE_SYS_FILIO_H
#include <sys/filio.h>
#endif
]])
AC_CHECK_MEMBERS([struct sockaddr.sa_len], [], [], [[
#include <sys/types.h>
#include <sys/socket.h>
]])

gc_fdevents_here=
GC_FDEVENTS_BACKEND([ports],
  [[#include <poll.h>
    #include <stdint.h>
    #include <port.h>]],
  [[port_event_t event;
    uint_t count = 1;
    int port = port_create();
    port_associate(port, PORT_SOURCE_FD, (uintptr_t)0, POLLIN, 0);
    return port_getn(port, &event, 1, &count, 0);]])
# An emulation of epoll differs from Linux' own: where event ports are, they are what is meant.
AS_IF([test "x$gc_cv_fdevent_ports" != xyes],
  [GC_FDEVENTS_BACKEND([epoll],
    [[#include <sys/epoll.h>]],
    [[struct epoll_event event;
      event.events = EPOLLIN | EPOLLRDHUP;
      event.data.ptr = &event;
      return epoll_ctl(epoll_create1(EPOLL_CLOEXEC), EPOLL_CTL_ADD, 0, &event);]])])
GC_FDEVENTS_BACKEND([kqueue],
  [[#include <string.h>
    #include <stdint.h>
    #include <limits.h>
    #include <sys/types.h>
    #include <sys/event.h>
    #include <sys/time.h>]],
  [[struct kevent event;
    void *data = &event;
    memset(&event, 0, sizeof event);
    event.ident = (uintptr_t)1;
    event.filter = EVFILT_READ;
    event.flags = EV_ADD | EV_ENABLE;
    event.fflags = NOTE_LOWAT;
    event.data = INT_MAX;
    memcpy(&event.udata, &data, sizeof data);
    return kevent(kqueue(), &event, 1, 0, 0, 0);]])
GC_FDEVENTS_BACKEND([devpoll],
  [[#include <poll.h>
    #include <sys/types.h>
    #include <sys/devpoll.h>
    #include <sys/ioctl.h>]],
  [[struct pollfd fd = {0, POLLREMOVE, 0};
    struct dvpoll request;
    request.dp_fds = &fd;
    request.dp_nfds = 1;
    request.dp_timeout = 0;
    return ioctl(0, DP_POLL, &request);]])
GC_FDEVENTS_BACKEND([poll],
  [[#include <poll.h>]],
  [[struct pollfd fd = {0, POLLIN, 0}; return poll(&fd, 1, 0);]])
GC_FDEVENTS_BACKEND([select],
  [[#include <sys/types.h>
    #include <sys/time.h>
    #include <sys/select.h>]],
  [[fd_set in; FD_ZERO(&in); return select(0, &in, 0, 0, 0);]])

AS_CASE([$with_fdevents],
  [auto|yes], [gc_fdevents_list=$gc_fdevents_here],
  [no], [AC_MSG_ERROR([there is no server without a backend; available:$gc_fdevents_here])],
  [gc_fdevents_list=`echo "$with_fdevents" | tr ',' ' '`])
gc_fdevents_order=
for gc_name in $gc_fdevents_list; do
  AS_CASE([" $gc_fdevents_here "],
    [*" $gc_name "*], [],
    [AC_MSG_ERROR(
       [--with-fdevents: '$gc_name' is not available here; available:$gc_fdevents_here])])
  AS_CASE([",$gc_fdevents_order,"],
    [*",$gc_name,"*], [AC_MSG_ERROR([--with-fdevents: '$gc_name' is named twice])])
  gc_fdevents_order=${gc_fdevents_order:+$gc_fdevents_order,}$gc_name
  AS_CASE([$gc_name],
    [epoll], [AC_DEFINE([HAVE_EPOLL], [1], [Define to 1 to build the epoll backend.])],
    [kqueue], [AC_DEFINE([HAVE_KQUEUE], [1], [Define to 1 to build the kqueue backend.])],
    [ports], [AC_DEFINE([HAVE_EVENT_PORTS], [1], [Define to 1 to build the event ports backend.])],
    [devpoll], [AC_DEFINE([HAVE_DEVPOLL], [1], [Define to 1 to build the /dev/poll backend.])],
    [poll], [AC_DEFINE([HAVE_POLL], [1], [Define to 1 to build the poll backend.])],
    [select], [AC_DEFINE([HAVE_SELECT], [1], [Define to 1 to build the select backend.])])
done
AS_IF([test "x$gc_fdevents_order" = x],
  [AC_MSG_ERROR([--with-fdevents: no backend; available:$gc_fdevents_here])])
gc_fdevents_list=`echo "$gc_fdevents_order" | tr ',' ' '`
AC_DEFINE_UNQUOTED([GC_FDEVENT_ORDER], ["$gc_fdevents_order"],
  [Event backends in order of preference, comma separated.])
AC_MSG_CHECKING([which event backends to build])
AC_MSG_RESULT([$gc_fdevents_list])

# The doubles of other kernels stand on this one, the kernel that has an epoll of its own, and in the place of poll()
# and others, which the linker must do.
AC_CACHE_CHECK([whether the linker wraps functions], [gc_cv_linker_wraps], [
  gc_saved_LDFLAGS=$LDFLAGS
  LDFLAGS="$LDFLAGS -Wl,--wrap=getppid"
  AC_LINK_IFELSE([AC_LANG_SOURCE([[#include <unistd.h>
pid_t __real_getppid(void);
pid_t __wrap_getppid(void);
pid_t __wrap_getppid(void) { return __real_getppid(); }
int main(void) { return getppid() == 1; }]])], [gc_cv_linker_wraps=yes], [gc_cv_linker_wraps=no])
  LDFLAGS=$gc_saved_LDFLAGS])
AM_CONDITIONAL([GC_DOUBLES], [test "x$gc_cv_fdevent_epoll$gc_cv_linker_wraps" = xyesyes])
])
