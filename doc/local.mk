## doc/local.mk - papers
