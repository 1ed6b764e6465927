/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <sys/wait.h>

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "exec-child.h"
#include "exec-conf.h"
#include "cmd-fresh.h"
#include "io.h"
#include "log.h"
#include "path.h"

/* Longest sleep: timers stand still while the machine is suspended, and the
 * wall clock may be set, so that is looked at now and then, and the stores
 * are, too. */
#define WAKE_MS 30000

/* Pause between two tries, doubled each time. */
#define PAUSE_MIN_MS 1000
#define PAUSE_MAX_MS 60000

bool
fresh_set_type(const struct cmd *cmd, struct cred *answer)
{
	if (cred_get(answer, CRED_TOKEN_TYPE) != NULL)
		return true;
	if (cmd->conn == NULL)
		return true;
	cred_set(answer, CRED_TOKEN_TYPE, exec_conf_token_type(cmd->conn));
	return cred_get(answer, CRED_TOKEN_TYPE) != NULL;
}

/* Only when it is in the files an answer counts as the one there.  What a key
 * pair signs is another each time it is asked for, and that is no news. */
static void
note(struct fresh *f, const struct cred *answer)
{
	const char *type = cred_get(answer, CRED_TOKEN_TYPE);

	f->has_one = true;
	f->expiry_utc = cred_number(answer, CRED_PASSWORD_EXPIRY_UTC);
	f->issued_utc = cred_number(answer, CRED_ISSUED_UTC);
	f->has_news = type == NULL || strcmp(type, "KEYPAIR_JWT") != 0;
}

/* It is looked at now what there is; the next look is in its time. */
static void
mark_look(struct fresh *f)
{
	f->looked_ms = clock_ms();
	f->look_ms = WAKE_MS;
}

void
fresh_set(struct fresh *f, const struct cred *answer)
{
	note(f, answer);
	mark_look(f);
}

void
fresh_set_missing(struct fresh *f, enum result result)
{
	f->last = result;
	f->told = result;
	f->tries = 1;
	f->next_ms = clock_ms() + PAUSE_MIN_MS;
	mark_look(f);
}

void
fresh_hurry(struct fresh *f)
{
	f->look_ms = PAUSE_MIN_MS;
}

/* Success: something else than the files, if it is only a look. */
static enum result
find(const struct fresh *f, struct walk *w)
{
	enum result result;

	if (f->may_mint || f->cmd->inside != NULL)
		result = cmd_live_token(f->cmd, w);
	else
		result = cmd_look_token(f->cmd, w);
	if (result != RESULT_SUCCESS)
		return result;
	if (!fresh_set_type(f->cmd, &w->answer))
		return RESULT_UNSUPPORTED;
	if (!f->may_mint && !f->ops->differs(f->ctx, &w->answer))
		return RESULT_NOT_FOUND;
	return RESULT_SUCCESS;
}

/* The whole life of the process that refreshes. */
static void NO_RETURN
refresh(struct fresh *f, int out, int messages)
{
	struct walk w = WALK_INIT;
	enum result result;

	exec_child_detach(out, messages);
	cmd_restart_clock(f->cmd, CMD_TOKEN_TIMEOUT_S);
	result = find(f, &w);
	if (result == RESULT_SUCCESS) {
		buf_clear(&f->answer);
		if (cred_format(&w.answer, &f->answer) != 0 ||
		    io_write_all(out, buf_str(&f->answer), f->answer.len) != 0)
			result = RESULT_ERROR;
	}
	walk_wipe(&w);
	buf_wipe(&f->answer);
	cmd_release(f->cmd);
	_exit(result_exit(result));
}

/* A file without a name, for messages; -1 where there is no place for one. */
static int
open_scratch(const struct fresh *f)
{
	const int flags = O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_NOFOLLOW |
	    O_CLOEXEC;
	struct buf path = BUF_INIT(PATH_MAX);
	struct buf why = BUF_INIT(FRESH_MAX_WHY);
	int fd = -1;
	int r;

	r = f->dir != NULL ? buf_adds(&path, f->dir) : path_memory(&path, &why);
	if (r == 0)
		r = buf_addf(&path, "/said-%ld", (long)getpid());
	if (r == 0) {
		/* left over from one that was killed, with our number */
		(void)unlink(buf_str(&path));
		fd = open(buf_str(&path), flags, 0600);
	}
	if (fd >= 0)
		(void)unlink(buf_str(&path));
	buf_wipe(&why);
	buf_wipe(&path);
	return fd;
}

static int
start_refresh(struct fresh *f, struct buf *why)
{
	int fds[2];
	int r;

	r = f->ops->furnish(f->ctx, why);
	if (r != 0)
		return r;
	if (pipe(fds) != 0)
		return -errno;
	(void)fcntl(fds[0], F_SETFD, FD_CLOEXEC);
	(void)fcntl(fds[1], F_SETFD, FD_CLOEXEC);
	f->said = open_scratch(f);
	f->pid = fork();
	if (f->pid == 0)
		refresh(f, fds[1], f->said >= 0 ? f->said : STDERR_FILENO);
	if (f->pid < 0)
		r = -errno;
	io_close(fds[1]);
	f->fd = fds[0];
	return r;
}

/* Forget the refresh, whether it has ended or not. */
static void
drop_refresh(struct fresh *f)
{
	io_close(f->fd);
	io_close(f->said);
	f->fd = -1;
	f->said = -1;
	f->pid = -1;
	buf_wipe(&f->answer);
}

void
fresh_release(struct fresh *f)
{
	drop_refresh(f);
	buf_wipe(&f->repeated);
}

/* Pass on what the refresh had to say, as it would have said it here; but not
 * the same again, as that a login ends soon. */
static void
repeat_messages(struct fresh *f)
{
	struct buf text = BUF_INIT(FRESH_MAX_WHY);

	if (f->said >= 0 && lseek(f->said, 0, SEEK_SET) == 0)
		(void)io_read_all(f->said, &text);
	if (!buf_equals(&f->repeated, buf_str(&text)))
		(void)io_write_all(STDERR_FILENO, buf_str(&text), text.len);
	buf_move(&f->repeated, &text);
	buf_wipe(&text);
}

static void
tell_failure(struct fresh *f)
{
	bool was_told = f->told != RESULT_SUCCESS;

	if (f->told == f->last)
		return;
	f->told = f->last;
	repeat_messages(f);
	if (!was_told)
		log_warn("the token could not be refreshed%s",
		    f->ops->meanwhile);
}

static void
tell_success(struct fresh *f)
{
	repeat_messages(f);
	if (f->told != RESULT_SUCCESS)
		log_warn("the token is fresh again");
	f->told = RESULT_SUCCESS;
}

/* Whether all is there and fresh. */
static bool
is_whole(const struct fresh *f)
{
	return f->has_one &&
	    !clock_is_stale(f->expiry_utc, f->issued_utc, clock_utc()) &&
	    f->ops->is_there(f->ctx);
}

/* After a try: when may the next one be?  A token that is too old as soon as
 * it comes is no reason to ask without a pause. */
static void
plan_next(struct fresh *f)
{
	int64_t pause = PAUSE_MIN_MS;
	unsigned i;

	if (is_whole(f)) {
		f->tries = 0;
		f->next_ms = 0;
		return;
	}
	for (i = 0; i < f->tries && pause < PAUSE_MAX_MS; i++)
		pause *= 2;
	f->tries++;
	f->next_ms = clock_ms() + (pause < PAUSE_MAX_MS ? pause : PAUSE_MAX_MS);
}

/* Hand over what a refresh that has ended sent. */
static enum result
take_answer(struct fresh *f, struct buf *why)
{
	struct cred answer = CRED_INIT;
	enum result result = RESULT_ERROR;
	pid_t pid;
	int status;

	do
		pid = waitpid(f->pid, &status, 0);
	while (pid < 0 && errno == EINTR);
	/* what comes from one that died may be cut */
	if (pid > 0 && WIFEXITED(status) && WEXITSTATUS(status) != 0)
		result = result_of_exit(WEXITSTATUS(status));
	else if (pid > 0 && WIFEXITED(status) && f->answer.len != 0 &&
	    cred_parse(buf_str(&f->answer), f->answer.len, &answer, why) == 0 &&
	    cred_has_secret(&answer) && fresh_set_type(f->cmd, &answer))
		result = f->ops->hand_over(f->ctx, &answer, why);
	if (result == RESULT_SUCCESS)
		note(f, &answer);
	cred_wipe(&answer);
	return result;
}

/* A look that finds nothing new is no failure; but in a sandbox the daemon is
 * asked, and what it refuses, or that it is gone, is one. */
static void
finish_refresh(struct fresh *f, enum result result)
{
	bool is_tried = f->may_mint || f->answer.len != 0 ||
	    (f->cmd->inside != NULL &&
		(result == RESULT_DENIED || result == RESULT_UNAVAILABLE));

	if (is_tried || result == RESULT_SUCCESS)
		f->last = result;
	if (result == RESULT_SUCCESS)
		tell_success(f);
	else if (is_tried)
		tell_failure(f);
	drop_refresh(f);
	if (is_tried)
		plan_next(f);
}

void
fresh_receive(struct fresh *f)
{
	struct buf why = BUF_INIT(FRESH_MAX_WHY);
	enum result result;
	bool end = false;

	if (io_read_some(f->fd, &f->answer, &end) != 0) {
		buf_clear(&f->answer);
		end = true;
	}
	if (end) {
		result = take_answer(f, &why);
		if (result != f->told)
			log_lines(buf_str(&why));
		finish_refresh(f, result);
	}
	buf_wipe(&why);
}

/* Milliseconds until the token must be refreshed, WAKE_MS at most. */
static int64_t
until_due(const struct fresh *f)
{
	int64_t left;

	if (!is_whole(f))
		return f->next_ms - clock_ms();
	left = clock_stale_at(f->expiry_utc, f->issued_utc) - clock_utc();
	return left < WAKE_MS / 1000 ? left * 1000 : WAKE_MS;
}

/* Likewise until the stores are looked at. */
static int64_t
until_look(const struct fresh *f)
{
	return f->has_news ? f->looked_ms + f->look_ms - clock_ms() : WAKE_MS;
}

int
fresh_pause_ms(const struct fresh *f)
{
	int64_t pause = until_due(f);

	if (pause > until_look(f))
		pause = until_look(f);
	if (f->pid > 0 || pause > WAKE_MS)
		return WAKE_MS;
	return pause > 0 ? (int)pause : 0;
}

void
fresh_start(struct fresh *f)
{
	struct buf why = BUF_INIT(FRESH_MAX_WHY);
	bool may_mint = until_due(f) <= 0;
	int r;

	if (f->pid > 0 || (!may_mint && until_look(f) > 0))
		return;
	f->may_mint = may_mint;
	mark_look(f);
	r = start_refresh(f, &why);
	if (r != 0) {
		if (may_mint && f->told == RESULT_SUCCESS)
			log_warn("cannot start a refresh: %s",
			    why.len != 0 ? buf_str(&why) : strerror(-r));
		finish_refresh(f, result_of_errno(r));
	}
	buf_wipe(&why);
}
