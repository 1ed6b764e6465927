# SPDX-License-Identifier: GPL-3.0-or-later
# src/local.mk - the libraries and coco-credential, and what each may link.
# Which module belongs to which layer is said in src/README, and checked.

AM_CPPFLAGS += \
  -DCOCO_BINDIR='"$(bindir)"' \
  -DCOCO_LIBEXECDIR='"$(pkglibexecdir)"' \
  -DCOCO_DATADIR='"$(pkgdatadir)"'

EXTRA_DIST += src/README

# libcoco.a: libc only.
noinst_LIBRARIES += libcoco.a
libcoco_a_SOURCES = \
  src/coco.h \
  src/mem.c src/mem.h \
  src/buf.c src/buf.h \
  src/strv.c src/strv.h \
  src/num.c src/num.h \
  src/ascii.c src/ascii.h \
  src/esc.c src/esc.h \
  src/hex.c src/hex.h \
  src/jsonout.c src/jsonout.h \
  src/b64.c src/b64.h \
  src/url.c src/url.h \
  src/fnv.c src/fnv.h \
  src/cidr.c src/cidr.h \
  src/clock.c src/clock.h \
  src/log.c src/log.h \
  src/result.c src/result.h \
  src/opt.c src/opt.h \
  src/cred.c src/cred.h \
  src/entries.c src/entries.h \
  src/toml.c src/toml.h \
  src/toml-parse.c src/toml-tree.h \
  src/toml-scan.c src/toml-scan.h \
  src/toml-scalar.c \
  src/toml-write.c src/toml-write.h \
  src/toml-edit.c src/toml-edit.h src/toml-edit-priv.h \
  src/toml-edit-line.c src/toml-edit-array.c src/toml-edit-same.c \
  src/stack.c src/stack-parse.c src/stack.h \
  src/http1.c src/http1.h \
  src/http1-scan.c src/http1-scan.h \
  src/http1-target.c \
  src/http1-response.c \
  src/http1-chunks.c \
  src/account.c src/account.h \
  src/authenticator.c src/authenticator.h \
  src/rolescope.c src/rolescope.h \
  src/output.c src/output.h \
  src/der.c src/der.h \
  src/keytext.c src/keytext.h \
  src/io.c src/io.h \
  src/path.c src/path.h \
  src/proc.c src/proc.h \
  src/lock.c src/lock.h \
  src/sock.c src/sock.h \
  src/usage.c src/usage.h \
  src/client.c src/client.h \
  src/endpoint.c src/endpoint.h \
  src/message.c src/message.h \
  src/conn.c src/conn.h \
  src/conn-host.c src/conn-priv.h \
  src/connfile.c src/connfile.h \
  src/stackfile.c src/stackfile.h \
  src/grantask.c src/grantask.h \
  src/policy.c src/policy.h \
  src/audit.c src/audit.h \
  src/module.c src/module.h \
  src/listing.c src/listing.h \
  src/record.c src/record.h \
  src/walk.c src/walk.h

# libservices.a: one module for each third-party library.
noinst_LIBRARIES += libservices.a
libservices_a_SOURCES = \
  src/wipe.c src/wipe.h \
  src/json.c src/json.h \
  src/crypt.c src/crypt.h \
  src/key.c src/key.h \
  src/jwt.c src/jwt.h \
  src/fetch.c src/fetch.h
libservices_a_CPPFLAGS = $(AM_CPPFLAGS) \
  $(CURL_CFLAGS) $(WOLFSSL_CFLAGS) $(JANSSON_CFLAGS)
services_libs = libservices.a libcoco.a \
  $(CURL_LIBS) $(WOLFSSL_LIBS) $(JANSSON_LIBS)

# libtokend.a: what coco-tokend alone has.  loop.c alone knows libuv.
noinst_LIBRARIES += libtokend.a
libtokend_a_CPPFLAGS = $(AM_CPPFLAGS) $(UV_CFLAGS)
libtokend_a_SOURCES = \
  src/beneath.c src/beneath.h \
  src/cache.c src/cache.h \
  src/cgroup.c src/cgroup.h \
  src/events.c src/events.h \
  src/grant.c src/grant-parse.c src/grant.h \
  src/grantstore.c src/grantstore.h \
  src/httpd.c src/httpd.h \
  src/journal.c src/journal.h \
  src/loop.c src/loop.h \
  src/runner.c src/runner.h \
  src/settings.c src/settings.h \
  src/confine.c src/confine.h \
  src/launcher.c src/launcher.h \
  src/launcher-serve.c src/launcher-priv.h \
  src/notify.c src/notify.h \
  src/peer.c src/peer.h \
  src/secret.c src/secret.h \
  src/tokenfile.c src/tokenfile.h

# libdeploy.a: what coco-deploy alone has.  tarball.c alone knows libarchive,
# compose.c libyaml.
noinst_LIBRARIES += libdeploy.a
libdeploy_a_CPPFLAGS = $(AM_CPPFLAGS) $(ARCHIVE_CFLAGS) $(YAML_CFLAGS)
libdeploy_a_SOURCES = \
  src/compose.c src/compose.h \
  src/compose-read.c src/compose-tree.h \
  src/container.c src/container.h \
  src/deployment.c src/deployment.h \
  src/desired.c src/desired.h \
  src/dirwalk.c src/dirwalk.h \
  src/engine.c src/engine.h src/engine-priv.h \
  src/engine-exec.c \
  src/engine-image.c \
  src/engine-read.c \
  src/engine-stream.c \
  src/engine-write.c \
  src/granting.c src/granting.h \
  src/hunt.c src/hunt-forms.c src/hunt.h \
  src/inmates.c src/inmates.h \
  src/jsonedit.c src/jsonedit.h \
  src/jsonmask.c src/jsonmask.h \
  src/jsonscan.c src/jsonscan.h \
  src/keypem.c src/keypem.h \
  src/layout.c src/layout.h \
  src/linediff.c src/linediff.h \
  src/mask.c src/mask.h \
  src/mountin.c src/mountin.h \
  src/ocibundle.c src/ocibundle.h \
  src/passwd.c src/passwd.h \
  src/place.c src/place.h \
  src/plan.c src/plan.h src/plan-priv.h \
  src/plan-json.c src/plan-print.c src/plan-toml.c \
  src/provider.c src/provider.h \
  src/rootdir.c src/rootdir.h \
  src/rundir.c src/rundir.h \
  src/runline.c src/runline.h \
  src/secretsearch.c src/secretsearch.h \
  src/tarball.c src/tarball.h \
  src/target.c src/target.h \
  src/tomlmask.c src/tomlmask.h \
  src/trace.c src/trace.h

bin_PROGRAMS += coco-credential
coco_credential_SOURCES = \
  src/coco-credential.c \
  src/cmd.c src/cmd.h \
  src/cmd-daemon.c \
  src/cmd-get.c \
  src/cmd-import.c \
  src/cmd-login.c \
  src/cmd-token.c \
  src/cmd-status.c \
  src/cmd-check.c \
  src/cmd-exec.c \
  src/cmd-list.c \
  src/cmd-fingerprints.c \
  src/cmd-inside.c \
  src/cmd-inside-status.c \
  src/cmd-token-file.c \
  src/cmd-fresh.c src/cmd-fresh.h \
  src/exec-child.c src/exec-child.h \
  src/exec-conf.c src/exec-conf.h \
  src/exec-home.c src/exec-home.h \
  src/keep.c src/keep.h \
  src/rotate.c src/rotate.h
coco_credential_LDADD = libcoco.a

bin_PROGRAMS += coco-tokend
coco_tokend_SOURCES = \
  src/coco-tokend.c src/coco-tokend.h \
  src/coco-tokend-grant.c \
  src/tokend.c src/tokend.h \
  src/control.c src/control.h \
  src/control-grants.c src/control-grants.h \
  src/grants.c src/grants.h \
  src/sandbox.c src/sandbox.h src/sandbox-priv.h \
  src/sandbox-api.c \
  src/sandbox-ask.c \
  src/sandbox-file.c \
  src/sandbox-oauth.c \
  src/reply.c src/reply.h \
  src/report.c src/report.h
coco_tokend_LDADD = libtokend.a libservices.a libcoco.a \
  $(UV_LIBS) $(WOLFSSL_LIBS) $(JANSSON_LIBS)

bin_PROGRAMS += coco-deploy
coco_deploy_SOURCES = \
  src/coco-deploy.c src/deploy.h \
  src/deploy-after.c \
  src/deploy-apply.c \
  src/deploy-change.c \
  src/deploy-client.c \
  src/deploy-compose.c \
  src/deploy-exec.c \
  src/deploy-hook.c \
  src/deploy-job.c \
  src/deploy-list.c \
  src/deploy-reach.c \
  src/deploy-run.c src/deploy-run.h \
  src/deploy-runas.c \
  src/deploy-search.c src/deploy-search.h \
  src/deploy-search-proc.c \
  src/deploy-secret.c \
  src/deploy-stage.c \
  src/deploy-share.c \
  src/deploy-verify.c \
  src/exec-child.c src/exec-child.h
coco_deploy_LDADD = libdeploy.a libtokend.a libservices.a libcoco.a \
  $(ARCHIVE_LIBS) $(YAML_LIBS) $(WOLFSSL_LIBS) $(JANSSON_LIBS)

# git looks for the helper "coco" under this name.  The link in the build
# directory is for the tests, which put that directory into PATH.
git-credential-coco: coco-credential$(EXEEXT)
	$(AM_V_GEN)rm -f $@ && $(LN_S) coco-credential$(EXEEXT) $@
all-local: git-credential-coco
CLEANFILES += git-credential-coco

install-exec-hook: install-git-link install-unreadable
install-git-link:
	cd "$(DESTDIR)$(bindir)" && rm -f git-credential-coco && \
	  $(LN_S) `echo coco-credential | sed '$(transform)'`$(EXEEXT) \
	    git-credential-coco
uninstall-hook: uninstall-git-link
uninstall-git-link:
	rm -f "$(DESTDIR)$(bindir)/git-credential-coco"
.PHONY: install-git-link uninstall-git-link

# The same client as one static file, for containers: compiled in one go by
# another compiler, so it shares sources with the above but no objects, and of
# the flags only what keeps the directory of the build out of it.
static_sources = $(coco_credential_SOURCES) $(libcoco_a_SOURCES)
STATIC_CFLAGS = -Os -g -std=gnu11 -static -fstack-protector-strong \
  -ffunction-sections -fdata-sections -Wl,--gc-sections -Wl,-z,relro \
  -Wl,--build-id $(filter -ffile-prefix-map=%,$(CFLAGS))
coco-credential.static: $(static_sources) config.h
	$(AM_V_CCLD)$(MUSL_GCC) $(STATIC_CFLAGS) $(WARN_CFLAGS) \
	  $(DEFAULT_INCLUDES) $(AM_CPPFLAGS) -U_FORTIFY_SOURCE -o $@ \
	  $(addprefix $(top_srcdir)/,$(sort $(filter %.c,$(static_sources))))
# What coco-deploy removes files in a container with (engine.h): one file.
coco-deploy-remove.static: src/coco-deploy-remove.c config.h
	$(AM_V_CCLD)$(MUSL_GCC) $(STATIC_CFLAGS) -s $(WARN_CFLAGS) \
	  $(DEFAULT_INCLUDES) $(AM_CPPFLAGS) -U_FORTIFY_SOURCE -o $@ \
	  $(top_srcdir)/src/coco-deploy-remove.c
if ENABLE_STATIC_CLIENT
pkglibexec_SCRIPTS += coco-credential.static coco-deploy-remove.static
endif
CLEANFILES += coco-credential.static coco-deploy-remove.static
EXTRA_DIST += src/coco-deploy-remove.c

# What holds secrets cannot be read by others than its owner: the kernel then
# lets nobody look into such a process of somebody else's, from its first
# instruction on (THREATS.md T22).  The static programs stay as they are: they
# are there to be copied into containers.
install-unreadable:
	for program in $(bin_PROGRAMS); do \
	  name=`echo $$program | sed '$(transform)'`; \
	  chmod 711 "$(DESTDIR)$(bindir)/$$name" || exit; \
	done
	for program in $(pkglibexec_PROGRAMS); do \
	  name=`echo $$program | sed '$(transform)'`; \
	  chmod 711 "$(DESTDIR)$(pkglibexecdir)/$$name" || exit; \
	done
.PHONY: install-unreadable
