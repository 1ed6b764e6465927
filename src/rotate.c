/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <inttypes.h>
#include <stdio.h>

#include "fnv.h"
#include "lock.h"
#include "rotate.h"

#define LOCK_NAME_SIZE 32

/*
 * The lock's name: a hash of what makes a credential one, so that it says
 * nothing.  A collision only makes two credentials wait for each other.
 */
static void
lock_name(const struct rotate *r, char name[LOCK_NAME_SIZE])
{
	uint64_t hash = FNV_START;

	if (r->conn != NULL) {
		hash = fnv_field(hash, conn_token_origin(r->conn));
		hash = fnv_field(hash, conn_client_id(r->conn));
	} else {
		hash = fnv_field(hash, cred_get(r->request, CRED_PROTOCOL));
		hash = fnv_field(hash, cred_get(r->request, CRED_HOST));
	}
	hash = fnv_field(hash, cred_get(r->request, CRED_USERNAME));
	hash = fnv_field(hash, cred_get(r->request, CRED_CONNECTION));
	hash = fnv_field(hash, cred_get(r->request, CRED_ROLE));
	(void)snprintf(name, LOCK_NAME_SIZE, "cred-%016" PRIx64, hash);
}

static enum result
take_lock(const struct rotate *r, struct walk *w, int *ret_fd)
{
	char name[LOCK_NAME_SIZE];
	int e;

	lock_name(r, name);
	e = lock_take(name, r->deadline_ms, &w->why, ret_fd);
	if (e == -ETIMEDOUT)
		(void)buf_adds(&w->why, "; a refresh seems to hang, try again");
	return result_of_errno(e);
}

/* Store ENTRY by the store rules; the reasons are added to those of W. */
static enum result
persist(const struct rotate *r, const struct cred *entry, struct walk *w)
{
	struct walk store = WALK_INIT;
	enum result result;

	store.stack = r->stack;
	store.request = entry;
	store.deadline_ms = r->deadline_ms;
	result = walk_change(&store, STACK_STORE, "store");
	if (store.why.len != 0)
		(void)buf_addf(&w->why, "%s%s", w->why.len != 0 ? "\n" : "",
		    buf_str(&store.why));
	walk_wipe(&store);
	return result;
}

/* An entry to store: the answer under the request's address. */
static void
make_entry(const struct cred *request, const struct cred *answer,
    struct cred *entry)
{
	static const enum cred_attr address[] = { CRED_PROTOCOL, CRED_HOST,
		CRED_PATH, CRED_USERNAME, CRED_CONNECTION, CRED_ROLE };
	size_t i;

	cred_merge(entry, answer);
	for (i = 0; i < ARRAY_LEN(address); i++)
		if (cred_get(request, address[i]) != NULL)
			cred_set(entry, address[i],
			    cred_get(request, address[i]));
}

struct probe {
	const struct rotate *rotate;
	struct walk *walk;
};

/*
 * Before a refresh token is redeemed: store the unchanged entry.  When that
 * fails the new token could not be kept, so the old one must not be used up.
 */
static enum result
probe_store(void *ctx, const struct cred *handed)
{
	struct probe *p = ctx;
	struct cred entry = CRED_INIT;
	enum result result;

	if (cred_get(handed, CRED_CONNECTION) == NULL ||
	    cred_get(handed, CRED_OAUTH_REFRESH_TOKEN) == NULL)
		return RESULT_SUCCESS;
	if (p->rotate->stack->verb[STACK_STORE].len == 0) {
		(void)buf_adds(&p->walk->why,
		    "the stack has no store rule, so "
		    "the token was not refreshed: it could not be kept");
		return RESULT_UNAVAILABLE;
	}
	make_entry(p->rotate->request, handed, &entry);
	result = persist(p->rotate, &entry, p->walk);
	cred_wipe(&entry);
	if (result == RESULT_SUCCESS)
		return result;
	(void)buf_addf(&p->walk->why,
	    "%sthe store cannot be written (%s), so "
	    "the token was not refreshed and nothing is lost",
	    p->walk->why.len != 0 ? "\n" : "", result_name(result));
	return RESULT_UNAVAILABLE;
}

/* Whether the answer has to be stored back. */
static bool
must_persist(const struct walk *w)
{
	return w->late && !cred_flag(&w->answer, CRED_EPHEMERAL) &&
	    (cred_get(&w->answer, CRED_PASSWORD_EXPIRY_UTC) != NULL ||
		cred_get(&w->answer, CRED_OAUTH_REFRESH_TOKEN) != NULL);
}

/* Store an answer from behind a miss.  It is good whether or not that works,
 * so a failure is told and no more. */
static void
store_back(const struct rotate *r, struct walk *w)
{
	struct cred entry = CRED_INIT;
	enum result result;

	make_entry(r->request, &w->answer, &entry);
	result = persist(r, &entry, w);
	if (result != RESULT_SUCCESS)
		(void)buf_addf(&w->why,
		    "%sthe new token could not be stored "
		    "(%s)",
		    w->why.len != 0 ? "\n" : "", result_name(result));
	cred_wipe(&entry);
}

static void
set_up(const struct rotate *r, struct walk *w)
{
	w->stack = r->stack;
	w->request = r->request;
	w->deadline_ms = r->deadline_ms;
	w->before_mint = NULL;
	w->ctx = NULL;
}

enum result
rotate_get(const struct rotate *r, struct walk *w)
{
	struct probe probe = { r, w };
	enum result result;
	int fd = -1;

	set_up(r, w);
	result = walk_get(w);
	if (!w->stopped) {
		if (result == RESULT_SUCCESS && must_persist(w))
			store_back(r, w);
		return result;
	}
	walk_wipe(w);
	result = take_lock(r, w, &fd);
	if (result != RESULT_SUCCESS)
		return result;
	w->before_mint = probe_store;
	w->ctx = &probe;
	result = walk_get(w);
	w->before_mint = NULL;
	w->ctx = NULL;
	if (result == RESULT_SUCCESS && must_persist(w))
		store_back(r, w);
	lock_release(fd);
	return result;
}

enum result
rotate_store(const struct rotate *r, const struct cred *made, struct walk *w)
{
	struct cred entry = CRED_INIT;
	enum result result;
	int fd = -1;

	set_up(r, w);
	result = take_lock(r, w, &fd);
	if (result != RESULT_SUCCESS)
		return result;
	make_entry(r->request, made, &entry);
	result = persist(r, &entry, w);
	lock_release(fd);
	cred_wipe(&entry);
	return result;
}

enum result
rotate_erase(const struct rotate *r, const char *verb, struct walk *w)
{
	enum result result;
	int fd = -1;

	set_up(r, w);
	result = take_lock(r, w, &fd);
	if (result != RESULT_SUCCESS)
		return result;
	result = walk_change(w, STACK_ERASE, verb);
	lock_release(fd);
	return result;
}
