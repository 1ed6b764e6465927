/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * status: what is there for a connection, without secrets, and without asking
 * the network.
 */
#include "coco.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "cmd.h"
#include "esc.h"
#include "io.h"
#include "jsonout.h"
#include "log.h"
#include "module.h"
#include "num.h"

#define STATUS_TIMEOUT_S 30
#define STATUS_MAX       65536

/* The value of KEY in lines of "key=value"; the length goes to RET_LEN. */
static const char *
value_of(const struct buf *text, const char *key, size_t *ret_len)
{
	const char *line = buf_str(text);
	size_t key_len = strlen(key);
	size_t len;

	for (; *line != '\0'; line += len + (line[len] == '\n')) {
		len = strcspn(line, "\n");
		if (len > key_len && line[key_len] == '=' &&
		    memcmp(line, key, key_len) == 0) {
			*ret_len = len - key_len - 1;
			return line + key_len + 1;
		}
	}
	return NULL;
}

/* "2026-11-23T10:00:00Z (in 9 min)" */
static void
add_time(struct buf *b, int64_t utc)
{
	int64_t left = utc - clock_utc();
	time_t t = (time_t)utc;
	struct tm tm;
	char text[32] = "";

	if (gmtime_r(&t, &tm) != NULL)
		(void)strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	(void)buf_addf(b, "%s (", text);
	if (left < 0)
		(void)buf_adds(b, "over");
	else
		(void)clock_add_left(b, left);
	(void)buf_addc(b, ')');
}

static void
add_line(struct buf *b, const char *name, const char *value, size_t len)
{
	(void)buf_addf(b, "  %-15s ", name);
	(void)esc_visible(b, value, len);
	(void)buf_addc(b, '\n');
}

/* The time of KEY, if it has one. */
static void
add_time_line(struct buf *b, const char *name, const struct buf *text,
    const char *key)
{
	size_t len = 0;
	const char *value = value_of(text, key, &len);
	int64_t utc;

	if (value == NULL || num_parse(value, len, 1, INT64_MAX, &utc) != 0)
		return;
	(void)buf_addf(b, "  %-15s ", name);
	add_time(b, utc);
	(void)buf_addc(b, '\n');
}

/* One helper's lines for people. */
static void
add_people(struct buf *b, const struct buf *text)
{
	static const char *const plain[] = { "kind", "location", "encrypted",
		"result", "refresh_token", "token_endpoint", "client_id",
		"detail" };
	const char *value;
	size_t len = 0;
	size_t i;

	for (i = 0; i < ARRAY_LEN(plain); i++) {
		value = value_of(text, plain[i], &len);
		if (value != NULL)
			add_line(b, plain[i], value, len);
	}
	add_time_line(b, "expires", text, "password_expiry_utc");
	add_time_line(b, "login ends", text, CRED_STATE_LOGIN_ENDS);
}

/* One helper's lines as members of a JSON object. */
static void
add_json(struct buf *b, const struct buf *text)
{
	const char *line = buf_str(text);
	size_t key;
	size_t len;

	for (; *line != '\0'; line += len + (line[len] == '\n')) {
		len = strcspn(line, "\n");
		key = strcspn(line, "=");
		if (key >= len)
			continue;
		(void)buf_addc(b, ',');
		(void)esc_json(b, line, key);
		(void)buf_addc(b, ':');
		(void)esc_json(b, line + key + 1, len - key - 1);
	}
}

/* Ask one helper; foreign ones are not asked, they know no status. */
static void
add_helper(const struct cmd *cmd, const struct stack_rule *rule, struct buf *b)
{
	struct buf text = BUF_INIT(STATUS_MAX);
	struct buf why = BUF_INIT(MODULE_MAX_WHY);
	struct module_call call = { rule, "status", NULL, &cmd->request,
		cmd->deadline_ms };
	const char *name = module_name(rule);
	enum result result = RESULT_SUCCESS;

	if (module_is_ours(rule))
		result = module_query(&call, &text, &why);
	/* one that is quiet and not installed, for one, says nothing */
	if (module_is_ours(rule) && text.len == 0)
		(void)buf_addf(&text, "result=%s\n", result_name(result));
	if (cmd->json) {
		(void)buf_adds(b, "{\"helper\":");
		(void)esc_json(b, name, strlen(name));
		add_json(b, &text);
		(void)buf_addc(b, '}');
	} else {
		(void)esc_visible(b, name, strlen(name));
		(void)buf_adds(b, ":\n");
		add_people(b, &text);
	}
	log_lines(buf_str(&why));
	buf_wipe(&why);
	buf_wipe(&text);
}

static void
add_helpers(const struct cmd *cmd, struct buf *b)
{
	const struct stack_rules *rules = &cmd->stack.verb[STACK_GET];
	bool first = true;
	size_t i;

	for (i = 0; i < rules->len; i++) {
		if (rules->rule[i].kind == STACK_SUBSTACK)
			continue;
		if (cmd->json && !first)
			(void)buf_addc(b, ',');
		add_helper(cmd, &rules->rule[i], b);
		first = false;
	}
}

/* With the built-in local application a role scope is no boundary: the session
 * may switch (snowflake.md 0.6), so we do not pretend. */
static bool
role_is_enforced(const struct conn *c)
{
	return strcmp(conn_client_id(c), "LOCAL_APPLICATION") != 0;
}

static void
status_json(const struct cmd *cmd, struct buf *b)
{
	struct jsonout j = JSONOUT_INIT(b);
	const struct conn *c = cmd->conn;

	jsonout_put(&j, "{");
	jsonout_text_or_null(&j, "connection", conn_name(c));
	jsonout_text_or_null(&j, "file", conn_file(c));
	jsonout_text_or_null(&j, "host", conn_hostport(c));
	jsonout_text_or_null(&j, "user", conn_user(c));
	jsonout_text_or_null(&j, "role", cred_get(&cmd->request, CRED_ROLE));
	jsonout_flag(&j, "role_enforced", role_is_enforced(c));
	jsonout_text_or_null(&j, "authenticator", conn_authenticator(c));
	jsonout_text_or_null(&j, "stack", cmd->stack_name);
	jsonout_begin(&j, "helpers");
	jsonout_put(&j, "[");
	add_helpers(cmd, b);
	(void)buf_adds(b, "]}\n");
}

static void
add_field(struct buf *b, const char *name, const char *value)
{
	(void)buf_addf(b, "%-17s ", name);
	if (value == NULL)
		value = "-";
	(void)esc_visible(b, value, strlen(value));
	(void)buf_addc(b, '\n');
}

static void
status_people(const struct cmd *cmd, struct buf *b)
{
	const struct conn *c = cmd->conn;

	add_field(b, "connection:", conn_name(c));
	add_field(b, "file:", conn_file(c));
	add_field(b, "host:", conn_hostport(c));
	add_field(b, "user:", conn_user(c));
	add_field(b, "role:", cred_get(&cmd->request, CRED_ROLE));
	add_field(b, "role_enforced:", role_is_enforced(c) ? "yes" : "no");
	add_field(b, "authenticator:", conn_authenticator(c));
	add_field(b, "stack:", cmd->stack_name);
	add_helpers(cmd, b);
}

enum result
cmd_status(struct cmd *cmd)
{
	struct buf b = BUF_INIT(STATUS_MAX);
	enum result result;

	if (cmd->inside != NULL)
		return inside_status(cmd);
	result = cmd_prepare(cmd, NULL, STATUS_TIMEOUT_S);
	if (result != RESULT_SUCCESS)
		return result;
	if (cmd->json)
		status_json(cmd, &b);
	else
		status_people(cmd, &b);
	if (io_write_all(STDOUT_FILENO, buf_str(&b), b.len) != 0) {
		log_warn("cannot write to stdout");
		result = RESULT_ERROR;
	}
	buf_wipe(&b);
	return result;
}
