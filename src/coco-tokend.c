/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * coco-tokend: the host daemon, and the commands that talk to one that runs.
 * It serves in the foreground; a service manager puts it into the background.
 */
#include "coco.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audit.h"
#include "client.h"
#include "clock.h"
#include "coco-tokend.h"
#include "esc.h"
#include "io.h"
#include "journal.h"
#include "json.h"
#include "log.h"
#include "mem.h"
#include "opt.h"
#include "proc.h"
#include "settings.h"
#include "sock.h"
#include "tokend.h"
#include "usage.h"

#define ASK_MS 5000

enum {
	OPT_SOCKET = OPT_LONG,
	OPT_CHECK,
	OPT_JSON,
	OPT_ROLE,
	OPT_HOST,
	OPT_STACK,
	OPT_TTL,
	OPT_LISTEN,
	OPT_SUBNET,
	OPT_CONTAINER,
	OPT_OWNER,
	OPT_TOKEN_FILE,
	OPT_UNAUTHENTICATED,
	OPT_EXPOSE,
	OPT_CAPABILITY_FILE,
	OPT_PORT_FILE,
	OPT_ALL,
	OPT_PAUSE,
	OPT_RESUME
};

static const struct opt opts[] = {
	{ OPT_SOCKET, "socket", "PATH", "the control socket" },
	{ OPT_CHECK, "check", NULL, "show the settings, and serve nothing" },
	{ OPT_JSON, "json", NULL, "status, grant, grants: print JSON" },
	{ 'c', "connection", "NAME", "grant: a connection" },
	{ OPT_ROLE, "role", "ROLE", "grant: a role; the first is the default" },
	{ OPT_HOST, "host", "HOST", "grant: a host of git and the like" },
	{ OPT_STACK, "stack", "NAME", "grant: the stack for that host" },
	{ OPT_TTL, "ttl", "TIME", "grant: for so long, 8h unless said" },
	{ OPT_LISTEN, "listen", "WHERE", "grant: unix, or ADDRESS:PORT" },
	{ OPT_SUBNET, "subnet", "CIDR", "grant: who may come by TCP" },
	{ OPT_CONTAINER, "container", "ID", "grant: only this container" },
	{ OPT_OWNER, "owner", "UID[:GID]", "grant: only this user" },
	{ OPT_TOKEN_FILE, "token-file", NULL,
	    "grant: keep a live token in a file" },
	{ OPT_UNAUTHENTICATED, "allow-unauthenticated", NULL,
	    "grant: /token by TCP needs no capability" },
	{ OPT_EXPOSE, "expose", NULL,
	    "grant: also what lives longer than an hour" },
	{ OPT_CAPABILITY_FILE, "capability-file", "PATH",
	    "grant: write the capability there" },
	{ OPT_PORT_FILE, "port-file", "PATH", "grant: write the port there" },
	{ OPT_ALL, "all", NULL, "revoke: all of them" },
	{ OPT_PAUSE, "pause", NULL, "grant update: give nothing for now" },
	{ OPT_RESUME, "resume", NULL, "grant update: give again" }, OPT_COMMON
};

static int status(const struct options *o);
static int reload(const struct options *o);
static int stop(const struct options *o);
static int events(const struct options *o);

/* What is given without a command is for serving. */
#define BIT(id) (1UL << ((id) == 'c' ? 0 : (id)-OPT_LONG + 1))

#define GRANT_OPTIONS                                                          \
	(BIT(OPT_JSON) | BIT('c') | BIT(OPT_ROLE) | BIT(OPT_HOST) |            \
	    BIT(OPT_STACK) | BIT(OPT_TTL) | BIT(OPT_LISTEN) |                  \
	    BIT(OPT_SUBNET) | BIT(OPT_CONTAINER) | BIT(OPT_OWNER) |            \
	    BIT(OPT_TOKEN_FILE) | BIT(OPT_UNAUTHENTICATED) | BIT(OPT_EXPOSE) | \
	    BIT(OPT_CAPABILITY_FILE) | BIT(OPT_PORT_FILE))

#define UPDATE_OPTIONS                                                       \
	(BIT(OPT_JSON) | BIT(OPT_ROLE) | BIT(OPT_TTL) | BIT(OPT_CONTAINER) | \
	    BIT(OPT_PAUSE) | BIT(OPT_RESUME))

static const struct verb {
	const char *name;
	/* cppcheck-suppress unusedStructMember; OPT_VERBS() reads it */
	const char *help;
	int (*run)(const struct options *o);
	bool has_operands;
	unsigned long takes; /* options, by BIT() */
} verbs[] = {
	{ "status", "show what the daemon has and does", status, false,
	    BIT(OPT_JSON) },
	{ "reload", "read coco.toml again, and forget all answers", reload,
	    false, 0 },
	{ "stop", "stop the daemon", stop, false, 0 },
	{ "events", "print what happens, a JSON line each", events, false, 0 },
	{ "grant", "let a sandbox have something; grant update ID changes it",
	    command_grant, true, GRANT_OPTIONS },
	{ "grants", "show what sandboxes may have", command_grants, true,
	    BIT(OPT_JSON) },
	{ "revoke", "end a grant at once", command_revoke, true, BIT(OPT_ALL) },
};

/* --- talking to a daemon -------------------------------------------------- */

static bool
is_off(void)
{
	const char *told = getenv("COCO_TOKEND");

	return told != NULL && strcmp(told, "off") == 0;
}

/* Tell why a request has failed with R.  Returns an exit status. */
static int
explain_failure(const struct options *o, int r, const struct buf *why)
{
	if (r == -ENOENT && o->socket == NULL && is_off()) {
		log_warn("COCO_TOKEND says that there is to be none");
	} else if (r == -ENOENT) {
		log_warn(CLIENT_NO_DAEMON);
		log_hint(CLIENT_START_IT);
	} else {
		log_lines(buf_str(why));
	}
	return result_exit(r == -ENOENT ? RESULT_UNAVAILABLE :
					  result_of_errno(r));
}

int
command_ask(const struct options *o, const char *method, const char *target,
    const struct buf *body, struct client_answer *ret_answer)
{
	struct buf why = BUF_INIT(1024);
	const struct client_request q = { .method = method,
		.target = target,
		.body = body,
		.deadline_ms = clock_ms() + ASK_MS,
		.socket = o->socket };
	int status = 0;
	int r;

	r = client_ask(&q, ret_answer, &why);
	if (r != 0)
		status = explain_failure(o, r, &why);
	else if (ret_answer->status != 200)
		log_lines(ret_answer->body.len != 0 ?
			buf_str(&ret_answer->body) :
			"coco-tokend refuses");
	buf_wipe(&why);
	return r != 0 ? status : result_exit(ret_answer->result);
}

static void
print_number(const struct json *j, const char *name, const char *label)
{
	int64_t n;

	if (json_number(j, name, &n) == 0)
		(void)printf("%-12s %lld\n", label, (long long)n);
}

static void
print_text(const struct json *j, const char *name, const char *label)
{
	struct buf b = BUF_INIT(CRED_MAX_LINE);
	const char *text = json_text(j, name);

	if (text != NULL && esc_visible(&b, text, strlen(text)) == 0)
		(void)printf("%-12s %s\n", label, buf_str(&b));
	buf_wipe(&b);
}

/* One entry of the cache: whose it is, how it is, how long it lasts. */
static void
print_entry(void *ctx, const struct json *e)
{
	const char *name = json_text(e, "connection");
	struct buf b = BUF_INIT(CRED_MAX_LINE);
	int64_t left;

	(void)ctx;
	if (name == NULL)
		name = json_text(e, "host");
	(void)buf_adds(&b, name != NULL ? name : "?");
	if (json_text(e, "role") != NULL)
		(void)buf_addf(&b, " as %s", json_text(e, "role"));
	(void)printf("%-12s %s: %s", "credential", buf_str(&b),
	    json_text(e, "state"));
	if (json_number(e, "expires_in", &left) == 0)
		(void)printf(", %lld s left", (long long)left);
	(void)printf("\n");
	buf_wipe(&b);
}

static int
print_status(const struct buf *body)
{
	struct json *j = NULL;

	if (json_parse(buf_str(body), body->len, &j) != 0) {
		log_warn("coco-tokend answers what is no status");
		return result_exit(RESULT_ERROR);
	}
	print_text(j, "version", "version");
	print_number(j, "pid", "pid");
	print_number(j, "uptime_s", "seconds up");
	print_text(j, "socket", "socket");
	print_text(j, "confinement", "confinement");
	print_number(j, "connections", "connections");
	print_number(j, "grants", "grants");
	print_number(j, "running", "running");
	json_each(j, "entries", print_entry, NULL);
	json_free(j);
	return 0;
}

static int
status(const struct options *o)
{
	struct client_answer answer = CLIENT_ANSWER_INIT;
	int r;

	r = command_ask(o, "GET", "/status", NULL, &answer);
	if (r == 0 && o->json)
		(void)io_write_all(STDOUT_FILENO, buf_str(&answer.body),
		    answer.body.len);
	else if (r == 0)
		r = print_status(&answer.body);
	buf_wipe(&answer.body);
	return r;
}

static int
tell(const struct options *o, const char *target, const char *done)
{
	struct client_answer answer = CLIENT_ANSWER_INIT;
	int r;

	r = command_ask(o, "POST", target, NULL, &answer);
	if (r == 0)
		log_warn("%s", done);
	buf_wipe(&answer.body);
	return r;
}

static int
reload(const struct options *o)
{
	return tell(o, "/reload", "the settings are read again");
}

static int
stop(const struct options *o)
{
	return tell(o, "/shutdown", "it stops");
}

/* Until the daemon ends or the reader leaves. */
static int
events(const struct options *o)
{
	struct buf why = BUF_INIT(1024);
	const struct client_request q = { .method = "GET",
		.target = "/events",
		.deadline_ms = clock_ms() + ASK_MS,
		.socket = o->socket };
	int status = 0;
	int r;

	r = client_follow(&q, STDOUT_FILENO, &why);
	if (r != 0)
		status = explain_failure(o, r, &why);
	buf_wipe(&why);
	return status;
}

/* --- being one ------------------------------------------------------------ */

static int
check(void)
{
	struct buf b = BUF_INIT(SETTINGS_MAX_PRINT);
	struct buf why = BUF_INIT(SETTINGS_MAX_WHY);
	struct settings s;
	int r;

	r = settings_load(&s, &why);
	if (r == 0)
		r = settings_print(&s, &b);
	if (r == 0)
		(void)io_write_all(STDOUT_FILENO, buf_str(&b), b.len);
	else
		log_lines(buf_str(&why));
	buf_wipe(&b);
	buf_wipe(&why);
	return result_exit(result_of_errno(r));
}

static int
serve(const struct options *o)
{
	struct tokend t = TOKEND_INIT;
	int r;

	journal_init("coco-tokend");
	audit_set_file("tokend/audit.jsonl");
	r = tokend_start(&t, o->socket);
	if (r == 0)
		tokend_run(&t);
	/* stopped without having been asked to: there is no launcher */
	if (r == 0 && !t.stopping)
		r = -EIO;
	tokend_free(&t);
	return result_exit(result_of_errno(r));
}

/* --- the command line ----------------------------------------------------- */

/* An option with a value that is kept as it is, or may be there again. */
static bool
on_value(struct options *o, int id, const char *value)
{
	const struct {
		int id;
		const char **one;
		struct strv *many;
	} values[] = { { 'c', NULL, &o->connections },
		{ OPT_ROLE, NULL, &o->roles }, { OPT_HOST, NULL, &o->hosts },
		{ OPT_STACK, NULL, &o->stacks },
		{ OPT_LISTEN, NULL, &o->listen },
		{ OPT_SUBNET, NULL, &o->subnets }, { OPT_TTL, &o->ttl, NULL },
		{ OPT_CONTAINER, &o->container, NULL },
		{ OPT_OWNER, &o->owner, NULL },
		{ OPT_CAPABILITY_FILE, &o->capability_file, NULL },
		{ OPT_PORT_FILE, &o->port_file, NULL } };
	size_t i;

	for (i = 0; i < ARRAY_LEN(values); i++) {
		if (values[i].id != id)
			continue;
		if (values[i].many != NULL)
			strv_add(values[i].many, value);
		else
			*values[i].one = value;
		return true;
	}
	return false;
}

static int
on_grant_option(struct options *o, int id, const char *value)
{
	const struct {
		int id;
		bool *flag;
	} flags[] = { { OPT_TOKEN_FILE, &o->token_file },
		{ OPT_UNAUTHENTICATED, &o->allow_unauthenticated },
		{ OPT_EXPOSE, &o->expose }, { OPT_ALL, &o->all },
		{ OPT_PAUSE, &o->pause }, { OPT_RESUME, &o->resume } };
	size_t i;

	if (on_value(o, id, value))
		return 0;
	for (i = 0; i < ARRAY_LEN(flags); i++) {
		if (flags[i].id == id) {
			*flags[i].flag = true;
			return 0;
		}
	}
	return -EINVAL;
}

static int
on_option(void *ctx, int id, const char *value)
{
	struct options *o = ctx;

	if (id <= OPT_RESUME)
		o->given |= BIT(id);
	switch (id) {
	case OPT_SOCKET:
		o->socket = value;
		break;
	case OPT_CHECK:
		o->check = true;
		break;
	case OPT_JSON:
		o->json = true;
		break;
	case OPT_HELP:
		o->help = true;
		break;
	case OPT_VERSION:
		o->version = true;
		break;
	default:
		return on_grant_option(o, id, value);
	}
	return 0;
}

/* An option that is for another verb than VERB must not be taken for heard. */
static int
check_options(const struct opt_spec *spec, const struct options *o,
    const char *verb, unsigned long takes)
{
	struct buf why = BUF_INIT(256);
	const struct opt *opt;
	int r = 0;

	for (opt = opts; opt->name != NULL && r == 0; opt++) {
		if (opt->id > OPT_RESUME || opt->id == OPT_SOCKET ||
		    (o->given & ~takes & BIT(opt->id)) == 0)
			continue;
		(void)buf_addf(&why, "--%s is not for %s", opt->name, verb);
		r = usage_refuse(spec, buf_str(&why));
	}
	buf_wipe(&why);
	return r;
}

/* One command, with what follows it. */
static int
run_verb(const struct opt_spec *spec, const struct verb *verb,
    const struct options *o)
{
	unsigned long takes = verb->takes;
	const char *name = verb->name;
	int r;

	if (o->count != 0 && !verb->has_operands)
		return usage_refuse(spec, "one verb is enough");
	if (verb->run == command_grant && o->count != 0) {
		takes = UPDATE_OPTIONS;
		name = "grant update";
	}
	r = check_options(spec, o, name, takes);
	return r != 0 ? r : verb->run(o);
}

static int
run(const struct opt_spec *spec, struct options *o, char **words, int count)
{
	size_t i;
	int r;

	if (o->help || o->version)
		return usage_show(spec, o->help);
	if (o->socket != NULL && o->socket[0] != '/')
		return usage_refuse(spec, "--socket wants an absolute path");
	for (i = 0; count != 0 && i < ARRAY_LEN(verbs); i++) {
		if (strcmp(verbs[i].name, words[0]) != 0)
			continue;
		o->words = words + 1;
		o->count = count - 1;
		return run_verb(spec, &verbs[i], o);
	}
	if (count != 0)
		return usage_refuse_word(spec, "there is no verb", words[0]);
	r = check_options(spec, o, "serving", BIT(OPT_CHECK));
	if (r != 0)
		return r;
	return o->check ? check() : serve(o);
}

static void
options_clear(struct options *o)
{
	strv_clear(&o->connections);
	strv_clear(&o->roles);
	strv_clear(&o->hosts);
	strv_clear(&o->stacks);
	strv_clear(&o->listen);
	strv_clear(&o->subnets);
}

int
main(int argc, char **argv)
{
	struct options o = { 0 };
	struct buf why = BUF_INIT(1024);
	const struct opt_spec spec = { "coco-tokend", "[options] [verb]",
		"Keep live tokens in memory and answer coco-credential; "
		"without a verb, serve.",
		opts, OPT_VERBS(verbs), "coco-tokend(8) is the manual." };
	int first = 0;
	int r;

	mem_protect();
	proc_init();
	log_init("coco-tokend");
	if (opt_parse(&spec, argc, argv, on_option, &o, &why, &first) != 0)
		r = usage_refuse(&spec, buf_str(&why));
	else
		r = run(&spec, &o, argv + first, argc - first);
	options_clear(&o);
	buf_wipe(&why);
	return r;
}
