## src/tls/local.mk - TLS: one provider per build, linked with the program or a library of its own
## libfront knows nothing of OpenSSL; libprovider is what does; libtls is both, linked, as tests have it.
noinst_LTLIBRARIES += src/tls/libfront.la src/tls/libtls.la
src_tls_libfront_la_SOURCES = \
	src/tls/client.h \
	src/tls/context.h \
	src/tls/front.c \
	src/tls/policy.c \
	src/tls/provider.h \
	src/tls/tickets.c \
	src/tls/tls.h
src_tls_libtls_la_LIBADD = src/tls/libfront.la

if HAVE_OPENSSL
noinst_LTLIBRARIES += src/tls/libprovider.la
src_tls_libprovider_la_SOURCES = \
	src/tls/acme.c \
	src/tls/certificate.c \
	src/tls/client.c \
	src/tls/command.c \
	src/tls/context.c \
	src/tls/export.c \
	src/tls/hello.c \
	src/tls/openssl.c src/tls/openssl.h \
	src/tls/session.c \
	src/tls/stapling.c \
	src/tls/stream.c \
	src/tls/table.c \
	src/tls/verdict.c \
	src/tls/verify.c \
	src/tls/why.c
src_tls_libprovider_la_CFLAGS = $(AM_CFLAGS) $(GC_HIDDEN_CFLAGS) $(OPENSSL_CFLAGS)
src_tls_libtls_la_SOURCES = src/tls/linked.c
src_tls_libtls_la_CFLAGS = $(AM_CFLAGS) $(OPENSSL_CFLAGS)
src_tls_libtls_la_LIBADD += src/tls/libprovider.la
else
src_tls_libtls_la_SOURCES = src/tls/none.c
endif

if LOADABLE_TLS
## Its objects are position-independent, once, for the library and for tests.
src_tls_libprovider_la_LIBTOOLFLAGS = --tag=disable-static
noinst_LTLIBRARIES += src/tls/libloaded.la
src_tls_libloaded_la_SOURCES = src/tls/loaded.c
src_tls_libloaded_la_LIBADD = src/tls/libfront.la
pkglib_LTLIBRARIES += src/tls_openssl.la
src_tls_openssl_la_SOURCES =
src_tls_openssl_la_LIBTOOLFLAGS = --tag=disable-static
src_tls_openssl_la_LIBADD = src/tls/libprovider.la $(OPENSSL_LIBS)
src_tls_openssl_la_LDFLAGS = $(part_ldflags)
tls_of_goldcrest = src/tls/libloaded.la
else
tls_of_goldcrest = src/tls/libtls.la $(OPENSSL_LIBS)
endif
