/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <limits.h>
#include <string.h>

#include "clock.h"
#include "entries.h"
#include "keep.h"
#include "module.h"
#include "policy.h"
#include "record.h"

#define HOME_STATE "home"

/* Storing gets time of its own: what was made must not be lost because the
 * making took long. */
#define STORE_MS 20000

/* Append a line to reasons. */
static void
explain(struct buf *why, const char *line)
{
	(void)buf_addf(why, "%s%s", why->len != 0 ? "\n" : "", line);
}

/* A record that is there and cannot be used. */
static enum result
bad_record(int r, const struct buf *path, struct buf *why)
{
	explain(why, buf_str(path));
	(void)buf_addf(why, ": %s",
	    r == -EACCES ? "others could have made or read it" : strerror(-r));
	return result_of_errno(r);
}

enum result
keep_open(struct keep *k, struct buf *why)
{
	struct cred record = CRED_INIT;
	struct buf path = BUF_INIT(PATH_MAX);
	const struct stack_rules *rules = &k->stack->verb[STACK_GET];
	const char *home = NULL;
	struct walk w = WALK_INIT;
	enum result result = RESULT_SUCCESS;
	size_t i;
	int r = -ENOENT;

	if (k->id != 0)
		r = record_get(RECORD_HOME, k->id, k->request, &record, &path);
	if (r == 0)
		home = cred_state(&record, HOME_STATE);
	else if (r != -ENOENT)
		result = bad_record(r, &path, why);
	w.home = home;
	/* a home that the stack does not know any more is none */
	for (i = 0; home != NULL && i < rules->len; i++)
		if (module_is_store(&rules->rule[i]) &&
		    !walk_is_elsewhere(&w, &rules->rule[i]))
			break;
	if (home != NULL && i < rules->len)
		(void)buf_adds(&k->home, home);
	cred_wipe(&record);
	buf_wipe(&path);
	return result;
}

void
keep_close(struct keep *k)
{
	buf_wipe(&k->home);
}

const char *
keep_home(const struct keep *k)
{
	return k->home.len != 0 ? buf_str(&k->home) : NULL;
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
	bool is = read_spool(k, &entry, &path) != -ENOENT;

	cred_wipe(&entry);
	buf_wipe(&path);
	return is;
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
		explain(why, buf_str(&w.why));
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

enum result
keep_probe(const struct keep *k, const struct cred *handed, struct buf *why)
{
	struct cred entry = CRED_INIT;
	enum result result;

	if (k->stack->verb[STACK_STORE].len == 0) {
		explain(why,
		    "the stack has no store rule, so the token was not "
		    "refreshed: it could not be kept");
		return RESULT_UNAVAILABLE;
	}
	make_unchanged(k, handed, &entry);
	result = run_store(k, &entry, keep_home(k), NULL, why);
	cred_wipe(&entry);
	if (result == RESULT_SUCCESS)
		return result;
	explain(why, "the store cannot be written (");
	(void)buf_addf(why,
	    "%s), so the token was not refreshed and nothing is lost",
	    result_name(result));
	return RESULT_UNAVAILABLE;
}

/* Take the entry out of the store that had it before.  One that cannot be
 * reached keeps it, but will not be asked. */
static void
empty_home(const struct keep *k)
{
	struct buf why = BUF_INIT(MODULE_MAX_WHY);
	const struct stack_rules *rules = &k->stack->verb[STACK_ERASE];
	struct walk w = WALK_INIT;
	struct cred none = CRED_INIT;
	size_t i;

	w.home = keep_home(k);
	for (i = 0; w.home != NULL && i < rules->len; i++) {
		const struct module_call call = { &rules->rule[i], "logout",
			NULL, k->request, clock_ms() + STORE_MS };

		if (!module_is_store(&rules->rule[i]) ||
		    walk_is_elsewhere(&w, &rules->rule[i]))
			continue;
		(void)module_run(&call, &none, &why);
		cred_wipe(&none);
	}
	buf_wipe(&why);
}

/* Remember that RULE's store has the entry. */
static int
set_home(struct keep *k, const struct stack_rule *rule)
{
	struct buf ident = BUF_INIT(WALK_MAX_WHY);
	struct buf path = BUF_INIT(PATH_MAX);
	struct cred record = CRED_INIT;
	int r;

	r = module_ident(rule, &ident);
	if (r != 0 || buf_equals(&ident, buf_str(&k->home)))
		goto out;
	set_address(k->request, &record);
	cred_set_state(&record, HOME_STATE, buf_str(&ident));
	r = record_put(RECORD_HOME, k->id, &record, &path);
	if (r != 0)
		goto out;
	empty_home(k);
	buf_move(&k->home, &ident);
out:
	cred_wipe(&record);
	buf_wipe(&ident);
	buf_wipe(&path);
	return r;
}

static int
drop_spool(const struct keep *k)
{
	int r = record_drop(RECORD_DISK, k->id);

	/* in this order: while one is left, it is the same as what is stored */
	return r != 0 ? r : record_drop(RECORD_MEMORY, k->id);
}

/* Store ENTRY and remember where; then nothing has to wait. */
static enum result
settle(struct keep *k, const struct cred *entry, struct buf *why)
{
	const struct stack_rule *rule = NULL;
	enum result result;
	int r = 0;

	result = run_store(k, entry, NULL, &rule, why);
	if (result != RESULT_SUCCESS || k->id == 0)
		return result;
	if (rule != NULL)
		r = set_home(k, rule);
	if (r != 0)
		explain(why, "where the token is stored cannot be recorded");
	if (r == 0) {
		/* what stays there would one day be taken for the newest */
		r = drop_spool(k);
		if (r != 0)
			explain(why,
			    "the token is stored, but its copy in the "
			    "spool cannot be removed");
	}
	return result_of_errno(r);
}

/* Whether the policy lets a secret lie on disk as it is. */
static bool
may_be_plain(void)
{
	struct buf why = BUF_INIT(POLICY_MAX_WHY);
	const struct policy *policy;
	bool may;

	may = policy_get(&policy, &why) == 0 &&
	    policy->strength == POLICY_PLAIN;
	buf_wipe(&why);
	return may;
}

/* The store would not have ENTRY: let it wait on disk. */
static void
wait_on_disk(const struct keep *k, const struct cred *entry, enum result result,
    struct buf *why)
{
	struct buf path = BUF_INIT(PATH_MAX);
	int r;

	explain(why, "the new token could not be stored (");
	(void)buf_addf(why, "%s)", result_name(result));
	if (k->id == 0 || cred_get(entry, CRED_OAUTH_REFRESH_TOKEN) == NULL)
		return;
	if (!may_be_plain()) {
		(void)buf_adds(why,
		    "; it waits in memory until the next call or a restart of "
		    "the machine, because the policy wants no plain file");
		return;
	}
	r = record_put(RECORD_DISK, k->id, entry, &path);
	if (r == 0)
		(void)buf_addf(why,
		    "; it waits in %s, and the next call stores it",
		    buf_str(&path));
	else
		(void)buf_addf(why,
		    "; it waits in memory only, because of %s: %s",
		    path.len != 0 ? buf_str(&path) : "the state directory",
		    strerror(-r));
	buf_wipe(&path);
}

enum result
keep_store(struct keep *k, const struct cred *made, struct buf *why)
{
	struct buf path = BUF_INIT(PATH_MAX);
	struct cred entry = CRED_INIT;
	enum result result;

	cred_merge(&entry, made);
	set_address(k->request, &entry);
	if (k->id != 0 && cred_get(&entry, CRED_OAUTH_REFRESH_TOKEN) != NULL)
		(void)record_put(RECORD_MEMORY, k->id, &entry, &path);
	result = settle(k, &entry, why);
	if (result != RESULT_SUCCESS)
		wait_on_disk(k, &entry, result, why);
	cred_wipe(&entry);
	buf_wipe(&path);
	return result;
}

enum result
keep_pick_up(struct keep *k, struct cred *ret_entry, struct buf *why)
{
	struct cred entry = CRED_INIT;
	struct buf path = BUF_INIT(PATH_MAX);
	enum result result = RESULT_SUCCESS;
	int r;

	r = read_spool(k, &entry, &path);
	if (r == 0) {
		result = settle(k, &entry, why);
		if (result != RESULT_SUCCESS) {
			wait_on_disk(k, &entry, result, why);
			cred_move(ret_entry, &entry);
		}
	} else if (r != -ENOENT) {
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
	r = drop_spool(k);
	if (r == 0 && empty)
		r = record_drop(RECORD_HOME, k->id);
	if (r == 0)
		return waiting ? RESULT_SUCCESS : RESULT_NOT_FOUND;
	explain(why, "what waits in the spool cannot be removed");
	return result_of_errno(r);
}
