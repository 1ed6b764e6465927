/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The verbs in a sandbox: what is asked for goes to the daemon outside, and
 * what it says is final.  Nothing is looked up here: there is nothing here
 * that is worth it, and what there is could have been put there by anybody.
 */
#include "coco.h"

#include <string.h>

#include "client.h"
#include "clock.h"
#include "cmd.h"
#include "esc.h"
#include "log.h"

/* As much of a reason of the daemon's as a message takes. */
#define MAX_REASON 1024

/* The connection that option or environment name, or NULL. */
static const char *
connection_of(const struct cmd *cmd)
{
	const char *from;

	return cmd->connection != NULL ? cmd->connection :
					 conn_environment_name(&from);
}

/* Set ATTR of the request to what the option says.  Returns whether the caller
 * did not say something else. */
static bool
set_asked(struct cmd *cmd, enum cred_attr attr, const char *option)
{
	const char *asked = cred_get(&cmd->request, attr);

	if (asked != NULL && option != NULL && strcmp(asked, option) != 0)
		return false;
	if (option != NULL)
		cred_set(&cmd->request, attr, option);
	return true;
}

enum result
inside_select(struct cmd *cmd, const struct cred *caller)
{
	const char *name = cmd->connection;

	if (caller != NULL)
		cred_merge(&cmd->request, caller);
	else
		name = connection_of(cmd);
	if (!set_asked(cmd, CRED_CONNECTION, name) ||
	    !set_asked(cmd, CRED_ROLE, cmd->role))
		return RESULT_NOT_FOUND;
	return RESULT_SUCCESS;
}

/* --- asking --------------------------------------------------------------- */

/* The capability goes to B.  A grant's socket may want none. */
static enum result
read_capability(const struct cmd *cmd, struct buf *b, struct buf *why)
{
	struct buf note = BUF_INIT(MAX_REASON);
	int r = endpoint_capability(cmd->inside, b, &note);

	if (r == 0 && note.len != 0)
		log_warn("%s", buf_str(&note));
	if (r != 0) {
		(void)buf_adds(why, buf_str(&note));
		(void)buf_adds(why,
		    "\nhint: it is what coco-tokend grant "
		    "--capability-file wrote on the host; it must be yours, "
		    "mode 600");
	}
	buf_wipe(&note);
	return r == 0 ? RESULT_SUCCESS : RESULT_DENIED;
}

enum result
inside_request(const struct cmd *cmd, const char *method, const char *target,
    const struct buf *body, struct client_answer *ret_answer, struct buf *why)
{
	struct buf capability = BUF_INIT(ENDPOINT_CAPABILITY_LEN + 1);
	const struct client_request q = { .method = method,
		.target = target,
		.body = body,
		.deadline_ms = cmd->deadline_ms,
		.endpoint = cmd->inside };
	struct client_request shown = q;
	enum result result;

	result = read_capability(cmd, &capability, why);
	if (result != RESULT_SUCCESS)
		goto out;
	shown.capability = buf_str(&capability);
	if (client_ask(&shown, ret_answer, why) == 0) {
		result = ret_answer->result;
		goto out;
	}
	(void)buf_adds(why,
	    "\nhint: COCO_TOKEND says that it is there, and nothing else is "
	    "asked in a sandbox; a grant that is revoked has no socket; on the "
	    "host: coco-tokend grants");
	result = RESULT_UNAVAILABLE;
out:
	buf_wipe(&capability);
	return result;
}

/* Append what to do on the host, "coco-tokend grant --connection dev". */
static void
add_grant_command(const struct cred *question, struct buf *b)
{
	const char *connection = cred_get(question, CRED_CONNECTION);
	const char *role = cred_get(question, CRED_ROLE);
	const char *host = cred_get(question, CRED_HOST);

	(void)buf_adds(b, "coco-tokend grant ");
	if (connection == NULL && host != NULL)
		(void)buf_addf(b, "--host %s --stack NAME", host);
	else
		(void)buf_addf(b, "--connection %s",
		    connection != NULL ? connection : "NAME");
	if (role != NULL)
		(void)buf_addf(b, " --role %s", role);
}

/* The daemon's own words, which are for people. */
static void
add_reason(const struct client_answer *answer, struct buf *why)
{
	struct buf text = BUF_INIT(4 * MAX_REASON + 1);
	size_t len = strcspn(buf_str(&answer->body), "\r\n");

	(void)esc_visible(&text, buf_str(&answer->body),
	    len < MAX_REASON ? len : MAX_REASON);
	(void)buf_addf(why, "coco-tokend: %s",
	    text.len != 0 ? buf_str(&text) : result_name(answer->result));
	buf_wipe(&text);
}

/* Whether the line that is shown says itself what to do. */
static bool
has_command(const struct client_answer *answer)
{
	const char *text = buf_str(&answer->body);
	const char *at = strstr(text, CLIENT_ON_HOST);

	return at != NULL && at < text + strcspn(text, "\r\n");
}

/* What an answer that is none means, and what to do about it. */
static void
add_failure(const struct client_answer *answer, const struct cred *question,
    struct buf *why)
{
	const char *connection = cred_get(question, CRED_CONNECTION);

	add_reason(answer, why);
	if (has_command(answer))
		return;
	if (answer->result == RESULT_DENIED) {
		(void)buf_adds(why,
		    "\nhint: the grant of this sandbox may be over, paused or "
		    "revoked; on the host: coco-tokend grants, and for a new "
		    "one ");
		add_grant_command(question, why);
	} else if (answer->result == RESULT_EXPIRED) {
		(void)buf_addf(why,
		    "\nhint: on the host: coco-credential%s%s login",
		    connection != NULL ? " -c " : "",
		    connection != NULL ? connection : "");
	}
}

static enum result
post(const struct cmd *cmd, const char *target, const struct cred *question,
    struct client_answer *ret_answer, struct buf *why)
{
	struct buf body = BUF_INIT(CLIENT_MAX_QUESTION);
	enum result result = RESULT_ERROR;
	int r;

	r = cred_format(question, &body);
	if (r == 0)
		result = inside_request(cmd, "POST", target, &body, ret_answer,
		    why);
	else
		(void)buf_addf(why, "the request is refused: %s",
		    r == -EMSGSIZE ? "it is too long for coco-tokend" :
				     "a value does not fit into a line");
	buf_wipe(&body);
	return result;
}

/* Only the question: no part of an answer, which the caller may have of its
 * own, and no helper's notes. */
static void
make_question(const struct cred *from, struct cred *ret_question)
{
	static const enum cred_attr asks[] = { CRED_PROTOCOL, CRED_HOST,
		CRED_PATH, CRED_USERNAME, CRED_CONNECTION, CRED_ROLE };
	size_t i;

	for (i = 0; i < ARRAY_LEN(asks); i++)
		cred_set(ret_question, asks[i], cred_get(from, asks[i]));
	if ((cred_capabilities(from) & CRED_CAN_AUTHTYPE) != 0)
		cred_add(ret_question, CRED_CAPABILITY, "authtype");
	for (i = 0; i < from->list[CRED_WWWAUTH].len; i++)
		cred_add(ret_question, CRED_WWWAUTH,
		    from->list[CRED_WWWAUTH].v[i]);
}

/* What the answer means for W. */
static enum result
take(const struct client_answer *answer, const struct cred *question,
    struct walk *w)
{
	enum result result;

	switch (answer->result) {
	case RESULT_SUCCESS:
		result = cmd_take_answer(answer, w);
		/* no daemon of ours sends these */
		cred_set(&w->answer, CRED_OAUTH_REFRESH_TOKEN, NULL);
		cred_clear_list(&w->answer, CRED_STATE);
		return result;
	case RESULT_NOT_FOUND:
	case RESULT_QUIT:
		/* nothing to say to git */
		break;
	default:
		add_failure(answer, question, &w->why);
	}
	return answer->result;
}

enum result
inside_obtain(const struct cmd *cmd, const struct cred *question,
    struct walk *w)
{
	struct client_answer answer = CLIENT_ANSWER_INIT;
	struct cred asked = CRED_INIT;
	enum result result;
	bool is_default;

	make_question(question, &asked);
	is_default = cred_get(&asked, CRED_CONNECTION) == NULL &&
	    cred_get(&asked, CRED_HOST) == NULL;
	result = post(cmd,
	    is_default ? "/credential/get?default=1" : "/credential/get",
	    &asked, &answer, &w->why);
	if (answer.status != 0)
		result = take(&answer, &asked, w);
	buf_wipe(&answer.body);
	cred_wipe(&asked);
	return result;
}

void
inside_explain(const struct cmd *cmd, enum result result, const struct walk *w)
{
	const char *name = cred_get(&cmd->request, CRED_CONNECTION);
	const char *role = cred_get(&cmd->request, CRED_ROLE);
	struct buf command = BUF_INIT(MAX_REASON);

	log_warn("no token for %s%s%s%s%s: %s",
	    name != NULL ? "connection \"" : "the default connection",
	    name != NULL ? name : "", name != NULL ? "\"" : "",
	    role != NULL ? ", role " : "", role != NULL ? role : "",
	    result_name(result));
	if (result == RESULT_NOT_FOUND) {
		add_grant_command(&cmd->request, &command);
		log_hint("coco-credential status shows what this sandbox may "
			 "have; on the host: %s",
		    buf_str(&command));
	} else if (result == RESULT_UNAVAILABLE && w->why.len == 0) {
		log_hint("try again later");
	}
	buf_wipe(&command);
}

enum result
inside_erase(struct cmd *cmd, const struct cred *caller)
{
	struct client_answer answer = CLIENT_ANSWER_INIT;
	struct buf why = BUF_INIT(WALK_MAX_WHY);
	struct cred rejected = CRED_INIT;
	enum result result;

	make_question(&cmd->request, &rejected);
	/* the daemon compares them with what it gave out */
	cred_set(&rejected, CRED_PASSWORD, cred_get(caller, CRED_PASSWORD));
	cred_set(&rejected, CRED_CREDENTIAL, cred_get(caller, CRED_CREDENTIAL));
	result = post(cmd, "/credential/erase", &rejected, &answer, &why);
	if (answer.status != 0 && result != RESULT_SUCCESS)
		add_failure(&answer, &rejected, &why);
	log_lines(buf_str(&why));
	buf_wipe(&answer.body);
	buf_wipe(&why);
	cred_wipe(&rejected);
	return result;
}

/* --- what only a host has ------------------------------------------------- */

enum result
inside_refuse(const struct cmd *cmd, const char *verb)
{
	bool is_of_all = strcmp(verb, "list") == 0 ||
	    strcmp(verb, "fingerprints") == 0;
	const char *name = is_of_all ? NULL : connection_of(cmd);
	const char *role = is_of_all ? NULL : cmd->role;

	log_warn("%s: this is a sandbox (COCO_TOKEND is %s), and no "
		 "credential is kept here",
	    verb, cmd->inside->told);
	log_hint("on the host: coco-credential%s%s%s%s %s%s%s",
	    name != NULL ? " -c " : "", name != NULL ? name : "",
	    role != NULL ? " --role " : "", role != NULL ? role : "", verb,
	    cmd->operand != NULL ? " " : "",
	    cmd->operand != NULL ? cmd->operand : "");
	return RESULT_UNSUPPORTED;
}
