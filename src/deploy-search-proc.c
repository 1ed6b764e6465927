/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What /proc tells of a container whose processes are on this host: arguments,
 * environments, and mounts that no `inspect' knows: /dev/shm, and those that
 * the runtime or the container itself has made.
 */
#include "coco.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "deploy-search.h"
#include "inmates.h"
#include "io.h"

#define MAX_MOUNTS 4194304 /* bytes of a mountinfo */

#define PROCESSES "its processes"
#define MOUNTS    "other mounts"

int
deploy_search_root(const struct job *j, struct search *s, const char *what)
{
	struct buf path = BUF_INIT(64);
	int64_t pid = j->target.container.pid;
	int fd = -1;

	if (pid <= 0 || !inmates_has(j->target.container.id, pid)) {
		search_missed(s, false, what,
		    "the container's processes are not seen from here");
		return -1;
	}
	if (buf_addf(&path, "/proc/%" PRId64 "/root", pid) == 0)
		fd = open(buf_str(&path), O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		search_missed(s, false, what, strerror(errno));
	buf_wipe(&path);
	return fd;
}

/* --- processes ------------------------------------------------------------ */

/* A process that has ended meanwhile is no fault. */
static int
search_file(struct search *s, int64_t pid, const char *file, const char *part)
{
	struct buf path = BUF_INIT(64);
	int fd;
	int r;

	r = buf_addf(&path, "/proc/%" PRId64 "/%s", pid, file);
	fd = r != 0 ? r : open(buf_str(&path), O_RDONLY | O_CLOEXEC);
	if (r == 0)
		r = fd < 0 ? -errno : deploy_search_fd(s, part, fd);
	io_close(fd);
	buf_wipe(&path);
	return r == -ENOENT || r == -ESRCH ? 0 : r;
}

static void
search_process(struct search *s, int64_t pid)
{
	struct buf name = BUF_INIT(32);
	int r;

	(void)buf_addf(&name, "process %" PRId64, pid);
	r = search_path(s, buf_str(&name));
	if (r == 0)
		r = search_file(s, pid, "cmdline", "its arguments");
	if (r == 0)
		r = search_file(s, pid, "environ", "its environment");
	if (r != 0)
		search_missed(s, r != -EACCES && r != -EPERM, buf_str(&name),
		    strerror(-r));
	buf_wipe(&name);
}

static void
look_at_process(void *ctx, int64_t pid)
{
	search_process(ctx, pid);
}

void
deploy_search_processes(const struct job *j, struct search *s)
{
	search_place(s, PROCESSES);
	inmates_each(j->target.container.id, look_at_process, s);
	if (s->files != 0)
		search_done(s, "processes");
	else
		search_missed(s, false, PROCESSES, "none is seen from here");
}

/* --- mounts --------------------------------------------------------------- */

/* What the kernel makes up: no container keeps anything there. */
static bool
is_made_up(const char *type)
{
	static const char *const types[] = { "autofs", "binfmt_misc", "bpf",
		"cgroup", "cgroup2", "configfs", "debugfs", "devpts",
		"efivarfs", "mqueue", "nsfs", "proc", "pstore", "securityfs",
		"selinuxfs", "sysfs", "tracefs" };
	size_t i;

	for (i = 0; i < ARRAY_LEN(types); i++)
		if (strcmp(types[i], type) == 0)
			return true;
	return false;
}

/* Undo the octal escapes of proc(5) in place. */
static void
unescape(char *s)
{
	char *to = s;

	for (; *s != '\0'; s++) {
		if (s[0] == '\\' && s[1] >= '0' && s[1] <= '3' && s[2] >= '0' &&
		    s[2] <= '7' && s[3] >= '0' && s[3] <= '7') {
			*to++ = (char)((s[1] - '0') << 6 | (s[2] - '0') << 3 |
			    (s[3] - '0'));
			s += 3;
		} else {
			*to++ = *s;
		}
	}
	*to = '\0';
}

/* The fields of a line of mountinfo that matter.  Returns whether they are
 * there. */
static bool
read_line(char *line, char **ret_point, char **ret_type)
{
	char *rest = NULL;
	char *field;
	int i = 0;

	*ret_type = strstr(line, " - ");
	if (*ret_type == NULL)
		return false;
	**ret_type = '\0';
	*ret_type += 3;
	(*ret_type)[strcspn(*ret_type, " ")] = '\0';
	for (field = strtok_r(line, " ", &rest); field != NULL && i < 4; i++)
		field = strtok_r(NULL, " ", &rest);
	if (field == NULL || field[0] != '/')
		return false;
	unescape(field);
	*ret_point = field;
	return true;
}

/* inspect tells of it, or one before was there: only the last one is seen. */
static bool
is_listed(const struct container *c, const struct strv *seen, const char *point)
{
	size_t i;

	for (i = 0; i < c->mount_count; i++)
		if (strcmp(c->mounts[i].destination, point) == 0)
			return true;
	return strcmp(point, "/") == 0 || strv_has(seen, point);
}

static void
search_mount(struct search *s, int root, const char *point, const char *type)
{
	int r;

	/* whoever serves it may be inside, and never answer */
	if (strncmp(type, "fuse", 4) == 0) {
		search_missed(s, false, point, "it is served by a process");
		return;
	}
	r = deploy_search_tree(s, root, point + 1, point, false);
	/* a device, or hidden by another mount */
	if (r != 0 && r != -EINVAL && r != -ENOENT)
		search_missed(s, r != -EACCES && r != -EPERM, point,
		    strerror(-r));
}

static void
search_lines(const struct job *j, struct search *s, int root, char *text)
{
	struct strv seen = STRV_INIT;
	char *rest = NULL;
	char *line;
	char *point;
	char *type;

	for (line = strtok_r(text, "\n", &rest); line != NULL;
	     line = strtok_r(NULL, "\n", &rest)) {
		if (!read_line(line, &point, &type)) {
			search_missed(s, true, "a mount",
			    "it is not understood");
			continue;
		}
		if (is_made_up(type) ||
		    is_listed(&j->target.container, &seen, point))
			continue;
		strv_add(&seen, point);
		search_mount(s, root, point, type);
	}
	strv_clear(&seen);
}

void
deploy_search_unlisted(const struct job *j, struct search *s)
{
	struct buf path = BUF_INIT(64);
	struct buf text = BUF_INIT(MAX_MOUNTS);
	int root = deploy_search_root(j, s, MOUNTS);
	int r;

	if (root < 0)
		return;
	r = buf_addf(&path, "/proc/%" PRId64 "/mountinfo",
	    j->target.container.pid);
	if (r == 0)
		r = io_read_file(buf_str(&path), &text);
	search_place(s, MOUNTS);
	if (r == 0 && text.len != 0) {
		search_lines(j, s, root, text.data);
		search_done(s, "files");
	} else {
		search_missed(s, true, MOUNTS,
		    r != 0 ? strerror(-r) : "there are none");
	}
	io_close(root);
	buf_wipe(&path);
	buf_wipe(&text);
}
