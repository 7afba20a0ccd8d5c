## tests/local.mk - what make check runs, from the quickest to the longest
TEST_EXTENSIONS = .sh
TESTS += tests/layers.sh tests/style.sh tests/manual.sh tests/completion.sh tests/packaging.sh
EXTRA_DIST += quickstart .ci/run tests/layers.sh tests/style.sh tests/manual.sh tests/completion.sh tests/packaging.sh tests/portability.sh tests/data

include tests/doubles/local.mk
include tests/conformance/local.mk
include tests/unit/base/local.mk
include tests/unit/conf/local.mk
include tests/unit/net/local.mk
include tests/unit/http/local.mk
include tests/unit/h1/local.mk
include tests/unit/h2/local.mk
include tests/unit/tls/local.mk
include tests/unit/server/local.mk
include tests/unit/modules/local.mk
include tests/unit/commands/local.mk
include tests/fuzz/local.mk
include tests/replay/local.mk
include tests/bench/local.mk
include tests/live/local.mk
include tests/portability/local.mk

## Which tests there are in this build, one a line: tests/portability/variants.sh chooses among them.
show-tests:
	@for name in $(TESTS); do echo "$$name"; done
.PHONY: show-tests
