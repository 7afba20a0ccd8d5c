# tests/unit/http/local.mk - unit tests of src/http: one program per unit, linking its layer and what is below
# SPDX-License-Identifier: BSD-3-Clause

if HAVE_CHECK
unit_http_tests = \
	tests/unit/http/test_coding \
	tests/unit/http/test_names \
	tests/unit/http/test_fields \
	tests/unit/http/test_uri \
	tests/unit/http/test_host \
	tests/unit/http/test_date \
	tests/unit/http/test_range \
	tests/unit/http/test_fresh \
	tests/unit/http/test_length \
	tests/unit/http/test_mime

check_PROGRAMS += $(unit_http_tests)
TESTS += $(unit_http_tests)
unit_http_libs = src/http/libhttp.la src/base/libbase.la $(CHECK_LIBS)

tests_unit_http_test_coding_SOURCES = tests/unit/http/test_coding.c
tests_unit_http_test_coding_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_http_test_coding_LDADD = $(unit_http_libs)

tests_unit_http_test_length_SOURCES = tests/unit/http/test_length.c
tests_unit_http_test_length_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_http_test_length_LDADD = $(unit_http_libs)

tests_unit_http_test_names_SOURCES = tests/unit/http/test_names.c
tests_unit_http_test_names_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_http_test_names_LDADD = $(unit_http_libs)

tests_unit_http_test_fields_SOURCES = tests/unit/http/test_fields.c
tests_unit_http_test_fields_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_http_test_fields_LDADD = $(unit_http_libs)

tests_unit_http_test_uri_SOURCES = tests/unit/http/test_uri.c
tests_unit_http_test_uri_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_http_test_uri_LDADD = $(unit_http_libs)

tests_unit_http_test_host_SOURCES = tests/unit/http/test_host.c
tests_unit_http_test_host_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_http_test_host_LDADD = $(unit_http_libs)

tests_unit_http_test_date_SOURCES = tests/unit/http/test_date.c
tests_unit_http_test_date_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_http_test_date_LDADD = $(unit_http_libs)

tests_unit_http_test_range_SOURCES = tests/unit/http/test_range.c
tests_unit_http_test_range_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_http_test_range_LDADD = $(unit_http_libs)

tests_unit_http_test_fresh_SOURCES = tests/unit/http/test_fresh.c
tests_unit_http_test_fresh_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_http_test_fresh_LDADD = $(unit_http_libs)

tests_unit_http_test_mime_SOURCES = tests/unit/http/test_mime.c
tests_unit_http_test_mime_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_http_test_mime_LDADD = $(unit_http_libs)

endif
