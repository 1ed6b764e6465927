/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * check: print what a connection and its stack resolve to, and what is wrong
 * with them, without using any of it.
 */
#include "coco.h"

#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "audit.h"
#include "cmd.h"
#include "esc.h"
#include "io.h"
#include "log.h"
#include "module.h"
#include "path.h"

#define CHECK_TIMEOUT_S 30
#define CHECK_MAX       65536

static void
add_field(struct buf *b, const char *name, const char *value)
{
	if (value == NULL)
		return;
	(void)buf_addf(b, "%-17s ", name);
	(void)esc_visible(b, value, strlen(value));
	(void)buf_addc(b, '\n');
}

static const char *
action_name(int action)
{
	static const char *const names[] = { "ignore", "ok", "done", "bad",
		"die", "reset" };

	return action <= 0 ? names[-action] : NULL;
}

/* The action that most results have. */
static int
usual_action(const struct stack_rule *rule)
{
	size_t most = 0;
	int usual = 0;
	size_t i;

	for (i = 0; i < RESULT_COUNT; i++) {
		size_t count = 0;
		size_t k;

		for (k = 0; k < RESULT_COUNT; k++)
			if (rule->action[k] == rule->action[i])
				count++;
		if (count > most) {
			most = count;
			usual = rule->action[i];
		}
	}
	return usual;
}

/* The control by its name, or in its long form. */
static void
add_control(struct buf *b, const struct stack_rule *rule)
{
	const char *name = stack_control_name(rule);
	int usual;
	size_t i;

	if (name != NULL) {
		(void)buf_addf(b, "%-10s", name);
		return;
	}
	usual = usual_action(rule);
	(void)buf_addc(b, '[');
	for (i = 0; i < RESULT_COUNT; i++) {
		if (rule->action[i] == usual)
			continue;
		(void)buf_addf(b, "%s=", result_name((enum result)i));
		if (rule->action[i] > 0)
			(void)buf_addf(b, "%d ", rule->action[i]);
		else
			(void)buf_addf(b, "%s ", action_name(rule->action[i]));
	}
	if (usual > 0)
		(void)buf_addf(b, "default=%d]", usual);
	else
		(void)buf_addf(b, "default=%s]", action_name(usual));
}

/* One rule, and whether its helper could run. */
static void
add_rule(struct buf *b, enum stack_verb v, const struct stack_rule *rule,
    size_t *faults)
{
	struct buf why = BUF_INIT(MODULE_MAX_WHY);
	size_t i;

	(void)buf_addf(b, "  %*s%s%-*s ", rule->level * 2, "",
	    rule->quiet ? "-" : "", rule->quiet ? 5 : 6, stack_verb_name(v));
	if (rule->kind == STACK_SUBSTACK) {
		(void)buf_adds(b, "substack\n");
		return;
	}
	add_control(b, rule);
	(void)buf_adds(b, rule->kind == STACK_SHELL ? " !" : " ");
	for (i = 0; i < rule->argv.len; i++) {
		(void)buf_adds(b, i != 0 ? " " : "");
		(void)esc_visible(b, rule->argv.v[i], strlen(rule->argv.v[i]));
	}
	(void)buf_addc(b, '\n');
	if (module_check(rule, stack_verb_name(v), &why) != 0) {
		log_warn("%s", buf_str(&why));
		++*faults;
	}
	buf_wipe(&why);
}

static void
add_stack(struct buf *b, const struct stack *stack, size_t *faults)
{
	size_t v;
	size_t i;

	for (v = 0; v < STACK_VERBS; v++)
		for (i = 0; i < stack->verb[v].len; i++)
			add_rule(b, (enum stack_verb)v, &stack->verb[v].rule[i],
			    faults);
}

static void
add_connection(struct buf *b, const struct cmd *cmd)
{
	const struct conn *c = cmd->conn;

	add_field(b, "connection:", conn_name(c));
	add_field(b, "chosen by:", conn_name_source(c));
	add_field(b, "file:", conn_file(c));
	add_field(b, "account:", conn_account(c));
	add_field(b, "url:", conn_origin(c));
	add_field(b, "user:", conn_user(c));
	add_field(b, "role:", cred_get(&cmd->request, CRED_ROLE));
	add_field(b, "authenticator:", conn_authenticator(c));
	add_field(b, "token endpoint:", conn_token_origin(c));
	add_field(b, "client id:", conn_client_id(c));
}

/* What can be seen to be wrong with the connection as such. */
static void
judge(const struct conn *c, size_t *faults)
{
	if (conn_token_origin(c) == NULL) {
		log_warn("oauth_token_request_url is no https URL");
		++*faults;
	}
	if (conn_get(c, "token") != NULL &&
	    conn_get(c, "token_file_path") != NULL) {
		log_warn("both token and token_file_path are set; drivers "
			 "differ in which they take");
		++*faults;
	}
	*faults += conn_warnings(c)->len;
}

static void
judge_stack(const struct cmd *cmd, size_t *faults)
{
	if (strncmp(buf_str(&cmd->stack_file), "built-in other", 14) == 0 &&
	    strcmp(cmd->stack_name, "other") != 0) {
		log_warn("there is no stack \"%s\": \"other\" is used",
		    cmd->stack_name);
		++*faults;
	}
	if (cmd->stack.verb[STACK_GET].len == 0) {
		log_warn("the stack has no get rule");
		++*faults;
	}
}

/* Whether what happens could be written down. */
static void
judge_audit(size_t *faults)
{
	struct buf why = BUF_INIT(AUDIT_MAX_WHY);

	if (audit_check(&why) != 0) {
		log_warn("%s", buf_str(&why));
		++*faults;
	}
	buf_wipe(&why);
}

enum result
cmd_check(struct cmd *cmd)
{
	struct buf b = BUF_INIT(CHECK_MAX);
	const struct cred nothing = CRED_INIT;
	enum result result;
	size_t faults = 0;
	/* who uses git alone has a stack, and no connection */
	bool alone = cmd->stack_name != NULL && cmd->connection == NULL;

	if (cmd->inside != NULL)
		return inside_status(cmd);
	result = cmd_prepare(cmd, alone ? &nothing : NULL, CHECK_TIMEOUT_S);
	if (cmd->conn != NULL)
		add_connection(&b, cmd);
	if (result == RESULT_SUCCESS) {
		add_field(&b, "stack:", cmd->stack_name);
		add_field(&b, "from:", buf_str(&cmd->stack_file));
		add_stack(&b, &cmd->stack, &faults);
		if (cmd->conn != NULL)
			judge(cmd->conn, &faults);
		judge_stack(cmd, &faults);
		judge_audit(&faults);
	}
	if (io_write_all(STDOUT_FILENO, buf_str(&b), b.len) != 0) {
		log_warn("cannot write to stdout");
		result = RESULT_ERROR;
	}
	buf_wipe(&b);
	if (result != RESULT_SUCCESS)
		return result;
	if (faults == 0)
		return RESULT_SUCCESS;
	log_warn("%zu %s found", faults, faults == 1 ? "fault" : "faults");
	return RESULT_ERROR;
}
