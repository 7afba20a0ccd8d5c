## tests/live/local.mk - the built server, as its users have it
live_tests = tests/live/run.sh tests/live/doubles.sh
TESTS += $(live_tests)

## Uploads of gigabytes disturb those who look at the kernel's buffers: one after the other.
live_after = tests/conformance/native.log
if GC_DOUBLES
live_after += tests/conformance/solaris.log tests/conformance/kqueue.log tests/conformance/poll-semantics.log \
	tests/conformance/mutants.log
endif
tests/live/run.log: $(live_after)
tests/live/doubles.log: tests/live/run.log

## The server with a module that tries what no module should.
check_PROGRAMS += tests/live/probe
tests_live_probe_SOURCES = $(goldcrest_main) tests/live/mod_probe.c tests/live/probe_builtin.c
tests_live_probe_LDADD = $(src_goldcrest_LDADD)
tests_live_probe_LDFLAGS = $(src_goldcrest_LDFLAGS)

EXTRA_DIST += \
	tests/live/run.sh \
	tests/live/doubles.sh \
	tests/live/beside.py \
	tests/live/certificates.py \
	tests/live/doubles.py \
	tests/live/explaining.py \
	tests/live/frames.py \
	tests/live/h2_peer.py \
	tests/live/gateways.py \
	tests/live/harness.py \
	tests/live/live.py \
	tests/live/scripted.py \
	tests/live/t_auth.py \
	tests/live/t_backends.py \
	tests/live/t_beside.py \
	tests/live/t_cgi.py \
	tests/live/t_command.py \
	tests/live/t_conformance.py \
	tests/live/t_compare.py \
	tests/live/t_conftests.py \
	tests/live/t_debian.py \
	tests/live/t_deflate.py \
	tests/live/t_explain.py \
	tests/live/t_fastcgi.py \
	tests/live/t_extforward.py \
	tests/live/t_features.py \
	tests/live/t_h2.py \
	tests/live/t_helper.py \
	tests/live/t_import.py \
	tests/live/t_limit.py \
	tests/live/t_pace.py \
	tests/live/t_large.py \
	tests/live/t_logs.py \
	tests/live/t_h2_backend.py \
	tests/live/t_health.py \
	tests/live/t_parts.py \
	tests/live/t_plugins.py \
	tests/live/t_proxy.py \
	tests/live/t_quiet.py \
	tests/live/t_reload.py \
	tests/live/t_sandbox.py \
	tests/live/t_signals.py \
	tests/live/t_status.py \
	tests/live/t_tls.py \
	tests/live/t_tls_access.py \
	tests/live/t_tls_backend.py \
	tests/live/t_tls_life.py \
	tests/live/t_systemd.py \
	tests/live/t_upgrade.py \
	tests/live/t_websocket.py \
	tests/live/t_wiki.py \
	tests/live/websockets.py
