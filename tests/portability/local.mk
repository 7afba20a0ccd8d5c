## tests/portability/local.mk - other systems, compilers and sets of features: scripts for those who have an hour;
## make check tries out the script for other systems, and the tables of quickstart
TESTS += tests/portability/packages.sh tests/portability/reports.sh

EXTRA_DIST += \
	tests/portability/client.c \
	tests/portability/emulated.sh \
	tests/portability/facts.c \
	tests/portability/packages.sh \
	tests/portability/places.sh \
	tests/portability/report.sh \
	tests/portability/reports.sh \
	tests/portability/smoke.sh \
	tests/portability/targets.sh \
	tests/portability/variants.sh \
	tests/portability/within.c
