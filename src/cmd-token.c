/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * token: print a live token of the connection, refreshed in silence.
 */
#include "coco.h"

#include <string.h>

#include "cmd.h"
#include "entries.h"
#include "log.h"

/* Tell what was tried and what to do next. */
static void
explain(struct cmd *cmd, enum result result, const struct walk *w)
{
	const char *name;
	bool can_log_in;

	cmd_print_why(w);
	if (cmd->inside != NULL) {
		inside_explain(cmd, result, w);
		return;
	}
	if (cmd_load_stack(cmd) != RESULT_SUCCESS)
		return;
	name = conn_name(cmd->conn);
	can_log_in = cmd_login_rule(cmd) != NULL;
	if (cred_state(&w->handed, ENTRIES_REFUSED) != NULL)
		log_warn("the server has refused the refresh token that is "
			 "stored, so it is not sent again");
	log_warn("no token for connection \"%s\": %s", name,
	    w->tried.len != 0 ? buf_str(&w->tried) : result_name(result));
	if (cmd->stack.verb[STACK_GET].len == 0)
		log_hint("the stack \"%s\" (%s) has no get rule",
		    cmd->stack_name, buf_str(&cmd->stack_file));
	else if (can_log_in &&
	    (result == RESULT_EXPIRED || result == RESULT_NOT_FOUND ||
		w->home_said == RESULT_UNAVAILABLE))
		log_hint("%scoco-credential -c %s%s%s login",
		    result == RESULT_UNAVAILABLE ?
			"when it cannot be made available, log in anew: " :
			"",
		    name, cmd->role != NULL ? " --role " : "",
		    cmd->role != NULL ? cmd->role : "");
	else if (result == RESULT_UNAVAILABLE)
		log_hint("try again later");
	else
		log_hint("coco-credential -c %s check", name);
}

/* Rid ANSWER of what only helpers may see. */
static void
strip(struct cred *answer)
{
	cred_drop_our_states(answer);
	cred_clear_list(answer, CRED_CAPABILITY);
	cred_set(answer, CRED_OAUTH_REFRESH_TOKEN, NULL);
}

enum result
cmd_live_token(struct cmd *cmd, struct walk *w)
{
	struct cred question = CRED_INIT;
	enum result result;

	cred_merge(&question, &cmd->request);
	cred_add(&question, CRED_CAPABILITY, "authtype");
	result = cmd_obtain(cmd, &question, w);
	cred_wipe(&question);
	if (result != RESULT_SUCCESS) {
		explain(cmd, result, w);
		return result;
	}
	cmd_print_why(w);
	strip(&w->answer);
	return result;
}

enum result
cmd_look_token(struct cmd *cmd, struct walk *w)
{
	struct rotate rotation;
	enum result result;

	/* a daemon that gave the token needed none of us */
	result = cmd_load_stack(cmd);
	if (result != RESULT_SUCCESS)
		return result;
	rotation = cmd_rotation(cmd);
	result = rotate_look(&rotation, w);
	if (result == RESULT_SUCCESS)
		strip(&w->answer);
	return result;
}

enum result
cmd_token(struct cmd *cmd)
{
	struct walk w = WALK_INIT;
	enum result result;

	result = cmd_select(cmd, NULL, CMD_TOKEN_TIMEOUT_S);
	if (result != RESULT_SUCCESS)
		return result;
	result = cmd_live_token(cmd, &w);
	if (result == RESULT_SUCCESS)
		result = cmd_print(cmd, "token", OUTPUT_TOKEN, &w.answer);
	walk_wipe(&w);
	return result;
}
