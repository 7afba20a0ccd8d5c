## src/headers.mk - what modules of others are compiled with: module.h, what it includes, and what is of use beside it
public_base = \
	src/base/arena.h src/base/blob.h src/base/buf.h src/base/clock.h src/base/list.h src/base/log.h src/base/map.h \
	src/base/memory.h src/base/needles.h src/base/number.h src/base/regex.h src/base/span.h
public_conf = src/conf/complain.h src/conf/directive.h src/conf/needs.h src/conf/tree.h src/conf/value.h
public_fdevents = fdevents/fdevent.h
public_http = \
	src/http/coding.h src/http/date.h src/http/etag.h src/http/fields.h src/http/header.def src/http/method.def \
	src/http/mime.h src/http/names.h src/http/request.h src/http/source.h src/http/uri.h
public_net = src/net/addr.h src/net/chunk.h src/net/file.h
public_server = src/server/core.h src/server/handler.h src/server/module.h src/server/plugin.h
public_headers = \
	$(public_base) $(public_conf) $(public_fdevents) $(public_http) $(public_net) $(public_server)

publicdir = $(includedir)/goldcrest
publicbasedir = $(publicdir)/base
publicbase_HEADERS = $(public_base)
publicconfdir = $(publicdir)/conf
publicconf_HEADERS = $(public_conf)
publicfdeventsdir = $(publicdir)/fdevents
publicfdevents_HEADERS = $(public_fdevents)
publichttpdir = $(publicdir)/http
publichttp_HEADERS = $(public_http)
publicnetdir = $(publicdir)/net
publicnet_HEADERS = $(public_net)
publicserverdir = $(publicdir)/server
publicserver_HEADERS = $(public_server)
nodist_publicserver_HEADERS = src/server/abi.h
EXTRA_DIST += src/server/abi.awk

pkgconfigdir = $(libdir)/pkgconfig
nodist_pkgconfig_DATA = src/goldcrest.pc

## A module that was compiled with other headers is refused: no number has to be thought of.
BUILT_SOURCES += src/server/abi.h
CLEANFILES += src/server/abi.h
src/server/abi.h: $(public_headers) src/server/abi.awk config.status
	$(AM_V_GEN)$(MKDIR_P) src/server && cd $(srcdir) && $(AWK) -f src/server/abi.awk $(public_headers) | cksum | $(AWK) '{ \
	  print "/* abi.h - of which headers a module was made (generated) */"; \
	  print "/* SPDX-License-Identifier: BSD-3-Clause */"; \
	  print "#define GOLDCREST_HEADERS " $$1 "u"; \
	  print "#define GOLDCREST_VERSION \"$(VERSION)\"" }' > $(abs_top_builddir)/$@-t && \
	mv $(abs_top_builddir)/$@-t $(abs_top_builddir)/$@
## For make src/goldcrest in a fresh tree: BUILT_SOURCES are made by all and check alone.
src/server/plugins.lo: src/server/abi.h
