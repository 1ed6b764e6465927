/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Children: bytes both ways, statuses, deadlines, limits. */
#include "coco.h"

#include <sys/wait.h>

#include <dirent.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "clock.h"
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
	struct proc p = { argv, in, clock_ms() + LONG_MS };
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
	struct proc p = { argv, &in, 0 };
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
	struct proc p = { argv, NULL, 0 };
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
	struct proc p = { argv, NULL, 0 };
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
	return done_testing();
}
