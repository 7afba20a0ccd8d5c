## dist/local.mk - completion, and what systems start and pack the server with; dist/README says what is what
bashcompletion_DATA = dist/completion/goldcrest
zshcompletion_DATA = dist/completion/_goldcrest
CLEANFILES += dist/completion/goldcrest

## bash looks for a file that is called as the command is.
dist/completion/goldcrest: dist/completion/goldcrest.bash
	@$(MKDIR_P) dist/completion
	$(AM_V_GEN)cp $(srcdir)/dist/completion/goldcrest.bash $@

EXTRA_DIST += dist/completion/goldcrest.bash dist/completion/_goldcrest
