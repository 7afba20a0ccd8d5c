## src/commands/import/local.mk - from nginx's language to ours
noinst_LTLIBRARIES += src/commands/import/libimport.la
src_commands_import_libimport_la_SOURCES = \
	src/commands/import/asking.c \
	src/commands/import/clients.c \
	src/commands/import/conditions.c \
	src/commands/import/content.c \
	src/commands/import/gateways.c \
	src/commands/import/import.h \
	src/commands/import/maps.c \
	src/commands/import/nginx.c src/commands/import/nginx.h \
	src/commands/import/places.c \
	src/commands/import/plain.c \
	src/commands/import/rules.c \
	src/commands/import/servers.c \
	src/commands/import/settings.c \
	src/commands/import/translate.c \
	src/commands/import/tree.c
