## tests/unit/modules/local.mk - unit tests of the modules
if HAVE_CHECK
TRIAL_SOURCES = tests/unit/modules/trial.c tests/unit/modules/trial.h
TRIAL_LIBS = $(modules_linked) src/http/libhttp.la src/net/libnet.la src/conf/libconf.la src/base/libbase.la \
	$(LIBS_OF_GOLDCREST) $(CHECK_LIBS)
if MOD_AUTH
if MOD_AUTHN_FILE
check_PROGRAMS += tests/unit/modules/test_auth
TESTS += tests/unit/modules/test_auth
tests_unit_modules_test_auth_SOURCES = tests/unit/modules/test_auth.c src/server/builtin.c
tests_unit_modules_test_auth_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_modules_test_auth_LDADD = $(goldcrest_libraries) $(LIBS_OF_GOLDCREST) $(CHECK_LIBS)
endif
endif
if MOD_LIMIT
check_PROGRAMS += tests/unit/modules/test_limit
TESTS += tests/unit/modules/test_limit
tests_unit_modules_test_limit_SOURCES = tests/unit/modules/test_limit.c src/server/builtin.c
tests_unit_modules_test_limit_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_modules_test_limit_LDADD = $(goldcrest_libraries) $(LIBS_OF_GOLDCREST) $(CHECK_LIBS)
endif
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
if MOD_EXTFORWARD
check_PROGRAMS += tests/unit/modules/test_extforward
TESTS += tests/unit/modules/test_extforward
tests_unit_modules_test_extforward_SOURCES = tests/unit/modules/test_extforward.c $(TRIAL_SOURCES)
tests_unit_modules_test_extforward_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_modules_test_extforward_LDADD = $(TRIAL_LIBS)
endif
if MOD_WSTUNNEL
check_PROGRAMS += tests/unit/modules/test_wstunnel
TESTS += tests/unit/modules/test_wstunnel
tests_unit_modules_test_wstunnel_SOURCES = tests/unit/modules/test_wstunnel.c
tests_unit_modules_test_wstunnel_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_modules_test_wstunnel_LDADD = $(modules_linked) src/http/libhttp.la src/net/libnet.la \
	src/base/libbase.la fdevents/libfdevents.la src/base/libbase.la $(LIBS_OF_GOLDCREST) $(CHECK_LIBS)
endif
GATEWAYS_SOURCES = tests/unit/modules/gateways.c tests/unit/modules/gateways.h $(TRIAL_SOURCES)
GATEWAYS_LIBS = $(modules_linked) src/http/libhttp.la src/net/libnet.la src/conf/libconf.la \
	src/base/libbase.la fdevents/libfdevents.la $(LIBS_OF_GOLDCREST) $(CHECK_LIBS)
check_PROGRAMS += tests/unit/modules/test_gateway_balance tests/unit/modules/test_gateway_check \
	tests/unit/modules/test_gateway_explain tests/unit/modules/test_gateway_health \
	tests/unit/modules/test_gateway_options
TESTS += tests/unit/modules/test_gateway_balance tests/unit/modules/test_gateway_check \
	tests/unit/modules/test_gateway_explain tests/unit/modules/test_gateway_health \
	tests/unit/modules/test_gateway_options
tests_unit_modules_test_gateway_balance_SOURCES = tests/unit/modules/test_gateway_balance.c $(GATEWAYS_SOURCES)
tests_unit_modules_test_gateway_balance_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_modules_test_gateway_balance_LDADD = $(GATEWAYS_LIBS)
tests_unit_modules_test_gateway_check_SOURCES = tests/unit/modules/test_gateway_check.c $(GATEWAYS_SOURCES)
tests_unit_modules_test_gateway_check_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_modules_test_gateway_check_LDADD = $(GATEWAYS_LIBS)
tests_unit_modules_test_gateway_explain_SOURCES = tests/unit/modules/test_gateway_explain.c $(TRIAL_SOURCES)
tests_unit_modules_test_gateway_explain_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_modules_test_gateway_explain_LDADD = $(GATEWAYS_LIBS)
tests_unit_modules_test_gateway_health_SOURCES = tests/unit/modules/test_gateway_health.c $(GATEWAYS_SOURCES)
tests_unit_modules_test_gateway_health_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_modules_test_gateway_health_LDADD = $(GATEWAYS_LIBS)
tests_unit_modules_test_gateway_options_SOURCES = tests/unit/modules/test_gateway_options.c $(GATEWAYS_SOURCES)
tests_unit_modules_test_gateway_options_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_modules_test_gateway_options_LDADD = $(GATEWAYS_LIBS)
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
PAIR_SOURCES = tests/unit/modules/pair.c tests/unit/modules/pair.h
check_PROGRAMS += tests/unit/modules/test_environment
TESTS += tests/unit/modules/test_environment
tests_unit_modules_test_environment_SOURCES = tests/unit/modules/test_environment.c $(PAIR_SOURCES)
tests_unit_modules_test_environment_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_modules_test_environment_LDADD = $(TRIAL_LIBS)
check_PROGRAMS += tests/unit/modules/test_cgihead
TESTS += tests/unit/modules/test_cgihead
tests_unit_modules_test_cgihead_SOURCES = tests/unit/modules/test_cgihead.c $(PAIR_SOURCES)
tests_unit_modules_test_cgihead_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_modules_test_cgihead_LDADD = $(TRIAL_LIBS)
check_PROGRAMS += tests/unit/modules/test_fastcgi
TESTS += tests/unit/modules/test_fastcgi
tests_unit_modules_test_fastcgi_SOURCES = tests/unit/modules/test_fastcgi.c $(PAIR_SOURCES)
tests_unit_modules_test_fastcgi_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_modules_test_fastcgi_LDADD = $(TRIAL_LIBS)
check_PROGRAMS += tests/unit/modules/test_scgi
TESTS += tests/unit/modules/test_scgi
tests_unit_modules_test_scgi_SOURCES = tests/unit/modules/test_scgi.c $(PAIR_SOURCES)
tests_unit_modules_test_scgi_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_modules_test_scgi_LDADD = $(TRIAL_LIBS)
check_PROGRAMS += tests/unit/modules/test_ajp
TESTS += tests/unit/modules/test_ajp
tests_unit_modules_test_ajp_SOURCES = tests/unit/modules/test_ajp.c $(PAIR_SOURCES)
tests_unit_modules_test_ajp_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_modules_test_ajp_LDADD = $(TRIAL_LIBS)
check_PROGRAMS += tests/unit/modules/test_sendfile
TESTS += tests/unit/modules/test_sendfile
tests_unit_modules_test_sendfile_SOURCES = tests/unit/modules/test_sendfile.c $(PAIR_SOURCES)
tests_unit_modules_test_sendfile_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_modules_test_sendfile_LDADD = $(TRIAL_LIBS)
endif
