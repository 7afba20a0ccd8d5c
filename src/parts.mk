## src/parts.mk - what all parts that are libraries have in common (base/library.h)
part_ldflags = $(AM_LDFLAGS) -module -avoid-version -shared

## What libtool writes beside a library is of no use to dlopen().
install-exec-hook:
	for part in $(pkglib_LTLIBRARIES); do rm -f $(DESTDIR)$(pkglibdir)/$${part##*/}; done
uninstall-hook:
	for part in $(pkglib_LTLIBRARIES); do \
	  part=$${part##*/}; rm -f $(DESTDIR)$(pkglibdir)/$${part%.la}.so; done
	rmdir $(DESTDIR)$(pkglibdir) 2>/dev/null || :

## A part of another build is refused: the headers on which both sides have to agree, and config.h.
build_sources = $(src_base_libbase_la_SOURCES) $(src_conf_libconf_la_SOURCES) $(src_net_libnet_la_SOURCES) \
	$(src_tls_libfront_la_SOURCES) src/http/coding.h src/modules/deflate/coder.h
BUILT_SOURCES += src/base/build.h
CLEANFILES += src/base/build.h
src/base/build.h: $(build_sources) config.h
	$(AM_V_GEN)$(MKDIR_P) src/base && { cat config.h; cd $(srcdir) && for file in $(build_sources); do \
	  case $$file in *.h) cat $$file ;; esac; done; } | cksum | $(AWK) '{ \
	  print "/* build.h - of which build a part of goldcrest is (generated) */"; \
	  print "/* SPDX-License-Identifier: BSD-3-Clause */"; \
	  print "#define GOLDCREST_BUILD " $$1 "u" }' > $(abs_top_builddir)/$@-t && \
	mv $(abs_top_builddir)/$@-t $(abs_top_builddir)/$@
src/tls/loaded.lo src/tls/libprovider_la-table.lo: src/base/build.h
src/modules/deflate/loaded.lo src/modules/deflate/libcoding_la-table.lo: src/base/build.h
