/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * status and check in a sandbox: what the daemon says that it may have
 * (GET /grant).
 */
#include "coco.h"

#include <string.h>
#include <unistd.h>

#include "cmd.h"
#include "esc.h"
#include "io.h"
#include "jsonout.h"
#include "log.h"

#define STATUS_TIMEOUT_S 30
#define STATUS_MAX       (4 * CLIENT_MAX_BODY)

static void
add_field(struct buf *b, const char *name, const char *value)
{
	(void)buf_addf(b, "%-17s ", name);
	(void)esc_visible(b, value, strlen(value));
	(void)buf_addc(b, '\n');
}

/* ANSWER is an object, or NULL: there is none. */
static void
add_json(const struct cmd *cmd, const struct buf *answer, struct buf *b)
{
	struct jsonout j = JSONOUT_INIT(b);

	jsonout_put(&j, "{");
	jsonout_text_or_null(&j, "tokend", cmd->inside->told);
	jsonout_text_or_null(&j, "capability_file",
	    cmd->inside->capability_file);
	jsonout_begin(&j, "grant");
	jsonout_put(&j, answer != NULL ? buf_str(answer) : "null");
	jsonout_put(&j, "}\n");
}

/* ANSWER are lines, whoever wrote them; NULL: there are none. */
static void
add_people(const struct cmd *cmd, const struct buf *answer, struct buf *b)
{
	const char *file = cmd->inside->capability_file;
	const char *at = answer != NULL ? buf_str(answer) : "";
	size_t len;

	add_field(b, "tokend:", cmd->inside->told);
	add_field(b, "capability:", file != NULL ? file : "-");
	for (; *at != '\0'; at += len + (at[len] == '\n' ? 1 : 0)) {
		len = strcspn(at, "\n");
		(void)esc_visible(b, at, len);
		(void)buf_addc(b, '\n');
	}
}

/* Whether ANSWER can be what was asked for: an object in one line, to be put
 * into another, or the lines of a grant. */
static bool
is_grant(const struct buf *answer, bool json)
{
	const char *text = buf_str(answer);
	size_t i;

	if (!json)
		return strncmp(text, "grant:", 6) == 0;
	for (i = 0; i < answer->len; i++)
		if ((unsigned char)text[i] < 0x20)
			return false;
	return answer->len >= 2 && text[0] == '{' &&
	    text[answer->len - 1] == '}';
}

static enum result
ask(const struct cmd *cmd, struct client_answer *answer, struct buf *why)
{
	enum result result;

	result = inside_request(cmd, "GET",
	    cmd->json ? "/grant" : "/grant?form=text", NULL, answer, why);
	if (result == RESULT_SUCCESS && !is_grant(&answer->body, cmd->json)) {
		(void)buf_adds(why, "coco-tokend answers what is none");
		result = RESULT_ERROR;
	} else if (result != RESULT_SUCCESS && answer->status != 0) {
		(void)buf_addf(why,
		    "coco-tokend does not say what this sandbox may have: %s",
		    result_name(result));
		if (result == RESULT_DENIED)
			(void)buf_adds(why,
			    "\nhint: its grant may be over, paused or "
			    "revoked, or the capability is missing; on the "
			    "host: coco-tokend grants");
	}
	return result;
}

enum result
inside_status(struct cmd *cmd)
{
	struct client_answer answer = CLIENT_ANSWER_INIT;
	struct buf why = BUF_INIT(WALK_MAX_WHY);
	struct buf b = BUF_INIT(STATUS_MAX);
	const struct buf *body;
	enum result result;

	cmd_restart_clock(cmd, STATUS_TIMEOUT_S);
	result = ask(cmd, &answer, &why);
	body = result == RESULT_SUCCESS ? &answer.body : NULL;
	if (cmd->json)
		add_json(cmd, body, &b);
	else
		add_people(cmd, body, &b);
	if (io_write_all(STDOUT_FILENO, buf_str(&b), b.len) != 0) {
		log_warn("cannot write to stdout");
		result = RESULT_ERROR;
	}
	log_lines(buf_str(&why));
	buf_wipe(&b);
	buf_wipe(&why);
	buf_wipe(&answer.body);
	return result;
}
