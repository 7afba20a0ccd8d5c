if HAVE_CHECK
check_PROGRAMS += tests/unit/modules/test_accesslog
TESTS += tests/unit/modules/test_accesslog
tests_unit_modules_test_accesslog_SOURCES = tests/unit/modules/test_accesslog.c
tests_unit_modules_test_accesslog_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_modules_test_accesslog_LDADD = src/modules/libmodules.la src/server/libserver.la src/h1/libh1.la \
	src/http/libhttp.la src/net/libnet.la src/conf/libconf.la src/base/libbase.la fdevents/libfdevents.la \
	$(LIBS_OF_GOLDCREST) $(CHECK_LIBS)
check_PROGRAMS += tests/unit/modules/test_dirlisting
TESTS += tests/unit/modules/test_dirlisting
tests_unit_modules_test_dirlisting_SOURCES = tests/unit/modules/test_dirlisting.c
tests_unit_modules_test_dirlisting_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_modules_test_dirlisting_LDADD = src/modules/libmodules.la src/server/libserver.la src/h1/libh1.la \
	src/http/libhttp.la src/net/libnet.la src/conf/libconf.la src/base/libbase.la fdevents/libfdevents.la \
	$(LIBS_OF_GOLDCREST) $(CHECK_LIBS)
endif
