## tests/bench/local.mk - make bench: requests a second, CPU and instructions of a request, beside the least there can be
## The programs are built for it alone, and for the test that tries it out.
bench_programs = tests/bench/floor$(EXEEXT) tests/bench/load$(EXEEXT) tests/bench/relay$(EXEEXT)
EXTRA_PROGRAMS += tests/bench/floor tests/bench/load tests/bench/relay
CLEANFILES += $(bench_programs) bench.svg bench.json

bench_libs = src/net/libnet.la src/base/libbase.la fdevents/libfdevents.la src/base/libbase.la $(PCRE2_LIBS)
bench_tls_libs = $(bench_libs)
bench_tls = tests/bench/secure.h
if HAVE_OPENSSL
bench_tls += tests/bench/secure.c
bench_tls_libs += $(OPENSSL_LIBS)
else
bench_tls += tests/bench/secure_none.c
endif

tests_bench_floor_SOURCES = tests/bench/floor.c tests/bench/common.c tests/bench/common.h $(bench_tls)
tests_bench_floor_CFLAGS = $(AM_CFLAGS) $(OPENSSL_CFLAGS)
tests_bench_floor_LDADD = $(bench_tls_libs)

tests_bench_load_SOURCES = tests/bench/load.c tests/bench/answer.c tests/bench/answer.h tests/bench/common.c \
	tests/bench/common.h tests/bench/latency.c tests/bench/latency.h $(bench_tls)
tests_bench_load_CFLAGS = $(AM_CFLAGS) $(OPENSSL_CFLAGS)
tests_bench_load_LDADD = $(bench_tls_libs)

tests_bench_relay_SOURCES = tests/bench/relay.c tests/bench/common.c tests/bench/common.h
tests_bench_relay_CFLAGS = $(AM_CFLAGS)
tests_bench_relay_LDADD = $(bench_libs)

## What it is told by variables: tests/bench/run.sh --help.
bench: src/goldcrest$(EXEEXT) $(bench_programs)
	BENCH_FULL='$(BENCH_FULL)' BENCH_QUICK='$(BENCH_QUICK)' BENCH_ONLY='$(BENCH_ONLY)' \
	BENCH_SECONDS='$(BENCH_SECONDS)' BENCH_ROUNDS='$(BENCH_ROUNDS)' \
	$(SHELL) $(srcdir)/tests/bench/run.sh --program src/goldcrest$(EXEEXT)
.PHONY: bench

TESTS += tests/bench/check.sh
tests/bench/check.log: src/goldcrest$(EXEEXT) $(bench_programs)

EXTRA_DIST += \
	tests/bench/bench.py \
	tests/bench/check.py \
	tests/bench/check.sh \
	tests/bench/instructions.py \
	tests/bench/machine.py \
	tests/bench/plot.py \
	tests/bench/programs.py \
	tests/bench/run.sh \
	tests/bench/scaling.py \
	tests/bench/scenarios.py \
	tests/bench/secure.c \
	tests/bench/secure_none.c \
	tests/bench/table.py
