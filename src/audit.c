/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <sys/stat.h>

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "audit.h"
#include "clock.h"
#include "esc.h"
#include "io.h"
#include "lock.h"
#include "path.h"
#include "policy.h"

#define COMM_MAX     64 /* /proc/PID/comm has 16 bytes */
#define TORN_WAIT_MS 20

static char stack_name[STACK_MAX_NAME + 1];
static char file_name[NAME_MAX + 1] = "audit.jsonl";

void
audit_set_stack(const char *name)
{
	(void)snprintf(stack_name, sizeof(stack_name), "%s", name);
}

void
audit_set_file(const char *name)
{
	(void)snprintf(file_name, sizeof(file_name), "%s", name);
}

/* --- a line --------------------------------------------------------------- */

/* Append a member, LEN bytes of VALUE.  A value that is too long is cut
 * between two characters, and shows it. */
static int
add(struct buf *line, const char *name, const char *value, size_t len)
{
	struct buf text = BUF_INIT(AUDIT_MAX_VALUE);
	int cut;
	int r;

	cut = esc_json(&text, value, len);
	r = buf_addf(line, ",\"%s\":%s%s", name, buf_str(&text),
	    cut != 0 ? "...\"" : "");
	buf_wipe(&text);
	return r;
}

static int
add_text(struct buf *line, const char *name, const char *value)
{
	return value != NULL ? add(line, name, value, strlen(value)) : 0;
}

static int
add_time(struct buf *line)
{
	time_t now = (time_t)clock_utc();
	char text[32];
	struct tm tm;

	if (gmtime_r(&now, &tm) == NULL ||
	    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		return buf_adds(line, "{\"time\":null");
	return buf_addf(line, "{\"time\":\"%s\"", text);
}

/* The helper, and the line of the stack file that it comes from.  The text of
 * a command may hold a secret; where it is written has to do. */
static int
add_rule(struct buf *line, const struct stack_rule *rule)
{
	struct buf place = BUF_INIT(PATH_MAX + 32);
	int r;

	if (rule == NULL)
		return 0;
	r = add_text(line, "helper",
	    rule->kind == STACK_SHELL ? "!command" : rule->argv.v[0]);
	if (r == 0 && rule->file != NULL) {
		(void)buf_addf(&place, "%s:%d", rule->file, rule->line);
		r = add_text(line, "rule", buf_str(&place));
	}
	buf_wipe(&place);
	return r;
}

static int
add_about(struct buf *line, const struct audit *a)
{
	static const enum cred_attr attrs[] = { CRED_CONNECTION, CRED_PROTOCOL,
		CRED_HOST, CRED_PATH, CRED_USERNAME, CRED_ROLE,
		CRED_AUTHENTICATOR };
	const char *value;
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < ARRAY_LEN(attrs); i++) {
		value = NULL;
		if (attrs[i] == CRED_USERNAME && a->answer != NULL)
			value = cred_get(a->answer, attrs[i]);
		if (value == NULL && a->request != NULL)
			value = cred_get(a->request, attrs[i]);
		if (value != NULL)
			r = add(line, cred_attr_name(attrs[i]), value,
			    attrs[i] == CRED_PATH ? strcspn(value, "?#") :
						    strlen(value));
	}
	return r;
}

/* What the process PARENT is called; "" when that cannot be read.  It is read
 * once: a daemon writes many lines. */
static const char *
name_of_parent(long parent)
{
	static char name[COMM_MAX];
	static long known;
	struct buf path = BUF_INIT(COMM_MAX);
	struct buf text = BUF_INIT(sizeof(name) - 1);

	if (known != parent) {
		known = parent;
		name[0] = '\0';
		(void)buf_addf(&path, "/proc/%ld/comm", parent);
		if (io_read_file(buf_str(&path), &text) == 0)
			memcpy(name, buf_str(&text), text.len + 1);
		name[strcspn(name, "\n")] = '\0';
	}
	buf_wipe(&path);
	buf_wipe(&text);
	return name;
}

/* Who asks: this process, and who started it. */
static int
add_process(struct buf *line)
{
	long parent = (long)getppid();
	const char *name = name_of_parent(parent);
	int r;

	r = buf_addf(line, ",\"pid\":%ld,\"ppid\":%ld,\"uid\":%ld",
	    (long)getpid(), parent, (long)getuid());
	return r == 0 && name[0] != '\0' ? add_text(line, "parent", name) : r;
}

int
audit_format(const struct audit *a, struct buf *line)
{
	int r;

	r = add_time(line);
	if (r == 0)
		r = add_text(line, "event", a->event);
	if (r == 0)
		r = add_text(line, "result", result_name(a->result));
	if (r == 0)
		r = add_text(line, "verb", a->verb);
	if (r == 0 && stack_name[0] != '\0')
		r = add_text(line, "stack", stack_name);
	if (r == 0)
		r = add_rule(line, a->rule);
	if (r == 0)
		r = add_about(line, a);
	if (r == 0)
		r = add_text(line, "grant", a->grant);
	if (r == 0)
		r = add_text(line, "from", a->from);
	if (r == 0 && a->omitted != 0)
		r = buf_addf(line, ",\"omitted\":%u", a->omitted);
	if (r == 0)
		r = add_process(line);
	return r == 0 ? buf_addc(line, '}') : r;
}

/* --- the file ------------------------------------------------------------- */

/* Make the directory that the file PATH is in, which is to be ours alone. */
static int
make_directory(const struct buf *path, struct buf *why)
{
	struct buf dir = BUF_INIT(PATH_MAX);
	int r;

	r = buf_add(&dir, buf_str(path),
	    (size_t)(strrchr(buf_str(path), '/') - buf_str(path)));
	if (r == 0)
		r = path_make_private(buf_str(&dir));
	if (r != 0)
		(void)buf_addf(why, "%s %s", buf_str(&dir),
		    r == -EACCES ? "is not a directory that only you can use" :
				   strerror(-r));
	buf_wipe(&dir);
	return r;
}

/* Append the path of the log; its directory is made. */
static int
find_log(struct buf *path, struct buf *why)
{
	int r;

	r = path_state(path);
	if (r == -ENOENT)
		(void)buf_adds(why, "HOME is not set");
	if (r == 0)
		r = buf_addf(path, "/%s", file_name);
	return r != 0 ? r : make_directory(path, why);
}

/* Open the log PATH, which must be ours alone; it is read for ends_open().
 * O_NONBLOCK is for a FIFO in its place. */
static int
open_log(const char *path, int *ret_fd, struct stat *ret_st, struct buf *why)
{
	int fd = open(path,
	    O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY |
		O_NONBLOCK,
	    0600);
	int r = fd < 0 ? -errno : 0;

	if (r == 0 && fstat(fd, ret_st) != 0)
		r = -errno;
	if (r == 0 &&
	    (!S_ISREG(ret_st->st_mode) || ret_st->st_uid != geteuid() ||
		(ret_st->st_mode & 077) != 0))
		r = -EACCES;
	if (r == 0) {
		*ret_fd = fd;
		return 0;
	}
	(void)buf_addf(why, "%s %s", path,
	    r == -EACCES || r == -ELOOP ?
		"is not a plain file that only you can use" :
		strerror(-r));
	io_close(fd);
	return r;
}

/*
 * Give the full log another name.  The lock is on the log itself, and is only
 * had while PATH is still the file that is locked: so no two processes rename
 * one after the other, and the second would have thrown away what the first
 * had kept.  Who does not get it goes on with the old file, and so does who
 * opened it before: their lines are in the old file, but not lost.
 */
static void
turn_over(const char *path)
{
	struct buf old = BUF_INIT(PATH_MAX);
	struct buf why = BUF_INIT(AUDIT_MAX_WHY);
	struct stat st;
	int fd = -1;

	if (lock_take_file(path, 0, &why, &fd) == 0) {
		if (fstat(fd, &st) == 0 && st.st_size >= AUDIT_MAX_FILE &&
		    buf_addf(&old, "%s.1", path) == 0)
			(void)rename(path, buf_str(&old));
		lock_release(fd);
	}
	buf_wipe(&why);
	buf_wipe(&old);
}

/* Open the log, a new one when it is full. */
static int
open_current(int *ret_fd, struct buf *why)
{
	struct buf path = BUF_INIT(PATH_MAX);
	struct stat st;
	int fd = -1;
	int r;

	r = find_log(&path, why);
	if (r == 0)
		r = open_log(buf_str(&path), &fd, &st, why);
	if (r == 0 && st.st_size >= AUDIT_MAX_FILE) {
		io_close(fd);
		turn_over(buf_str(&path));
		r = open_log(buf_str(&path), &fd, &st, why);
	}
	if (r == 0)
		*ret_fd = fd;
	buf_wipe(&path);
	return r;
}

static bool
ends_open(int fd)
{
	struct stat st;
	char last;

	return fstat(fd, &st) == 0 && st.st_size > 0 &&
	    pread(fd, &last, 1, st.st_size - 1) == 1 && last != '\n';
}

/* Whether the disk was full in the middle of the last line.  One that another
 * process is writing just now looks the same for a moment, where it goes over
 * the end of a page.  Who is wrong, or not the only one to see it, leaves an
 * empty line, and nothing is lost. */
static bool
is_torn(int fd)
{
	int i;

	for (i = 0; i < TORN_WAIT_MS && ends_open(fd); i++)
		(void)poll(NULL, 0, 1);
	return i == TORN_WAIT_MS;
}

/* In one piece, or not at all. */
static int
write_line(int fd, const struct buf *line, struct buf *why)
{
	ssize_t n;
	int r = 0;

	do
		n = write(fd, buf_str(line), line->len);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		r = -errno;
	else if ((size_t)n != line->len)
		r = -ENOSPC;
	if (r != 0)
		(void)buf_adds(why, strerror(-r));
	return r;
}

static int
append(const struct audit *a, struct buf *why)
{
	struct buf line = BUF_INIT(AUDIT_MAX_LINE + 1);
	int fd = -1;
	int r;

	r = open_current(&fd, why);
	if (r == 0 && is_torn(fd))
		r = buf_addc(&line, '\n');
	if (r == 0)
		r = audit_format(a, &line);
	if (r == 0)
		r = buf_addc(&line, '\n');
	if (r == 0)
		r = write_line(fd, &line, why);
	io_close(fd);
	buf_wipe(&line);
	return r;
}

/* --- by the policy -------------------------------------------------------- */

/* Write A, or see whether it could be done when A is NULL. */
static int
record(const struct audit *a, struct buf *why)
{
	struct buf reason = BUF_INIT(AUDIT_MAX_WHY);
	int fd = -1;
	int r;

	r = a != NULL ? append(a, &reason) : open_current(&fd, &reason);
	io_close(fd);
	if (r != 0 && why != NULL)
		(void)buf_addf(why, "the audit log cannot be written: %s",
		    reason.len != 0 ? buf_str(&reason) : strerror(-r));
	buf_wipe(&reason);
	return r;
}

/* What the policy wants; a log where it cannot be read. */
static enum policy_audit
wanted(void)
{
	struct buf why = BUF_INIT(POLICY_MAX_WHY);
	const struct policy *policy;
	enum policy_audit audit = POLICY_AUDIT_ON;

	if (policy_get(&policy, &why) == 0)
		audit = policy->audit;
	buf_wipe(&why);
	return audit;
}

int
audit_event(const struct audit *a, struct buf *why)
{
	return wanted() == POLICY_AUDIT_OFF ? 0 : record(a, why);
}

enum result
audit_release(const struct audit *a, struct buf *why)
{
	const struct policy *policy;

	if (policy_get(&policy, why) != 0)
		return RESULT_DENIED;
	if (policy->audit == POLICY_AUDIT_REQUIRED)
		return record(a, why) == 0 ? RESULT_SUCCESS :
					     RESULT_UNAVAILABLE;
	(void)audit_event(a, NULL);
	return RESULT_SUCCESS;
}

enum result
audit_answer(const char *verb, enum result result, const struct cred *request,
    const struct cred *answer, struct buf *why)
{
	const struct audit a = { .event = "answer",
		.result = result,
		.verb = verb,
		.request = request,
		.answer = answer };

	return audit_release(&a, why);
}

int
audit_check(struct buf *why)
{
	return wanted() == POLICY_AUDIT_OFF ? 0 : record(NULL, why);
}
