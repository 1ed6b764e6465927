/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * token-file: write a live token into a file, and with --watch keep it fresh
 * there (cmd-fresh.h) until a signal or a refusal ends that.  For programs that
 * read a token from a file, and for an init that starts this beside them.
 */
#include "coco.h"

#include <sys/stat.h>

#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "cmd.h"
#include "cmd-fresh.h"
#include "fnv.h"
#include "io.h"
#include "lock.h"
#include "log.h"
#include "path.h"
#include "policy.h"

#define LOCK_WAIT_MS 10000

struct session {
	struct cmd *cmd;
	const char *path;
	struct fresh fresh;
	uint64_t wrote; /* a hash of what we wrote last; 0: nothing */
};

/* The signal handler's world. */
static volatile sig_atomic_t ended;
static volatile sig_atomic_t continued;
static int wake[2] = { -1, -1 };

/* --- the file ------------------------------------------------------------- */

static int
stat_directory(const char *path, struct stat *ret_st)
{
	struct buf dir = BUF_INIT(PATH_MAX);
	int r;

	r = io_directory_of(path, &dir);
	if (r == 0 && stat(buf_str(&dir), ret_st) != 0)
		r = -errno;
	buf_wipe(&dir);
	return r;
}

/*
 * Keep out whoever writes or removes the same file: io_replace() wants that.
 * The lock is named by directory and name, for there are many ways to write a
 * path.  Where no lock can be there is only one process that cares: a
 * container with an empty root.
 */
static int
lock_file(const char *path, struct buf *why, int *ret_fd)
{
	const char *slash = strrchr(path, '/');
	struct buf name = BUF_INIT(64);
	struct buf none = BUF_INIT(FRESH_MAX_WHY);
	struct stat st;
	uint64_t hash;
	int r;

	r = stat_directory(path, &st);
	if (r != 0) {
		(void)buf_addf(why, "%s: %s", path, strerror(-r));
		return r;
	}
	hash = fnv_add(FNV_START, &st.st_dev, sizeof(st.st_dev));
	hash = fnv_add(hash, &st.st_ino, sizeof(st.st_ino));
	hash = fnv_field(hash, slash != NULL ? slash + 1 : path);
	(void)buf_addf(&name, "file-%016" PRIx64, hash);
	r = lock_take(buf_str(&name), clock_ms() + LOCK_WAIT_MS, &none, ret_fd);
	if (r == -ENOENT)
		r = 0;
	if (r != 0)
		(void)buf_adds(why, buf_str(&none));
	buf_wipe(&none);
	buf_wipe(&name);
	return r;
}

static enum result
hand_over(void *ctx, const struct cred *answer, struct buf *why)
{
	struct buf text = BUF_INIT(CRED_MAX_MESSAGE);
	struct session *s = ctx;
	enum result may;
	int lock = -1;
	int r;

	may = cmd_audit_answer(s->cmd, "token-file", RESULT_SUCCESS, answer);
	if (may != RESULT_SUCCESS)
		return may;
	/* no newline: drivers send what they read (snowflake.md 0.3) */
	r = output_format(answer, OUTPUT_TOKEN, false, clock_utc(), &text);
	if (r == 0)
		r = lock_file(s->path, why, &lock);
	if (r == 0)
		r = io_replace(s->path, buf_str(&text), text.len);
	if (r == 0)
		s->wrote = fnv_add(FNV_START, buf_str(&text), text.len);
	if (r != 0 && why->len == 0)
		(void)buf_addf(why, "%s: %s", s->path,
		    r == -EBADMSG ? "the token holds a newline" : strerror(-r));
	lock_release(lock);
	buf_wipe(&text);
	/* nothing of the credential is missing */
	return r == -ENOENT ? RESULT_ERROR : result_of_errno(r);
}

/* Whether the file is as we wrote it: what others have put there is theirs. */
static bool
is_ours(const struct session *s)
{
	struct buf text = BUF_INIT(CRED_MAX_MESSAGE);
	bool is;

	is = s->wrote != 0 && io_read_private(s->path, &text) == 0 &&
	    fnv_add(FNV_START, buf_str(&text), text.len) == s->wrote;
	buf_wipe(&text);
	return is;
}

static void
remove_file(const struct session *s)
{
	struct buf why = BUF_INIT(FRESH_MAX_WHY);
	int lock = -1;
	int r;

	r = lock_file(s->path, &why, &lock);
	if (r == 0 && is_ours(s))
		r = io_remove(s->path);
	if (r == 0)
		r = io_drop_temporary(s->path);
	if (r != 0)
		log_warn("%s cannot be removed: %s", s->path, strerror(-r));
	lock_release(lock);
	buf_wipe(&why);
}

static bool
is_there(void *ctx)
{
	const struct session *s = ctx;
	struct stat st;

	return lstat(s->path, &st) == 0 ||
	    (errno != ENOENT && errno != ENOTDIR);
}

static bool
differs(void *ctx, const struct cred *answer)
{
	const struct session *s = ctx;
	struct buf want = BUF_INIT(CRED_MAX_MESSAGE);
	struct buf got = BUF_INIT(CRED_MAX_MESSAGE);
	bool is;

	is = output_format(answer, OUTPUT_TOKEN, false, clock_utc(), &want) !=
		0 ||
	    io_read_private(s->path, &got) != 0 || got.len != want.len ||
	    memcmp(buf_str(&got), buf_str(&want), want.len) != 0;
	buf_wipe(&got);
	buf_wipe(&want);
	return is;
}

static int
furnish(void *ctx, struct buf *why)
{
	(void)ctx;
	(void)why;
	return 0;
}

static const struct fresh_ops ops = { furnish, is_there, differs, hand_over,
	"" };

/*
 * A policy may want no secret on a disk as it is.  What is in memory is known
 * of our own directory only, so the file must be on the same file system.
 */
static enum result
check_place(const struct session *s)
{
	struct buf memory = BUF_INIT(PATH_MAX);
	struct buf why = BUF_INIT(FRESH_MAX_WHY);
	struct stat ours;
	struct stat st;
	bool is_fit;

	if (s->cmd->inside != NULL || policy_allows_plain())
		return RESULT_SUCCESS;
	is_fit = path_memory(&memory, &why) == 0 &&
	    path_is_in_memory(buf_str(&memory)) &&
	    stat(buf_str(&memory), &ours) == 0 &&
	    stat_directory(s->path, &st) == 0 && st.st_dev == ours.st_dev;
	if (!is_fit) {
		log_warn("%s may be on a disk, and the policy wants no secret "
			 "there",
		    s->path);
		log_hint("write it below /dev/shm");
	}
	buf_wipe(&why);
	buf_wipe(&memory);
	return is_fit ? RESULT_SUCCESS : RESULT_DENIED;
}

/* --- staying -------------------------------------------------------------- */

static void
on_signal(int sig)
{
	int saved = errno;

	if (sig == SIGCONT)
		continued = 1;
	else
		ended = 1;
	/* a full pipe wakes as well */
	if (write(wake[1], "", 1) < 0)
		errno = 0;
	errno = saved;
}

/* What was ignored stays so, as nohup(1) wants it. */
static int
catch_signals(void)
{
	static const int signals[] = { SIGTERM, SIGINT, SIGHUP, SIGCONT };
	struct sigaction action;
	struct sigaction old;
	size_t i;

	if (pipe(wake) != 0)
		return -errno;
	for (i = 0; i < ARRAY_LEN(wake); i++) {
		(void)fcntl(wake[i], F_SETFD, FD_CLOEXEC);
		(void)fcntl(wake[i], F_SETFL, O_NONBLOCK);
	}
	memset(&action, 0, sizeof(action));
	action.sa_handler = on_signal;
	action.sa_flags = SA_RESTART;
	(void)sigfillset(&action.sa_mask);
	for (i = 0; i < ARRAY_LEN(signals); i++)
		if (sigaction(signals[i], NULL, &old) == 0 &&
		    old.sa_handler != SIG_IGN)
			(void)sigaction(signals[i], &action, NULL);
	return 0;
}

/* Milliseconds until the token in the file is over, a day at most. */
static int64_t
until_over(const struct fresh *f)
{
	int64_t left = f->expiry_utc - clock_utc();

	if (!f->has_one || f->expiry_utc == 0 || left > 86400)
		return INT64_C(86400000);
	return left * 1000;
}

/* What is over is of no use to anybody, and looks as if it were. */
static void
remove_when_over(struct session *s)
{
	if (until_over(&s->fresh) > 0)
		return;
	log_warn("the token is over, and %s is removed", s->path);
	remove_file(s);
	s->fresh.has_one = false;
}

/* Sleep until a signal, an answer or the time.  Returns whether there is an
 * answer. */
static bool
wait_for_news(const struct fresh *f)
{
	struct pollfd fds[2] = { { wake[0], POLLIN, 0 }, { f->fd, POLLIN, 0 } };
	int64_t pause = fresh_pause_ms(f);
	char drain[64];

	if (pause > until_over(f))
		pause = until_over(f);
	if (poll(fds, 2, pause > 0 ? (int)pause : 0) <= 0)
		return false;
	while (fds[0].revents != 0 && read(wake[0], drain, sizeof(drain)) > 0)
		continue;
	return fds[1].revents != 0;
}

/* What was refused after it had been given may be given again: a grant that is
 * paused is resumed. */
static void
remove_when_denied(struct session *s)
{
	if (s->fresh.last != RESULT_DENIED || !s->fresh.has_one)
		return;
	log_warn("%s is removed until there may be one again", s->path);
	remove_file(s);
	s->fresh.has_one = false;
}

/* Keep the file fresh, until a signal comes. */
static void
stay(struct session *s)
{
	struct fresh *f = &s->fresh;

	while (ended == 0) {
		if (continued != 0)
			fresh_hurry(f);
		continued = 0;
		remove_when_over(s);
		fresh_start(f);
		if (wait_for_news(f))
			fresh_receive(f);
		remove_when_denied(s);
	}
	fresh_release(f);
	remove_file(s);
}

/* Get the first one.  *RET_IS_FINAL: it is of no use to try again. */
static enum result
begin(struct session *s, bool *ret_is_final)
{
	struct buf why = BUF_INIT(FRESH_MAX_WHY);
	struct walk w = WALK_INIT;
	enum result result;

	result = cmd_live_token(s->cmd, &w);
	if (result == RESULT_SUCCESS && !fresh_set_type(s->cmd, &w.answer)) {
		log_warn("connection \"%s\" has a password, and passwords are "
			 "not put into files",
		    conn_name(s->cmd->conn));
		result = RESULT_UNSUPPORTED;
	}
	/* what was never allowed is a mistake */
	*ret_is_final = result == RESULT_UNSUPPORTED || result == RESULT_DENIED;
	if (result == RESULT_SUCCESS) {
		result = hand_over(s, &w.answer, &why);
		*ret_is_final = result != RESULT_SUCCESS;
		log_lines(buf_str(&why));
	}
	if (result == RESULT_SUCCESS)
		fresh_set(&s->fresh, &w.answer);
	else
		fresh_set_missing(&s->fresh, result);
	walk_wipe(&w);
	buf_wipe(&why);
	return result;
}

enum result
cmd_token_file(struct cmd *cmd)
{
	struct session s = { .cmd = cmd,
		.path = cmd->operand,
		.fresh = FRESH_INIT(cmd, &ops, &s) };
	enum result result;
	bool is_final = false;
	int r = 0;

	result = cmd_select(cmd, NULL, CMD_TOKEN_TIMEOUT_S);
	if (result == RESULT_SUCCESS)
		result = check_place(&s);
	if (result != RESULT_SUCCESS)
		return result;
	if (cmd->watch)
		r = catch_signals();
	if (r != 0) {
		log_warn("cannot wait: %s", strerror(-r));
		return result_of_errno(r);
	}
	result = begin(&s, &is_final);
	if (!cmd->watch || is_final)
		return result;
	if (result != RESULT_SUCCESS)
		log_warn("%s is written when there is one", s.path);
	stay(&s);
	return RESULT_SUCCESS;
}
