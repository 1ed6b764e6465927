/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * login and logout: the two verbs that put a refresh token into the store and
 * take it out again.
 */
#include "coco.h"

#include <string.h>

#include "clock.h"
#include "cmd.h"
#include "log.h"
#include "module.h"
#include "policy.h"

#define LOGIN_TIMEOUT_S  300
#define LOGOUT_TIMEOUT_S 60
/* The store gets time of its own, however long the person took. */
#define STORE_TIMEOUT_MS 60000

static void
explain_no_login(const struct cmd *cmd)
{
	const char *authenticator = conn_authenticator(cmd->conn);

	log_warn("connection \"%s\" has nothing to log in to: its stack "
		 "\"%s\" has no helper that can",
	    conn_name(cmd->conn), cmd->stack_name);
	if (strcmp(authenticator, "SNOWFLAKE_JWT") == 0)
		log_hint("a key pair needs no login: coco-credential -c %s "
			 "token",
		    conn_name(cmd->conn));
	else if (strcmp(authenticator, "OAUTH_AUTHORIZATION_CODE") == 0)
		log_hint("add \"get required oauth\" to %s",
		    buf_str(&cmd->stack_file));
	else
		log_hint("in %s, authenticator is \"%s\"; login works with "
			 "authenticator = \"OAUTH_AUTHORIZATION_CODE\"",
		    conn_file(cmd->conn), authenticator);
}

static void
make_options(const struct cmd *cmd, struct strv *options)
{
	if (cmd->no_browser)
		strv_add(options, "--no-browser");
	if (cmd->paste)
		strv_add(options, "--paste");
	if (cmd->device)
		strv_add(options, "--device");
	strv_add(options, "--timeout");
	strv_addf(options, "%lld",
	    (long long)(cmd->timeout_s != 0 ? cmd->timeout_s :
					      LOGIN_TIMEOUT_S));
}

/* Keep what the login made, and say so. */
static enum result
keep(struct cmd *cmd, const struct cred *made)
{
	struct walk w = WALK_INIT;
	struct rotate rotation;
	enum result result;
	const char *role = cred_get(&cmd->request, CRED_ROLE);
	bool is_plain;

	cmd->deadline_ms = clock_ms() + STORE_TIMEOUT_MS;
	rotation = cmd_rotation(cmd);
	result = rotate_store(&rotation, made, &w);
	is_plain = w.stored != NULL &&
	    policy_strength_of(w.stored) == POLICY_PLAIN;
	cmd_print_why(&w);
	walk_wipe(&w);
	cmd_tell_daemon(cmd);
	if (result != RESULT_SUCCESS) {
		log_warn("the login worked, but it could not be stored (%s)",
		    result_name(result));
		log_hint("coco-credential -c %s check", conn_name(cmd->conn));
		return result;
	}
	log_warn("logged in to %s as %s%s%s; the token renews itself",
	    conn_hostport(cmd->conn),
	    cred_get(made, CRED_USERNAME) != NULL ?
		cred_get(made, CRED_USERNAME) :
		"you",
	    role != NULL ? " with role " : "", role != NULL ? role : "");
	if (is_plain)
		log_hint("it is kept in a file that is not encrypted; for one "
			 "that is, see coco-credential-sealed(1)");
	return result;
}

/*
 * Whether some store rule could be run: by the policy, and because its helper
 * is there.  What its store says then is known only when it is asked.
 */
static enum result
has_store(const struct cmd *cmd)
{
	const struct stack_rules *rules = &cmd->stack.verb[STACK_STORE];
	struct buf why = BUF_INIT(MODULE_MAX_WHY);
	struct stack_rule rule;
	bool has = rules->len == 0;
	int r = 0;
	size_t i;

	for (i = 0; !has && i < rules->len; i++) {
		rule = rules->rule[i];
		rule.quiet = false; /* here it matters that one is missing */
		if (rule.kind == STACK_SUBSTACK)
			continue;
		r = module_check(&rule, stack_verb_name(STACK_STORE), &why);
		has = r == 0;
	}
	if (!has) {
		log_lines(buf_str(&why));
		log_warn("the login could not be kept anywhere");
		log_hint("coco-credential -c %s check", conn_name(cmd->conn));
	}
	buf_wipe(&why);
	return has ? RESULT_SUCCESS : result_of_errno(r);
}

/* Before a person is bothered: could it be kept? */
static enum result
can_keep(const struct cmd *cmd)
{
	const struct rotate rotation = cmd_rotation(cmd);
	struct walk w = WALK_INIT;
	enum result result;

	result = has_store(cmd);
	if (result == RESULT_SUCCESS)
		result = rotate_check(&rotation, &w);
	cmd_print_why(&w);
	walk_wipe(&w);
	return result;
}

enum result
cmd_login(struct cmd *cmd)
{
	struct cred made = CRED_INIT;
	struct strv options = STRV_INIT;
	struct buf why = BUF_INIT(MODULE_MAX_WHY);
	struct module_call call;
	enum result result;

	result = cmd_prepare(cmd, NULL, LOGIN_TIMEOUT_S);
	if (result != RESULT_SUCCESS)
		goto out;
	make_options(cmd, &options);
	/* the helper minds the time itself and says so; this is for a helper
	 * that does not */
	call = (struct module_call){ cmd_login_rule(cmd), "login", &options,
		&cmd->request, cmd->deadline_ms + STORE_TIMEOUT_MS };
	if (call.rule == NULL) {
		explain_no_login(cmd);
		result = RESULT_UNSUPPORTED;
		goto out;
	}
	result = can_keep(cmd);
	if (result == RESULT_SUCCESS)
		result = module_run(&call, &made, &why);
	log_lines(buf_str(&why));
	if (result == RESULT_SUCCESS)
		result = keep(cmd, &made);
out:
	cred_wipe(&made);
	strv_clear(&options);
	buf_wipe(&why);
	return result;
}

enum result
cmd_logout(struct cmd *cmd)
{
	struct walk w = WALK_INIT;
	struct rotate rotation;
	enum result result;

	result = cmd_prepare(cmd, NULL, LOGOUT_TIMEOUT_S);
	if (result != RESULT_SUCCESS)
		return result;
	rotation = cmd_rotation(cmd);
	result = rotate_logout(&rotation, &w);
	cmd_print_why(&w);
	cmd_tell_daemon(cmd);
	if (result == RESULT_SUCCESS)
		log_warn("logged out of connection \"%s\"",
		    conn_name(cmd->conn));
	else if (result == RESULT_NOT_FOUND)
		log_warn("connection \"%s\" was not logged in (%s)",
		    conn_name(cmd->conn),
		    w.tried.len != 0 ? buf_str(&w.tried) :
				       "its stack has no erase rule");
	else
		log_warn("connection \"%s\" could not be logged out (%s)",
		    conn_name(cmd->conn), result_name(result));
	walk_wipe(&w);
	return result;
}
