## src/local.mk - the staircase: each folder is a library that leans only on those before it
noinst_LTLIBRARIES += src/base/libbase.la
src_base_libbase_la_SOURCES = \
	src/base/arena.c src/base/arena.h \
	src/base/blob.c src/base/blob.h \
	src/base/buf.c src/base/buf.h \
	src/base/clock.c src/base/clock.h \
	src/base/confine.c src/base/confine.h src/base/confine_parts.h \
	src/base/fd.c src/base/fd.h \
	src/base/hashes.c src/base/hashes.h \
	src/base/histogram.c src/base/histogram.h \
	src/base/library.c src/base/library.h \
	src/base/json.c src/base/json.h \
	src/base/landlock.c \
	src/base/list.h \
	src/base/log.c src/base/log.h \
	src/base/literal.c \
	src/base/map.c src/base/map.h \
	src/base/md5.c \
	src/base/memory.c src/base/memory.h \
	src/base/meters.c src/base/meters.h \
	src/base/needles.c src/base/needles.h \
	src/base/number.c src/base/number.h \
	src/base/random.c src/base/random.h \
	src/base/regex.c src/base/regex.h \
	src/base/seccomp.c src/base/seccomp.def \
	src/base/shared.c src/base/shared.h \
	src/base/sha1.c src/base/sha256.c src/base/sha512.c \
	src/base/siphash.c src/base/siphash.h \
	src/base/span.c src/base/span.h \
	src/base/tallies.c src/base/tallies.h \
	src/base/toplist.c src/base/toplist.h
src_base_libbase_la_CFLAGS = $(AM_CFLAGS) $(PCRE2_CFLAGS)

include src/conf/local.mk

noinst_LTLIBRARIES += src/net/libnet.la
src_net_libnet_la_SOURCES = \
	src/net/addr.c src/net/addr.h \
	src/net/chunk.c src/net/chunk.h \
	src/net/connect.c src/net/connect.h \
	src/net/enclosure.c src/net/enclosure.h \
	src/net/file.c src/net/file.h \
	src/net/linger.c src/net/linger.h \
	src/net/listener.c src/net/listener.h \
	src/net/lookup.c src/net/lookup.h \
	src/net/proxyline.c src/net/proxyline.h \
	src/net/sendfile.c src/net/sendfile.h \
	src/net/spool.c src/net/spool.h \
	src/net/wire.c src/net/wire.h

include src/tls/local.mk

noinst_LTLIBRARIES += src/http/libhttp.la
src_http_libhttp_la_SOURCES = \
	src/http/answer.c src/http/answer.h \
	src/http/coding.c src/http/coding.h \
	src/http/date.c src/http/date.h \
	src/http/escape.c \
	src/http/etag.c src/http/etag.h \
	src/http/fields.c src/http/fields.h \
	src/http/fresh.c src/http/fresh.h \
	src/http/head.c src/http/head.h \
	src/http/length.c src/http/length.h \
	src/http/header.def \
	src/http/host.c \
	src/http/method.def \
	src/http/mime.c src/http/mime.def src/http/mime.h \
	src/http/names.c src/http/names.h \
	src/http/percent.c \
	src/http/range.c src/http/range.h \
	src/http/replies.c src/http/replies.h \
	src/http/reply.c src/http/reply.h \
	src/http/request.h \
	src/http/source.h \
	src/http/status.def \
	src/http/uri.c src/http/uri.h \
	src/http/why.c src/http/why.h

noinst_LTLIBRARIES += src/h1/libh1.la
src_h1_libh1_la_SOURCES = \
	src/h1/chunked.c \
	src/h1/emit.c src/h1/emit.h \
	src/h1/framing.c src/h1/framing.h \
	src/h1/h1.h \
	src/h1/parse.c \
	src/h1/response.c src/h1/response.h \
	src/h1/scan.c

include src/h2/local.mk

noinst_LTLIBRARIES += src/server/libserver.la
src_server_libserver_la_SOURCES = \
	src/server/accept.c src/server/admit.c \
	src/server/api.c \
	src/server/assistants.c \
	src/server/children.c \
	src/server/collect.c \
	src/server/condition.c src/server/condition.h \
	src/server/conftests.c src/server/conftests.h \
	src/server/conn.c src/server/conn.h \
	src/server/control.c src/server/control.h \
	src/server/core.c src/server/core.h \
	src/server/counters.c src/server/counters.def src/server/counters.h src/server/counters_private.h \
	src/server/counters_sum.c \
	src/server/counters_text.c \
	src/server/counting.c src/server/counting.h \
	src/server/crew.c \
	src/server/daemon.c src/server/daemon.h \
	src/server/errorpage.c src/server/errorpage.h \
	src/server/groups.c \
	src/server/handler.h \
	src/server/handover.c src/server/handover.h \
	src/server/handshake.c \
	src/server/helper.c src/server/helper.h \
	src/server/helper_parts.h \
	src/server/helper_process.h \
	src/server/helper_watch.c \
	src/server/identity.c \
	src/server/input.c \
	src/server/interim.c \
	src/server/jobs.c src/server/jobs.h \
	src/server/keeper.c \
	src/server/known.def \
	src/server/listeners.c src/server/listeners.h \
	src/server/loggers.c src/server/loggers.h \
	src/server/logs.c \
	src/server/machine.c \
	src/server/master.c src/server/master.h \
	src/server/master_parts.h \
	src/server/module.h \
	src/server/modules.c src/server/modules.h \
	src/server/murmur.c \
	src/server/notify.c src/server/notify.h \
	src/server/oneshot.c \
	src/server/pace.c src/server/pace.h \
	src/server/pacing.c \
	src/server/plan.c src/server/plan.h \
	src/server/plugin.h \
	src/server/plugins.c src/server/plugins.h \
	src/server/post.c src/server/post.h \
	src/server/privileges.c src/server/privileges.h \
	src/server/process.c \
	src/server/programs.c src/server/programs.h \
	src/server/reason.c src/server/reason.h \
	src/server/refusals.c \
	src/server/refuse.c \
	src/server/rehearsal.c src/server/rehearsal.h src/server/rehearsal_parts.h \
	src/server/rehearsal_notes.c \
	src/server/rehearsal_question.c \
	src/server/reload.c \
	src/server/renewal.c src/server/renewal.h \
	src/server/request.c \
	src/server/route.c \
	src/server/say.c \
	src/server/sandbox.c src/server/sandbox.h src/server/sandbox_enter.c \
	src/server/secure.c src/server/secure.h \
	src/server/serve_h1.c \
	src/server/serve_h2.c \
	src/server/serving.c src/server/serving.h \
	src/server/settings.c src/server/settings.h \
	src/server/spawner.c \
	src/server/states.h \
	src/server/streaming.c \
	src/server/watch.h \
	src/server/takeover.c \
	src/server/warrant.c src/server/warrant.h \
	src/server/upgrade.c src/server/upgrade.h \
	src/server/worker.c src/server/worker.h

include src/modules/local.mk

goldcrest_above_tls = \
	src/server/libserver.la \
	src/h1/libh1.la \
	src/h2/libh2.la \
	src/http/libhttp.la
goldcrest_below_tls = \
	src/net/libnet.la \
	src/conf/libconf.la \
	src/base/libbase.la

goldcrest_parts = $(modules_linked) $(goldcrest_above_tls) src/tls/libtls.la $(goldcrest_below_tls)
goldcrest_libraries = $(goldcrest_parts) fdevents/libfdevents.la

include src/commands/import/local.mk

sbin_PROGRAMS += src/goldcrest
goldcrest_main = src/main.c \
	src/commands/commands.c src/commands/commands.h \
	src/commands/compare.c src/commands/compare.h \
	src/commands/logline.c src/commands/logline.h \
	src/commands/directives.c src/commands/directives.h \
	src/commands/explain.c src/commands/explain.h \
	src/commands/explain_facts.c \
	src/commands/explain_json.c \
	src/commands/explain_text.c \
	src/commands/import.c \
	src/commands/sandbox.c
src_goldcrest_SOURCES = $(goldcrest_main) src/server/builtin.c
src_goldcrest_LDFLAGS = $(AM_LDFLAGS) $(GC_EXPORT)
src_goldcrest_LDADD = src/commands/import/libimport.la $(modules_of_goldcrest) $(goldcrest_above_tls) $(tls_of_goldcrest) \
	$(goldcrest_below_tls) fdevents/libfdevents.la $(PCRE2_LIBS) $(coders_libs_of_goldcrest) $(CRYPT_LIBS)

include src/headers.mk
include src/parts.mk
