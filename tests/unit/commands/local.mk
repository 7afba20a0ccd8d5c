if HAVE_CHECK
check_PROGRAMS += tests/unit/commands/test_nginx
TESTS += tests/unit/commands/test_nginx
tests_unit_commands_test_nginx_SOURCES = tests/unit/commands/test_nginx.c
tests_unit_commands_test_nginx_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_commands_test_nginx_LDADD = src/commands/import/libimport.la src/base/libbase.la $(PCRE2_LIBS) $(CHECK_LIBS)
endif
