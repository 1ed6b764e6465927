/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * import: move the login that another program left behind into our store
 * (THREATS.md T19).  What is found may be hostile or stale, so nothing is
 * believed: the refresh token is redeemed once, at the connection's own
 * server, and the login that it is good for must be that of the connection's
 * user and role.  Only when the new token is stored, and read back, the source
 * is deleted.
 */
#include "coco.h"

#include <string.h>

#include "audit.h"
#include "clock.h"
#include "cmd.h"
#include "log.h"
#include "module.h"

#define IMPORT_TIMEOUT_S 60

/* Where inspect-coco keeps its logins: helpers with the verbs import and
 * import-erase. */
static const char *const sources[] = { "libsecret", "inspect-coco" };

/* One login on its way. */
struct move {
	struct cmd *cmd;
	const char *source;
	struct cred request; /* what import-erase is told */
	bool asked;          /* the server was, with this result: */
	enum result confirmed;
};

/* Run one of our helpers by NAME, outside of any stack. */
static enum result
run_helper(const struct cmd *cmd, const char *name, const char *verb,
    const struct cred *request, struct cred *answer)
{
	struct buf why = BUF_INIT(MODULE_MAX_WHY);
	struct stack_rule rule = {
		.kind = STACK_NAME, .argv = STRV_INIT, .quiet = true
	};
	const struct module_call call = { &rule, verb, NULL, request,
		cmd->deadline_ms };
	enum result result;

	strv_add(&rule.argv, name);
	result = module_run(&call, answer, &why);
	log_lines(buf_str(&why));
	strv_clear(&rule.argv);
	buf_wipe(&why);
	return result;
}

/* What rotate_make() calls with the lock held. */
static enum result
confirm(void *ctx, struct cred *ret_made)
{
	struct move *m = ctx;

	m->asked = true;
	m->confirmed = run_helper(m->cmd, "oauth", "confirm", &m->request,
	    ret_made);
	return m->confirmed;
}

/* Write down that the server was asked.  Not before what it gave is kept: a
 * slow disk must not stand between the two. */
static void
audit(const struct move *m, const struct cred *made)
{
	struct stack_rule rule = { .kind = STACK_NAME, .argv = STRV_INIT };
	const struct audit a = { .event = "refresh",
		.result = m->confirmed,
		.verb = "confirm",
		.rule = &rule,
		.request = &m->request,
		.answer = made };

	strv_add(&rule.argv, "oauth");
	if (m->asked)
		(void)audit_event(&a, NULL);
	strv_clear(&rule.argv);
}

/* Whether what was stored is what comes back. */
static bool
is_back(struct cmd *cmd, const char *token)
{
	const struct rotate rotation = cmd_rotation(cmd);
	struct walk w = WALK_INIT;
	const char *got = NULL;
	bool is;

	if (rotate_get(&rotation, &w) == RESULT_SUCCESS)
		got = cred_get(&w.answer, CRED_PASSWORD);
	is = got != NULL && token != NULL && strcmp(got, token) == 0;
	walk_wipe(&w);
	return is;
}

/* Whether the source has a login, and by now another one than was moved. */
static bool
has_newer(const struct move *m)
{
	const char *moved = cred_get(&m->request, CRED_OAUTH_REFRESH_TOKEN);
	struct cred found = CRED_INIT;
	const char *token;
	bool is;

	(void)run_helper(m->cmd, m->source, "import", &m->cmd->request, &found);
	token = cred_get(&found, CRED_OAUTH_REFRESH_TOKEN);
	is = token != NULL && strcmp(token, moved) != 0;
	cred_wipe(&found);
	return is;
}

/* Delete what was moved.  That it is not there any more is as good. */
static enum result
erase(const struct move *m)
{
	const char *name = conn_name(m->cmd->conn);
	struct cred none = CRED_INIT;
	enum result result;

	result = run_helper(m->cmd, m->source, "import-erase", &m->request,
	    &none);
	cred_wipe(&none);
	if (result == RESULT_NOT_FOUND && has_newer(m)) {
		log_warn("inspect-coco has logged in anew meanwhile: that "
			 "login stays in %s, and connection \"%s\" has the one "
			 "from before",
		    m->source, name);
		log_hint("to use the new one instead: coco-credential -c %s "
			 "logout; coco-credential -c %s import inspect-coco",
		    name, name);
	} else if (result != RESULT_SUCCESS && result != RESULT_NOT_FOUND) {
		log_warn("it could not be deleted there (%s); it is of no use "
			 "any more",
		    result_name(result));
		return result;
	}
	return RESULT_SUCCESS;
}

/* Store what was found, then delete it where it was. */
static enum result
move(struct move *m)
{
	const struct rotate rotation = cmd_rotation(m->cmd);
	const char *name = conn_name(m->cmd->conn);
	struct cred made = CRED_INIT;
	struct walk w = WALK_INIT;
	enum result result;

	result = rotate_make(&rotation, &m->request, confirm, m, &made, &w);
	cmd_tell_daemon(m->cmd);
	audit(m, &made);
	cmd_print_why(&w);
	if (result != RESULT_SUCCESS) {
		log_warn("the login that %s has for connection \"%s\" was not "
			 "moved (%s)",
		    m->source, name, result_name(result));
		goto out;
	}
	if (!is_back(m->cmd, cred_get(&made, CRED_PASSWORD))) {
		log_warn("the login was stored but cannot be read back, so it "
			 "stays in %s",
		    m->source);
		log_hint("coco-credential -c %s check", name);
		result = RESULT_ERROR;
		goto out;
	}
	log_warn("connection \"%s\" is logged in with what was in %s", name,
	    m->source);
	result = erase(m);
out:
	cred_wipe(&made);
	walk_wipe(&w);
	return result;
}

/* Look into one source; *RET_FOUND tells whether there was a login, for which
 * the result then is. */
static enum result
import_from(struct cmd *cmd, const char *source, bool *ret_found)
{
	struct move m = { .cmd = cmd, .source = source, .request = CRED_INIT };
	struct cred found = CRED_INIT;
	const char *role = cred_get(&cmd->request, CRED_ROLE);
	const char *its_role;
	enum result result;

	result = run_helper(cmd, source, "import", &cmd->request, &found);
	*ret_found = result == RESULT_SUCCESS;
	if (!*ret_found)
		goto out;
	its_role = cred_get(&found, CRED_ROLE);
	if (its_role != NULL && role != NULL && strcmp(its_role, role) != 0) {
		log_warn("the login in %s is for role %s, the connection's "
			 "role is %s; it was not touched",
		    source, its_role, role);
		result = RESULT_DENIED;
		goto out;
	}
	cred_merge(&m.request, &cmd->request);
	cred_set(&m.request, CRED_OAUTH_REFRESH_TOKEN,
	    cred_get(&found, CRED_OAUTH_REFRESH_TOKEN));
	result = move(&m);
out:
	cred_wipe(&found);
	cred_wipe(&m.request);
	return result;
}

/* A login that we have already is worth more than one that is found. */
static bool
is_logged_in(struct cmd *cmd)
{
	const struct rotate rotation = cmd_rotation(cmd);

	if (!rotate_is_logged_in(&rotation))
		return false;
	log_warn("connection \"%s\" is logged in already; nothing was moved",
	    conn_name(cmd->conn));
	log_hint("to use the other login instead: coco-credential -c %s logout",
	    conn_name(cmd->conn));
	return true;
}

enum result
cmd_import(struct cmd *cmd)
{
	enum result result;
	enum result worst = RESULT_NOT_FOUND;
	bool found = false;
	size_t i;

	if (strcmp(cmd->operand, "inspect-coco") != 0) {
		log_warn("%s: logins of that program are not known here",
		    cmd->operand);
		log_hint("coco-credential import inspect-coco");
		return RESULT_USAGE;
	}
	result = cmd_prepare(cmd, NULL, IMPORT_TIMEOUT_S);
	if (result != RESULT_SUCCESS)
		return result;
	if (cmd_login_rule(cmd) == NULL) {
		log_warn("connection \"%s\" has no login that could be moved: "
			 "its authenticator is %s",
		    conn_name(cmd->conn), conn_authenticator(cmd->conn));
		return RESULT_UNSUPPORTED;
	}
	if (is_logged_in(cmd))
		return RESULT_DENIED;
	for (i = 0; i < ARRAY_LEN(sources); i++) {
		result = import_from(cmd, sources[i], &found);
		if (found)
			return result;
		if (result == RESULT_UNAVAILABLE)
			log_warn("%s cannot be looked at here", sources[i]);
		else if (result != RESULT_NOT_FOUND)
			worst = result;
	}
	if (worst == RESULT_NOT_FOUND)
		log_warn("inspect-coco left no login for connection \"%s\"",
		    conn_name(cmd->conn));
	return worst;
}
