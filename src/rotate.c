/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit.h"
#include "clock.h"
#include "entries.h"
#include "fnv.h"
#include "keep.h"
#include "lock.h"
#include "module.h"
#include "path.h"
#include "rotate.h"

#define LOCK_NAME_SIZE 32

/*
 * A hash of what makes a credential one, so that it says nothing.  The user is
 * not part of it: one view of a connection may name the user and another not,
 * and both mean the same entry.  Two users of one connection wait for each
 * other, which costs little.
 */
static uint64_t
hash_of(const struct rotate *r)
{
	uint64_t hash = FNV_START;

	if (r->conn != NULL) {
		hash = fnv_field(hash, conn_token_origin(r->conn));
		hash = fnv_field(hash, conn_client_id(r->conn));
	} else {
		hash = fnv_field(hash, cred_get(r->request, CRED_PROTOCOL));
		hash = fnv_field(hash, cred_get(r->request, CRED_HOST));
	}
	hash = fnv_field(hash, cred_get(r->request, CRED_CONNECTION));
	return fnv_field(hash, cred_get(r->request, CRED_ROLE));
}

/*
 * Records belong to a home directory: another one has other stores.  Only
 * connections have them.  The directory is made, so that it has one name
 * however HOME and XDG_STATE_HOME spell it.
 */
static uint64_t
record_id(const struct rotate *r)
{
	struct buf state = BUF_INIT(PATH_MAX);
	char *real = NULL;
	uint64_t id = 0;

	if (r->conn != NULL && path_state(&state) == 0) {
		(void)path_make_private(buf_str(&state));
		real = realpath(buf_str(&state), NULL);
		id = fnv_field(hash_of(r),
		    real != NULL ? real : buf_str(&state));
	}
	free(real);
	buf_wipe(&state);
	return id;
}

static void
prepare_keep(const struct rotate *r, struct keep *k)
{
	k->stack = r->stack;
	k->request = r->request;
	k->id = record_id(r);
	k->deadline_ms = r->deadline_ms;
}

static enum result
open_keep(const struct rotate *r, struct keep *k, struct walk *w)
{
	prepare_keep(r, k);
	return keep_open(k, &w->why);
}

/* A collision of names only makes two credentials wait for each other. */
static enum result
take_lock(const struct rotate *r, struct walk *w, int *ret_fd)
{
	char name[LOCK_NAME_SIZE];
	int e;

	(void)snprintf(name, sizeof(name), "cred-%016" PRIx64, hash_of(r));
	e = lock_take(name, r->deadline_ms, &w->why, ret_fd);
	if (e == -ETIMEDOUT)
		(void)buf_adds(&w->why, "; a refresh seems to hang, try again");
	return result_of_errno(e);
}

/* Take the lock, and read where the entry's home is by now. */
static enum result
hold(const struct rotate *r, struct keep *k, struct walk *w, int *ret_fd)
{
	enum result result = take_lock(r, w, ret_fd);

	return result == RESULT_SUCCESS ? open_keep(r, k, w) : result;
}

/* The end of hold() or open_keep(), whatever came of it. */
static void
let_go(struct keep *k, struct walk *w, int fd)
{
	lock_release(fd);
	w->home = NULL; /* it is the string of K */
	keep_close(k);
}

/* Give the walk W what it is to go by. */
static void
set_up(const struct rotate *r, const struct keep *k, struct walk *w)
{
	w->stack = r->stack;
	w->request = r->request;
	w->deadline_ms = r->deadline_ms;
	w->home = keep_home(k);
	w->is_look = false;
	w->conn = r->conn;
	w->refused_utc = r->refused_utc;
	w->before_mint = NULL;
	w->ctx = NULL;
}

/* One refresh, from before the redeem to after the store. */
struct mint {
	struct keep *keep;
	struct walk *walk;
	struct buf token; /* the refresh token; empty: nothing is redeemed */
	sigset_t mask;    /* what it was before */
	bool masked;
};

/* From before a redeem until what it gave is kept, a Ctrl-C has to wait. */
static void
mask_signals(struct mint *m)
{
	sigset_t set;

	if (m->masked)
		return;
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGHUP);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGTERM);
	m->masked = sigprocmask(SIG_BLOCK, &set, &m->mask) == 0;
}

static void
mint_end(struct mint *m)
{
	buf_wipe(&m->token);
	if (m->masked)
		(void)sigprocmask(SIG_SETMASK, &m->mask, NULL);
	m->masked = false;
}

/*
 * Before a helper that mints.  A foreign one, or one that needs no refresh
 * token, has nothing to lose.
 */
static enum result
before_mint(void *ctx, const struct cred *handed)
{
	const char *token = cred_get(handed, CRED_OAUTH_REFRESH_TOKEN);
	struct mint *m = ctx;
	enum result result;

	if (token == NULL || cred_get(handed, CRED_CONNECTION) == NULL)
		return RESULT_SUCCESS;
	result = keep_probe(m->keep, handed, &m->walk->why);
	if (result != RESULT_SUCCESS)
		return result;
	buf_clear(&m->token);
	(void)buf_adds(&m->token, token);
	mask_signals(m);
	return RESULT_SUCCESS;
}

/* Whether the store now has something else than the token that was refused:
 * a process that does not see our lock was faster. */
static bool
was_replaced(const struct rotate *r, const struct mint *m)
{
	struct walk w = WALK_INIT;
	const char *token;
	enum result result;
	bool is;

	set_up(r, m->keep, &w);
	result = walk_get(&w);
	token = cred_get(&w.handed, CRED_OAUTH_REFRESH_TOKEN);
	is = result == RESULT_SUCCESS ||
	    (token != NULL && !buf_equals(&m->token, token));
	walk_wipe(&w);
	return is;
}

/* Whether the server, asked by the last walk, refused the refresh token. */
static bool
was_refused(const struct mint *m, enum result result)
{
	return result != RESULT_SUCCESS && m->token.len != 0 &&
	    m->walk->minter_said == RESULT_EXPIRED;
}

/* Whether the server gave another refresh token, but nothing to go with it that
 * can be used. */
static bool
was_rotated(const struct mint *m, enum result result)
{
	const char *token = cred_get(&m->walk->handed,
	    CRED_OAUTH_REFRESH_TOKEN);

	return was_refused(m, result) && token != NULL &&
	    !buf_equals(&m->token, token);
}

/* The old one is used up: keep the new one, and let the next call use it. */
static enum result
keep_rotated(const struct mint *m, struct walk *w)
{
	char name[ENTRIES_NAME_SIZE];
	enum result result;

	entries_name_token(buf_str(&m->token), name);
	cred_set_state(&w->handed, ENTRIES_ROTATED, name);
	cred_set(&w->handed, CRED_PASSWORD, NULL);
	cred_set(&w->handed, CRED_CREDENTIAL, NULL);
	result = keep_store(m->keep, &w->handed, &w->why);
	return result == RESULT_SUCCESS ? RESULT_UNAVAILABLE : result;
}

static enum result
walk_and_mint(const struct rotate *r, struct mint *m)
{
	struct walk *w = m->walk;
	enum result result;

	set_up(r, m->keep, w);
	w->before_mint = before_mint;
	w->ctx = m;
	result = walk_get(w);
	if (was_refused(m, result) && !was_rotated(m, result) &&
	    was_replaced(r, m)) {
		walk_wipe(w);
		buf_clear(&m->token);
		result = walk_get(w);
	}
	if (was_rotated(m, result))
		result = keep_rotated(m, w);
	else if (was_refused(m, result))
		keep_refused(m->keep, &w->handed, &w->why);
	w->before_mint = NULL;
	w->ctx = NULL;
	return result;
}

/* Whether the answer has to be stored. */
static bool
must_persist(const struct walk *w)
{
	return w->late && !cred_flag(&w->answer, CRED_EPHEMERAL) &&
	    (cred_get(&w->answer, CRED_PASSWORD_EXPIRY_UTC) != NULL ||
		cred_get(&w->answer, CRED_OAUTH_REFRESH_TOKEN) != NULL);
}

/*
 * Something newer than what the stores have waits and could not be stored,
 * RESULT says why.  It may be good to answer with; it is not refreshed, for
 * the next one could not be kept either.
 */
static enum result
answer_with(const struct rotate *r, struct cred *waiting, enum result result,
    struct walk *w)
{
	const struct entries one = { waiting, 1 };

	if (!walk_is_refused(r->refused_utc, waiting) &&
	    entries_get(&one, r->request, clock_utc(), &w->answer) ==
		RESULT_SUCCESS)
		return RESULT_SUCCESS;
	return result == RESULT_DENIED ? result : RESULT_UNAVAILABLE;
}

/* Write down that a helper was asked for something new.  Not before that is
 * kept: a slow disk must not stand between the two. */
static void
audit(const struct walk *w)
{
	const struct audit a = { .event = "refresh",
		.result = w->minter_said,
		.verb = "get",
		.rule = w->minter,
		.request = w->request,
		.answer = &w->answer };

	if (w->minter != NULL && module_is_ours(w->minter))
		(void)audit_event(&a, NULL);
}

/* What is done with the lock held. */
static enum result
get_locked(const struct rotate *r, struct keep *k, struct walk *w)
{
	struct mint m = {
		.keep = k, .walk = w, .token = BUF_INIT(CRED_MAX_LINE)
	};
	struct cred waiting = CRED_INIT;
	enum result result;

	result = keep_pick_up(k, &waiting, &w->why);
	if (result != RESULT_SUCCESS) {
		result = answer_with(r, &waiting, result, w);
		goto out;
	}
	result = walk_and_mint(r, &m);
	if (result == RESULT_SUCCESS && must_persist(w))
		(void)keep_store(k, &w->answer, &w->why);
	audit(w);
out:
	mint_end(&m);
	cred_wipe(&waiting);
	return result;
}

/* The credential is there, but its home cannot be reached: that is no reason
 * to say that there is none. */
static enum result
judge_home(struct walk *w, enum result result)
{
	if ((result != RESULT_EXPIRED && result != RESULT_NOT_FOUND) ||
	    w->home == NULL || w->home_said == RESULT_SUCCESS ||
	    w->home_said == RESULT_NOT_FOUND || w->home_said == RESULT_EXPIRED)
		return result;
	(void)buf_add_line(&w->why,
	    "the login is kept by %s, which cannot be asked (%s)", w->home,
	    result_name(w->home_said));
	return w->home_said;
}

/* Whether the stack makes anything that could wait to be stored. */
static bool
has_minter(const struct rotate *r)
{
	const struct stack_rules *rules = &r->stack->verb[STACK_GET];
	size_t i;

	for (i = 0; i < rules->len; i++)
		if (module_mints(&rules->rule[i]))
			return true;
	return false;
}

enum result
rotate_get(const struct rotate *r, struct walk *w)
{
	struct keep k = KEEP_INIT;
	enum result result;
	int fd = -1;

	result = open_keep(r, &k, w);
	if (result != RESULT_SUCCESS)
		goto out;
	set_up(r, &k, w);
	if (!has_minter(r) || !keep_is_waiting(&k)) {
		result = walk_get(w);
		if (!w->stopped &&
		    (result != RESULT_SUCCESS || !must_persist(w)))
			goto out;
		walk_wipe(w);
	}
	/* the home may move while we wait */
	let_go(&k, w, -1);
	result = hold(r, &k, w, &fd);
	if (result == RESULT_SUCCESS) {
		set_up(r, &k, w);
		result = get_locked(r, &k, w);
	}
out:
	result = judge_home(w, result);
	let_go(&k, w, fd);
	return result;
}

enum result
rotate_store(const struct rotate *r, const struct cred *made, struct walk *w)
{
	struct keep k = KEEP_INIT;
	enum result result;
	int fd = -1;

	result = hold(r, &k, w, &fd);
	if (result == RESULT_SUCCESS) {
		result = keep_store(&k, made, &w->why);
		w->stored = keep_home_rule(&k);
	}
	let_go(&k, w, fd);
	return result;
}

enum result
rotate_check(const struct rotate *r, struct walk *w)
{
	struct keep k = KEEP_INIT;
	enum result result;

	prepare_keep(r, &k);
	result = keep_check(&k, &w->why);
	if (result == RESULT_SUCCESS)
		result = keep_open(&k, &w->why);
	keep_close(&k);
	return result;
}

bool
rotate_is_logged_in(const struct rotate *r)
{
	struct walk w = WALK_INIT;
	enum result result;
	bool is;

	w.stack = r->stack;
	w.request = r->request;
	w.deadline_ms = r->deadline_ms;
	result = walk_get(&w);
	is = result == RESULT_SUCCESS ||
	    (cred_get(&w.handed, CRED_OAUTH_REFRESH_TOKEN) != NULL &&
		cred_state(&w.handed, CRED_STATE_ORIGIN) != NULL);
	walk_wipe(&w);
	return is;
}

/* Nothing of what was found may stay, in whichever store it got to. */
static void
undo_probe(const struct rotate *r, struct keep *k)
{
	struct walk w = WALK_INIT;

	set_up(r, k, &w);
	(void)walk_change(&w, STACK_ERASE, "logout");
	(void)keep_forget(k, !w.unreached, &w.why);
	walk_wipe(&w);
}

/*
 * The probe stores what was found without the states that say where it may be
 * redeemed (T1), so what is left of it after a crash is of no use to anybody.
 */
static enum result
make_locked(const struct rotate *r, struct keep *k, const struct cred *found,
    enum result (*make)(void *ctx, struct cred *ret_made), void *ctx,
    struct cred *ret_made, struct walk *w)
{
	struct mint m = {
		.keep = k, .walk = w, .token = BUF_INIT(CRED_MAX_LINE)
	};
	struct cred waiting = CRED_INIT;
	enum result result;

	result = keep_pick_up(k, &waiting, &w->why);
	if (result != RESULT_SUCCESS)
		goto out;
	if (rotate_is_logged_in(r)) {
		(void)buf_adds(&w->why, "a login came in between");
		result = RESULT_DENIED;
		goto out;
	}
	result = keep_probe(k, found, &w->why);
	if (result == RESULT_SUCCESS) {
		mask_signals(&m);
		result = make(ctx, ret_made);
		if (result == RESULT_SUCCESS) {
			result = keep_store(k, ret_made, &w->why);
			goto out;
		}
	}
	undo_probe(r, k);
out:
	mint_end(&m);
	cred_wipe(&waiting);
	return result;
}

enum result
rotate_make(const struct rotate *r, const struct cred *found,
    enum result (*make)(void *ctx, struct cred *ret_made), void *ctx,
    struct cred *ret_made, struct walk *w)
{
	struct keep k = KEEP_INIT;
	enum result result;
	int fd = -1;

	result = hold(r, &k, w, &fd);
	if (result == RESULT_SUCCESS)
		result = make_locked(r, &k, found, make, ctx, ret_made, w);
	let_go(&k, w, fd);
	return result;
}

enum result
rotate_change(const struct rotate *r, enum stack_verb verb, struct walk *w)
{
	struct keep k = KEEP_INIT;
	enum result result;
	struct cred waiting = CRED_INIT;
	int fd = -1;

	result = hold(r, &k, w, &fd);
	/* what waits is the newest, and may be what is meant */
	if (result == RESULT_SUCCESS)
		result = keep_pick_up(&k, &waiting, &w->why);
	if (result == RESULT_SUCCESS) {
		set_up(r, &k, w);
		result = walk_change(w, verb, stack_verb_name(verb));
	}
	let_go(&k, w, fd);
	cred_wipe(&waiting);
	return result;
}

enum result
rotate_logout(const struct rotate *r, struct walk *w)
{
	struct keep k = KEEP_INIT;
	enum result forgotten;
	enum result result;
	int fd = -1;

	result = take_lock(r, w, &fd);
	if (result != RESULT_SUCCESS)
		return result;
	/* a record that cannot be read goes, too, and what it says with it */
	(void)open_keep(r, &k, w);
	set_up(r, &k, w);
	result = walk_change(w, STACK_ERASE, "logout");
	/* a home that cannot be reached still has it, whatever others say; any
	 * other store may, and must not be asked when it returns */
	if (w->home != NULL && w->home_said != RESULT_SUCCESS &&
	    w->home_said != RESULT_NOT_FOUND)
		result = w->home_said;
	else {
		forgotten = keep_forget(&k, !w->unreached, &w->why);
		if (forgotten != RESULT_NOT_FOUND &&
		    (forgotten != RESULT_SUCCESS || result == RESULT_NOT_FOUND))
			result = forgotten;
	}
	let_go(&k, w, fd);
	return result;
}

enum result
rotate_look(const struct rotate *r, struct walk *w)
{
	struct keep k = KEEP_INIT;
	enum result result;

	result = open_keep(r, &k, w);
	if (result == RESULT_SUCCESS) {
		set_up(r, &k, w);
		w->is_look = true;
		result = keep_is_waiting(&k) ? RESULT_NOT_FOUND : walk_get(w);
	}
	let_go(&k, w, -1);
	return result;
}
