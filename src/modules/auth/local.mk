## src/modules/auth/local.mk - what mod_auth and its backends share
if MOD_AUTH
src_modules_libmodules_la_SOURCES += \
	src/modules/auth/backend.c src/modules/auth/backend.h \
	src/modules/auth/base64.c src/modules/auth/base64.h \
	src/modules/auth/cache.c src/modules/auth/cache.h \
	src/modules/auth/credentials.c src/modules/auth/credentials.h \
	src/modules/auth/filejob.c src/modules/auth/filejob.h \
	src/modules/auth/forward.c src/modules/auth/forward.h \
	src/modules/auth/forwardrule.c \
	src/modules/auth/login.c src/modules/auth/login.h \
	src/modules/auth/md5crypt.c \
	src/modules/auth/outside.c src/modules/auth/outside.h \
	src/modules/auth/password.c src/modules/auth/password.h \
	src/modules/auth/question.c src/modules/auth/question.h \
	src/modules/auth/recent.c src/modules/auth/recent.h \
	src/modules/auth/rule.c src/modules/auth/rule.h \
	src/modules/auth/shacrypt.c \
	src/modules/auth/throttle.c src/modules/auth/throttle.h \
	src/modules/auth/userfile.c src/modules/auth/userfile.h
if HAVE_CRYPT
src_modules_libmodules_la_SOURCES += src/modules/auth/crypt.c
else
src_modules_libmodules_la_SOURCES += src/modules/auth/nocrypt.c
endif
endif

## What asks LDAP and PAM, each a program of its own: their libraries are in no process that serves.
authn_program = \
	src/modules/auth/program.c \
	src/modules/auth/outside.h \
	src/modules/auth/question.c src/modules/auth/question.h
if MOD_AUTHN_LDAP
pkglibexec_PROGRAMS += src/modules/auth/goldcrest-authn-ldap
src_modules_auth_goldcrest_authn_ldap_SOURCES = $(authn_program) \
	src/modules/auth/ldapfilter.c src/modules/auth/ldapjob.c src/modules/auth/ldapjob.h
src_modules_auth_goldcrest_authn_ldap_CFLAGS = $(AM_CFLAGS) $(LDAP_CFLAGS)
src_modules_auth_goldcrest_authn_ldap_LDADD = src/base/libbase.la $(PCRE2_LIBS) $(LDAP_LIBS)
endif
if MOD_AUTHN_PAM
pkglibexec_PROGRAMS += src/modules/auth/goldcrest-authn-pam
src_modules_auth_goldcrest_authn_pam_SOURCES = $(authn_program) src/modules/auth/pamjob.c
src_modules_auth_goldcrest_authn_pam_CFLAGS = $(AM_CFLAGS) $(PAM_CFLAGS)
src_modules_auth_goldcrest_authn_pam_LDADD = src/base/libbase.la $(PCRE2_LIBS) $(PAM_LIBS)
endif
