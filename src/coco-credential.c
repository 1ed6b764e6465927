/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * coco-credential: the front end.  It parses the command line and calls the
 * verb; cmd.h has the rest.  It links libc only.
 */
#include "coco.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ascii.h"
#include "cmd.h"
#include "io.h"
#include "log.h"
#include "mem.h"
#include "num.h"
#include "opt.h"
#include "proc.h"
#include "usage.h"

#define TIMEOUT_MAX_S 86400

enum {
	OPT_STACK = OPT_LONG,
	OPT_ROLE,
	OPT_FORMAT,
	OPT_TIMEOUT,
	OPT_NO_DAEMON,
	OPT_FOR_TOKEND,
	OPT_JSON,
	OPT_NO_BROWSER,
	OPT_PASTE,
	OPT_DEVICE,
	OPT_ENV,
	OPT_WATCH
};

/* The verb that ends the options: what follows it is a command. */
#define EXEC "exec"

/* The verbs with an operand. */
#define IMPORT     "import"
#define TOKEN_FILE "token-file"

static const struct opt opts[] = { { 'c', "connection", "NAME",
				       "the connection of connections.toml" },
	{ OPT_STACK, "stack", "NAME", "the stack of helpers to walk" },
	{ OPT_ROLE, "role", "ROLE", "the role, instead of the connection's" },
	{ OPT_FORMAT, "format", "FORM", "git, token, json or header" },
	{ OPT_TIMEOUT, "timeout", "SECONDS", "give up after so long" },
	{ OPT_NO_DAEMON, "no-daemon", NULL, "work here, ask no coco-tokend" },
	{ OPT_FOR_TOKEND, "for-tokend", NULL,
	    "get: give no refresh token (coco-tokend uses this)" },
	{ 'n', "no-newline", NULL, "token, get: print no newline" },
	{ OPT_JSON, "json", NULL, "status, list: print JSON" },
	{ OPT_NO_BROWSER, "no-browser", NULL, "login: print the URL" },
	{ OPT_PASTE, "paste", NULL,
	    "login: take the redirected URL from the terminal" },
	{ OPT_DEVICE, "device", NULL,
	    "login: print a code to enter on another device" },
	{ OPT_ENV, "env", NULL,
	    "exec: put the token into the environment, too" },
	{ OPT_WATCH, "watch", NULL, "token-file: stay, and keep it fresh" },
	OPT_COMMON };

static const struct verb {
	const char *name;
	/* cppcheck-suppress unusedStructMember; OPT_VERBS() reads it */
	const char *help;
	enum result (*run)(struct cmd *);
	bool is_for_host;    /* not in a sandbox */
	const char *missing; /* what to say without an operand; NULL: none */
} verbs[] = {
	{ "get", "answer a request on stdin (git credential protocol)", cmd_get,
	    false, NULL },
	{ "store", "keep the credential on stdin", cmd_store, false, NULL },
	{ "erase", "forget what matches the request on stdin", cmd_erase, false,
	    NULL },
	{ "capability", "print what get, store and erase can do",
	    cmd_capability, false, NULL },
	{ "login", "log in to the connection, once", cmd_login, true, NULL },
	{ "logout", "remove what login stored", cmd_logout, true, NULL },
	{ "token", "print a live token of the connection", cmd_token, false,
	    NULL },
	{ TOKEN_FILE, "write a live token of the connection into a file",
	    cmd_token_file, false,
	    "token-file: where to? coco-credential token-file PATH" },
	{ EXEC, "run a command with a live token in files", cmd_exec, false,
	    NULL },
	{ "status", "show what is stored, without secrets", cmd_status, false,
	    NULL },
	{ "list", "show what is stored where, without secrets", cmd_list, true,
	    NULL },
	{ "check", "show connection and stack, and what is wrong with them",
	    cmd_check, false, NULL },
	{ "fingerprints",
	    "print what coco-deploy looks for secrets by, but none of them",
	    cmd_fingerprints, true, NULL },
	{ IMPORT, "move the login that inspect-coco left into our store",
	    cmd_import, true,
	    "import: from where? coco-credential import inspect-coco" },
};

/* Options that are not part of struct cmd. */
struct options {
	struct cmd *cmd;
	struct buf why;
	bool help;
	bool version;
};

static int
bad(struct options *o, const char *what, const char *value)
{
	(void)buf_addf(&o->why, "%s: %s", value, what);
	return -EINVAL;
}

/* A role travels in lines, and an empty one would be neither the connection's
 * nor none. */
static int
set_role(struct options *o, const char *value)
{
	if (value[0] != '\0' && !ascii_has_control(value)) {
		o->cmd->role = value;
		return 0;
	}
	(void)buf_adds(&o->why,
	    value[0] == '\0' ?
		"--role is empty; leave it out for the connection's role" :
		"--role must not hold control characters");
	return -EINVAL;
}

static int
set_value(struct options *o, int id, const char *value)
{
	struct cmd *cmd = o->cmd;

	switch (id) {
	case 'c':
		cmd->connection = value;
		break;
	case OPT_STACK:
		if (!stack_is_name(value))
			return bad(o, "is no stack name", value);
		cmd->stack_name = value;
		break;
	case OPT_ROLE:
		return set_role(o, value);
	case OPT_FORMAT:
		if (!output_parse(value, &cmd->format))
			return bad(o,
			    "is no format; use git, token, json or "
			    "header",
			    value);
		cmd->format_given = true;
		break;
	case OPT_TIMEOUT:
		if (num_parse(value, strlen(value), 1, TIMEOUT_MAX_S,
			&cmd->timeout_s) != 0)
			return bad(o,
			    "is no number of seconds from 1 to "
			    "86400",
			    value);
		break;
	default:
		return -EINVAL;
	}
	return 0;
}

static int
on_option(void *ctx, int id, const char *value)
{
	struct options *o = ctx;

	switch (id) {
	case 'n':
		o->cmd->no_newline = true;
		break;
	case OPT_NO_DAEMON:
		o->cmd->no_daemon = true;
		break;
	case OPT_FOR_TOKEND:
		o->cmd->for_tokend = true;
		break;
	case OPT_JSON:
		o->cmd->json = true;
		break;
	case OPT_NO_BROWSER:
		o->cmd->no_browser = true;
		break;
	case OPT_PASTE:
		o->cmd->paste = true;
		break;
	case OPT_DEVICE:
		o->cmd->device = true;
		break;
	case OPT_ENV:
		o->cmd->env = true;
		break;
	case OPT_WATCH:
		o->cmd->watch = true;
		break;
	case OPT_HELP:
		o->help = true;
		break;
	case OPT_VERSION:
		o->version = true;
		break;
	default:
		return set_value(o, id, value);
	}
	return 0;
}

static const struct verb *
find_verb(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(verbs); i++)
		if (strcmp(verbs[i].name, name) == 0)
			return &verbs[i];
	return NULL;
}

/* Run V, here or, where this is a sandbox and nobody says otherwise, by its
 * daemon. */
static int
run(const struct verb *v, struct cmd *cmd)
{
	struct endpoint endpoint = ENDPOINT_INIT;
	enum result result;
	int r = -ENOENT;

	if (!cmd->no_daemon && !cmd->for_tokend)
		r = endpoint_find(&endpoint);
	if (r == -EINVAL) {
		log_warn(ENDPOINT_NOT_UNDERSTOOD);
		return result_exit(RESULT_ERROR);
	}
	if (r == 0)
		cmd->inside = &endpoint;
	if (cmd->inside != NULL && v->is_for_host)
		result = inside_refuse(cmd, v->name);
	else
		result = v->run(cmd);
	cmd->inside = NULL;
	cmd_release(cmd);
	endpoint_clear(&endpoint);
	return cmd->status >= 0 ? cmd->status : result_exit(result);
}

static int
run_verb(const struct opt_spec *spec, struct cmd *cmd, char **words, int count)
{
	const struct verb *v = find_verb(words[0]);

	if (v != NULL && v->missing != NULL && count == 2)
		cmd->operand = words[1];
	else
		v = find_verb(words[count - 1]);
	if (v != NULL && strcmp(v->name, EXEC) == 0 && cmd->command == NULL)
		return usage_refuse(spec, "exec: a command is missing");
	if (v != NULL && v->missing != NULL &&
	    (cmd->operand == NULL || cmd->operand[0] == '\0'))
		return usage_refuse(spec, v->missing);
	if (v != NULL)
		return run(v, cmd);
	/* git appends one verb to what is written down: more words are a
	 * mistake that must not look like an empty success */
	if (count > 1)
		return usage_refuse(spec, "one verb is enough");
	/* git's rule for verbs to come; but a person deserves an answer */
	if (isatty(STDIN_FILENO) && isatty(STDERR_FILENO))
		return usage_refuse(spec, "no such verb");
	return 0;
}

/*
 * Parse the options.  When the first operand is exec, they end there; what
 * follows, without a "--", is the command.
 */
static int
parse(const struct opt_spec *spec, int argc, char **argv, struct options *o,
    int *ret_first, int *ret_count)
{
	int end = opt_find_operand(spec, argc, argv);
	int r;

	if (end == argc || strcmp(argv[end], EXEC) != 0) {
		end = argc;
	} else if (++end < argc) {
		o->cmd->command = argv + end;
		if (strcmp(argv[end], "--") == 0)
			o->cmd->command++;
		else if (argv[end][0] == '-')
			return bad(o, "options go before exec", argv[end]);
		if (o->cmd->command[0] == NULL)
			o->cmd->command = NULL;
	}
	r = opt_parse(spec, end, argv, on_option, o, &o->why, ret_first);
	if (r == 0)
		*ret_count = end - *ret_first;
	return r;
}

int
main(int argc, char **argv)
{
	struct cmd cmd = { .request = CRED_INIT,
		.stack = STACK_INIT,
		.stack_file = BUF_INIT(WALK_MAX_WHY),
		.status = -1 };
	struct options o = { &cmd, BUF_INIT(1024), false, false };
	const struct opt_spec spec = { "coco-credential",
		"[options] verb [command]",
		"Get, keep and forget credentials; log in to Snowflake once "
		"and get live tokens.",
		opts, OPT_VERBS(verbs), "coco-credential(1) is the manual." };
	int first = 0;
	int count = 0;
	int status;

	mem_protect();
	proc_init();
	log_init("coco-credential");
	if (parse(&spec, argc, argv, &o, &first, &count) != 0)
		status = usage_refuse(&spec, buf_str(&o.why));
	else if (o.help || o.version)
		status = usage_show(&spec, o.help);
	else if (count == 0)
		status = usage_refuse(&spec, "a verb is missing");
	else
		status = run_verb(&spec, &cmd, argv + first, count);
	buf_wipe(&o.why);
	return status;
}
