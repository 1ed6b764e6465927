/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The commands of coco-tokend about grants.  What a connection is called, whose
 * it is and where it leads is found out here, so that the grant says it once
 * and for all.
 */
#include "coco.h"

#include <sys/stat.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "coco-tokend.h"
#include "conn.h"
#include "esc.h"
#include "grant.h"
#include "grantask.h"
#include "io.h"
#include "json.h"
#include "jsonout.h"
#include "log.h"
#include "num.h"
#include "result.h"

#define UPDATE "update"

#define MAX_WORD 256 /* bytes of a word that is repeated */

static int
usage(const char *why, const char *hint)
{
	log_warn("%s", why);
	log_hint("%s", hint);
	return result_exit(RESULT_USAGE);
}

/* The same of the VALUE of an option. */
static int
usage_of(const char *option, const char *value, const char *why,
    const char *hint)
{
	log_warn("%s %.*s %s", option, MAX_WORD, value, why);
	log_hint("%s", hint);
	return result_exit(RESULT_USAGE);
}

/* --- what the options say, as JSON ---------------------------------------- */

static int
add_ttl(const struct options *o, struct jsonout *j)
{
	int64_t seconds;

	if (o->ttl == NULL)
		return 0;
	if (num_parse_time(o->ttl, strlen(o->ttl), GRANT_MIN_TTL, GRANT_MAX_TTL,
		&seconds) != 0)
		return usage_of("--ttl", o->ttl,
		    "is no length of time from a minute to 366 days",
		    "write it as 45m, 8h or 2d");
	jsonout_number(j, "ttl", seconds);
	return 0;
}

/* "UID" or "UID:GID"; names are those of the container, which we do not
 * know. */
static int
parse_owner(const char *text, int64_t *ret_uid, int64_t *ret_gid)
{
	const char *colon = strchr(text, ':');
	size_t len = colon != NULL ? (size_t)(colon - text) : strlen(text);
	int r;

	*ret_gid = -1;
	r = num_parse(text, len, 0, UINT32_MAX - 1, ret_uid);
	if (r == 0 && colon != NULL)
		r = num_parse(colon + 1, strlen(colon + 1), 0, UINT32_MAX - 1,
		    ret_gid);
	return r;
}

static int
add_owner(const struct options *o, struct jsonout *j)
{
	int64_t uid;
	int64_t gid;

	if (o->owner == NULL)
		return 0;
	if (parse_owner(o->owner, &uid, &gid) != 0)
		return usage_of("--owner", o->owner, "is no UID or UID:GID",
		    "write numbers, as the host sees them: --owner 1000:1000");
	jsonout_number(j, "owner_uid", uid);
	if (gid >= 0)
		jsonout_number(j, "owner_gid", gid);
	return 0;
}

/* A secret that is no short-lived token (THREATS.md T2). */
static int
check_exposure(const struct options *o, const struct conn *c)
{
	const char *secret = grantask_long_lived(c);

	if (o->expose || secret == NULL)
		return 0;
	log_warn("connection \"%s\" has %s, which is no short-lived token: a "
		 "sandbox that gets it has it for good",
	    conn_name(c), secret);
	log_hint("let it log in (OAUTH_AUTHORIZATION_CODE) or sign "
		 "(SNOWFLAKE_JWT), or say --expose to hand it out all the "
		 "same");
	return result_exit(RESULT_DENIED);
}

/* The object of the connection NAME. */
static int
add_connection(const struct options *o, const char *name, struct jsonout *j)
{
	struct buf why = BUF_INIT(CONN_MAX_WHY);
	struct conn *c = NULL;
	int status;
	int r;

	r = conn_load(name, &why, &c);
	if (r != 0)
		log_lines(buf_str(&why));
	status = r != 0 ? result_exit(result_of_errno(r)) :
			  check_exposure(o, c);
	if (status == 0)
		grantask_connection(j, c, &o->roles);
	conn_free(c);
	buf_wipe(&why);
	return status;
}

static int
add_connections(const struct options *o, struct jsonout *j)
{
	int status = 0;
	size_t i;

	jsonout_begin(j, "connections");
	jsonout_put(j, "[");
	for (i = 0; status == 0 && i < o->connections.len; i++)
		status = add_connection(o, o->connections.v[i], j);
	jsonout_put(j, "]");
	return status;
}

static void
add_hosts(const struct options *o, struct jsonout *j)
{
	size_t i;

	jsonout_begin(j, "hosts");
	jsonout_put(j, "[");
	for (i = 0; i < o->hosts.len; i++) {
		jsonout_begin(j, NULL);
		jsonout_put(j, "{");
		jsonout_text(j, "host", o->hosts.v[i]);
		jsonout_text(j, "stack", o->stacks.v[i]);
		jsonout_put(j, "}");
	}
	jsonout_put(j, "]");
}

static bool
wants_tcp(const struct options *o)
{
	size_t i;

	for (i = 0; i < o->listen.len; i++)
		if (strcmp(o->listen.v[i], GRANT_LISTEN_UNIX) != 0)
			return true;
	return false;
}

static int
format_grant(const struct options *o, struct buf *b)
{
	struct jsonout j = JSONOUT_INIT(b);
	int status;

	if (o->connections.len + o->hosts.len == 0)
		return usage("a grant of what? a connection or a host is "
			     "missing",
		    "coco-tokend grant --connection NAME");
	if (o->connections.len == 0 && o->roles.len != 0)
		return usage("--role is for a connection", "say --connection");
	if (o->capability_file != NULL && o->port_file != NULL &&
	    strcmp(o->capability_file, o->port_file) == 0)
		return usage("capability and port cannot be in one file",
		    "name two");
	if (!wants_tcp(o) &&
	    (o->subnets.len != 0 || o->port_file != NULL ||
		o->allow_unauthenticated))
		return usage("--subnet, --port-file and "
			     "--allow-unauthenticated are for TCP",
		    "say --listen ADDRESS:PORT");
	if (o->hosts.len != o->stacks.len)
		return usage("each --host needs its --stack",
		    "coco-tokend grant --host github.com --stack NAME");
	jsonout_put(&j, "{");
	status = add_connections(o, &j);
	add_hosts(o, &j);
	if (status == 0)
		status = add_ttl(o, &j);
	if (status == 0)
		status = add_owner(o, &j);
	if (o->listen.len != 0)
		jsonout_texts(&j, "listen", &o->listen);
	jsonout_texts(&j, "subnets", &o->subnets);
	jsonout_text(&j, "container", o->container);
	jsonout_flag(&j, "token_file", o->token_file);
	jsonout_flag(&j, "expose", o->expose);
	jsonout_flag(&j, "allow_unauthenticated", o->allow_unauthenticated);
	jsonout_put(&j, "}");
	if (status == 0 && j.error != 0)
		status = usage("that is too much for one grant",
		    "make several of it");
	return status;
}

/* --- what comes back ------------------------------------------------------ */

/* Print LABEL and TEXT, which may hold anything. */
static void
print_text(const char *label, const char *text)
{
	struct buf b = BUF_INIT(4 * GRANT_MAX_STATE);

	if (text != NULL && esc_visible(&b, text, strlen(text)) == 0)
		(void)printf("%-11s %s\n", label, buf_str(&b));
	buf_wipe(&b);
}

static int
print_connection(void *ctx, size_t index, const struct json *j)
{
	struct strv roles = STRV_INIT;
	struct buf b = BUF_INIT(GRANT_MAX_STATE);
	size_t i;

	(void)ctx;
	(void)index;
	(void)buf_adds(&b, json_text(j, "name"));
	if (json_texts(j, "roles", &roles) == 0)
		for (i = 0; i < roles.len; i++)
			(void)buf_addf(&b, "%s%s", i == 0 ? " as " : ", ",
			    roles.v[i]);
	print_text("connection", buf_str(&b));
	strv_clear(&roles);
	buf_wipe(&b);
	return 0;
}

static int
print_host(void *ctx, size_t index, const struct json *j)
{
	struct buf b = BUF_INIT(1024);

	(void)ctx;
	(void)index;
	(void)buf_addf(&b, "%s by %s", json_text(j, "host"),
	    json_text(j, "stack"));
	print_text("host", buf_str(&b));
	buf_wipe(&b);
	return 0;
}

static void
print_listeners(const struct json *j)
{
	struct strv listen = STRV_INIT;
	struct buf b = BUF_INIT(128);
	size_t i;

	print_text("directory", json_text(j, "directory"));
	print_text("socket", json_text(j, "socket"));
	(void)json_texts(j, "listen", &listen);
	for (i = 0; i < listen.len; i++) {
		if (strcmp(listen.v[i], GRANT_LISTEN_UNIX) == 0)
			continue;
		buf_clear(&b);
		(void)buf_addf(&b, "http://%s", listen.v[i]);
		print_text("url", buf_str(&b));
	}
	strv_clear(&listen);
	buf_wipe(&b);
}

static void
print_left(const struct json *j)
{
	int64_t left = 0;

	(void)json_number(j, "expires_in", &left);
	(void)printf("%-11s in ", "ends");
	if (left >= 2 * 86400)
		(void)printf("%" PRId64 " d %" PRId64 " h", left / 86400,
		    left % 86400 / 3600);
	else
		(void)printf("%" PRId64 " h %02" PRId64 " min", left / 3600,
		    left % 3600 / 60);
	(void)printf("%s\n", json_flag(j, "paused") ? ", paused" : "");
}

/* Who may come: what was not said is not shown. */
static void
print_who(const struct json *j)
{
	struct strv subnets = STRV_INIT;
	struct buf b = BUF_INIT(4096);
	int64_t uid;
	size_t i;

	if (json_number(j, "owner_uid", &uid) == 0)
		(void)printf("%-11s uid %" PRId64 " only\n", "who", uid);
	if (json_text(j, "container") != NULL)
		print_text("container", json_text(j, "container"));
	(void)json_texts(j, "subnets", &subnets);
	for (i = 0; i < subnets.len; i++)
		(void)buf_addf(&b, "%s%s", i == 0 ? "" : ", ", subnets.v[i]);
	if (b.len != 0)
		print_text("subnets", buf_str(&b));
	if (json_flag(j, "allow_unauthenticated"))
		(void)printf("%-11s /token by TCP needs no capability\n",
		    "open");
	if (json_flag(j, "token_file"))
		(void)printf("%-11s token, in the directory\n", "file");
	strv_clear(&subnets);
	buf_wipe(&b);
}

/* Print the grant J, with its capability if that is to be shown. */
static void
print_grant(const struct json *j, bool with_capability)
{
	print_text("id", json_text(j, "id"));
	if (with_capability)
		print_text("capability", json_text(j, "capability"));
	(void)json_walk(j, "connections", print_connection, NULL);
	(void)json_walk(j, "hosts", print_host, NULL);
	print_listeners(j);
	print_who(j);
	print_left(j);
	if (json_flag(j, "expose"))
		(void)printf("%-11s also what lives longer than an hour\n",
		    "exposes");
	if (!json_flag(j, "listening"))
		(void)printf("%-11s coco-tokend's log says why\n",
		    "not served");
}

/* --- files ---------------------------------------------------------------- */

static int
write_capability(const struct options *o, const struct json *j)
{
	const char *capability = json_text(j, "capability");
	int64_t uid = -1;
	int64_t gid = -1;
	int r = -EPROTO;

	if (o->capability_file == NULL)
		return 0;
	if (o->owner != NULL)
		(void)parse_owner(o->owner, &uid, &gid);
	if (capability != NULL)
		r = io_create_for(o->capability_file, capability,
		    strlen(capability), (uid_t)uid, (gid_t)gid);
	if (r != 0)
		log_warn("%s: %s", o->capability_file, strerror(-r));
	if (r == -EEXIST)
		log_hint("it may have the capability of another grant: revoke "
			 "that and remove the file, or name another one");
	return r;
}

/* Whether the port would go where the capability is, however it is written. */
static bool
is_capability_file(const struct options *o)
{
	struct stat port;
	struct stat capability;

	return o->capability_file != NULL && lstat(o->port_file, &port) == 0 &&
	    lstat(o->capability_file, &capability) == 0 &&
	    port.st_dev == capability.st_dev &&
	    port.st_ino == capability.st_ino;
}

/* The port of the first listener by TCP. */
static int
write_port(const struct options *o, const struct json *j)
{
	struct strv listen = STRV_INIT;
	struct buf b = BUF_INIT(16);
	const char *colon = NULL;
	struct stat st;
	size_t i;
	int r = 0;

	if (o->port_file == NULL)
		return 0;
	(void)json_texts(j, "listen", &listen);
	for (i = 0; i < listen.len && colon == NULL; i++)
		colon = strrchr(listen.v[i], ':');
	if (colon == NULL) {
		log_warn("--port-file: nothing listens by TCP");
		r = -EINVAL;
	} else if (is_capability_file(o)) {
		log_warn("%s has the capability", o->port_file);
		r = -EINVAL;
	} else if (lstat(o->port_file, &st) == 0 && !S_ISREG(st.st_mode)) {
		log_warn("%s is there, and no plain file", o->port_file);
		r = -EINVAL;
	} else {
		(void)buf_addf(&b, "%s\n", colon + 1);
		r = io_replace(o->port_file, buf_str(&b), b.len);
		if (r != 0)
			log_warn("%s: %s", o->port_file, strerror(-r));
	}
	strv_clear(&listen);
	buf_wipe(&b);
	return r;
}

/* End the grant in J again, for nobody could use it; WITH_FILE: its capability
 * was written. */
static void
take_back(const struct options *o, const struct json *j, bool with_file)
{
	struct client_answer answer = CLIENT_ANSWER_INIT;
	struct buf target = BUF_INIT(64);

	(void)buf_addf(&target, "/grants/%s", json_text(j, "id"));
	if (command_ask(o, "DELETE", buf_str(&target), NULL, &answer) == 0)
		log_hint("the grant was revoked again");
	if (with_file && o->capability_file != NULL)
		(void)io_remove(o->capability_file);
	buf_wipe(&answer.body);
	buf_wipe(&target);
}

/* Print the JSON of J's answer BODY without the capability, which is in a
 * file. */
static void
print_json(const struct options *o, const struct json *j,
    const struct buf *body)
{
	const char *capability = json_text(j, "capability");
	struct buf member = BUF_INIT(128);
	const char *at = NULL;

	(void)buf_addf(&member, ",\"capability\":\"%s\"",
	    capability != NULL ? capability : "");
	if (o->capability_file != NULL && capability != NULL)
		at = strstr(buf_str(body), buf_str(&member));
	if (at != NULL) {
		(void)printf("%.*s", (int)(at - buf_str(body)), buf_str(body));
		at += member.len;
	} else {
		at = buf_str(body);
	}
	(void)printf("%s\n", at);
	buf_wipe(&member);
}

/* --- the commands --------------------------------------------------------- */

/* Whether all that was printed has got out. */
static bool
is_printed(void)
{
	if (fflush(stdout) == 0 && ferror(stdout) == 0)
		return true;
	log_warn("cannot write to stdout");
	return false;
}

/* A grant that nobody was told of is of no use to anybody but who finds its
 * capability. */
static int
show_new(const struct options *o, const struct buf *body)
{
	struct json *j = NULL;
	bool has_file;
	bool is_told;

	if (json_parse(buf_str(body), body->len, &j) != 0) {
		log_warn("coco-tokend answers what is no grant");
		return result_exit(RESULT_ERROR);
	}
	has_file = write_capability(o, j) == 0;
	is_told = has_file && write_port(o, j) == 0;
	if (is_told && o->json)
		print_json(o, j, body);
	else if (is_told)
		print_grant(j, o->capability_file == NULL);
	is_told = is_told && is_printed();
	if (!is_told)
		take_back(o, j, has_file);
	json_free(j);
	return is_told ? 0 : result_exit(RESULT_ERROR);
}

static int
show_changed(const struct options *o, const struct buf *body)
{
	struct json *j = NULL;

	if (json_parse(buf_str(body), body->len, &j) != 0) {
		log_warn("coco-tokend answers what is no grant");
		return result_exit(RESULT_ERROR);
	}
	if (o->json)
		print_json(o, j, body);
	else
		print_grant(j, false);
	json_free(j);
	return is_printed() ? 0 : result_exit(RESULT_ERROR);
}

static int
make(const struct options *o)
{
	struct client_answer answer = CLIENT_ANSWER_INIT;
	struct buf b = BUF_INIT(GRANT_MAX_REQUEST);
	int status;

	if (o->count != 0)
		return usage("grant has no operands but update ID",
		    "coco-tokend grant --connection NAME");
	status = format_grant(o, &b);
	if (status == 0)
		status = command_ask(o, "POST", "/grants", &b, &answer);
	if (status == 0)
		status = show_new(o, &answer.body);
	buf_wipe(&answer.body);
	buf_wipe(&b);
	return status;
}

/* What is to be changed, as JSON. */
static int
format_update(const struct options *o, struct buf *b)
{
	struct jsonout j = JSONOUT_INIT(b);
	int status;

	if (o->pause && o->resume)
		return usage("--pause and --resume contradict each other",
		    "say one of them");
	jsonout_put(&j, "{");
	if (o->roles.len != 0)
		jsonout_texts(&j, "roles", &o->roles);
	status = add_ttl(o, &j);
	if (o->pause || o->resume)
		jsonout_flag(&j, "paused", o->pause);
	jsonout_text(&j, "container", o->container);
	if (status == 0 && b->len == 1)
		status = usage("nothing is to be changed",
		    "--role, --ttl, --pause, --resume and --container change "
		    "something");
	jsonout_put(&j, "}");
	return status;
}

static int
update(const struct options *o)
{
	struct client_answer answer = CLIENT_ANSWER_INIT;
	struct buf b = BUF_INIT(GRANT_MAX_REQUEST);
	struct buf target = BUF_INIT(GRANT_MAX_NAME);
	int status;

	if (o->count != 2 || !grant_is_id(o->words[1], strlen(o->words[1])))
		return usage("update wants the id of a grant",
		    "coco-tokend grants shows them");
	(void)buf_addf(&target, "/grants/%s", o->words[1]);
	status = format_update(o, &b);
	if (status == 0)
		status = command_ask(o, "PATCH", buf_str(&target), &b, &answer);
	if (status == 0)
		status = show_changed(o, &answer.body);
	buf_wipe(&answer.body);
	buf_wipe(&b);
	buf_wipe(&target);
	return status;
}

int
command_grant(const struct options *o)
{
	return o->count != 0 && strcmp(o->words[0], UPDATE) == 0 ? update(o) :
								   make(o);
}

struct list {
	bool json;
	size_t count;
	struct buf next; /* the page after this one; empty: none */
};

static int
print_one(void *ctx, size_t index, const struct json *j)
{
	struct list *l = ctx;

	(void)index;
	if (l->count++ != 0)
		(void)printf("\n");
	print_grant(j, false);
	return 0;
}

/* The grants of a page as they came, between "[" and "]". */
static void
print_elements(struct list *l, const struct json *j, const struct buf *body)
{
	const char *begin = strchr(buf_str(body), '[');
	const char *end = strrchr(buf_str(body), ']');

	if (json_count(j, "grants") == 0 || begin == NULL || end == NULL)
		return;
	(void)printf("%s%.*s", l->count != 0 ? "," : "{\"grants\":[",
	    (int)(end - begin - 1), begin + 1);
	l->count += json_count(j, "grants");
}

static int
show_page(struct list *l, const struct buf *body)
{
	struct json *j = NULL;

	if (json_parse(buf_str(body), body->len, &j) != 0) {
		log_warn("coco-tokend answers what is no list of grants");
		return result_exit(RESULT_ERROR);
	}
	if (l->json)
		print_elements(l, j, body);
	else
		(void)json_walk(j, "grants", print_one, l);
	buf_clear(&l->next);
	if (json_text(j, "next") != NULL)
		(void)buf_adds(&l->next, json_text(j, "next"));
	json_free(j);
	return 0;
}

int
command_grants(const struct options *o)
{
	struct client_answer answer = CLIENT_ANSWER_INIT;
	struct buf target = BUF_INIT(GRANT_MAX_NAME);
	struct list l = { o->json, 0, BUF_INIT(GRANT_ID_SIZE) };
	int status;

	if (o->count != 0)
		return usage("grants has no operands", "coco-tokend grants");
	do {
		buf_clear(&target);
		buf_clear(&answer.body);
		(void)buf_addf(&target, "/grants?after=%s", buf_str(&l.next));
		status = command_ask(o, "GET", buf_str(&target), NULL, &answer);
		if (status == 0)
			status = show_page(&l, &answer.body);
	} while (status == 0 && l.next.len != 0);
	if (o->json && status == 0)
		(void)printf("%s]}\n", l.count == 0 ? "{\"grants\":[" : "");
	if (!is_printed())
		status = result_exit(RESULT_ERROR);
	else if (status == 0 && !o->json && l.count == 0 &&
	    isatty(STDERR_FILENO))
		log_warn("there are no grants");
	buf_wipe(&answer.body);
	buf_wipe(&target);
	buf_wipe(&l.next);
	return status;
}

int
command_revoke(const struct options *o)
{
	struct client_answer answer = CLIENT_ANSWER_INIT;
	struct buf target = BUF_INIT(GRANT_MAX_NAME);
	int status;

	if (o->all ?
		o->count != 0 :
		o->count != 1 || !grant_is_id(o->words[0], strlen(o->words[0])))
		return usage(o->count != 0 && !o->all ?
			"that is no id of a grant, which has 16 hexadecimal "
			"digits" :
			"revoke wants the id of a grant, or --all",
		    "coco-tokend grants shows them");
	(void)buf_addf(&target, "/grants%s%s", o->all ? "" : "/",
	    o->all ? "" : o->words[0]);
	status = command_ask(o, "DELETE", buf_str(&target), NULL, &answer);
	if (status == 0)
		log_warn(o->all ? "all grants are revoked" : "it is revoked");
	buf_wipe(&answer.body);
	buf_wipe(&target);
	return status;
}
