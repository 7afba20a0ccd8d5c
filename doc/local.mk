## doc/local.mk - manuals, papers, the example configuration and the bundled site
dist_man_MANS += doc/goldcrest.8 doc/goldcrest.conf.5

dist_doc_DATA = README NEWS COPYING doc/ARCHITECTURE doc/COMPATIBILITY doc/HACKING doc/PERFORMANCE doc/PORTABILITY

examplesdir = $(docdir)/examples
dist_examples_DATA = doc/goldcrest.conf

EXTRA_DIST += \
	site/files/gold.svg \
	site/files/hello.txt \
	site/goldcrest.svg \
	site/index.html \
	site/style.css
