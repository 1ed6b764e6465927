# SPDX-License-Identifier: GPL-3.0-or-later
# helpers/local.mk - one program per source or store of credentials.  Only
# those that talk to a server link more than libc.

# libhelper.a: the main() and the verbs that all helpers share.
noinst_LIBRARIES += libhelper.a
libhelper_a_SOURCES = \
  helpers/helper.c helpers/helper.h \
  helpers/store.c helpers/store.h \
  helpers/storefile.c helpers/storefile.h

pkglibexec_PROGRAMS += coco-credential-file
coco_credential_file_SOURCES = helpers/coco-credential-file.c
coco_credential_file_LDADD = libhelper.a libcoco.a

pkglibexec_PROGRAMS += coco-credential-connections
coco_credential_connections_SOURCES = helpers/coco-credential-connections.c
coco_credential_connections_LDADD = libhelper.a libcoco.a

# libsealed.a: the sealed helper without its main file.  Of the services it
# takes wolfSSL only.
noinst_LIBRARIES += libsealed.a
libsealed_a_SOURCES = \
  helpers/ask.c helpers/ask.h \
  helpers/seal.c helpers/seal.h \
  helpers/seal-key.c helpers/seal-key.h
pkglibexec_PROGRAMS += coco-credential-sealed
coco_credential_sealed_SOURCES = helpers/coco-credential-sealed.c
coco_credential_sealed_LDADD = libsealed.a libhelper.a $(services_libs)

pkglibexec_PROGRAMS += coco-credential-inspect-coco
coco_credential_inspect_coco_SOURCES = \
  helpers/coco-credential-inspect-coco.c \
  helpers/inspect.c helpers/inspect.h
coco_credential_inspect_coco_LDADD = libhelper.a libservices.a libcoco.a \
  $(JANSSON_LIBS)

# The only program with libsecret and GLib, which are met in keyring.c alone.
if WITH_LIBSECRET
pkglibexec_PROGRAMS += coco-credential-libsecret
coco_credential_libsecret_SOURCES = \
  helpers/coco-credential-libsecret.c \
  helpers/keyring.c helpers/keyring.h \
  helpers/inspect.c helpers/inspect.h
coco_credential_libsecret_CPPFLAGS = $(AM_CPPFLAGS) $(LIBSECRET_CFLAGS)
coco_credential_libsecret_LDADD = libhelper.a libservices.a libcoco.a \
  $(LIBSECRET_LIBS) $(JANSSON_LIBS)
endif

# liboauth.a: the oauth helper without its main file, so that tests link it.
noinst_LIBRARIES += liboauth.a
liboauth_a_SOURCES = \
  helpers/oauth-answer.c helpers/oauth-answer.h \
  helpers/oauth-assert.c helpers/oauth-assert.h \
  helpers/oauth-browser.c helpers/oauth-browser.h \
  helpers/oauth-callback.c helpers/oauth-callback.h \
  helpers/oauth-client.c helpers/oauth-client.h \
  helpers/oauth-config.c helpers/oauth-config.h \
  helpers/oauth-confirm.c helpers/oauth-confirm.h \
  helpers/oauth-device.c helpers/oauth-device.h \
  helpers/oauth-error.c helpers/oauth-error.h \
  helpers/oauth-life.c helpers/oauth-life.h \
  helpers/oauth-login.c helpers/oauth-login.h \
  helpers/oauth-page.c helpers/oauth-page.h \
  helpers/oauth-paste.c helpers/oauth-paste.h \
  helpers/oauth-secret.c helpers/oauth-secret.h \
  helpers/oauth-token.c helpers/oauth-token.h
pkglibexec_PROGRAMS += coco-credential-oauth
coco_credential_oauth_SOURCES = helpers/coco-credential-oauth.c
coco_credential_oauth_LDADD = liboauth.a libhelper.a $(services_libs)

pkglibexec_PROGRAMS += coco-credential-jwt
coco_credential_jwt_SOURCES = \
  helpers/coco-credential-jwt.c \
  helpers/jwt-key.c helpers/jwt-key.h
coco_credential_jwt_LDADD = libhelper.a $(services_libs)

# Links libdeploy.a for hunt.c alone.
pkglibexec_PROGRAMS += coco-credential-fingerprints
coco_credential_fingerprints_SOURCES = \
  helpers/coco-credential-fingerprints.c \
  helpers/jwt-key.c helpers/jwt-key.h \
  helpers/prints.c helpers/prints.h \
  helpers/prints-conn.c \
  helpers/prints-store.c
coco_credential_fingerprints_LDADD = libhelper.a libdeploy.a $(services_libs)
