## dist/local.mk - completion, and what systems start and pack the server with; dist/README says what is what
bashcompletion_DATA = dist/completion/goldcrest
zshcompletion_DATA = dist/completion/_goldcrest
CLEANFILES += dist/completion/goldcrest

## bash looks for a file that is called as the command is.
dist/completion/goldcrest: dist/completion/goldcrest.bash
	@$(MKDIR_P) dist/completion
	$(AM_V_GEN)cp $(srcdir)/dist/completion/goldcrest.bash $@

EXTRA_DIST += dist/completion/goldcrest.bash dist/completion/_goldcrest dist/README \
	dist/config dist/logrotate dist/sysusers dist/tmpfiles dist/tools \
	dist/launchd dist/openrc dist/rc.d dist/runit dist/s6 dist/smf dist/systemd dist/sysvinit \
	dist/alpine dist/container dist/freebsd dist/openbsd dist/openwrt dist/pkgsrc dist/rpm

## What follows is installed only when it is asked for, since each system has one of them:
##
##     make install-configuration   the configuration with conf-available/, goldcrest-enable-mod and -disable-mod
##     make install-systemd         unit, socket, tmpfiles, sysusers
##     make install-logrotate
##
## Files that are there already are left alone, if they are configuration. Packages say where things are, as in
##
##     make install-configuration DESTDIR=tmp server_user=www server_group=www document_root=/srv/www
server_user = www-data
server_group = $(server_user)
log_group = $(server_group)
document_root = /var/www/html
configdir = $(sysconfdir)/goldcrest
systemdsystemunitdir = $(prefix)/lib/systemd/system
tmpfilesdir = $(prefix)/lib/tmpfiles.d
sysusersdir = $(prefix)/lib/sysusers.d
logrotatedir = $(sysconfdir)/logrotate.d

put_in_place = sed \
	-e 's|@''sbindir@|$(sbindir)|g' \
	-e 's|@''libdir@|$(libdir)|g' \
	-e 's|@''sysconfdir@|$(sysconfdir)|g' \
	-e 's|@''localstatedir@|$(localstatedir)|g' \
	-e 's|@''runstatedir@|$(runstatedir)|g' \
	-e 's|@''user@|$(server_user)|g' \
	-e 's|@''group@|$(server_group)|g' \
	-e 's|@''loggroup@|$(log_group)|g' \
	-e 's|@''docroot@|$(document_root)|g'

## systemd before 253 wants the line ExecReload= in the unit. Where it cannot be asked, and nobody says
## systemd_version=N, the line is there: with a newer one it does no harm.
systemd_version =
reload_line = version="$(systemd_version)"; test -n "$$version" || \
	version=`(systemctl --version) 2>/dev/null | sed -n 's/^systemd \([0-9]*\).*/\1/p'`; \
	test "$${version:-0}" -ge 253 || reload_line='s|^\#\(ExecReload=\)|\1|'

## put FROM TO MODE: one file, with the places of this installation in it
put = $(reload_line); put() { $(MKDIR_P) "`dirname "$(DESTDIR)$$2"`" && \
	$(put_in_place) -e "$$reload_line" "$(srcdir)/dist/$$1" >"$(DESTDIR)$$2" && chmod $$3 "$(DESTDIR)$$2"; }

install-configuration:
	@$(put); for file in goldcrest.conf conf-available/README `cd $(srcdir)/dist/config && echo conf-available/*.conf`; do \
		if test -f "$(DESTDIR)$(configdir)/$$file"; then echo "$(configdir)/$$file is left as it is"; else \
			put config/$$file "$(configdir)/$$file" 644 || exit 1; fi; \
	done
	$(MKDIR_P) $(DESTDIR)$(configdir)/conf-enabled
	@$(put); put tools/goldcrest-enable-mod "$(sbindir)/goldcrest-enable-mod" 755
	cd $(DESTDIR)$(sbindir) && rm -f goldcrest-disable-mod && $(LN_S) goldcrest-enable-mod goldcrest-disable-mod

install-systemd:
	@$(put); put systemd/goldcrest.service "$(systemdsystemunitdir)/goldcrest.service" 644 && \
		put systemd/goldcrest.socket "$(systemdsystemunitdir)/goldcrest.socket" 644 && \
		put tmpfiles/goldcrest.conf "$(tmpfilesdir)/goldcrest.conf" 644 && \
		put sysusers/goldcrest.conf "$(sysusersdir)/goldcrest.conf" 644

install-logrotate:
	@$(put); put logrotate/goldcrest "$(logrotatedir)/goldcrest" 644

## make put FILE=sysvinit/goldcrest TO=/etc/init.d/goldcrest MODE=755: any other file of dist/
MODE = 644
put:
	@$(put); put "$(FILE)" "$(TO)" $(MODE)

.PHONY: install-configuration install-systemd install-logrotate put
