/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "ascii.h"
#include "helper.h"
#include "io.h"
#include "log.h"
#include "mem.h"
#include "message.h"
#include "proc.h"
#include "strv.h"
#include "usage.h"

#define MAX_VARIABLE 512

/* What the options and the verb came to. */
struct call {
	const struct helper *helper;
	const struct helper_verb *verb; /* NULL: one that we do not know */
	const char *verb_name;
	bool help;
	bool version;
};

static int
on_option(void *ctx, int id, const char *value)
{
	struct call *call = ctx;

	if (id == OPT_HELP)
		call->help = true;
	else if (id == OPT_VERSION)
		call->version = true;
	else
		return call->helper->on_option(NULL, id, value);
	return 0;
}

/* The verb table as opt.h wants it, with the verb that all helpers have. */
static void
make_spec(const struct helper *h, struct opt_verb *verbs, size_t max,
    struct opt_spec *ret_spec)
{
	size_t i;

	for (i = 0; i + 1 < max && h->verbs[i].name != NULL; i++)
		verbs[i] = (struct opt_verb){ h->verbs[i].name,
			h->verbs[i].help };
	verbs[i++] = (struct opt_verb){ "capability",
		"print what this helper can do" };
	*ret_spec = (struct opt_spec){ h->name, "[options] verb", h->summary,
		h->opts, { verbs, i, sizeof(*verbs) }, h->footer };
}

static void
print_text(const struct buf *b)
{
	(void)io_write_all(STDOUT_FILENO, buf_str(b), b->len);
}

/* Lines that a caller does not know are ignored, so that ours name the extra
 * verbs. */
static int
print_capability(const struct helper *h)
{
	struct buf b = BUF_INIT(HELPER_MAX_TEXT);
	const struct helper_verb *v;

	(void)buf_adds(&b, CRED_CAPABILITY_TEXT);
	for (v = h->verbs; v->name != NULL; v++)
		if ((v->flags & HELPER_EXTRA) != 0)
			(void)buf_addf(&b, "capability coco-%s\n", v->name);
	print_text(&b);
	buf_wipe(&b);
	return 0;
}

/* Write what the verb made; nothing but whole answers leave. */
static enum result
write_answer(enum result result, const struct cred *answer,
    const struct buf *text)
{
	int r = 0;

	if (text->len != 0) {
		print_text(text);
		return result;
	}
	if (result == RESULT_SUCCESS || result == RESULT_EXPIRED)
		r = message_write(STDOUT_FILENO, answer, "");
	if (r == 0)
		return result;
	log_warn("cannot answer: %s",
	    r == -EBADMSG ? "a value holds a newline or is too long" :
			    strerror(-r));
	return RESULT_ERROR;
}

static enum result
run_verb(const struct helper_verb *verb)
{
	struct cred request = CRED_INIT;
	struct cred answer = CRED_INIT;
	struct buf text = BUF_INIT(HELPER_MAX_TEXT);
	struct buf why = BUF_INIT(CONN_MAX_WHY);
	enum result result;
	int r = 0;

	if ((verb->flags & HELPER_PERSON) == 0)
		r = message_read(STDIN_FILENO, &request, &why);
	if (r != 0) {
		log_warn("the request is refused: %s", buf_str(&why));
		result = RESULT_ERROR;
	} else {
		result = verb->run(&request, &answer, &text);
		result = write_answer(result, &answer, &text);
	}
	cred_wipe(&request);
	cred_wipe(&answer);
	buf_wipe(&text);
	buf_wipe(&why);
	return result;
}

static bool
is_git_verb(const char *name)
{
	return strcmp(name, "get") == 0 || strcmp(name, "store") == 0 ||
	    strcmp(name, "erase") == 0;
}

static int
dispatch(const struct call *call, const struct opt_spec *spec)
{
	if (strcmp(call->verb_name, "capability") == 0)
		return print_capability(call->helper);
	if (call->verb != NULL)
		return result_exit(run_verb(call->verb));
	if (is_git_verb(call->verb_name))
		return result_exit(RESULT_UNSUPPORTED);
	/* git's rule for verbs to come; but a person deserves an answer */
	if (isatty(STDIN_FILENO) && isatty(STDERR_FILENO))
		return usage_fail(spec, "no such verb");
	return 0;
}

/* The words of a rule's arguments that are written as PAM's are. */
static bool
is_pam_argument(const char *word)
{
	size_t len = strspn(word, "abcdefghijklmnopqrstuvwxyz-");

	return word[0] != '-' && len != 0 && word[len] == '=';
}

/* Put "--" before each such word; the strings live as long as the program. */
static void
take_pam_arguments(struct strv *words, int argc, char **argv)
{
	int i;

	for (i = 0; i < argc; i++) {
		if (i != 0 && is_pam_argument(argv[i]))
			strv_addf(words, "--%s", argv[i]);
		else
			strv_add(words, argv[i]);
	}
}

int
helper_main(const struct helper *h, int argc, char **argv)
{
	struct call call = { h, NULL, NULL, false, false };
	static struct strv words = STRV_INIT;
	struct buf text = BUF_INIT(OPT_HELP_MAX);
	struct opt_verb verbs[16];
	struct opt_spec spec;
	int first;
	int status;
	size_t i;
	int r;

	mem_protect();
	proc_init();
	log_init(h->name);
	take_pam_arguments(&words, argc, argv);
	argv = words.v;
	make_spec(h, verbs, ARRAY_LEN(verbs), &spec);
	r = opt_parse(&spec, argc, argv, on_option, &call, &text, &first);
	if (r != 0) {
		status = usage_fail(&spec,
		    text.len != 0 ? buf_str(&text) :
				    "an option has a bad value");
	} else if (call.help || call.version) {
		status = usage_show(&spec, call.help);
	} else if (first == argc) {
		status = usage_fail(&spec, "a verb is missing");
	} else {
		call.verb_name = argv[argc - 1];
		for (i = 0; h->verbs[i].name != NULL; i++)
			if (strcmp(h->verbs[i].name, call.verb_name) == 0)
				call.verb = &h->verbs[i];
		status = dispatch(&call, &spec);
	}
	buf_wipe(&text);
	return status;
}

enum result
helper_connection(const struct cred *request, struct conn **ret_conn)
{
	const char *name = cred_get(request, CRED_CONNECTION);
	struct buf why = BUF_INIT(CONN_MAX_WHY);
	int r;

	if (name == NULL)
		return RESULT_NOT_FOUND;
	r = conn_load(name, &why, ret_conn);
	if (r != 0)
		log_lines(buf_str(&why));
	buf_wipe(&why);
	return r == 0 ? RESULT_SUCCESS : result_of_errno(r);
}

bool
helper_is_meant(const struct cred *request, const struct conn *c)
{
	const char *protocol = cred_get(request, CRED_PROTOCOL);
	const char *host = cred_get(request, CRED_HOST);
	const char *username = cred_get(request, CRED_USERNAME);
	const char *user = conn_user(c);

	if (protocol != NULL && strcmp(protocol, conn_protocol(c)) != 0)
		return false;
	if (host != NULL && strcasecmp(host, conn_hostport(c)) != 0)
		return false;
	/* Snowflake folds the case of user names */
	return username == NULL ||
	    (user != NULL && strcasecmp(username, user) == 0);
}

const char *
helper_pat_variable(const struct conn *c, struct buf *ret_name)
{
	struct buf variable = BUF_INIT(MAX_VARIABLE);
	const char *account = conn_account(c);
	const char *value = NULL;
	int r;

	r = account != NULL ? buf_adds(&variable, "PAT_") : -ENOENT;
	if (r == 0)
		r = ascii_add_upper(&variable, account);
	if (r == 0)
		value = getenv(buf_str(&variable));
	if (value != NULL && value[0] == '\0')
		value = NULL;
	if (value != NULL)
		(void)buf_adds(ret_name, buf_str(&variable));
	buf_wipe(&variable);
	return value;
}

bool
helper_is_heard(void)
{
	struct pollfd fd = { STDOUT_FILENO, 0, 0 };

	/* a pipe or socket without a reader; never so for a file */
	return poll(&fd, 1, 0) <= 0 || (fd.revents & (POLLERR | POLLHUP)) == 0;
}
