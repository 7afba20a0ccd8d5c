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
	tests/conformance/ingredients.c \
	tests/conformance/suite.c \
	tests/conformance/suite.h

tests_conformance_native_SOURCES = $(conformance_sources)
tests_conformance_native_CPPFLAGS = $(AM_CPPFLAGS)
tests_conformance_native_LDADD = fdevents/libfdevents.la

## The doubles stand for kernels that are not here (tests/doubles/local.mk).
if GC_DOUBLES
check_PROGRAMS += tests/conformance/solaris tests/conformance/kqueue tests/conformance/pollwrap
TESTS += tests/conformance/solaris tests/conformance/kqueue tests/conformance/poll-semantics.sh \
	tests/conformance/mutants.sh

tests_conformance_solaris_SOURCES = $(conformance_sources)
tests_conformance_solaris_CPPFLAGS = -DSUITE_DOUBLE $(AM_CPPFLAGS)
tests_conformance_solaris_LDADD = tests/doubles/libfdevents-solaris.la

tests_conformance_kqueue_SOURCES = $(conformance_sources)
tests_conformance_kqueue_CPPFLAGS = -DSUITE_DOUBLE $(AM_CPPFLAGS)
tests_conformance_kqueue_LDADD = tests/doubles/libfdevents-kqueue.la

tests_conformance_pollwrap_SOURCES = $(conformance_sources)
tests_conformance_pollwrap_CPPFLAGS = -DSUITE_DOUBLE $(AM_CPPFLAGS)
tests_conformance_pollwrap_LDADD = tests/doubles/libfdevents-pollwrap.la
tests_conformance_pollwrap_LDFLAGS = $(double_ldflags_pollwrap)
endif

EXTRA_DIST += \
	tests/conformance/mutants.sh \
	tests/conformance/poll-semantics.sh
