/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cred.h"
#include "mem.h"
#include "num.h"

#define STATE_PREFIX "coco:"

enum kind {
	KIND_TEXT,
	KIND_HOST,
	KIND_NUMBER,
	KIND_FLAG
};

static const struct {
	const char *name;
	enum kind kind;
} attrs[CRED_ATTRS] = {
	[CRED_PROTOCOL] = { "protocol", KIND_TEXT },
	[CRED_HOST] = { "host", KIND_HOST },
	[CRED_PATH] = { "path", KIND_TEXT },
	[CRED_USERNAME] = { "username", KIND_TEXT },
	[CRED_PASSWORD] = { "password", KIND_TEXT },
	[CRED_AUTHTYPE] = { "authtype", KIND_TEXT },
	[CRED_CREDENTIAL] = { "credential", KIND_TEXT },
	[CRED_PASSWORD_EXPIRY_UTC] = { "password_expiry_utc", KIND_NUMBER },
	[CRED_OAUTH_REFRESH_TOKEN] = { "oauth_refresh_token", KIND_TEXT },
	[CRED_EPHEMERAL] = { "ephemeral", KIND_FLAG },
	[CRED_CONTINUE] = { "continue", KIND_FLAG },
	[CRED_QUIT] = { "quit", KIND_FLAG },
	[CRED_CONNECTION] = { "connection", KIND_TEXT },
	[CRED_ROLE] = { "role", KIND_TEXT },
	[CRED_AUTHENTICATOR] = { "authenticator", KIND_TEXT },
	[CRED_TOKEN_TYPE] = { "token_type", KIND_TEXT },
	[CRED_ISSUED_UTC] = { "issued_utc", KIND_NUMBER },
};

static const char *const lists[CRED_LISTS] = {
	[CRED_CAPABILITY] = "capability[]",
	[CRED_WWWAUTH] = "wwwauth[]",
	[CRED_STATE] = "state[]",
};

static void
free_secret(char *s)
{
	if (s != NULL)
		freezero(s, strlen(s));
}

const char *
cred_attr_name(enum cred_attr a)
{
	return attrs[a].name;
}

const char *
cred_get(const struct cred *c, enum cred_attr a)
{
	return c->attr[a];
}

void
cred_set(struct cred *c, enum cred_attr a, const char *value)
{
	char *copy = value != NULL ? xstrdup(value) : NULL;

	free_secret(c->attr[a]);
	c->attr[a] = copy;
}

void
cred_set_number(struct cred *c, enum cred_attr a, int64_t value)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%lld", (long long)value);
	cred_set(c, a, text);
}

int64_t
cred_number(const struct cred *c, enum cred_attr a)
{
	int64_t n = 0;

	if (c->attr[a] != NULL)
		(void)num_parse(c->attr[a], strlen(c->attr[a]), 0, INT64_MAX,
		    &n);
	return n;
}

/* A boolean as git reads one (git-config(1), "Values").  -1 for none. */
static int
parse_flag(const char *s)
{
	static const char *const yes[] = { "true", "yes", "on" };
	static const char *const no[] = { "", "false", "no", "off" };
	int64_t n;
	size_t i;

	for (i = 0; i < ARRAY_LEN(yes); i++)
		if (strcasecmp(s, yes[i]) == 0)
			return 1;
	for (i = 0; i < ARRAY_LEN(no); i++)
		if (strcasecmp(s, no[i]) == 0)
			return 0;
	if (num_parse(s, strlen(s), 0, INT32_MAX, &n) != 0)
		return -1;
	return n != 0;
}

bool
cred_flag(const struct cred *c, enum cred_attr a)
{
	return c->attr[a] != NULL && parse_flag(c->attr[a]) == 1;
}

void
cred_add(struct cred *c, enum cred_list_attr l, const char *value)
{
	struct cred_list *list = &c->list[l];

	list->v = xreallocarray(list->v, list->len + 1, sizeof(*list->v));
	list->v[list->len++] = xstrdup(value);
}

void
cred_clear_list(struct cred *c, enum cred_list_attr l)
{
	struct cred_list *list = &c->list[l];
	size_t i;

	for (i = 0; i < list->len; i++)
		free_secret(list->v[i]);
	free(list->v);
	list->v = NULL;
	list->len = 0;
}

bool
cred_has(const struct cred *c, enum cred_list_attr l, const char *value)
{
	size_t i;

	for (i = 0; i < c->list[l].len; i++)
		if (strcmp(c->list[l].v[i], value) == 0)
			return true;
	return false;
}

unsigned
cred_capabilities(const struct cred *c)
{
	return (cred_has(c, CRED_CAPABILITY, "authtype") ? CRED_CAN_AUTHTYPE :
							   0U) |
	    (cred_has(c, CRED_CAPABILITY, "state") ? CRED_CAN_STATE : 0U);
}

static bool
is_our_state(const char *state)
{
	return strncmp(state, STATE_PREFIX, strlen(STATE_PREFIX)) == 0;
}

/* The value in STATE when it is ours and named NAME, else NULL. */
static const char *
state_value(const char *state, const char *name)
{
	size_t len = strlen(name);

	if (!is_our_state(state))
		return NULL;
	state += strlen(STATE_PREFIX);
	if (strncmp(state, name, len) != 0 || state[len] != '=')
		return NULL;
	return state + len + 1;
}

const char *
cred_state(const struct cred *c, const char *name)
{
	const char *value;
	size_t i;

	for (i = 0; i < c->list[CRED_STATE].len; i++) {
		value = state_value(c->list[CRED_STATE].v[i], name);
		if (value != NULL)
			return value;
	}
	return NULL;
}

/* Remove the states for which GONE(state, NAME) holds. */
static void
drop_states(struct cred *c, bool (*gone)(const char *, const char *),
    const char *name)
{
	struct cred_list *list = &c->list[CRED_STATE];
	size_t kept = 0;
	size_t i;

	for (i = 0; i < list->len; i++) {
		if (gone(list->v[i], name))
			free_secret(list->v[i]);
		else
			list->v[kept++] = list->v[i];
	}
	list->len = kept;
}

static bool
is_named(const char *state, const char *name)
{
	return state_value(state, name) != NULL;
}

static bool
is_ours(const char *state, const char *name)
{
	(void)name;
	return is_our_state(state);
}

void
cred_set_state(struct cred *c, const char *name, const char *value)
{
	struct buf b = BUF_INIT(CRED_MAX_LINE);

	drop_states(c, is_named, name);
	if (value != NULL &&
	    buf_addf(&b, STATE_PREFIX "%s=%s", name, value) == 0)
		cred_add(c, CRED_STATE, buf_str(&b));
	buf_wipe(&b);
}

void
cred_drop_our_states(struct cred *c)
{
	drop_states(c, is_ours, NULL);
}

const char *
cred_secret(const struct cred *c)
{
	return c->attr[CRED_PASSWORD] != NULL ? c->attr[CRED_PASSWORD] :
						c->attr[CRED_CREDENTIAL];
}

bool
cred_has_secret(const struct cred *c)
{
	return cred_secret(c) != NULL;
}

bool
cred_is_addressed(const struct cred *c)
{
	return c->attr[CRED_CONNECTION] != NULL ||
	    (c->attr[CRED_PROTOCOL] != NULL && c->attr[CRED_HOST] != NULL);
}

/* Parsing. */

/* A host may have any name, but a port must be one: a helper that cuts it to
 * 16 bits gives away the credential of another port. */
static bool
is_host(const char *s)
{
	const char *colon = strrchr(s, ':');
	const char *bracket = strrchr(s, ']');
	int64_t port;

	if (colon == NULL || (bracket != NULL && bracket > colon))
		return true;
	return num_parse(colon + 1, strlen(colon + 1), 1, 65535, &port) == 0;
}

/* Check a value and bring it to the form that we keep.  Returns NULL when the
 * attribute cannot have it, else what to keep; "" unsets. */
static const char *
check_value(enum kind kind, const char *value)
{
	int64_t n;
	int r;

	switch (kind) {
	case KIND_HOST:
		return is_host(value) ? value : NULL;
	case KIND_NUMBER:
		r = num_parse(value, strlen(value), 1, INT64_MAX, &n);
		/* too large or zero is "never", as git reads it */
		return r == 0 ? value : r == -ERANGE ? "" : NULL;
	case KIND_FLAG:
		r = parse_flag(value);
		return r < 0 ? NULL : r == 1 ? "1" : "";
	case KIND_TEXT:
		break;
	}
	return value;
}

static int
set_attr(struct cred *c, enum cred_attr a, const char *value, struct buf *why)
{
	const char *kept = check_value(attrs[a].kind, value);

	if (kept == NULL) {
		(void)buf_addf(why, "%s has a value that it cannot have",
		    attrs[a].name);
		return -EBADMSG;
	}
	if ((attrs[a].kind == KIND_NUMBER || attrs[a].kind == KIND_FLAG) &&
	    kept[0] == '\0')
		kept = NULL;
	cred_set(c, a, kept);
	return 0;
}

static int
set_list(struct cred *c, enum cred_list_attr l, const char *value,
    struct buf *why)
{
	if (value[0] == '\0') {
		cred_clear_list(c, l);
		return 0;
	}
	if (c->list[l].len == CRED_MAX_LIST) {
		(void)buf_addf(why, "more than %d values of %s", CRED_MAX_LIST,
		    lists[l]);
		return -EMSGSIZE;
	}
	cred_add(c, l, value);
	return 0;
}

/* Take one attribute; unknown ones are ignored, as the protocol demands. */
static int
set_any(struct cred *c, const char *key, size_t key_len, const char *value,
    struct buf *why)
{
	size_t i;

	for (i = 0; i < CRED_ATTRS; i++)
		if (strlen(attrs[i].name) == key_len &&
		    memcmp(attrs[i].name, key, key_len) == 0)
			return set_attr(c, (enum cred_attr)i, value, why);
	for (i = 0; i < CRED_LISTS; i++)
		if (strlen(lists[i]) == key_len &&
		    memcmp(lists[i], key, key_len) == 0)
			return set_list(c, (enum cred_list_attr)i, value, why);
	return 0;
}

static int
refuse(struct buf *why, int r, const char *reason)
{
	(void)buf_adds(why, reason);
	return r;
}

/* One line without its newline. */
static int
parse_line(struct cred *c, const char *line, size_t len, struct buf *why)
{
	const char *equals = memchr(line, '=', len);
	char *value;
	int r;

	if (memchr(line, '\0', len) != NULL)
		return refuse(why, -EBADMSG, "a NUL byte in a line");
	if (memchr(line, '\r', len) != NULL)
		return refuse(why, -EBADMSG, "a carriage return in a line");
	if (equals == NULL)
		return refuse(why, -EBADMSG, "a line without '='");
	if (equals == line)
		return refuse(why, -EBADMSG, "a line without a key");
	value = xstrndup(equals + 1, len - (size_t)(equals + 1 - line));
	r = set_any(c, line, (size_t)(equals - line), value, why);
	free_secret(value);
	return r;
}

/* The line at the start of TEXT: its length without newline and one CR before
 * it, and how much to go on by. */
static size_t
line_length(const char *text, size_t len, size_t *ret_next)
{
	const char *newline = memchr(text, '\n', len);
	size_t n = newline != NULL ? (size_t)(newline - text) : len;

	*ret_next = newline != NULL ? n + 1 : n;
	return newline != NULL && n > 0 && text[n - 1] == '\r' ? n - 1 : n;
}

int
cred_parse(const char *text, size_t len, struct cred *ret_cred, struct buf *why)
{
	struct cred c = CRED_INIT;
	size_t next;
	size_t n;
	int r = 0;

	if (len > CRED_MAX_MESSAGE)
		return refuse(why, -EMSGSIZE, "a message over 1 MiB");
	while (r == 0 && len > 0) {
		n = line_length(text, len, &next);
		if (n == 0)
			break;
		if (n + 1 > CRED_MAX_LINE)
			r = refuse(why, -EMSGSIZE, "a line over 65535 bytes");
		else
			r = parse_line(&c, text, n, why);
		text += next;
		len -= next;
	}
	if (r == 0)
		cred_move(ret_cred, &c);
	cred_wipe(&c);
	return r;
}

bool
cred_is_complete(const char *text, size_t len)
{
	size_t next;

	while (len > 0) {
		if (line_length(text, len, &next) == 0)
			return true;
		text += next;
		len -= next;
	}
	return false;
}

/* Formatting. */

static int
format_line(struct buf *b, const char *key, const char *value)
{
	int r;

	if (strpbrk(value, "\r\n") != NULL ||
	    strlen(key) + 1 + strlen(value) + 1 > CRED_MAX_LINE)
		return -EBADMSG;
	/* not by one format, which the daemon would pay for with each token */
	r = buf_adds(b, key);
	if (r == 0)
		r = buf_addc(b, '=');
	if (r == 0)
		r = buf_adds(b, value);
	return r == 0 ? buf_addc(b, '\n') : r;
}

static int
format_list(struct buf *b, const struct cred *c, enum cred_list_attr l)
{
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < c->list[l].len; i++)
		r = format_line(b, lists[l], c->list[l].v[i]);
	return r;
}

int
cred_format(const struct cred *c, struct buf *b)
{
	size_t before = b->len;
	size_t i;
	int r;

	r = format_list(b, c, CRED_CAPABILITY);
	for (i = 0; r == 0 && i < CRED_ATTRS; i++)
		if (c->attr[i] != NULL)
			r = format_line(b, attrs[i].name, c->attr[i]);
	for (i = CRED_CAPABILITY + 1; r == 0 && i < CRED_LISTS; i++)
		r = format_list(b, c, (enum cred_list_attr)i);
	if (r != 0)
		buf_truncate(b, before);
	return r;
}

/* Matching. */

/* Equal as strings, absence being equal to absence only. */
static bool
equal(const char *a, const char *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	return strcmp(a, b) == 0;
}

static const enum cred_attr selectors[] = { CRED_PROTOCOL, CRED_HOST, CRED_PATH,
	CRED_USERNAME };

bool
cred_matches(const struct cred *request, const struct cred *entry)
{
	enum cred_attr a;
	size_t i;

	if (!equal(request->attr[CRED_CONNECTION],
		entry->attr[CRED_CONNECTION]) ||
	    !equal(request->attr[CRED_ROLE], entry->attr[CRED_ROLE]))
		return false;
	for (i = 0; i < ARRAY_LEN(selectors); i++) {
		a = selectors[i];
		if (request->attr[a] != NULL &&
		    !equal(request->attr[a], entry->attr[a]))
			return false;
	}
	return true;
}

bool
cred_same_key(const struct cred *entry, const struct cred *new)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(selectors); i++)
		if (!equal(entry->attr[selectors[i]], new->attr[selectors[i]]))
			return false;
	return equal(entry->attr[CRED_CONNECTION],
		   new->attr[CRED_CONNECTION]) &&
	    equal(entry->attr[CRED_ROLE], new->attr[CRED_ROLE]);
}

/* Equal secrets, compared in constant time for equal lengths. */
static bool
equal_secret(const char *a, const char *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	return strlen(a) == strlen(b) && mem_differ(a, b, strlen(a)) == 0;
}

bool
cred_same_secret(const struct cred *request, const struct cred *entry)
{
	if (request->attr[CRED_PASSWORD] != NULL &&
	    !equal_secret(request->attr[CRED_PASSWORD],
		entry->attr[CRED_PASSWORD]))
		return false;
	return request->attr[CRED_CREDENTIAL] == NULL ||
	    equal_secret(request->attr[CRED_CREDENTIAL],
		entry->attr[CRED_CREDENTIAL]);
}

/* Life cycle. */

void
cred_merge(struct cred *to, const struct cred *from)
{
	size_t i;
	size_t k;

	for (i = 0; i < CRED_ATTRS; i++)
		if (from->attr[i] != NULL)
			cred_set(to, (enum cred_attr)i, from->attr[i]);
	for (i = 0; i < CRED_LISTS; i++) {
		if (from->list[i].len == 0)
			continue;
		cred_clear_list(to, (enum cred_list_attr)i);
		for (k = 0; k < from->list[i].len; k++)
			cred_add(to, (enum cred_list_attr)i,
			    from->list[i].v[k]);
	}
}

void
cred_wipe(struct cred *c)
{
	size_t i;

	if (c == NULL)
		return;
	for (i = 0; i < CRED_ATTRS; i++)
		cred_set(c, (enum cred_attr)i, NULL);
	for (i = 0; i < CRED_LISTS; i++)
		cred_clear_list(c, (enum cred_list_attr)i);
}

void
cred_move(struct cred *dst, struct cred *src)
{
	cred_wipe(dst);
	*dst = *src;
	*src = (struct cred)CRED_INIT;
}
