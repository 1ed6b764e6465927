# SPDX-License-Identifier: GPL-3.0-or-later
# packaging/local.mk - systemd units for the daemon of a user, completions for
# shells, and packages

units = \
  packaging/systemd/coco-tokend.service \
  packaging/systemd/coco-tokend.socket
EXTRA_DIST += \
  packaging/systemd/coco-tokend.service.in \
  packaging/systemd/coco-tokend.socket

packaging/systemd/coco-tokend.service: \
    packaging/systemd/coco-tokend.service.in Makefile
	$(AM_V_GEN)$(MKDIR_P) $(@D) && \
	  sed 's,@bindir[@],$(bindir),g' $(top_srcdir)/$@.in >$@.tmp && \
	  mv $@.tmp $@
check_DATA += packaging/systemd/coco-tokend.service
CLEANFILES += packaging/systemd/coco-tokend.service

if WITH_SYSTEMD
systemduserunit_DATA = $(units)
endif

# Completions, made of what the programs print for --help.
complete = packaging/completions/complete.awk
completions = coco-credential coco-deploy coco-tokend
bash_completions = $(completions:%=packaging/completions/%.bash)
zsh_completions = $(completions:%=packaging/completions/%.zsh)
fish_completions = $(completions:%=packaging/completions/%.fish)
$(bash_completions) $(zsh_completions) $(fish_completions): \
    $(completions) $(top_srcdir)/$(complete) Makefile
	$(AM_V_GEN)$(MKDIR_P) $(@D) && name=$(@F) && \
	  ./$${name%.*} --help >$@.help && \
	  $(AWK) -v shell=$${name##*.} -v datadir='$(datadir)' \
	    -f $(top_srcdir)/$(complete) $@.help >$@.tmp && \
	  rm $@.help && mv $@.tmp $@
all-local: $(bash_completions) $(zsh_completions) $(fish_completions)
CLEANFILES += $(bash_completions) $(zsh_completions) $(fish_completions)
EXTRA_DIST += $(complete)

bashcompdir = $(datadir)/bash-completion/completions
zshcompdir = $(datadir)/zsh/site-functions
fishcompdir = $(datadir)/fish/vendor_completions.d
install-data-hook: install-completions
install-completions: all-local
	$(MKDIR_P) "$(DESTDIR)$(bashcompdir)" "$(DESTDIR)$(zshcompdir)" \
	  "$(DESTDIR)$(fishcompdir)"
	for name in $(completions); do \
	  $(INSTALL_DATA) packaging/completions/$$name.bash \
	    "$(DESTDIR)$(bashcompdir)/$$name" && \
	  $(INSTALL_DATA) packaging/completions/$$name.zsh \
	    "$(DESTDIR)$(zshcompdir)/_$$name" && \
	  $(INSTALL_DATA) packaging/completions/$$name.fish \
	    "$(DESTDIR)$(fishcompdir)" || exit; \
	done
uninstall-hook: uninstall-completions
uninstall-completions:
	for name in $(completions); do \
	  rm -f "$(DESTDIR)$(bashcompdir)/$$name" \
	    "$(DESTDIR)$(zshcompdir)/_$$name" \
	    "$(DESTDIR)$(fishcompdir)/$$name.fish"; \
	done
.PHONY: install-completions uninstall-completions

# Packages go into packages/ in the build directory.
deb rpm: dist
	sh $(top_srcdir)/packaging/build $@ $(distdir).tar.xz packages
clean-local: clean-packages
clean-packages:
	rm -rf packages
.PHONY: deb rpm clean-packages
EXTRA_DIST += \
  packaging/build \
  packaging/debian \
  packaging/etc \
  packaging/rpm
