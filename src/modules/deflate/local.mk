## src/modules/deflate/local.mk - the coders: libcoders has them linked, as tests want it, or they are a library
coders_libs = $(LIBDEFLATE_LIBS) $(ZLIB_LIBS) $(BROTLI_LIBS) $(ZSTD_LIBS)

if MOD_DEFLATE
noinst_LTLIBRARIES += src/modules/deflate/libcoding.la src/modules/deflate/libcoders.la
modules_linked = src/modules/libmodules.la src/modules/deflate/libcoders.la
src_modules_deflate_libcoding_la_SOURCES = src/modules/deflate/table.c
if HAVE_BROTLI
src_modules_deflate_libcoding_la_SOURCES += src/modules/deflate/brotli.c
endif
if HAVE_LIBDEFLATE
src_modules_deflate_libcoding_la_SOURCES += src/modules/deflate/libdeflate.c
endif
if HAVE_ZLIB
src_modules_deflate_libcoding_la_SOURCES += src/modules/deflate/zlib.c
endif
if HAVE_ZSTD
src_modules_deflate_libcoding_la_SOURCES += src/modules/deflate/zstd.c
endif
src_modules_deflate_libcoding_la_CFLAGS = \
	$(AM_CFLAGS) $(GC_HIDDEN_CFLAGS) $(BROTLI_CFLAGS) $(LIBDEFLATE_CFLAGS) $(ZLIB_CFLAGS) $(ZSTD_CFLAGS)
src_modules_deflate_libcoders_la_SOURCES = src/modules/deflate/linked.c
src_modules_deflate_libcoders_la_LIBADD = src/modules/deflate/libcoding.la
else
modules_linked = src/modules/libmodules.la
endif

if LOADABLE_CODERS
src_modules_deflate_libcoding_la_LIBTOOLFLAGS = --tag=disable-static
noinst_LTLIBRARIES += src/modules/deflate/libloaded.la
src_modules_deflate_libloaded_la_SOURCES = src/modules/deflate/loaded.c
pkglib_LTLIBRARIES += src/coders.la
src_coders_la_SOURCES =
src_coders_la_LIBTOOLFLAGS = --tag=disable-static
src_coders_la_LIBADD = src/modules/deflate/libcoding.la $(coders_libs)
src_coders_la_LDFLAGS = $(part_ldflags)
modules_of_goldcrest = src/modules/libmodules.la src/modules/deflate/libloaded.la
coders_libs_of_goldcrest =
else
modules_of_goldcrest = $(modules_linked)
coders_libs_of_goldcrest = $(coders_libs)
endif
