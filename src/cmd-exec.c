/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * exec: run a command with a live token in files, kept fresh as long as it
 * runs (cmd-fresh.h).
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
#include "cmd-fresh.h"
#include "io.h"
#include "log.h"
#include "path.h"
#include "policy.h"

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
	struct fresh fresh;
};

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
	if (s->cmd->inside != NULL || policy_allows_plain())
		return RESULT_SUCCESS;
	log_hint("the policy wants no secret there; mount a tmpfs at /dev/shm");
	return RESULT_DENIED;
}

/* Before anything secret is read, so that the guard has none of it. */
static enum result
make_home(struct session *s)
{
	struct buf why = BUF_INIT(FRESH_MAX_WHY);
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
furnish(void *ctx, struct buf *why)
{
	struct session *s = ctx;
	int r;

	r = exec_home_restore(&s->home, why);
	if (r == 0 &&
	    (is_missing(s, "connections.toml") || is_missing(s, "config.toml")))
		r = write_conf(s, why);
	return r;
}

/*
 * The one place where an answer is handed to the command, the first and each
 * refreshed one, after it was written down in the audit log.  The reason goes
 * to WHY.
 */
static enum result
hand_over(void *ctx, const struct cred *answer, struct buf *why)
{
	struct session *s = ctx;
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
	return result_of_errno(r);
}

/* Fill the directory. */
static enum result
fill(struct session *s)
{
	struct cred *answer = &s->first.answer;
	struct buf why = BUF_INIT(FRESH_MAX_WHY);
	const char *type;
	enum result result;

	if (!fresh_set_type(s->cmd, answer)) {
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
	s->fresh.dir = buf_str(&s->home.dir);
	s->conf = (struct exec_conf){ .conn = s->cmd->conn,
		.role = cred_get(&s->cmd->request, CRED_ROLE),
		.token_type = type,
		.home = buf_str(&s->home.dir),
		.header = buf_str(&s->header) };
	if (exec_conf_is_for_drivers(type))
		s->conf.token = buf_str(&s->token);
	result = hand_over(s, answer, &why);
	fresh_set(&s->fresh, answer);
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
	if (r == 0)
		return RESULT_SUCCESS;
	log_warn("%s: %s", s->cmd->command[0],
	    r == -ENOENT ? "command not found" : strerror(-r));
	s->cmd->status = r == -ENOENT ? NOT_FOUND : NOT_EXECUTABLE;
	return RESULT_ERROR;
}

/* Whether the file NAME is not what ANSWER makes of it. */
static bool
is_other(const struct session *s, const char *name, const struct cred *answer,
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

static bool
differs(void *ctx, const struct cred *answer)
{
	const struct session *s = ctx;

	return (s->conf.token != NULL &&
		   is_other(s, "token", answer, OUTPUT_TOKEN)) ||
	    is_other(s, "header", answer, OUTPUT_HEADER);
}

static bool
is_there(void *ctx)
{
	const struct session *s = ctx;

	return !is_missing(s, "header") &&
	    (s->conf.token == NULL || !is_missing(s, "token")) &&
	    !is_missing(s, "connections.toml") && !is_missing(s, "config.toml");
}

/* While the command lives, keep its files fresh.  Returns how it ended. */
static int
attend(struct session *s)
{
	int status = 0;

	while (!exec_child_ended(&status)) {
		if (exec_child_was_continued())
			fresh_hurry(&s->fresh);
		fresh_start(&s->fresh);
		if (exec_child_wait(fresh_pause_ms(&s->fresh), s->fresh.fd))
			fresh_receive(&s->fresh);
	}
	return status;
}

/* Remove what the command was given.  A refresh that is under way goes on by
 * itself and stores what it gets. */
static void
clean_up(struct session *s)
{
	fresh_release(&s->fresh);
	exec_home_remove(&s->home);
	walk_wipe(&s->first);
	buf_wipe(&s->token);
	buf_wipe(&s->header);
	buf_wipe(&s->type);
	cmd_release(s->cmd);
}

/* What the command needs beside the token, account and user, the daemon of a
 * sandbox does not tell: there must be a section for it. */
static enum result
select_connection(struct cmd *cmd)
{
	enum result result;

	if (cmd->inside != NULL) {
		result = cmd_load_connection(cmd, cmd->connection);
		if (result != RESULT_SUCCESS) {
			log_hint("exec needs a section with account and user "
				 "here; token and token-file need none");
			return result;
		}
		cmd->connection = conn_name(cmd->conn);
		if (cmd->role == NULL)
			cmd->role = conn_role(cmd->conn);
	}
	return cmd_prepare(cmd, NULL, CMD_TOKEN_TIMEOUT_S);
}

static const struct fresh_ops ops = { furnish, is_there, differs, hand_over,
	"; the command keeps the old one, and coco-credential goes on trying" };

enum result
cmd_exec(struct cmd *cmd)
{
	struct session s = { .cmd = cmd,
		.home = EXEC_HOME_INIT,
		.token = BUF_INIT(EXEC_HOME_MAX),
		.header = BUF_INIT(EXEC_HOME_MAX),
		.type = BUF_INIT(CRED_MAX_LINE),
		.first = WALK_INIT,
		.fresh = FRESH_INIT(cmd, &ops, &s) };
	enum result result;
	int status = 0;

	result = make_home(&s);
	if (result == RESULT_SUCCESS)
		result = select_connection(cmd);
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
