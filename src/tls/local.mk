## src/tls/local.mk - TLS: one provider per build
noinst_LTLIBRARIES += src/tls/libtls.la
src_tls_libtls_la_SOURCES = \
	src/tls/client.h \
	src/tls/context.h \
	src/tls/policy.c \
	src/tls/tickets.c \
	src/tls/tls.h
if HAVE_OPENSSL
src_tls_libtls_la_SOURCES += \
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
	src/tls/verdict.c \
	src/tls/verify.c \
	src/tls/why.c
else
src_tls_libtls_la_SOURCES += src/tls/none.c
endif
src_tls_libtls_la_CFLAGS = $(AM_CFLAGS) $(OPENSSL_CFLAGS)
