## tests/conformance/local.mk - one contract, every event backend
check_PROGRAMS += tests/conformance/native
TESTS += tests/conformance/native

conformance_sources = \
	src/net/linger.c \
	src/net/linger.h \
	tests/conformance/cases_batch.c \
	tests/conformance/cases_end.c \
	tests/conformance/cases_life.c \
	tests/conformance/cases_readiness.c \
	tests/conformance/cases_time.c \
	tests/conformance/conformance.c \
	tests/conformance/suite.c \
	tests/conformance/suite.h

tests_conformance_native_SOURCES = $(conformance_sources)
tests_conformance_native_CPPFLAGS = $(AM_CPPFLAGS)
tests_conformance_native_LDADD = fdevents/libfdevents.la

## The doubles stand for kernels that are not here: the library is compiled once more with their
## headers. None of them ever gets into the server.
if GC_DOUBLES
check_PROGRAMS += tests/conformance/solaris tests/conformance/kqueue tests/conformance/pollwrap
TESTS += tests/conformance/solaris tests/conformance/kqueue tests/conformance/poll-semantics.sh

double_cppflags = -DSUITE_DOUBLE -iquote $(srcdir)/tests/doubles/include \
	-I$(srcdir)/tests/doubles/include $(AM_CPPFLAGS)

tests_conformance_solaris_SOURCES = $(conformance_sources) $(fdevents_sources) \
	tests/doubles/facts.c tests/doubles/facts.h tests/doubles/solaris.c
tests_conformance_solaris_CPPFLAGS = -DHAVE_EVENT_PORTS -DHAVE_DEVPOLL $(double_cppflags)

tests_conformance_kqueue_SOURCES = $(conformance_sources) $(fdevents_sources) \
	tests/doubles/facts.c tests/doubles/facts.h tests/doubles/kqueue.c
tests_conformance_kqueue_CPPFLAGS = -DHAVE_KQUEUE $(double_cppflags)

tests_conformance_pollwrap_SOURCES = $(conformance_sources) $(fdevents_sources) \
	tests/doubles/facts.c tests/doubles/facts.h tests/doubles/pollwrap.c
tests_conformance_pollwrap_CPPFLAGS = -DHAVE_POLL $(double_cppflags)
tests_conformance_pollwrap_LDFLAGS = -Wl,--wrap=poll
endif

EXTRA_DIST += \
	tests/conformance/mutants.sh \
	tests/conformance/poll-semantics.sh \
	tests/doubles/facts.c \
	tests/doubles/facts.h \
	tests/doubles/include/config.h \
	tests/doubles/include/port.h \
	tests/doubles/include/sys/devpoll.h \
	tests/doubles/include/sys/event.h \
	tests/doubles/kqueue.c \
	tests/doubles/pollwrap.c \
	tests/doubles/solaris.c
