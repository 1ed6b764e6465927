/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <string.h>

#include "clock.h"
#include "module.h"
#include "walk.h"

/*
 * A redeem that has begun is given this long, whatever the caller's deadline:
 * who gives up in the middle of one loses a token that can be had only once.
 * It is more than the oauth helper waits for its server.
 */
#define MINT_MS 35000

void
walk_wipe(struct walk *w)
{
	w->stopped = false;
	w->late = false;
	w->minter_said = RESULT_NOT_FOUND;
	w->minter = NULL;
	w->home_said = RESULT_NOT_FOUND;
	w->unreached = false;
	w->stored = NULL;
	cred_wipe(&w->answer);
	cred_wipe(&w->handed);
	buf_wipe(&w->why);
	buf_wipe(&w->tried);
}

static void
note(struct walk *w, const struct stack_rule *rule, enum result result,
    const struct buf *why)
{
	(void)buf_addf(&w->tried, "%s%s: %s", w->tried.len != 0 ? ", " : "",
	    module_name(rule), result_name(result));
	if (why->len != 0)
		(void)buf_add_line(&w->why, "%s", buf_str(why));
}

/* Whether RULE is a store of ours, but not the home. */
static bool
is_elsewhere(const struct walk *w, const struct stack_rule *rule)
{
	return w->home != NULL && module_is_store(rule) &&
	    !module_is_home(rule, w->home);
}

/* Until when a helper may take its time. */
static int64_t
deadline_of(const struct walk *w, const struct stack_rule *rule,
    const struct cred *request)
{
	int64_t least = clock_ms() + MINT_MS;

	if (!module_is_ours(rule) || !module_mints(rule) ||
	    cred_get(request, CRED_OAUTH_REFRESH_TOKEN) == NULL)
		return w->deadline_ms;
	return w->deadline_ms > least ? w->deadline_ms : least;
}

static bool
differs(const char *recorded, const char *now)
{
	return recorded != NULL && (now == NULL || strcmp(recorded, now) != 0);
}

/* Whether what a store FOUND belongs to another client or token endpoint than
 * the connection's.  Where neither is recorded nobody knows: git, or a person,
 * has stored it. */
static bool
is_of_others(const struct walk *w, const struct cred *found)
{
	return w->conn != NULL &&
	    (differs(cred_state(found, CRED_STATE_ORIGIN),
		 conn_token_origin(w->conn)) ||
		differs(cred_state(found, CRED_STATE_CLIENT),
		    conn_client_id(w->conn)));
}

/* When a token was issued is not known where git, or a person, has stored it:
 * then there is nothing that could be refreshed either. */
bool
walk_is_refused(int64_t refused_utc, const struct cred *found)
{
	int64_t issued_utc = cred_number(found, CRED_ISSUED_UTC);

	return issued_utc != 0 && issued_utc <= refused_utc;
}

/* Run one helper and note what became of it. */
static enum result
run(struct walk *w, const struct stack_rule *rule, const char *verb,
    const struct cred *request, struct cred *answer)
{
	struct module_call call = { rule, verb, NULL, request,
		deadline_of(w, rule, request) };
	struct buf why = BUF_INIT(MODULE_MAX_WHY);
	enum result result;

	result = module_run(&call, answer, &why);
	if (result == RESULT_SUCCESS && module_is_store(rule) &&
	    (is_of_others(w, answer) ||
		walk_is_refused(w->refused_utc, answer)))
		result = RESULT_EXPIRED;
	if (module_mints(rule)) {
		w->minter_said = result;
		w->minter = rule;
	}
	if (module_is_store(rule) && result != RESULT_SUCCESS &&
	    result != RESULT_NOT_FOUND && result != RESULT_EXPIRED)
		w->unreached = true;
	if (w->home != NULL && module_is_home(rule, w->home))
		w->home_said = result;
	note(w, rule, result, &why);
	buf_wipe(&why);
	return result;
}

/* Copy only what a helper that found something expired, or nothing but a
 * name, may hand on. */
static void
hand_on(struct cred *to, const struct cred *from)
{
	const char *refresh = cred_get(from, CRED_OAUTH_REFRESH_TOKEN);
	const char *user = cred_get(from, CRED_USERNAME);
	size_t i;

	if (user != NULL)
		cred_set(to, CRED_USERNAME, user);
	if (refresh != NULL)
		cred_set(to, CRED_OAUTH_REFRESH_TOKEN, refresh);
	if (from->list[CRED_STATE].len == 0)
		return;
	cred_clear_list(to, CRED_STATE);
	for (i = 0; i < from->list[CRED_STATE].len; i++)
		cred_add(to, CRED_STATE, from->list[CRED_STATE].v[i]);
}

/* Let what one helper gave flow into the answer and the next request. */
static void
flow(struct walk *w, enum result result, int action, const struct cred *got)
{
	bool counts = action == STACK_OK || action == STACK_DONE;

	if (result == RESULT_SUCCESS && counts) {
		cred_merge(&w->answer, got);
		cred_merge(&w->handed, got);
	} else if (result == RESULT_EXPIRED || result == RESULT_NOT_FOUND) {
		hand_on(&w->handed, got);
	}
}

/* Whether the walk must end before RULE.  *RET_RESULT is what it then is. */
static bool
ends_before(struct walk *w, const struct stack_rule *rule,
    enum result *ret_result)
{
	bool disturbs = w->is_look && module_disturbs(rule);

	if (!module_mints(rule) && !disturbs)
		return false;
	if (w->before_mint == NULL) {
		w->stopped = true;
		*ret_result = RESULT_NOT_FOUND;
		return true;
	}
	*ret_result = w->before_mint(w->ctx, &w->handed);
	return *ret_result != RESULT_SUCCESS;
}

/* The answer of a success: what was handed on belongs to it, the caller's own
 * words do not. */
static void
finish(struct walk *w)
{
	if (cred_get(&w->answer, CRED_USERNAME) == NULL)
		cred_set(&w->answer, CRED_USERNAME,
		    cred_get(&w->handed, CRED_USERNAME));
}

enum result
walk_get(struct walk *w)
{
	const struct stack_rule *rule;
	struct cred got = CRED_INIT;
	struct stack_eval eval;
	enum result result = RESULT_NOT_FOUND;
	bool missed = false;
	int action;

	cred_merge(&w->handed, w->request);
	stack_eval_init(&eval, &w->stack->verb[STACK_GET]);
	for (rule = stack_eval_next(&eval); rule != NULL;
	     rule = stack_eval_next(&eval)) {
		if (is_elsewhere(w, rule)) {
			(void)stack_eval_feed(&eval, RESULT_NOT_FOUND);
			continue;
		}
		if (ends_before(w, rule, &result))
			return result;
		result = run(w, rule, "get", &w->handed, &got);
		if (result == RESULT_QUIT) {
			cred_wipe(&got);
			return result;
		}
		action = stack_eval_feed(&eval, result);
		flow(w, result, action, &got);
		/* what is only unavailable could not take it back either */
		if (result == RESULT_NOT_FOUND || result == RESULT_EXPIRED)
			missed = true;
		else if (result == RESULT_SUCCESS && missed)
			w->late = true;
		cred_wipe(&got);
	}
	result = stack_eval_result(&eval);
	if (result == RESULT_SUCCESS && !cred_has_secret(&w->answer))
		result = RESULT_NOT_FOUND;
	finish(w);
	return result;
}

enum result
walk_change(struct walk *w, enum stack_verb rules, const char *verb)
{
	const struct stack_rule *rule;
	struct cred none = CRED_INIT;
	struct stack_eval eval;
	enum result result;
	int action;

	stack_eval_init(&eval, &w->stack->verb[rules]);
	for (rule = stack_eval_next(&eval); rule != NULL;
	     rule = stack_eval_next(&eval)) {
		if (rules == STACK_STORE && is_elsewhere(w, rule)) {
			(void)stack_eval_feed(&eval, RESULT_UNSUPPORTED);
			continue;
		}
		result = run(w, rule,
		    module_is_ours(rule) ? verb : stack_verb_name(rules),
		    w->request, &none);
		cred_wipe(&none);
		if (result == RESULT_QUIT)
			return result;
		action = stack_eval_feed(&eval, result);
		if (result == RESULT_SUCCESS && w->stored == NULL &&
		    module_is_store(rule) &&
		    (action == STACK_OK || action == STACK_DONE))
			w->stored = rule;
	}
	return stack_eval_result(&eval);
}
