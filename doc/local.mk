## doc/local.mk - manuals, papers, the example configuration and the bundled site
dist_man_MANS += doc/goldcrest.8
man_MANS += doc/goldcrest.conf.5
EXTRA_DIST += doc/goldcrest.conf.5.in doc/manual.awk
CLEANFILES += doc/goldcrest.conf.5

## goldcrest.conf(5) is made from the tables of directives, which the program prints, and doc/goldcrest.conf.5.in. A
## release has it ready made, with the directives of all modules: it is taken as it is there, whatever a build leaves out.
if SHIPPED_MANUAL
doc/goldcrest.conf.5: $(srcdir)/doc/shipped/goldcrest.conf.5
	@$(MKDIR_P) doc
	$(AM_V_GEN)cp $(srcdir)/doc/shipped/goldcrest.conf.5 $@
else
doc/goldcrest.conf.5: $(GOLDCREST_FOR_BUILD) $(srcdir)/doc/goldcrest.conf.5.in $(srcdir)/doc/manual.awk
	@$(MKDIR_P) doc
	$(AM_V_GEN)$(PRINT_TABLE) >doc/directives.tmp && \
	$(AWK) -f $(srcdir)/doc/manual.awk part=table doc/directives.tmp \
		part=source $(srcdir)/doc/goldcrest.conf.5.in >$@.tmp && mv $@.tmp $@; \
	status=$$?; rm -f doc/directives.tmp $@.tmp; exit $$status
endif

dist_doc_DATA = README NEWS COPYING doc/ARCHITECTURE doc/COMPATIBILITY doc/HACKING doc/PERFORMANCE doc/PORTABILITY

examplesdir = $(docdir)/examples
dist_examples_DATA = doc/goldcrest.conf

EXTRA_DIST += \
	site/files/gold.svg \
	site/files/hello.txt \
	site/goldcrest.svg \
	site/index.html \
	site/style.css

exampledir = $(examplesdir)/example-module
dist_example_DATA = \
	doc/example-module/Makefile.am \
	doc/example-module/README \
	doc/example-module/configure.ac \
	doc/example-module/mod_example.c
