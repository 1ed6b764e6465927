/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <sys/pidfd.h>

#include <dirent.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <string.h>

#include "buf.h"
#include "cgroup.h"
#include "inmates.h"
#include "io.h"
#include "num.h"

#define MAX_CGROUP  65536
#define MAX_CMDLINE 65536

bool
inmates_has(const char *id, int64_t pid)
{
	struct buf path = BUF_INIT(64);
	struct buf text = BUF_INIT(MAX_CGROUP);
	bool is;

	is = buf_addf(&path, "/proc/%" PRId64 "/cgroup", pid) == 0 &&
	    io_read_file(buf_str(&path), &text) == 0 &&
	    cgroup_is_container(buf_str(&text), text.len, id);
	buf_wipe(&path);
	buf_wipe(&text);
	return is;
}

void
inmates_each(const char *id, void (*fn)(void *ctx, int64_t pid), void *ctx)
{
	DIR *d = opendir("/proc");
	const struct dirent *e;
	int64_t pid;

	if (d == NULL)
		return;
	while ((e = readdir(d)) != NULL)
		if (num_parse(e->d_name, strlen(e->d_name), 1, INT32_MAX,
			&pid) == 0 &&
		    inmates_has(id, pid))
			fn(ctx, pid);
	(void)closedir(d);
}

/* --- by their arguments --------------------------------------------------- */

struct search {
	const char *id;
	const char *const *argv;
	int wait_ms; /* -1: they are only looked for */
	bool found;
};

/* Whether the process was started as ARGV. */
static bool
is_argv(int64_t pid, const char *const *argv)
{
	struct buf path = BUF_INIT(64);
	struct buf now = BUF_INIT(MAX_CMDLINE);
	struct buf want = BUF_INIT(MAX_CMDLINE);
	bool is;

	for (; *argv != NULL; argv++)
		(void)buf_add(&want, *argv, strlen(*argv) + 1);
	is = buf_addf(&path, "/proc/%" PRId64 "/cmdline", pid) == 0 &&
	    io_read_file(buf_str(&path), &now) == 0 && now.len == want.len &&
	    memcmp(buf_str(&now), buf_str(&want), want.len) == 0;
	buf_wipe(&path);
	buf_wipe(&now);
	buf_wipe(&want);
	return is;
}

/* Held by a descriptor and looked at again, so that no other process with the
 * same number is met. */
static void
end_one(const struct search *s, int64_t pid)
{
	int fd = pidfd_open((pid_t)pid, 0);
	struct pollfd p = { .fd = fd, .events = POLLIN };

	if (fd < 0)
		return;
	if (inmates_has(s->id, pid) && is_argv(pid, s->argv) &&
	    pidfd_send_signal(fd, SIGTERM, NULL, 0) == 0)
		(void)poll(&p, 1, s->wait_ms);
	io_close(fd);
}

static void
look(void *ctx, int64_t pid)
{
	struct search *s = ctx;

	if (!is_argv(pid, s->argv))
		return;
	s->found = true;
	if (s->wait_ms >= 0)
		end_one(s, pid);
}

void
inmates_end(const char *id, const char *const *argv, int wait_ms)
{
	struct search s = { id, argv, wait_ms, false };

	inmates_each(id, look, &s);
}

bool
inmates_runs(const char *id, const char *const *argv)
{
	struct search s = { id, argv, -1, false };

	inmates_each(id, look, &s);
	return s.found;
}
