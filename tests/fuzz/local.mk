# tests/fuzz/local.mk - the fuzzing entries, built with a main() that replays their corpora
# SPDX-License-Identifier: BSD-3-Clause
# To fuzz for real: clang -fsanitize=fuzzer,address,undefined, the entry, and the sources of its library, without replay_main.c.

fuzz_entries = \
	tests/fuzz/fuzz_request \
	tests/fuzz/fuzz_chunked \
	tests/fuzz/fuzz_range \
	tests/fuzz/fuzz_date \
	tests/fuzz/fuzz_uri \
	tests/fuzz/fuzz_conf \
	tests/fuzz/fuzz_proxyline \
	tests/fuzz/fuzz_forwarded \
	tests/fuzz/fuzz_websocket \
	tests/fuzz/fuzz_authorization \
	tests/fuzz/fuzz_hpack \
	tests/fuzz/fuzz_h2 \
	tests/fuzz/fuzz_h2_client \
	tests/fuzz/fuzz_gateway

check_PROGRAMS += $(fuzz_entries)
EXTRA_DIST += tests/fuzz/run.sh tests/fuzz/corpus
TESTS += tests/fuzz/run.sh

fuzz_common = tests/fuzz/replay_main.c tests/fuzz/fuzz.h
fuzz_http_libs = src/http/libhttp.la src/base/libbase.la
fuzz_h1_libs = src/h1/libh1.la $(fuzz_http_libs)

tests_fuzz_fuzz_request_SOURCES = tests/fuzz/fuzz_request.c $(fuzz_common)
tests_fuzz_fuzz_request_LDADD = $(fuzz_h1_libs)

tests_fuzz_fuzz_chunked_SOURCES = tests/fuzz/fuzz_chunked.c $(fuzz_common)
tests_fuzz_fuzz_chunked_LDADD = $(fuzz_h1_libs)

tests_fuzz_fuzz_range_SOURCES = tests/fuzz/fuzz_range.c $(fuzz_common)
tests_fuzz_fuzz_range_LDADD = $(fuzz_http_libs)

tests_fuzz_fuzz_date_SOURCES = tests/fuzz/fuzz_date.c $(fuzz_common)
tests_fuzz_fuzz_date_LDADD = $(fuzz_http_libs)

tests_fuzz_fuzz_uri_SOURCES = tests/fuzz/fuzz_uri.c $(fuzz_common)
tests_fuzz_fuzz_uri_LDADD = $(fuzz_http_libs)

tests_fuzz_fuzz_conf_SOURCES = tests/fuzz/fuzz_conf.c $(fuzz_common)
tests_fuzz_fuzz_conf_LDADD = src/conf/libconf.la src/base/libbase.la

tests_fuzz_fuzz_proxyline_SOURCES = tests/fuzz/fuzz_proxyline.c $(fuzz_common)
tests_fuzz_fuzz_proxyline_LDADD = src/net/libnet.la src/base/libbase.la

tests_fuzz_fuzz_hpack_SOURCES = tests/fuzz/fuzz_hpack.c $(fuzz_common)
tests_fuzz_fuzz_hpack_LDADD = src/h2/libh2.la $(fuzz_http_libs)

tests_fuzz_fuzz_h2_SOURCES = tests/fuzz/fuzz_h2.c $(fuzz_common)
tests_fuzz_fuzz_h2_LDADD = src/h2/libh2.la src/http/libhttp.la src/net/libnet.la src/base/libbase.la

# The modules' own files: they may be left out of the library.
tests_fuzz_fuzz_forwarded_SOURCES = tests/fuzz/fuzz_forwarded.c src/modules/extforward/chain.c $(fuzz_common)
tests_fuzz_fuzz_forwarded_LDADD = src/http/libhttp.la src/net/libnet.la src/base/libbase.la

tests_fuzz_fuzz_websocket_SOURCES = tests/fuzz/fuzz_websocket.c src/modules/wstunnel/codec.c src/modules/wstunnel/frames.c \
	src/modules/wstunnel/text.c $(fuzz_common)
tests_fuzz_fuzz_websocket_LDADD = $(modules_linked) src/http/libhttp.la src/net/libnet.la src/base/libbase.la \
	fdevents/libfdevents.la src/base/libbase.la $(LIBS_OF_GOLDCREST)

tests_fuzz_fuzz_h2_client_SOURCES = tests/fuzz/fuzz_h2_client.c $(fuzz_common)
tests_fuzz_fuzz_h2_client_LDADD = src/h2/libh2.la src/http/libhttp.la src/net/libnet.la src/base/libbase.la

tests_fuzz_fuzz_authorization_SOURCES = tests/fuzz/fuzz_authorization.c src/modules/auth/base64.c \
	src/modules/auth/credentials.c src/modules/auth/rule.c $(fuzz_common)
tests_fuzz_fuzz_authorization_LDADD = src/http/libhttp.la src/conf/libconf.la src/base/libbase.la

tests_fuzz_fuzz_gateway_SOURCES = tests/fuzz/fuzz_gateway.c tests/unit/modules/pair.c tests/unit/modules/pair.h $(fuzz_common)
tests_fuzz_fuzz_gateway_LDADD = $(modules_linked) src/http/libhttp.la src/net/libnet.la src/conf/libconf.la \
	src/base/libbase.la $(LIBS_OF_GOLDCREST)
