# SPDX-License-Identifier: GPL-3.0-or-later
# man/local.mk - the manual, written in mdoc

dist_man_MANS += \
  man/coco-credential.1 \
  man/coco-credential-connections.1 \
  man/coco-credential-file.1 \
  man/coco-credential-fingerprints.1 \
  man/coco-credential-inspect-coco.1 \
  man/coco-credential-jwt.1 \
  man/coco-credential-libsecret.1 \
  man/coco-credential-oauth.1 \
  man/coco-credential-sealed.1 \
  man/coco-deploy.1 \
  man/coco-audit.5 \
  man/coco-policy.5 \
  man/coco-provider.5 \
  man/coco-stack.5 \
  man/coco.toml.5 \
  man/coco-http.7 \
  man/coco-protocol.7 \
  man/coco-sandbox.7 \
  man/coco-tokend.8

if ENABLE_STATIC_CLIENT
dist_man_MANS += man/coco-deploy-remove.1
endif

# The pages have the helpers' directory of a build without options.
install-data-hook: install-helper-paths
install-helper-paths:
	for page in $(dist_man_MANS); do \
	  name=$${page##*/}; section=$${name##*.}; \
	  name=`echo $${name%.*} | sed '$(transform)'`.$$section; \
	  page="$(DESTDIR)$(mandir)/man$$section/$$name"; \
	  sed 's,/usr/local/libexec/coco,$(pkglibexecdir),g' "$$page" \
	    >"$$page.tmp" && cat "$$page.tmp" >"$$page" && \
	    rm "$$page.tmp" || exit; \
	done
.PHONY: install-helper-paths

# `git help credential-coco' asks for the page by this name.
install-data-hook: install-git-page
install-git-page:
	cd "$(DESTDIR)$(man1dir)" && rm -f git-credential-coco.1 && \
	  $(LN_S) `echo coco-credential | sed '$(transform)'`.1 \
	    git-credential-coco.1
uninstall-hook: uninstall-git-page
uninstall-git-page:
	rm -f "$(DESTDIR)$(man1dir)/git-credential-coco.1"
.PHONY: install-git-page uninstall-git-page
