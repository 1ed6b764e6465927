/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The daemon's part in get, token and exec: coco-tokend is asked first, and
 * told when something has changed.  Only where there is no daemon, or it says
 * that the matter is not for it, the stack is walked here.
 */
#include "coco.h"

#include <string.h>

#include "client.h"
#include "clock.h"
#include "cmd.h"
#include "log.h"

#define TELL_MS 2000

/* Whether a question may be put to another process: git's hands on what it
 * has, and that stays here. */
static bool
is_askable(const struct cmd *cmd, const struct cred *question)
{
	return !cmd->no_daemon && !cmd->for_tokend &&
	    !cred_has_secret(question) &&
	    cred_get(question, CRED_OAUTH_REFRESH_TOKEN) == NULL;
}

static int
post(const char *target, const struct cred *c, int64_t deadline_ms,
    struct client_answer *ret_answer, struct buf *why)
{
	struct buf body = BUF_INIT(CRED_MAX_MESSAGE);
	const struct client_request q = { .method = "POST",
		.target = target,
		.body = &body,
		.deadline_ms = deadline_ms };
	int r;

	r = cred_format(c, &body);
	/* there is none for such a long one */
	if (r == 0 && body.len > CLIENT_MAX_QUESTION)
		r = -ENOENT;
	if (r == 0)
		r = client_ask(&q, ret_answer, why);
	buf_wipe(&body);
	return r;
}

enum result
cmd_take_answer(const struct client_answer *answer, struct walk *w)
{
	if (cred_parse(buf_str(&answer->body), answer->body.len, &w->answer,
		&w->why) == 0 &&
	    cred_has_secret(&w->answer))
		return RESULT_SUCCESS;
	(void)buf_adds(&w->why, "coco-tokend answers what is none");
	return RESULT_ERROR;
}

/* What the answer means for W. */
static enum result
take(const struct client_answer *answer, struct walk *w)
{
	if (answer->result == RESULT_SUCCESS)
		return cmd_take_answer(answer, w);
	if (answer->result != RESULT_QUIT)
		(void)buf_add(&w->why, buf_str(&answer->body),
		    answer->body.len);
	(void)buf_addf(&w->tried, "coco-tokend: %s",
	    result_name(answer->result));
	return answer->result;
}

/* A daemon that is there and does not answer. */
static enum result
judge(int r, struct walk *w, bool *ret_is_final)
{
	*ret_is_final = r != -ENOENT && r != -EACCES;
	if (r == -EACCES) {
		/* nothing was sent; what is done here is as good */
		log_lines(buf_str(&w->why));
		log_hint("coco-tokend is not asked");
		buf_clear(&w->why);
	} else if (*ret_is_final) {
		(void)buf_adds(&w->tried, "coco-tokend: no answer");
		if (r != -EINVAL)
			(void)buf_adds(&w->why,
			    "\n--no-daemon, or COCO_TOKEND=off, does without "
			    "it");
	}
	return r == -EINVAL ? RESULT_ERROR : RESULT_UNAVAILABLE;
}

/* Ask the daemon.  *RET_IS_FINAL: whether that settles it. */
static enum result
ask(const struct cmd *cmd, const struct cred *question, struct walk *w,
    bool *ret_is_final)
{
	struct client_answer answer = CLIENT_ANSWER_INIT;
	struct buf target = BUF_INIT(512);
	enum result result;
	int r;

	(void)buf_addf(&target, "/credential/get?stack=%s", cmd->stack_name);
	r = post(buf_str(&target), question, cmd->deadline_ms, &answer,
	    &w->why);
	if (r != 0) {
		result = judge(r, w, ret_is_final);
	} else {
		*ret_is_final = answer.result != RESULT_UNSUPPORTED;
		result = *ret_is_final ? take(&answer, w) : answer.result;
	}
	buf_wipe(&answer.body);
	buf_wipe(&target);
	return result;
}

/* A sandbox's daemon is none of ours to tell, whatever the options say. */
static bool
is_sandbox(void)
{
	struct endpoint e = ENDPOINT_INIT;
	bool is = endpoint_find(&e) == 0;

	endpoint_clear(&e);
	return is;
}

enum result
cmd_obtain(struct cmd *cmd, const struct cred *question, struct walk *w)
{
	struct rotate rotation;
	enum result result;
	bool is_final = false;

	if (cmd->inside != NULL)
		return inside_obtain(cmd, question, w);
	if (is_askable(cmd, question)) {
		result = ask(cmd, question, w, &is_final);
		if (is_final)
			return result;
	}
	result = cmd_load_stack(cmd);
	if (result != RESULT_SUCCESS)
		return result;
	rotation = cmd_rotation(cmd);
	result = rotate_get(&rotation, w);
	/* the token that was there before may be dead now */
	if (w->minter != NULL && result == RESULT_SUCCESS)
		cmd_tell_daemon(cmd);
	return result;
}

void
cmd_tell_daemon(const struct cmd *cmd)
{
	static const enum cred_attr attrs[] = { CRED_PROTOCOL, CRED_HOST,
		CRED_CONNECTION };
	struct client_answer answer = CLIENT_ANSWER_INIT;
	struct buf why = BUF_INIT(1024);
	struct cred address = CRED_INIT;
	size_t i;
	int r;

	if (cmd->for_tokend || is_sandbox())
		return;
	for (i = 0; i < ARRAY_LEN(attrs); i++)
		cred_set(&address, attrs[i], cred_get(&cmd->request, attrs[i]));
	r = post("/credential/forget", &address, clock_ms() + TELL_MS, &answer,
	    &why);
	if (r != 0 && r != -ENOENT) {
		log_lines(buf_str(&why));
		log_warn("coco-tokend may still give out what it had");
		log_hint("coco-tokend reload");
	}
	buf_wipe(&answer.body);
	buf_wipe(&why);
	cred_wipe(&address);
}
