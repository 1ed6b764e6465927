/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Children: bytes both ways, statuses, deadlines, limits. */
#include "coco.h"

#include <sys/wait.h>

#include <dirent.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "clock.h"
#include "mem.h"
#include "proc.h"
#include "tap.h"

#define LONG_MS 20000

static char sh[] = "/bin/sh";
static char dash_c[] = "-c";

/* Run SCRIPT by the shell and check all that comes of it. */
static void
check(const char *script, const struct buf *in, int want_r, int want_status,
    const char *want_out)
{
	char text[256];
	char *argv[] = { sh, dash_c, text, NULL };
	struct proc p = {
		.argv = argv, .in = in, .deadline_ms = clock_ms() + LONG_MS
	};
	struct buf out = BUF_INIT(64);
	int status = -5;

	(void)snprintf(text, sizeof(text), "%s", script);
	is_int(proc_run(&p, &out, &status), want_r, "run: %s", script);
	is_int(status, want_status, "its status");
	if (want_r == 0)
		is_str(buf_str(&out), want_out, "its output");
	buf_wipe(&out);
}

static void
test_results(void)
{
	struct buf in = BUF_INIT(64);

	(void)buf_adds(&in, "some text\n");
	check("cat; exit 3", &in, 0, 3, "some text\n");
	check("cat", NULL, 0, 0, "");
	check("echo out", &in, 0, 0, "out\n");
	check("kill -9 $$", NULL, 0, 128 + SIGKILL, "");
	check("kill -PIPE $$", NULL, 0, 128 + SIGPIPE, "");
	check("exec >&- 2>&-; cat", &in, 0, 1, "");
	check("exec no-such-command 2>&-", NULL, 0, 127, "");
	check("yes x", NULL, -EMSGSIZE, -5,
	    "x\nx\nx\nx\nx\nx\nx\nx\nx\nx\nx\n"
	    "x\nx\nx\nx\nx\nx\nx\nx\nx\nx\nx\nx\nx\nx\nx\nx\nx\nx\nx\nx\nx\n");
	buf_wipe(&in);
}

/* More than the pipes hold, both ways at once. */
static void
test_much(void)
{
	char cat[] = "/bin/cat";
	char true_[] = "/bin/true";
	char *argv[] = { cat, NULL };
	struct buf in = BUF_INIT(1000000);
	struct buf out = BUF_INIT(1000000);
	struct proc p = { .argv = argv, .in = &in };
	int status = -5;
	size_t i;

	for (i = 0; i < 1000000; i++)
		(void)buf_addc(&in, (char)('a' + i % 23));
	is_int(proc_run(&p, &out, &status), 0, "a megabyte through cat");
	is_mem(out.data, out.len, in.data, in.len, "comes back");
	buf_clear(&out);
	argv[0] = true_;
	is_int(proc_run(&p, &out, &status), 0, "a child that does not read");
	is_int(status, 0, "is no error");
	buf_wipe(&in);
	buf_wipe(&out);
}

static void
test_deadline(void)
{
	static const char *const scripts[] = {
		"exec sleep 100",
		"exec >&-; exec sleep 100",
	};
	char text[256];
	char *argv[] = { sh, dash_c, text, NULL };
	struct proc p = { .argv = argv };
	struct buf out = BUF_INIT(64);
	int status = -5;
	int64_t start;
	size_t i;

	for (i = 0; i < ARRAY_LEN(scripts); i++) {
		(void)snprintf(text, sizeof(text), "%s", scripts[i]);
		start = clock_ms();
		p.deadline_ms = start + 100;
		is_int(proc_run(&p, &out, &status), -ETIMEDOUT, "late: %s",
		    scripts[i]);
		ok(clock_ms() - start >= 100, "not before its time");
		ok(clock_ms() - start < LONG_MS, "and not long after");
		is_int(status, -5, "no status");
	}
	ok(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD,
	    "no child is left");
	buf_wipe(&out);
}

static int
descriptors(void)
{
	DIR *d = opendir("/proc/self/fd");
	int n = 0;

	while (d != NULL && readdir(d) != NULL)
		n++;
	if (d != NULL)
		(void)closedir(d);
	return n;
}

static void
test_start(void)
{
	char none[] = "/nonexistent/program";
	char *argv[] = { none, NULL };
	struct proc p = { .argv = argv };
	struct buf out = BUF_INIT(64);
	const char *preload = getenv("LD_PRELOAD");
	int before = descriptors();
	int status = -5;

	/* valgrind makes a fork of vfork, and so posix_spawn blind to this */
	if (preload != NULL && strstr(preload, "vgpreload") != NULL) {
		skip(2, "not under valgrind");
	} else {
		is_int(proc_run(&p, &out, &status), -ENOENT, "no such program");
		is_int(status, -5, "no status");
	}
	is_int(descriptors(), before, "no descriptor is left open");
	check("ls /proc/self/fd | wc -l", NULL, 0, 0, "4\n");
	is_int(descriptors(), before, "nor after a child that ran");
	buf_wipe(&out);
}

/* A shell that runs SCRIPT with stderr and the environment of P. */
static int
run_shell(struct proc *p, const char *script, struct buf *out, int *ret_status)
{
	char *copy = xstrdup(script);
	char *argv[] = { sh, dash_c, copy, NULL };
	int r;

	p->argv = argv;
	r = proc_run(p, out, ret_status);
	free(copy);
	return r;
}

static void
test_err_env(void)
{
	char one[] = "ONE=1";
	char *env[] = { one, NULL };
	struct buf out = BUF_INIT(1000);
	struct buf err = BUF_INIT(8);
	struct proc p = {
		.env = env, .err = &err, .deadline_ms = clock_ms() + LONG_MS
	};
	int status = -5;

	is_int(run_shell(&p, "echo $ONE$HOME; echo oops >&2", &out, &status), 0,
	    "stderr is collected");
	is_str(buf_str(&out), "1\n", "the environment is the one given");
	is_str(buf_str(&err), "oops\n", "what was said");
	is_int(run_shell(&p, "printf 123456 >&2; exit 3", &out, &status), 0,
	    "too much is said");
	is_int(status, 3, "no harm");
	is_str(buf_str(&err), "oops\n123", "what fits is kept");
	/* more than a pipe takes, so it must be read meanwhile */
	is_int(run_shell(&p,
		   "i=0; while test $i -lt 3000; do i=$((i + 1)); echo "
		   "0123456789012345678901234567890123456789 >&2; done",
		   &out, &status),
	    0, "much is said");
	is_int(status, 0, "to its end");
	buf_wipe(&out);
	buf_wipe(&err);
}

static void
test_pieces(void)
{
	char script[] = "echo first; cat; echo oops >&2; kill -9 $$";
	char endless[] = "exec yes";
	char *argv[] = { sh, dash_c, script, NULL };
	struct buf in = BUF_INIT(100);
	struct buf err = BUF_INIT(100);
	struct proc p = { .argv = argv,
		.in = &in,
		.err = &err,
		.deadline_ms = clock_ms() + LONG_MS };
	struct proc_child child;
	char data[4];
	int before = descriptors();
	int status = -5;
	size_t n = 1;
	size_t all = 0;

	(void)buf_adds(&in, "second");
	is_int(proc_start(&p, &child), 0, "started");
	while (n != 0 && proc_read(&child, data, sizeof(data), &n) == 0)
		all += n;
	is_int((intmax_t)all, 12, "read in pieces");
	is_int(proc_end(&child, false, &status), 0, "ended");
	is_int(status, 128 + 9, "its status");
	is_str(buf_str(&err), "oops\n", "its last words");
	argv[2] = endless;
	is_int(proc_start(&p, &child), 0, "one without end");
	is_int(proc_read(&child, data, sizeof(data), &n), 0, "read");
	is_int((intmax_t)n, 4, "as much as was asked for");
	is_int(proc_end(&child, true, &status), 0, "killed");
	ok(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD,
	    "no child is left");
	is_int(descriptors(), before, "nor a descriptor");
	buf_wipe(&in);
	buf_wipe(&err);
}

int
main(void)
{
	/* as some parents leave it to us */
	(void)sigaction(SIGCHLD, &(struct sigaction){ .sa_handler = SIG_IGN },
	    NULL);
	closefrom(3);
	proc_init();
	(void)setenv("PATH", "/usr/bin:/bin", 1);
	test_results();
	test_much();
	test_deadline();
	test_start();
	test_err_env();
	test_pieces();
	return done_testing();
}
