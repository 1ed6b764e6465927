/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the verbs share: from options and request to connection, stack and the
 * request that the helpers get.
 */
#include "coco.h"

#include <sys/stat.h>

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audit.h"
#include "authenticator.h"
#include "clock.h"
#include "cmd.h"
#include "io.h"
#include "log.h"
#include "module.h"
#include "policy.h"
#include "sock.h"
#include "stackfile.h"

void
cmd_print_why(const struct walk *w)
{
	log_lines(buf_str(&w->why));
}

const struct stack_rule *
cmd_login_rule(const struct cmd *cmd)
{
	const struct stack_rules *rules = &cmd->stack.verb[STACK_GET];
	size_t i;

	for (i = 0; i < rules->len; i++)
		if (rules->rule[i].kind == STACK_NAME &&
		    module_mints(&rules->rule[i]))
			return &rules->rule[i];
	return NULL;
}

/* Who has no connection, but a COCO_TOKEND, may be in a sandbox that is not
 * ready. */
static void
tell_sandbox(const struct cmd *cmd)
{
	const char *told = getenv("COCO_TOKEND");
	struct buf dir = BUF_INIT(PATH_MAX);
	struct stat st;

	if (told == NULL || cmd->no_daemon || cmd->for_tokend ||
	    strncmp(told, "unix:/", 6) != 0)
		return;
	if (sock_directory(told + 5, &dir) == 0 &&
	    stat(buf_str(&dir), &st) != 0) {
		log_warn("COCO_TOKEND is %s, and there is none: %s", told,
		    strerror(errno));
		log_hint("its grant may be over or revoked: coco-tokend grants "
			 "on the host tells; in a sandbox, mount the grant's "
			 "directory at %s",
		    buf_str(&dir));
	}
	buf_wipe(&dir);
}

enum result
cmd_load_connection(struct cmd *cmd, const char *name)
{
	struct buf why = BUF_INIT(CONN_MAX_WHY);
	const struct strv *warnings;
	size_t i;
	int r;

	r = conn_load(name, &why, &cmd->conn);
	if (r != 0) {
		tell_sandbox(cmd);
		log_lines(buf_str(&why));
		buf_wipe(&why);
		return result_of_errno(r);
	}
	warnings = conn_warnings(cmd->conn);
	for (i = 0; i < warnings->len; i++)
		log_lines(warnings->v[i]);
	buf_wipe(&why);
	return RESULT_SUCCESS;
}

/* Put what the connection says into the request.  Returns whether the request
 * agrees with it. */
static bool
add_connection(const struct conn *c, const char *role, bool no_role,
    struct cred *request)
{
	const struct {
		enum cred_attr attr;
		const char *value;
	} says[] = {
		{ CRED_PROTOCOL, conn_protocol(c) },
		{ CRED_HOST, conn_hostport(c) },
		{ CRED_USERNAME, conn_user(c) },
		{ CRED_CONNECTION, conn_name(c) },
		{ CRED_ROLE,
		    no_role          ? NULL :
			role != NULL ? role :
				       conn_role(c) },
	};
	const char *asked;
	size_t i;

	for (i = 0; i < ARRAY_LEN(says); i++) {
		asked = cred_get(request, says[i].attr);
		if (asked != NULL && says[i].value != NULL &&
		    strcmp(asked, says[i].value) != 0)
			return false;
		if (says[i].value != NULL)
			cred_set(request, says[i].attr, says[i].value);
	}
	cred_set(request, CRED_AUTHENTICATOR, conn_authenticator(c));
	/* git names a path where it is told to; a login is for all of them */
	cred_set(request, CRED_PATH, NULL);
	return true;
}

/* The stack for a connection: its own key, else by authenticator.  NULL, with
 * a message, when the key is not fit. */
static const char *
stack_of(const struct conn *c)
{
	const char *key = conn_get(c, "credential_helper");
	const struct authenticator *a;

	if (key != NULL && strcmp(key, "coco") != 0 &&
	    strcmp(key, "coco-credential") != 0) {
		if (stack_is_name(key))
			return key;
		log_warn("connection \"%s\": credential_helper is no stack "
			 "name",
		    conn_name(c));
		log_hint(
		    "in %s, write credential_helper = \"coco\" or the "
		    "name of a stack; commands and paths belong into stack "
		    "files, see coco-stack(5)",
		    conn_file(c));
		return NULL;
	}
	a = authenticator_find(conn_authenticator(c));
	return a != NULL && a->stack != NULL ? a->stack : "other";
}

static enum result
choose_stack(struct cmd *cmd)
{
	const char *name = cmd->stack_name;

	if (name == NULL && cmd->conn != NULL)
		name = stack_of(cmd->conn);
	else if (name == NULL)
		name = "other";
	if (name == NULL)
		return RESULT_ERROR;
	cmd->stack_name = name;
	audit_set_stack(name);
	return RESULT_SUCCESS;
}

enum result
cmd_load_stack(struct cmd *cmd)
{
	struct buf why = BUF_INIT(WALK_MAX_WHY);
	int r;

	if (cmd->stack_file.len != 0 || cmd->inside != NULL)
		return RESULT_SUCCESS;
	r = stackfile_load(cmd->stack_name, &cmd->stack, &cmd->stack_file,
	    &why);
	if (r != 0) {
		log_lines(buf_str(&why));
		log_hint("coco-stack(5) tells the form of stack files");
	}
	buf_wipe(&why);
	return result_of_errno(r);
}

/* The connection that is asked for: -c, a connection= line, or, where nobody
 * speaks git to us, the default. */
static enum result
select_connection(struct cmd *cmd, const struct cred *caller)
{
	const char *name = cmd->connection;
	const char *line = NULL;

	if (caller != NULL)
		line = cred_get(caller, CRED_CONNECTION);
	if (name != NULL && line != NULL && strcmp(name, line) != 0)
		return RESULT_NOT_FOUND;
	if (name == NULL)
		name = line;
	if (name == NULL && caller != NULL)
		return RESULT_SUCCESS;
	return cmd_load_connection(cmd, name);
}

void
cmd_restart_clock(struct cmd *cmd, int64_t default_timeout_s)
{
	int64_t timeout = cmd->timeout_s != 0 ? cmd->timeout_s :
						default_timeout_s;

	cmd->deadline_ms = clock_ms() + timeout * 1000;
}

/* A policy that cannot be used forbids everything; it is told here, once,
 * rather than by every helper. */
enum result
cmd_check_policy(void)
{
	struct buf why = BUF_INIT(POLICY_MAX_WHY);
	const struct policy *policy;
	int r;

	r = policy_get(&policy, &why);
	if (r != 0) {
		log_lines(buf_str(&why));
		log_hint("everything is refused until the policy is mended, "
			 "see coco-policy(5)");
	}
	buf_wipe(&why);
	return result_of_errno(r);
}

/*
 * What the daemon's client has chosen: a role; and, for a sandbox, that there
 * is to be none, or no user, by an empty value, whatever connections.toml says
 * by now.  Returns whether the connection has no user then.
 */
static bool
take_from_daemon(struct cmd *cmd, const struct cred *caller)
{
	const char *role = cred_get(caller, CRED_ROLE);
	const char *user = cred_get(caller, CRED_USERNAME);

	if (role != NULL && role[0] == '\0') {
		cmd->no_role = true;
		cred_set(&cmd->request, CRED_ROLE, NULL);
	} else if (cmd->role == NULL) {
		cmd->role = role;
	}
	if (user == NULL || user[0] != '\0')
		return true;
	cred_set(&cmd->request, CRED_USERNAME, NULL);
	return conn_user(cmd->conn) == NULL;
}

enum result
cmd_select(struct cmd *cmd, const struct cred *caller,
    int64_t default_timeout_s)
{
	enum result result;

	cmd_restart_clock(cmd, default_timeout_s);
	if (cmd->inside != NULL)
		return inside_select(cmd, caller);
	result = select_connection(cmd, caller);
	if (result != RESULT_SUCCESS)
		return result;
	if (caller != NULL)
		cred_merge(&cmd->request, caller);
	/* notes of ours come from our helpers only */
	cred_drop_our_states(&cmd->request);
	if (cmd->conn != NULL) {
		if (cmd->for_tokend && caller != NULL &&
		    !take_from_daemon(cmd, caller))
			return RESULT_UNSUPPORTED;
		if (!add_connection(cmd->conn, cmd->role, cmd->no_role,
			&cmd->request))
			return cmd->for_tokend ? RESULT_UNSUPPORTED :
						 RESULT_NOT_FOUND;
	} else if (cmd->role != NULL) {
		cred_set(&cmd->request, CRED_ROLE, cmd->role);
	}
	result = cmd_check_policy();
	return result == RESULT_SUCCESS ? choose_stack(cmd) : result;
}

enum result
cmd_prepare(struct cmd *cmd, const struct cred *caller,
    int64_t default_timeout_s)
{
	enum result result = cmd_select(cmd, caller, default_timeout_s);

	return result == RESULT_SUCCESS ? cmd_load_stack(cmd) : result;
}

enum result
cmd_audit_answer(const struct cmd *cmd, const char *verb, enum result result,
    const struct cred *answer)
{
	struct buf why = BUF_INIT(AUDIT_MAX_WHY);
	enum result may;

	if (cmd->inside != NULL)
		return RESULT_SUCCESS;
	may = audit_answer(verb, result, &cmd->request, answer, &why);
	if (may != RESULT_SUCCESS) {
		log_lines(buf_str(&why));
		log_hint("the policy lets no secret out without a line in the "
			 "audit log, see coco-audit(5)");
	}
	buf_wipe(&why);
	return may;
}

enum result
cmd_print(const struct cmd *cmd, const char *verb, enum output_format format,
    const struct cred *answer)
{
	struct buf b = BUF_INIT(CRED_MAX_MESSAGE);
	enum result may = RESULT_SUCCESS;
	int r;

	if (cmd->format_given)
		format = cmd->format;
	r = output_format(answer, format, !cmd->no_newline, clock_utc(), &b);
	if (r == 0)
		may = cmd_audit_answer(cmd, verb, RESULT_SUCCESS, answer);
	if (r == 0 && may == RESULT_SUCCESS)
		r = io_write_all(STDOUT_FILENO, buf_str(&b), b.len);
	buf_wipe(&b);
	if (r == 0)
		return may;
	log_warn("cannot print the answer: %s",
	    r == -EBADMSG      ? "a value holds a newline" :
		r == -EMSGSIZE ? "it is too long" :
				 strerror(-r));
	return RESULT_ERROR;
}

struct rotate
cmd_rotation(const struct cmd *cmd)
{
	return (struct rotate){ &cmd->stack, &cmd->request, cmd->conn,
		cmd->deadline_ms, cmd->refused_utc };
}

void
cmd_release(struct cmd *cmd)
{
	conn_free(cmd->conn);
	cmd->conn = NULL;
	cred_wipe(&cmd->request);
	stack_clear(&cmd->stack);
	buf_wipe(&cmd->stack_file);
}
