/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * get, store, erase and capability: what git and its like call.  They read the
 * request from stdin, and are silent on stderr unless something is wrong.
 */
#include "coco.h"

#include <string.h>
#include <unistd.h>

#include "cmd.h"
#include "io.h"
#include "log.h"
#include "message.h"

#define GET_TIMEOUT_S 60

static enum result
read_request(struct cred *request)
{
	struct buf why = BUF_INIT(1024);
	int r;

	r = message_read(STDIN_FILENO, request, &why);
	if (r != 0)
		log_warn("the request is refused: %s", buf_str(&why));
	buf_wipe(&why);
	return r == 0 ? RESULT_SUCCESS : RESULT_ERROR;
}

/* Whether the caller asked about nothing at all. */
static bool
is_empty(const struct cred *c)
{
	size_t i;

	for (i = 0; i < CRED_ATTRS; i++)
		if (c->attr[i] != NULL)
			return false;
	return true;
}

/*
 * What the caller may see: nothing of how the stack works, no refresh token of
 * a connection, and only what its capabilities cover.
 */
static void
fit_to_caller(const struct cred *request, struct cred *answer)
{
	unsigned can = cred_capabilities(request);

	cred_drop_our_states(answer);
	cred_clear_list(answer, CRED_CAPABILITY);
	cred_clear_list(answer, CRED_WWWAUTH);
	if (cred_get(request, CRED_CONNECTION) != NULL)
		cred_set(answer, CRED_OAUTH_REFRESH_TOKEN, NULL);
	if ((can & CRED_CAN_AUTHTYPE) == 0) {
		cred_set(answer, CRED_AUTHTYPE, NULL);
		cred_set(answer, CRED_CREDENTIAL, NULL);
		cred_set(answer, CRED_EPHEMERAL, NULL);
	} else if (cred_get(answer, CRED_CREDENTIAL) != NULL ||
	    cred_get(answer, CRED_EPHEMERAL) != NULL) {
		cred_add(answer, CRED_CAPABILITY, "authtype");
	}
	if ((can & CRED_CAN_STATE) == 0) {
		cred_clear_list(answer, CRED_STATE);
		cred_set(answer, CRED_CONTINUE, NULL);
	} else if (answer->list[CRED_STATE].len != 0) {
		cred_add(answer, CRED_CAPABILITY, "state");
	}
}

/* What a refresh needs is kept for git's next helper, when no connection of
 * ours is meant: git-credential-oauth refreshes that way. */
static enum result
print_remains(const struct cmd *cmd, const struct walk *w, enum result result)
{
	struct cred remains = CRED_INIT;
	const char *refresh = cred_get(&w->handed, CRED_OAUTH_REFRESH_TOKEN);

	if (refresh == NULL || cmd->conn != NULL || cmd->format != OUTPUT_GIT ||
	    cred_get(&cmd->request, CRED_CONNECTION) != NULL)
		return result;
	if (cmd->for_tokend)
		return RESULT_UNSUPPORTED;
	cred_set(&remains, CRED_USERNAME, cred_get(&w->handed, CRED_USERNAME));
	cred_set(&remains, CRED_OAUTH_REFRESH_TOKEN, refresh);
	if (cmd_audit_answer(cmd, "get", RESULT_EXPIRED, &remains) ==
	    RESULT_SUCCESS)
		(void)message_write(STDOUT_FILENO, &remains, "");
	cred_wipe(&remains);
	return result;
}

/* coco-tokend must never have a refresh token: then its client has to do the
 * work itself. */
static bool
is_not_for_tokend(const struct cmd *cmd, const struct cred *answer)
{
	return cmd->for_tokend &&
	    cred_get(answer, CRED_OAUTH_REFRESH_TOKEN) != NULL;
}

static enum result
get(struct cmd *cmd)
{
	struct walk w = WALK_INIT;
	enum result result;

	result = cmd_obtain(cmd, &cmd->request, &w);
	if (result == RESULT_SUCCESS) {
		fit_to_caller(&cmd->request, &w.answer);
		/* the capability that would carry it may be missing */
		if (is_not_for_tokend(cmd, &w.answer))
			result = RESULT_UNSUPPORTED;
		else
			result = cred_has_secret(&w.answer) ?
			    cmd_print(cmd, "get", OUTPUT_GIT, &w.answer) :
			    RESULT_NOT_FOUND;
	} else if (result == RESULT_QUIT) {
		(void)io_write_all(STDOUT_FILENO, "quit=1\n", 7);
	} else {
		result = print_remains(cmd, &w, result);
	}
	cmd_print_why(&w);
	walk_wipe(&w);
	return result;
}

/*
 * A question for a connection brings no part of the answer: what is put into
 * it would be taken for something that a store has handed on.  git's own
 * helpers may pass a refresh token from one to the next.
 */
static void
drop_secrets(const struct cmd *cmd, struct cred *caller)
{
	static const enum cred_attr answers[] = { CRED_PASSWORD, CRED_AUTHTYPE,
		CRED_CREDENTIAL, CRED_PASSWORD_EXPIRY_UTC,
		CRED_OAUTH_REFRESH_TOKEN, CRED_EPHEMERAL, CRED_TOKEN_TYPE,
		CRED_ISSUED_UTC };
	size_t i;

	if (cmd->connection == NULL &&
	    cred_get(caller, CRED_CONNECTION) == NULL)
		return;
	for (i = 0; i < ARRAY_LEN(answers); i++)
		cred_set(caller, answers[i], NULL);
}

/* coco-tokend says by issued_utc that a token of that time was refused.  From
 * others it means nothing: who pipes an answer back asks for no refresh. */
static void
take_refused(struct cmd *cmd, struct cred *caller)
{
	if (!cmd->for_tokend)
		return;
	cmd->refused_utc = cred_number(caller, CRED_ISSUED_UTC);
	cred_set(caller, CRED_ISSUED_UTC, NULL);
}

enum result
cmd_get(struct cmd *cmd)
{
	struct cred caller = CRED_INIT;
	enum result result;

	result = read_request(&caller);
	if (result != RESULT_SUCCESS)
		goto out;
	/* a question about nothing is answered with nothing */
	if (cmd->connection == NULL && is_empty(&caller))
		goto out;
	if (cmd->connection == NULL && !cred_is_addressed(&caller)) {
		result = RESULT_NOT_FOUND;
		goto out;
	}
	take_refused(cmd, &caller);
	drop_secrets(cmd, &caller);
	result = cmd_select(cmd, &caller, GET_TIMEOUT_S);
	if (result == RESULT_SUCCESS)
		result = get(cmd);
out:
	cred_wipe(&caller);
	return result;
}

/* store and erase: walk the rules of that verb. */
static enum result
change(struct cmd *cmd, enum stack_verb verb)
{
	struct cred caller = CRED_INIT;
	struct walk w = WALK_INIT;
	enum result result;

	result = read_request(&caller);
	if (result != RESULT_SUCCESS)
		goto out;
	if (cmd->connection == NULL && !cred_is_addressed(&caller)) {
		log_warn("nothing is to be %s without protocol and host",
		    verb == STACK_STORE ? "stored" : "erased");
		result = RESULT_DENIED;
		goto out;
	}
	/* the daemon takes nothing from here, and git need not hear of it */
	if (cmd->inside != NULL && verb == STACK_STORE)
		goto out;
	result = cmd_prepare(cmd, &caller, GET_TIMEOUT_S);
	if (result != RESULT_SUCCESS)
		goto out;
	if (cmd->inside != NULL) {
		result = inside_erase(cmd, &caller);
		goto out;
	}
	if (cmd->conn != NULL) {
		const struct rotate rotation = cmd_rotation(cmd);

		result = rotate_change(&rotation, verb, &w);
	} else {
		w.stack = &cmd->stack;
		w.request = &cmd->request;
		w.deadline_ms = cmd->deadline_ms;
		result = walk_change(&w, verb, stack_verb_name(verb));
	}
	cmd_print_why(&w);
	cmd_tell_daemon(cmd);
out:
	walk_wipe(&w);
	cred_wipe(&caller);
	return result;
}

enum result
cmd_store(struct cmd *cmd)
{
	return change(cmd, STACK_STORE);
}

enum result
cmd_erase(struct cmd *cmd)
{
	return change(cmd, STACK_ERASE);
}

enum result
cmd_capability(struct cmd *cmd)
{
	static const char text[] = CRED_CAPABILITY_TEXT;

	(void)cmd;
	return result_of_errno(io_write_all(STDOUT_FILENO, text, strlen(text)));
}
