## tests/portability/local.mk - other systems, compilers and sets of features, for those who have an hour; not in make check
EXTRA_DIST += \
	tests/portability/emulated.sh \
	tests/portability/targets.sh \
	tests/portability/variants.sh
