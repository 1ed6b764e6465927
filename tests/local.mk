# SPDX-License-Identifier: GPL-3.0-or-later
# tests/local.mk - the tests, and the targets that run them in other ways.
# tests/README says how to run one and how to write one.

TEST_EXTENSIONS = .sh .t
T_LOG_DRIVER = env AM_TAP_AWK='$(AWK)' $(SHELL) \
  $(top_srcdir)/build-aux/tap-driver.sh
SH_LOG_DRIVER = $(T_LOG_DRIVER)
SH_LOG_COMPILER = sh
AM_TESTS_ENVIRONMENT = \
  srcdir='$(abs_top_srcdir)'; export srcdir; \
  builddir='$(abs_top_builddir)'; export builddir; \
  CC='$(CC)'; export CC; \
  LC_ALL=C; export LC_ALL; \
  ASAN_OPTIONS=verify_asan_link_order=0; export ASAN_OPTIONS; \
  UBSAN_OPTIONS=print_stacktrace=1; export UBSAN_OPTIONS;

# Unit tests.  automake makes test-NAME.t of test-NAME.c by itself; what is
# said here is only what needs more than libcoco.a.
unit_tests = \
  tests/unit/test-account.t \
  tests/unit/test-ascii.t \
  tests/unit/test-audit.t \
  tests/unit/test-b64.t \
  tests/unit/test-buf.t \
  tests/unit/test-cache.t \
  tests/unit/test-cgroup.t \
  tests/unit/test-cidr.t \
  tests/unit/test-clock.t \
  tests/unit/test-compose.t \
  tests/unit/test-confine.t \
  tests/unit/test-conn.t \
  tests/unit/test-container.t \
  tests/unit/test-cred.t \
  tests/unit/test-crypt.t \
  tests/unit/test-deployment.t \
  tests/unit/test-der.t \
  tests/unit/test-dirwalk.t \
  tests/unit/test-desired.t \
  tests/unit/test-entries.t \
  tests/unit/test-esc.t \
  tests/unit/test-fetch.t \
  tests/unit/test-fnv.t \
  tests/unit/test-grant.t \
  tests/unit/test-grantstore.t \
  tests/unit/test-hex.t \
  tests/unit/test-http1.t \
  tests/unit/test-http1-rows.t \
  tests/unit/test-hunt.t \
  tests/unit/test-io.t \
  tests/unit/test-json.t \
  tests/unit/test-jsonedit.t \
  tests/unit/test-jsonmask.t \
  tests/unit/test-jsonout.t \
  tests/unit/test-jsonscan.t \
  tests/unit/test-jwt.t \
  tests/unit/test-key.t \
  tests/unit/test-keypem.t \
  tests/unit/test-launcher.t \
  tests/unit/test-layout.t \
  tests/unit/test-linediff.t \
  tests/unit/test-lock.t \
  tests/unit/test-mask.t \
  tests/unit/test-notify.t \
  tests/unit/test-num.t \
  tests/unit/test-oauth.t \
  tests/unit/test-oauth-confirm.t \
  tests/unit/test-oauth-device.t \
  tests/unit/test-oauth-error.t \
  tests/unit/test-oauth-life.t \
  tests/unit/test-oauth-secret.t \
  tests/unit/test-opt.t \
  tests/unit/test-passwd.t \
  tests/unit/test-path.t \
  tests/unit/test-peer.t \
  tests/unit/test-place.t \
  tests/unit/test-plan.t \
  tests/unit/test-plan-merge.t \
  tests/unit/test-policy.t \
  tests/unit/test-proc.t \
  tests/unit/test-provider.t \
  tests/unit/test-rolescope.t \
  tests/unit/test-rootdir.t \
  tests/unit/test-rundir.t \
  tests/unit/test-runline.t \
  tests/unit/test-seal.t \
  tests/unit/test-secretsearch.t \
  tests/unit/test-secret.t \
  tests/unit/test-settings.t \
  tests/unit/test-sock.t \
  tests/unit/test-stack.t \
  tests/unit/test-strv.t \
  tests/unit/test-tarball.t \
  tests/unit/test-tokenfile.t \
  tests/unit/test-toml.t \
  tests/unit/test-toml-edit.t \
  tests/unit/test-toml-edit-corpus.t \
  tests/unit/test-tomlmask.t \
  tests/unit/test-trace.t \
  tests/unit/test-url.t
check_PROGRAMS += $(unit_tests)
TESTS += $(unit_tests)
AM_CPPFLAGS += -I$(top_srcdir)/tests -I$(top_srcdir)/helpers
LDADD = libcoco.a
tests_unit_test_cache_t_LDADD = libtokend.a libcoco.a
tests_unit_test_cgroup_t_LDADD = libtokend.a libcoco.a
tests_unit_test_compose_t_LDADD = libdeploy.a libcoco.a $(YAML_LIBS)
tests_unit_test_confine_t_LDADD = libtokend.a libcoco.a
tests_unit_test_container_t_LDADD = libdeploy.a $(services_libs)
tests_unit_test_crypt_t_LDADD = $(services_libs)
tests_unit_test_dirwalk_t_LDADD = libdeploy.a libtokend.a libcoco.a
tests_unit_test_deployment_t_LDADD = libdeploy.a $(services_libs)
tests_unit_test_desired_t_LDADD = libdeploy.a libcoco.a
tests_unit_test_fetch_t_LDADD = $(services_libs)
tests_unit_test_grant_t_LDADD = libtokend.a $(services_libs)
tests_unit_test_grantstore_t_LDADD = libtokend.a $(services_libs)
tests_unit_test_hunt_t_LDADD = libdeploy.a $(services_libs)
tests_unit_test_json_t_LDADD = $(services_libs)
tests_unit_test_jsonedit_t_LDADD = libdeploy.a libcoco.a
tests_unit_test_jsonmask_t_LDADD = libdeploy.a libcoco.a
tests_unit_test_jsonscan_t_LDADD = libdeploy.a libcoco.a
tests_unit_test_jwt_t_LDADD = $(services_libs)
tests_unit_test_key_t_LDADD = $(services_libs)
tests_unit_test_keypem_t_LDADD = libdeploy.a $(services_libs)
tests_unit_test_launcher_t_LDADD = libtokend.a libcoco.a
tests_unit_test_layout_t_LDADD = libdeploy.a $(services_libs)
tests_unit_test_linediff_t_LDADD = libdeploy.a libcoco.a
tests_unit_test_mask_t_LDADD = libdeploy.a libcoco.a
tests_unit_test_notify_t_LDADD = libtokend.a libcoco.a
tests_unit_test_oauth_t_LDADD = liboauth.a libhelper.a $(services_libs)
tests_unit_test_oauth_confirm_t_LDADD = liboauth.a libhelper.a $(services_libs)
tests_unit_test_oauth_device_t_LDADD = liboauth.a libhelper.a $(services_libs)
tests_unit_test_oauth_error_t_LDADD = liboauth.a libhelper.a $(services_libs)
tests_unit_test_oauth_life_t_LDADD = liboauth.a libhelper.a $(services_libs)
tests_unit_test_passwd_t_LDADD = libdeploy.a libcoco.a
tests_unit_test_peer_t_LDADD = libtokend.a libcoco.a
tests_unit_test_oauth_secret_t_LDADD = liboauth.a libhelper.a $(services_libs)
tests_unit_test_place_t_LDADD = libdeploy.a libcoco.a
tests_unit_test_plan_t_LDADD = libdeploy.a $(services_libs)
tests_unit_test_plan_merge_t_LDADD = libdeploy.a $(services_libs)
tests_unit_test_provider_t_LDADD = libdeploy.a $(services_libs)
tests_unit_test_rootdir_t_LDADD = libdeploy.a libtokend.a libcoco.a
tests_unit_test_rundir_t_LDADD = libdeploy.a libtokend.a $(services_libs)
tests_unit_test_runline_t_LDADD = libdeploy.a libcoco.a
tests_unit_test_seal_t_LDADD = libsealed.a libhelper.a $(services_libs)
tests_unit_test_secretsearch_t_LDADD = libdeploy.a $(services_libs)
tests_unit_test_settings_t_LDADD = libtokend.a libcoco.a
tests_unit_test_secret_t_LDADD = libtokend.a libcoco.a
tests_unit_test_sock_t_LDADD = libtokend.a libcoco.a
tests_unit_test_tarball_t_LDADD = libdeploy.a libcoco.a $(ARCHIVE_LIBS)
tests_unit_test_tokenfile_t_LDADD = libtokend.a libcoco.a
tests_unit_test_tomlmask_t_LDADD = libdeploy.a libcoco.a
tests_unit_test_trace_t_LDADD = libdeploy.a $(services_libs)

# toml-json: toml-test's decoder over our reader.
check_PROGRAMS += tests/toml-json

# show-settings: coco.toml as the daemon reads it.
check_PROGRAMS += tests/show-settings
tests_show_settings_LDADD = libtokend.a libcoco.a

# use-engine: what engine.h does with a container.
check_PROGRAMS += tests/use-engine
tests_use_engine_LDADD = libdeploy.a $(services_libs) $(ARCHIVE_LIBS)
# look-for: a stream through a set of fingerprints.
check_PROGRAMS += tests/look-for
tests_look_for_LDADD = libdeploy.a $(services_libs)

# Fuzzing.  Every build has, for each target, a program with a plain main that
# replays the corpus; with --enable-fuzz there is also one in which libFuzzer
# searches, for FUZZ_SECONDS each, and adds what it finds to a corpus in the
# build directory.
fuzz_names = \
  cred toml toml-edit stack http1 http1-chunks http1-response url key seal \
  grant compose jsonedit mask provider deployment passwd
fuzz_replays = \
  tests/fuzz/fuzz-cred.t \
  tests/fuzz/fuzz-toml.t \
  tests/fuzz/fuzz-toml-edit.t \
  tests/fuzz/fuzz-stack.t \
  tests/fuzz/fuzz-http1.t \
  tests/fuzz/fuzz-http1-chunks.t \
  tests/fuzz/fuzz-http1-response.t \
  tests/fuzz/fuzz-url.t \
  tests/fuzz/fuzz-key.t \
  tests/fuzz/fuzz-seal.t \
  tests/fuzz/fuzz-grant.t \
  tests/fuzz/fuzz-compose.t \
  tests/fuzz/fuzz-jsonedit.t \
  tests/fuzz/fuzz-mask.t \
  tests/fuzz/fuzz-provider.t \
  tests/fuzz/fuzz-deployment.t \
  tests/fuzz/fuzz-passwd.t
check_PROGRAMS += $(fuzz_replays)
TESTS += $(fuzz_replays)
tests_fuzz_fuzz_cred_t_SOURCES = tests/fuzz/fuzz-cred.c tests/fuzz/replay.c
tests_fuzz_fuzz_toml_t_SOURCES = tests/fuzz/fuzz-toml.c tests/fuzz/replay.c
tests_fuzz_fuzz_toml_edit_t_SOURCES = \
  tests/fuzz/fuzz-toml-edit.c tests/fuzz/replay.c
tests_fuzz_fuzz_stack_t_SOURCES = tests/fuzz/fuzz-stack.c tests/fuzz/replay.c
tests_fuzz_fuzz_http1_t_SOURCES = tests/fuzz/fuzz-http1.c tests/fuzz/replay.c
tests_fuzz_fuzz_http1_chunks_t_SOURCES = \
  tests/fuzz/fuzz-http1-chunks.c tests/fuzz/replay.c
tests_fuzz_fuzz_http1_response_t_SOURCES = \
  tests/fuzz/fuzz-http1-response.c tests/fuzz/replay.c
tests_fuzz_fuzz_url_t_SOURCES = tests/fuzz/fuzz-url.c tests/fuzz/replay.c
tests_fuzz_fuzz_key_t_SOURCES = tests/fuzz/fuzz-key.c tests/fuzz/replay.c
tests_fuzz_fuzz_seal_t_SOURCES = tests/fuzz/fuzz-seal.c tests/fuzz/replay.c
tests_fuzz_fuzz_seal_t_LDADD = libsealed.a $(services_libs)
tests_fuzz_fuzz_grant_t_SOURCES = tests/fuzz/fuzz-grant.c tests/fuzz/replay.c
tests_fuzz_fuzz_grant_t_LDADD = libtokend.a $(services_libs)
tests_fuzz_fuzz_compose_t_SOURCES = \
  tests/fuzz/fuzz-compose.c tests/fuzz/replay.c
tests_fuzz_fuzz_compose_t_LDADD = libdeploy.a libcoco.a $(YAML_LIBS)
tests_fuzz_fuzz_jsonedit_t_SOURCES = \
  tests/fuzz/fuzz-jsonedit.c tests/fuzz/replay.c
tests_fuzz_fuzz_jsonedit_t_LDADD = libdeploy.a libcoco.a
tests_fuzz_fuzz_mask_t_SOURCES = tests/fuzz/fuzz-mask.c tests/fuzz/replay.c
tests_fuzz_fuzz_mask_t_LDADD = libdeploy.a libcoco.a
tests_fuzz_fuzz_provider_t_SOURCES = \
  tests/fuzz/fuzz-provider.c tests/fuzz/replay.c
tests_fuzz_fuzz_provider_t_LDADD = libdeploy.a $(services_libs)
tests_fuzz_fuzz_deployment_t_SOURCES = \
  tests/fuzz/fuzz-deployment.c tests/fuzz/replay.c
tests_fuzz_fuzz_deployment_t_LDADD = libdeploy.a $(services_libs)
tests_fuzz_fuzz_passwd_t_SOURCES = \
  tests/fuzz/fuzz-passwd.c tests/fuzz/replay.c
tests_fuzz_fuzz_passwd_t_LDADD = libdeploy.a libcoco.a

if ENABLE_FUZZ
fuzz_targets = \
  tests/fuzz/fuzz-cred \
  tests/fuzz/fuzz-toml \
  tests/fuzz/fuzz-toml-edit \
  tests/fuzz/fuzz-stack \
  tests/fuzz/fuzz-http1 \
  tests/fuzz/fuzz-http1-chunks \
  tests/fuzz/fuzz-http1-response \
  tests/fuzz/fuzz-url \
  tests/fuzz/fuzz-key \
  tests/fuzz/fuzz-seal \
  tests/fuzz/fuzz-grant \
  tests/fuzz/fuzz-compose \
  tests/fuzz/fuzz-jsonedit \
  tests/fuzz/fuzz-mask \
  tests/fuzz/fuzz-provider \
  tests/fuzz/fuzz-deployment \
  tests/fuzz/fuzz-passwd
EXTRA_PROGRAMS += $(fuzz_targets)
CLEANFILES += $(fuzz_targets)
fuzz_ldflags = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_cred_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_toml_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_toml_edit_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_stack_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_http1_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_http1_chunks_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_http1_response_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_url_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_key_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_seal_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_seal_LDADD = libsealed.a $(services_libs)
tests_fuzz_fuzz_grant_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_grant_LDADD = libtokend.a $(services_libs)
tests_fuzz_fuzz_compose_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_compose_LDADD = libdeploy.a libcoco.a $(YAML_LIBS)
tests_fuzz_fuzz_jsonedit_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_jsonedit_LDADD = libdeploy.a libcoco.a
tests_fuzz_fuzz_mask_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_mask_LDADD = libdeploy.a libcoco.a
tests_fuzz_fuzz_provider_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_provider_LDADD = libdeploy.a $(services_libs)
tests_fuzz_fuzz_deployment_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_deployment_LDADD = libdeploy.a $(services_libs)
tests_fuzz_fuzz_passwd_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_passwd_LDADD = libdeploy.a libcoco.a
endif

FUZZ_SECONDS = 60
fuzz: $(fuzz_targets)
	@test -n '$(fuzz_targets)' || \
	  { echo 'fuzz: configure with CC=clang --enable-fuzz' >&2; exit 1; }
	@for n in $(fuzz_names); do \
	  $(MKDIR_P) tests/fuzz/found/$$n || exit 1; \
	  dict=$(top_srcdir)/tests/fuzz/$$n.dict; \
	  test -f $$dict && dict=-dict=$$dict || dict=; \
	  echo "fuzz $$n, $(FUZZ_SECONDS) s"; \
	  tests/fuzz/fuzz-$$n -max_total_time=$(FUZZ_SECONDS) -timeout=10 \
	    -print_final_stats=1 $$dict -artifact_prefix=tests/fuzz/crash-$$n- \
	    tests/fuzz/found/$$n $(top_srcdir)/tests/fuzz/corpus/$$n \
	    >tests/fuzz/$$n.log 2>&1 || \
	    { tail -n 40 tests/fuzz/$$n.log; exit 1; }; \
	  sed -n 's/^stat::number_of_executed_units:/  runs:/p' \
	    tests/fuzz/$$n.log; \
	done

# Shell tests, and what they put into a program by LD_PRELOAD: another clock,
# a record of what is executed, and trouble.
shims = tests/shim/clock.so tests/shim/exec.so tests/shim/fault.so
check_DATA += $(shims)
CLEANFILES += $(shims)
$(shims): tests/shim/%.so: tests/shim/%.c
	$(AM_V_CCLD)$(MKDIR_P) tests/shim && \
	  $(CC) -std=gnu11 -O2 -g -Wall -Wextra -shared -fPIC -o $@ \
	    $(top_srcdir)/tests/shim/$*.c

sh_tests = \
  tests/t0000-lib.sh \
  tests/t0001-links.sh \
  tests/t0010-fake-snowflake.sh \
  tests/t0100-toml.sh \
  tests/t0120-connections-helper.sh \
  tests/t0140-sealed.sh \
  tests/t0150-libsecret.sh \
  tests/t0160-inspect-coco.sh \
  tests/t0200-protocol.sh \
  tests/t0210-git.sh \
  tests/t0211-git-sealed.sh \
  tests/t0212-git-libsecret.sh \
  tests/t0220-git-clone.sh \
  tests/t0230-pam.sh \
  tests/t0240-trust.sh \
  tests/t0250-secrets.sh \
  tests/t0260-policy.sh \
  tests/t0270-audit.sh \
  tests/t0280-settings.sh \
  tests/t0281-units.sh \
  tests/t0300-oauth-login.sh \
  tests/t0310-oauth-refresh.sh \
  tests/t0320-rotate.sh \
  tests/t0330-oauth-grants.sh \
  tests/t0331-oauth-device.sh \
  tests/t0332-oauth-confirm.sh \
  tests/t0340-jwt.sh \
  tests/t0350-exec.sh \
  tests/t0360-list.sh \
  tests/t0361-import.sh \
  tests/t0370-crash.sh \
  tests/t0371-crash-sealed.sh \
  tests/t0372-crash-libsecret.sh \
  tests/t0373-crash-pickup.sh \
  tests/t0374-crash-login.sh \
  tests/t0375-crash-git.sh \
  tests/t0376-crash-lasting.sh \
  tests/t0380-keep.sh \
  tests/t0390-stampede.sh \
  tests/t0391-renew.sh \
  tests/t0400-manual.sh \
  tests/t0410-readme.sh \
  tests/t0500-tokend.sh \
  tests/t0510-tokend-flight.sh \
  tests/t0520-tokend-attacks.sh \
  tests/t0530-grants.sh \
  tests/t0531-sandbox.sh \
  tests/t0532-grant-policy.sh \
  tests/t0540-inside.sh \
  tests/t0541-token-file.sh \
  tests/t0542-inside-roots.sh \
  tests/t0550-sandbox-net.sh \
  tests/t0600-engine.sh \
  tests/t0610-fingerprints.sh \
  tests/t0620-deploy-dir.sh \
  tests/t0621-deploy-two.sh \
  tests/t0630-deploy-container.sh \
  tests/t0631-deploy-hostile.sh \
  tests/t0640-deploy-verify.sh \
  tests/t0650-deploy-run.sh \
  tests/t0660-deploy-hook.sh \
  tests/t0670-deploy-compose.sh \
  tests/t0680-deploy-again.sh \
  tests/t0690-readme-containers.sh \
  tests/t0700-completions.sh \
  tests/t0710-packaging.sh
TESTS += $(sh_tests)

# The rules of the house: not part of `make check', for they need tools that a
# user who builds a release need not have.
style_tests = \
  tests/style/banned.sh \
  tests/style/dist.sh \
  tests/style/format.sh \
  tests/style/layers.sh \
  tests/style/manual.sh \
  tests/style/shell.sh \
  tests/style/size.sh \
  tests/style/spelling.sh \
  tests/style/text.sh
check-style:
	$(MAKE) $(AM_MAKEFLAGS) check-TESTS TESTS='$(style_tests)'

# Rewrite our C files as tests/style/format.sh wants them.
format:
	cd $(top_srcdir) && sh tests/style/files.sh c | xargs clang-format -i

# What `make dist' would put into the tarball, for tests/style/dist.sh.
print-dist:
	@printf '%s\n' $(DISTFILES)

# The unit tests, and every program of ours that a shell test starts, under
# valgrind.
VALGRIND = valgrind
VALGRIND_FLAGS = -q --leak-check=full --track-fds=yes --error-exitcode=99 \
  --num-callers=30
check-valgrind: all
	@case '$(SAN_CFLAGS)' in *address*) \
	  echo 'check-valgrind: not in a build with sanitizers' >&2; exit 1; \
	esac
	COCO_TEST_WRAPPER='$(VALGRIND) $(VALGRIND_FLAGS)' \
	  $(MAKE) $(AM_MAKEFLAGS) check TESTS='$(unit_tests) $(sh_tests)' \
	  T_LOG_COMPILER='$(VALGRIND) $(VALGRIND_FLAGS)'

analyze_cppflags = $(DEFS) $(DEFAULT_INCLUDES) \
  -I$(top_srcdir)/src -I$(top_srcdir)/helpers $(LIBSECRET_CFLAGS)
check-analyze: all
	CC='$(CC)' CPPFLAGS='$(analyze_cppflags)' \
	  CFLAGS='-std=gnu11 $(WARN_CFLAGS)' \
	  sh $(top_srcdir)/tests/style/analyze $(abs_top_srcdir)

check-fresh:
	sh $(top_srcdir)/tests/check-fresh

# Against a real OAuth 2 server, where one is installed.
check-idp: all tests/shim/clock.so
	$(MAKE) $(AM_MAKEFLAGS) check-TESTS TESTS='tests/idp/check-idp.sh'

# Snowflake's own driver, which npm installs into the build directory, and what
# others send: see tests/clients/README.
client_tests = \
  tests/clients/check-clients.sh \
  tests/clients/check-containers.sh
check-clients: all $(shims)
	sh $(top_srcdir)/tests/clients/install \
	  $(top_srcdir)/tests/clients clients
	$(MAKE) $(AM_MAKEFLAGS) check-TESTS TESTS='$(client_tests)'

# A whole Debian, made by debootstrap, in the containers of coco-deploy.
check-debian: all
	$(AM_TESTS_ENVIRONMENT) sh $(top_srcdir)/tests/check-debian.sh

# The packages: built twice, installed in a Debian made by debootstrap, used,
# upgraded, removed.
check-packages: all
	$(AM_TESTS_ENVIRONMENT) sh $(top_srcdir)/tests/check-packages.sh

# Root in containers against the daemon, its neighbours and the host.
check-attacks: all tests/shim/clock.so
	$(AM_TESTS_ENVIRONMENT) sh $(top_srcdir)/tests/check-attacks

# What `make check' takes samples of: each step of each verb, and each fault.
check-crash: all $(shims)
	CRASH_ALL=1 $(MAKE) $(AM_MAKEFLAGS) check-TESTS TESTS=' \
	  tests/t0373-crash-pickup.sh tests/t0374-crash-login.sh \
	  tests/t0375-crash-git.sh'

# One table, of what both scripts have measured; what it is of is in bench/.
bench: all
	rm -rf bench
	$(AM_TESTS_ENVIRONMENT) sh $(top_srcdir)/tests/bench/bench.sh
	$(AM_TESTS_ENVIRONMENT) sh $(top_srcdir)/tests/bench/deploy.sh
	@$(AWK) -f $(top_srcdir)/tests/bench/table.awk \
	  $(top_srcdir)/tests/bench/rows bench/values
	@test ! -e bench/notes || sed 's/^/note: /' bench/notes

dist-hook:
	find $(distdir) -name __pycache__ -exec rm -rf {} +

clean-local:
	rm -rf $(top_builddir)/tests/trash.* $(top_builddir)/clients
	rm -rf $(top_builddir)/tests/fuzz/found
	rm -f $(top_builddir)/tests/fuzz/*.log $(top_builddir)/debian-root.tar*
	rm -rf $(top_builddir)/debian-cache $(top_builddir)/check-packages
	rm -rf $(top_builddir)/bench

EXTRA_DIST += \
  $(sh_tests) \
  $(style_tests) \
  tests/README \
  tests/attacks \
  tests/bench \
  tests/crash.sh \
  tests/crash-table.sh \
  tests/check-attacks \
  tests/check-debian.sh \
  tests/check-fresh \
  tests/clients \
  tests/containers.sh \
  tests/tarshape.py \
  tests/data \
  tests/demo.sh \
  tests/fake \
  tests/fuzz/corpus \
  tests/fuzz/cred.dict \
  tests/fuzz/stack.dict \
  tests/fuzz/http1.dict \
  tests/fuzz/http1-chunks.dict \
  tests/fuzz/http1-response.dict \
  tests/fuzz/url.dict \
  tests/fuzz/key.dict \
  tests/fuzz/seal.dict \
  tests/fuzz/grant.dict \
  tests/fuzz/mask.dict \
  tests/fuzz/provider.dict \
  tests/fuzz/deployment.dict \
  tests/fuzz/passwd.dict \
  tests/fuzz/jsonedit.dict \
  tests/fuzz/compose.dict \
  tests/fuzz/toml.dict \
  tests/fuzz/toml-edit.dict \
  tests/git-battery.sh \
  tests/idp \
  tests/keyring.sh \
  tests/keyring.supp \
  tests/activate.py \
  tests/lib.sh \
  tests/notify.py \
  tests/sandbox.sh \
  tests/tokend.sh \
  tests/readme.sh \
  tests/debianroot.sh \
  tests/check-packages.sh \
  tests/grants-load.py \
  tests/tokend-load.py \
  tests/shim/clock.c \
  tests/shim/exec.c \
  tests/shim/fault.c \
  tests/stampede.py \
  tests/style/analyze \
  tests/style/files.sh \
  tests/style/style.sh \
  tests/style/strip.awk \
  tests/fuzz/fuzz.h \
  tests/tap.h \
  tests/world.h
