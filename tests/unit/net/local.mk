# tests/unit/net/local.mk - unit tests of src/net
# SPDX-License-Identifier: BSD-3-Clause

if HAVE_CHECK
unit_net_tests = \
	tests/unit/net/test_addr \
	tests/unit/net/test_chunk \
	tests/unit/net/test_enclosure \
	tests/unit/net/test_large \
	tests/unit/net/test_lookup \
	tests/unit/net/test_proxyline \
	tests/unit/net/test_spool \
	tests/unit/net/test_wire

check_PROGRAMS += $(unit_net_tests)
TESTS += $(unit_net_tests)
unit_net_libs = src/net/libnet.la src/base/libbase.la fdevents/libfdevents.la src/base/libbase.la $(PCRE2_LIBS) \
	$(CHECK_LIBS)

tests_unit_net_test_addr_SOURCES = tests/unit/net/test_addr.c
tests_unit_net_test_addr_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_net_test_addr_LDADD = $(unit_net_libs)

tests_unit_net_test_chunk_SOURCES = tests/unit/net/test_chunk.c
tests_unit_net_test_chunk_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_net_test_chunk_LDADD = $(unit_net_libs)

tests_unit_net_test_enclosure_SOURCES = tests/unit/net/test_enclosure.c
tests_unit_net_test_enclosure_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_net_test_enclosure_LDADD = $(unit_net_libs)

tests_unit_net_test_large_SOURCES = tests/unit/net/test_large.c
tests_unit_net_test_large_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_net_test_large_LDADD = $(unit_net_libs)

tests_unit_net_test_lookup_SOURCES = tests/unit/net/test_lookup.c
tests_unit_net_test_lookup_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_net_test_lookup_LDADD = $(unit_net_libs)

tests_unit_net_test_proxyline_SOURCES = tests/unit/net/test_proxyline.c
tests_unit_net_test_proxyline_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_net_test_proxyline_LDADD = $(unit_net_libs)

tests_unit_net_test_spool_SOURCES = tests/unit/net/test_spool.c
tests_unit_net_test_spool_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_net_test_spool_LDADD = $(unit_net_libs)

tests_unit_net_test_wire_SOURCES = tests/unit/net/test_wire.c
tests_unit_net_test_wire_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_net_test_wire_LDADD = $(unit_net_libs)
endif
