# tests/unit/h2/local.mk - unit tests of src/h2
# SPDX-License-Identifier: BSD-3-Clause

if HAVE_CHECK
unit_h2_tests = \
	tests/unit/h2/test_client \
	tests/unit/h2/test_emit \
	tests/unit/h2/test_flow \
	tests/unit/h2/test_head \
	tests/unit/h2/test_limits \
	tests/unit/h2/test_priority \
	tests/unit/h2/test_session

check_PROGRAMS += $(unit_h2_tests)
TESTS += $(unit_h2_tests)
unit_h2_libs = src/h2/libh2.la src/http/libhttp.la src/net/libnet.la src/base/libbase.la $(CHECK_LIBS)
unit_h2_player = tests/unit/h2/player.c tests/unit/h2/player.h

tests_unit_h2_test_client_SOURCES = tests/unit/h2/test_client.c $(unit_h2_player)
tests_unit_h2_test_client_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_h2_test_client_LDADD = $(unit_h2_libs)

tests_unit_h2_test_emit_SOURCES = tests/unit/h2/test_emit.c $(unit_h2_player)
tests_unit_h2_test_emit_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_h2_test_emit_LDADD = $(unit_h2_libs)

tests_unit_h2_test_flow_SOURCES = tests/unit/h2/test_flow.c $(unit_h2_player)
tests_unit_h2_test_flow_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_h2_test_flow_LDADD = $(unit_h2_libs)

tests_unit_h2_test_head_SOURCES = tests/unit/h2/test_head.c $(unit_h2_player)
tests_unit_h2_test_head_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_h2_test_head_LDADD = $(unit_h2_libs)

tests_unit_h2_test_limits_SOURCES = tests/unit/h2/test_limits.c $(unit_h2_player)
tests_unit_h2_test_limits_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_h2_test_limits_LDADD = $(unit_h2_libs)

tests_unit_h2_test_priority_SOURCES = tests/unit/h2/test_priority.c $(unit_h2_player)
tests_unit_h2_test_priority_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_h2_test_priority_LDADD = $(unit_h2_libs)

tests_unit_h2_test_session_SOURCES = tests/unit/h2/test_session.c $(unit_h2_player)
tests_unit_h2_test_session_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_h2_test_session_LDADD = $(unit_h2_libs)

if HAVE_NGHTTP2
check_PROGRAMS += tests/unit/h2/test_client_peer tests/unit/h2/test_h2_peer
TESTS += tests/unit/h2/test_client_peer tests/unit/h2/test_h2_peer
tests_unit_h2_test_client_peer_SOURCES = tests/unit/h2/test_client_peer.c
tests_unit_h2_test_client_peer_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS) $(NGHTTP2_CFLAGS)
tests_unit_h2_test_client_peer_LDADD = $(unit_h2_libs) $(NGHTTP2_LIBS)
tests_unit_h2_test_h2_peer_SOURCES = tests/unit/h2/test_h2_peer.c
tests_unit_h2_test_h2_peer_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS) $(NGHTTP2_CFLAGS)
tests_unit_h2_test_h2_peer_LDADD = $(unit_h2_libs) $(NGHTTP2_LIBS)
endif

endif

if HAVE_CHECK
unit_hpack_tests = \
	tests/unit/h2/test_hpack \
	tests/unit/h2/test_huffman \
	tests/unit/h2/test_table

check_PROGRAMS += $(unit_hpack_tests)
TESTS += $(unit_hpack_tests)
unit_hpack_libs = src/h2/libh2.la src/http/libhttp.la src/base/libbase.la $(CHECK_LIBS)

tests_unit_h2_test_hpack_SOURCES = tests/unit/h2/test_hpack.c
tests_unit_h2_test_hpack_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_h2_test_hpack_LDADD = $(unit_hpack_libs)

tests_unit_h2_test_huffman_SOURCES = tests/unit/h2/test_huffman.c
tests_unit_h2_test_huffman_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_h2_test_huffman_LDADD = $(unit_hpack_libs)

tests_unit_h2_test_table_SOURCES = tests/unit/h2/test_table.c
tests_unit_h2_test_table_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_h2_test_table_LDADD = $(unit_hpack_libs)

if HAVE_NGHTTP2
check_PROGRAMS += tests/unit/h2/test_hpack_peer
TESTS += tests/unit/h2/test_hpack_peer
tests_unit_h2_test_hpack_peer_SOURCES = tests/unit/h2/test_hpack_peer.c
tests_unit_h2_test_hpack_peer_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS) $(NGHTTP2_CFLAGS)
tests_unit_h2_test_hpack_peer_LDADD = $(unit_hpack_libs) $(NGHTTP2_LIBS)
endif
endif
