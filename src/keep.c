/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <limits.h>
#include <string.h>

#include "clock.h"
#include "entries.h"
#include "keep.h"
#include "module.h"
#include "path.h"
#include "policy.h"
#include "record.h"

#define HOME_STATE   "home"
#define FORMER_STATE "former"

/* Storing gets time of its own: what was made must not be lost because the
 * making took long. */
#define STORE_MS 20000

/* Emptying a store that is not asked any more is worth less time. */
#define EMPTY_MS 5000

/* A record that is there and cannot be used. */
static enum result
bad_record(int r, const struct buf *path, struct buf *why)
{
	(void)buf_add_line(why, "%s: %s", buf_str(path),
	    r == -EACCES ?
		"others could have made or read it; a logout removes it" :
		strerror(-r));
	return result_of_errno(r);
}

/* The address of what REQUEST is about. */
static void
set_address(const struct cred *request, struct cred *entry)
{
	static const enum cred_attr address[] = { CRED_PROTOCOL, CRED_HOST,
		CRED_PATH, CRED_USERNAME, CRED_CONNECTION, CRED_ROLE };
	size_t i;

	for (i = 0; i < ARRAY_LEN(address); i++)
		if (cred_get(request, address[i]) != NULL)
			cred_set(entry, address[i],
			    cred_get(request, address[i]));
}

/* All users of a connection have one home: a caller need not name its own. */
static void
set_home_address(const struct cred *request, struct cred *entry)
{
	set_address(request, entry);
	cred_set(entry, CRED_USERNAME, NULL);
}

static const char *
or_empty(const char *s)
{
	return s != NULL ? s : "";
}

/* The rule whose store has the ident HOME; NULL when there is none. */
static const struct stack_rule *
find_home(const struct stack_rules *rules, const char *home)
{
	size_t i;

	for (i = 0; i < rules->len; i++)
		if (module_is_home(&rules->rule[i], home))
			return &rules->rule[i];
	return NULL;
}

enum result
keep_open(struct keep *k, struct buf *why)
{
	struct cred record = CRED_INIT;
	struct cred anybody = CRED_INIT;
	struct buf path = BUF_INIT(PATH_MAX);
	const struct stack_rules *rules = &k->stack->verb[STACK_GET];
	const char *home = NULL;
	enum result result = RESULT_SUCCESS;
	int r = -ENOENT;

	if (k->id != 0)
		set_home_address(k->request, &anybody);
	if (k->id != 0)
		r = record_get(RECORD_HOME, k->id, &anybody, &record, &path);
	if (r == 0) {
		home = cred_state(&record, HOME_STATE);
		(void)buf_adds(&k->former,
		    or_empty(cred_state(&record, FORMER_STATE)));
	} else if (r != -ENOENT && r != -ESRCH) {
		result = bad_record(r, &path, why);
	}
	/* a home that the stack does not know any more is none */
	if (home != NULL && find_home(rules, home) != NULL)
		(void)buf_adds(&k->home, home);
	cred_wipe(&record);
	cred_wipe(&anybody);
	buf_wipe(&path);
	return result;
}

void
keep_close(struct keep *k)
{
	buf_wipe(&k->home);
	buf_wipe(&k->former);
}

const char *
keep_home(const struct keep *k)
{
	return k->home.len != 0 ? buf_str(&k->home) : NULL;
}

const struct stack_rule *
keep_home_rule(const struct keep *k)
{
	if (keep_home(k) == NULL)
		return NULL;
	return find_home(&k->stack->verb[STACK_STORE], keep_home(k));
}

/* Read what waits: in memory, else on disk. */
static int
read_spool(const struct keep *k, struct cred *ret_entry, struct buf *ret_path)
{
	static const enum record_place places[] = { RECORD_MEMORY,
		RECORD_DISK };
	int r = -ENOENT;
	size_t i;

	for (i = 0; k->id != 0 && r == -ENOENT && i < ARRAY_LEN(places); i++) {
		buf_clear(ret_path);
		r = record_get(places[i], k->id, k->request, ret_entry,
		    ret_path);
	}
	return r;
}

bool
keep_is_waiting(const struct keep *k)
{
	struct cred entry = CRED_INIT;
	struct buf path = BUF_INIT(PATH_MAX);
	int r = read_spool(k, &entry, &path);

	cred_wipe(&entry);
	buf_wipe(&path);
	return r != -ENOENT && r != -ESRCH;
}

/* The place of our spool may be taken by another user's token, which must not
 * be lost. */
static enum result
check_place(const struct keep *k, struct buf *why)
{
	struct cred entry = CRED_INIT;
	struct buf path = BUF_INIT(PATH_MAX);
	enum result result = RESULT_SUCCESS;

	if (read_spool(k, &entry, &path) == -ESRCH) {
		(void)buf_add_line(why,
		    "%s: a new token of another user of connection \"%s\" "
		    "waits there to be stored: let that user get a token first",
		    buf_str(&path),
		    or_empty(cred_get(k->request, CRED_CONNECTION)));
		result = RESULT_UNAVAILABLE;
	}
	cred_wipe(&entry);
	buf_wipe(&path);
	return result;
}

enum result
keep_check(const struct keep *k, struct buf *why)
{
	struct buf path = BUF_INIT(PATH_MAX);
	enum result result;
	int r;

	result = check_place(k, why);
	if (result != RESULT_SUCCESS)
		return result;
	r = record_check(RECORD_HOME, &path);
	if (r != 0) {
		(void)buf_add_line(why,
		    "where a login is stored cannot be recorded in %s: %s",
		    path.len != 0 ? buf_str(&path) :
				    "the state directory, for HOME is not set",
		    r == -EACCES ? "not a directory that only you can use" :
				   strerror(-r));
	}
	buf_wipe(&path);
	return result_of_errno(r);
}

/* Run the store rules with ENTRY, all or only the home's.  *RET_STORED is the
 * rule that took it. */
static enum result
run_store(const struct keep *k, const struct cred *entry, const char *home,
    const struct stack_rule **ret_stored, struct buf *why)
{
	struct walk w = WALK_INIT;
	enum result result;
	int64_t least = clock_ms() + STORE_MS;

	w.stack = k->stack;
	w.request = entry;
	w.home = home;
	w.deadline_ms = k->deadline_ms > least ? k->deadline_ms : least;
	result = walk_change(&w, STACK_STORE, "store");
	if (w.why.len != 0)
		(void)buf_add_line(why, "%s", buf_str(&w.why));
	if (ret_stored != NULL)
		*ret_stored = w.stored;
	walk_wipe(&w);
	return result;
}

/* The entry that HANDED comes from, without the secret that it lacks: a caller
 * may have put one into the request. */
static void
make_unchanged(const struct keep *k, const struct cred *handed,
    struct cred *entry)
{
	cred_merge(entry, handed);
	cred_set(entry, CRED_PASSWORD, NULL);
	cred_set(entry, CRED_CREDENTIAL, NULL);
	set_address(k->request, entry);
}

/* Take the entry out of the store that had it before.  One that cannot be
 * reached keeps it, is not asked, and is tried again when something is
 * stored.  Returns whether nothing is left there. */
static bool
empty_former(const struct keep *k)
{
	struct buf why = BUF_INIT(MODULE_MAX_WHY);
	const struct stack_rules *rules = &k->stack->verb[STACK_ERASE];
	struct cred none = CRED_INIT;
	enum result result;
	bool is_empty = true;
	size_t i;

	for (i = 0; i < rules->len; i++) {
		const struct module_call call = { &rules->rule[i], "logout",
			NULL, k->request, clock_ms() + EMPTY_MS };

		if (!module_is_home(&rules->rule[i], buf_str(&k->former)))
			continue;
		result = module_run(&call, &none, &why);
		if (result != RESULT_SUCCESS && result != RESULT_NOT_FOUND)
			is_empty = false;
		cred_wipe(&none);
	}
	buf_wipe(&why);
	return is_empty;
}

static int
put_home(const struct keep *k, const struct buf *home, const struct buf *former,
    struct buf *why)
{
	struct buf path = BUF_INIT(PATH_MAX);
	struct cred record = CRED_INIT;
	int r;

	set_home_address(k->request, &record);
	cred_set_state(&record, HOME_STATE, buf_str(home));
	if (former->len != 0)
		cred_set_state(&record, FORMER_STATE, buf_str(former));
	r = record_put(RECORD_HOME, k->id, &record, &path);
	if (r != 0) {
		(void)buf_add_line(why,
		    "where the token is stored cannot be recorded in %s: %s",
		    path.len != 0 ? buf_str(&path) : "the state directory",
		    strerror(-r));
	}
	cred_wipe(&record);
	buf_wipe(&path);
	return r;
}

/* Nothing is lost when this fails: what is there is never asked. */
static void
try_to_empty_former(struct keep *k)
{
	struct buf why = BUF_INIT(WALK_MAX_WHY);

	if (k->former.len != 0 && empty_former(k)) {
		buf_clear(&k->former);
		(void)put_home(k, &k->home, &k->former, &why);
	}
	buf_wipe(&why);
}

/* Remember that RULE's store has the entry; K is as before on failure.  The
 * former home is in the record until it is empty, so that a crash between the
 * two leaves no copy for good. */
static int
set_home(struct keep *k, const struct stack_rule *rule, struct buf *why)
{
	struct buf home = BUF_INIT(MODULE_MAX_IDENT);
	int r;

	r = module_ident(rule, &home);
	if (r == 0 && !buf_equals(&home, buf_str(&k->home))) {
		r = put_home(k, &home, &k->home, why);
		if (r == 0) {
			buf_move(&k->former, &k->home);
			buf_move(&k->home, &home);
		}
	}
	buf_wipe(&home);
	return r;
}

/* That the home can be recorded is part of the proof. */
static enum result
store_unchanged(struct keep *k, const struct cred *handed, struct buf *why)
{
	const struct stack_rule *rule = NULL;
	struct cred entry = CRED_INIT;
	enum result result;

	make_unchanged(k, handed, &entry);
	result = run_store(k, &entry, keep_home(k), &rule, why);
	if (result == RESULT_SUCCESS && rule != NULL && k->id != 0)
		result = result_of_errno(set_home(k, rule, why));
	cred_wipe(&entry);
	return result;
}

enum result
keep_probe(struct keep *k, const struct cred *handed, struct buf *why)
{
	enum result result;

	result = check_place(k, why);
	if (result != RESULT_SUCCESS)
		return result;
	if (k->stack->verb[STACK_STORE].len == 0) {
		(void)buf_add_line(why,
		    "the stack has no store rule, so the token was not "
		    "refreshed: it could not be kept");
		return RESULT_UNAVAILABLE;
	}
	result = store_unchanged(k, handed, why);
	if (result == RESULT_SUCCESS)
		return result;
	(void)buf_add_line(why,
	    "the store cannot be written (%s), so the token was not refreshed "
	    "and nothing is lost",
	    result_name(result));
	return RESULT_UNAVAILABLE;
}

/* Remove a record.  When it cannot be, WHY is told what that means. */
static int
drop(const struct keep *k, enum record_place place, const char *what,
    struct buf *why)
{
	struct buf path = BUF_INIT(PATH_MAX);
	int r = record_drop(place, k->id, &path);

	if (r != 0) {
		(void)buf_add_line(why, "%s: %s: %s", what, buf_str(&path),
		    strerror(-r));
	}
	buf_wipe(&path);
	return r;
}

static int
drop_spool(const struct keep *k, const char *what, struct buf *why)
{
	int r = drop(k, RECORD_DISK, what, why);

	/* in this order: while one is left, it is the same as what is stored */
	return r != 0 ? r : drop(k, RECORD_MEMORY, what, why);
}

/* Store ENTRY and remember where.  When that cannot be recorded, the place that
 * is on record is the one that must have it. */
static enum result
store_and_record(struct keep *k, const struct cred *entry, struct buf *why)
{
	const struct stack_rule *rule = NULL;
	enum result result;
	int r;

	result = run_store(k, entry, NULL, &rule, why);
	if (result != RESULT_SUCCESS || k->id == 0 || rule == NULL)
		return result;
	r = set_home(k, rule, why);
	if (r != 0 && keep_home(k) != NULL)
		return run_store(k, entry, keep_home(k), NULL, why);
	return result_of_errno(r);
}

/* Store ENTRY; then nothing has to wait.  *RET_STORED is whether it is in a
 * store after all. */
static enum result
settle(struct keep *k, const struct cred *entry, struct buf *why,
    bool *ret_stored)
{
	enum result result;
	int r;

	result = store_and_record(k, entry, why);
	*ret_stored = result == RESULT_SUCCESS;
	if (result != RESULT_SUCCESS || k->id == 0)
		return result;
	/* what stays there would one day be taken for the newest */
	r = drop_spool(k, "the token is stored, but its copy cannot be removed",
	    why);
	if (r == 0)
		try_to_empty_former(k);
	return result_of_errno(r);
}

/* Say where a token is that could not be written to disk at PATH because of
 * R. */
static void
tell_where(bool is_in_memory, const struct buf *path, int r, struct buf *why)
{
	if (r == 0)
		(void)buf_addf(why,
		    "; it waits in %s, and the next call stores it",
		    buf_str(path));
	else
		(void)buf_addf(why, "; it %s, because of %s: %s",
		    is_in_memory ? "waits in memory only" : "is lost",
		    path->len != 0 ? buf_str(path) : "the state directory",
		    strerror(-r));
}

/* The store would not have ENTRY: let it wait on disk. */
static void
wait_on_disk(const struct keep *k, const struct cred *entry, enum result result,
    bool is_in_memory, struct buf *why)
{
	struct buf path = BUF_INIT(PATH_MAX);
	int r;

	(void)buf_add_line(why, "the new token could not be stored (%s)",
	    result_name(result));
	if (k->id == 0 || cred_get(entry, CRED_OAUTH_REFRESH_TOKEN) == NULL)
		return;
	if (policy_allows_plain()) {
		r = record_put(RECORD_DISK, k->id, entry, &path);
		tell_where(is_in_memory, &path, r, why);
	} else if (is_in_memory) {
		(void)buf_adds(why,
		    "; it waits in memory until the next call, because the "
		    "policy wants no plain file; a restart of the machine ends "
		    "that, and where systemd-logind has RemoveIPC=yes, your "
		    "last logout");
	} else {
		(void)buf_adds(why,
		    "; it is lost, because the policy wants no plain file");
	}
	buf_wipe(&path);
}

/* After a failed write: an older token in memory would be taken for the newest.
 * Returns whether ENTRY is there all the same. */
static bool
drop_older(const struct keep *k, const struct cred *entry)
{
	const char *token = cred_get(entry, CRED_OAUTH_REFRESH_TOKEN);
	struct buf path = BUF_INIT(PATH_MAX);
	struct cred there = CRED_INIT;
	bool is_there;

	is_there = record_get(RECORD_MEMORY, k->id, k->request, &there,
		       &path) == 0 &&
	    cred_get(&there, CRED_OAUTH_REFRESH_TOKEN) != NULL &&
	    strcmp(cred_get(&there, CRED_OAUTH_REFRESH_TOKEN), token) == 0;
	buf_clear(&path);
	if (!is_there)
		(void)record_drop(RECORD_MEMORY, k->id, &path);
	cred_wipe(&there);
	buf_wipe(&path);
	return is_there;
}

/* Where there is no memory to write to, that is a plain file, too.  Returns
 * whether it is there. */
static bool
put_into_memory(const struct keep *k, const struct cred *entry)
{
	struct buf dir = BUF_INIT(PATH_MAX);
	struct buf path = BUF_INIT(PATH_MAX);
	bool is_there;

	is_there = record_check(RECORD_MEMORY, &dir) == 0 &&
	    (path_is_in_memory(buf_str(&dir)) || policy_allows_plain()) &&
	    record_put(RECORD_MEMORY, k->id, entry, &path) == 0;
	buf_wipe(&dir);
	buf_wipe(&path);
	return is_there || drop_older(k, entry);
}

enum result
keep_store(struct keep *k, const struct cred *made, struct buf *why)
{
	struct cred entry = CRED_INIT;
	bool is_in_memory = false;
	bool is_stored;
	enum result result;

	cred_merge(&entry, made);
	set_address(k->request, &entry);
	if (k->id != 0 && cred_get(&entry, CRED_OAUTH_REFRESH_TOKEN) != NULL)
		is_in_memory = put_into_memory(k, &entry);
	result = settle(k, &entry, why, &is_stored);
	if (!is_stored)
		wait_on_disk(k, &entry, result, is_in_memory, why);
	cred_wipe(&entry);
	return result;
}

enum result
keep_pick_up(struct keep *k, struct cred *ret_entry, struct buf *why)
{
	struct cred entry = CRED_INIT;
	struct buf path = BUF_INIT(PATH_MAX);
	enum result result = RESULT_SUCCESS;
	bool is_stored;
	int r;

	r = read_spool(k, &entry, &path);
	if (r == 0) {
		result = settle(k, &entry, why, &is_stored);
		if (!is_stored)
			wait_on_disk(k, &entry, result, true, why);
		if (result != RESULT_SUCCESS)
			cred_move(ret_entry, &entry);
	} else if (r != -ENOENT && r != -ESRCH) {
		/* what is in the stores is older, and must not be used up */
		result = bad_record(r, &path, why);
	}
	cred_wipe(&entry);
	buf_wipe(&path);
	return result;
}

void
keep_refused(const struct keep *k, const struct cred *handed, struct buf *why)
{
	struct cred entry = CRED_INIT;
	struct buf now = BUF_INIT(32);

	make_unchanged(k, handed, &entry);
	(void)buf_addf(&now, "%lld", (long long)clock_utc());
	cred_set_state(&entry, ENTRIES_REFUSED, buf_str(&now));
	(void)run_store(k, &entry, keep_home(k), NULL, why);
	cred_wipe(&entry);
	buf_wipe(&now);
}

enum result
keep_forget(struct keep *k, bool empty, struct buf *why)
{
	bool waiting = keep_is_waiting(k);
	int r;

	if (k->id == 0)
		return RESULT_NOT_FOUND;
	r = drop_spool(k, "what waits to be stored cannot be removed", why);
	if (r == 0 && empty)
		r = drop(k, RECORD_HOME,
		    "where the login was cannot be forgotten", why);
	if (r == 0)
		return waiting ? RESULT_SUCCESS : RESULT_NOT_FOUND;
	return result_of_errno(r);
}
