# SPDX-License-Identifier: GPL-3.0-or-later
# providers/local.mk - what we know of tools, as data: coco-provider(5)

providersdir = $(pkgdatadir)/providers
dist_providers_DATA = \
  providers/cortex.toml \
  providers/go.toml \
  providers/snowflake.toml

# In a build tree coco-deploy finds them beside itself.
providers/stamp: $(dist_providers_DATA)
	$(AM_V_GEN)$(MKDIR_P) providers && for f in $(dist_providers_DATA); do \
	  test -e $$f && test $$f -ef $(top_srcdir)/$$f || \
	    cp $(top_srcdir)/$$f $$f || exit; \
	done && touch $@
all-local: providers/stamp
CLEANFILES += providers/stamp
clean-local: clean-providers
clean-providers:
	test $(srcdir) -ef . || rm -rf providers
.PHONY: clean-providers
