/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <limits.h>
#include <string.h>

#include "audit.h"
#include "clock.h"
#include "module.h"
#include "path.h"
#include "policy.h"
#include "proc.h"

bool
module_is_ours(const struct stack_rule *rule)
{
	return rule->kind == STACK_NAME;
}

bool
module_mints(const struct stack_rule *rule)
{
	return !module_is_ours(rule) || strcmp(rule->argv.v[0], "oauth") == 0;
}

bool
module_is_store(const struct stack_rule *rule)
{
	static const char *const stores[] = { "file", "sealed", "libsecret" };
	size_t i;

	if (!module_is_ours(rule))
		return false;
	for (i = 0; i < ARRAY_LEN(stores); i++)
		if (strcmp(rule->argv.v[0], stores[i]) == 0)
			return true;
	return false;
}

bool
module_disturbs(const struct stack_rule *rule)
{
	/* abbreviated as far as getopt_long() takes it */
	return stack_has_option(rule, "key-co") ||
	    stack_has_option(rule, "passphrase-c") ||
	    stack_has_option(rule, "passphrase-t");
}

int
module_ident(const struct stack_rule *rule, struct buf *b)
{
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < rule->argv.len; i++)
		r = buf_addf(b, "%s%s", i != 0 ? " " : "", rule->argv.v[i]);
	return r;
}

bool
module_is_home(const struct stack_rule *rule, const char *ident)
{
	struct buf b = BUF_INIT(MODULE_MAX_IDENT);
	bool is;

	is = module_is_store(rule) && module_ident(rule, &b) == 0 &&
	    buf_equals(&b, ident);
	buf_wipe(&b);
	return is;
}

const char *
module_name(const struct stack_rule *rule)
{
	return rule->argv.v[0];
}

/* Append the path of a helper's executable. */
static int
find_executable(const struct stack_rule *rule, struct buf *path)
{
	int r;

	if (rule->kind == STACK_SHELL)
		return buf_adds(path, "/bin/sh");
	if (rule->kind == STACK_PATH)
		return buf_adds(path, rule->argv.v[0]);
	r = path_libexec(path);
	if (r != 0)
		return r;
	return buf_addf(path, "/coco-credential-%s", rule->argv.v[0]);
}

static void
make_argv(const struct module_call *call, const char *path, struct strv *argv)
{
	const struct stack_rule *rule = call->rule;
	size_t i;

	strv_add(argv, path);
	if (rule->kind == STACK_SHELL) {
		/* as git: the verb is appended to the text */
		strv_add(argv, "-c");
		strv_addf(argv, "%s %s", rule->argv.v[0], call->verb);
		return;
	}
	for (i = 1; i < rule->argv.len; i++)
		strv_add(argv, rule->argv.v[i]);
	if (call->options != NULL)
		strv_add_all(argv, call->options);
	strv_add(argv, call->verb);
}

/* Attributes that are ours alone. */
static const enum cred_attr own[] = { CRED_CONNECTION, CRED_ROLE,
	CRED_AUTHENTICATOR, CRED_TOKEN_TYPE, CRED_ISSUED_UTC };

static void
make_foreign(struct cred *c)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(own); i++)
		cred_set(c, own[i], NULL);
	cred_drop_our_states(c);
}

static int
format_request(const struct module_call *call, struct buf *text)
{
	struct cred request = CRED_INIT;
	int r;

	cred_merge(&request, call->request);
	if (!module_is_ours(call->rule)) {
		make_foreign(&request);
	} else {
		cred_add(&request, CRED_CAPABILITY, CRED_WHOLE);
		if (!cred_has(&request, CRED_CAPABILITY, "state"))
			cred_add(&request, CRED_CAPABILITY, "state");
	}
	r = cred_format(&request, text);
	if (r == 0)
		r = buf_addc(text, '\n');
	cred_wipe(&request);
	return r;
}

/* Say why it could not be run, unless the rule asks for silence. */
static enum result
cannot_run(const struct module_call *call, const char *path, int r,
    struct buf *why)
{
	const char *name = module_name(call->rule);

	if (r == -ETIMEDOUT)
		(void)buf_addf(why, "helper %s did not answer in time", name);
	else if (r == -EMSGSIZE)
		(void)buf_addf(why, "helper %s answered more than 1 MiB", name);
	else if (r == -EBADMSG)
		(void)buf_addf(why, "the request does not fit the protocol");
	else if (r == -ENOENT && !call->rule->quiet)
		(void)buf_addf(why, "helper %s: there is no %s (%s:%d)", name,
		    path, call->rule->file, call->rule->line);
	else if (r != -ENOENT && why->len == 0)
		(void)buf_addf(why, "helper %s: %s: %s", name, path,
		    strerror(-r));
	if (r == -ETIMEDOUT || (r == -ENOENT && call->rule->quiet))
		return RESULT_UNAVAILABLE;
	return r == -EACCES ? RESULT_DENIED : RESULT_ERROR;
}

/* Start it and collect what it writes. */
static enum result
execute(const struct module_call *call, struct buf *out, struct buf *why)
{
	struct buf path = BUF_INIT(PATH_MAX);
	struct buf in = BUF_INIT(CRED_MAX_MESSAGE);
	struct strv argv = STRV_INIT;
	struct proc proc = { .in = &in, .deadline_ms = call->deadline_ms };
	enum result result;
	int status = 0;
	int r;

	r = find_executable(call->rule, &path);
	if (r == 0)
		r = path_check_trusted(buf_str(&path), why);
	if (r == 0)
		r = format_request(call, &in);
	if (r == 0) {
		make_argv(call, buf_str(&path), &argv);
		proc.argv = argv.v;
		r = proc_run(&proc, out, &status);
	}
	result = r == 0 ? result_of_exit(status) :
			  cannot_run(call, buf_str(&path), r, why);
	if (r == 0 && status > 128)
		(void)buf_addf(why, "helper %s was killed by signal %d",
		    module_name(call->rule), status - 128);
	strv_clear(&argv);
	buf_wipe(&in);
	buf_wipe(&path);
	return result;
}

/* What the answer of a get means (coco-protocol(7)). */
static enum result
judge_answer(enum result result, struct cred *answer)
{
	int64_t expiry = cred_number(answer, CRED_PASSWORD_EXPIRY_UTC);

	if (cred_flag(answer, CRED_QUIT))
		return RESULT_QUIT;
	if (result != RESULT_SUCCESS)
		return result;
	if (!cred_has_secret(answer))
		return RESULT_NOT_FOUND;
	if (expiry == 0 || expiry > clock_utc())
		return RESULT_SUCCESS;
	cred_set(answer, CRED_PASSWORD, NULL);
	cred_set(answer, CRED_CREDENTIAL, NULL);
	cred_set(answer, CRED_PASSWORD_EXPIRY_UTC, NULL);
	return RESULT_EXPIRED;
}

/* Whether the answer to VERB is a credential. */
static bool
is_asking(const char *verb)
{
	static const char *const verbs[] = { "get", "login", "confirm",
		"import" };
	size_t i;

	for (i = 0; i < ARRAY_LEN(verbs); i++)
		if (strcmp(verb, verbs[i]) == 0)
			return true;
	return false;
}

/* Run it and understand its answer. */
static enum result
ask(const struct module_call *call, struct cred *answer, struct buf *why)
{
	struct buf out = BUF_INIT(CRED_MAX_MESSAGE);
	struct buf reason = BUF_INIT(MODULE_MAX_WHY);
	enum result result;
	int r;

	result = execute(call, &out, why);
	if (!is_asking(call->verb))
		goto out;
	if (result != RESULT_SUCCESS && result != RESULT_EXPIRED)
		goto out;
	r = cred_parse(buf_str(&out), out.len, answer, &reason);
	if (r != 0) {
		(void)buf_addf(why, "helper %s answered nonsense: %s",
		    module_name(call->rule), buf_str(&reason));
		result = RESULT_ERROR;
		goto out;
	}
	if (!module_is_ours(call->rule))
		make_foreign(answer);
	cred_set(answer, CRED_PROTOCOL, NULL);
	cred_set(answer, CRED_HOST, NULL);
	/* what is imported has a refresh token and nothing to use at once */
	if (strcmp(call->verb, "import") != 0)
		result = judge_answer(result, answer);
out:
	buf_wipe(&reason);
	buf_wipe(&out);
	return result;
}

/* The event of the audit log that running RULE for VERB is; NULL for none: a
 * refresh of ours is told by who keeps what it gave, after that. */
static const char *
event_of(const struct stack_rule *rule, const char *verb)
{
	static const char *const events[] = { "login", "logout", "store",
		"erase" };
	size_t i;

	for (i = 0; i < ARRAY_LEN(events); i++)
		if (strcmp(verb, events[i]) == 0)
			return events[i];
	if (strcmp(verb, "get") == 0 && !module_is_ours(rule))
		return "refresh";
	if (strcmp(verb, "import-erase") == 0)
		return "erase";
	return NULL;
}

/* Whether a log could be written decides nothing here: only an answer can be
 * held back by that (audit_answer()). */
enum result
module_run(const struct module_call *call, struct cred *answer, struct buf *why)
{
	struct audit a = { .event = NULL,
		.result = RESULT_DENIED,
		.verb = call->verb,
		.rule = call->rule,
		.request = call->request,
		.answer = answer };

	if (policy_check(call->rule, call->verb, why) != 0) {
		a.event = "policy";
	} else {
		a.result = ask(call, answer, why);
		a.event = event_of(call->rule, call->verb);
	}
	if (a.event != NULL)
		(void)audit_event(&a, NULL);
	return a.result;
}

enum result
module_query(const struct module_call *call, struct buf *text, struct buf *why)
{
	if (policy_check(call->rule, call->verb, why) != 0)
		return RESULT_DENIED;
	return execute(call, text, why);
}

int
module_check(const struct stack_rule *rule, const char *verb, struct buf *why)
{
	const struct module_call call = { rule, verb, NULL, NULL, 0 };
	struct buf path = BUF_INIT(PATH_MAX);
	int r;

	r = policy_check(rule, verb, why);
	if (r != 0)
		return r;
	r = find_executable(rule, &path);
	if (r == 0)
		r = path_check_trusted(buf_str(&path), why);
	if (r != 0)
		(void)cannot_run(&call, buf_str(&path), r, why);
	buf_wipe(&path);
	return r == -ENOENT && rule->quiet ? 0 : r;
}
