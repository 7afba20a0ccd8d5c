## tests/replay/local.mk - scenarios against the server's core, with every backend, byte by byte, and refused writes
check_PROGRAMS += tests/replay/player
TESTS += tests/replay/run.sh

tests_replay_player_SOURCES = \
	tests/replay/builtin.c \
	tests/replay/coverage.c \
	tests/replay/mod_test.c \
	tests/replay/play.c \
	tests/replay/player.c tests/replay/player.h \
	tests/replay/response.c \
	tests/replay/script.c \
	tests/replay/stage.c
tests_replay_player_LDADD = $(goldcrest_libraries) $(LIBS_OF_GOLDCREST)

if GC_DOUBLES
tests_replay_player_SOURCES += tests/replay/doubles.c
tests_replay_player_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=send -Wl,--wrap=sendmsg -Wl,--wrap=sendfile -Wl,--wrap=setsockopt
else
tests_replay_player_SOURCES += tests/replay/no_doubles.c
endif

EXTRA_DIST += \
	tests/replay/README \
	tests/replay/run.sh \
	tests/replay/absolute-form.replay \
	tests/replay/answer-as-10.replay \
	tests/replay/bad-chunks.replay \
	tests/replay/body-breaks-off.replay \
	tests/replay/broken-sink.replay \
	tests/replay/cache-by-client.replay \
	tests/replay/cache-changed-file.replay \
	tests/replay/cache-hit.replay \
	tests/replay/chunked-body.replay \
	tests/replay/client-gone-before.replay \
	tests/replay/client-gone.replay \
	tests/replay/comebacks-are-bounded.replay \
	tests/replay/conditionals.replay \
	tests/replay/connect.replay \
	tests/replay/directory-redirect.replay \
	tests/replay/error-handler-404.replay \
	tests/replay/error-handler-404-forbidden.replay \
	tests/replay/error-handler-fails.replay \
	tests/replay/error-handler-post.replay \
	tests/replay/error-handler.replay \
	tests/replay/errorfile-prefix.replay \
	tests/replay/expect-continue-refused.replay \
	tests/replay/expect-continue-without-sink.replay \
	tests/replay/expect-continue.replay \
	tests/replay/file-truncated.replay \
	tests/replay/graceful-end-cuts.replay \
	tests/replay/graceful-end-in-response.replay \
	tests/replay/graceful-end.replay \
	tests/replay/half-closed-client.replay \
	tests/replay/half-closed-while-waiting.replay \
	tests/replay/handler-errors.replay \
	tests/replay/handler-waits.replay \
	tests/replay/head-deadline-starts-anew.replay \
	tests/replay/head-deadline.replay \
	tests/replay/head.replay \
	tests/replay/hook-errors.replay \
	tests/replay/hook-waits.replay \
	tests/replay/http-10-without-host.replay \
	tests/replay/idle-connection.replay \
	tests/replay/if-range.replay \
	tests/replay/keep-alive-10.replay \
	tests/replay/keep-alive-11.replay \
	tests/replay/keep-alive-off.replay \
	tests/replay/keep-alive-requests.replay \
	tests/replay/large-file.replay \
	tests/replay/leading-empty-lines.replay \
	tests/replay/linger-ends.replay \
	tests/replay/malformed.replay \
	tests/replay/many-connections.replay \
	tests/replay/max-connections.replay \
	tests/replay/nobody-answers.replay \
	tests/replay/options.replay \
	tests/replay/pace-of-the-server.replay \
	tests/replay/pace.replay \
	tests/replay/pipelining-beyond-the-buffer.replay \
	tests/replay/pipelining-large-heads.replay \
	tests/replay/pipelining-one-write.replay \
	tests/replay/pipelining.replay \
	tests/replay/range-of-large-file.replay \
	tests/replay/range-unsatisfiable.replay \
	tests/replay/ranges.replay \
	tests/replay/refused-statuses.replay \
	tests/replay/reload.replay \
	tests/replay/request-log-on-error.replay \
	tests/replay/rewrite.replay \
	tests/replay/slow-body.replay \
	tests/replay/slow-head.replay \
	tests/replay/slow-sink-chunked.replay \
	tests/replay/slow-sink-large.replay \
	tests/replay/slow-sink.replay \
	tests/replay/source-10.replay \
	tests/replay/source-breaks.replay \
	tests/replay/source-chunked.replay \
	tests/replay/source-client-gone.replay \
	tests/replay/source-large.replay \
	tests/replay/source-tells-a-wrong-length.replay \
	tests/replay/source-waits.replay \
	tests/replay/too-large-but-small.replay \
	tests/replay/too-many-fields.replay \
	tests/replay/unread-body-that-never-comes.replay \
	tests/replay/unread-body.replay \
	tests/replay/upload-refused-chunked.replay \
	tests/replay/upload-refused.replay \
	tests/replay/url-normalize-off.replay \
	tests/replay/write-idle-with-progress.replay \
	tests/replay/write-idle.replay
