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
	tests/fuzz/fuzz_hpack \
	tests/fuzz/fuzz_h2

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

tests_fuzz_fuzz_hpack_SOURCES = tests/fuzz/fuzz_hpack.c $(fuzz_common)
tests_fuzz_fuzz_hpack_LDADD = src/h2/libh2.la $(fuzz_http_libs)

tests_fuzz_fuzz_h2_SOURCES = tests/fuzz/fuzz_h2.c $(fuzz_common)
tests_fuzz_fuzz_h2_LDADD = src/h2/libh2.la src/http/libhttp.la src/net/libnet.la src/base/libbase.la
