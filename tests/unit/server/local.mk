# tests/unit/server/local.mk - unit tests of src/server, and of the replies below it
# SPDX-License-Identifier: BSD-3-Clause

if HAVE_CHECK
unit_server_tests = \
	tests/unit/server/test_conditions \
	tests/unit/server/test_control \
	tests/unit/server/test_counters \
	tests/unit/server/test_emit \
	tests/unit/server/test_handover \
	tests/unit/server/test_jobs \
	tests/unit/server/test_pace \
	tests/unit/server/test_plan \
	tests/unit/server/test_post \
	tests/unit/server/test_replies \
	tests/unit/server/test_sandbox \
	tests/unit/server/test_warrant

check_PROGRAMS += $(unit_server_tests)
TESTS += $(unit_server_tests)
unit_server_libs = $(goldcrest_libraries) $(LIBS_OF_GOLDCREST) $(CHECK_LIBS)
unit_server_below = src/h1/libh1.la src/http/libhttp.la src/net/libnet.la src/base/libbase.la \
	fdevents/libfdevents.la src/base/libbase.la $(LIBS_OF_GOLDCREST) $(CHECK_LIBS)

tests_unit_server_test_conditions_SOURCES = tests/unit/server/test_conditions.c src/server/builtin.c
tests_unit_server_test_conditions_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_server_test_conditions_LDADD = $(unit_server_libs)

tests_unit_server_test_handover_SOURCES = tests/unit/server/test_handover.c src/server/builtin.c
tests_unit_server_test_handover_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_server_test_handover_LDADD = $(unit_server_libs)

tests_unit_server_test_control_SOURCES = tests/unit/server/test_control.c src/server/builtin.c
tests_unit_server_test_control_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_server_test_control_LDADD = $(unit_server_libs)

tests_unit_server_test_counters_SOURCES = tests/unit/server/test_counters.c src/server/builtin.c
tests_unit_server_test_counters_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_server_test_counters_LDADD = $(unit_server_libs)

tests_unit_server_test_emit_SOURCES = tests/unit/server/test_emit.c
tests_unit_server_test_emit_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_server_test_emit_LDADD = $(unit_server_below)

# Its own table of modules.
tests_unit_server_test_jobs_SOURCES = tests/unit/server/test_jobs.c
tests_unit_server_test_jobs_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_server_test_jobs_LDADD = $(unit_server_libs)

tests_unit_server_test_pace_SOURCES = tests/unit/server/test_pace.c src/server/builtin.c
tests_unit_server_test_pace_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_server_test_pace_LDADD = $(unit_server_libs)

tests_unit_server_test_plan_SOURCES = tests/unit/server/test_plan.c src/server/builtin.c
tests_unit_server_test_plan_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_server_test_plan_LDADD = $(unit_server_libs)

tests_unit_server_test_post_SOURCES = tests/unit/server/test_post.c src/server/builtin.c
tests_unit_server_test_post_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_server_test_post_LDADD = $(unit_server_libs)

tests_unit_server_test_replies_SOURCES = tests/unit/server/test_replies.c
tests_unit_server_test_replies_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_server_test_replies_LDADD = $(unit_server_below)

tests_unit_server_test_sandbox_SOURCES = tests/unit/server/test_sandbox.c src/server/builtin.c
tests_unit_server_test_sandbox_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_server_test_sandbox_LDADD = $(unit_server_libs)

tests_unit_server_test_warrant_SOURCES = tests/unit/server/test_warrant.c src/server/builtin.c
tests_unit_server_test_warrant_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_server_test_warrant_LDADD = $(unit_server_libs)
endif
