## tests/replay/local.mk - scenarios against the server's core, with every backend, byte by byte, and refused writes
check_PROGRAMS += tests/replay/player
TESTS += tests/replay/run.sh

tests_replay_player_SOURCES = \
	tests/replay/backend.c \
	tests/replay/builtin.c \
	tests/replay/coverage.c \
	tests/replay/decode.c tests/replay/decode.h \
	tests/replay/h2_fields.c \
	tests/replay/h2_frame.c \
	tests/replay/h2_names.c \
	tests/replay/h2_peer.c tests/replay/h2_peer.h \
	tests/replay/h2_play.c \
	tests/replay/mod_test.c \
	tests/replay/play.c tests/replay/play.h \
	tests/replay/player.c tests/replay/player.h \
	tests/replay/response.c \
	tests/replay/script.c \
	tests/replay/stage.c
tests_replay_player_LDADD = $(goldcrest_libraries) $(LIBS_OF_GOLDCREST) $(BROTLIDEC_LIBS)
tests_replay_player_CFLAGS = $(AM_CFLAGS)

if HAVE_NGHTTP2
tests_replay_player_SOURCES += tests/replay/h2_nghttp2.c
tests_replay_player_CFLAGS += $(NGHTTP2_CFLAGS)
tests_replay_player_LDADD += $(NGHTTP2_LIBS)
else
tests_replay_player_SOURCES += tests/replay/h2_alone.c
endif

if GC_DOUBLES
tests_replay_player_SOURCES += tests/replay/doubles.c
tests_replay_player_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=send -Wl,--wrap=sendmsg -Wl,--wrap=sendfile -Wl,--wrap=setsockopt \
	-Wl,--wrap=__sendmsg64 -Wl,--wrap=sendfile64 -Wl,--wrap=__setsockopt64
else
tests_replay_player_SOURCES += tests/replay/no_doubles.c
endif

EXTRA_DIST += \
	tests/replay/README \
	tests/replay/run.sh \
	tests/replay/h2-rfc9113.txt \
	tests/replay/status.replay \
	tests/replay/scgi-end.replay \
	tests/replay/fastcgi-kept.replay \
	tests/replay/fastcgi-authorizer-rewritten.replay \
	tests/replay/fastcgi-authorizer.replay \
	tests/replay/auth-throttle.replay \
	tests/replay/auth-burst.replay \
	tests/replay/auth-client-gone.replay \
	tests/replay/auth-digest-cache.replay \
	tests/replay/auth-other-users.replay \
	tests/replay/auth-digest.replay \
	tests/replay/auth-broken.replay \
	tests/replay/auth-basic.replay \
	tests/replay/ajp13-body.replay \
	tests/replay/absolute-form.replay \
	tests/replay/alias-slashes.replay \
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
	tests/replay/deflate-cache-dir-broken.replay \
	tests/replay/deflate-cache-dir-replies.replay \
	tests/replay/deflate-cache-dir.replay \
	tests/replay/deflate-cache.replay \
	tests/replay/deflate-choice.replay \
	tests/replay/deflate-client-gone.replay \
	tests/replay/deflate-conditionals.replay \
	tests/replay/deflate-h2.replay \
	tests/replay/deflate-large-truncated.replay \
	tests/replay/deflate-large.replay \
	tests/replay/deflate-limits.replay \
	tests/replay/deflate-other-coders.replay \
	tests/replay/deflate-ranges.replay \
	tests/replay/deflate-stream.replay \
	tests/replay/directory-redirect.replay \
	tests/replay/error-handler-404-forbidden.replay \
	tests/replay/error-handler-404.replay \
	tests/replay/error-handler-fails.replay \
	tests/replay/error-handler-post.replay \
	tests/replay/error-handler.replay \
	tests/replay/errorfile-prefix.replay \
	tests/replay/errorfiles.replay \
	tests/replay/expect-continue-refused.replay \
	tests/replay/expect-continue-without-sink.replay \
	tests/replay/expect-continue.replay \
	tests/replay/extforward-cache.replay \
	tests/replay/extforward-forwarded.replay \
	tests/replay/extforward-line.replay \
	tests/replay/extforward-rewrite.replay \
	tests/replay/file-truncated.replay \
	tests/replay/evasive.replay \
	tests/replay/limit-blocks.replay \
	tests/replay/limit-connections.replay \
	tests/replay/limit-error-handler.replay \
	tests/replay/limit-extforward.replay \
	tests/replay/limit-h2.replay \
	tests/replay/limit-requests.replay \
	tests/replay/graceful-end-cuts.replay \
	tests/replay/graceful-end-in-response.replay \
	tests/replay/graceful-end-lingers.replay \
	tests/replay/graceful-end.replay \
	tests/replay/h2-access-log.replay \
	tests/replay/h2-body-breaks-off.replay \
	tests/replay/h2-body-late.replay \
	tests/replay/h2-body-slow.replay \
	tests/replay/h2-broken-sink.replay \
	tests/replay/h2-cache-shared.replay \
	tests/replay/h2-client-does-not-read.replay \
	tests/replay/h2-client-gone.replay \
	tests/replay/h2-client-resets.replay \
	tests/replay/h2-conditions.replay \
	tests/replay/h2-deflate.replay \
	tests/replay/h2-error-handler.replay \
	tests/replay/h2-expect-continue.replay \
	tests/replay/h2-expectations.replay \
	tests/replay/h2-extforward.replay \
	tests/replay/h2-file-truncated.replay \
	tests/replay/h2-floods.replay \
	tests/replay/h2-flow-control-empty-body.replay \
	tests/replay/h2-flow-control-of-client.replay \
	tests/replay/h2-flow-control.replay \
	tests/replay/h2-frame-size.replay \
	tests/replay/h2-get.replay \
	tests/replay/h2-goaway-twice.replay \
	tests/replay/h2-graceful-end-cuts.replay \
	tests/replay/h2-graceful-end-uploads.replay \
	tests/replay/h2-graceful-end.replay \
	tests/replay/h2-half-closed-client.replay \
	tests/replay/h2-handler-times-out.replay \
	tests/replay/h2-handlers.replay \
	tests/replay/h2-head-late.replay \
	tests/replay/h2-head-too-large.replay \
	tests/replay/h2-hpack.replay \
	tests/replay/h2-idle-race.replay \
	tests/replay/h2-idle.replay \
	tests/replay/h2-keep-alive-off.replay \
	tests/replay/h2-keep-alive-requests.replay \
	tests/replay/h2-large-file.replay \
	tests/replay/h2-large-response-head.replay \
	tests/replay/h2-many-connections.replay \
	tests/replay/h2-many-streams.replay \
	tests/replay/h2-no-flood.replay \
	tests/replay/h2-not-offered.replay \
	tests/replay/h2-pace.replay \
	tests/replay/h2-pings-unanswered.replay \
	tests/replay/h2-pings-unread.replay \
	tests/replay/h2-preface-late.replay \
	tests/replay/h2-priority-update.replay \
	tests/replay/h2-priority.replay \
	tests/replay/h2-reload.replay \
	tests/replay/h2-response-fields.replay \
	tests/replay/h2-rfc9113-3-preface.replay \
	tests/replay/h2-rfc9113-4-frames.replay \
	tests/replay/h2-rfc9113-5-streams.replay \
	tests/replay/h2-rfc9113-6-frames.replay \
	tests/replay/h2-rfc9113-8-cookies.replay \
	tests/replay/h2-rfc9113-8-requests.replay \
	tests/replay/h2-settings-never-acknowledged.replay \
	tests/replay/h2-source-breaks.replay \
	tests/replay/h2-source.replay \
	tests/replay/h2-upgrade.replay \
	tests/replay/h2-upload-never-taken.replay \
	tests/replay/h2-upload-refused.replay \
	tests/replay/h2-upload-slow-sink.replay \
	tests/replay/h2-upload.replay \
	tests/replay/h2-window-never-opens.replay \
	tests/replay/h2-window-of-connection-never-opens.replay \
	tests/replay/h2-half-closed-windows.replay \
	tests/replay/h2-tick.replay \
	tests/replay/h2-window-slow.replay \
	tests/replay/h2-wstunnel.replay \
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
	tests/replay/linger-makes-room.replay \
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
	tests/replay/precompressed-and-deflate.replay \
	tests/replay/precompressed-cache.replay \
	tests/replay/precompressed-siblings.replay \
	tests/replay/proxy-as-it-is.replay \
	tests/replay/proxy-body-meanwhile.replay \
	tests/replay/proxy-challenge.replay \
	tests/replay/proxy-client-gone.replay \
	tests/replay/proxy-collected.replay \
	tests/replay/proxy-connect.replay \
	tests/replay/proxy-early-answer.replay \
	tests/replay/proxy-connection-names.replay \
	tests/replay/proxy-header.replay \
	tests/replay/proxy-interim.replay \
	tests/replay/proxy-kept.replay \
	tests/replay/proxy-line.replay \
	tests/replay/proxy-nonsense.replay \
	tests/replay/proxy-pressure.replay \
	tests/replay/proxy-request.replay \
	tests/replay/proxy-retry-streamed.replay \
	tests/replay/proxy-retry.replay \
	tests/replay/proxy-time-limits.replay \
	tests/replay/proxy-tunnel-limits.replay \
	tests/replay/range-of-large-file.replay \
	tests/replay/range-unsatisfiable.replay \
	tests/replay/ranges.replay \
	tests/replay/refused-statuses.replay \
	tests/replay/reload.replay \
	tests/replay/request-log-on-error.replay \
	tests/replay/rewrite.replay \
	tests/replay/error-handler-no-url.replay \
	tests/replay/error-handler-gateway.replay \
	tests/replay/setenv-host.replay \
	tests/replay/setenv-rewritten.replay \
	tests/replay/conditions-on-fields.replay \
	tests/replay/return-hangs-up.replay \
	tests/replay/setenv-templates.replay \
	tests/replay/slow-body.replay \
	tests/replay/slow-head.replay \
	tests/replay/slow-sink-chunked.replay \
	tests/replay/slow-sink-large.replay \
	tests/replay/slow-sink.replay \
	tests/replay/sockproxy.replay \
	tests/replay/source-10.replay \
	tests/replay/source-breaks.replay \
	tests/replay/source-chunked.replay \
	tests/replay/source-client-gone.replay \
	tests/replay/source-large.replay \
	tests/replay/source-tells-a-wrong-length.replay \
	tests/replay/source-waits.replay \
	tests/replay/tls-plain-http.replay \
	tests/replay/too-large-but-small.replay \
	tests/replay/too-many-fields.replay \
	tests/replay/unread-body-that-never-comes.replay \
	tests/replay/unread-body.replay \
	tests/replay/upload-refused-chunked.replay \
	tests/replay/upload-refused.replay \
	tests/replay/url-normalize-off.replay \
	tests/replay/write-idle-with-progress.replay \
	tests/replay/write-idle.replay \
	tests/replay/stream-body.replay \
	tests/replay/stream-body-continue.replay \
	tests/replay/stream-body-room.replay \
	tests/replay/stream-body-breaks.replay \
	tests/replay/stream-body-early-end.replay \
	tests/replay/stream-body-time.replay \
	tests/replay/stream-body-error-handler.replay \
	tests/replay/tunnel.replay \
	tests/replay/tunnel-time.replay \
	tests/replay/try-files.replay \
	tests/replay/tunnel-refused.replay \
	tests/replay/tunnel-room.replay \
	tests/replay/tunnel-whole-connection.replay \
	tests/replay/interim.replay \
	tests/replay/collect-body.replay \
	tests/replay/trailers.replay \
	tests/replay/h2-stream-body.replay \
	tests/replay/h2-tunnel.replay \
	tests/replay/h2-interim.replay \
	tests/replay/proxy-truncated.replay \
	tests/replay/client-reset-while-waiting.replay \
	tests/replay/h2-stream-body-time.replay \
	tests/replay/h2-proxy-both-ways.replay \
	tests/replay/proxy-upgrade.replay \
	tests/replay/tunnel-reload.replay \
	tests/replay/resume.replay \
	tests/replay/h2-resume.replay \
	tests/replay/h2-stream-body-patient.replay \
	tests/replay/h2-error-handler-404-connect.replay \
	tests/replay/h2-error-handler-connect.replay \
	tests/replay/comeback-with-body.replay \
	tests/replay/stream-body-rate.replay \
	tests/replay/wstunnel.replay \
	tests/replay/wstunnel-refused.replay
