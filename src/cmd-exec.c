/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * exec: run a command with a live token in files, kept fresh as long as it
 * runs.
 *
 * A refresh is done by a process of its own, in a session of its own: so what
 * is typed at the terminal does not kill it between redeeming and storing,
 * the command's end is noticed at once, and when the command ends first, the
 * new token is still stored.  It sends the answer through a pipe; the files
 * are written here.
 *
 * Others may refresh or log in as well, and with refresh tokens for one use
 * the token in the files is dead from then on.  So now and then such a process
 * only looks what the stores have, and sends what is not in the files yet.
 */
#include "coco.h"

#include <sys/stat.h>
#include <sys/wait.h>

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "cmd.h"
#include "exec-child.h"
#include "exec-conf.h"
#include "exec-home.h"
#include "io.h"
#include "log.h"
#include "path.h"
#include "policy.h"

#define TOKEN_TIMEOUT_S 60
#define WHY_MAX         8192

/* Longest sleep: timers stand still while the machine is suspended, and the
 * wall clock may be set, so that is looked at now and then, and the stores
 * are, too. */
#define WAKE_MS 30000

/* Pause between two tries, doubled each time. */
#define PAUSE_MIN_MS 1000
#define PAUSE_MAX_MS 60000

#define NOT_FOUND      127
#define NOT_EXECUTABLE 126

struct session {
	struct cmd *cmd;
	struct exec_home home;
	struct exec_conf conf;
	struct buf token;  /* path */
	struct buf header; /* path */
	struct buf type;   /* of the first answer, and so of all */
	/* the first answer, for --env; wiped when the command runs */
	struct walk first;

	int64_t expiry_utc; /* of the token in the files */
	int64_t issued_utc; /* likewise */
	int64_t next_ms;    /* no try before that, by clock_ms() */
	unsigned tries;     /* that gave no fresh token, in a row */
	bool told;          /* that it is not fresh */

	bool has_news;     /* whether a store can have another token */
	int64_t looked_ms; /* when it was last asked, */
	int64_t look_ms;   /* and how long after that it is again */

	/* a refresh under way */
	bool may_mint;
	pid_t pid; /* -1: none */
	int fd;    /* its answer comes here */
	int said;  /* and what it has to say, there */
	struct buf answer;
	struct buf repeated; /* what the last one said, and we did */
};

#define SESSION_INIT                                                      \
	{                                                                 \
		.home = EXEC_HOME_INIT, .token = BUF_INIT(EXEC_HOME_MAX), \
		.header = BUF_INIT(EXEC_HOME_MAX),                        \
		.type = BUF_INIT(CRED_MAX_LINE), .first = WALK_INIT,      \
		.pid = -1, .fd = -1, .said = -1,                          \
		.answer = BUF_INIT(CRED_MAX_MESSAGE),                     \
		.repeated = BUF_INIT(WHY_MAX)                             \
	}

static enum result
complain(int r, struct buf *why)
{
	if (r != 0)
		log_lines(why->len != 0 ? buf_str(why) : strerror(-r));
	buf_wipe(why);
	return result_of_errno(r);
}

/* What the command is given must not be on a disk unseen. */
static enum result
check_place(const struct session *s)
{
	if (path_is_in_memory(buf_str(&s->home.dir)))
		return RESULT_SUCCESS;
	log_warn("%s is on a disk, for there is no file system in memory at "
		 "/dev/shm",
	    buf_str(&s->home.dir));
	if (policy_allows_plain())
		return RESULT_SUCCESS;
	log_hint("the policy wants no secret there; mount a tmpfs at /dev/shm");
	return RESULT_DENIED;
}

/* Before anything secret is read, so that the guard has none of it. */
static enum result
make_home(struct session *s)
{
	struct buf why = BUF_INIT(WHY_MAX);
	int r;

	r = exec_home_make(&s->home, &why);
	if (r == 0)
		r = exec_home_path(&s->home, "token", &s->token);
	if (r == 0)
		r = exec_home_path(&s->home, "header", &s->header);
	return r == 0 ? check_place(s) : complain(r, &why);
}

static int
write_answer(const struct session *s, const char *name,
    const struct cred *answer, enum output_format format, struct buf *why)
{
	struct buf b = BUF_INIT(CRED_MAX_MESSAGE);
	int r;

	/* no newline: drivers send what they read (snowflake.md 0.3) */
	r = output_format(answer, format, false, clock_utc(), &b);
	if (r == 0)
		r = exec_home_write(&s->home, name, buf_str(&b), b.len, why);
	buf_wipe(&b);
	return r;
}

static int
write_conf(const struct session *s, struct buf *why)
{
	struct buf b = BUF_INIT(EXEC_CONF_MAX);
	int r;

	r = exec_conf_connections(&s->conf, &b);
	if (r == 0)
		r = exec_home_write(&s->home, "connections.toml", buf_str(&b),
		    b.len, why);
	buf_clear(&b);
	if (r == 0)
		r = exec_conf_config(&s->conf, &b);
	if (r == 0)
		r = exec_home_write(&s->home, "config.toml", buf_str(&b), b.len,
		    why);
	buf_wipe(&b);
	return r;
}

/* Whether the file NAME is not there (any more). */
static bool
is_missing(const struct session *s, const char *name)
{
	struct buf path = BUF_INIT(EXEC_HOME_MAX);
	struct stat st;
	bool is;

	is = exec_home_path(&s->home, name, &path) == 0 &&
	    lstat(buf_str(&path), &st) != 0 &&
	    (errno == ENOENT || errno == ENOTDIR);
	buf_wipe(&path);
	return is;
}

/* Make directory and configuration where they are missing: at first, and when
 * somebody removed them.  The command may change the latter. */
static int
furnish(struct session *s, struct buf *why)
{
	int r;

	r = exec_home_restore(&s->home, why);
	if (r == 0 &&
	    (is_missing(s, "connections.toml") || is_missing(s, "config.toml")))
		r = write_conf(s, why);
	return r;
}

/*
 * The one place where an answer is handed to the command, the first and each
 * refreshed one, after it was written down in the audit log.  Only when it is
 * in the files does it count as the one there.  The reason goes to WHY.
 */
static enum result
hand_over(struct session *s, const struct cred *answer, struct buf *why)
{
	enum result may;
	int r = 0;

	may = cmd_audit_answer(s->cmd, "exec", RESULT_SUCCESS, answer);
	if (may != RESULT_SUCCESS)
		return may;
	r = furnish(s, why);
	if (r == 0 && s->conf.token != NULL)
		r = write_answer(s, "token", answer, OUTPUT_TOKEN, why);
	if (r == 0)
		r = write_answer(s, "header", answer, OUTPUT_HEADER, why);
	if (r != 0 && why->len == 0)
		(void)buf_addf(why, "cannot hand over the token: %s",
		    r == -EBADMSG ? "it holds a newline" : strerror(-r));
	if (r != 0)
		return result_of_errno(r);
	s->expiry_utc = cred_number(answer, CRED_PASSWORD_EXPIRY_UTC);
	s->issued_utc = cred_number(answer, CRED_ISSUED_UTC);
	return RESULT_SUCCESS;
}

/* What kind of token it is; a foreign helper does not say. */
static bool
set_token_type(const struct cmd *cmd, struct cred *answer)
{
	if (cred_get(answer, CRED_TOKEN_TYPE) == NULL)
		cred_set(answer, CRED_TOKEN_TYPE,
		    exec_conf_token_type(cmd->conn));
	return cred_get(answer, CRED_TOKEN_TYPE) != NULL;
}

/* Fill the directory. */
static enum result
fill(struct session *s)
{
	struct cred *answer = &s->first.answer;
	struct buf why = BUF_INIT(WHY_MAX);
	const char *type;
	enum result result;

	if (!set_token_type(s->cmd, answer)) {
		log_warn("connection \"%s\" has a password, and passwords are "
			 "not put into files",
		    conn_name(s->cmd->conn));
		log_hint("use a login (authenticator = "
			 "\"OAUTH_AUTHORIZATION_CODE\") or a programmatic "
			 "access token");
		return RESULT_UNSUPPORTED;
	}
	(void)buf_adds(&s->type, cred_get(answer, CRED_TOKEN_TYPE));
	type = buf_str(&s->type);
	s->conf = (struct exec_conf){ .conn = s->cmd->conn,
		.role = cred_get(&s->cmd->request, CRED_ROLE),
		.token_type = type,
		.home = buf_str(&s->home.dir),
		.header = buf_str(&s->header) };
	if (exec_conf_is_for_drivers(type))
		s->conf.token = buf_str(&s->token);
	/* a key pair signs a new one for each request */
	s->has_news = strcmp(type, "KEYPAIR_JWT") != 0;
	result = hand_over(s, answer, &why);
	log_lines(buf_str(&why));
	buf_wipe(&why);
	return result;
}

static void
warn_of_env(const struct session *s)
{
	log_warn("SNOWFLAKE_TOKEN holds the token itself and does not stay "
		 "fresh; what runs as you can read it");
	if (s->conf.token != NULL)
		log_hint("the file that COCO_TOKEN_FILE names stays fresh");
	else
		log_hint("the file that COCO_HEADER_FILE names stays fresh");
}

/* In the command's process. */
static int
prepare(void *ctx)
{
	struct session *s = ctx;
	struct buf token = BUF_INIT(CRED_MAX_MESSAGE);
	int r;

	r = exec_conf_environ(&s->conf);
	if (r == 0 && s->cmd->env)
		r = output_format(&s->first.answer, OUTPUT_TOKEN, false, 0,
		    &token);
	if (r == 0 && s->cmd->env &&
	    setenv("SNOWFLAKE_TOKEN", buf_str(&token), 1) != 0)
		r = -errno;
	buf_wipe(&token);
	return r;
}

static enum result
start_command(struct session *s)
{
	int r;

	if (s->cmd->env)
		warn_of_env(s);
	r = exec_child_start(s->cmd->command, prepare, s);
	/* from now on it is in the files only */
	walk_wipe(&s->first);
	s->looked_ms = clock_ms();
	s->look_ms = WAKE_MS;
	if (r == 0)
		return RESULT_SUCCESS;
	log_warn("%s: %s", s->cmd->command[0],
	    r == -ENOENT ? "command not found" : strerror(-r));
	s->cmd->status = r == -ENOENT ? NOT_FOUND : NOT_EXECUTABLE;
	return RESULT_ERROR;
}

/* Whether the file NAME is not what ANSWER makes of it. */
static bool
differs(const struct session *s, const char *name, const struct cred *answer,
    enum output_format format)
{
	struct buf path = BUF_INIT(EXEC_HOME_MAX);
	struct buf want = BUF_INIT(CRED_MAX_MESSAGE);
	struct buf got = BUF_INIT(CRED_MAX_MESSAGE);
	bool is;

	is = exec_home_path(&s->home, name, &path) != 0 ||
	    output_format(answer, format, false, clock_utc(), &want) != 0 ||
	    io_read_private(buf_str(&path), &got) != 0 || got.len != want.len ||
	    memcmp(buf_str(&got), buf_str(&want), want.len) != 0;
	buf_wipe(&got);
	buf_wipe(&want);
	buf_wipe(&path);
	return is;
}

/* Look what the stores have.  Success: something else than the files. */
static enum result
look(struct session *s, struct walk *w)
{
	enum result result = cmd_look_token(s->cmd, w);

	if (result != RESULT_SUCCESS)
		return result;
	if (!set_token_type(s->cmd, &w->answer))
		return RESULT_UNSUPPORTED;
	if ((s->conf.token != NULL &&
		differs(s, "token", &w->answer, OUTPUT_TOKEN)) ||
	    differs(s, "header", &w->answer, OUTPUT_HEADER))
		return RESULT_SUCCESS;
	return RESULT_NOT_FOUND;
}

/* The whole life of the process that refreshes. */
static void NO_RETURN
refresh(struct session *s, int out, int messages)
{
	struct walk w = WALK_INIT;
	enum result result;

	exec_child_detach(out, messages);
	cmd_restart_clock(s->cmd, TOKEN_TIMEOUT_S);
	result = s->may_mint ? cmd_live_token(s->cmd, &w) : look(s, &w);
	if (result == RESULT_SUCCESS) {
		buf_clear(&s->answer);
		if (cred_format(&w.answer, &s->answer) != 0 ||
		    io_write_all(out, buf_str(&s->answer), s->answer.len) != 0)
			result = RESULT_ERROR;
	}
	walk_wipe(&w);
	buf_wipe(&s->answer);
	cmd_release(s->cmd);
	_exit(result_exit(result));
}

static int
start_refresh(struct session *s, struct buf *why)
{
	int fds[2];
	int r;

	r = furnish(s, why);
	if (r == 0)
		r = exec_home_scratch(&s->home, &s->said);
	if (r != 0)
		return r;
	if (pipe(fds) != 0)
		return -errno;
	(void)fcntl(fds[0], F_SETFD, FD_CLOEXEC);
	(void)fcntl(fds[1], F_SETFD, FD_CLOEXEC);
	s->pid = fork();
	if (s->pid == 0)
		refresh(s, fds[1], s->said);
	if (s->pid < 0)
		r = -errno;
	io_close(fds[1]);
	s->fd = fds[0];
	return r;
}

/* Forget the refresh, whether it has ended or not. */
static void
drop_refresh(struct session *s)
{
	io_close(s->fd);
	io_close(s->said);
	s->fd = -1;
	s->said = -1;
	s->pid = -1;
	buf_wipe(&s->answer);
}

/* Pass on what the refresh had to say, as it would have said it here; but not
 * the same again, as that a login ends soon. */
static void
repeat_messages(struct session *s)
{
	struct buf text = BUF_INIT(WHY_MAX);

	if (s->said >= 0 && lseek(s->said, 0, SEEK_SET) == 0)
		(void)io_read_all(s->said, &text);
	if (!buf_equals(&s->repeated, buf_str(&text)))
		(void)io_write_all(STDERR_FILENO, buf_str(&text), text.len);
	buf_move(&s->repeated, &text);
	buf_wipe(&text);
}

static void
tell_failure(struct session *s)
{
	if (s->told)
		return;
	s->told = true;
	repeat_messages(s);
	log_warn("the token could not be refreshed; the command keeps the old "
		 "one, and coco-credential goes on trying");
}

static void
tell_success(struct session *s)
{
	repeat_messages(s);
	if (s->told)
		log_warn("the token is fresh again");
	s->told = false;
}

static bool
is_fresh(const struct session *s)
{
	return !clock_is_stale(s->expiry_utc, s->issued_utc, clock_utc());
}

/* Whether all is there and fresh. */
static bool
is_whole(const struct session *s)
{
	return is_fresh(s) && !is_missing(s, "header") &&
	    (s->conf.token == NULL || !is_missing(s, "token")) &&
	    !is_missing(s, "connections.toml") && !is_missing(s, "config.toml");
}

/* After a try: when may the next one be?  A token that is too old as soon as
 * it comes is no reason to ask without a pause. */
static void
plan_next(struct session *s)
{
	int64_t pause = PAUSE_MIN_MS;
	unsigned i;

	if (is_whole(s)) {
		s->tries = 0;
		s->next_ms = 0;
		return;
	}
	for (i = 0; i < s->tries && pause < PAUSE_MAX_MS; i++)
		pause *= 2;
	s->tries++;
	s->next_ms = clock_ms() + (pause < PAUSE_MAX_MS ? pause : PAUSE_MAX_MS);
}

/* What a refresh that has ended sent: hand it over.  Returns whether it did. */
static bool
take_answer(struct session *s)
{
	struct cred answer = CRED_INIT;
	struct buf why = BUF_INIT(WHY_MAX);
	bool is_handed;
	pid_t pid;
	int status;

	do
		pid = waitpid(s->pid, &status, 0);
	while (pid < 0 && errno == EINTR);
	/* what comes from one that died may be cut */
	is_handed = pid > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0 &&
	    s->answer.len != 0 &&
	    cred_parse(buf_str(&s->answer), s->answer.len, &answer, &why) ==
		0 &&
	    cred_has_secret(&answer) && set_token_type(s->cmd, &answer) &&
	    hand_over(s, &answer, &why) == RESULT_SUCCESS;
	if (!is_handed && !s->told)
		log_lines(buf_str(&why));
	cred_wipe(&answer);
	buf_wipe(&why);
	return is_handed;
}

/* A look that finds nothing new is no failure. */
static void
finish_refresh(struct session *s, bool is_good)
{
	bool is_tried = s->may_mint || s->answer.len != 0;

	if (is_good)
		tell_success(s);
	else if (is_tried)
		tell_failure(s);
	drop_refresh(s);
	if (is_tried)
		plan_next(s);
}

static void
receive(struct session *s)
{
	bool end = false;

	if (io_read_some(s->fd, &s->answer, &end) != 0) {
		buf_clear(&s->answer);
		end = true;
	}
	if (end)
		finish_refresh(s, take_answer(s));
}

/* Milliseconds until the token must be refreshed, WAKE_MS at most. */
static int64_t
until_due(const struct session *s)
{
	int64_t left;

	if (!is_whole(s))
		return s->next_ms - clock_ms();
	left = clock_stale_at(s->expiry_utc, s->issued_utc) - clock_utc();
	return left < WAKE_MS / 1000 ? left * 1000 : WAKE_MS;
}

/* Likewise until the stores are looked at. */
static int64_t
until_look(const struct session *s)
{
	return s->has_news ? s->looked_ms + s->look_ms - clock_ms() : WAKE_MS;
}

/* Milliseconds until there is something to do. */
static int
pause_ms(const struct session *s)
{
	int64_t pause = until_due(s);

	if (pause > until_look(s))
		pause = until_look(s);
	if (s->pid > 0 || pause > WAKE_MS)
		return WAKE_MS;
	return pause > 0 ? (int)pause : 0;
}

/* Start what is due, if anything: one at a time. */
static void
start_due(struct session *s)
{
	struct buf why = BUF_INIT(WHY_MAX);
	bool may_mint = until_due(s) <= 0;
	int r;

	/* time has passed that our clock may not have counted */
	if (exec_child_was_continued())
		s->look_ms = PAUSE_MIN_MS;
	if (s->pid > 0 || (!may_mint && until_look(s) > 0))
		return;
	s->may_mint = may_mint;
	s->looked_ms = clock_ms();
	s->look_ms = WAKE_MS;
	r = start_refresh(s, &why);
	if (r != 0) {
		if (may_mint && !s->told)
			log_warn("cannot start a refresh: %s",
			    why.len != 0 ? buf_str(&why) : strerror(-r));
		finish_refresh(s, false);
	}
	buf_wipe(&why);
}

/* While the command lives, keep its files fresh.  Returns how it ended. */
static int
attend(struct session *s)
{
	int status = 0;

	while (!exec_child_ended(&status)) {
		start_due(s);
		if (exec_child_wait(pause_ms(s), s->fd))
			receive(s);
	}
	return status;
}

/* Remove what the command was given.  A refresh that is under way goes on by
 * itself and stores what it gets. */
static void
clean_up(struct session *s)
{
	drop_refresh(s);
	exec_home_remove(&s->home);
	walk_wipe(&s->first);
	buf_wipe(&s->token);
	buf_wipe(&s->header);
	buf_wipe(&s->type);
	buf_wipe(&s->repeated);
	cmd_release(s->cmd);
}

enum result
cmd_exec(struct cmd *cmd)
{
	struct session s = SESSION_INIT;
	enum result result;
	int status = 0;

	s.cmd = cmd;
	result = make_home(&s);
	if (result == RESULT_SUCCESS)
		result = cmd_prepare(cmd, NULL, TOKEN_TIMEOUT_S);
	if (result == RESULT_SUCCESS)
		result = cmd_live_token(cmd, &s.first);
	if (result == RESULT_SUCCESS)
		result = fill(&s);
	if (result == RESULT_SUCCESS)
		result = start_command(&s);
	if (result == RESULT_SUCCESS)
		status = attend(&s);
	clean_up(&s);
	if (result != RESULT_SUCCESS)
		return result;
	if (WIFSIGNALED(status)) {
		exec_child_die(WTERMSIG(status));
		cmd->status = 128 + WTERMSIG(status);
	} else {
		cmd->status = WEXITSTATUS(status);
	}
	return RESULT_SUCCESS;
}
