## tests/local.mk - what make check runs, from the quickest to the longest
TESTS += tests/layers.sh 
EXTRA_DIST += tests/layers.sh  tests/data

include tests/conformance/local.mk
include tests/unit/conf/local.mk
include tests/unit/http/local.mk
include tests/unit/h1/local.mk
include tests/unit/modules/local.mk
include tests/unit/modules/local2.mk
include tests/fuzz/local.mk
