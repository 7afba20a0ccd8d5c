noinst_LTLIBRARIES += src/conf/libconf.la
src_conf_libconf_la_SOURCES = \
	src/conf/assign.c \
	src/conf/braces.c src/conf/braces.h \
	src/conf/command.c src/conf/command.h \
	src/conf/complain.c src/conf/complain.h \
	src/conf/condition.c \
	src/conf/directive.c src/conf/directive.h \
	src/conf/expression.c \
	src/conf/include.c \
	src/conf/index.c src/conf/index.h \
	src/conf/inputs.c src/conf/inputs.h \
	src/conf/lexer.c src/conf/lexer.h \
	src/conf/merge.c \
	src/conf/mistake.c \
	src/conf/needs.c src/conf/needs.h \
	src/conf/parser.c src/conf/parser.h \
	src/conf/print.c \
	src/conf/recover.c \
	src/conf/show.c src/conf/show.h \
	src/conf/suggest.c \
	src/conf/test.c \
	src/conf/tree.c src/conf/tree.h \
	src/conf/value.c src/conf/value.h
