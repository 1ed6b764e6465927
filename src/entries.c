/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "entries.h"
#include "fnv.h"
#include "mem.h"

void
entries_wipe(struct entries *e)
{
	size_t i;

	for (i = 0; i < e->len; i++)
		cred_wipe(&e->v[i]);
	free(e->v);
	*e = (struct entries)ENTRIES_INIT;
}

/* Append ENTRY, which is taken. */
static int
append(struct entries *e, struct cred *entry)
{
	if (e->len == ENTRIES_MAX)
		return -EMSGSIZE;
	e->v = xreallocarray(e->v, e->len + 1, sizeof(*e->v));
	e->v[e->len] = (struct cred)CRED_INIT;
	cred_move(&e->v[e->len++], entry);
	return 0;
}

static void
remove_at(struct entries *e, size_t i)
{
	cred_wipe(&e->v[i]);
	memmove(&e->v[i], &e->v[i + 1], (e->len - i - 1) * sizeof(*e->v));
	e->len--;
}

/* The length of the message at TEXT, with its blank line. */
static size_t
message_length(const char *text, size_t len)
{
	const char *end = memmem(text, len, "\n\n", 2);

	return end != NULL ? (size_t)(end - text) + 2 : len;
}

/* One entry.  What the wire format would pass over, a file of ours does not
 * have: rather refuse it than lose what stands behind. */
static int
parse_entry(const char *text, size_t len, struct cred *c, struct buf *why)
{
	int r;

	if (text[0] == '\n' || memchr(text, '\r', len) != NULL) {
		(void)buf_adds(why, "a blank line or carriage return too many");
		return -EBADMSG;
	}
	r = cred_parse(text, len, c, why);
	if (r == 0 && !cred_is_addressed(c)) {
		(void)buf_adds(why, "an entry without protocol and host");
		r = -EBADMSG;
	}
	return r;
}

int
entries_parse(const char *text, size_t len, struct entries *ret_entries,
    struct buf *why)
{
	const size_t header = strlen(ENTRIES_HEADER);
	struct entries e = ENTRIES_INIT;
	struct cred c = CRED_INIT;
	size_t n;
	int r = 0;

	if (len != 0 &&
	    (len < header || memcmp(text, ENTRIES_HEADER, header) != 0)) {
		(void)buf_adds(why,
		    "the first line is not that of a "
		    "credential file of version 1");
		return -EBADMSG;
	}
	if (len != 0) {
		text += header;
		len -= header;
	}
	while (r == 0 && len > 0) {
		n = message_length(text, len);
		r = parse_entry(text, n, &c, why);
		if (r == 0)
			r = append(&e, &c);
		text += n;
		len -= n;
	}
	if (r == 0)
		*ret_entries = e;
	else
		(void)buf_addf(why, " (entry %zu)", e.len + 1);
	if (r != 0)
		entries_wipe(&e);
	cred_wipe(&c);
	return r;
}

int
entries_format(const struct entries *e, struct buf *b)
{
	size_t i;
	int r;

	r = buf_adds(b, ENTRIES_HEADER);
	for (i = 0; r == 0 && i < e->len; i++) {
		r = cred_format(&e->v[i], b);
		if (r == 0)
			r = buf_addc(b, '\n');
	}
	return r;
}

static bool
is_expired(const struct cred *entry, int64_t now_utc)
{
	int64_t expiry = cred_number(entry, CRED_PASSWORD_EXPIRY_UTC);

	if (cred_get(entry, CRED_CONNECTION) != NULL)
		return clock_is_stale(expiry,
		    cred_number(entry, CRED_ISSUED_UTC), now_utc);
	return expiry != 0 && expiry <= now_utc;
}

static bool
is_for(const struct cred *request, const struct cred *entry)
{
	if (!cred_matches(request, entry))
		return false;
	return cred_get(entry, CRED_CREDENTIAL) == NULL ||
	    (cred_capabilities(request) & CRED_CAN_AUTHTYPE) != 0;
}

/* Copy what an answer says: not where the entry is kept, and no secret that
 * has expired. */
static void
fill_answer(const struct cred *entry, bool expired, struct cred *answer)
{
	static const enum cred_attr address[] = { CRED_PROTOCOL, CRED_HOST,
		CRED_PATH, CRED_CONNECTION, CRED_ROLE };
	size_t i;

	cred_merge(answer, entry);
	for (i = 0; i < ARRAY_LEN(address); i++)
		cred_set(answer, address[i], NULL);
	cred_clear_list(answer, CRED_CAPABILITY);
	if (expired) {
		cred_set(answer, CRED_PASSWORD, NULL);
		cred_set(answer, CRED_CREDENTIAL, NULL);
		cred_set(answer, CRED_AUTHTYPE, NULL);
		cred_set(answer, CRED_PASSWORD_EXPIRY_UTC, NULL);
		cred_set(answer, CRED_ISSUED_UTC, NULL);
	}
	if (cred_state(answer, ENTRIES_REFUSED) != NULL)
		cred_set(answer, CRED_OAUTH_REFRESH_TOKEN, NULL);
	if (cred_get(answer, CRED_CREDENTIAL) != NULL)
		cred_add(answer, CRED_CAPABILITY, "authtype");
	if (answer->list[CRED_STATE].len != 0)
		cred_add(answer, CRED_CAPABILITY, "state");
}

enum result
entries_get(const struct entries *e, const struct cred *request,
    int64_t now_utc, struct cred *answer)
{
	const struct cred *expired = NULL;
	size_t i;

	if (!cred_is_addressed(request))
		return RESULT_NOT_FOUND;
	for (i = e->len; i-- > 0;) {
		if (!is_for(request, &e->v[i]))
			continue;
		if (!is_expired(&e->v[i], now_utc)) {
			fill_answer(&e->v[i], false, answer);
			return RESULT_SUCCESS;
		}
		if (expired == NULL)
			expired = &e->v[i];
	}
	if (expired == NULL)
		return RESULT_NOT_FOUND;
	fill_answer(expired, true, answer);
	return RESULT_EXPIRED;
}

/* Whether NEW, without a live token, is what became of the refresh token in
 * ENTRY: that one is used up. */
static bool
is_rotated(const struct cred *entry, const struct cred *new)
{
	const char *token = cred_get(entry, CRED_OAUTH_REFRESH_TOKEN);
	const char *of = cred_state(new, ENTRIES_ROTATED);
	char name[ENTRIES_NAME_SIZE];

	if (token == NULL || of == NULL)
		return false;
	entries_name_token(token, name);
	return strcmp(of, name) == 0;
}

/*
 * Whether NEW must leave ENTRY as it is.  What has a state of ours was made by
 * a helper of ours, not found by git: it is right even without a refresh token
 * (client credentials have none).
 */
static bool
keeps(const struct cred *entry, const struct cred *new)
{
	if (!cred_has_secret(new))
		return !is_rotated(entry, new);
	if (cred_get(new, CRED_OAUTH_REFRESH_TOKEN) != NULL ||
	    cred_state(new, CRED_STATE_ORIGIN) != NULL)
		return false;
	return cred_get(entry, CRED_OAUTH_REFRESH_TOKEN) != NULL ||
	    cred_same_secret(new, entry);
}

/* Whether NEW says that the server refused ENTRY's refresh token. */
static bool
is_refusal(const struct cred *entry, const struct cred *new)
{
	const char *token = cred_get(new, CRED_OAUTH_REFRESH_TOKEN);
	const char *kept = cred_get(entry, CRED_OAUTH_REFRESH_TOKEN);

	return cred_state(new, ENTRIES_REFUSED) != NULL && token != NULL &&
	    kept != NULL && !cred_has_secret(new) && strcmp(token, kept) == 0;
}

/* Drop what only the way of asking was about. */
static void
make_entry(struct cred *entry)
{
	cred_clear_list(entry, CRED_CAPABILITY);
	cred_clear_list(entry, CRED_WWWAUTH);
	cred_set(entry, CRED_CONTINUE, NULL);
	cred_set(entry, CRED_QUIT, NULL);
}

void
entries_name_token(const char *token, char name[ENTRIES_NAME_SIZE])
{
	(void)snprintf(name, ENTRIES_NAME_SIZE, "%016" PRIx64,
	    fnv_field(FNV_START, token));
}

int
entries_store(struct entries *e, const struct cred *new, bool *ret_changed)
{
	struct cred entry = CRED_INIT;
	bool connected = cred_get(new, CRED_CONNECTION) != NULL;
	size_t i;
	int r = 0;

	*ret_changed = false;
	if (cred_flag(new, CRED_EPHEMERAL) || !cred_is_addressed(new) ||
	    (!cred_has_secret(new) &&
		cred_get(new, CRED_OAUTH_REFRESH_TOKEN) == NULL))
		return 0;
	for (i = 0; i < e->len; i++)
		if (cred_same_key(&e->v[i], new))
			break;
	*ret_changed = true;
	if (i < e->len && connected && is_refusal(&e->v[i], new))
		cred_set_state(&e->v[i], ENTRIES_REFUSED,
		    cred_state(new, ENTRIES_REFUSED));
	if (i < e->len && connected && keeps(&e->v[i], new))
		return 0;
	cred_merge(&entry, new);
	cred_set_state(&entry, ENTRIES_ROTATED, NULL);
	make_entry(&entry);
	if (i < e->len)
		remove_at(e, i);
	r = append(e, &entry);
	cred_wipe(&entry);
	return r;
}

bool
entries_erase(struct entries *e, const struct cred *request)
{
	bool changed = false;
	size_t i;

	if (!cred_is_addressed(request))
		return false;
	for (i = e->len; i-- > 0;) {
		if (!cred_matches(request, &e->v[i]) ||
		    !cred_same_secret(request, &e->v[i]))
			continue;
		if (cred_get(&e->v[i], CRED_CONNECTION) == NULL)
			remove_at(e, i);
		else if (cred_has_secret(request))
			cred_set_number(&e->v[i], CRED_PASSWORD_EXPIRY_UTC, 1);
		else
			continue;
		changed = true;
	}
	return changed;
}

size_t
entries_logout(struct entries *e, const struct cred *request)
{
	size_t removed = 0;
	size_t i;

	if (!cred_is_addressed(request))
		return 0;
	for (i = e->len; i-- > 0;) {
		if (!cred_matches(request, &e->v[i]))
			continue;
		remove_at(e, i);
		removed++;
	}
	return removed;
}

/* One entry of a list.  Its values have no newline, for it was parsed. */
static int
list_entry(const struct cred *entry, int64_t now_utc, struct buf *b)
{
	static const enum cred_attr shown[] = { CRED_PROTOCOL, CRED_HOST,
		CRED_PATH, CRED_USERNAME, CRED_CONNECTION, CRED_ROLE,
		CRED_AUTHENTICATOR, CRED_PASSWORD_EXPIRY_UTC, CRED_ISSUED_UTC };
	bool has = cred_get(entry, CRED_OAUTH_REFRESH_TOKEN) != NULL;
	bool is_refused = has && cred_state(entry, ENTRIES_REFUSED) != NULL;
	const char *value;
	size_t i;
	int r;

	r = buf_addf(b, "\nresult=%s\nsecret=%s\nrefresh_token=%s\n%s",
	    is_expired(entry, now_utc) ? "expired" : "success",
	    cred_has_secret(entry) ? "yes" : "no",
	    has && !is_refused ? "yes" : "no",
	    is_refused ? "refused=yes\n" : "");
	for (i = 0; r == 0 && i < ARRAY_LEN(shown); i++) {
		value = cred_get(entry, shown[i]);
		if (value != NULL)
			r = buf_addf(b, "%s=%s\n", cred_attr_name(shown[i]),
			    value);
	}
	return r;
}

int
entries_list(const struct entries *e, int64_t now_utc, struct buf *b)
{
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < e->len; i++)
		r = list_entry(&e->v[i], now_utc, b);
	return r;
}
