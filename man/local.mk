# SPDX-License-Identifier: GPL-3.0-or-later
# man/local.mk - the manual, written in mdoc

dist_man_MANS += \
  man/coco-credential.1 \
  man/coco-credential-connections.1 \
  man/coco-credential-file.1 \
  man/coco-credential-oauth.1 \
  man/coco-stack.5 \
  man/coco-protocol.7
