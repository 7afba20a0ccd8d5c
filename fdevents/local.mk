## fdevents/local.mk - readiness and time limits, a library of its own
noinst_LTLIBRARIES += fdevents/libfdevents.la

fdevents_sources = \
	fdevents/backend.h \
	fdevents/backends.def \
	fdevents/deadline.c \
	fdevents/devpoll.c \
	fdevents/epoll.c \
	fdevents/fdevent.c \
	fdevents/fdevent.h \
	fdevents/kqueue.c \
	fdevents/poll.c \
	fdevents/ports.c \
	fdevents/select.c \
	fdevents/set.h \
	fdevents/signal.c \
	fdevents/socket.c \
	fdevents/socket.h

fdevents_libfdevents_la_SOURCES = $(fdevents_sources)
