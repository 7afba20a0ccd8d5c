## tests/doubles/local.mk - kernels that are not here: fdevents compiled over a double of each, and the server over that
## None of it is ever installed.
if GC_DOUBLES
check_LTLIBRARIES += \
	tests/doubles/libfdevents-solaris.la \
	tests/doubles/libfdevents-kqueue.la \
	tests/doubles/libfdevents-pollwrap.la
check_PROGRAMS += \
	tests/doubles/goldcrest-solaris \
	tests/doubles/goldcrest-kqueue \
	tests/doubles/goldcrest-pollwrap

double_cppflags = -iquote $(srcdir)/tests/doubles/include -I$(srcdir)/tests/doubles/include $(AM_CPPFLAGS)
double_ldflags_pollwrap = $(AM_LDFLAGS) -Wl,--wrap=poll

tests_doubles_libfdevents_solaris_la_SOURCES = $(fdevents_sources) \
	tests/doubles/facts.c tests/doubles/facts.h tests/doubles/object.c tests/doubles/object.h tests/doubles/solaris.c
tests_doubles_libfdevents_solaris_la_CPPFLAGS = -DHAVE_EVENT_PORTS -DHAVE_DEVPOLL $(double_cppflags)

tests_doubles_libfdevents_kqueue_la_SOURCES = $(fdevents_sources) \
	tests/doubles/facts.c tests/doubles/facts.h tests/doubles/object.c tests/doubles/object.h tests/doubles/kqueue.c
tests_doubles_libfdevents_kqueue_la_CPPFLAGS = -DHAVE_KQUEUE $(double_cppflags)

tests_doubles_libfdevents_pollwrap_la_SOURCES = $(fdevents_sources) \
	tests/doubles/facts.c tests/doubles/facts.h tests/doubles/pollwrap.c
tests_doubles_libfdevents_pollwrap_la_CPPFLAGS = -DHAVE_POLL $(double_cppflags)

## The whole server, for tests/live/doubles.sh.
tests_doubles_goldcrest_solaris_SOURCES = $(src_goldcrest_SOURCES)
tests_doubles_goldcrest_solaris_LDADD = src/commands/import/libimport.la $(goldcrest_parts) tests/doubles/libfdevents-solaris.la $(LIBS_OF_GOLDCREST)

tests_doubles_goldcrest_kqueue_SOURCES = $(src_goldcrest_SOURCES)
tests_doubles_goldcrest_kqueue_LDADD = src/commands/import/libimport.la $(goldcrest_parts) tests/doubles/libfdevents-kqueue.la $(LIBS_OF_GOLDCREST)

tests_doubles_goldcrest_pollwrap_SOURCES = $(src_goldcrest_SOURCES)
tests_doubles_goldcrest_pollwrap_LDADD = src/commands/import/libimport.la $(goldcrest_parts) tests/doubles/libfdevents-pollwrap.la $(LIBS_OF_GOLDCREST)
tests_doubles_goldcrest_pollwrap_LDFLAGS = $(double_ldflags_pollwrap)
endif

EXTRA_DIST += \
	tests/doubles/facts.c \
	tests/doubles/facts.h \
	tests/doubles/include/config.h \
	tests/doubles/include/port.h \
	tests/doubles/include/sys/devpoll.h \
	tests/doubles/include/sys/event.h \
	tests/doubles/kqueue.c \
	tests/doubles/object.c \
	tests/doubles/object.h \
	tests/doubles/pollwrap.c \
	tests/doubles/solaris.c
