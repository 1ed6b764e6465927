# SPDX-License-Identifier: GPL-3.0-or-later
# packaging/local.mk - systemd units for the daemon of a user

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
