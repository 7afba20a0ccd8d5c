## src/h2/local.mk - HTTP/2
noinst_LTLIBRARIES += src/h2/libh2.la
src_h2_libh2_la_SOURCES = \
	src/h2/block.c \
	src/h2/budget.c src/h2/budget.h src/h2/budgets.def \
	src/h2/client.c src/h2/client.h \
	src/h2/emit.c \
	src/h2/errors.def \
	src/h2/flow.c \
	src/h2/frame.c src/h2/frame.h src/h2/frames.def \
	src/h2/h2.h \
	src/h2/head.c \
	src/h2/hpack.c src/h2/hpack.h src/h2/hpack_static.def \
	src/h2/huffman.c src/h2/huffman.def src/h2/huffman_decode.def \
	src/h2/priority.c \
	src/h2/response.c \
	src/h2/session.c src/h2/session.h \
	src/h2/settings.def \
	src/h2/stream.c \
	src/h2/table.c src/h2/table.h
