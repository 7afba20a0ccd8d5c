# tests/unit/base/local.mk - unit tests of src/base
# SPDX-License-Identifier: BSD-3-Clause

if HAVE_CHECK
unit_base_tests = \
	tests/unit/base/test_bytes \
	tests/unit/base/test_hashes \
	tests/unit/base/test_json \
	tests/unit/base/test_meters \
	tests/unit/base/test_histogram \
	tests/unit/base/test_needles \
	tests/unit/base/test_tables \
	tests/unit/base/test_confine \
	tests/unit/base/test_log

check_PROGRAMS += $(unit_base_tests)
TESTS += $(unit_base_tests)
unit_base_libs = src/base/libbase.la $(PCRE2_LIBS) $(CHECK_LIBS)

tests_unit_base_test_bytes_SOURCES = tests/unit/base/test_bytes.c
tests_unit_base_test_bytes_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_base_test_bytes_LDADD = $(unit_base_libs)

tests_unit_base_test_hashes_SOURCES = tests/unit/base/test_hashes.c
tests_unit_base_test_hashes_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_base_test_hashes_LDADD = $(unit_base_libs)

tests_unit_base_test_json_SOURCES = tests/unit/base/test_json.c
tests_unit_base_test_json_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_base_test_json_LDADD = $(unit_base_libs)

tests_unit_base_test_meters_SOURCES = tests/unit/base/test_meters.c
tests_unit_base_test_meters_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_base_test_meters_LDADD = $(unit_base_libs)

tests_unit_base_test_histogram_SOURCES = tests/unit/base/test_histogram.c
tests_unit_base_test_histogram_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_base_test_histogram_LDADD = $(unit_base_libs)

tests_unit_base_test_needles_SOURCES = tests/unit/base/test_needles.c
tests_unit_base_test_needles_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_base_test_needles_LDADD = $(unit_base_libs)

tests_unit_base_test_tables_SOURCES = tests/unit/base/test_tables.c
tests_unit_base_test_tables_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_base_test_tables_LDADD = $(unit_base_libs)

tests_unit_base_test_confine_SOURCES = tests/unit/base/test_confine.c
tests_unit_base_test_confine_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_base_test_confine_LDADD = $(unit_base_libs)

tests_unit_base_test_log_SOURCES = tests/unit/base/test_log.c
tests_unit_base_test_log_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_base_test_log_LDADD = $(unit_base_libs)
endif
