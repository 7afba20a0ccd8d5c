## src/modules/local.mk - one row a module; configure's --disable-mod-NAME leaves it out
noinst_LTLIBRARIES += src/modules/libmodules.la
src_modules_libmodules_la_SOURCES =
if MOD_INDEXFILE
src_modules_libmodules_la_SOURCES += src/modules/mod_indexfile.c
endif
if MOD_STATICFILE
src_modules_libmodules_la_SOURCES += src/modules/mod_staticfile.c
endif
