# tests/unit/h1/local.mk - unit tests of src/h1: one program per unit, linking its layer and what is below
# SPDX-License-Identifier: BSD-3-Clause

if HAVE_CHECK
unit_h1_tests = \
	tests/unit/h1/test_scan \
	tests/unit/h1/test_parse \
	tests/unit/h1/test_chunked \
	tests/unit/h1/test_response

check_PROGRAMS += $(unit_h1_tests)
TESTS += $(unit_h1_tests)
unit_h1_libs = src/h1/libh1.la src/http/libhttp.la src/base/libbase.la $(CHECK_LIBS)

tests_unit_h1_test_scan_SOURCES = tests/unit/h1/test_scan.c
tests_unit_h1_test_scan_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_h1_test_scan_LDADD = $(unit_h1_libs)

tests_unit_h1_test_parse_SOURCES = tests/unit/h1/test_parse.c
tests_unit_h1_test_parse_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_h1_test_parse_LDADD = $(unit_h1_libs)

tests_unit_h1_test_chunked_SOURCES = tests/unit/h1/test_chunked.c
tests_unit_h1_test_chunked_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_h1_test_chunked_LDADD = $(unit_h1_libs)

tests_unit_h1_test_response_SOURCES = tests/unit/h1/test_response.c
tests_unit_h1_test_response_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_h1_test_response_LDADD = $(unit_h1_libs)

endif
