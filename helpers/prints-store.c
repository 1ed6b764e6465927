/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The secrets of stores (prints.h): each is asked what it has, and then for
 * each entry by itself, as a program that needs it would ask. */
#include "coco.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "cred.h"
#include "listing.h"
#include "log.h"
#include "mem.h"
#include "module.h"
#include "prints.h"
#include "record.h"

#define MAX_NAME    (2 * HUNT_MAX_NAME)
#define MAX_BLOCK   CRED_MAX_MESSAGE
#define SHORT_LIVED 86400 /* seconds */

/* One entry of a listing: what asks for it, and what it has that counts. */
struct entry {
	struct cred request;
	bool has_secret;  /* that is long-lived */
	bool has_refresh; /* a refresh token */
};

/* The entries of a store, that they can be compared. */
struct entries_of {
	struct entry *v;
	size_t len;
};

static bool
is_short_lived(int64_t expiry_utc)
{
	return expiry_utc != 0 && expiry_utc < clock_utc() + SHORT_LIVED;
}

/* "WHAT of connection NAME in the file store", or with a user and a host. */
static void
name_entry(struct buf *b, const char *what, const struct cred *c,
    const char *where)
{
	const char *connection = cred_get(c, CRED_CONNECTION);
	const char *username = cred_get(c, CRED_USERNAME);
	const char *host = cred_get(c, CRED_HOST);

	buf_clear(b);
	(void)buf_addf(b, "%s of ", what);
	if (connection != NULL)
		(void)buf_addf(b, "connection %.100s", connection);
	else
		(void)buf_addf(b, "%.60s at %.60s",
		    username != NULL ? username : "somebody",
		    host != NULL ? host : "a host");
	(void)buf_addf(b, " in %s", where);
}

/* Add the secrets of FOUND that live long.  Returns whether all of ENTRY's
 * were there. */
static bool
add_found(struct prints *p, const struct entry *entry, const struct cred *found,
    const char *where)
{
	const char *refresh = cred_get(found, CRED_OAUTH_REFRESH_TOKEN);
	const char *secret = cred_secret(found);
	struct buf name = BUF_INIT(MAX_NAME);

	if (entry->has_secret && secret != NULL) {
		name_entry(&name, "password or token", &entry->request, where);
		prints_add(p, buf_str(&name), secret, strlen(secret));
	}
	if (entry->has_refresh && refresh != NULL) {
		name_entry(&name, "refresh token", &entry->request, where);
		prints_add(p, buf_str(&name), refresh, strlen(refresh));
	}
	buf_wipe(&name);
	return (secret != NULL || !entry->has_secret) &&
	    (refresh != NULL || !entry->has_refresh);
}

/* --- entries -------------------------------------------------------------- */

/* Read what a block says that the entry is for. */
static int
read_entry(const struct listing_block *block, struct entry *ret_entry)
{
	struct buf text = BUF_INIT(MAX_BLOCK);
	struct buf why = BUF_INIT(1024);
	struct cred c = CRED_INIT;
	int r;

	r = buf_add(&text, block->s, block->len);
	if (r == 0)
		r = cred_parse(buf_str(&text), text.len, &c, &why);
	if (r == 0) {
		ret_entry->has_secret = listing_is(block, "secret", "yes") &&
		    listing_is(block, "result", "success") &&
		    !is_short_lived(cred_number(&c, CRED_PASSWORD_EXPIRY_UTC));
		ret_entry->has_refresh = listing_is(block, "refresh_token",
		    "yes");
		/* the rest is not asked by */
		cred_set(&c, CRED_PASSWORD_EXPIRY_UTC, NULL);
		cred_set(&c, CRED_ISSUED_UTC, NULL);
		cred_set(&c, CRED_AUTHENTICATOR, NULL);
		cred_add(&c, CRED_CAPABILITY, "authtype");
		cred_move(&ret_entry->request, &c);
	}
	cred_wipe(&c);
	buf_wipe(&text);
	buf_wipe(&why);
	return r;
}

/* Whether the store could answer the request for entry I with another one:
 * what an entry lacks matches anything. */
static bool
is_ambiguous(const struct entries_of *e, size_t i)
{
	size_t k;

	for (k = 0; k < e->len; k++)
		if (k != i && cred_matches(&e->v[i].request, &e->v[k].request))
			return true;
	return false;
}

static void
ask_entry(struct prints *p, const struct listing_report *report,
    const struct entries_of *e, size_t i, const char *where)
{
	const struct entry *entry = &e->v[i];
	const struct module_call call = { report->rule, "get", NULL,
		&entry->request, report->deadline_ms };
	struct buf name = BUF_INIT(MAX_NAME);
	struct buf why = BUF_INIT(MODULE_MAX_WHY);
	struct cred answer = CRED_INIT;
	enum result result;

	if (!entry->has_secret && !entry->has_refresh)
		return;
	name_entry(&name, "secrets", &entry->request, where);
	if (is_ambiguous(e, i)) {
		prints_miss(p, buf_str(&name),
		    "another entry answers to the same request");
	} else {
		result = module_run(&call, &answer, &why);
		if (!add_found(p, entry, &answer, where))
			prints_miss_for(p, buf_str(&name), buf_str(&why),
			    result == RESULT_SUCCESS ||
				    result == RESULT_EXPIRED ?
				"the store has not given them" :
				result_name(result));
	}
	cred_wipe(&answer);
	buf_wipe(&name);
	buf_wipe(&why);
}

/* Read the listing of a store behind its first block. */
static int
read_entries(const char *at, struct entries_of *e)
{
	struct listing_block block;
	int r = 0;

	(void)listing_next(&at, &block);
	while (r == 0 && listing_next(&at, &block)) {
		e->v = xreallocarray(e->v, e->len + 1, sizeof(*e->v));
		e->v[e->len] = (struct entry){ CRED_INIT, false, false };
		r = read_entry(&block, &e->v[e->len++]);
	}
	return r;
}

static void
ask_entries(struct prints *p, const struct listing_report *report,
    const char *where)
{
	struct entries_of e = { NULL, 0 };
	size_t i;

	if (read_entries(buf_str(report->text), &e) != 0)
		prints_miss(p, where, "it lists nonsense");
	else
		for (i = 0; i < e.len; i++)
			ask_entry(p, report, &e, i, where);
	for (i = 0; i < e.len; i++)
		cred_wipe(&e.v[i].request);
	free(e.v);
}

/* --- stores --------------------------------------------------------------- */

/* The value of a helper's option NAME in its arguments, or NULL. */
static const char *
option_of(const struct stack_rule *rule, const char *name)
{
	size_t len = strlen(name);
	size_t i;

	for (i = 1; i < rule->argv.len; i++) {
		const char *word = rule->argv.v[i];
		bool dashes = strncmp(word, "--", 2) == 0;

		word += dashes ? 2 : 0;
		if (strncmp(word, name, len) != 0)
			continue;
		if (word[len] == '=')
			return word + len + 1;
		if (dashes && word[len] == '\0')
			return rule->argv.v[i + 1];
	}
	return NULL;
}

/* The file that a sealed store is opened with. */
static void
add_seal_key(struct prints *p, const struct stack_rule *rule)
{
	static const char *const options[] = { "key-file", "passphrase-file" };
	struct buf name = BUF_INIT(MAX_NAME);
	const char *path;
	size_t i;

	for (i = 0; i < ARRAY_LEN(options); i++) {
		path = option_of(rule, options[i]);
		if (path == NULL)
			continue;
		buf_clear(&name);
		(void)buf_addf(&name, "%s %s", options[i], path);
		prints_add_file(p, buf_str(&name), path);
	}
	buf_wipe(&name);
}

/* "the sealed store LOCATION" */
static void
name_store(struct buf *b, const struct listing_report *report)
{
	const char *at = buf_str(report->text);
	struct listing_block head = { at, 0 };
	const char *location;
	size_t len = 0;

	(void)listing_next(&at, &head);
	location = listing_value(&head, "location", &len);
	(void)buf_addf(b, "the %.60s store%s%.*s", module_name(report->rule),
	    location != NULL ? " " : "", len < 100 ? (int)len : 100,
	    location != NULL ? location : "");
}

static void
on_report(void *ctx, const struct listing_report *report)
{
	struct prints *p = ctx;
	struct buf name = BUF_INIT(MAX_NAME);

	switch (report->kind) {
	case LISTING_STORE:
		name_store(&name, report);
		add_seal_key(p, report->rule);
		ask_entries(p, report, buf_str(&name));
		if (report->result != RESULT_SUCCESS)
			prints_miss_for(p, buf_str(&name), buf_str(report->why),
			    result_name(report->result));
		break;
	case LISTING_FOREIGN:
		(void)buf_addf(&name, "what helper %.200s keeps",
		    module_name(report->rule));
		prints_miss(p, buf_str(&name), "it cannot list that");
		break;
	case LISTING_FAULT:
		(void)buf_addf(&name, "what stack %s keeps", report->stack);
		prints_miss_for(p, buf_str(&name), buf_str(report->why),
		    result_name(report->result));
		break;
	case LISTING_SOURCE:
		/* what it reads is looked at as a connection's */
		log_lines(buf_str(report->why));
		break;
	}
	buf_wipe(&name);
}

/* --- records -------------------------------------------------------------- */

static void
on_record(void *ctx, const char *path, const struct cred *c, int error)
{
	struct prints *p = ctx;
	struct buf name = BUF_INIT(MAX_NAME);
	struct entry entry = { CRED_INIT, false, false };

	if (c == NULL) {
		(void)buf_addf(&name, "what is in %.200s", path);
		prints_miss(p, buf_str(&name), strerror(-error));
		buf_wipe(&name);
		return;
	}
	cred_merge(&entry.request, c);
	entry.has_refresh = cred_get(c, CRED_OAUTH_REFRESH_TOKEN) != NULL;
	entry.has_secret = cred_has_secret(c) &&
	    !is_short_lived(cred_number(c, CRED_PASSWORD_EXPIRY_UTC));
	(void)add_found(p, &entry, c, path);
	cred_wipe(&entry.request);
}

void
prints_add_stores(struct prints *p, int64_t deadline_ms)
{
	static const enum record_place places[] = { RECORD_MEMORY,
		RECORD_DISK };
	size_t i;
	int r;

	listing_run(NULL, deadline_ms, on_report, p);
	/* after the stores: what is kept moves from here to there, and what
	 * was made meanwhile is here */
	for (i = 0; i < ARRAY_LEN(places); i++) {
		r = record_each(places[i], on_record, p);
		if (r != 0)
			prints_miss(p, "what is on its way to a store",
			    strerror(-r));
	}
}
