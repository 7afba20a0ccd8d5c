## src/modules/local.mk - one row a module; configure's --disable-mod-NAME leaves it out
noinst_LTLIBRARIES += src/modules/libmodules.la
src_modules_libmodules_la_SOURCES = \
	src/modules/hostpattern.c src/modules/hostpattern.h \
	src/modules/keyvalue.c src/modules/keyvalue.h \
	src/modules/lifetime.c src/modules/lifetime.h \
	src/modules/template.c src/modules/template.h \
	src/modules/urlrules.c src/modules/urlrules.h
if MOD_ACCESS
src_modules_libmodules_la_SOURCES += src/modules/mod_access.c
endif
if MOD_ACCESSLOG
src_modules_libmodules_la_SOURCES += src/modules/mod_accesslog.c src/modules/accesslog/escape.c src/modules/accesslog/format.c src/modules/accesslog/format.h src/modules/accesslog/json.c src/modules/accesslog/pieces.c src/modules/accesslog/pieces.h src/modules/accesslog/times.c
endif
if MOD_ALIAS
src_modules_libmodules_la_SOURCES += src/modules/mod_alias.c
endif
if MOD_DIRLISTING
src_modules_libmodules_la_SOURCES += src/modules/mod_dirlisting.c src/modules/dirlisting/listing.c src/modules/dirlisting/listing.h src/modules/dirlisting/page.c src/modules/dirlisting/page.h src/modules/dirlisting/style.c src/modules/dirlisting/wish.c src/modules/dirlisting/wish.h
endif
if MOD_EVHOST
src_modules_libmodules_la_SOURCES += src/modules/mod_evhost.c
endif
if MOD_EXPIRE
src_modules_libmodules_la_SOURCES += src/modules/mod_expire.c
endif
if MOD_INDEXFILE
src_modules_libmodules_la_SOURCES += src/modules/mod_indexfile.c
endif
if MOD_REDIRECT
src_modules_libmodules_la_SOURCES += src/modules/mod_redirect.c
endif
if MOD_RETURN
src_modules_libmodules_la_SOURCES += src/modules/mod_return.c
endif
if MOD_TRYFILES
src_modules_libmodules_la_SOURCES += src/modules/mod_tryfiles.c
endif
if MOD_REWRITE
src_modules_libmodules_la_SOURCES += src/modules/mod_rewrite.c
endif
if MOD_SETENV
src_modules_libmodules_la_SOURCES += src/modules/mod_setenv.c
endif
if MOD_SIMPLE_VHOST
src_modules_libmodules_la_SOURCES += src/modules/mod_simple_vhost.c
endif
if MOD_STATICFILE
src_modules_libmodules_la_SOURCES += src/modules/mod_staticfile.c
endif
if MOD_STATUS
src_modules_libmodules_la_SOURCES += src/modules/mod_status.c \
	src/modules/status/draw.c \
	src/modules/status/format.c \
	src/modules/status/lists.c \
	src/modules/status/machine.c \
	src/modules/status/metrics.c \
	src/modules/status/page.c \
	src/modules/status/status.h \
	src/modules/status/style.c \
	src/modules/status/tables.c \
	src/modules/status/text.c
endif
if MOD_USERDIR
src_modules_libmodules_la_SOURCES += src/modules/mod_userdir.c
endif
if MOD_DEFLATE
src_modules_libmodules_la_SOURCES += src/modules/mod_deflate.c \
	src/modules/deflate/cachedir.c src/modules/deflate/cachedir.h \
	src/modules/deflate/coder.c src/modules/deflate/coder.h \
	src/modules/deflate/filter.c src/modules/deflate/filter.h \
	src/modules/deflate/load.h \
	src/modules/deflate/options.c src/modules/deflate/options.h
if HAVE_GETLOADAVG
src_modules_libmodules_la_SOURCES += src/modules/deflate/load.c
else
src_modules_libmodules_la_SOURCES += src/modules/deflate/noload.c
endif
endif
if MOD_LIMIT
src_modules_libmodules_la_SOURCES += src/modules/mod_limit.c \
	src/modules/limit/bounds.c src/modules/limit/bounds.h \
	src/modules/limit/notices.c src/modules/limit/notices.h
endif

if MOD_EXTFORWARD
src_modules_libmodules_la_SOURCES += src/modules/mod_extforward.c src/modules/extforward/chain.c src/modules/extforward/chain.h src/modules/extforward/trust.c src/modules/extforward/trust.h
endif
if MOD_AUTH
src_modules_libmodules_la_SOURCES += src/modules/mod_auth.c
endif
if MOD_AUTHN_FILE
src_modules_libmodules_la_SOURCES += src/modules/mod_authn_file.c
endif
if MOD_AUTHN_LDAP
src_modules_libmodules_la_SOURCES += src/modules/mod_authn_ldap.c \
	src/modules/auth/ldapfilter.c src/modules/auth/ldapjob.h
endif
if MOD_AUTHN_PAM
src_modules_libmodules_la_SOURCES += src/modules/mod_authn_pam.c
endif
if MOD_CGI
src_modules_libmodules_la_SOURCES += src/modules/mod_cgi.c \
	src/modules/cgi/cgi.h \
	src/modules/cgi/codec.c \
	src/modules/cgi/explain.c \
	src/modules/cgi/limits.c \
	src/modules/cgi/run.c
endif
if MOD_FASTCGI
src_modules_libmodules_la_SOURCES += src/modules/mod_fastcgi.c
endif
if MOD_SCGI
src_modules_libmodules_la_SOURCES += src/modules/mod_scgi.c
endif
if MOD_AJP13
src_modules_libmodules_la_SOURCES += src/modules/mod_ajp13.c
endif
if MOD_WSTUNNEL
src_modules_libmodules_la_SOURCES += src/modules/mod_wstunnel.c \
	src/modules/wstunnel/codec.c \
	src/modules/wstunnel/frames.c src/modules/wstunnel/frames.h \
	src/modules/wstunnel/text.c src/modules/wstunnel/text.h \
	src/modules/wstunnel/wstunnel.h
endif
if MOD_PROXY
src_modules_libmodules_la_SOURCES += src/modules/mod_proxy.c
endif
if MOD_SOCKPROXY
src_modules_libmodules_la_SOURCES += src/modules/mod_sockproxy.c
endif
include src/modules/auth/local.mk
include src/modules/gateway/local.mk
src_modules_libmodules_la_CFLAGS = $(AM_CFLAGS)
src_modules_libmodules_la_CPPFLAGS = $(AM_CPPFLAGS) -DGC_LIBEXECDIR='"$(pkglibexecdir)"'

include src/modules/deflate/local.mk
