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
#include "jpath.h"
#include "log.h"
#include "num.h"

#define STATUS_TIMEOUT_S 30
#define STATUS_MAX       (4 * CLIENT_MAX_BODY)

static void
add_field(struct buf *b, const char *name, const char *value)
{
	(void)buf_addf(b, "%-17s ", name);
	(void)esc_visible(b, value, strlen(value));
	(void)buf_addc(b, '\n');
}

/* "7 h" */
static void
add_duration(struct buf *b, const char *seconds)
{
	int64_t left;

	if (num_parse(seconds, strlen(seconds), 0, INT64_MAX, &left) != 0)
		add_field(b, "ends in:", seconds);
	else if (left < 120)
		(void)buf_addf(b, "%-17s %d s\n", "ends in:", (int)left);
	else if (left < 7200)
		(void)buf_addf(b, "%-17s %d min\n",
		    "ends in:", (int)(left / 60));
	else
		(void)buf_addf(b, "%-17s %lld h\n",
		    "ends in:", (long long)(left / 3600));
}

static int
add_place(void *ctx, const char *path, const char *value)
{
	static const struct {
		const char *path;
		const char *name;
	} fields[] = {
		{ "id", "grant:" },
		{ "connections[].name", "connection:" },
		{ "connections[].roles[]", "  role:" },
		{ "hosts[].host", "host:" },
		{ "hosts[].stack", "  stack:" },
	};
	struct buf *b = ctx;
	size_t i;

	if (strcmp(path, "expires_in") == 0)
		add_duration(b, value);
	if (strcmp(path, "expose") == 0)
		add_field(b,
		    "exposed:", strcmp(value, "true") == 0 ? "yes" : "no");
	for (i = 0; i < ARRAY_LEN(fields); i++)
		if (strcmp(path, fields[i].path) == 0)
			add_field(b, fields[i].name, value);
	return 0;
}

static int
ignore(void *ctx, const char *path, const char *value)
{
	(void)ctx;
	(void)path;
	(void)value;
	return 0;
}

static void
add_member(struct buf *b, const char *name, const char *value)
{
	(void)buf_addf(b, "%s\"%s\":", b->len > 1 ? "," : "", name);
	if (value == NULL)
		(void)buf_adds(b, "null");
	else
		(void)esc_json(b, value, strlen(value));
}

/* ANSWER was found to be JSON, or is NULL: there is none. */
static void
add_json(const struct cmd *cmd, const struct buf *answer, struct buf *b)
{
	(void)buf_addc(b, '{');
	add_member(b, "tokend", cmd->inside->told);
	add_member(b, "capability_file", cmd->inside->capability_file);
	(void)buf_adds(b, ",\"grant\":");
	(void)buf_adds(b, answer != NULL ? buf_str(answer) : "null");
	(void)buf_adds(b, "}\n");
}

static void
add_people(const struct cmd *cmd, const struct buf *answer, struct buf *b)
{
	const char *file = cmd->inside->capability_file;

	add_field(b, "tokend:", cmd->inside->told);
	add_field(b, "capability:", file != NULL ? file : "-");
	if (answer != NULL)
		(void)jpath_read(buf_str(answer), answer->len, add_place, b);
}

/* Ask; what cannot be read is none. */
static enum result
ask(const struct cmd *cmd, struct client_answer *answer, struct buf *why)
{
	enum result result;

	result = sandbox_request(cmd, "GET", "/grant", NULL, answer, why);
	if (result == RESULT_SUCCESS &&
	    jpath_read(buf_str(&answer->body), answer->body.len, ignore,
		NULL) != 0) {
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
sandbox_status(struct cmd *cmd)
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
