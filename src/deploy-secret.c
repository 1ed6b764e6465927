/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What of a connection may go into a target: a token that does not last, or,
 * when somebody says so, the secret itself.
 */
#include "coco.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "authenticator.h"
#include "clock.h"
#include "cred.h"
#include "deploy.h"
#include "io.h"
#include "json.h"
#include "key.h"
#include "keypem.h"
#include "log.h"
#include "mem.h"
#include "num.h"
#include "path.h"
#include "proc.h"
#include "result.h"

#define ASK_MS     30000
#define MAX_STATUS 65536

#define LOGIN_HINT                                                          \
	"give the connection authenticator = "                              \
	"\"OAUTH_AUTHORIZATION_CODE\" and log in once by `coco-credential " \
	"-c %s login': then it gets tokens that do not last"

int
job_check_exposure(const struct job *j)
{
	const char *name = conn_name(j->conn);
	const struct authenticator
	    *a = authenticator_find(conn_authenticator(j->conn));

	if (a == NULL || (!a->takes_tokens && a->secret == NULL)) {
		log_warn("connection \"%s\" logs in by %s, which cannot be "
			 "handed to a target",
		    name, conn_authenticator(j->conn));
		log_hint(LOGIN_HINT, name);
		return result_exit(RESULT_UNSUPPORTED);
	}
	if (a->takes_tokens && j->o->expose) {
		log_warn("connection \"%s\" has tokens that do not last: there "
			 "is nothing to --expose",
		    name);
		return result_exit(RESULT_USAGE);
	}
	if (a->takes_tokens || j->o->expose)
		return 0;
	log_warn("connection \"%s\" logs in by %s: its clients want %s itself, "
		 "and a target that gets it has it for good",
	    name, a->name, a->secret);
	log_hint(LOGIN_HINT, name);
	log_hint("for programs of your own, which take a token by "
		 "coco-credential: coco-tokend grant --connection %s",
	    name);
	log_hint("or say --expose to hand it out all the same");
	return result_exit(RESULT_DENIED);
}

/* --- secrets -------------------------------------------------------------- */

/* The command line of coco-credential for the connection. */
static int
build_question(const struct job *j, const char *const *words, struct strv *argv)
{
	struct buf program = BUF_INIT(PLACE_MAX_PATH);
	int r;

	r = path_program("coco-credential", &program);
	if (r == 0) {
		strv_add(argv, buf_str(&program));
		strv_add(argv, "--no-daemon");
		strv_add(argv, "-c");
		strv_add(argv,
		    j->conn != NULL ? conn_name(j->conn) : j->d.connection);
		for (; *words != NULL; words++)
			strv_add(argv, *words);
	}
	buf_wipe(&program);
	return r;
}

/* Run it; what it prints goes to OUT. */
static int
ask_credential(const struct job *j, const char *const *words, struct buf *out)
{
	struct strv argv = STRV_INIT;
	struct proc p = { .deadline_ms = clock_ms() + ASK_MS };
	int status = -1;
	int r;

	r = build_question(j, words, &argv);
	if (r == 0) {
		p.argv = argv.v;
		r = proc_run(&p, out, &status);
	}
	if (r == 0 && status != 0)
		r = -EIO;
	strv_clear(&argv);
	return r;
}

static int
expose_token(struct job *j)
{
	static const char *const words[] = { "token", NULL };
	int r;

	r = ask_credential(j, words, &j->pat);
	while (r == 0 && j->pat.len != 0 && j->pat.data[j->pat.len - 1] == '\n')
		buf_truncate(&j->pat, j->pat.len - 1);
	if (r != 0 || j->pat.len == 0) {
		log_warn("connection \"%s\" gives no token",
		    conn_name(j->conn));
		return result_exit(RESULT_NOT_FOUND);
	}
	j->layout.way = LAYOUT_PAT;
	j->layout.pat = &j->pat;
	return 0;
}

/* The text of the key, from where Snowflake's clients have it (snowflake.md
 * 2).  WHERE is for messages. */
static int
read_key(const struct job *j, struct buf *text, struct buf *where,
    struct buf *why)
{
	static const char *const files[] = { "private_key_file",
		"private_key_path" };
	static const char *const texts[] = { "private_key_raw", "private_key",
		"privatekey", "private_key_base64" };
	struct buf path = BUF_INIT(PLACE_MAX_PATH);
	const char *note = NULL;
	const char *value;
	size_t i;
	int r = -ENOENT;

	for (i = 0; i < ARRAY_LEN(files) && r == -ENOENT; i++) {
		value = conn_get(j->conn, files[i]);
		if (value == NULL)
			continue;
		(void)buf_addf(where, "%s %s", files[i], value);
		r = path_expand(&path, value);
		if (r == 0)
			r = io_read_secret(buf_str(&path), false, text, &note);
		if (r != 0)
			(void)buf_addf(why, " %s",
			    note != NULL ? note : strerror(-r));
		else if (note != NULL)
			log_warn("connection \"%s\": %s %s", conn_name(j->conn),
			    buf_str(where), note);
		buf_wipe(&path);
		return r;
	}
	for (i = 0; i < ARRAY_LEN(texts); i++) {
		value = conn_get(j->conn, texts[i]);
		if (value == NULL)
			continue;
		(void)buf_adds(where, texts[i]);
		return buf_adds(text, value);
	}
	(void)buf_adds(why, "it has no private_key_file");
	return -ENOENT;
}

static const char *
find_passphrase(const struct job *j)
{
	static const char *const names[] = { "private_key_passphrase",
		"private_key_file_pwd", "private_key_pass", "private_key_pwd" };
	const char *value = NULL;
	size_t i;

	for (i = 0; i < ARRAY_LEN(names) && value == NULL; i++)
		value = conn_get(j->conn, names[i]);
	return value;
}

/* Without its passphrase, which the clients have no common name for. */
static int
expose_key(struct job *j)
{
	struct buf text = BUF_INIT(KEYTEXT_MAX);
	struct buf der = BUF_INIT(KEYTEXT_MAX);
	struct buf where = BUF_INIT(DEPLOY_MAX_TEXT);
	struct buf why = BUF_INIT(KEYTEXT_MAX_WHY);
	int r;

	r = read_key(j, &text, &where, &why);
	if (r == 0)
		r = key_open(buf_str(&text), text.len, find_passphrase(j), &why,
		    &der);
	if (r == 0)
		r = keypem(buf_str(&der), der.len, &j->key, &why);
	if (r != 0)
		log_warn("connection \"%s\": %s %s", conn_name(j->conn),
		    buf_str(&where), buf_str(&why));
	j->layout.way = LAYOUT_KEY;
	j->layout.key = &j->key;
	buf_wipe(&text);
	buf_wipe(&der);
	buf_wipe(&where);
	buf_wipe(&why);
	return r != 0 ? result_exit(result_of_errno(r)) : 0;
}

int
job_expose(struct job *j)
{
	bool is_key = strcmp(conn_authenticator(j->conn), "SNOWFLAKE_JWT") == 0;

	j->d.exposed = true;
	xstrset(&j->d.way, is_key ? "key" : "pat");
	return is_key ? expose_key(j) : expose_token(j);
}

/* --- how long the login lasts --------------------------------------------- */

struct ends {
	int64_t utc; /* the latest */
	bool any;    /* a login that some store has */
};

static void
take_end(void *ctx, const struct json *helper)
{
	const char *text = json_text(helper, CRED_STATE_LOGIN_ENDS);
	const char *result = json_text(helper, "result");
	struct ends *e = ctx;
	int64_t utc;

	if (result != NULL && strcmp(result, "success") == 0)
		e->any = true;
	if (text != NULL &&
	    num_parse(text, strlen(text), 0, INT64_MAX, &utc) == 0 &&
	    utc > e->utc)
		e->utc = utc;
}

static const char *const status_words[] = { "--json", "status", NULL };

void
job_ask_login(struct job *j)
{
	struct asking *a = &j->login;

	if (a->is_running)
		return;
	strv_clear(&a->argv);
	if (build_question(j, status_words, &a->argv) != 0)
		return;
	a->proc = (struct proc){ .argv = a->argv.v,
		.deadline_ms = clock_ms() + ASK_MS };
	a->is_running = proc_start(&a->proc, &a->child) == 0;
}

/* Take what was asked for before. */
static int
take_answer(struct asking *a, struct buf *out)
{
	char data[4096];
	size_t n = 1;
	int status = -1;
	int r = 0;

	while (r == 0 && n != 0) {
		r = proc_read(&a->child, data, sizeof(data), &n);
		if (r == 0)
			r = buf_add(out, data, n);
	}
	if (proc_end(&a->child, r != 0, &status) != 0 || status != 0)
		r = -EIO;
	a->is_running = false;
	return r;
}

void
job_drop_login(struct job *j)
{
	int status;

	if (j->login.is_running)
		(void)proc_end(&j->login.child, true, &status);
	j->login.is_running = false;
	strv_clear(&j->login.argv);
}

void
job_warn_of_login(struct job *j)
{
	struct buf out = BUF_INIT(MAX_STATUS);
	struct ends e = { 0, false };
	struct json *status = NULL;
	int64_t left;

	if (j->login.is_running && take_answer(&j->login, &out) == 0 &&
	    json_parse(buf_str(&out), out.len, &status) == 0)
		json_each(status, "helpers", take_end, &e);
	if (status != NULL && j->needs_login && !e.any) {
		log_warn("%s is ready, but gets no token yet: there is no "
			 "login for connection \"%s\"",
		    j->target.spec, j->d.connection);
		log_hint("coco-credential -c %s login", j->d.connection);
	}
	left = e.utc - clock_utc();
	if (left > 0 && left < j->grant.expires_in)
		log_warn("the login of connection \"%s\" ends in %" PRId64
			 " h, before the grant: log in again by then",
		    j->d.connection, left / 3600);
	json_free(status);
	buf_wipe(&out);
}
