## tests/unit/modules/local.mk - unit tests of the modules
if HAVE_CHECK
TRIAL_SOURCES = tests/unit/modules/trial.c tests/unit/modules/trial.h
TRIAL_LIBS = src/modules/libmodules.la src/http/libhttp.la src/net/libnet.la src/conf/libconf.la src/base/libbase.la \
	$(LIBS_OF_GOLDCREST) $(CHECK_LIBS)
if MOD_DEFLATE
DECODE_SOURCES = tests/replay/decode.c tests/replay/decode.h
check_PROGRAMS += tests/unit/modules/test_coders tests/unit/modules/test_deflate
TESTS += tests/unit/modules/test_coders tests/unit/modules/test_deflate
tests_unit_modules_test_coders_SOURCES = tests/unit/modules/test_coders.c $(DECODE_SOURCES) $(TRIAL_SOURCES)
tests_unit_modules_test_coders_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_modules_test_coders_LDADD = $(TRIAL_LIBS) $(BROTLIDEC_LIBS)
tests_unit_modules_test_deflate_SOURCES = tests/unit/modules/test_deflate.c $(DECODE_SOURCES) $(TRIAL_SOURCES)
tests_unit_modules_test_deflate_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_modules_test_deflate_LDADD = $(TRIAL_LIBS) $(BROTLIDEC_LIBS)
endif
if MOD_EVHOST
if MOD_SIMPLE_VHOST
check_PROGRAMS += tests/unit/modules/test_evhost
TESTS += tests/unit/modules/test_evhost
tests_unit_modules_test_evhost_SOURCES = tests/unit/modules/test_evhost.c $(TRIAL_SOURCES)
tests_unit_modules_test_evhost_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_modules_test_evhost_LDADD = $(TRIAL_LIBS)
endif
endif
if MOD_EXPIRE
check_PROGRAMS += tests/unit/modules/test_expire
TESTS += tests/unit/modules/test_expire
tests_unit_modules_test_expire_SOURCES = tests/unit/modules/test_expire.c $(TRIAL_SOURCES)
tests_unit_modules_test_expire_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_modules_test_expire_LDADD = $(TRIAL_LIBS)
endif
check_PROGRAMS += tests/unit/modules/test_keyvalue
TESTS += tests/unit/modules/test_keyvalue
tests_unit_modules_test_keyvalue_SOURCES = tests/unit/modules/test_keyvalue.c
tests_unit_modules_test_keyvalue_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_modules_test_keyvalue_LDADD = $(TRIAL_LIBS)
if MOD_ACCESS
if MOD_ALIAS
if MOD_USERDIR
check_PROGRAMS += tests/unit/modules/test_paths
TESTS += tests/unit/modules/test_paths
tests_unit_modules_test_paths_SOURCES = tests/unit/modules/test_paths.c $(TRIAL_SOURCES)
tests_unit_modules_test_paths_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_modules_test_paths_LDADD = $(TRIAL_LIBS)
endif
endif
endif
if MOD_REDIRECT
if MOD_REWRITE
check_PROGRAMS += tests/unit/modules/test_rewrite
TESTS += tests/unit/modules/test_rewrite
tests_unit_modules_test_rewrite_SOURCES = tests/unit/modules/test_rewrite.c $(TRIAL_SOURCES)
tests_unit_modules_test_rewrite_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_modules_test_rewrite_LDADD = $(TRIAL_LIBS)
endif
endif
if MOD_SETENV
check_PROGRAMS += tests/unit/modules/test_setenv
TESTS += tests/unit/modules/test_setenv
tests_unit_modules_test_setenv_SOURCES = tests/unit/modules/test_setenv.c $(TRIAL_SOURCES)
tests_unit_modules_test_setenv_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_modules_test_setenv_LDADD = $(TRIAL_LIBS)
endif
if MOD_ACCESSLOG
check_PROGRAMS += tests/unit/modules/test_accesslog
TESTS += tests/unit/modules/test_accesslog
tests_unit_modules_test_accesslog_SOURCES = tests/unit/modules/test_accesslog.c src/server/builtin.c
tests_unit_modules_test_accesslog_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_modules_test_accesslog_LDADD = $(goldcrest_libraries) $(LIBS_OF_GOLDCREST) $(CHECK_LIBS)
endif
if MOD_DIRLISTING
check_PROGRAMS += tests/unit/modules/test_dirlisting
TESTS += tests/unit/modules/test_dirlisting
tests_unit_modules_test_dirlisting_SOURCES = tests/unit/modules/test_dirlisting.c src/server/builtin.c
tests_unit_modules_test_dirlisting_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_modules_test_dirlisting_LDADD = $(goldcrest_libraries) $(LIBS_OF_GOLDCREST) $(CHECK_LIBS)
endif
endif
