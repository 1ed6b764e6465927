/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include "clock.h"
#include "esc.h"
#include "log.h"
#include "store.h"

#define STORE_MAX_LOCATION 8192
#define STORE_MAX_VERBS    12

/* The store of this program: verbs have no other way to it. */
static const struct store *store;

/* What a verb does to the entries.  Returns 0 or negative errno; *RET_CHANGED
 * tells whether they have to be written. */
typedef int (*change_fn)(struct entries *e, const struct cred *request,
    bool *ret_changed);

static enum result
apply(struct entries *e, const struct cred *request, change_fn fn)
{
	bool changed = false;
	int r = fn(e, request, &changed);

	if (r == -EMSGSIZE)
		log_warn("the store is full: it has room for %d entries",
		    ENTRIES_MAX);
	if (r == -ESRCH)
		return RESULT_NOT_FOUND;
	if (r != 0)
		return result_of_errno(r);
	return changed ? store->save(store->ctx, e) : RESULT_SUCCESS;
}

static enum result
change(const struct cred *request, change_fn fn)
{
	struct entries e = ENTRIES_INIT;
	enum result result;

	result = store->begin(store->ctx);
	/* Who started us may have been killed while we waited for the lock;
	 * then others have gone on, and what we were told is old. */
	if (result == RESULT_SUCCESS && !helper_is_heard()) {
		log_warn("nobody waits for this any more, so nothing was "
			 "changed");
		result = RESULT_UNAVAILABLE;
	}
	if (result == RESULT_SUCCESS)
		result = store->load(store->ctx, request, &e);
	if (result == RESULT_SUCCESS)
		result = apply(&e, request, fn);
	store->end(store->ctx);
	entries_wipe(&e);
	return result;
}

static int
change_erase(struct entries *e, const struct cred *request, bool *ret_changed)
{
	*ret_changed = entries_erase(e, request);
	return 0;
}

static int
change_logout(struct entries *e, const struct cred *request, bool *ret_changed)
{
	*ret_changed = entries_logout(e, request) != 0;
	return *ret_changed ? 0 : -ESRCH;
}

static enum result
run_get(const struct cred *request, struct cred *answer, struct buf *text)
{
	struct entries e = ENTRIES_INIT;
	enum result result;

	(void)text;
	/* what names nothing matches nothing, and costs no look */
	if (!cred_is_addressed(request))
		return RESULT_NOT_FOUND;
	result = store->load(store->ctx, request, &e);
	if (result == RESULT_SUCCESS)
		result = entries_get(&e, request, clock_utc(), answer);
	entries_wipe(&e);
	return result;
}

static enum result
run_store(const struct cred *request, struct cred *answer, struct buf *text)
{
	(void)answer;
	(void)text;
	/* what will not be kept must not even make a directory */
	if (cred_flag(request, CRED_EPHEMERAL))
		return RESULT_SUCCESS;
	return change(request, entries_store);
}

static enum result
run_erase(const struct cred *request, struct cred *answer, struct buf *text)
{
	(void)answer;
	(void)text;
	if (!cred_is_addressed(request)) {
		log_warn("nothing is erased without protocol and host");
		return RESULT_DENIED;
	}
	return change(request, change_erase);
}

static enum result
run_logout(const struct cred *request, struct cred *answer, struct buf *text)
{
	(void)answer;
	(void)text;
	return change(request, change_logout);
}

/* What list and status say first. */
static void
add_store(struct buf *text)
{
	struct buf where = BUF_INIT(STORE_MAX_LOCATION);
	struct buf detail = BUF_INIT(STORE_MAX_LOCATION);

	(void)store->location(store->ctx, &where);
	(void)buf_adds(text, "kind=store\nlocation=");
	(void)esc_visible(text, buf_str(&where), where.len);
	(void)buf_addf(text, "\nencrypted=%s\n",
	    store->encrypted ? "yes" : "no");
	if (store->detail != NULL)
		store->detail(store->ctx, &detail);
	if (detail.len != 0) {
		(void)buf_adds(text, "detail=");
		(void)esc_visible(text, buf_str(&detail), detail.len);
		(void)buf_addc(text, '\n');
	}
	buf_wipe(&where);
	buf_wipe(&detail);
}

static enum result
run_list(const struct cred *request, struct cred *answer, struct buf *text)
{
	struct entries e = ENTRIES_INIT;
	enum result result;

	(void)request;
	(void)answer;
	result = store->load(store->ctx, NULL, &e);
	add_store(text);
	(void)buf_addf(text, "result=%s\n", result_name(result));
	if (entries_list(&e, clock_utc(), text) != 0) {
		log_warn("there are too many entries to list");
		result = RESULT_ERROR;
	}
	entries_wipe(&e);
	return result;
}

static void
add_number(struct buf *text, const struct cred *c, enum cred_attr a)
{
	int64_t n = cred_number(c, a);

	if (n != 0)
		(void)buf_addf(text, "%s=%lld\n", cred_attr_name(a),
		    (long long)n);
}

static enum result
run_status(const struct cred *request, struct cred *answer, struct buf *text)
{
	enum result result;
	const char *login_ends;

	result = run_get(request, answer, text);
	login_ends = cred_state(answer, CRED_STATE_LOGIN_ENDS);
	add_store(text);
	(void)buf_addf(text, "result=%s\nrefresh_token=%s\n",
	    result_name(result),
	    cred_get(answer, CRED_OAUTH_REFRESH_TOKEN) != NULL ? "yes" : "no");
	add_number(text, answer, CRED_PASSWORD_EXPIRY_UTC);
	add_number(text, answer, CRED_ISSUED_UTC);
	if (login_ends != NULL)
		(void)buf_addf(text, CRED_STATE_LOGIN_ENDS "=%s\n", login_ends);
	return RESULT_SUCCESS;
}

/* The verbs that all stores have, and those of this one. */
static void
add_verbs(const struct helper_verb *from, struct helper_verb *verbs, size_t max,
    size_t *n)
{
	for (; from->name != NULL && *n + 1 < max; from++)
		verbs[(*n)++] = *from;
	verbs[*n] = (struct helper_verb){ NULL, NULL, NULL, 0 };
}

int
store_main(const struct store *s, int argc, char **argv)
{
	static const struct helper_verb common[] = {
		{ "get", "print the credential for the request", run_get, 0 },
		{ "store", "keep the credential", run_store, 0 },
		{ "erase", "forget what the request matches", run_erase, 0 },
		{ "logout", "remove the entry of a connection", run_logout,
		    HELPER_EXTRA },
		{ "list", "print all that is kept, without secrets", run_list,
		    HELPER_EXTRA },
		{ "status", "print what is kept, without secrets", run_status,
		    HELPER_EXTRA },
		{ NULL, NULL, NULL, 0 }
	};
	struct helper_verb verbs[STORE_MAX_VERBS];
	const struct helper helper = { s->program, s->summary, verbs, s->opts,
		s->on_option, s->footer };
	size_t n = 0;

	store = s;
	add_verbs(common, verbs, ARRAY_LEN(verbs), &n);
	if (s->extra != NULL)
		add_verbs(s->extra, verbs, ARRAY_LEN(verbs), &n);
	return helper_main(&helper, argc, argv);
}
