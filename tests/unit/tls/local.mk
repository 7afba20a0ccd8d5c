# tests/unit/tls/local.mk - unit tests of src/tls
# SPDX-License-Identifier: BSD-3-Clause

if HAVE_CHECK
if HAVE_OPENSSL
unit_tls_tests = \
	tests/unit/tls/test_backends \
	tests/unit/tls/test_bytes \
	tests/unit/tls/test_clients \
	tests/unit/tls/test_contexts \
	tests/unit/tls/test_handshake \
	tests/unit/tls/test_renewal \
	tests/unit/tls/test_tickets

check_PROGRAMS += $(unit_tls_tests)
TESTS += $(unit_tls_tests)
unit_tls_libs = src/tls/libtls.la src/net/libnet.la src/conf/libconf.la src/base/libbase.la \
	fdevents/libfdevents.la src/base/libbase.la $(PCRE2_LIBS) $(OPENSSL_LIBS) $(CHECK_LIBS)
unit_tls_common = tests/unit/tls/authority.c tests/unit/tls/authority.h tests/unit/tls/pair.c tests/unit/tls/pair.h
unit_tls_cflags = $(AM_CFLAGS) $(CHECK_CFLAGS) $(OPENSSL_CFLAGS)

tests_unit_tls_test_backends_SOURCES = tests/unit/tls/test_backends.c $(unit_tls_common)
tests_unit_tls_test_backends_CFLAGS = $(unit_tls_cflags)
tests_unit_tls_test_backends_LDADD = $(unit_tls_libs)

tests_unit_tls_test_bytes_SOURCES = tests/unit/tls/test_bytes.c $(unit_tls_common)
tests_unit_tls_test_bytes_CFLAGS = $(unit_tls_cflags)
tests_unit_tls_test_bytes_LDADD = $(unit_tls_libs)

tests_unit_tls_test_clients_SOURCES = tests/unit/tls/test_clients.c $(unit_tls_common)
tests_unit_tls_test_clients_CFLAGS = $(unit_tls_cflags)
tests_unit_tls_test_clients_LDADD = $(unit_tls_libs)

tests_unit_tls_test_contexts_SOURCES = tests/unit/tls/test_contexts.c $(unit_tls_common)
tests_unit_tls_test_contexts_CFLAGS = $(unit_tls_cflags)
tests_unit_tls_test_contexts_LDADD = $(unit_tls_libs)

tests_unit_tls_test_handshake_SOURCES = tests/unit/tls/test_handshake.c $(unit_tls_common)
tests_unit_tls_test_handshake_CFLAGS = $(unit_tls_cflags)
tests_unit_tls_test_handshake_LDADD = $(unit_tls_libs)

tests_unit_tls_test_renewal_SOURCES = tests/unit/tls/test_renewal.c src/server/builtin.c \
	tests/unit/tls/authority.c tests/unit/tls/authority.h
tests_unit_tls_test_renewal_CFLAGS = $(unit_tls_cflags)
tests_unit_tls_test_renewal_LDADD = $(goldcrest_libraries) $(LIBS_OF_GOLDCREST) $(CHECK_LIBS)

tests_unit_tls_test_tickets_SOURCES = tests/unit/tls/test_tickets.c $(unit_tls_common)
tests_unit_tls_test_tickets_CFLAGS = $(unit_tls_cflags)
tests_unit_tls_test_tickets_LDADD = $(unit_tls_libs)
endif
endif
