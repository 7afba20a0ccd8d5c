## tests/local.mk - every test has its rows beside it
include tests/conformance/local.mk
include tests/unit/conf/local.mk
include tests/unit/http/local.mk
include tests/unit/h1/local.mk
include tests/fuzz/local.mk
