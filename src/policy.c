/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <sys/stat.h>

#include <fcntl.h>
#include <string.h>
#include <strings.h>

#include "esc.h"
#include "io.h"
#include "num.h"
#include "policy.h"
#include "toml.h"

static const char *const strengths[] = {
	[POLICY_PLAIN] = "plain",
	[POLICY_ENCRYPTED] = "encrypted",
	[POLICY_KEYRING] = "keyring",
};

static const char *const audits[] = {
	[POLICY_AUDIT_OFF] = "off",
	[POLICY_AUDIT_ON] = "on",
	[POLICY_AUDIT_REQUIRED] = "required",
};

/* Our stores that are more than plain.  A store that is not ours may be so as
 * well, but we cannot know. */
static const struct {
	const char *helper;
	enum policy_strength strength;
} stores[] = {
	{ "sealed", POLICY_ENCRYPTED },
	{ "libsecret", POLICY_KEYRING },
};

void
policy_clear(struct policy *p)
{
	strv_clear(&p->helpers);
	strv_clear(&p->grants.connections);
	strv_clear(&p->grants.hosts);
	*p = (struct policy)POLICY_INIT;
}

/* Append where the byte AT of the document is. */
static void
add_place(const struct toml *doc, size_t at, struct buf *why)
{
	size_t line;
	size_t column;

	toml_place(doc, at, &line, &column);
	(void)buf_addf(why, "%zu:%zu: ", line, column);
}

/* Refuse the value of NODE. */
static int
bad_value(const struct toml *doc, const struct toml_node *node,
    const char *reason, struct buf *why)
{
	struct toml_span span = toml_value_span(node);

	/* tables have no value of their own, and elements no key */
	if (span.len == 0)
		span = toml_key_span(node);
	if (span.len == 0)
		span = toml_statement_span(node);
	add_place(doc, span.at, why);
	(void)buf_adds(why, reason);
	return -EBADMSG;
}

/* One word of a few.  *RET_INDEX is which. */
static int
parse_word(const struct toml_node *node, const char *const *words, size_t count,
    int *ret_index)
{
	const char *s;
	size_t i;
	int r;

	r = toml_string(node, &s, NULL);
	if (r != 0)
		return r;
	for (i = 0; i < count; i++) {
		if (strcmp(s, words[i]) == 0) {
			*ret_index = (int)i;
			return 0;
		}
	}
	return -EBADMSG;
}

static int
parse_helpers(const struct toml *doc, const struct toml_node *node,
    struct policy *p, struct buf *why)
{
	const struct toml_node *item;
	const char *s;

	if (toml_kind(node) != TOML_ARRAY)
		return bad_value(doc, node,
		    "helpers must be an array of strings", why);
	for (item = toml_first(node); item != NULL; item = toml_next(item)) {
		if (toml_string(item, &s, NULL) != 0 ||
		    (s[0] != '/' && !stack_is_name(s)))
			return bad_value(doc, item,
			    "a helper must be a name or an absolute path", why);
		strv_add(&p->helpers, s);
	}
	p->limited = true;
	return 0;
}

static int
unknown_key(const struct toml *doc, const struct toml_node *node,
    const char *table, struct buf *why)
{
	size_t len;
	const char *key = toml_key(node, &len);

	add_place(doc, toml_key_span(node).at, why);
	(void)buf_addf(why, "unknown key \"%s", table);
	(void)esc_visible(why, key, len);
	(void)buf_addc(why, '"');
	return -EBADMSG;
}

/* --- the table [grants] --------------------------------------------------- */

/* Refuse the value of NODE, a known key of the table: it must be DOMAIN. */
static int
bad_grant(const struct toml *doc, const struct toml_node *node,
    const char *domain, struct buf *why)
{
	struct buf reason = BUF_INIT(POLICY_MAX_WHY);
	int r;

	(void)buf_addf(&reason, "grants.%s must be %s", toml_key(node, NULL),
	    domain);
	r = bad_value(doc, node, buf_str(&reason), why);
	buf_wipe(&reason);
	return r;
}

static int
parse_grant_flag(const struct toml *doc, const struct toml_node *node,
    bool *ret_flag, struct buf *why)
{
	if (toml_bool(node, ret_flag) != 0)
		return bad_grant(doc, node, "true or false", why);
	return 0;
}

/* Seconds, or a string like "8h". */
static int
parse_max_ttl(const struct toml *doc, const struct toml_node *node,
    int64_t *ret_ttl, struct buf *why)
{
	const char *s;
	int64_t n = 0;
	int r;

	r = toml_int(node, &n);
	if (r != 0) {
		r = toml_string(node, &s, NULL);
		if (r == 0)
			r = num_parse_time(s, strlen(s), 1, INT64_MAX, &n);
	}
	if (r != 0 || n < 1)
		return bad_grant(doc, node,
		    "a number of seconds above 0, or a string like \"8h\"",
		    why);
	*ret_ttl = n;
	return 0;
}

static int
parse_max(const struct toml *doc, const struct toml_node *node,
    int64_t *ret_max, struct buf *why)
{
	int64_t n;

	if (toml_int(node, &n) != 0 || n < 0)
		return bad_grant(doc, node, "an integer, 0 or above", why);
	*ret_max = n;
	return 0;
}

/* One list limits the other kind, too: the same credential can have a
 * connection and a host, so a list of the one alone would be worth nothing. */
static int
parse_names(const struct toml *doc, const struct toml_node *node,
    struct policy_grants *g, struct strv *names, struct buf *why)
{
	const struct toml_node *item;
	const char *s;

	if (toml_kind(node) != TOML_ARRAY)
		return bad_grant(doc, node, "an array of strings", why);
	for (item = toml_first(node); item != NULL; item = toml_next(item)) {
		if (toml_string(item, &s, NULL) != 0 || s[0] == '\0')
			return bad_value(doc, item,
			    "a name must be a string that is not empty", why);
		strv_add(names, s);
	}
	g->limited = true;
	return 0;
}

static int
parse_grant_key(const struct toml *doc, const struct toml_node *node,
    struct policy_grants *g, struct buf *why)
{
	size_t len;
	const char *key = toml_key(node, &len);

	if (strlen(key) != len)
		return unknown_key(doc, node, "grants.", why);
	if (strcmp(key, "max_ttl") == 0)
		return parse_max_ttl(doc, node, &g->max_ttl, why);
	if (strcmp(key, "max") == 0)
		return parse_max(doc, node, &g->max, why);
	if (strcmp(key, "expose") == 0)
		return parse_grant_flag(doc, node, &g->expose, why);
	if (strcmp(key, "tcp") == 0)
		return parse_grant_flag(doc, node, &g->tcp, why);
	if (strcmp(key, "unauthenticated") == 0)
		return parse_grant_flag(doc, node, &g->unauthenticated, why);
	if (strcmp(key, "connections") == 0)
		return parse_names(doc, node, g, &g->connections, why);
	if (strcmp(key, "hosts") == 0)
		return parse_names(doc, node, g, &g->hosts, why);
	return unknown_key(doc, node, "grants.", why);
}

static int
parse_grants(const struct toml *doc, const struct toml_node *table,
    struct policy_grants *g, struct buf *why)
{
	const struct toml_node *node;
	int r = 0;

	if (toml_kind(table) != TOML_TABLE)
		return bad_value(doc, table, "grants must be a table", why);
	for (node = toml_first(table); r == 0 && node != NULL;
	     node = toml_next(node))
		r = parse_grant_key(doc, node, g, why);
	return r;
}

/* --- the file ------------------------------------------------------------- */

/* One key.  *COMMANDS is set when it was given. */
static int
parse_key(const struct toml *doc, const struct toml_node *node,
    struct policy *p, bool *commands, struct buf *why)
{
	size_t len;
	const char *key = toml_key(node, &len);
	int index = 0;

	/* "audit\u0000x" is not "audit" */
	if (strlen(key) != len)
		return unknown_key(doc, node, "", why);
	if (strcmp(key, "helpers") == 0)
		return parse_helpers(doc, node, p, why);
	if (strcmp(key, "grants") == 0)
		return parse_grants(doc, node, &p->grants, why);
	if (strcmp(key, "commands") == 0) {
		*commands = true;
		if (toml_bool(node, &p->commands) != 0)
			return bad_value(doc, node,
			    "commands must be true or false", why);
	} else if (strcmp(key, "store_strength") == 0) {
		if (parse_word(node, strengths, ARRAY_LEN(strengths), &index) !=
		    0)
			return bad_value(doc, node,
			    "store_strength must be \"plain\", "
			    "\"encrypted\" or \"keyring\"",
			    why);
		p->strength = (enum policy_strength)index;
	} else if (strcmp(key, "audit") == 0) {
		if (parse_word(node, audits, ARRAY_LEN(audits), &index) != 0)
			return bad_value(doc, node,
			    "audit must be \"off\", \"on\" or \"required\"",
			    why);
		p->audit = (enum policy_audit)index;
	} else {
		return unknown_key(doc, node, "", why);
	}
	return 0;
}

int
policy_parse(const char *text, size_t len, struct policy *ret_policy,
    struct buf *why)
{
	struct policy p = POLICY_INIT;
	const struct toml_node *node;
	struct toml *doc = NULL;
	bool commands = false;
	int r;

	r = toml_parse_why(text, len, &doc, why);
	if (r != 0)
		return r;
	for (node = toml_first(toml_root(doc)); r == 0 && node != NULL;
	     node = toml_next(node))
		r = parse_key(doc, node, &p, &commands, why);
	toml_free(doc);
	/* a list of helpers would be worth nothing if "!/any/other" were a way
	 * around it, so commands then have to be asked for */
	if (p.limited && !commands)
		p.commands = false;
	if (r != 0) {
		policy_clear(&p);
		return r;
	}
	policy_clear(ret_policy);
	*ret_policy = p;
	return 0;
}

/* --- what is permitted ---------------------------------------------------- */

enum policy_strength
policy_strength_of(const struct stack_rule *rule)
{
	size_t i;

	for (i = 0; rule->kind == STACK_NAME && i < ARRAY_LEN(stores); i++)
		if (strcmp(rule->argv.v[0], stores[i].helper) == 0)
			return stores[i].strength;
	return POLICY_PLAIN;
}

/* Name the rule.  The text of a command may hold a secret, so its place has to
 * do. */
static void
add_rule(const struct stack_rule *rule, struct buf *why)
{
	(void)buf_adds(why, "policy (" POLICY_FILE "): ");
	if (rule->kind == STACK_SHELL) {
		(void)buf_addf(why, "the command of %s:%d", rule->file,
		    rule->line);
		return;
	}
	(void)buf_adds(why, "helper \"");
	(void)esc_visible(why, rule->argv.v[0], strlen(rule->argv.v[0]));
	(void)buf_addc(why, '"');
}

/*
 * Whether an argument of a helper of ours is a command for the shell: the
 * options key-command and passphrase-command of sealed, in every form and
 * abbreviation that getopt_long() takes.
 */
static bool
has_command(const struct stack_rule *rule)
{
	return stack_has_option(rule, "key-co") ||
	    stack_has_option(rule, "passphrase-c");
}

int
policy_permits(const struct policy *p, const struct stack_rule *rule,
    const char *verb, struct buf *why)
{
	enum policy_strength strength = policy_strength_of(rule);

	if (!p->commands && has_command(rule)) {
		add_rule(rule, why);
		(void)buf_adds(why, " is not allowed to run a command");
		return -EACCES;
	}

	if (rule->kind == STACK_SHELL ?
		!p->commands :
		p->limited && !strv_has(&p->helpers, rule->argv.v[0])) {
		add_rule(rule, why);
		(void)buf_adds(why, " is not allowed");
		return -EACCES;
	}
	if (strcmp(verb, "store") == 0 && strength < p->strength) {
		add_rule(rule, why);
		(void)buf_addf(why,
		    " is not allowed to store: it is %s, the least is %s",
		    strengths[strength], strengths[p->strength]);
		return -EACCES;
	}
	return 0;
}

/* Refuse by the key KEY of [grants]. */
static int
refuse_grant(struct buf *why, const char *key, const char *reason)
{
	(void)buf_addf(why, "policy (" POLICY_FILE "): grants.%s: %s", key,
	    reason);
	return -EACCES;
}

/* Refuse the connection or host NAME, which is not in the list. */
static int
refuse_name(struct buf *why, const char *key, const char *name)
{
	(void)refuse_grant(why, key, "\"");
	(void)esc_visible(why, name, strlen(name));
	(void)buf_adds(why, "\" is not in the list");
	return -EACCES;
}

static bool
has_host(const struct strv *hosts, const char *host)
{
	size_t i;

	for (i = 0; i < hosts->len; i++)
		if (strcasecmp(hosts->v[i], host) == 0)
			return true;
	return false;
}

static int
check_names(const struct policy_grants *p, const struct policy_grant *g,
    struct buf *why)
{
	size_t i;

	for (i = 0; p->limited && i < g->connections.len; i++)
		if (!strv_has(&p->connections, g->connections.v[i]))
			return refuse_name(why, "connections",
			    g->connections.v[i]);
	for (i = 0; p->limited && i < g->hosts.len; i++)
		if (!has_host(&p->hosts, g->hosts.v[i]))
			return refuse_name(why, "hosts", g->hosts.v[i]);
	return 0;
}

int
policy_permits_grant(const struct policy *p, const struct policy_grant *g,
    struct buf *why)
{
	const struct policy_grants *limits = &p->grants;
	int r;

	if (limits->max >= 0 && g->others >= (uint64_t)limits->max) {
		r = refuse_grant(why, "max", "there may be ");
		(void)buf_addf(why, "%jd grants", (intmax_t)limits->max);
		return r;
	}
	if (limits->max_ttl > 0 && g->ttl > limits->max_ttl) {
		r = refuse_grant(why, "max_ttl", "a grant may last ");
		(void)buf_addf(why, "%jd seconds", (intmax_t)limits->max_ttl);
		return r;
	}
	if (g->expose && !limits->expose)
		return refuse_grant(why, "expose",
		    "what lives longer than an hour must not be exposed");
	if (g->tcp && !limits->tcp)
		return refuse_grant(why, "tcp",
		    "only unix sockets are allowed");
	if (g->unauthenticated && !limits->unauthenticated)
		return refuse_grant(why, "unauthenticated",
		    "every request must have the capability");
	return check_names(limits, g, why);
}

/* --- the policy of this machine ------------------------------------------- */

/* The file behind FD, which is open, or is a link when FD is negative. */
static int
read_file(int fd, struct buf *text, struct buf *why)
{
	struct stat st;
	int own = -1;
	int r;

	r = path_check_root(POLICY_FILE, why);
	if (r == -EACCES && why->len != 0)
		(void)buf_adds(why,
		    ": the policy and all that it is in must belong to root "
		    "and be writable by root alone");
	if (r == 0 && fd < 0) {
		own = open(POLICY_FILE,
		    O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
		fd = own;
		r = own < 0 ? -errno : 0;
	}
	if (r == 0 && fstat(fd, &st) != 0)
		r = -errno;
	if (r == 0 && !S_ISREG(st.st_mode))
		r = -EINVAL;
	if (r == 0)
		r = io_read_all(fd, text);
	io_close(own);
	if (r != 0 && why->len == 0)
		(void)buf_addf(why, POLICY_FILE ": %s",
		    r == -EMSGSIZE   ? "longer than 64 KiB" :
			r == -EINVAL ? "is no plain file" :
				       strerror(-r));
	return r;
}

static int
load(struct policy *p, struct buf *why)
{
	struct buf text = BUF_INIT(POLICY_MAX_TEXT);
	struct buf reason = BUF_INIT(POLICY_MAX_WHY);
	int fd;
	int r;

	/* not to follow a link tells one that leads nowhere from no file */
	fd = open(POLICY_FILE,
	    O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0 && errno == ENOENT)
		return 0;
	r = fd < 0 ? -errno : 0;
	if (r == 0 || r == -ELOOP)
		r = read_file(fd, &text, why);
	else
		(void)buf_addf(why, POLICY_FILE ": %s", strerror(-r));
	if (r == 0) {
		r = policy_parse(buf_str(&text), text.len, p, &reason);
		if (r != 0)
			(void)buf_addf(why, POLICY_FILE ":%s",
			    buf_str(&reason));
	}
	io_close(fd);
	buf_wipe(&text);
	buf_wipe(&reason);
	return r;
}

/* What was read, and why it cannot be used. */
static struct {
	bool is_loaded;
	int status;
	struct policy policy;
	struct buf fault;
} machine = { false, 0, POLICY_INIT, BUF_INIT(POLICY_MAX_WHY) };

int
policy_get(const struct policy **ret_policy, struct buf *why)
{
	if (!machine.is_loaded)
		machine.status = load(&machine.policy, &machine.fault);
	machine.is_loaded = true;
	if (machine.status != 0) {
		(void)buf_adds(why, buf_str(&machine.fault));
		return -EACCES;
	}
	*ret_policy = &machine.policy;
	return 0;
}

int
policy_reload(struct buf *why)
{
	const struct policy *policy;

	policy_clear(&machine.policy);
	machine.policy = (struct policy)POLICY_INIT;
	buf_clear(&machine.fault);
	machine.is_loaded = false;
	return policy_get(&policy, why);
}

int
policy_check(const struct stack_rule *rule, const char *verb, struct buf *why)
{
	const struct policy *p;
	int r;

	r = policy_get(&p, why);
	return r != 0 ? r : policy_permits(p, rule, verb, why);
}

bool
policy_allows_plain(void)
{
	struct buf why = BUF_INIT(POLICY_MAX_WHY);
	const struct policy *policy;
	bool may;

	may = policy_get(&policy, &why) == 0 &&
	    policy->strength == POLICY_PLAIN;
	buf_wipe(&why);
	return may;
}
